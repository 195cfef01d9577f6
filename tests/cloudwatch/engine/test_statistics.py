"""Statistics: every documented spelling, AWS's worked vectors, and brute force."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cloudwatch.engine.samples import Samples
from labkit.cloudwatch.engine.statistics import (
    BASIC,
    StatisticError,
    bounds,
    parse_statistic,
    sample_counts,
)

ONE = np.array([0], dtype=np.int64), np.array([1_000], dtype=np.int64)


def of(text, values, counts=None, **more):
    """The statistic of values that all lie in one window."""
    stamps = np.arange(len(values), dtype=np.int64)
    values = np.array(values, dtype=np.float64)
    if counts is not None:
        counts = np.array(counts, dtype=np.float64)
        more = {"counts": counts, "minima": values, "maxima": values} | more
        values = values * counts
    samples = Samples(stamps, values, **more)
    (result,) = parse_statistic(text).columns(samples, *ONE).tolist()
    return result


# -- spellings (CloudWatch user guide, statistics definitions)
@pytest.mark.parametrize(
    ("text", "kind", "low", "high", "percent"),
    [
        *((name, name, None, None, False) for name in BASIC),
        ("p0", "p", None, 0.0, True),
        ("p0.0", "p", None, 0.0, True),
        ("p99.9", "p", None, 99.9, True),
        ("p99.0123456789", "p", None, 99.0123456789, True),
        ("p100", "p", None, 100.0, True),
        ("tm90", "TM", None, 90.0, True),
        ("tc90", "TC", None, 90.0, True),
        ("ts90", "TS", None, 90.0, True),
        ("wm98", "WM", None, 98.0, True),
        ("IQM", "TM", 25.0, 75.0, True),
        ("TM(2%:98%)", "TM", 2.0, 98.0, True),
        ("TM(:95%)", "TM", None, 95.0, True),
        ("TM(10%:)", "TM", 10.0, None, True),
        ("TM(150:1000)", "TM", 150.0, 1000.0, False),
        ("TC(:0.5)", "TC", None, 0.5, False),
        ("TS(80%:)", "TS", 80.0, None, True),
        ("WM(10%:90%)", "WM", 10.0, 90.0, True),
        ("PR(:300)", "PR", None, 300.0, False),
        ("PR(100:2000)", "PR", 100.0, 2000.0, False),
        ("PR(10:)", "PR", 10.0, None, False),
    ],
)
def test_every_documented_spelling(text, kind, low, high, percent):
    got = parse_statistic(text)
    assert (got.text, got.kind, got.low, got.high, got.percent) == (text, kind, low, high, percent)
    assert got.needs_values == (text not in BASIC)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("P99", "'P99': without parentheses it is p and one number, as in p99"),
        ("TM90", "'TM90': without parentheses it is tm and one number, as in tm99"),
        ("tm", "as in tm99"),
        ("pr300", "PR(low:high)"),
        ("tm(10%:90%)", "with parentheses it is TM(low:high), in capitals"),
        ("TM(10%:90%", "with parentheses it is TM(low:high), in capitals"),
        ("TM(10%-90%)", "with parentheses it is TM(low:high), in capitals"),
        ("TM(10%:90)", "mixes percent and absolute bounds"),
        ("TM(%:90)", "mixes percent and absolute bounds"),
        ("TM(:)", "has no bounds; write TM(10%:90%) or TM(:300)"),
        ("PR(10%:90%)", "PR takes values as bounds"),
        ("TM(90%:10%)", "the lower bound must be below the upper one"),
        ("p101", "a percentile lies between 0 and 100"),
        ("TM(5%:110%)", "a percentile lies between 0 and 100"),
        ("p99.01234567891", "as in p99"),
        ("p-1", "as in p99"),
        ("average", "is no statistic; there are SampleCount, Average"),
        ("", "is no statistic; there are SampleCount, Average"),
        ("iqm", "it is IQM, in capitals"),
        ("IQM90", "without a number"),
        ("Median", "is no statistic"),
        ("p99\n", "'p99\\n'"),
        ("p\u0669", "as in p99"),
    ],
)
def test_wrong_ones_say_what_is_wanted(text, advice):
    with pytest.raises(StatisticError) as problem:
        parse_statistic(text)
    assert advice in str(problem.value)


# -- worked vectors (aws-semantics 10.1)
def test_the_docs_example_of_three_values():
    values = [2, 4, 5]
    got = {name: of(name, values) for name in BASIC}
    assert got == {
        "SampleCount": 3.0, "Average": 3.6666666666666665, "Sum": 11.0, "Minimum": 2.0,
        "Maximum": 5.0,
    }  # fmt: skip


def test_the_same_as_a_statistic_set_has_the_basic_ones_only():
    sets = Samples(
        np.array([0]), np.array([11.0]), np.array([3.0]), np.array([2.0]), np.array([5.0]),
        raw=np.array([False]),
    )  # fmt: skip
    got = [parse_statistic(name).columns(sets, *ONE)[0] for name in BASIC]
    assert got == [3.0, 11 / 3, 11.0, 2.0, 5.0]
    for text in ("p50", "TM(10%:90%)", "tc90", "TS(:3)", "wm90", "IQM", "PR(:3)"):
        assert math.isnan(parse_statistic(text).columns(sets, *ONE)[0]), text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("TM(150:1000)", 575.5), ("TC(150:1000)", 2.0), ("TS(150:1000)", 1151.0), ("PR(:1000)", 75.0),
     ("PR(1001:)", 0.0), ("PR(1000:)", 25.0), ("WM(150:1000)", 575.25), ("TC(:150)", 1.0)],
)  # fmt: skip
def test_bounds_are_exclusive_below_and_inclusive_above(text, wanted):
    assert of(text, [150, 151, 1000, 1001]) == wanted


def test_a_negative_value_ends_the_percentile_family_and_nothing_else():
    assert math.isnan(of("p50", [-1, 2, 3]))
    assert math.isnan(of("TM(:100)", [-1, 2, 3]))
    assert of("Average", [-1, 2, 5]) == 2.0
    assert of("p50", [-0.0, 2, 3]) == 2.0


def test_an_empty_window_is_no_number():
    empty = Samples.empty()
    for text in (*BASIC, "p99", "IQM"):
        assert math.isnan(parse_statistic(text).columns(empty, *ONE)[0]), text
    assert sample_counts(empty, *ONE).tolist() == [0.0]


# -- properties
values = st.lists(st.integers(0, 1_000).map(lambda n: n / 8), min_size=1, max_size=40)
percents = st.integers(0, 1_000).map(lambda n: n / 10)


def same(left, right):
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9) or (
        math.isnan(left) and math.isnan(right)
    )


@given(values)
def test_iqm_is_the_trimmed_mean_of_the_middle_half(some):
    assert of("IQM", some) == of("TM(25%:75%)", some)


@given(values, percents)
def test_one_number_means_up_to_that_percentile(some, percent):
    for short in ("tm", "tc", "ts", "wm"):
        long = f"{short.upper()}(:{percent}%)"
        assert same(of(f"{short}{percent}", some), of(long, some)), short


@given(values, st.sampled_from(["{}%:{}%", "{}:{}"]), percents, percents)
def test_trimmed_sum_is_mean_times_count(some, form, low, high):
    if low == high:
        return
    inside = form.format(min(low, high), max(low, high))
    mean, count, total = (of(f"{kind}({inside})", some) for kind in ("TM", "TC", "TS"))
    assert same(total, mean * count if count else 0.0)
    if form == "{}:{}":
        held = [v for v in some if min(low, high) < v <= max(low, high)]
        assert (count, total) == (len(held), sum(held))
        assert of(f"PR({inside})", some) == pytest.approx(100 * len(held) / len(some))


@given(values, percents)
def test_a_percentile_is_the_nearest_rank(some, percent):
    """The smallest value with at least that share of the values not above it."""
    wanted = next(
        v for v in sorted(some)
        if sum(x <= v for x in some) * 1_000 >= round(percent * 10) * len(some)
    )  # fmt: skip
    assert of(f"p{percent}", some) == wanted


@given(values, st.data())
def test_a_weighted_value_is_that_many_values(some, data):
    counts = [data.draw(st.integers(1, 6)) for _ in some]
    expanded = [v for v, n in zip(some, counts, strict=True) for _ in range(n)]
    for text in (
        *BASIC, "p0", "p50", "p90", "p99.9", "p100", "tm90", "tc90", "ts90", "wm90", "IQM",
        "TM(10%:)", "WM(20%:80%)", "TM(5:60)", "TC(5:60)", "TS(5:60)", "WM(5:60)", "PR(:60)",
    ):  # fmt: skip
        assert same(of(text, some, counts), of(text, expanded)), text


@st.composite
def worlds(draw):
    """Points in order of time, arrivals that never go back, windows that overlap."""
    size = draw(st.integers(0, 25))
    stamps = sorted(draw(st.lists(st.integers(0, 100), min_size=size, max_size=size)))
    some = draw(st.lists(st.integers(0, 50).map(float), min_size=size, max_size=size))
    arrivals = None
    if draw(st.booleans()):
        lags = draw(st.lists(st.integers(0, 60), min_size=size, max_size=size))
        late = [s + lag for s, lag in zip(stamps, lags, strict=True)]
        arrivals = np.maximum.accumulate(np.array(late, dtype=np.int64)) if late else np.array(late)
    windows = draw(
        st.lists(st.tuples(st.integers(-10, 110), st.integers(1, 60)), min_size=1, max_size=12)
    )
    starts = np.array([start for start, _ in windows], dtype=np.int64)
    ends = starts + np.array([length for _, length in windows], dtype=np.int64)
    seen = draw(
        st.none() | st.lists(st.integers(0, 170), min_size=len(windows), max_size=len(windows))
    )
    samples = Samples(np.array(stamps, dtype=np.int64), np.array(some), arrivals=arrivals)
    return samples, starts, ends, None if seen is None else np.array(seen, dtype=np.int64)


BRUTE = {
    "SampleCount": lambda held: float(len(held)),
    "Average": lambda held: sum(held) / len(held),
    "Sum": sum,
    "Minimum": min,
    "Maximum": max,
    "p50": lambda held: sorted(held)[math.ceil(len(held) / 2) - 1],
    "PR(:20)": lambda held: 100 * sum(v <= 20 for v in held) / len(held),
}


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_windows_equal_brute_force(world):
    samples, starts, ends, seen = world
    held = [
        [
            value
            for at, (stamp, value) in enumerate(zip(samples.timestamps, samples.sums, strict=True))
            if starts[k] <= stamp < ends[k]
            and (seen is None or samples.arrivals is None or samples.arrivals[at] <= seen[k])
        ]
        for k in range(len(starts))
    ]
    for text, brute in BRUTE.items():
        got = parse_statistic(text).columns(samples, starts, ends, seen).tolist()
        for one, values in zip(got, held, strict=True):
            assert same(one, brute(values) if values else math.nan), (text, values)
    assert sample_counts(samples, starts, ends, seen).tolist() == [float(len(h)) for h in held]
    first, last = bounds(samples, starts, ends, seen)
    assert (last - first).tolist() == [len(h) for h in held]


@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 40).map(float), st.integers(1, 9).map(float)), max_size=6
        ),
        min_size=2,
        max_size=12,
    ),
    st.sampled_from(["p1", "p50", "p90", "p99", "p99.9", "p100"]),
)
def test_a_day_of_weighted_windows_is_what_each_window_is_by_itself(windows, stat):
    rows = [(n * 10, value, count) for n, rows in enumerate(windows) for value, count in rows]
    stamps = np.array([at for at, _, _ in rows], dtype=np.int64)
    values = np.array([value for _, value, _ in rows])
    counts = np.array([count for _, _, count in rows])
    samples = Samples(stamps, values * counts, counts, values, values)
    starts = np.arange(len(windows), dtype=np.int64) * 10
    together = parse_statistic(stat).columns(samples, starts, starts + 10)
    single = [
        parse_statistic(stat).columns(samples, starts[n : n + 1], starts[n : n + 1] + 10)[0]
        for n in range(len(windows))
    ]
    assert np.array_equal(together, np.array(single), equal_nan=True)
