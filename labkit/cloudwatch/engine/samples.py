"""Points of one metric as arrays: what every engine of CloudWatch computes on.

A row is a single value, a value that counts several times, or a statistic set (the sum, count,
minimum and maximum of values that were never sent). The percentile family needs the values
themselves, so each row says whether it has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Floats = np.ndarray
Ints = np.ndarray


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows in order of time.

    Parameters
    ----------
    timestamps:
        int64[n], microseconds, ascending.
    sums:
        float64[n]: the value of a single row, the sum of others.
    counts:
        float64[n]; None means that every row is one value.
    minima, maxima:
        float64[n]; None means that they equal ``sums``: every row is one value.
    arrivals:
        int64[n], not descending: when each row can first be seen. None means that all have
        arrived (stored data). A five-minute point of EC2 that begins at 09:15 arrives at 09:20.
    raw:
        bool[n]: whether a row's values are known (single and weighted values, and statistic
        sets whose values must all be equal). None means that all are.
    """

    timestamps: Ints
    sums: Floats
    counts: Floats | None = None
    minima: Floats | None = None
    maxima: Floats | None = None
    arrivals: Ints | None = None
    raw: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.timestamps)

    @classmethod
    def empty(cls) -> Samples:
        """No rows."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64))

    def slice(self, start_us: int, end_us: int) -> Samples:
        """The rows with ``start_us <= timestamp < end_us``, without copying."""
        first, last = np.searchsorted(self.timestamps, (start_us, end_us))
        if first == 0 and last == len(self.timestamps):
            return self
        return Samples(
            *(
                None if column is None else column[first:last]  # type: ignore[arg-type]
                for column in self._columns()
            )
        )

    def _columns(self) -> tuple[np.ndarray | None, ...]:
        return (
            self.timestamps, self.sums, self.counts, self.minima, self.maxima, self.arrivals,
            self.raw,
        )  # fmt: skip

    def detached(self) -> Samples:
        """A copy that keeps nothing else alive: a slice holds on to all it was cut from."""
        return Samples(
            *(None if column is None else column.copy() for column in self._columns())  # type: ignore[arg-type]
        )

    @classmethod
    def merge(cls, parts: Sequence[Samples]) -> Samples:
        """All rows of several samples, in order of time; equal times keep the order of the parts.

        Arrivals are kept when any part has them; the rows of a part without them count as arrived
        at their own timestamps. They are made not to descend: a row that comes behind one not yet
        arrived waits for it.
        """
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        timestamps = np.concatenate([part.timestamps for part in parts])
        order = np.argsort(timestamps, kind="stable")

        def joined(
            columns: list[np.ndarray | None], default: list[np.ndarray]
        ) -> np.ndarray | None:
            if all(column is None for column in columns):
                return None
            return np.concatenate(
                [d if c is None else c for c, d in zip(columns, default, strict=True)]
            )[order]

        sums = [part.sums for part in parts]
        ones = [np.ones(len(part)) for part in parts]
        arrivals = joined([p.arrivals for p in parts], [p.timestamps for p in parts])
        return cls(
            timestamps[order],
            np.concatenate(sums)[order],
            joined([part.counts for part in parts], ones),
            joined([part.minima for part in parts], sums),
            joined([part.maxima for part in parts], sums),
            None if arrivals is None else np.maximum.accumulate(arrivals),
            joined([part.raw for part in parts], [np.ones(len(p), dtype=bool) for p in parts]),
        )
