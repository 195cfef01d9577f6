"""What CloudWatch remembers for one account and region: columns of points, alarms, histories.

A metric is a column: one row for each value, in the order of arrival, in machine-typed arrays.
Rows are sorted by time when somebody reads, not when somebody writes. Statistic sets and weighted
values need four numbers instead of one; a column carries the extra arrays only once it has such a
row. What has aged is rolled up (:mod:`labkit.cloudwatch.engine.rollup`) as new points come in.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.records import Alarm, AnomalyDetector, AnyAlarm, HistoryItem
from labkit.core.clock import DAY, HOUR, MINUTE, SECOND
from labkit.core.sources import Dimensions, Series

if TYPE_CHECKING:
    from labkit.cloudwatch.composite_alarm import CompositeAlarm
    from labkit.cloudwatch.engine.math.program import Program
    from labkit.cloudwatch.engine.rollup import Rows
    from labkit.cloudwatch.engine.samples import Samples
    from labkit.cloudwatch.insight_rules import InsightRule
    from labkit.cloudwatch.mutes import MuteRule
    from labkit.cloudwatch.service import CloudWatch

#: AWS keeps an alarm's history for 30 days, also after the alarm is gone.
HISTORY_US = 30 * DAY

#: A column with fewer new rows than this is not looked through for old ones.
_FEW = 4096

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
        "_look_at",
        "counts",
        "first_seen_us",
        "hour_over_us",
        "hours",
        "last_put_us",
        "maxima",
        "minima",
        "old",
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
        #: What has been rolled up, in order of time.
        self.old: Rows | None = None
        self._cache: dict[int | None, Samples] = {}
        self._look_at = _FEW

    def __len__(self) -> int:
        return len(self.timestamps) + (0 if self.old is None else len(self.old))

    def age(self, now_us: int) -> None:
        """Roll up what has aged, if enough new rows came since the last look.

        Looking costs as much as there is to look at, so the next look comes when a quarter more has
        come: each row is looked at a few times in its life, whatever the rate.
        """
        if len(self.timestamps) >= self._look_at:
            self._roll_up(now_us)
            self._look_at = max(_FEW, len(self.timestamps) * 5 // 4)

    def _roll_up(self, now_us: int) -> None:
        import numpy as np

        from labkit.cloudwatch.engine import rollup

        timestamps = np.array(self.timestamps, dtype=np.int64)
        leaving = rollup.due(timestamps, now_us)
        if not leaving.any():
            return
        rows = rollup.Rows(
            timestamps,
            np.array(self.sums),
            np.ones(len(timestamps)) if self.counts is None else np.array(self.counts),
            np.array(self.sums if self.minima is None else self.minima),
            np.array(self.sums if self.maxima is None else self.maxima),
            np.ones(len(timestamps), dtype=bool)
            if self.raw is None
            else np.array(self.raw, dtype=bool),
            np.array(self.units, dtype=np.int8),
        )
        going = rows.where(leaving)
        self.old = rollup.roll_up(going if self.old is None else self.old.joined(going), now_us)
        self._keep(rows.where(~leaving))
        self._cache.clear()

    def _keep(self, rows: Rows) -> None:
        self.timestamps = array("q", rows.timestamps.tobytes())
        self.sums = array("d", rows.sums.tobytes())
        self.units = array("b", rows.units.tobytes())
        if self.counts is not None:
            self.counts = array("d", rows.counts.tobytes())
            self.minima = array("d", rows.minima.tobytes())
            self.maxima = array("d", rows.maxima.tobytes())
            self.raw = array("b", rows.raw.tobytes())

    def sent(self, now_us: int) -> None:
        """A caller sent points: the metric counts in this hour of the clock."""
        self.last_put_us = now_us
        if now_us >= self.hour_over_us:
            self.hours.append(now_us)
            self.hour_over_us = now_us - now_us % HOUR + HOUR
            self.age(now_us)  # within an hour nothing ages that is worth a look

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
        codes = set(self.units)
        if self.old is not None:
            codes |= set(self.old.units.tolist())
        return sorted({UNITS[code] for code in codes})

    @property
    def newest_us(self) -> int:
        """The newest of what is known: the last point's time, or when it came."""
        return max(self.timestamps[-1] if self.timestamps else 0, self.last_put_us)

    def samples(self, unit: str | None = None, since_us: int = 0) -> Samples:
        """The points, sorted by time; with ``unit`` only those that came in it.

        Points before ``since_us`` may be left out: rolled-up ones are put together with the others
        only for readers who reach back that far.
        """
        code = None if unit is None else UNIT_CODES.get(unit, -1)
        recent = self._cache.get(code)
        if recent is None:
            recent = self._cache[code] = self._sorted(code)
        if self.old is None or not len(self.old) or since_us > int(self.old.timestamps[-1]):
            return recent
        return self._with_old(recent, code)

    def _with_old(self, recent: Samples, code: int | None) -> Samples:
        from labkit.cloudwatch.engine import rollup
        from labkit.cloudwatch.engine.samples import Samples

        assert self.old is not None
        old = self.old if code is None else self.old.where(self.old.units == code)
        return Samples.merge([rollup.as_values(old), recent])

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
        self.composites: dict[str, CompositeAlarm] = {}
        #: Alarm -> the composite alarms that need it; None when that has to be found anew.
        self.dependents: dict[str, list[str]] | None = None
        #: Alarm mute rules by their names, in the order in which they were made.
        self.mute_rules: dict[str, MuteRule] = {}
        #: Contributor Insights rules by their names.
        self.insight_rules: dict[str, InsightRule] = {}
        #: Metric data query definitions by their ids, as they are shown.
        self.query_definitions: dict[str, dict[str, Any]] = {}
        #: The customer's KMS key of the dataset; empty for AWS's own.
        self.dataset_key = ""
        #: Anomaly detectors by their ids.
        self.detectors: dict[str, AnomalyDetector] = {}
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

    def any_alarm(self, name: str) -> AnyAlarm | None:
        """The alarm of this name, metric or composite."""
        return self.alarms.get(name) or self.composites.get(name)

    def detector(self, series: Series, stat: str) -> AnomalyDetector | None:
        """The anomaly detector of a metric and statistic."""
        for one in self.detectors.values():
            if one.series == series and one.stat == stat:
                return one
        return None

    def math_detector(self, program: Program, id_: str) -> AnomalyDetector | None:
        """The anomaly detector of an expression: one on the same expression over the same metrics.

        Ids may differ; what the expression comes to, its Ids replaced by what they stand for, may
        not.
        """
        wanted = program.meaning(id_)
        for one in self.detectors.values():
            if one.meaning is not None and one.meaning == wanted:
                return one
        return None

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
