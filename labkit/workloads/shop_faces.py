"""Numbers of the shop's requests, and what hangs on a number alone: whose it is, where it went.

A request's number is its minute and its place in it. The figures need some of it as well, to count
what befalls some customers only.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from labkit.workloads import noise

#: Bits of a request's number that are its place in its minute.
PLACE = np.uint64(20)
#: How many customers there are, each with an address of its own, and how uneven they are.
CUSTOMERS, UNEVEN = 508, 1.5
#: The share of the customers that get a bad release.
WITH_RELEASE = 0.1
#: Availability zones, by the last letter of their names.
ZONES = ("a", "b")


def numbers(minute: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Minute since the epoch and place in it, as one number (uint64) each."""
    return (minute.astype(np.uint64) << PLACE) | place.astype(np.uint64)


def first_places(counts: Mapping[str, np.ndarray], minutes: int) -> dict[str, np.ndarray]:
    """service -> its first number in each minute, from how many requests each has there."""
    none = np.zeros(minutes, dtype=np.int64)
    paying = np.maximum(counts.get("checkout", none), counts.get("payment", none))
    buying = paying + counts.get("cart", none)
    return {"front": none, "checkout": none, "payment": none, "cart": paying, "catalogue": buying}


def customers(seed: int, number: np.ndarray) -> np.ndarray:
    """Who each request is of: some come often, most seldom."""
    share = noise.share(noise.key_of(seed, "shop", "customer"), number)
    return (share**UNEVEN * CUSTOMERS).astype(np.int64)


def with_release(seed: int, service: str, customer: np.ndarray) -> np.ndarray:
    """Whether a customer gets a bad release of a service: one in ten does."""
    key = noise.key_of(seed, "shop", service, "who gets the release")
    return noise.share(key, customer.astype(np.uint64)) < WITH_RELEASE


def of_bad_release(
    seed: int, service: str, number: np.ndarray, size: float | np.ndarray
) -> np.ndarray:
    """Which requests fail of a bad release that fails ``size`` percent of those that it serves."""
    unlucky = noise.share(noise.key_of(seed, "shop", service, "release"), number) * 100 < size
    return unlucky & with_release(seed, service, customers(seed, number))


def zones(machine: np.ndarray) -> np.ndarray:
    """The availability zone of each machine: a row of :data:`ZONES`."""
    return machine % len(ZONES)


def bad_zone(seed: int) -> int:
    """The zone that an incident of one zone befalls: the same of all services."""
    return int(noise.key_of(seed, "shop", "bad zone")) % len(ZONES)
