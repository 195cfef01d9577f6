"""A frame: the periods that expressions are computed for, and the computing of them.

One frame serves one request (one row of periods, from the start of the request to its end) or all
ticks of an alarm (a row for each tick). What the expressions are made of, the metrics, comes from
:class:`Sources`: samples, already read; a frame asks nobody outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from labkit.cloudwatch.engine import anomaly
from labkit.cloudwatch.engine.insights import Insights
from labkit.cloudwatch.engine.math.functions import FUNCTIONS
from labkit.cloudwatch.engine.math.operators import negate, operate
from labkit.cloudwatch.engine.math.tree import (
    Call,
    Listed,
    MathError,
    Name,
    Negative,
    Node,
    Number,
    Operation,
    Text,
    Word,
)
from labkit.cloudwatch.engine.math.values import (
    Array,
    Floats,
    Ints,
    Keyword,
    Metric,
    Scalar,
    Strings,
    TimeSeries,
    Value,
    kind,
)
from labkit.cloudwatch.engine.samples import Samples
from labkit.cloudwatch.engine.statistics import Statistic

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.program import Program

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A metric as it was read: what expressions are made of.

    Parameters
    ----------
    metric:
        Its identity, statistic and period.
    statistic:
        The statistic, parsed.
    samples:
        The points that a reader may see.
    label:
        Its name in results.
    unit:
        CloudWatch's word for the unit; a band of percentages stays between 0 and 100.
    history:
        Also the points of the two weeks before, for the training of a band; None where none was
        asked for.
    """

    metric: Metric
    statistic: Statistic
    samples: Samples
    label: str = ""
    unit: str = ""
    history: Samples | None = None


class Sources(Protocol):
    """Where a frame's metrics come from."""

    def metric(self, id_: str) -> Leaf:
        """The metric that the query ``id_`` asks for."""

    def search(self, text: str, stat: str, period: int) -> Sequence[Leaf]:
        """The metrics that a SEARCH finds."""

    def pooled(self, query: Insights, period: int) -> Sequence[Leaf]:
        """What a Metrics Insights query selects: a leaf for each group, observations pooled."""

    def detector(self, id_: str | None) -> anomaly.Configuration:
        """How the band of the query ``id_`` (None: of an expression in place) is trained."""

    def quota(self, metric: Metric) -> float | None:
        """The service quota behind a usage metric."""

    def rule(
        self, name: str, metric: str, start_us: int, end_us: int, step_us: int
    ) -> Mapping[int, float]:
        """A metric of a Contributor Insights rule: start of a period -> value."""


