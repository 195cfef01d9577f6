"""Metric math in rows: ``calc("m1 + m2", m1="1 2 -", m2="- 5 -")`` is ``"1 7 -"``.

A row has one point for each minute from Monday 2026-01-05T09:00Z on, ``-`` for a missing one. A
series comes back as such a row, an array as a list of them, and a number through TIME_SERIES.
"""

from __future__ import annotations

import numpy as np

from labkit.cloudwatch.engine.anomaly import Configuration
from labkit.cloudwatch.engine.math.frame import Frame, Leaf
from labkit.cloudwatch.engine.math.program import Program
from labkit.cloudwatch.engine.math.values import Array, Metric, TimeSeries
from labkit.cloudwatch.engine.samples import Samples
from labkit.cloudwatch.engine.statistics import parse_statistic

SECOND = 1_000_000
MINUTE = 60 * SECOND
START = 1_767_603_600 * SECOND  # 2026-01-05T09:00:00Z, a Monday


def numbers(row):
    return [None if mark == "-" else float(mark) for mark in row.split()]


def row_of(values):
    return " ".join("-" if np.isnan(one) else f"{round(one, 6):g}" for one in values)


def samples_of(row, period_us=MINUTE, start=START):
    values = numbers(row)
    at = [start + i * period_us for i, one in enumerate(values) if one is not None]
    kept = [one for one in values if one is not None]
    return Samples(np.array(at, dtype=np.int64), np.array(kept, dtype=np.float64))


def query(id_, period=60, namespace="N", name="", **more):
    metric = {"Namespace": namespace, "MetricName": name or id_}
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}, **more}


class Rows:
    """Sources whose metrics are rows."""

    def __init__(self, program, rows, found=(), quotas=None):
        self.program, self.rows, self.found, self.quotas = program, rows, found, quotas or {}

    def metric(self, id_):
        spec = self.program.queries[id_].metric
        samples = samples_of(self.rows[id_], spec.period * SECOND)
        metric = Metric(spec.namespace, spec.name, spec.dimensions, spec.stat, spec.period)
        return Leaf(metric, parse_statistic(spec.stat), samples, label=id_)

    def search(self, text, stat, period):
        metric = Metric("N", "found", (), stat, period)
        return [
            Leaf(metric, parse_statistic(stat), samples_of(row), label=f"s{i}")
            for i, row in enumerate(self.found)
        ]

    def pooled(self, query, period):
        return []

    def detector(self, id_):
        return Configuration()

    def quota(self, metric):
        return self.quotas.get(metric.name)

    def rule(self, name, metric, start_us, end_us, step_us):
        return {start_us: 3.0, start_us + 2 * step_us: 5.0}


def computed(expression, *, found=(), quotas=None, periods=None, spaces=None, now=None, **rows):
    """The value of an expression over rows."""
    periods, spaces = periods or {}, spaces or {}
    raw = [query(id_, periods.get(id_, 60), spaces.get(id_, "N")) for id_ in rows]
    program = Program([*raw, {"Id": "result", "Expression": expression}])
    step = program.period("result") * SECOND if rows else MINUTE
    length = max(
        [len(row.split()) * periods.get(id_, 60) for id_, row in rows.items()]
        + [len(row.split()) * 60 for row in found] + [60]
    )  # fmt: skip
    starts = START + np.arange(length * SECOND // step, dtype=np.int64) * step
    until = None if now is None else START + now * MINUTE
    frame = Frame(program, Rows(program, rows, found, quotas), starts[None, :], step, now_us=until)
    return frame.value("result")


def calc(expression, **more):
    """The same, in rows."""
    value = computed(expression, **more)
    if isinstance(value, TimeSeries):
        return row_of(value.values[0])
    assert isinstance(value, Array)
    return [row_of(one.values[0]) for one in value.members]


def number(expression, **rows):
    """The value of an expression that comes to a number."""
    (value,) = set(calc(f"TIME_SERIES({expression})", **rows).split())
    return None if value == "-" else float(value)


def labels(expression, **more):
    """The labels of the series that an expression comes to."""
    return [one.label for one in computed(expression, **more).members]
