"""Columns equal the per-minute oracle, on random worlds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cloudwatch.engine import columns
from labkit.cloudwatch.engine.evaluation import AlarmRule, evaluate
from labkit.cloudwatch.engine.samples import Samples

SECOND, MINUTE = 1_000_000, 60_000_000
START = 1_767_603_600_000_000  # 2026-01-05T09:00:00Z


STATISTICS = ["Average", "Sum", "Maximum", "SampleCount", "p90", "TM(10%:90%)"]


@st.composite
def rules(draw):
    period = draw(st.sampled_from([10, 30, 60, 60, 120, 300, 300]))
    n = draw(st.integers(1, 5))
    return AlarmRule(
        comparison=draw(st.sampled_from(["GreaterThanThreshold", "LessThanOrEqualToThreshold"])),
        threshold=draw(st.sampled_from([0.1, 5.0])),
        period_us=period * SECOND,
        evaluation_periods=n,
        datapoints_to_alarm=draw(st.none() | st.integers(1, n)),
        treat_missing_data=draw(
            st.sampled_from(["missing", "ignore", "breaching", "notBreaching"])
        ),
        statistic=draw(st.sampled_from(STATISTICS)),
        low_samples=draw(st.sampled_from(["evaluate", "ignore"])),
    )  # fmt: skip


@st.composite
def samples(draw):
    """Stored points, weighted ones, statistic sets; pulled points with lags; gaps."""
    minutes = sorted(draw(st.lists(st.integers(-30, 90), max_size=40)))
    stamps = np.array([START + m * MINUTE for m in minutes], dtype=np.int64)
    values = np.array(
        [draw(st.sampled_from([0.1, 1.0, 4.9, 5.0, 5.1, 9.0])) for _ in minutes], dtype=np.float64
    )
    kind = draw(st.sampled_from(["stored", "pulled", "weighted"]))
    if kind == "pulled":
        lag = draw(st.sampled_from([60, 300, 900]))
        arrivals = np.maximum.accumulate(stamps + lag * SECOND) if len(stamps) else stamps
        return Samples(stamps, values, arrivals=arrivals)
    if kind == "weighted":
        counts = np.array([draw(st.sampled_from([1.0, 2.0, 40.0])) for _ in minutes])
        raw = np.array([draw(st.booleans()) for _ in minutes], dtype=bool)
        return Samples(stamps, values * counts, counts, values, values, None, raw)
    return Samples(stamps, values)


def grid(rule, minutes):
    step = columns.tick_step_us(rule)
    first = -(-START // step) * step
    return np.arange(first, START + minutes * MINUTE, step, dtype=np.int64)


@settings(max_examples=300, deadline=None)
@given(rules(), samples(), st.sampled_from(["OK", "ALARM", "INSUFFICIENT_DATA"]))
def test_columns_equal_the_oracle(rule, points, state):
    ticks = grid(rule, 60)
    decided = columns.decisions(rule, points, ticks)
    stepped, seen = [], state
    for tick, code in zip(ticks.tolist(), decided.tolist(), strict=True):
        got = evaluate(rule, columns.window_at(rule, points, tick), seen)
        assert columns.STATES.get(code, "RETAIN") == got.decision, (tick, got)
        if got.state != seen:
            stepped.append((tick, got.state))
            seen = got.state
    assert columns.transitions(ticks, decided, state) == stepped
    assert (columns.STATES[int(columns.states(decided, state)[-1])]) == seen


@settings(max_examples=100, deadline=None)
@given(rules(), samples(), st.integers(1, 59))
def test_columns_do_not_depend_on_how_they_are_cut(rule, points, cut):
    ticks = grid(rule, 60)
    at = len(ticks) * cut // 60
    whole = columns.decisions(rule, points, ticks)
    parts = [columns.decisions(rule, points, part) for part in (ticks[:at], ticks[at:])]
    assert np.array_equal(whole, np.concatenate(parts))


def rule(period, n, m=None, **more):
    return AlarmRule("GreaterThanThreshold", 70.0, period * SECOND, n, m, **more)


def pulled(stamps, values, lag):
    stamps = np.array([START + s * SECOND for s in stamps], dtype=np.int64)
    return Samples(stamps, np.array(values, dtype=float), arrivals=stamps + lag * SECOND)


def first(rule, points, state, minutes=60):
    ticks = grid(rule, minutes)
    found = columns.transitions(ticks, columns.decisions(rule, points, ticks), state)
    return [((tick - START) // MINUTE, new) for tick, new in found]


def test_a_point_is_not_seen_before_it_arrives():
    hot = pulled([900], [98.0], 300)
    assert first(rule(300, 1), hot, "INSUFFICIENT_DATA")[0] == (20, "ALARM")


def test_one_five_minute_point_does_not_make_two_of_two():
    """Read each minute it soon stands in the second-newest window; it is still one point."""
    lone = pulled([900], [98.0], 300)
    assert first(rule(300, 2, 2), lone, "OK", minutes=25)[-1:] != [(21, "ALARM")]
    assert all(minute >= 25 for minute, new in first(rule(300, 2, 2), lone, "OK") if new == "ALARM")


def test_two_five_minute_points_do():
    both = pulled([900, 1200], [98.0, 98.0], 300)
    assert (25, "ALARM") in first(rule(300, 2, 2), both, "OK")


def test_a_constant_at_the_threshold_never_breaches():
    """Differences of running sums did: 0.1 summed 20,000 times is not 20,000 times 0.1."""
    count = 20_000
    stamps = START + np.arange(count, dtype=np.int64) * MINUTE
    points = Samples(stamps, np.full(count, 0.1))
    flat = AlarmRule("GreaterThanThreshold", 0.1, MINUTE, 3)
    ticks = stamps[10:] + MINUTE
    assert set(columns.decisions(flat, points, ticks).tolist()) == {columns.OK}


@pytest.mark.parametrize(
    ("period", "n", "step"),
    [(10, 3, 10), (60, 3, 60), (300, 1, 60), (3600, 24, 60), (3600, 25, 3600)],
)
def test_how_often_an_alarm_is_evaluated(period, n, step):
    assert columns.tick_step_us(rule(period, n)) == step * SECOND
