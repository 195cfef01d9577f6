"""Roll-up: points lose their grain as they age, and memory stays bounded.

Theory of operation
-------------------
CloudWatch keeps points of less than a minute for 3 hours, minutes for 15 days, five minutes for 63
days, hours for 455 days (aws-semantics 1.3). What a reader may ask for is decided when reading
(:mod:`labkit.cloudwatch.reading`); here is what becomes of the points that nobody can tell apart
any more.

1. The rows of one bucket (a minute, five minutes or an hour of one unit) become **one row**: sum,
   count, minimum and maximum. All readers of the basic five get the same numbers as before, up to
   the rounding of sums of fractions.
2. Percentiles need values. A row whose values were known (``raw``) stands for its minimum, its
   maximum, and between them the mean of the others as often as there were others
   (:func:`as_values`): exact for up to three values, an approximation for more. AWS keeps a sketch
   whose form is not published.
3. A day passes between the end of a grain and the roll-up. An alarm that looks at ten-second data
   looks back a day at most; it must not find its points merged.

The case that goes wrong without it: 1,000 metrics a minute for a year are half a billion rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labkit.cloudwatch.engine.samples import Samples

_SECOND = 1_000_000
_MINUTE, _DAY = 60 * _SECOND, 86_400 * _SECOND

#: (age from which on, grain): the oldest band last. See the head of this file, 3.
BANDS = (
    (1 * _DAY, _MINUTE),
    (16 * _DAY, 5 * _MINUTE),
    (64 * _DAY, 60 * _MINUTE),
)
#: Older than this, points are gone.
GONE_US = 456 * _DAY


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one metric as arrays of one length, in any order.

    ``timestamps`` int64 microseconds; ``sums``, ``counts``, ``minima``, ``maxima`` float64; ``raw``
    bool: whether the row's values are known; ``units`` int8, the store's code.
    """

    timestamps: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    minima: np.ndarray
    maxima: np.ndarray
    raw: np.ndarray
    units: np.ndarray

    def __len__(self) -> int:
        return len(self.timestamps)

    @classmethod
    def none(cls) -> Rows:
        """No rows."""
        floats = np.empty(0)
        return cls(
            np.empty(0, dtype=np.int64), floats, floats, floats, floats,
            np.empty(0, dtype=bool), np.empty(0, dtype=np.int8),
        )  # fmt: skip

    def _columns(self) -> tuple[np.ndarray, ...]:
        return (
            self.timestamps, self.sums, self.counts, self.minima, self.maxima, self.raw, self.units,
        )  # fmt: skip

    def where(self, which: np.ndarray) -> Rows:
        """The rows at these places (a mask, or places in the order wanted)."""
        return Rows(*(column[which] for column in self._columns()))

    def joined(self, other: Rows) -> Rows:
        """These rows and the other ones behind them."""
        pairs = zip(self._columns(), other._columns(), strict=True)
        return Rows(*(np.concatenate(pair) for pair in pairs))


def grains(timestamps: np.ndarray, now_us: int) -> np.ndarray:
    """The grain in microseconds at which a point of each timestamp is kept; 0 for as it came."""
    grain = np.zeros(len(timestamps), dtype=np.int64)
    for age, step in BANDS:
        grain[timestamps < now_us - age] = step
    return grain


def due(timestamps: np.ndarray, now_us: int) -> np.ndarray:
    """Which points of the store are to be rolled up or dropped, as a mask.

    A point on its minute need not be touched before it is sixteen days old.
    """
    grain = grains(timestamps, now_us)
    off = np.zeros(len(timestamps), dtype=bool)
    some = grain > 0
    off[some] = (timestamps[some] % _MINUTE != 0) | (grain[some] > _MINUTE)
    return off


def roll_up(rows: Rows, now_us: int) -> Rows:
    """The rows as they are kept at ``now_us``, in order of time and unit.

    Parameters
    ----------
    rows:
        What was rolled up before, and the rows that are due.
    now_us:
        Microseconds; decides the grain of each row.
    """
    rows = rows.where(rows.timestamps >= now_us - GONE_US)
    if not len(rows):
        return Rows.none()
    grain = np.maximum(grains(rows.timestamps, now_us), 1)
    buckets = rows.timestamps - rows.timestamps % grain
    order = np.lexsort((rows.units, buckets))
    rows, buckets = rows.where(order), buckets[order]
    first = np.empty(len(rows), dtype=bool)
    first[0] = True
    first[1:] = (buckets[1:] != buckets[:-1]) | (rows.units[1:] != rows.units[:-1])
    starts = np.flatnonzero(first)
    return Rows(
        buckets[starts],
        np.add.reduceat(rows.sums, starts),
        np.add.reduceat(rows.counts, starts),
        np.minimum.reduceat(rows.minima, starts),
        np.maximum.reduceat(rows.maxima, starts),
        np.logical_and.reduceat(rows.raw, starts),
        rows.units[starts],
    )


def as_values(rows: Rows) -> Samples:
    """Rows as samples whose known values stand one by one: see the head of this file, 2.

    Rows must be in order of time.
    """
    split = rows.raw & (rows.minima < rows.maxima)
    single = np.flatnonzero(~split)
    several = np.flatnonzero(split)
    low, high = rows.minima[several], rows.maxima[several]
    others = rows.counts[several] - 2
    between = rows.sums[several] - low - high
    inner = several[others > 0]
    rest, many = between[others > 0], others[others > 0]
    # Rounding may take the mean of the others just outside of minimum and maximum.
    middle = np.clip(rest / many, low[others > 0], high[others > 0])
    at = np.concatenate([single, several, inner, several])
    part = np.repeat([0, 0, 1, 2], [len(single), len(several), len(inner), len(several)])
    order = np.lexsort((part, at))
    ones = np.ones(len(several))
    return Samples(
        timestamps=rows.timestamps[at][order],
        sums=np.concatenate([rows.sums[single], low, rest, high])[order],
        counts=np.concatenate([rows.counts[single], ones, many, ones])[order],
        minima=np.concatenate([rows.minima[single], low, middle, high])[order],
        maxima=np.concatenate([rows.maxima[single], low, middle, high])[order],
        arrivals=None,
        raw=rows.raw[at][order],
    )
