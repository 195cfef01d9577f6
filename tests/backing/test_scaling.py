"""The arithmetic of scaling policies: the guide's own examples, and bounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.backing.scaling import Candidate, adjusted, chosen, step_for, tracked, zone_for


@pytest.mark.parametrize(
    ("capacity", "kind", "adjustment", "least", "becomes"),
    [
        (3, "ChangeInCapacity", 5, None, 8),
        (3, "ExactCapacity", 5, None, 5),
        (10, "PercentChangeInCapacity", 10, None, 11),
        (10, "PercentChangeInCapacity", 12, None, 11),  # 1.2 -> 1
        (10, "PercentChangeInCapacity", 125, None, 22),  # 12.5 -> 12
        (4, "PercentChangeInCapacity", 10, None, 5),  # 0.4 -> 1
        (4, "PercentChangeInCapacity", -10, None, 3),  # -0.4 -> -1
        (10, "PercentChangeInCapacity", -66, None, 4),  # -6.6 -> -6
        (4, "PercentChangeInCapacity", 25, 2, 6),  # the guide: 1 becomes 2
        (4, "PercentChangeInCapacity", 0, 2, 4),
    ],
)
def test_adjustments(capacity, kind, adjustment, least, becomes):
    assert adjusted(capacity, kind, adjustment, least) == becomes


#: The guide's scale-out policy on a threshold of 50, and its scale-in policy.
OUT = [
    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 0},
    {"MetricIntervalLowerBound": 10, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 10},
    {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 30},
]
IN = [
    {"MetricIntervalLowerBound": -10, "MetricIntervalUpperBound": 0, "ScalingAdjustment": 0},
    {
        "MetricIntervalLowerBound": -20,
        "MetricIntervalUpperBound": -10,
        "ScalingAdjustment": -10,
    },
    {"MetricIntervalUpperBound": -20, "ScalingAdjustment": -30},
]


@pytest.mark.parametrize(
    ("steps", "value", "change"),
    [
        (OUT, 50, 0),
        (OUT, 59.9, 0),
        (OUT, 60, 10),
        (OUT, 70, 30),
        (OUT, 1e9, 30),
        (IN, 50, 0),
        (IN, 40.1, 0),
        (IN, 40, -10),
        (IN, 30, -30),
    ],
)
def test_steps_of_the_guide(steps, value, change):
    assert step_for(value, 50, steps)["ScalingAdjustment"] == change


def test_no_step_no_change():
    assert step_for(49, 50, OUT) is None


@pytest.mark.parametrize(
    ("capacity", "value", "target", "scale_in", "becomes"),
    [
        (2, 90, 60, True, 3),
        (2, 61, 60, True, 3),
        (2, 60, 60, True, 2),
        (10, 30, 60, True, 5),
        (10, 30, 60, False, 10),
        (3, 0.1 + 0.2, 0.3, True, 3),
        (0, 90, 60, True, 0),
    ],
)
def test_target_tracking(capacity, value, target, scale_in, becomes):
    assert tracked(capacity, value, target, scale_in) == becomes


@given(st.integers(1, 200), st.floats(0.5, 400), st.floats(0.5, 400))
def test_a_tracked_capacity_is_enough_and_not_one_too_many(capacity, value, target):
    wanted = tracked(capacity, value, target, scale_in=True)
    load = capacity * value
    assert load / wanted <= target * (1 + 1e-6)
    assert wanted == 1 or load / (wanted - 1) > target * (1 - 1e-6)
    assert wanted == math.ceil(round(load / target, 6))


def one(name, zone="a", at=0, old=False):
    return Candidate(name, zone, at, old)


def test_the_fuller_zone_goes_first():
    three = [one("i-1", "a", 9), one("i-2", "b", 1), one("i-3", "b", 2)]
    assert chosen(three, ["Default"], 1) == ["i-2"]
    assert chosen(three, ["Default"], 2) == ["i-2", "i-3"]


def test_an_old_launch_configuration_goes_before_an_old_instance():
    assert chosen([one("i-1", at=1), one("i-2", at=2, old=True)], ["Default"], 1) == ["i-2"]


@pytest.mark.parametrize(("policy", "gone"), [("OldestInstance", "i-1"), ("NewestInstance", "i-2")])
def test_other_policies(policy, gone):
    assert chosen([one("i-1", at=1), one("i-2", at=2)], [policy], 1) == [gone]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans()), max_size=12),
    st.integers(0, 14),
)
def test_as_many_go_as_asked_each_once(rows, count):
    every = [one(f"i-{n}", *row) for n, row in enumerate(rows)]
    gone = chosen(every, ["Default"], count)
    assert len(gone) == len(set(gone)) == min(count, len(every))


def test_new_instances_go_where_there_are_fewest():
    assert zone_for(["a", "b"], []) == 0
    assert zone_for(["a", "b"], ["a"]) == 1
    assert zone_for(["a", "b"], ["a", "b", "b"]) == 0
