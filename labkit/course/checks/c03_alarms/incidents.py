"""What is played in exercise 03: ten incidents, each on a day of its own, and the sample week.

An incident is told to the world as spells of :class:`~labkit.workloads.incidents.Incident`. It
counts from ``since``, the first minute that customers feel; a page that comes before, once the
trouble has begun to show (``begin``), counts as heard at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from labkit.core.clock import MINUTE as MINUTE_US
from labkit.core.clock import to_us
from labkit.core.sources import Series
from labkit.workloads.incidents import Incident
from labkit.workloads.latencies import CAUGHT_MS, Latencies, Service

if TYPE_CHECKING:
    from labkit.lab import Lab

NAMESPACE, METRIC = "Shop/Checkout", "Latency"
SERIES = Series(NAMESPACE, METRIC)
TARGET = f"{NAMESPACE} {METRIC}"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: How many times as slow the checkout is in an incident.
SLOW = 6.0

Spell = tuple[str, int, int, float]


@dataclass(frozen=True)
class Trouble:
    """One incident as it was played.

    Parameters
    ----------
    number, name:
        Of ten; what it is, as one says it.
    kind:
        ``slow``, ``share``, ``flapping``, ``ramp``, ``silent``, ``night``, ``restart``, ``deploy``,
        ``two``, ``mixed``.
    begin, since, end:
        When it starts to show, when customers begin to feel it, when it is over.
    spells:
        What the world is told.
    """

    number: int
    name: str
    kind: str
    begin: datetime
    since: datetime
    end: datetime
    spells: tuple[Incident, ...]


def _flapping() -> list[Spell]:
    return [("slow", n, n + 2, SLOW) for n in range(0, 30, 3)]


def _ramp() -> list[Spell]:
    return [("slow", n, n + 1, 1 + n * 0.4) for n in range(30)]


def _mixed() -> list[Spell]:
    return [spell for n in range(0, 32, 4)
            for spell in (("slow", n, n + 2, SLOW), ("silence", n + 2, n + 4, 0.0))]  # fmt: skip


#: (name, kind, hours in which it may begin, minutes that it lasts, its spells)
CATALOGUE: tuple[tuple[str, str, tuple[int, ...], int, Callable[[], list[Spell]]], ...] = (
    ("every request is slow for twenty minutes", "slow", (9, 10, 14, 19), 20,
     lambda: [("slow", 0, 20, 2 * SLOW)]),
    ("3 in 100 customers wait four seconds, for twenty minutes", "share", (10, 11, 15, 18), 20,
     lambda: [("slow_share", 0, 20, 3.0)]),
    ("latency flaps for half an hour: two bad minutes, one good", "flapping", (9, 10, 13, 16), 30,
     _flapping),
    ("slower from minute to minute, for half an hour", "ramp", (11, 12, 17), 30, _ramp),
    ("checkout stops reporting", "silent", (1, 2), 0, lambda: []),
    ("every request is slow at four in the morning", "night", (4,), 14,
     lambda: [("slow", 0, 14, SLOW)]),
    ("back from the restart, and two minutes later slow again", "restart", (3,), 12,
     lambda: [("slow", 0, 12, SLOW)]),
    ("a deployment's slow minute; three minutes on, slow for good", "deploy",
     (10, 11, 14), 15, lambda: [("slow", 0, 1, SLOW), ("slow", 4, 15, SLOW)]),
    ("slow for eight minutes, ten good ones, slow for eight", "two", (12, 15, 20), 26,
     lambda: [("slow", 0, 8, SLOW), ("slow", 18, 26, SLOW)]),
    ("two slow minutes, two silent ones, and so on", "mixed", (13, 16, 21), 32, _mixed),
)  # fmt: skip


def add_checkout(lab: Lab, facts: Mapping[str, Any]) -> None:
    """The checkout of the learner's world, with the week that lies behind it."""
    lab.parts.latencies.add(
        Service(lab.account, lab.region, SERIES, facts["usual_ms"], facts["busiest"])
    )
    for kind, first, last, size in facts["past"]:
        lab.parts.latencies.apply(Incident(kind, TARGET, first, last, size))


def quiet_hours(lab: Lab, first: datetime, last: datetime) -> bool:
    """Whether the stretch holds no hitch of its own."""
    found = lab.parts.latencies.hitches(
        lab.account, lab.region, SERIES, to_us(first) // MINUTE_US, to_us(last) // MINUTE_US
    )
    return not [hitch for hitch in found if hitch.kind != "restart"]


def troubles(lab: Lab, facts: Mapping[str, Any]) -> list[Trouble]:
    """The ten incidents, from the second midnight after the lab's now on.

    Each falls on a day on which nothing else happens around it, so that what is heard is the
    incident.
    """
    day = lab.now.replace(hour=0, minute=0, second=0, microsecond=0) + 2 * DAY
    found = []
    for number, (name, kind, hours, lasts, spells) in enumerate(CATALOGUE, 1):
        hour = hours[facts["hours"][number - 1] % len(hours)]
        minute = 4 if kind == "restart" else facts["minutes"][number - 1]
        length = lasts or facts["silent_minutes"]
        while not quiet_hours(
            lab, day + (hour - 1) * HOUR, day + hour * HOUR + (minute + length + 60) * MINUTE
        ):
            day += DAY
        begin = day + hour * HOUR + minute * MINUTE
        told = spells() or [("silence", 0, length, 0.0)]
        found.append(_trouble(facts, number, name, kind, begin, length, told))
        day += DAY
    return found


def _trouble(
    facts: Mapping[str, Any], number: int, name: str, kind: str, begin: datetime, length: int,
    told: Sequence[Spell],
) -> Trouble:  # fmt: skip
    spells = tuple(
        Incident(one, TARGET, begin + first * MINUTE, begin + last * MINUTE, size)
        for one, first, last, size in told
    )
    since = begin
    if kind == "deploy":
        since = begin + 4 * MINUTE
    if kind == "ramp":
        # Customers feel it when the slowest of a hundred wait longer than the limit.
        wanted = facts["limit"] / (facts["usual_ms"] * 2.4)
        since = begin + next(first for _, first, _, size in told if size >= wanted * 1.1) * MINUTE
    return Trouble(number, name, kind, begin, since, begin + length * MINUTE, spells)


def week_before(
    start: datetime, facts: Mapping[str, Any]
) -> list[tuple[str, datetime, datetime, float]]:
    """What befell the checkout in the sample week, beside its own hitches."""
    monday = (start - timedelta(days=7)).replace(hour=0, minute=0)

    def at(day: int, hour: int, minute: int) -> datetime:
        return monday + day * DAY + hour * HOUR + minute * MINUTE

    hour, minute = facts["sample_hour"], facts["sample_minute"]
    flapping, night = at(2, hour, minute), at(4, 4, 20)
    pair, gap, single = at(3, 14, 56), at(5, 16, 57), at(1, 11, 56)
    return [
        *(("slow", flapping + n * MINUTE, flapping + (n + 2) * MINUTE, SLOW) for n in (0, 3, 6, 9)),
        ("slow", night, night + 9 * MINUTE, SLOW),
        ("slow", pair, pair + 2 * MINUTE, 9.0),
        ("slow", single, single + MINUTE, 9.0),
        ("silence", gap, gap + 2 * MINUTE, 0.0),
    ]


__all__ = ["CATALOGUE", "CAUGHT_MS", "Latencies", "Trouble", "add_checkout", "troubles"]
