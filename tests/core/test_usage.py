"""Tallies and what stands: counted so that stretches add up."""

from hypothesis import given
from hypothesis import strategies as st

from labkit.core.clock import HOUR
from labkit.core.usage import Meters, Tally, hours_touched


def test_a_tally_counts_ones_and_more():
    tally = Tally()
    tally.add(10, 1)
    tally.add(20, 5)
    tally.add(20, 1)
    assert [tally.until(t) for t in (9, 10, 19, 20, 30)] == [0, 1, 1, 7, 7]


def test_what_stands_counts_in_each_hour_that_it_touches():
    assert hours_touched([(0, 1, 1)], HOUR) == 1
    assert hours_touched([(0, HOUR, 1)], HOUR) == 1
    assert hours_touched([(0, HOUR + 1, 1)], 9 * HOUR) == 2
    assert hours_touched([(0, 10, 1), (20, 30, 1)], HOUR) == 1
    assert hours_touched([(0, 2 * HOUR, 7)], 9 * HOUR) == 14


SPANS = st.lists(st.integers(0, 20 * HOUR), min_size=2, max_size=8, unique=True).map(
    lambda cuts: [(a, b, 2) for a, b in zip(*[iter(sorted(cuts))] * 2, strict=False)]
)


@given(SPANS, st.integers(0, 21 * HOUR), st.integers(0, 21 * HOUR))
def test_hours_grow_and_never_exceed_what_touches(spans, a, b):
    a, b = sorted((a, b))
    assert hours_touched(spans, a) <= hours_touched(spans, b)
    touched = {h for s, e, _ in spans for h in range(s // HOUR, -(-min(e, b) // HOUR)) if s < b}
    assert hours_touched(spans, b) == 2 * len(touched)


def test_a_change_of_weight_begins_anew_and_an_end_ends():
    meters = Meters(0)
    meters.begin("alarm", "1", "r", "hot", 0)
    meters.begin("alarm", "1", "r", "hot", HOUR // 2)  # still the same
    meters.begin("alarm", "1", "r", "hot", HOUR, 3)
    meters.end("1", "r", "hot", 3 * HOUR, items=["alarm", "other"])
    [used] = meters.usage(0, 9 * HOUR)
    assert used.quantity == 1 + 3 * 2
    assert list(meters.per_hour(9 * HOUR)) == []


def test_an_hour_like_the_last_ones():
    meters = Meters(0)
    for at in (1, 2, 3):
        meters.count("mail", "1", "r", at)
    [used] = meters.per_hour(HOUR // 2)
    assert used.quantity == 3
    [used] = meters.per_hour(3 * HOUR)
    assert used.quantity == 1
    assert list(meters.per_hour(30 * HOUR)) == []  # only the last day counts
