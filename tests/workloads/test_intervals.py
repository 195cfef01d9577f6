"""Intervals: which minutes a span counts for, and figures that hold until another is said."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.clock import MINUTE
from labkit.workloads.intervals import FOREVER, Span, Steps, minutes_of, stacked

SECOND = MINUTE // 60


@pytest.mark.parametrize(
    ("start", "end", "counts"),
    [
        (0, 180, [0, 1, 2]),  # whole minutes
        (0, 179, [0, 1]),  # over before the end of minute 2
        (1, 180, [0, 1, 2]),  # it held just before the end of minute 0
        (59, 60, [0]),
        (60, 120, [1]),  # what begins at an end counts for the next minute,
        (0, 60, [0]),  # and what ends at an end for the one that ends
        (10, 50, []),  # no end of a minute within
        (60, 60, []),
    ],
)
def test_a_minute_counts_when_the_span_holds_just_before_its_end(start, end, counts):
    span = Span(start * SECOND, end * SECOND)
    assert [m for _, a, b in minutes_of([span], 0, 10) for m in range(a, b)] == counts


def test_minutes_are_those_asked_for_and_what_lasts_has_no_end():
    spans = [Span(0, 5 * MINUTE), Span(7 * MINUTE)]
    assert [(a, b) for _, a, b in minutes_of(spans, 3, 9)] == [(3, 5), (7, 9)]
    assert [(a, b) for _, a, b in minutes_of(spans, 5, 7)] == []
    assert [span.lasts for span in spans] == [False, True]


def test_what_is_said_last_holds():
    steps = Steps(0)
    steps.say(10, 30, 1)
    steps.say(20, 40, 2)
    steps.say(25, FOREVER, 3)
    steps.say(50, 50, 9)  # nothing
    found = [(time, steps.at(time)) for time in (9, 10, 19, 20, 24, 25, 100)]
    assert found == [(9, 0), (10, 1), (19, 1), (20, 2), (24, 2), (25, 3), (100, 3)]


SAYINGS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40) | st.just(FOREVER), st.integers(0, 3)),
    max_size=8,
)


@given(SAYINGS)
def test_steps_are_what_a_list_of_instants_would_be(sayings):
    steps, plain = Steps(-1), [-1] * 50
    for start, end, figure in sayings:
        steps.say(start, end, figure)
        for time in range(start, min(end, 50)):
            plain[time] = figure
    assert [steps.at(time) for time in range(50)] == plain
    times, _ = steps.columns()
    assert times == sorted(set(times))
    for start, end in ((0, 50), (7, 8), (13, 29)):
        a, b = steps.between(start, end)
        touched = steps.columns()[1][a:b]
        assert set(touched) == set(plain[start:end])
        assert len(touched) == 1 + sum(start < time < end for time in times)


@given(SAYINGS, SAYINGS)
def test_the_topmost_layer_that_says_something_holds(lower, upper):
    ground, one, two = Steps(20.0), Steps(None), Steps(None)
    for layer, sayings in ((one, lower), (two, upper)):
        for start, end, figure in sayings:
            layer.say(start, end, float(figure))
    whole = stacked(ground, one, two)
    for time in range(-1, 50):
        said = [layer.at(time) for layer in (two, one) if layer.at(time) is not None]
        assert whole.at(time) == (said or [20.0])[0]
    figures = whole.columns()[1]
    assert all(a != b for a, b in pairwise(figures))
