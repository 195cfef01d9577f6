"""The metrics of an alarm on an expression, for the engine: points that have not arrived included.

The evaluator looks ahead, so what it reads are the points of a whole day with their arrivals; a
tick sees those that have arrived by then (:class:`engine.math.frame.Frame`, ``visible_at``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from labkit.cloudwatch import reading
from labkit.cloudwatch.pooling import detector_of, pool, select, usage_quota
from labkit.cloudwatch.store import Store
from labkit.core.clock import DAY, HOUR
from labkit.core.sources import Series

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.anomaly import Configuration
    from labkit.cloudwatch.engine.insights import Insights
    from labkit.cloudwatch.engine.math.frame import Leaf
    from labkit.cloudwatch.engine.math.values import Metric
    from labkit.cloudwatch.engine.samples import Samples
    from labkit.cloudwatch.engine.watched import Watch

#: A band is trained on two weeks before a training, and these are three hours apart.
HISTORY_US = 14 * DAY + 3 * HOUR

ReadSamples = Callable[[Series, str | None, int, int, str | None], "Samples"]


class AlarmSources:
    """What an alarm's expressions are made of, between two instants.

    Parameters
    ----------
    store:
        Whose metrics.
    watch:
        What the alarm watches.
    read:
        ``read(series, unit, start_us, end_us, account)``: the points of a metric; an account of
        None is the alarm's own.
    active:
        The metrics that there are, for Metrics Insights; asked when needed.
    start_us, end_us:
        The stretch that the alarm looks at.
    """

    def __init__(
        self,
        store: Store,
        watch: Watch,
        read: ReadSamples,
        active: Callable[[], Sequence[Series]],
        start_us: int,
        end_us: int,
    ) -> None:
        self._store = store
        self._watch = watch
        self._read = read
        self._active = active
        self._start_us = start_us
        self._end_us = end_us
        self._leaves: dict[str, Leaf] = {}
        self._pooled: dict[Insights, Sequence[Leaf]] = {}

    def samples(self) -> Samples:
        """The points of all metrics of the alarm, in order of time."""
        from labkit.cloudwatch.engine.samples import Samples

        found: list[Samples] = []
        for query in self._watch.program.queries.values():
            if query.metric is not None:
                found.append(self.metric(query.id).samples)
            elif query.insights is not None:
                found += [leaf.samples for leaf in self.pooled(query.insights, 60)]
        return Samples.merge([one.slice(self._start_us, self._end_us) for one in found])

    def metric(self, id_: str) -> Leaf:
        """The metric of a query, with two weeks before where a band is trained on it."""
        leaf = self._leaves.get(id_)
        if leaf is None:
            leaf = self._leaves[id_] = self._made(id_)
        return leaf

    def _made(self, id_: str) -> Leaf:
        from labkit.cloudwatch.engine.math.frame import Leaf
        from labkit.cloudwatch.engine.math.values import Metric

        query = self._watch.program.queries[id_]
        spec = query.metric
        assert spec is not None
        series = Series(spec.namespace, spec.name, spec.dimensions)
        bands = self._watch.uses_bands
        since = self._start_us - (HISTORY_US if bands else 0)
        samples = self._read(series, spec.unit, since, self._end_us, query.account)
        metric = Metric(
            spec.namespace, spec.name, spec.dimensions, spec.stat, spec.period,
            query.account or self._store.account, self._store.region,
        )  # fmt: skip
        statistic = reading.statistic(spec.stat, "MetricStat.Stat")
        unit = spec.unit or self._unit(series)
        return Leaf(metric, statistic, samples, id_, unit, samples if bands else None)

    def _unit(self, series: Series) -> str:
        column = self._store.columns.get(series)
        names = column.unit_names() if column is not None else []
        if names:
            return names[0]
        for source in self._store.service.sources(self._store):
            if source.has(self._store.account, self._store.region, series):
                made = source.points(
                    self._store.account, self._store.region, series, self._start_us, self._end_us
                )
                return made.unit
        return ""

    def search(self, text: str, stat: str, period: int) -> Sequence[Leaf]:
        """Nothing: PutMetricAlarm refuses a SEARCH."""
        return ()

    def pooled(self, query: Insights, period: int) -> Sequence[Leaf]:
        """The groups of a Metrics Insights query, their observations pooled."""
        found = self._pooled.get(query)
        if found is None:
            members = [(series, self._store) for series in self._active()]
            groups = select(query, members, [])
            found = self._pooled[query] = pool(
                query,
                groups,
                lambda member: [self._read(member[0], None, self._start_us, self._end_us, None)],
            )
        return found

    def detector(self, id_: str | None) -> Configuration:
        """How the band of a query is trained."""
        return detector_of(self._store, self._watch.program, id_)

    def quota(self, metric: Metric) -> float | None:
        """The service quota behind a usage metric."""
        return usage_quota(metric)

    def rule(
        self, name: str, metric: str, start_us: int, end_us: int, step_us: int
    ) -> dict[int, float]:
        """No alarm can use it: PutMetricAlarm refuses it."""
        from labkit.cloudwatch.engine.math.tree import MathUnavailable

        raise MathUnavailable("alarms on INSIGHT_RULE_METRIC are not there")
