"""What an alarm looks at: the points of one metric, or an expression over several.

Both answer the same two questions: what is decided at each of these ticks (as a column, for the
clock that looks ahead), and which periods did one tick look at (for the explanation).

An expression is computed for all ticks at once, a row of periods for each (see :mod:`math.values`).
A row holds the evaluation range and nothing else, so ``m1 - AVG(m1)`` means what it means on AWS,
where an alarm fetches a few points and no more. SORT and its kin, whose very types depend on the
data of a row, are computed tick by tick.

A band compares period by period. Where there is no band (the model has had nothing to train on)
there is nothing to compare with, and the datapoint counts as missing.

A Metrics Insights query with GROUP BY makes several series, each decided by itself: the alarm is in
ALARM when one of them is, else OK when one of them is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from labkit.cloudwatch.engine import columns
from labkit.cloudwatch.engine.evaluation import (
    AlarmRule,
    Evaluation,
    Period,
    evaluate,
    evaluate_series,
)
from labkit.cloudwatch.engine.math.frame import Frame, Sources
from labkit.cloudwatch.engine.math.program import Program
from labkit.cloudwatch.engine.math.values import Array, Floats, Ints, TimeSeries, Value
from labkit.cloudwatch.engine.samples import Samples

#: Rows times periods that are computed at once; more are taken in parts.
_AT_ONCE = 400_000


@dataclass(frozen=True, slots=True)
class Watch:
    """What an alarm on an expression watches.

    Parameters
    ----------
    program:
        Its queries.
    id:
        The query that is compared.
    band:
        The query that it is compared with; None for a fixed threshold.
    """

    program: Program
    id: str
    band: str | None = None

    @property
    def uses_bands(self) -> bool:
        """Whether it needs two weeks of data to be trained on."""
        return any(self.program.uses(id_, "ANOMALY_DETECTION_BAND") for id_ in self.program.queries)

    @property
    def label(self) -> str:
        """The name of what is compared."""
        query = self.program.queries[self.id]
        return query.label or self.id


class Window:
    """The periods that one tick looked at, for whoever wants it explained."""

    #: Id of a sub-metric -> its values in the periods, oldest first.
    parts: dict[str, tuple[float | None, ...]]
    #: Of an alarm on several series: what tells each apart, in the order of the contributors.
    attributes: tuple[dict[str, str], ...] = ()

    def evaluation(self, rule: AlarmRule, tick_us: int, state: str) -> Evaluation:
        """The evaluation of these periods."""
        raise NotImplementedError


class MetricWindow(Window):
    """Points of one metric."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self.parts = {}

    def evaluation(self, rule: AlarmRule, tick_us: int, state: str) -> Evaluation:
        """The evaluation of the periods that these points make at a tick."""
        return evaluate(rule, columns.window_at(rule, self.samples, tick_us), state)


class ExpressionWindow(Window):
    """Periods of an expression, one row for each of its series."""

    def __init__(
        self,
        series: Sequence[tuple[str, tuple[Period, ...]]],
        parts: dict[str, tuple[float | None, ...]],
        several: bool,
        attributes: Sequence[dict[str, str]] = (),
    ) -> None:
        self.series = tuple(series)
        self.parts = parts
        self.attributes = tuple(attributes)
        self._several = several

    def evaluation(self, rule: AlarmRule, tick_us: int, state: str) -> Evaluation:
        """The evaluation of the series; of several, what they come to together."""
        if not self._several:
            return evaluate(rule, self.series[0][1], state)
        return evaluate_series(rule, self.series, state, tick_us)


class WatchedMetric:
    """One metric."""

    def __init__(self, rule: AlarmRule, samples: Samples) -> None:
        self._rule = rule
        self._samples = samples

    def decisions(self, ticks: Ints) -> np.ndarray:
        """The decision at each tick, int8[T]."""
        return columns.decisions(self._rule, self._samples, ticks)

    def window(self, tick_us: int) -> Window:
        """What the evaluation at a tick looks at; it keeps nothing else alive."""
        since = tick_us - columns.lookback_us(self._rule)
        return MetricWindow(self._samples.slice(since, tick_us).detached())


@dataclass(frozen=True, slots=True)
class _Row:
    """A series on all ticks: float64[T, R] each, oldest period first."""

    label: str
    values: Floats
    lower: Floats | None
    upper: Floats | None
    attributes: dict[str, str] = field(default_factory=dict)


