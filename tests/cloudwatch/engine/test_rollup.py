"""Roll-up: what becomes of points as they age, by tables and against the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cloudwatch.engine import rollup
from labkit.cloudwatch.engine.rollup import Rows

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
NOW = 1_000 * DAY


def single(values, *, unit=0):
    """Rows of single values, given as (timestamp, value)."""
    stamps = np.array([at for at, _ in values], dtype=np.int64)
    numbers = np.array([float(value) for _, value in values])
    size = len(values)
    return Rows(
        stamps, numbers, np.ones(size), numbers, numbers,
        np.ones(size, dtype=bool), np.full(size, unit, dtype=np.int8),
    )  # fmt: skip


def told(rows):
    return [
        (int(at) - NOW, total, count, low, high, bool(raw))
        for at, total, count, low, high, raw in zip(
            rows.timestamps, rows.sums, rows.counts, rows.minima, rows.maxima, rows.raw, strict=True
        )
    ]


@pytest.mark.parametrize(
    ("age", "grain"),
    [
        (3 * HOUR, 0),
        (DAY, 0),
        (DAY + 1, MINUTE),
        (16 * DAY, MINUTE),
        (16 * DAY + 1, 5 * MINUTE),
        (64 * DAY, 5 * MINUTE),
        (64 * DAY + 1, HOUR),
        (455 * DAY, HOUR),
    ],
)
def test_the_grain_of_an_age(age, grain):
    assert rollup.grains(np.array([NOW - age]), NOW).tolist() == [grain]


@pytest.mark.parametrize(
    ("stamp", "is_due"),
    [
        (NOW - HOUR + 7 * SECOND, False),
        (NOW - 2 * DAY, False),
        (NOW - 2 * DAY + 7 * SECOND, True),
        (NOW - 17 * DAY, True),
        (NOW - 65 * DAY, True),
    ],
    ids=["new seconds", "a minute", "old seconds", "an old minute", "older"],
)
def test_a_minute_is_left_alone_until_it_is_sixteen_days_old(stamp, is_due):
    assert rollup.due(np.array([stamp]), NOW).tolist() == [is_due]


def test_five_minutes_become_one_row():
    rows = single([(NOW - 20 * DAY + n * MINUTE, value) for n, value in enumerate([3, 9, 1, 5, 2])])
    assert told(rollup.roll_up(rows, NOW)) == [(-20 * DAY, 20.0, 5.0, 1.0, 9.0, True)]


def test_units_stay_apart():
    at = NOW - 20 * DAY
    rows = single([(at, 1)], unit=3).joined(single([(at + MINUTE, 2)], unit=1))
    rolled = rollup.roll_up(rows, NOW)
    assert rolled.units.tolist() == [1, 3]
    assert rolled.sums.tolist() == [2.0, 1.0]


def test_values_that_were_never_sent_stay_unknown():
    at = NOW - 20 * DAY
    rows = single([(at, 1), (at + MINUTE, 2)])
    unknown = Rows(*(rows.timestamps, rows.sums, rows.counts, rows.minima, rows.maxima,
                     np.array([True, False]), rows.units))  # fmt: skip
    assert told(rollup.roll_up(unknown, NOW)) == [(-20 * DAY, 3.0, 2.0, 1.0, 2.0, False)]


def test_after_fifteen_months_points_are_gone():
    assert len(rollup.roll_up(single([(NOW - 457 * DAY, 1)]), NOW)) == 0


@pytest.mark.parametrize(
    ("values", "split"),
    [
        ([4], [(4.0, 1.0)]),
        ([4, 4], [(4.0, 2.0)]),
        ([7, 4], [(4.0, 1.0), (7.0, 1.0)]),
        ([7, 4, 5], [(4.0, 1.0), (5.0, 1.0), (7.0, 1.0)]),
        ([1, 2, 3, 10], [(1.0, 1.0), (2.5, 2.0), (10.0, 1.0)]),
    ],
)
def test_a_row_stands_for_its_values(values, split):
    at = NOW - 20 * DAY
    rolled = rollup.roll_up(single([(at, value) for value in values]), NOW)
    samples = rollup.as_values(rolled)
    assert list(zip(samples.minima.tolist(), samples.counts.tolist(), strict=True)) == split
    assert samples.sums.sum() == sum(values)


points = st.lists(
    st.tuples(
        st.integers(0, 500 * 24 * 60).map(lambda minutes: NOW - minutes * MINUTE),
        st.integers(-50, 50),
    ),
    min_size=1,
    max_size=60,
)


@given(points, st.integers(0, 100))
def test_rolling_up_early_and_again_is_rolling_up_once(given_points, days):
    rows = single(given_points)
    early = rollup.roll_up(rows, NOW)
    later = NOW + days * DAY
    assert told(rollup.roll_up(early, later)) == told(rollup.roll_up(rows, later))


@given(points)
def test_every_bucket_is_the_sum_of_its_points(given_points):
    rolled = rollup.roll_up(single(given_points), NOW)
    expected: dict[int, list[float]] = {}
    for at, value in given_points:
        age = NOW - at
        if age > 456 * DAY:
            continue
        grain = HOUR if age > 64 * DAY else 5 * MINUTE if age > 16 * DAY else MINUTE
        expected.setdefault(at - at % grain, []).append(value)
    assert told(rolled) == [
        (at - NOW, float(sum(v)), float(len(v)), float(min(v)), float(max(v)), True)
        for at, v in sorted(expected.items())
    ]


@given(points)
def test_splitting_a_row_keeps_its_basic_five(given_points):
    rolled = rollup.roll_up(single(given_points), NOW)
    samples = rollup.as_values(rolled)
    for n, at in enumerate(rolled.timestamps.tolist()):
        mine = samples.timestamps == at
        assert samples.counts[mine].sum() == rolled.counts[n]
        assert samples.sums[mine].sum() == pytest.approx(rolled.sums[n], abs=1e-9)
        assert samples.minima[mine].min() == rolled.minima[n]
        assert samples.maxima[mine].max() == rolled.maxima[n]
