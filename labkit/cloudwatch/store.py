"""What CloudWatch remembers for one account and region: columns of points, alarms, histories.

A metric is a column: one row for each value, in the order of arrival, in machine-typed arrays.
Rows are sorted by time when somebody reads, not when somebody writes. Statistic sets and weighted
values need four numbers instead of one; a column carries the extra arrays only once it has such a
row.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.records import Alarm, HistoryItem
from labkit.core.clock import DAY, HOUR, MINUTE, SECOND
from labkit.core.sources import Dimensions, Series

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.samples import Samples
    from labkit.cloudwatch.service import CloudWatch

#: AWS keeps an alarm's history for 30 days, also after the alarm is gone.
HISTORY_US = 30 * DAY

UNITS = (
    "None",
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
)
UNIT_CODES = {name: code for code, name in enumerate(UNITS)}

#: (timestamp_us, sum, count, minimum, maximum, single value?)
Row = tuple[int, float, float, float, float, bool]


class Column:
    """The stored points of one metric.

    Standard-resolution points keep the start of their minute, high-resolution ones the second.
    """

    __slots__ = (
        "_cache",
        "counts",
        "first_seen_us",
        "hour_over_us",
        "hours",
        "last_put_us",
        "maxima",
        "minima",
        "raw",
        "series",
        "sums",
        "timestamps",
        "units",
    )

    def __init__(self, series: Series, now_us: int) -> None:
        self.series = series
        self.first_seen_us = now_us
        self.last_put_us = now_us
        #: First instant of each hour of the clock in which a caller sent points: what is charged.
        self.hours = array("q")
        self.hour_over_us = 0
        self.timestamps = array("q")
        self.sums = array("d")
        self.units = array("b")
        self.counts: array[float] | None = None
        self.minima: array[float] | None = None
        self.maxima: array[float] | None = None
        self.raw: array[int] | None = None
        self._cache: dict[int | None, Samples] = {}

    def __len__(self) -> int:
        return len(self.timestamps)

    def sent(self, now_us: int) -> None:
        """A caller sent points: the metric counts in this hour of the clock."""
        self.last_put_us = now_us
        if now_us >= self.hour_over_us:
            self.hours.append(now_us)
            self.hour_over_us = now_us - now_us % HOUR + HOUR

    def add_value(self, timestamp_us: int, value: float, unit: int) -> None:
        """Add one single value."""
        self.timestamps.append(timestamp_us)
        self.sums.append(value)
        self.units.append(unit)
        if self.counts is not None:
            self._add_weights(1.0, value, value, True)
        if self._cache:
            self._cache.clear()

    def add_row(self, row: Row, unit: int) -> None:
        """Add a weighted value or a statistic set."""
        timestamp_us, total, count, low, high, single = row
        if self.counts is None:
            self.counts = array("d", [1.0]) * len(self.timestamps)
            self.minima = array("d", self.sums)
            self.maxima = array("d", self.sums)
            self.raw = array("b", [1]) * len(self.timestamps)
        self.timestamps.append(timestamp_us)
        self.sums.append(total)
        self.units.append(unit)
        self._add_weights(count, low, high, single)
        self._cache.clear()

    def _add_weights(self, count: float, low: float, high: float, single: bool) -> None:
        assert self.counts is not None and self.minima is not None
        assert self.maxima is not None and self.raw is not None
        self.counts.append(count)
        self.minima.append(low)
        self.maxima.append(high)
        self.raw.append(single)

    def unit_names(self) -> list[str]:
        """The units in which points of this metric came, in alphabetical order."""
        return sorted({UNITS[code] for code in set(self.units)})

    def samples(self, unit: str | None = None) -> Samples:
        """All points, sorted by time; with ``unit`` only those that came in it."""
        code = None if unit is None else UNIT_CODES.get(unit, -1)
        made = self._cache.get(code)
        if made is None:
            made = self._cache[code] = self._sorted(code)
        return made

    def _sorted(self, code: int | None) -> Samples:
        import numpy as np

        from labkit.cloudwatch.engine.samples import Samples

        timestamps = np.array(self.timestamps, dtype=np.int64)
        keep = None
        if code is not None:
            units = np.array(self.units, dtype=np.int8)
            keep = np.flatnonzero(units == code)
            timestamps = timestamps[keep]
        order = None
        if len(timestamps) > 1 and bool(np.any(timestamps[1:] < timestamps[:-1])):
            order = np.argsort(timestamps, kind="stable")
            timestamps = timestamps[order]

        def column(values: array[Any] | None, kind: Any) -> Any:
            if values is None:
                return None
            made = np.array(values, dtype=kind)
            if keep is not None:
                made = made[keep]
            return made if order is None else made[order]

        return Samples(
            timestamps=timestamps,
            sums=column(self.sums, np.float64),
            counts=column(self.counts, np.float64),
            minima=column(self.minima, np.float64),
            maxima=column(self.maxima, np.float64),
            arrivals=None,
            raw=column(self.raw, np.bool_),
        )


class Store:
    """Metrics and alarms of one account and region."""

    def __init__(self, account: str, region: str, service: CloudWatch) -> None:
        self.account = account
        self.region = region
        self.service = service
        self.columns: dict[Series, Column] = {}
        self.alarms: dict[str, Alarm] = {}
        self.history: deque[HistoryItem] = deque()
        #: The same columns by dimensions *in the order given*: a publisher repeats its order, and
        #: sorting twenty sets of dimensions costs as much as storing twenty values.
        self.as_given: dict[tuple[str, str, Dimensions], Column] = {}

    def column(self, series: Series, now_us: int) -> Column:
        """The column of ``series``, made if it is new."""
        found = self.columns.get(series)
        if found is None:
            found = self.columns[series] = Column(series, now_us)
        return found

    def note(self, item: HistoryItem) -> None:
        """Write a line of history and forget what is older than 30 days."""
        history = self.history
        history.append(item)
        oldest = item.at_us - HISTORY_US
        while history and history[0].at_us < oldest:
            history.popleft()

    def history_of(
        self, now_us: int, name: str | None, kinds: Sequence[str] | None
    ) -> Iterator[HistoryItem]:
        """Lines of history, oldest first, of the last 30 days."""
        oldest = now_us - HISTORY_US
        for item in self.history:
            if item.at_us < oldest or (name is not None and item.alarm_name != name):
                continue
            if kinds is None or item.kind in kinds:
                yield item


def grain(timestamp_us: int, resolution: int) -> int:
    """The start of the minute (or, at high resolution, the second) that holds a timestamp."""
    step = SECOND if resolution == 1 else MINUTE
    return timestamp_us - timestamp_us % step


def dimensions_of(given: Iterable[dict[str, str]]) -> Dimensions:
    """Dimensions as (name, value) pairs in the order given."""
    return tuple((dimension["Name"], dimension["Value"]) for dimension in given)
