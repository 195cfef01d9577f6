"""Samples: cutting and joining columns of points."""

import numpy as np
import pytest

from labkit.cloudwatch.engine.samples import Samples


def stamps(*values):
    return np.array(values, dtype=np.int64)


def values(*numbers):
    return np.array(numbers, dtype=np.float64)


def test_empty():
    assert len(Samples.empty()) == 0
    assert Samples.empty().timestamps.dtype == np.int64
    assert Samples.empty().sums.dtype == np.float64


def test_a_slice_holds_its_start_and_not_its_end():
    points = Samples(stamps(10, 20, 20, 30), values(1, 2, 3, 4), arrivals=stamps(11, 21, 21, 31))
    cut = points.slice(20, 30)
    assert cut.timestamps.tolist() == [20, 20]
    assert cut.sums.tolist() == [2, 3]
    assert cut.arrivals is not None and cut.arrivals.tolist() == [21, 21]
    assert cut.counts is None and cut.raw is None
    assert len(points.slice(31, 99)) == 0


def test_a_slice_does_not_copy():
    points = Samples(stamps(10, 20, 30), values(1, 2, 3))
    assert points.slice(0, 99) is points
    assert np.shares_memory(points.slice(20, 99).sums, points.sums)


def test_merged_rows_are_in_order_of_time_and_equal_times_in_order_of_parts():
    one = Samples(stamps(10, 30), values(1, 3))
    other = Samples(stamps(10, 20), values(9, 2))
    assert Samples.merge([one, other]).timestamps.tolist() == [10, 10, 20, 30]
    assert Samples.merge([one, other]).sums.tolist() == [1, 9, 2, 3]
    assert Samples.merge([other, one]).sums.tolist() == [9, 1, 2, 3]


def test_merging_nothing_and_one():
    one = Samples(stamps(10), values(1))
    assert len(Samples.merge([])) == 0
    assert len(Samples.merge([Samples.empty(), Samples.empty()])) == 0
    assert Samples.merge([Samples.empty(), one]) is one


def test_single_values_beside_a_statistic_set():
    """A single value counts once, is its own minimum and maximum, and is known."""
    single = Samples(stamps(10), values(7))
    many = Samples(
        stamps(20), values(11), values(3), values(2), values(5), raw=np.array([False])
    )  # fmt: skip
    merged = Samples.merge([many, single])
    assert merged.counts is not None and merged.counts.tolist() == [1, 3]
    assert merged.minima is not None and merged.minima.tolist() == [7, 2]
    assert merged.maxima is not None and merged.maxima.tolist() == [7, 5]
    assert merged.raw is not None and merged.raw.tolist() == [True, False]
    assert merged.arrivals is None


def test_arrivals_of_merged_rows_never_descend():
    """Visible rows are found by bisection; a row behind a late one waits for it."""
    late = Samples(stamps(10), values(1), arrivals=stamps(50))
    stored = Samples(stamps(5, 20, 60), values(2, 3, 4))
    merged = Samples.merge([late, stored])
    assert merged.timestamps.tolist() == [5, 10, 20, 60]
    assert merged.arrivals is not None and merged.arrivals.tolist() == [5, 50, 50, 60]


def test_samples_are_values():
    with pytest.raises(AttributeError):
        Samples.empty().sums = values(1)  # type: ignore[misc]
