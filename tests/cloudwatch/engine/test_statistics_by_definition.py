"""Statistics against their definitions: exact fractions, one value at a time.

The worlds hold what :mod:`test_statistics` leaves out: statistic sets whose values are not known,
negative values, cuts that go through a value, and rounding.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cloudwatch.engine.samples import Samples
from labkit.cloudwatch.engine.statistics import (
    BASIC,
    parse_statistic,
    sample_counts,
)

MINUTE = 60_000_000


def single(*numbers):
    return Samples(np.zeros(len(numbers), dtype=np.int64), np.array(numbers, dtype=np.float64))


def statistic_set(total, low, high, count, *, raw=False):
    return Samples(
        np.zeros(1, dtype=np.int64),
        *(np.array([one], dtype=np.float64) for one in (total, count, low, high)),
        raw=np.array([raw]),
    )


def ask(text, samples):
    start = np.zeros(1, dtype=np.int64)
    return float(parse_statistic(text).columns(samples, start, start + MINUTE)[0])


def test_a_statistic_set_of_equal_values_has_them():
    """Minimum = Maximum and Sum = Minimum * SampleCount: all values are known."""
    assert ask("p50", statistic_set(12, 4, 4, 3, raw=True)) == 4
    assert ask("TC(:4)", statistic_set(12, 4, 4, 3, raw=True)) == 3


def test_a_trimmed_mean_of_nothing_is_nothing():
    assert math.isnan(ask("TM(2000:)", single(150, 151)))


def test_a_cut_takes_a_part_of_the_value_it_goes_through():
    assert ask("tc90", single(1, 2, 3)) == pytest.approx(2.7)
    assert ask("tm90", single(1, 2, 3)) == pytest.approx((1 + 2 + 0.7 * 3) / 2.7)
    assert ask("IQM", single(7)) == 7


@pytest.mark.parametrize(
    ("text", "wanted"), [("p0", 1), ("p10", 1), ("p10.1", 2), ("p50", 5), ("p90", 9), ("p100", 10)]
)
def test_nearest_rank(text, wanted):
    assert ask(text, single(3, 1, 2, 10, 9, 4, 5, 6, 8, 7)) == wanted


def test_a_negative_value_takes_the_percentiles_of_its_window_only():
    data = Samples(np.array([0, 1, MINUTE], dtype=np.int64), np.array([1.0, -1.0, 5.0]))
    starts = np.array([0, MINUTE], dtype=np.int64)
    got = parse_statistic("p50").columns(data, starts, starts + MINUTE)
    assert math.isnan(got[0]) and got[1] == 5
    assert parse_statistic("Sum").columns(data, starts, starts + MINUTE).tolist() == [0, 5]


@pytest.mark.parametrize("size", range(1, 40))
def test_the_mean_of_a_constant_is_the_constant(size):
    """0.1 + 0.1 + 0.1 is 0.30000000000000004, and a third of that is above 0.1."""
    for constant in (0.1, 0.3, 0.7, 1.1, -0.7):
        assert ask("Average", single(*[constant] * size)) == constant
        if constant > 0:
            for text in ("tm90", "wm90", "IQM"):
                assert ask(text, single(*[constant] * size)) == constant
        weighted = statistic_set(constant * size, constant, constant, size)
        assert ask("Average", weighted) == constant


def test_a_statistic_set_that_contradicts_itself_is_taken_as_sent():
    assert ask("Average", statistic_set(100, 1, 2, 4)) == 25
    assert ask("Maximum", statistic_set(100, 1, 2, 4)) == 2
    assert ask("Average", statistic_set(100.00001, 25, 25, 4)) == 100.00001 / 4


def test_no_count_no_mean():
    assert math.isnan(ask("Average", statistic_set(0, 0, 0, 0)))


def test_windows_may_be_empty_overlap_and_end_with_the_data():
    data = Samples(np.array([0, 10, 20, 30], dtype=np.int64), np.array([1.0, 2.0, 4.0, 8.0]))
    starts = np.array([-50, 0, 0, 5, 11, 20, 30, 99], dtype=np.int64)
    ends = np.array([-10, 40, 20, 31, 20, 21, 99, 100], dtype=np.int64)
    sums = parse_statistic("Sum").columns(data, starts, ends)
    assert [None if math.isnan(one) else one for one in sums.tolist()] == [
        None, 15, 3, 14, None, 4, 8, None,
    ]  # fmt: skip
    assert sample_counts(data, starts, ends).tolist() == [0, 4, 2, 3, 0, 1, 1, 0]
    highest = parse_statistic("Maximum").columns(data, starts, ends)
    assert [one for one in highest.tolist() if one == one] == [8, 2, 8, 4, 8]


def test_what_has_not_arrived_is_not_counted():
    data = Samples(
        np.array([0, 10, 20], dtype=np.int64),
        np.array([1.0, 2.0, 4.0]),
        arrivals=np.array([30, 40, 50], dtype=np.int64),
    )
    zero = np.zeros(5, dtype=np.int64)
    at = np.array([29, 30, 40, 49, 50], dtype=np.int64)
    got = parse_statistic("Sum").columns(data, zero, zero + 99, at).tolist()
    assert math.isnan(got[0]) and got[1:] == [1, 3, 3, 7]
    assert sample_counts(data, zero, zero + 99, at).tolist() == [0, 1, 2, 2, 3]


# -- the oracle: each window by itself, each value by itself, in exact fractions
@st.composite
def worlds(draw):
    """(samples, rows): rows of (timestamp, sum, count, minimum, maximum, values known)."""
    weighted = draw(st.booleans())
    numbers = [0.1, 0.25, 1.0, 3.0, 3.5, 8.0, 100.0]
    if draw(st.integers(0, 4)) == 0:
        numbers.append(-2.0)
    number_of = st.sampled_from(numbers)
    made = []
    for stamp in sorted(draw(st.lists(st.integers(0, 60), max_size=30))):
        low, high, count, known = draw(number_of), 0.0, 1, True
        high = low
        if weighted:
            count = draw(st.integers(1, 5))
            if draw(st.integers(0, 9)) == 0:
                low, high = sorted((low, draw(number_of)))
                known = low == high
        total = low * count if low == high else (low + high) / 2 * count
        made.append((stamp, total, count, low, high, known))
    columns = list(zip(*made, strict=True)) or [()] * 6
    floats = [np.array(one, dtype=np.float64) for one in columns[1:5]]
    stamps, raw = np.array(columns[0], dtype=np.int64), np.array(columns[5], dtype=bool)
    return (Samples(stamps, *floats, raw=raw) if weighted else Samples(stamps, floats[0])), made


def naive(statistic, inside):
    """The statistic over some rows, from the definition; None when there is none."""
    if not inside:
        return None
    count = sum(row[2] for row in inside)
    if statistic.kind == "SampleCount":
        return count
    if statistic.kind in ("Sum", "Average"):
        total = sum(Fraction(row[1]) for row in inside)
        return total if statistic.kind == "Sum" else total / count
    if statistic.kind == "Minimum":
        return min(row[3] for row in inside)
    if statistic.kind == "Maximum":
        return max(row[4] for row in inside)
    if not all(row[5] for row in inside) or min(row[3] for row in inside) < 0:
        return None
    values = sorted(Fraction(row[3]) for row in inside for _ in range(row[2]))
    return naive_family(statistic, values)


def at_percent(values, percent):
    return values[max(math.ceil(Fraction(repr(percent)) / 100 * len(values)), 1) - 1]


def naive_family(statistic, values):
    n, low, high = len(values), statistic.low, statistic.high
    if statistic.kind == "p":
        return at_percent(values, high)
    if statistic.kind == "WM":
        if statistic.percent:
            low = None if low is None else at_percent(values, low)
            high = None if high is None else at_percent(values, high)
        low, high = values[0] if low is None else low, values[-1] if high is None else high
        return sum(min(max(value, Fraction(low)), Fraction(high)) for value in values) / n
    if statistic.percent:
        first = Fraction(repr(low or 0.0)) / 100 * n
        last = Fraction(repr(100.0 if high is None else high)) / 100 * n
        shares = [max(min(i + 1, last) - max(i, first), Fraction(0)) for i in range(n)]
    else:
        shares = [
            Fraction((low is None or value > low) and (high is None or value <= high))
            for value in values
        ]
    count = sum(shares)
    total = sum(value * share for value, share in zip(values, shares, strict=True))
    if statistic.kind == "TM":
        return total / count if count else None
    return {"TC": count, "TS": total, "PR": 100 * count / n}[statistic.kind]


ALL = [
    *BASIC, "p0", "p10", "p50", "p90", "p99.9", "p100", "tm90", "TM(10%:90%)", "TM(60%:)",
    "TM(0.25:8)", "WM(10%:90%)", "wm80", "WM(1:3.2)", "WM(:3)", "tc75", "TC(0.1:3)", "TS(20%:)",
    "TS(:3.5)", "PR(:3)", "PR(0.25:8)", "IQM",
]  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(ALL),
    worlds(),
    st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 40)), min_size=1, max_size=6),
)
def test_columns_equal_the_definition(text, world, windows):
    samples, made = world
    statistic = parse_statistic(text)
    starts = np.array([start for start, _ in windows], dtype=np.int64)
    ends = starts + np.array([length for _, length in windows], dtype=np.int64)
    got = statistic.columns(samples, starts, ends)
    held = sample_counts(samples, starts, ends)
    for j, (start, length) in enumerate(windows):
        inside = [row for row in made if start <= row[0] < start + length]
        wanted = naive(statistic, inside)
        assert held[j] == sum(row[2] for row in inside)
        if wanted is None:
            assert math.isnan(got[j])
        elif statistic.kind in ("p", "Minimum", "Maximum", "SampleCount"):
            assert got[j] == float(wanted)
        else:
            assert got[j] == pytest.approx(float(wanted), rel=1e-12, abs=1e-12)
