"""Columns equal the per-minute oracle, on random worlds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from missing_data_tables import cells

from labkit.cloudwatch.engine import columns
from labkit.cloudwatch.engine.evaluation import COMPARISONS, AlarmRule, Period, evaluate
from labkit.cloudwatch.engine.samples import Samples

SECOND, MINUTE = 1_000_000, 60_000_000
DAY = 1440 * MINUTE
START = 1_767_603_600_000_000  # 2026-01-05T09:00:00Z

STATISTICS = ["Average", "Sum", "Minimum", "Maximum", "SampleCount", "p90", "TM(10%:90%)"]


@st.composite
def rules(draw):
    period = draw(st.sampled_from([10, 30, 60, 60, 120, 300, 300]))
    n = draw(st.integers(1, 5))
    if draw(st.integers(0, 14)) == 0:
        period, n = 3600, 25  # more than a day: evaluated once an hour
    return AlarmRule(
        comparison=draw(st.sampled_from(sorted(COMPARISONS))),
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


VALUES = st.sampled_from([0.1, 1.0, 4.9, 5.0, 5.1, 9.0])


@st.composite
def stamps(draw):
    """Scattered with gaps, at seconds or minutes; or one in each minute, now and then doubled."""
    if draw(st.booleans()):
        step = draw(st.sampled_from([MINUTE, 5 * MINUTE, 10 * SECOND]))
        minutes = draw(st.lists(st.integers(-30, 70), max_size=40))
        return np.array(sorted(START + m * step for m in minutes), dtype=np.int64)
    every = range(draw(st.integers(-30, 0)), draw(st.integers(40, 70)))
    twice = draw(st.lists(st.sampled_from(every), max_size=2))
    return np.array(sorted(START + m * MINUTE for m in [*every, *twice]), dtype=np.int64)


@st.composite
def samples(draw):
    """Stored points, weighted ones, statistic sets; pulled points with lags; both; gaps."""
    at = draw(stamps())
    values = np.array([draw(VALUES) for _ in at], dtype=np.float64)
    kind = draw(st.sampled_from(["stored", "pulled", "weighted", "merged"]))
    if kind == "stored":
        return Samples(at, values)
    if kind == "weighted":
        counts = np.array([draw(st.sampled_from([1.0, 2.0, 40.0])) for _ in at])
        highs = np.array([draw(st.sampled_from([0.0, 0.0, 0.0, 3.0])) for _ in at]) + values
        low = values - draw(st.sampled_from([0.0, 0.0, 2.0]))
        return Samples(at, (low + highs) / 2 * counts, counts, low, highs, None, low == highs)
    lag = draw(st.sampled_from([60, 90, 120, 300, 900]))
    points = Samples(at, values, arrivals=at + lag * SECOND)
    if kind == "merged":
        put = np.array(sorted(START + draw(st.integers(-5, 50)) * MINUTE for _ in range(5)))
        points = Samples.merge([points, Samples(put, np.full(len(put), draw(VALUES)))])
    return points


def grid(rule, minutes):
    step = columns.tick_step_us(rule)
    first = -(-START // step) * step
    return np.arange(first, START + minutes * MINUTE, step, dtype=np.int64)


@settings(max_examples=300, deadline=None)
@given(rules(), samples(), st.sampled_from(["OK", "ALARM", "INSUFFICIENT_DATA"]))
def test_columns_equal_the_oracle(rule, points, state):
    ticks = grid(rule, 60)
    lacking = START - columns.lookback_us(rule)
    decided = columns.decisions(rule, points.slice(lacking, START + DAY), ticks)
    stepped, seen = [], state
    for tick, code in zip(ticks.tolist(), decided.tolist(), strict=True):
        got = evaluate(rule, columns.window_at(rule, points, tick), seen)
        assert columns.STATES.get(code, "RETAIN") == got.decision, (tick, got)
        if got.state != seen:
            stepped.append((tick, got.state))
            seen = got.state
    assert columns.transitions(ticks, decided, state) == stepped
    assert columns.STATES[int(columns.states(decided, state)[-1])] == seen


@settings(max_examples=100, deadline=None)
@given(rules(), samples(), st.integers(1, 59))
def test_columns_do_not_depend_on_how_they_are_cut(rule, points, cut):
    ticks = grid(rule, 60)
    at = len(ticks) * cut // 60
    whole = columns.decisions(rule, points, ticks)
    parts = [columns.decisions(rule, points, part) for part in (ticks[:at], ticks[at:])]
    assert np.array_equal(whole, np.concatenate(parts))


@settings(max_examples=60, deadline=None)
@given(rules(), samples(), st.sets(st.integers(0, 59), max_size=8))
def test_ticks_need_not_be_evenly_spaced(rule, points, chosen):
    """A window k of one tick is then no window 1 of another; nothing may be shifted."""
    ticks = grid(rule, 60)
    some = np.array(sorted(i for i in chosen if i < len(ticks)), dtype=np.intp)
    whole = columns.decisions(rule, points, ticks)
    assert columns.decisions(rule, points, ticks[some]).tolist() == whole[some].tolist()


def test_no_ticks_no_decisions():
    points = Samples(np.array([START], dtype=np.int64), np.array([1.0]))
    for one in (points, Samples.empty()):
        none = columns.decisions(rule(60, 1), one, np.empty(0, dtype=np.int64))
        assert none.dtype == np.int8 and not len(none)
        assert columns.transitions(np.empty(0, dtype=np.int64), none, "OK") == []


@pytest.mark.parametrize(("notation", "m", "treatment", "wanted"), list(cells()))
def test_the_forty_cells_on_arrays(notation, m, treatment, wanted):
    """One point in a window for each mark, the newest window ending at the tick."""
    marks = notation.split()
    values = {"0": 10.0, "X": 90.0}
    places = [i for i, mark in enumerate(marks) if mark != "-"]
    points = Samples(
        START + np.array(places, dtype=np.int64) * MINUTE,
        np.array([values[marks[i]] for i in places], dtype=np.float64),
    )
    one = rule(60, 3, m, treat_missing_data=treatment)
    tick = START + len(marks) * MINUTE
    decided = columns.decisions(one, points, np.array([tick], dtype=np.int64))
    assert columns.STATES.get(int(decided[0]), "RETAIN") == wanted
    assert evaluate(one, columns.window_at(one, points, tick), "OK").notation() == notation


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


def test_points_a_minute_late_are_seen_a_minute_late():
    """One in each minute, and none missing, so only their arrival says that they are late."""
    ticks = START + np.arange(5, 8, dtype=np.int64) * MINUTE
    values = [1.0, 1.0, 1.0, 1.0, 98.0, 1.0, 98.0, 1.0]
    for lag, wanted in ((60, "ALARM OK ALARM"), (90, "OK ALARM OK"), (120, "OK ALARM OK")):
        late = pulled(range(0, 480, 60), values, lag)
        decided = columns.decisions(rule(60, 1), late, ticks)
        assert [columns.STATES[code] for code in decided.tolist()] == wanted.split()


def test_one_five_minute_point_does_not_make_two_of_two():
    """Read each minute it soon stands in the second-newest window; it is still one point."""
    lone = pulled([900], [98.0], 300)
    assert first(rule(300, 2, 2), lone, "OK", minutes=25)[-1:] != [(21, "ALARM")]
    assert all(minute >= 25 for minute, new in first(rule(300, 2, 2), lone, "OK") if new == "ALARM")


def test_two_five_minute_points_do():
    both = pulled([900, 1200], [98.0, 98.0], 300)
    assert (25, "ALARM") in first(rule(300, 2, 2), both, "OK")


@pytest.mark.parametrize("minutes", [1, 2, 3, 5, 6, 7])
@pytest.mark.parametrize("constant", [0.1, 0.7])
def test_a_constant_at_the_threshold_never_breaches(minutes, constant):
    """Differences of running sums did: 0.1 summed 20,000 times is not 20,000 times 0.1.

    So did a plain mean: of three times 0.1 it is above 0.1, of six times 0.7 above 0.7.
    """
    count = 20_000
    at = START + np.arange(count, dtype=np.int64) * MINUTE
    points = Samples(at, np.full(count, constant))
    ticks = at[30:] + MINUTE
    for comparison in ("GreaterThanThreshold", "LessThanThreshold"):
        flat = AlarmRule(comparison, constant, minutes * MINUTE, 3)
        assert set(columns.decisions(flat, points, ticks).tolist()) == {columns.OK}


def test_a_second_point_in_the_last_period_counts():
    """Up to there each period holds one point, and places alone do not show the second."""
    at = START + np.array([0, 60, 120, 180, 210], dtype=np.int64) * SECOND
    points = Samples(at, np.array([1.0, 1.0, 1.0, 1.0, 99.0]))
    ticks = START + np.arange(1, 5, dtype=np.int64) * MINUTE
    peak = rule(60, 1, statistic="Maximum")
    assert columns.decisions(peak, points, ticks).tolist() == [columns.OK] * 3 + [columns.ALARM]


def test_a_stored_point_is_as_old_beside_pulled_ones_as_alone():
    stored = Samples(np.array([START], dtype=np.int64), np.array([98.0]))
    long_ago = pulled([-36_000], [98.0], 60)
    for points in (stored, Samples.merge([long_ago, stored])):
        assert columns.window_at(rule(60, 2), points, START + MINUTE)[-1].age == 1
        assert columns.window_at(rule(60, 2), points, START + 2 * MINUTE)[-2].age == 2


def test_the_window_of_one_tick():
    points = pulled([600, 900], [10.0, 98.0], 300)
    tick = START + 21 * MINUTE
    assert columns.window_at(rule(300, 2), points, tick) == [
        Period(START + 1 * MINUTE, None, 0.0, 4),
        Period(START + 6 * MINUTE, 10.0, 1.0, 2),
        Period(START + 11 * MINUTE, 98.0, 1.0, 1),
        Period(START + 16 * MINUTE, None, 0.0, 1),
    ]


def test_states_and_transitions_fold_the_state_through():
    ok, alarm, none, stay = columns.OK, columns.ALARM, columns.INSUFFICIENT_DATA, columns.RETAIN
    decided = np.array([stay, ok, stay, alarm, stay, alarm, none, stay, ok], dtype=np.int8)
    ticks = np.arange(9, dtype=np.int64) * MINUTE
    folded = [alarm, ok, ok, alarm, alarm, alarm, none, none, ok]
    assert columns.states(decided, "ALARM").tolist() == folded
    changes = [(3, "ALARM"), (6, "INSUFFICIENT_DATA"), (8, "OK")]
    wanted = [(minute * MINUTE, state) for minute, state in changes]
    assert columns.transitions(ticks, decided, "OK") == wanted
    assert columns.transitions(ticks, decided, "ALARM") == [(MINUTE, "OK"), *wanted]


@pytest.mark.parametrize(
    ("period", "n", "step"),
    [(10, 3, 10), (60, 3, 60), (300, 1, 60), (3600, 24, 60), (3600, 25, 3600)],
)
def test_how_often_an_alarm_is_evaluated(period, n, step):
    assert columns.tick_step_us(rule(period, n)) == step * SECOND
