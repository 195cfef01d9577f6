"""Unusual rates of calls, found by what the weeks before had: CloudTrail Insights.

Theory of operation
-------------------
AWS says what it compares (the calls of a minute with a baseline of the weeks before, recalculated
each day) and what it tells (the two averages), not how it decides. The statistics here are ours.

A *series* is what is counted together: write calls of one operation, or errors of one operation and
code. Its calls are counted by minute. Of each past day two numbers are kept: how many calls there
were, and the *peak*, the most in any five minutes in a row. Minutes that were part of an insight do
not count, else the second attack would hide behind the first.

The limit of a day, in calls in five minutes, is the greatest of

- a floor: nobody wants to hear of three calls;
- the peak of the days before, with room for half as much again and for chance: ``factor * peak +
  spread * sqrt(peak)``. A nightly job, a weekly job and a release at some odd hour have been there
  before, and their peak stands for them;
- the mean and ``sigmas`` standard deviations of chance around it: matters for series that are
  always busy.

An insight **starts** with the minute whose five minutes exceed the limit, and is told at the end of
that minute. It **ends** when ten minutes have passed after the last such minute.

Why peaks and not deviations from a mean: people work in bursts. The deviation of a series with one
release a week is small, and the next release lies fifty deviations above it. How well this does on
generated weeks, with baselines of 28 and of 7 days, stands in docs/design/11-insights.md.

Everything is whole numbers of calls until the averages are shown, so the same calls give the same
answer in one piece or minute by minute.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, NamedTuple

#: Minutes of a day.
DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Settings:
    """How the detector decides.

    Parameters
    ----------
    days:
        Days of the baseline: 28 as the user guide says, 7 as the records' ``baselineDuration``.
    window:
        Minutes whose calls are looked at together.
    floor:
        Fewer calls in a window are never unusual.
    factor, spread:
        The room above the peak of the days before.
    sigmas:
        The room above the mean.
    quiet:
        Minutes without such a minute after which an insight is over.
    """

    days: int = 28
    window: int = 5
    floor: int = 10
    factor: float = 1.5
    spread: float = 2.0
    sigmas: float = 6.0
    quiet: int = 10


USUAL = Settings()


class Summary(NamedTuple):
    """A day of a series: its calls, and the most in one window."""

    total: int
    peak: int


class Limit(NamedTuple):
    """What a series is held against on one day.

    Parameters
    ----------
    average:
        Calls a minute over the baseline.
    peak:
        The most calls of a window in it.
    calls:
        More calls than these in a window are unusual.
    minutes:
        Length of the baseline.
    because:
        Which of the three rules set it.
    """

    average: float
    peak: int
    calls: float
    minutes: int
    because: str


@dataclass(slots=True)
class Insight:
    """A stretch of unusual calls.

    Parameters
    ----------
    start, last:
        The first and the last unusual minute (minutes since the epoch).
    told:
        The minute after the one in which it was noticed: when its start is told.
    over:
        The last minute with calls whose window exceeded the limit.
    calls, calls_at_start:
        Calls from ``start`` to ``last``, and until it was told.
    limit:
        What it exceeded.
    ended:
        The minute at which its end is told; None while it lasts.
    """

    start: int
    last: int
    told: int
    over: int
    calls: int
    calls_at_start: int
    limit: Limit
    ended: int | None = None

    @property
    def minutes(self) -> int:
        """How long it lasted, in minutes."""
        return self.last - self.start + 1

    def average(self, *, at_start: bool) -> float:
        """Calls a minute: of the first minutes, or of all of it."""
        if at_start:
            return self.calls_at_start / (self.told - self.start)
        return self.calls / self.minutes

    def __str__(self) -> str:
        return (
            f"{self.calls} calls in {self.minutes} min; unusual above {self.limit.calls:.0f} in a "
            f"window, {self.limit.because}"
        )


@dataclass
class Watch:
    """One series under watch: minutes go in, in order; insights come out.

    Parameters
    ----------
    settings:
        How to decide.
    since:
        The first minute of which anything is known: the baseline can't begin before it.
    judged_from:
        Minutes before it teach the baseline and are not judged.
    """

    settings: Settings = USUAL
    since: int = 0
    judged_from: int = 0
    days: dict[int, Summary] = field(default_factory=dict)
    insights: list[Insight] = field(default_factory=list)
    active: Insight | None = None
    _minutes: list[int] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)
    _limits: dict[int, Limit] = field(default_factory=dict)
    _closed: int = -1

    # -- what goes in
    def add(self, minute: int, calls: int = 1) -> Insight | None:
        """Count calls of a minute, not earlier than the one before.

        Returns
        -------
        Insight or None
            An insight that these calls began.
        """
        self.advance(minute)
        if self._minutes and self._minutes[-1] == minute:
            self._counts[-1] += calls
        else:
            self._minutes.append(minute)
            self._counts.append(calls)
        return self._look(minute)

    def extend(self, minutes: Any, counts: Any) -> None:
        """Count many minutes at once; days without surprises in one go.

        Parameters
        ----------
        minutes, counts:
            Ascending and each once, and the calls of each (sequences or arrays of integers).
        """
        import numpy as np

        if not len(minutes):
            return
        at, calls = np.asarray(minutes, np.int64), np.asarray(counts, np.int64)
        begins = np.flatnonzero(np.diff(at // DAY, prepend=-1))
        sums = _windows(at, calls, self.settings.window)
        for first, stop in zip(begins, [*begins[1:], len(at)], strict=True):
            day = int(at[first]) // DAY
            self._close_until(day)
            rest = self._minutes and self._minutes[-1] > day * DAY - self.settings.window
            most = int(sums[first:stop].max())
            if (
                self.active is None
                and not rest
                and (int(at[stop - 1]) < self.judged_from or most <= self.limit(day).calls)
            ):
                self.days[day] = Summary(int(calls[first:stop].sum()), most)
                self._closed = max(self._closed, day)
                continue
            for minute, count in zip(
                at[first:stop].tolist(), calls[first:stop].tolist(), strict=True
            ):
                self.add(minute, count)

    def advance(self, minute: int) -> None:
        """Time has come to the beginning of a minute: insights end, days are closed."""
        active = self.active
        if active is not None and minute >= active.over + 1 + self.settings.quiet:
            active.ended = active.over + 1 + self.settings.quiet
            self.active = None
        self._close_until(minute // DAY)

    # -- what is decided
    def limit(self, day: int) -> Limit:
        """What is unusual on a day (days since the epoch)."""
        found = self._limits.get(day)
        if found is None:
            self._limits = {day: (found := self._limit(day))}
        return found

    def _limit(self, day: int) -> Limit:
        how = self.settings
        first = max(day - how.days, self.since // DAY)
        known = [self.days[one] for one in range(first, day) if one in self.days]
        minutes = max(1, min(day - first, how.days)) * DAY
        peak = max((one.peak for one in known), default=0)
        average = sum(one.total for one in known) / minutes
        mean = average * how.window
        rules = (
            (float(how.floor), "the least that is ever unusual"),
            (how.factor * peak + how.spread * sqrt(peak), "by the busiest minutes of the baseline"),
            (mean + how.sigmas * sqrt(mean), "by the mean of the baseline"),
        )
        calls, because = max(rules, key=lambda rule: rule[0])
        return Limit(average, peak, calls, minutes, because)

    def _look(self, minute: int) -> Insight | None:
        if minute < self.judged_from:
            return None
        how, active = self.settings, self.active
        limit = active.limit if active else self.limit(minute // DAY)
        where = bisect_left(self._minutes, minute - how.window + 1)
        if sum(self._counts[where:]) <= limit.calls:
            if active is not None and minute < active.told:
                active.calls_at_start = self._between(active.start, minute)
            return None
        share = limit.calls / how.window
        if active is None:
            start = next(
                (
                    m
                    for m, n in zip(self._minutes[where:], self._counts[where:], strict=True)
                    if n > share
                ),
                minute,
            )
            active = Insight(start, minute, minute + 1, minute, 0, 0, limit)
            self.active = active
            self.insights.append(active)
            begun: Insight | None = active
        else:
            begun = None
        active.over = minute
        if self._counts[-1] > share or minute < active.told:
            active.last = minute
        active.calls = self._between(active.start, active.last)
        if minute < active.told:
            active.calls_at_start = self._between(active.start, minute)
        return begun

    def _between(self, start: int, last: int) -> int:
        low = bisect_left(self._minutes, start)
        high = bisect_left(self._minutes, last + 1)
        return sum(self._counts[low:high])

    # -- days
    def _close_until(self, day: int) -> None:
        """Make summaries of the days before ``day`` and forget their minutes."""
        if day <= self._closed + 1 or not self._minutes:
            self._closed = max(self._closed, day - 1)
            return
        self._closed = day - 1
        kept = [
            (m, n)
            for m, n in zip(self._minutes, self._counts, strict=True)
            if not any(one.start <= m <= one.over for one in self.insights[-64:])
        ]
        by_day: dict[int, list[tuple[int, int]]] = {}
        for m, n in kept:
            by_day.setdefault(m // DAY, []).append((m, n))
        for number, rows in by_day.items():
            if number < day and number not in self.days:
                total = sum(n for _, n in rows)
                self.days[number] = Summary(total, _peak(rows, self.settings.window))
        # An insight that goes on needs its own minutes, the next window those just before.
        oldest = day * DAY - self.settings.window
        if self.active is not None:
            oldest = min(oldest, self.active.start)
        cut = bisect_left(self._minutes, oldest)
        del self._minutes[:cut], self._counts[:cut]
        for number in [one for one in self.days if one < day - self.settings.days]:
            del self.days[number]


def _windows(at: Any, calls: Any, window: int) -> Any:
    """For each minute the calls of the window that ends with it."""
    import numpy as np

    total = np.concatenate(([0], np.cumsum(calls)))
    first = np.searchsorted(at, at - window + 1)
    return total[1:] - total[first]


def _peak(rows: Sequence[tuple[int, int]], window: int) -> int:
    """The most calls of any window of a day."""
    most = total = first = 0
    for minute, calls in rows:
        total += calls
        while rows[first][0] <= minute - window:
            total -= rows[first][1]
            first += 1
        most = max(most, total)
    return most
