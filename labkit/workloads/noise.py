"""Noise without a stream: a number for each (key, minute), however and whenever it is asked.

A shared generator would give other numbers as soon as somebody asks in another order. Here minute
``i`` of a series gets what splitmix64 with the series' key as its seed would draw as the i-th
number, and any of them can be had by itself. The arithmetic is on whole numbers and so the same on
every machine. No transcendental function is used: the last bits of numpy's depend on the vector
units of the processor.

Source of the mixing constants: Steele, Lea, Flood, "Fast splittable pseudorandom number
generators" (2014), as in Java's SplittableRandom.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = (np.uint64(bits) for bits in (30, 27, 31, 11))
#: 53 random bits (all that a float64 holds) become a number in [0, 1).
_UNIT = 2.0**-53


def key_of(*names: object) -> np.uint64:
    """A key out of names: the world's seed, where the machine is, its id, the series."""
    text = "\x1f".join(map(str, names))
    return np.uint64(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big"))


def uniform(key: np.uint64, first: int, last: int) -> np.ndarray:
    """float64 in [-1, 1), one for each minute of ``[first, last)`` (``first >= 0``)."""
    shares = share(key, np.arange(first, last, dtype=np.uint64))
    shares *= 2.0
    shares -= 1.0
    return shares


def bits(key: np.uint64, numbers: np.ndarray) -> np.ndarray:
    """64 random bits (uint64) for each of some numbers (uint64), whatever their order."""
    mixed = numbers * _GAMMA
    mixed += key
    mixed ^= mixed >> _30
    mixed *= _FIRST
    mixed ^= mixed >> _27
    mixed *= _SECOND
    mixed ^= mixed >> _31
    return mixed


def share(key: np.uint64, numbers: np.ndarray) -> np.ndarray:
    """float64 in [0, 1) for each of some numbers (uint64), whatever their order."""
    mixed = bits(key, numbers)
    mixed >>= _11
    shares = mixed.astype(np.float64)
    shares *= _UNIT
    return shares
