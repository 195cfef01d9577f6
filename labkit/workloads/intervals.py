"""Intervals: what is kept of the past, and what each minute of it saw.

Two shapes are enough. A :class:`Span` is a stretch during which something was so (the machine ran,
a check failed). :class:`Steps` is a figure that holds from one instant to the next (the load that
was set).

**Which minutes a span counts for.** Minutes are numbered from 1970; a minute counts when the span
holds just before the minute's end: ``start < end of the minute <= end``. So a span counts for the
minutes ``start // MINUTE`` up to, not including, ``end // MINUTE``. The bounds are no matter of
taste: the point of a minute arrives at the minute's end, and what happens at that very instant (an
alarm that looks at the point and stops the machine) must not take the point back.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from labkit.core.clock import MINUTE

#: The end of what lasts: beyond every datetime, and far enough from 2**63 to count with.
FOREVER = 2**62

Figure = TypeVar("Figure")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time during which something was so.

    Parameters
    ----------
    start_us, end_us:
        From and to, microseconds; the end is :data:`FOREVER` while it lasts.
    what:
        Which of several things was so: of a run the instance type.
    """

    start_us: int
    end_us: int = FOREVER
    what: str = ""

    @property
    def lasts(self) -> bool:
        """Whether no end is known."""
        return self.end_us == FOREVER


def minutes_of(spans: Sequence[Span], first: int, last: int) -> Iterator[tuple[Span, int, int]]:
    """The spans that count for minutes of ``[first, last)``, each with its minutes ``[a, b)``."""
    for span in spans:
        a, b = max(span.start_us // MINUTE, first), min(span.end_us // MINUTE, last)
        if a < b:
            yield span, a, b


class Steps(Generic[Figure]):
    """A figure that holds from one instant to the next: a step function of time.

    Parameters
    ----------
    figure:
        What holds until something else is said.
    """

    __slots__ = ("_figures", "_times")

    def __init__(self, figure: Figure) -> None:
        self._times = [-FOREVER]
        self._figures = [figure]

    def __len__(self) -> int:
        return len(self._times)

    def at(self, time_us: int) -> Figure:
        """The figure that holds at an instant."""
        return self._figures[bisect_right(self._times, time_us) - 1]

    def say(self, start_us: int, end_us: int, figure: Figure) -> None:
        """Let ``figure`` hold in ``[start_us, end_us)``, whatever was said about it before."""
        if start_us >= end_us:
            return
        times, figures = [start_us], [figure]
        if end_us < FOREVER:
            times.append(end_us)
            figures.append(self.at(end_us))
        first, last = bisect_left(self._times, start_us), bisect_right(self._times, end_us)
        self._times[first:last] = times
        self._figures[first:last] = figures

    def between(self, start_us: int, end_us: int) -> tuple[int, int]:
        """The places ``[a, b)`` of the pieces that ``[start_us, end_us)`` touches, at least one."""
        first = bisect_right(self._times, start_us) - 1
        return first, max(bisect_left(self._times, end_us), first + 1)

    def columns(self) -> tuple[list[int], list[Figure]]:
        """From when each piece holds, ascending, and its figure."""
        return list(self._times), list(self._figures)


def stacked(ground: Steps[float], *layers: Steps[float | None]) -> Steps[float]:
    """One step function out of several: the topmost layer that says something holds."""
    times = set(ground._times)
    for layer in layers:
        times.update(layer._times)
    result: Steps[float] = Steps(ground.at(-FOREVER))
    result._times, result._figures = [], []
    for time_us in sorted(times):
        figure = ground.at(time_us)
        for layer in layers:
            said = layer.at(time_us)
            if said is not None:
                figure = said
        if not result._figures or result._figures[-1] != figure:
            result._times.append(time_us)
            result._figures.append(figure)
    return result
