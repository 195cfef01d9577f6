"""The detector of Insights: days of counts in, insights out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cloudtrail.engine.insights import DAY, USUAL, Settings, Watch

SMALL = Settings(days=3)


def watched(calls, *, judged=0, since=0, how=USUAL, until=None):
    """A watch that was given ``{minute: calls}``."""
    watch = Watch(how, since, judged)
    minutes = sorted(calls)
    watch.extend(minutes, [calls[minute] for minute in minutes])
    if until is not None:
        watch.advance(until)
    return watch


def test_ten_calls_in_five_minutes_are_nothing_and_eleven_are_an_insight():
    assert watched({100: 4, 102: 6}).insights == []
    (insight,) = watched({100: 4, 102: 7}).insights
    assert (insight.start, insight.told, insight.over) == (100, 103, 102)
    assert insight.limit.because == "the least that is ever unusual"


def test_a_start_is_told_at_the_end_of_its_minute_and_the_end_after_ten_quiet_ones():
    watch = watched({100: 20, 101: 20, 102: 20}, until=200)
    (insight,) = watch.insights
    assert (insight.start, insight.told) == (100, 101)
    assert (insight.last, insight.minutes, insight.calls) == (102, 3, 60)
    assert insight.over == 102
    assert insight.ended == 113
    assert insight.average(at_start=True) == insight.average(at_start=False) == 20


def test_a_lull_of_less_than_ten_minutes_is_the_same_insight():
    assert len(watched({100: 20, 110: 20}, until=200).insights) == 1
    assert len(watched({100: 20, 130: 20}, until=200).insights) == 2


def test_what_was_there_on_days_before_is_usual():
    nightly = {day * DAY + 120: 40 for day in range(3)}
    assert watched({**nightly, 3 * DAY + 120: 50}, judged=3 * DAY).insights == []
    (insight,) = watched({**nightly, 3 * DAY + 120: 90}, judged=3 * DAY).insights
    assert insight.limit.peak == 40
    assert insight.limit.average == pytest.approx(120 / (3 * DAY))
    assert insight.limit.because == "by the busiest minutes of the baseline"


def test_the_baseline_forgets_what_is_older_than_its_days():
    old = {120: 40}
    assert watched({**old, 2 * DAY: 40}, judged=DAY, how=SMALL).insights == []
    assert len(watched({**old, 4 * DAY: 40}, judged=DAY, how=SMALL).insights) == 1


def test_an_attack_does_not_become_the_baseline_of_the_next_one():
    calls = {day * DAY + 700: 2 for day in range(6)}
    first, second = 2 * DAY + 600, 3 * DAY + 600
    watch = watched({**calls, first: 50, second: 50}, judged=DAY)
    assert [one.start for one in watch.insights] == [first, second]
    assert watch.days[2].peak == 2


def test_a_series_that_is_always_busy_is_held_against_its_mean():
    busy = dict.fromkeys(range(5 * DAY), 100)
    watch = watched({**busy, 5 * DAY + 1: 100}, judged=5 * DAY)
    assert watch.insights == []
    assert watch.limit(5).average == 100


def test_nothing_is_judged_before_it_may_be():
    assert watched({100: 50}, judged=101).insights == []


def test_an_insight_over_midnight_is_one():
    calls = {DAY - 2: 20, DAY - 1: 20, DAY: 20, DAY + 1: 20}
    (insight,) = watched(calls, until=2 * DAY).insights
    assert (insight.start, insight.last, insight.calls) == (DAY - 2, DAY + 1, 80)


@settings(max_examples=150)
@given(
    st.dictionaries(st.integers(0, 4 * DAY), st.integers(1, 40), max_size=60), st.integers(0, DAY)
)
def test_in_one_piece_or_call_by_call_it_is_the_same(calls, judged):
    whole = watched(calls, judged=judged, how=SMALL, until=6 * DAY)
    single = Watch(SMALL, 0, judged)
    for minute in sorted(calls):
        for _ in range(calls[minute]):
            single.add(minute)
    single.advance(6 * DAY)
    assert single.insights == whole.insights
    assert single.limit(6) == whole.limit(6)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(1, 30)), max_size=40))
def test_every_insight_exceeds_its_limit_and_no_call_is_counted_twice(rows):
    calls = {}
    for minute, count in rows:
        calls[minute] = calls.get(minute, 0) + count
    watch = watched(calls, until=5 * DAY)
    minutes = np.array(sorted(calls))
    counts = np.array([calls[m] for m in minutes.tolist()])
    before = -1
    for insight in watch.insights:
        window = (minutes > insight.over - 5) & (minutes <= insight.over)
        assert counts[window].sum() > insight.limit.calls
        inside = (minutes >= insight.start) & (minutes <= insight.last)
        assert insight.calls == counts[inside].sum()
        assert insight.start > before
        before = insight.last
