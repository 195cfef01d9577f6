"""Answers to MetricDataQuery structures: metrics, expressions, searches, SQL, as labelled lines.

GetMetricData answers with them, views draw them. A plain metric is read with only the periods that
have points; an expression is computed on all periods of the range (:mod:`engine.math`), since FILL
and comparisons speak of the missing ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import reading
from labkit.cloudwatch.pooling import (
    Member,
    Message,
    detector_of,
    pool,
    quota,
    select,
    usage_quota,
)
from labkit.cloudwatch.rule_metrics import rule_metric
from labkit.cloudwatch.store import Store
from labkit.core.clock import DAY, HOUR, SECOND
from labkit.core.errors import AwsError, NotImplementedYet
from labkit.core.sources import Series

if TYPE_CHECKING:
    import numpy as np

    from labkit.cloudwatch.engine.anomaly import Configuration
    from labkit.cloudwatch.engine.insights import Insights
    from labkit.cloudwatch.engine.math.frame import Leaf
    from labkit.cloudwatch.engine.math.program import Program, Query
    from labkit.cloudwatch.engine.math.values import Metric, TimeSeries, Value
    from labkit.cloudwatch.engine.samples import Samples
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.sharing import Shared

#: A SEARCH finds metrics that had points in the last two weeks; Metrics Insights reads no further.
RECENT_US = 14 * DAY
#: How far ahead of now points can lie.
AHEAD_US = 2 * HOUR


@dataclass(slots=True)
class Line:
    """One series of an answer.

    Parameters
    ----------
    id, label:
        The query's Id, and the line's name.
    times, values:
        int64[n], float64[n], oldest first; only periods with a point.
    messages:
        What a reader should know, AWS's Code and Value.
    status:
        Complete, or Forbidden for an account that may not be looked into.
    metric:
        The metric behind it, if there is one.
    """

    id: str
    label: str
    times: np.ndarray
    values: np.ndarray
    messages: list[Message] = field(default_factory=list)
    status: str = "Complete"
    metric: Metric | None = None


@dataclass(slots=True)
class Asked:
    """A request: where, when, and how labels are written.

    Parameters
    ----------
    service, store:
        Whose metrics.
    now_us:
        The instant.
    bounds:
        Period in seconds -> (start, end) in microseconds, rounded as documented.
    filled_until_us:
        The end as it was asked for: FILL and TIME_SERIES fill no period that begins there or later.
    minutes:
        The labels' time zone, minutes ahead of UTC.
    shared:
        What other accounts share with this one; asked when a query needs it.
    """

    service: CloudWatch
    store: Store
    now_us: int
    bounds: Callable[[int], tuple[int, int]]
    filled_until_us: int
    minutes: int = 0
    shared: Callable[[], Sequence[Shared]] = lambda: ()

    def store_of(self, account: str | None, namespace: str) -> Store | None:
        """The store of an account, None for one that does not share this namespace."""
        if account is None or account == self.store.account:
            return self.store
        for one in self.shared():
            if one.store.account == account and one.shares(namespace):
                return one.store
        return None

    def label_of(self, account: str) -> str:
        """What an account is called here."""
        labels = (one.label for one in self.shared() if one.store.account == account)
        return account if account == self.store.account else next(labels, account)


def program_of(raw: Sequence[Mapping[str, Any]], operation: str) -> Program:
    """The queries as a program.

    Raises
    ------
    AwsError
        ValidationError with AWS's ``Error in expression 'e1': ...``; 501 for what a lab lacks.
    """
    from labkit.cloudwatch.engine.math.program import Program, QueryError
    from labkit.cloudwatch.engine.math.tree import MathUnavailable

    try:
        return Program(raw)
    except QueryError as problem:
        if isinstance(problem.problem, MathUnavailable):
            raise NotImplementedYet("cloudwatch", operation, str(problem.problem)) from problem
        raise AwsError("ValidationError", str(problem)) from problem


def lines(asked: Asked, raw: Sequence[Mapping[str, Any]], operation: str) -> list[Line]:
    """The answer to every query that returns data, in the order of the queries.

    Raises
    ------
    AwsError
        See :func:`program_of`; InvalidParameterValue for statistics that do not exist.
    """
    defaults = dict(zip((one["Id"] for one in raw), reading.default_labels(raw), strict=True))
    found: list[Line] = []
    if not any("Expression" in one for one in raw):
        for one in raw:
            if one.get("ReturnData") is not False:
                found.append(_plain(asked, one, defaults[one["Id"]]))
        return found
    program = program_of(raw, operation)
    readers: dict[int, Reader] = {}
    for one in raw:
        if one.get("ReturnData") is False:
            continue
        if "Expression" not in one:
            found.append(_plain(asked, one, defaults[one["Id"]]))
            continue
        period = program.period(one["Id"])
        reader = readers.get(period)
        if reader is None:
            reader = readers[period] = Reader(asked, program, period, defaults)
        found += reader.lines(one["Id"])
    return found


# -- a metric
def _plain(asked: Asked, raw: Mapping[str, Any], label: str) -> Line:
    given = raw["MetricStat"]
    metric, period = given["Metric"], given["Period"]
    statistic = reading.statistic(given["Stat"], "MetricStat.Stat")
    dimensions = sorted((one["Name"], one["Value"]) for one in metric.get("Dimensions", ()))
    series = Series(metric.get("Namespace", ""), metric.get("MetricName", ""), tuple(dimensions))
    store = asked.store_of(raw.get("AccountId"), series.namespace)
    line = Line(raw["Id"], label, *reading.nothing())
    line.metric = _metric(asked, series, given["Stat"], period, store or asked.store)
    if store is None:
        line.status = "Forbidden"
        return _labelled(asked, raw.get("Label"), line)
    start_us, end_us = asked.bounds(period)
    found = asked.service.read(
        store, series, given.get("Unit"), asked.now_us, start_us, end_us, period
    )
    line.messages += _several_units(found)
    if found:
        samples = found[0][1]
        windows = reading.windows(samples, start_us, end_us, period * SECOND)
        values = statistic.columns(samples, windows, windows + period * SECOND)
        kept = values == values
        line.times, line.values = windows[kept], values[kept]
    return _labelled(asked, raw.get("Label"), line)


def _several_units(found: Sequence[tuple[str, Samples]]) -> list[Message]:
    if len(found) < 2:
        return []
    names = ", ".join(unit for unit, _ in found)
    return [{"Code": "MultipleUnits", "Value": f"Multiple units returned: '[{names}]'"}]


def _metric(asked: Asked, series: Series, stat: str, period: int, store: Store) -> Metric:
    from labkit.cloudwatch.engine.math.values import Metric

    label = "" if store is asked.store else asked.label_of(store.account)
    return Metric(
        series.namespace, series.name, series.dimensions, stat, period, store.account,
        store.region, label,
    )  # fmt: skip


def _labelled(asked: Asked, wanted: str | None, line: Line) -> Line:
    """The line with the label that was asked for, dynamic values put in."""
    if wanted is None:
        return line
    if "${" not in wanted:
        line.label = wanted
        return line
    from labkit.cloudwatch.engine.labels import Shown, written

    shown = Shown(line.label, line.times, line.values, line.metric, asked.now_us, asked.minutes)
    line.label = written(wanted, shown)
    return line


# -- expressions
class Reader:
    """The metrics of a program for the computing of its expressions with one period.

    Parameters
    ----------
    asked:
        The request.
    program:
        Its queries.
    period:
        Seconds.
    defaults:
        Id -> default label.
    """

    def __init__(
        self, asked: Asked, program: Program, period: int, defaults: Mapping[str, str]
    ) -> None:
        self._asked = asked
        self._program = program
        self._period = period
        self._defaults = defaults
        self._start_us, self._end_us = asked.bounds(period)
        self._end_us = min(self._end_us, asked.now_us + AHEAD_US)
        self._leaves: dict[str, Leaf] = {}
        self._recent: list[Member] | None = None
        self._bands = any(program.uses(id_, "ANOMALY_DETECTION_BAND") for id_ in program.queries)
        self.messages: list[Message] = []
        self._made: Any = None

    @property
    def _frame(self) -> Any:
        """The frame, made when first asked for."""
        if self._made is None:
            import numpy as np

            from labkit.cloudwatch.engine.math.frame import Frame

            now_us, step = self._asked.now_us, self._period * SECOND
            until = min(now_us, self._asked.filled_until_us)
            oldest = reading.oldest_readable(now_us, self._period)
            skipped = max((oldest - self._start_us) // step, 0)
            count = max(-(-(self._end_us - self._start_us) // step) - skipped, 1)
            starts = self._start_us + (skipped + np.arange(count, dtype=np.int64)) * step
            self._made = Frame(self._program, self, starts[None, :], step, now_us=until)
        return self._made

    def lines(self, id_: str) -> list[Line]:
        """The result of one expression: one line, or one for each series of an array."""
        from labkit.cloudwatch.engine.math.tree import MathError, MathUnavailable
        from labkit.cloudwatch.engine.math.values import Array

        query = self._program.queries[id_]
        self.messages = []
        try:
            value: Value = self._frame.value(id_)
        except MathUnavailable as problem:
            raise NotImplementedYet("cloudwatch", "GetMetricData", str(problem)) from problem
        except MathError as problem:
            told = f"Error in expression '{id_}': {problem}"
            raise AwsError("ValidationError", told) from problem
        several = isinstance(value, Array)
        members: Iterable[Any] = value.members if isinstance(value, Array) else (value,)
        found = [self._line(query, one, several) for one in members]
        if found:
            found[0].messages += self.messages
        return found

    def _line(self, query: Query, series: TimeSeries, several: bool) -> Line:
        import numpy as np

        values = series.values[0]
        kept = ~np.isnan(values)
        line = Line(query.id, query.id, self._frame.starts[0][kept], values[kept])
        line.metric = series.metric
        if not several:
            return _labelled(self._asked, query.label, line)
        line.label = series.label or query.id
        if query.label and "${" not in query.label:
            line.label = f"{query.label} {series.label}".rstrip()
            return line
        return _labelled(self._asked, query.label or None, line)

    # -- what a frame asks for
    def metric(self, id_: str) -> Leaf:
        """The metric of a query, with its history where a band may want it."""
        leaf = self._leaves.get(id_)
        if leaf is None:
            query = self._program.queries[id_]
            spec = query.metric
            assert spec is not None
            store = self._asked.store_of(query.account, spec.namespace)
            series = Series(spec.namespace, spec.name, spec.dimensions)
            leaf = self._leaves[id_] = self._read(
                store, series, spec.stat, spec.unit, self._defaults[id_], history=self._bands
            )
        return leaf

    def _read(
        self,
        store: Store | None,
        series: Series,
        stat: str,
        unit: str | None,
        label: str,
        *,
        history: bool = False,
    ) -> Leaf:
        from labkit.cloudwatch.engine.math.frame import Leaf
        from labkit.cloudwatch.engine.samples import Samples

        statistic = reading.statistic(stat, "MetricStat.Stat")
        metric = _metric(self._asked, series, stat, self._period, store or self._asked.store)
        if store is None:
            return Leaf(metric, statistic, Samples.empty(), label)
        now_us, service = self._asked.now_us, self._asked.service
        found = service.read(
            store, series, unit, now_us, self._start_us, self._end_us, self._period
        )
        self.messages += _several_units(found)
        samples = found[0][1] if found else Samples.empty()
        known_unit = found[0][0] if found else (unit or "")
        past: Samples | None = None
        if history:
            since = self._start_us - RECENT_US - DAY
            wanted = unit or (known_unit if len(found) > 1 else None)
            older = service.history(store, series, wanted, now_us, since, self._end_us)
            past = older[0][1] if older else Samples.empty()
            known_unit = older[0][0] if older else known_unit
        return Leaf(metric, statistic, samples, label, known_unit, past)

    def _active(self) -> list[Member]:
        """The metrics with points in the last two weeks, those of linked accounts too, in order."""
        if self._recent is None:
            asked = self._asked
            oldest = asked.now_us - RECENT_US
            found = [
                (series, asked.store)
                for series in asked.service.series(asked.store, asked.now_us, oldest)
            ]
            for one in asked.shared():
                found += [
                    (series, one.store)
                    for series in asked.service.series(one.store, asked.now_us, oldest)
                    if one.shares(series.namespace)
                ]
            found.sort(key=lambda pair: (pair[0], pair[1].account))
            self._recent = found
        return self._recent

    def search(self, text: str, stat: str, period: int) -> Sequence[Leaf]:
        """The metrics that a SEARCH finds, at most as many as the quota says."""
        from labkit.cloudwatch.engine.labels import found_labels
        from labkit.cloudwatch.engine.search import Candidate, parse_search

        wanted = parse_search(text)
        most = quota("math.search_series")
        found = [
            (one, store)
            for one, store in self._active()
            if wanted.finds(Candidate(one.namespace, one.name, dict(one.dimensions), store.account))
        ]
        if len(found) > most:
            self.messages.append(
                {
                    "Code": "MaxMetricsExceeded",
                    "Value": "Maximum number of allowed metrics exceeded: "
                    f"{len(found)} found, {most} returned",
                }
            )
            found = found[:most]
        labels = found_labels([(one.namespace, one.name, one.dimensions) for one, _ in found])
        if len({store.account for _, store in found}) > 1:
            owners = [self._asked.label_of(store.account) for _, store in found]
            labels = [" ".join(pair) for pair in zip(owners, labels, strict=True)]
        return [
            self._read(store, series, stat, None, label)
            for (series, store), label in zip(found, labels, strict=True)
        ]

    def pooled(self, query: Insights, period: int) -> Sequence[Leaf]:
        """The groups of a Metrics Insights query, their observations pooled."""
        groups = select(query, self._active(), self.messages)
        now_us = self._asked.now_us
        start_us = max(self._start_us, now_us - RECENT_US)
        return pool(
            query,
            groups,
            lambda member: [
                samples
                for _, samples in self._asked.service.read(
                    member[1], member[0], None, now_us, start_us, self._end_us, max(period, 60)
                )
            ],
        )

    def detector(self, id_: str | None) -> Configuration:
        """How the band of a query is trained: as PutAnomalyDetector said, if it did."""
        return detector_of(self._asked.store, self._program, id_)

    def quota(self, metric: Metric) -> float | None:
        """The service quota behind a usage metric."""
        return usage_quota(metric)

    def rule(
        self, name: str, metric: str, start_us: int, end_us: int, step_us: int
    ) -> dict[int, float]:
        """A metric of a Contributor Insights rule."""
        return rule_metric(self._asked.store, name, metric, start_us, end_us, step_us)
