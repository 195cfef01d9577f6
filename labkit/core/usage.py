"""Usage: what was used of what and when, as a bill asks for it. Knows no price and no service.

Two things can be used:

- something that **happens** (a request, an e-mail, a byte that came in) is counted at its instant:
  ``world.meters.count("sns.email", account, region, now_us)``;
- something that **stands there** and costs by the hour (an alarm, a dashboard) begins and ends:
  ``world.meters.begin("cloudwatch.alarm", account, region, "hot", now_us)``.

Quantities are whole numbers of the unit that the price table names for the item. Whoever knows his
own usage already (stored points, a machine's running times) is asked instead: see :class:`Metered`.

What stands is charged for each hour of the clock that it touched: AWS prorates these items by the
hour. All figures are cumulative, so the usage of two stretches that meet adds up to that of both;
what happens at the instant at which they meet belongs to the first.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from labkit.core.clock import DAY, HOUR

Key = tuple[str, str, str]

#: The end of what still stands.
_OPEN = 2**62


@dataclass(frozen=True, slots=True)
class Usage:
    """So much of an item was used.

    Parameters
    ----------
    item:
        Key of the price table (``cloudwatch.custom_metric``), or ``service:Operation`` for calls.
    account, region:
        Where.
    quantity:
        In the unit that the price table names for the item.
    """

    item: str
    account: str
    region: str
    quantity: Fraction


class Metered(Protocol):
    """Whoever can say what was used."""

    def usage(self, start_us: int, end_us: int) -> Iterable[Usage]:
        """What was used in ``(start_us, end_us]``."""

    def per_hour(self, now_us: int) -> Iterable[Usage]:
        """What an hour uses if everything stays as it is at ``now_us``."""


class Tally:
    """How often something happened: instants in order, and running totals where one is not 1."""

    __slots__ = ("times", "totals")

    def __init__(self, times: Iterable[int] = (), totals: Iterable[int] | None = None) -> None:
        self.times = array("q", times)
        self.totals = None if totals is None else array("q", totals)

    def add(self, at_us: int, quantity: int) -> None:
        """Count ``quantity`` at an instant."""
        if self.totals is None:
            if quantity == 1:
                self.times.append(at_us)
                return
            self.totals = array("q", range(1, len(self.times) + 1))
        self.totals.append((self.totals[-1] if self.totals else 0) + quantity)
        self.times.append(at_us)

    def until(self, time_us: int) -> int:
        """How much was counted up to an instant, it included."""
        place = bisect_right(self.times, time_us)
        if self.totals is None:
            return place
        return self.totals[place - 1] if place else 0


@dataclass(slots=True)
class Standing:
    """A stretch during which something stood: ``weight`` units an hour."""

    start_us: int
    end_us: int
    weight: int


class Meters:
    """What one world used.

    Parameters
    ----------
    start_us:
        First instant of the world.
    """

    def __init__(self, start_us: int) -> None:
        self._start_us = start_us
        self.tallies: dict[Key, Tally] = {}
        #: Calls that a replay does not make again: reads, which no journal holds.
        self.reads: dict[Key, Tally] = {}
        self._standing: dict[tuple[Key, str], list[Standing]] = {}

    # -- what happens
    def count(self, item: str, account: str, region: str, at_us: int, quantity: int = 1) -> None:
        """Something happened ``quantity`` times."""
        _count(self.tallies, (item, account, region), at_us, quantity)

    def count_read(
        self, item: str, account: str, region: str, at_us: int, quantity: int = 1
    ) -> None:
        """Something happened that a replay does not do again; a saved world keeps the count."""
        _count(self.reads, (item, account, region), at_us, quantity)

    # -- what stands
    def begin(
        self, item: str, account: str, region: str, name: str, at_us: int, weight: int = 1
    ) -> None:
        """``name`` stands from now on and uses ``weight`` units an hour."""
        spans = self._standing.setdefault(((item, account, region), name), [])
        if spans and spans[-1].end_us == _OPEN:
            if spans[-1].weight == weight:
                return
            spans[-1].end_us = at_us
        spans.append(Standing(at_us, _OPEN, weight))

    def end(
        self, account: str, region: str, name: str, at_us: int, *, items: Sequence[str]
    ) -> None:
        """``name`` stands no more, as whichever of ``items`` it stood."""
        for item in items:
            spans = self._standing.get(((item, account, region), name))
            if spans and spans[-1].end_us == _OPEN:
                spans[-1].end_us = at_us

    # -- asked by the bill
    def usage(self, start_us: int, end_us: int) -> Iterator[Usage]:
        """What was used in ``(start_us, end_us]``."""
        for tallies in (self.tallies, self.reads):
            for key, tally in tallies.items():
                used = tally.until(end_us) - tally.until(start_us)
                if used:
                    yield Usage(*key, Fraction(used))
        for (key, _), spans in self._standing.items():
            used = _hours(spans, end_us) - _hours(spans, start_us)
            if used:
                yield Usage(*key, Fraction(used))

    def per_hour(self, now_us: int) -> Iterator[Usage]:
        """What an hour uses if things stay so: what stands, and the mean of the last hours.

        Of what happens the last hour counts, and up to a day where there is that much past.
        """
        hours = min(max(-((self._start_us - now_us) // HOUR), 1), DAY // HOUR)
        for tallies in (self.tallies, self.reads):
            for key, tally in tallies.items():
                used = tally.until(now_us) - tally.until(now_us - hours * HOUR)
                if used:
                    yield Usage(*key, Fraction(used, hours))
        for (key, _), spans in self._standing.items():
            if spans[-1].end_us == _OPEN:
                yield Usage(*key, Fraction(spans[-1].weight))

    # -- kept in a saved world
    def reads_as_text(self) -> list[list[Any]]:
        """The reads as plain values."""
        return [
            [*key, tally.times.tolist(), None if tally.totals is None else tally.totals.tolist()]
            for key, tally in self.reads.items()
        ]

    def restore_reads(self, rows: Iterable[Sequence[Any]]) -> None:
        """The reads of a saved world, instead of those that its replay made."""
        self.reads.clear()
        for item, account, region, times, totals in rows:
            self.reads[item, account, region] = Tally(times, totals)


def _count(tallies: dict[Key, Tally], key: Key, at_us: int, quantity: int) -> None:
    tally = tallies.get(key)
    if tally is None:
        tally = tallies[key] = Tally()
    tally.add(at_us, quantity)


def _hours(spans: Iterable[Standing], until_us: int) -> int:
    """Hours of the clock touched before ``until_us``, each once, times the weight."""
    return hours_touched([(s.start_us, s.end_us, s.weight) for s in spans], until_us)


def hours_touched(spans: Iterable[tuple[int, int, int]], until_us: int) -> int:
    """The hours of the clock that spans touch before ``until_us``, each once, times its weight.

    Parameters
    ----------
    spans:
        (start, end, weight), in order of time, microseconds; an end may lie ahead.
    until_us:
        Where to stop counting.

    >>> hours_touched([(0, HOUR // 2, 1), (HOUR // 2, HOUR + 1, 1)], 9 * HOUR)
    2
    """
    total, free_from = 0, -_OPEN
    for start_us, end_us, weight in spans:
        end_us = min(end_us, until_us)
        if start_us >= end_us:
            continue
        first = max(start_us // HOUR, free_from)
        last = -(-end_us // HOUR)
        if last > first:
            total += (last - first) * weight
            free_from = last
    return total


__all__ = ["Key", "Metered", "Meters", "Tally", "Usage", "hours_touched"]