class WatchedExpression:
    """An expression.

    Parameters
    ----------
    rule:
        The alarm's rule.
    watch:
        What it watches.
    sources:
        The metrics, with what had not arrived yet.
    samples:
        The points of all of them: they say how old a period's newest point is.
    """

    def __init__(self, rule: AlarmRule, watch: Watch, sources: Sources, samples: Samples) -> None:
        self._rule = rule
        self._watch = watch
        self._sources = sources
        self._samples = samples
        query = watch.program.queries[watch.id]
        self._several = query.insights is not None and bool(query.insights.group)
        self._by_row = all(
            watch.program.by_row(id_) for id_ in (watch.id, watch.band) if id_ is not None
        )

    def decisions(self, ticks: Ints) -> np.ndarray:
        """The decision at each tick, int8[T]."""
        size = max(_AT_ONCE // self._rule.evaluation_range, 1)
        parts = [self._decided(ticks[i : i + size]) for i in range(0, len(ticks), size)]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int8)

    def _decided(self, ticks: Ints) -> np.ndarray:
        rule, rows = self._rule, self._rows(ticks)
        if not rows:
            return np.full(len(ticks), columns.without_data(rule), dtype=np.int8)
        made = []
        for row in rows:
            values, lower, upper = self._compared(row)
            real = ~np.isnan(values)
            breach = columns.compare(rule, values, lower, upper) & real
            made.append(
                columns.decide(
                    rule, self._samples, ticks, real.T[::-1].copy(), breach.T[::-1].copy()
                )
            )
        return made[0] if len(made) == 1 else columns.together(np.stack(made))

    def _compared(self, row: _Row) -> tuple[Floats, Floats | None, Floats | None]:
        """The values of a row, missing where there is no band to compare them with."""
        if row.lower is None or row.upper is None:
            return row.values, None, None
        bare = np.isnan(row.lower) | np.isnan(row.upper)
        return np.where(bare, np.nan, row.values), row.lower, row.upper

    def _starts(self, ticks: Ints) -> Ints:
        back = np.arange(self._rule.evaluation_range, 0, -1, dtype=np.int64)
        starts: Ints = ticks[:, None] - back[None, :] * self._rule.period_us
        return starts

    def _frame(self, ticks: Ints) -> Frame:
        return Frame(
            self._watch.program, self._sources, self._starts(ticks), self._rule.period_us,
            visible_at=ticks,
        )  # fmt: skip

    def _rows(self, ticks: Ints) -> list[_Row]:
        if self._by_row or len(ticks) == 1:
            return self._of(self._frame(ticks))
        singles = [self._of(self._frame(ticks[i : i + 1])) for i in range(len(ticks))]

        def joined(pick: Callable[[_Row], Floats | None]) -> Floats | None:
            parts = [pick(rows[0]) for rows in singles]
            return None if parts[0] is None else np.concatenate(parts)  # type: ignore[arg-type]

        values = joined(lambda row: row.values)
        assert values is not None
        return [_Row("", values, joined(lambda row: row.lower), joined(lambda row: row.upper))]

    def _of(self, frame: Frame) -> list[_Row]:
        lower = upper = None
        if self._watch.band is not None:
            band = frame.value(self._watch.band)
            assert isinstance(band, Array)
            lower, upper = band.members[0].values, band.members[-1].values
        value: Value = frame.value(self._watch.id)
        members = value.members if isinstance(value, Array) else (value,)
        return [
            _Row(one.label, one.values, lower, upper, _attributes(one))
            for one in members
            if isinstance(one, TimeSeries)
        ]

    def window(self, tick_us: int) -> Window:
        """What the evaluation at a tick looks at, sub-metrics included."""
        ticks = np.full(1, tick_us, dtype=np.int64)
        frame = self._frame(ticks)
        starts = frame.starts[0].tolist()
        ages = columns.ages(
            self._rule, self._samples, np.repeat(ticks, len(starts)),
            frame.starts[0] + self._rule.period_us,
        ).tolist()  # fmt: skip
        series = []
        rows = self._of(frame)
        for row in rows:
            values, lower, upper = self._compared(row)
            series.append(
                (
                    row.label,
                    tuple(
                        Period(
                            starts[k], _number(values, k), 1.0, ages[k],
                            _number(lower, k), _number(upper, k),
                        )
                        for k in range(len(starts))
                    ),
                )
            )  # fmt: skip
        attributes = [row.attributes for row in rows] if self._several else ()
        return ExpressionWindow(series, self._parts(frame), self._several, attributes)

    def _parts(self, frame: Frame) -> dict[str, tuple[float | None, ...]]:
        """The values of the other queries that the expression is made of."""
        wanted: dict[str, None] = {}
        for id_ in (self._watch.id, self._watch.band):
            if id_ is not None:
                wanted |= dict.fromkeys(one.id for one in self._watch.program.closure(id_))
        parts = {}
        for id_ in self._watch.program.queries:
            value = frame.value(id_) if id_ in wanted and id_ != self._watch.id else None
            if isinstance(value, TimeSeries):
                parts[id_] = _numbers(value)
            elif isinstance(value, Array) and id_ == self._watch.band:
                parts |= {f"{id_} {one.label}": _numbers(one) for one in value.members}
        return parts


def _attributes(series: TimeSeries) -> dict[str, str]:
    """What tells a series of several apart: the dimensions that it was grouped by."""
    return dict(series.metric.dimensions) if series.metric is not None else {}


def _numbers(series: TimeSeries) -> tuple[float | None, ...]:
    return tuple(_number(series.values, k) for k in range(series.values.shape[1]))


def _number(values: Floats | None, k: int) -> float | None:
    if values is None or np.isnan(values[0, k]):
        return None
    return float(values[0, k])


Watched = WatchedMetric | WatchedExpression
