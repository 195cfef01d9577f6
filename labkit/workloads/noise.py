"""Noise without a stream: a number for each (key, place), the same however it is asked.

A shared generator would give other numbers as soon as somebody asks in another order. Here each
place (a minute) is hashed with its key by splitmix64's finaliser, in integer arithmetic that is
exact on every machine; no transcendental function is used, since numpy's differ in their last bits
with the processor's vector units.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def key_of(*names: object) -> np.uint64:
    """A key from names: the world's seed, the machine, the metric."""
    text = "\x1f".join(map(str, names)).encode()
    return np.uint64(int.from_bytes(blake2b(text, digest_size=8).digest(), "big"))


def uniform(key: np.uint64, places: np.ndarray) -> np.ndarray:
    """float64 in [-1, 1), one for each place (int64)."""
    mixed = places.astype(np.uint64) * _GOLDEN + key
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    share: np.ndarray = (mixed >> np.uint64(11)) * (2.0**-52) - 1.0
    return share
