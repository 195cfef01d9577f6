"""The single requests behind the shop's figures: who, when, how long, and why it failed.

Theory of operation
-------------------
The figures say how many (:meth:`ShopFigures.traffic`); here each of them gets a face. Requests of a
minute are numbered, and what concerns one number is hashed from (seed, minute, number), so that a
minute's requests are the same whether it was asked for alone or within a day.

1. **One number, one id, through all services.** A customer's request comes in at the front and is
   passed on: the numbers of a minute from 0 are the checkout's, and the payment's behind it; then
   come the cart's, then the catalogue's. The front has them all. (Counts of services vary on their
   own by some percent, so the last numbers of the catalogue may have missed the front, as calls of
   other programs do.)
2. **Which of them fail**: each number has its luck. Everyday's errors are the unluckiest numbers of
   a service, so what fails at the checkout mostly fails at the front too. An incident takes the
   unluckiest of those that are left; of one machine, those of that machine.
3. **How long**: the minute's response times are dealt out by another hash, a few percent up or
   down; the figures' own special times (time limit, caught, straggler) stay as they are.
4. **When**: somewhere in its minute, and over by its end, so that the lines of a minute are the
   requests that the metric counts for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labkit.core.clock import MILLISECOND, MINUTE
from labkit.workloads import noise
from labkit.workloads.latencies import CAUGHT_MS, STRAGGLER_MS
from labkit.workloads.shop_faces import (
    PLACE,
    bad_zone,
    first_places,
    numbers,
    of_bad_release,
    zones,
)
from labkit.workloads.shop_figures import (
    FAILING,
    MACHINES,
    TIMEOUT_MS,
    Shop,
    ShopFigures,
    Traffic,
)
from labkit.workloads.shop_site import ShopSite

#: What :attr:`Requests.why` says: nothing failed, everyday's error, then the incidents.
WHY = ("", "usual", *FAILING)
ROUTES = ("checkout", "cart", "catalogue")
_SPECIAL = (TIMEOUT_MS, CAUGHT_MS, STRAGGLER_MS)
#: How long a call waits for a connection that it does not get, and how often (``retry_storm``).
WAIT_US, TRIES = 1_200_000, 3


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of one service, a row for each, minute by minute.

    Parameters
    ----------
    service:
        Which.
    number:
        Minute and place in it as one number (uint64): the same in all services that a request
        passes through.
    minute:
        Since the epoch.
    start_us, end_us:
        When it came and when it was answered, microseconds; both within the minute.
    ms:
        How long it took.
    why:
        Why it failed: a row of :data:`WHY`; 0 when it went well.
    route:
        Where the shop's front passes it on: a row of :data:`ROUTES`.
    machine:
        Which machine answered, counted from 0.
    bad_machine:
        Which machine an incident of one machine befalls.
    """

    service: str
    number: np.ndarray
    minute: np.ndarray
    start_us: np.ndarray
    end_us: np.ndarray
    ms: np.ndarray
    why: np.ndarray
    route: np.ndarray
    machine: np.ndarray
    bad_machine: int

    def __len__(self) -> int:
        return len(self.number)


def requests(
    figures: ShopFigures, shop: Shop, seed: int, first: int, last: int
) -> dict[str, Requests]:
    """The requests of a shop's services in the minutes ``[first, last)`` since the epoch.

    Parameters
    ----------
    figures, shop:
        Whose.
    seed:
        Of the hashes; the figures' own noise comes from ``figures``.
    """
    traffic = {name: figures.traffic(shop, name, first, last) for name in shop.services}
    places, many = _places(traffic, last - first)
    paying, buying = places["cart"], places["catalogue"]
    begin = np.concatenate([[0], np.cumsum(many)])
    site = ShopSite(shop, seed)
    minute = np.repeat(np.arange(first, last, dtype=np.int64), many)
    place = np.arange(begin[-1]) - begin[minute - first]
    number = numbers(minute, place)

    def hashed(what: str) -> np.ndarray:
        return noise.share(noise.key_of(seed, "shop", "request", what), number)

    luck, moment = hashed("luck"), hashed("moment")
    longest = np.zeros(begin[-1])
    dealt: dict[str, tuple[np.ndarray, ...]] = {}
    for name, flow in traffic.items():
        slots = _slots(begin[:-1], places[name], flow.requests)
        row = minute[slots] - first
        machine = place[slots] % MACHINES.get(name, 1)
        size = site.sizes("bad_release", name, first, last)[row]
        released = of_bad_release(seed, name, number[slots], size)
        why = _failed(flow, row, luck[slots], _Place(seed, name, machine, released))
        fate = noise.share(noise.key_of(seed, "shop", name, "time"), number[slots])
        ms = _dealt(flow, row, why, fate)
        late_us = waited_us(site, name, number[slots])
        longest[slots] = np.maximum(longest[slots], ms + late_us / 1000)
        dealt[name] = slots, machine, why, ms, late_us
    # A request begins so early in its minute that the longest of its parts is over with it.
    room_us = MINUTE - (longest * 1000).astype(np.int64) - 20 * MILLISECOND
    start_us = minute * MINUTE + (moment * room_us).astype(np.int64)
    found = {}
    for name, (slots, machine, why, ms, late_us) in dealt.items():
        came_us = start_us[slots] + _BEHIND_US.get(name, 0) + late_us
        row = minute[slots] - first
        route = (place[slots] >= paying[row]).astype(np.int8) + (place[slots] >= buying[row])
        found[name] = Requests(
            name, number[slots], minute[slots], came_us, came_us + (ms * 1000).astype(np.int64),
            ms, why, route, machine, _bad_machine(seed, name),
        )  # fmt: skip
    return found


