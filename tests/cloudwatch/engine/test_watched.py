"""Alarms on expressions: what is decided for all ticks at once is what one tick explains."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from mathrows import query

from labkit.cloudwatch.engine import columns
from labkit.cloudwatch.engine.anomaly import Configuration
from labkit.cloudwatch.engine.evaluation import AlarmRule
from labkit.cloudwatch.engine.math.frame import Leaf
from labkit.cloudwatch.engine.math.program import Program
from labkit.cloudwatch.engine.math.values import Metric
from labkit.cloudwatch.engine.samples import Samples
from labkit.cloudwatch.engine.statistics import parse_statistic
from labkit.cloudwatch.engine.watched import Watch, WatchedExpression

MINUTE = 60_000_000
TICKS = 30
EXPRESSIONS = (
    "m1", "m1 + m2", "m1 - AVG(m1)", "FILL(m1, 2)", "FILL(m1, REPEAT)", "IF(m1 > m2, m1)",
    "FIRST(SORT([m1, m2], MAX, DESC))", "SUM(REMOVE_EMPTY([m1, m2]))", "RATE(m1) * 60",
    "RUNNING_SUM(m1)", "MAX([m1, m2])",
)  # fmt: skip


class Points:
    """Sources with given samples."""

    def __init__(self, samples):
        self.given = samples

    def metric(self, id_):
        return Leaf(Metric("N", id_), parse_statistic("Sum"), self.given[id_], id_)

    def search(self, text, stat, period):
        return ()

    def pooled(self, query, period):
        return ()

    def detector(self, id_):
        return Configuration()

    def quota(self, metric):
        return None


@st.composite
def samples(draw, late):
    minutes = sorted(draw(st.sets(st.integers(-8, TICKS), max_size=25)))
    values = draw(st.lists(st.integers(0, 5), min_size=len(minutes), max_size=len(minutes)))
    stamps = np.array(minutes, dtype=np.int64) * MINUTE
    arrivals = None
    if late:
        waits = draw(st.lists(st.integers(1, 3), min_size=len(minutes), max_size=len(minutes)))
        arrivals = np.maximum.accumulate(stamps + np.array(waits, dtype=np.int64) * MINUTE)
    return Samples(stamps, np.array(values, dtype=np.float64), arrivals=arrivals)


@settings(max_examples=150)
@given(st.data())
def test_columns_decide_as_single_ticks_explain(data):
    late = data.draw(st.booleans())
    given_samples = {id_: data.draw(samples(late)) for id_ in ("m1", "m2")}
    n = data.draw(st.integers(1, 3))
    rule = AlarmRule(
        comparison=data.draw(st.sampled_from(["GreaterThanThreshold", "LessThanThreshold"])),
        threshold=float(data.draw(st.integers(0, 4))),
        period_us=data.draw(st.sampled_from([1, 2, 3])) * MINUTE,
        evaluation_periods=n,
        datapoints_to_alarm=data.draw(st.integers(1, n)),
        treat_missing_data=data.draw(
            st.sampled_from(["missing", "ignore", "breaching", "notBreaching"])
        ),
        expression="e",
    )
    text = data.draw(st.sampled_from(EXPRESSIONS))
    period = rule.period_us // 1_000_000
    program = Program([query("m1", period), query("m2", period), {"Id": "e", "Expression": text}])
    merged = Samples.merge(list(given_samples.values()))
    watched = WatchedExpression(rule, Watch(program, "e"), Points(given_samples), merged)
    ticks = np.arange(TICKS, dtype=np.int64) * MINUTE
    decided = watched.decisions(ticks)
    for tick, code in zip(ticks.tolist(), decided.tolist(), strict=True):
        evaluation = watched.window(tick).evaluation(rule, tick, "OK")
        wanted = columns.CODES.get(evaluation.decision, columns.RETAIN)
        assert code == wanted, (text, tick // MINUTE, evaluation.notation())


@settings(max_examples=60)
@given(samples(False), samples(True), st.integers(1, 3), st.sampled_from(["missing", "ignore"]))
def test_a_lone_metric_is_decided_as_a_metric_alarm(stored, pulled, n, treatment):
    for points in (stored, pulled):
        rule = AlarmRule(
            "GreaterThanThreshold", 2.0, 2 * MINUTE, n, treat_missing_data=treatment,
            statistic="Sum",
        )  # fmt: skip
        program = Program([query("m1", 120)])
        watched = WatchedExpression(rule, Watch(program, "m1"), Points({"m1": points}), points)
        ticks = np.arange(TICKS, dtype=np.int64) * MINUTE
        wanted = columns.decisions(rule, points, ticks)
        assert watched.decisions(ticks).tolist() == wanted.tolist()


def test_several_series_come_together():
    decided = np.array([[0, 1, 2, 3, 2], [2, 0, 2, 2, 1]], dtype=np.int8)
    assert columns.together(decided).tolist() == [0, 1, 2, 3, 1]
