"""Sources: numbers that are pulled when somebody looks, not ticked into a store.

A thousand machines over a week are ten million points. Nobody reads most of them, so nobody makes
them: a source is a *pure function* of (world seed, series, time bucket, the kept state of the
world), and whoever needs points asks for a stretch of time. Two rules make this safe:

- What a source says about the past may not depend on when it is asked.
- A point has an instant of **arrival**. A five-minute point that begins at 09:15 arrives at 09:20;
  an evaluation at 09:16 may not see it. (Without arrivals, evaluation over whole columns reads the
  future.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """The identity of a metric within one account and region.

    ``dimensions`` are (name, value) pairs sorted by name: their order is no part of the identity,
    their set is.
    """

    namespace: str
    name: str
    dimensions: Dimensions = ()

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in self.dimensions)
        return f"{self.namespace} {self.name}{{{inside}}}"


@dataclass(frozen=True, slots=True)
class Points:
    """Values of one series, in order of time.

    Parameters
    ----------
    timestamps:
        int64[n], microseconds, the START of each point's period, ascending.
    values:
        float64[n].
    arrivals:
        int64[n], microseconds, not descending: when each point can first be seen.
    unit:
        One of CloudWatch's units.
    counts:
        float64[n]: how many observations had that value; None when each is one. A minute of six
        hundred response times is told in a handful of values, and percentiles still work.
    """

    timestamps: np.ndarray
    values: np.ndarray
    arrivals: np.ndarray
    unit: str = "None"
    counts: np.ndarray | None = None


class Source(Protocol):
    """Somebody who has numbers about the world."""

    def series(self, account: str, region: str, now_us: int) -> Iterable[Series]:
        """The series that have had a point by ``now_us``."""

    def has(self, account: str, region: str, series: Series) -> bool:
        """Whether this source is the one to ask about ``series``."""

    def points(
        self, account: str, region: str, series: Series, start_us: int, end_us: int
    ) -> Points:
        """The points with ``start_us <= timestamp < end_us``."""

    def version(self, account: str, region: str, series: Series) -> int:
        """A number that changes when the world changes what ``points`` says: a cache key only."""