#: How long after the front a service gets a request, microseconds.
_BEHIND_US = {"catalogue": 2_000, "cart": 2_000, "checkout": 3_000, "payment": 9_000}


#: The calls that lie before a service's work: all but the front's own.
_CALLS = {"payment": ("checkout", "payment")}


def waited_us(site: ShopSite, service: str, number: np.ndarray) -> np.ndarray:
    """How long each request waited for connections (``retry_storm``) before a service had it."""
    late_us = np.zeros(len(number), dtype=np.int64)
    for called in _CALLS.get(service, (service,)):
        late_us += tried(site, called, number) * (TRIES * WAIT_US)
    return late_us


def tried(site: ShopSite, called: str, number: np.ndarray) -> np.ndarray:
    """Which calls to a service got no connection at first (``retry_storm``)."""
    found = np.zeros(len(number), dtype=bool)
    minute = (number >> PLACE).astype(np.int64)
    for start, end, size in site.spans("retry_storm", called):
        unlucky = site.share(f"connection to {called}", number) * 100 < size
        found |= unlucky & (minute >= start) & (minute < end)
    return found


def _places(traffic: dict[str, Traffic], minutes: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """service -> its first number in each minute; and how many numbers a minute has."""
    counts = {name: flow.requests.astype(np.int64) for name, flow in traffic.items()}
    places = first_places(counts, minutes)
    none = np.zeros(minutes, dtype=np.int64)
    last = places["catalogue"] + counts.get("catalogue", none)
    return places, np.maximum(counts.get("front", none), last)


def _slots(begin: np.ndarray, place: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Rows of a service among all numbers: ``count`` from ``place`` on in each minute."""
    several = count.astype(np.int64)
    upto = np.cumsum(several)
    start = np.repeat(begin + place - (upto - several), several)
    return start + np.arange(len(start))


def _bad_machine(seed: int, service: str) -> int:
    return int(noise.key_of(seed, "shop", service, "bad machine")) % MACHINES.get(service, 1)


def _order(row: np.ndarray, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows by key within each minute, and the place of each there. ``key`` is within [-4, 4)."""
    order = np.argsort(row * 8.0 + key, kind="stable")
    ordered = row[order]
    begin = np.searchsorted(ordered, np.arange(int(row[-1]) + 1 if len(row) else 0))
    return order, np.arange(len(row)) - begin[ordered]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the requests of a service are handled: what an incident of a place goes by."""

    seed: int
    service: str
    machine: np.ndarray
    released: np.ndarray

    def elsewhere(self, kind: str) -> np.ndarray | None:
        """Which requests an incident of a place spares as long as it can; None when it asks not."""
        if kind == "bad_host":
            return self.machine != _bad_machine(self.seed, self.service)
        if kind == "bad_zone":
            return zones(self.machine) != bad_zone(self.seed)
        return ~self.released if kind == "bad_release" else None


def _failed(flow: Traffic, row: np.ndarray, luck: np.ndarray, place: _Place) -> np.ndarray:
    why = np.zeros(len(row), dtype=np.int8)
    # Whom a bad release befalls is settled by the customer, so nobody else has taken him before.
    first = {kind: n for kind, n in flow.failed.items() if kind == "bad_release"}
    for kind, several in {**first, "usual": flow.usual, **flow.failed}.items():
        rows = np.flatnonzero(several[row] > 0)
        if not len(rows):
            continue
        key = luck[rows] + 2.0 * (why[rows] > 0)
        spared = place.elsewhere(kind)
        if spared is not None:
            key += spared[rows]
        order, turn = _order(row[rows], key)
        chosen = rows[order[turn < several[row[rows][order]]]]
        why[chosen] = WHY.index(kind)
    return why


def _dealt(flow: Traffic, row: np.ndarray, why: np.ndarray, fate: np.ndarray) -> np.ndarray:
    """Milliseconds of each request: the minute's times, dealt out; those that timed out first."""
    timed = why == WHY.index("timeouts")
    order, _ = _order(row, fate - timed)
    values = np.repeat(flow.times.reshape(-1), flow.counts.reshape(-1).astype(np.int64))
    special = np.isin(values, _SPECIAL)
    # Digits of the hash that the order does not hang on.
    wobble = 0.97 + 0.06 * (fate[order] * 65536.0 % 1.0)
    ms = np.empty(len(row))
    ms[order] = np.where(special, values, values * wobble)
    return ms