class Frame:
    """Expressions of a program on given periods.

    Parameters
    ----------
    program:
        The queries, parsed.
    sources:
        Their metrics.
    starts:
        int64[b, n]: where each period begins.
    step_us:
        How long each is.
    visible_at:
        int64[b]: a row sees only what has arrived by then; None for everything.
    now_us:
        Periods that begin later are not filled; None when all have begun.
    trained:
        Whether the metrics' histories are read instead of what a reader may see.
    """

    def __init__(
        self,
        program: Program,
        sources: Sources,
        starts: Ints,
        step_us: int,
        *,
        visible_at: Ints | None = None,
        now_us: int | None = None,
        trained: bool = False,
    ) -> None:
        self.program = program
        self.sources = sources
        self.starts = starts
        self.step_us = step_us
        self.shape: tuple[int, int] = starts.shape
        self._visible_at = visible_at
        self._now_us = now_us
        self._trained = trained
        self._made: dict[str, Value] = {}
        self.span = np.ones((1, starts.shape[1]), dtype=bool)
        if now_us is not None:
            self.span = starts[:1] < now_us
        self.begun = int(self.span.sum())

    # -- names
    def value(self, id_: str) -> Value:
        """The value of a query, computed once."""
        found = self._made.get(id_)
        if found is None:
            found = self._made[id_] = self._compute(id_)
        return found

    def _compute(self, id_: str) -> Value:
        query = self.program.queries[id_]
        if query.metric is not None:
            return self.series(self.sources.metric(id_), direct=True)
        if query.insights is not None:
            return self._insights(query.insights)
        assert query.tree is not None
        return self.evaluate(query.tree)

    def series(self, leaf: Leaf, *, direct: bool = False) -> TimeSeries:
        """The statistic of a metric in every period of the frame."""
        samples = leaf.samples
        if self._trained and leaf.history is not None:
            samples = leaf.history
        starts, seen = self.starts.ravel(), None
        if self._visible_at is not None and samples.arrivals is not None:
            seen = np.repeat(self._visible_at, self.shape[1])
            values = leaf.statistic.columns(samples, starts, starts + self.step_us, seen)
        elif self.shape[0] > 1:  # the rows of ticks overlap: each period once
            once, back = np.unique(starts, return_inverse=True)
            values = leaf.statistic.columns(samples, once, once + self.step_us)[back]
        else:
            values = leaf.statistic.columns(samples, starts, starts + self.step_us)
        return TimeSeries(values.reshape(self.shape), leaf.label, leaf.metric, direct)

    def metrics(self, part: str) -> Array:
        """METRICS(): the metrics of the request whose Ids hold ``part``."""
        members = [
            self.value(query.id)
            for query in self.program.queries.values()
            if query.metric is not None and part in query.id
        ]
        return Array(tuple(one for one in members if isinstance(one, TimeSeries)))

    def rule(self, name: str, metric: str) -> TimeSeries:
        """A metric of a Contributor Insights rule in every period of the frame."""
        values = np.full(self.shape, np.nan)
        first, end = int(self.starts.min()), int(self.starts.max()) + self.step_us
        known = self.sources.rule(name, metric, first, end, self.step_us)
        for at_us, value in known.items():
            values[self.starts == at_us] = value
        return TimeSeries(values)

    def search(self, text: str, stat: str) -> Array:
        """What a SEARCH finds, as series on the periods of this frame."""
        leaves = self.sources.search(text, stat, self.step_us // SECOND)
        return Array(tuple(self.series(leaf) for leaf in leaves))

    # -- trees
    def evaluate(self, node: Node) -> Value:
        """The value of a part of an expression.

        Raises
        ------
        MathError
            When types do not fit.
        """
        if isinstance(node, Number):
            return Scalar(np.full((self.shape[0], 1), node.value))
        if isinstance(node, Name):
            return self.value(node.name)
        if isinstance(node, Text):
            return Strings((node.text,))
        if isinstance(node, Word):
            return Keyword(node.word)
        if isinstance(node, Negative):
            return negate(self.evaluate(node.operand), node.at)
        if isinstance(node, Operation):
            left, right = self.evaluate(node.left), self.evaluate(node.right)
            return operate(node.operator, left, right, node.at)
        if isinstance(node, Listed):
            return self._listed(node)
        assert isinstance(node, Call)
        return FUNCTIONS[node.function].call(self, node)

    def _listed(self, node: Listed) -> Value:
        values = [self.evaluate(item) for item in node.items]
        if values and all(isinstance(one, Strings) for one in values):
            texts = [one.texts[0] for one in values if isinstance(one, Strings)]
            return Strings(tuple(texts), listed=True)
        members: list[TimeSeries] = []
        for one, item in zip(values, node.items, strict=True):
            if isinstance(one, TimeSeries):
                members.append(one)
            elif isinstance(one, Array):
                members.extend(one.members)
            else:
                raise MathError(f"an array holds time series, not '{kind(one)}'", item.at)
        return Array(tuple(members))

    def call_function(self, name: str, array: Array) -> list[Scalar]:
        """A function of one series, for each member of an array: the keys of SORT."""
        apply = FUNCTIONS[name].apply
        return [one for member in array.members if isinstance(one := apply(self, member), Scalar)]

    # -- Metrics Insights
    def _insights(self, query: Insights) -> Value:
        leaves = self.sources.pooled(query, self.step_us // SECOND)
        series = [self.series(leaf) for leaf in leaves]
        if not query.group:
            return series[0] if series else TimeSeries(np.full(self.shape, np.nan))
        members = query.ordered(series)
        return Array(tuple(members))

    # -- bands
    def band(self, node: Node, width: float, at: int) -> Array:
        """The band of normal values around a part of an expression, lower and upper.

        Each period gets the model that was trained last before it: the newest multiple of
        ``anomaly.RETRAINED_US``.
        """
        step = self.step_us
        if not 60 * SECOND <= step <= 3600 * SECOND:
            raise MathError("a band needs periods between one minute and one hour", at)
        shortest, longest = int(self.starts.min()), int(self.starts.max())
        every = anomaly.RETRAINED_US
        first = shortest - shortest % every
        name = node.name if isinstance(node, Name) else None
        configuration = self.sources.detector(name)
        history = np.arange(
            first - configuration.window_us, longest - longest % every, step, dtype=np.int64
        )
        lower, upper = np.full(self.shape, np.nan), np.full(self.shape, np.nan)
        if not self._trained and len(history):
            frame = Frame(self.program, self.sources, history[None, :], step, trained=True)
            value = frame.evaluate(node)
            if isinstance(value, TimeSeries):
                percent = self._unit(node) == "Percent"
                self._draw(history, value.values[0], configuration, width, percent, lower, upper)
        return Array((TimeSeries(lower, "lower"), TimeSeries(upper, "upper")))

    def _draw(
        self,
        history: Ints,
        values: Floats,
        configuration: anomaly.Configuration,
        width: float,
        percent: bool,
        lower: Floats,
        upper: Floats,
    ) -> None:
        trained_at = self.starts - self.starts % anomaly.RETRAINED_US
        for moment in np.unique(trained_at).tolist():
            known = history + self.step_us <= moment
            known &= history >= moment - configuration.window_us
            model = anomaly.train(history[known], values[known], configuration, percent=percent)
            if model is None:
                continue
            here = trained_at == moment
            starts = self.starts[here]
            low, high = model.band(starts, width)
            # An alarm's periods slide over the hours: one that is partly in the next hour may be
            # as that hour is.
            low_end, high_end = model.band(starts + self.step_us - 1, width)
            lower[here], upper[here] = np.minimum(low, low_end), np.maximum(high, high_end)

    def _unit(self, node: Node) -> str:
        if not isinstance(node, Name) or self.program.queries[node.name].metric is None:
            return ""
        return self.sources.metric(node.name).unit
