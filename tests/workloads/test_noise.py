"""Noise: splitmix64's own numbers, any of them by itself."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labkit.workloads.noise import key_of, uniform


def test_it_is_splitmix64():
    # The first outputs of splitmix64 seeded with 0, as published with its reference code.
    drawn = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert uniform(np.uint64(0), 1, 4).tolist() == [(x >> 11) * 2.0**-52 - 1 for x in drawn]


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**8), st.integers(0, 300), st.integers(0, 300))
def test_a_slice_is_a_slice_of_the_whole(key, first, some, more):
    whole = uniform(np.uint64(key), first, first + some + more)
    parts = (
        uniform(np.uint64(key), first, first + some),
        uniform(np.uint64(key), first + some, first + some + more),
    )
    assert whole.tolist() == np.concatenate(parts).tolist()
    assert ((whole >= -1) & (whole < 1)).all()


def test_it_is_spread_evenly_and_neighbours_know_nothing_of_one_another():
    noise = uniform(key_of(0, "i-1"), 0, 100_000)
    shares, _ = np.histogram(noise, bins=10, range=(-1, 1))
    assert (abs(shares - 10_000) < 500).all()
    assert abs(np.mean(noise[1:] * noise[:-1])) < 0.01


def test_keys_are_kept_apart():
    assert key_of(0, "a", "bc") != key_of(0, "ab", "c") != key_of(1, "ab", "c")
    assert key_of(0, "a") == key_of(0, "a")
