"""Curves: what is understood as a series, and where there are gaps."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from views_morning import NINE, at

from labkit.core.clock import MINUTE
from labkit.core.errors import LabError
from labkit.core.sources import Points
from labkit.views.curves import Curve, missing, read

US = 1767603600 * 1_000_000
THREE = [US, US + MINUTE, US + 2 * MINUTE]


def test_get_metric_data_newest_first():
    response = {
        "MetricDataResults": [
            {"Id": "m1", "Label": "CPUUtilization", "Timestamps": [at(2), at(1), at(0)],
             "Values": [3.0, 2.0, 1.0], "StatusCode": "Complete"},
            {"Id": "m2", "Label": "Errors", "Timestamps": [], "Values": []},
        ],
        "Messages": [],
    }  # fmt: skip
    cpu, errors = read([response])
    assert (cpu.label, cpu.starts, cpu.values) == ("CPUUtilization", tuple(THREE), (1, 2, 3))
    assert cpu.period_us == MINUTE
    assert (errors.label, errors.starts) == ("Errors", ())
    [alone] = read([response["MetricDataResults"][0]])
    assert alone == cpu
    assert read([response["MetricDataResults"]]) == [cpu, errors]


def test_results_with_one_label_are_told_apart_by_their_ids():
    one = {"Label": "CPU", "Timestamps": [at(0)], "Values": [1.0]}
    found = read([{"MetricDataResults": [one | {"Id": "a"}, one | {"Id": "b"}]}])
    assert [curve.label for curve in found] == ["CPU (a)", "CPU (b)"]


def test_get_metric_statistics_in_any_order():
    points = [
        {"Timestamp": at(1), "Average": 2.0, "Unit": "Percent"},
        {"Timestamp": at(0), "Average": 1.0, "Unit": "Percent"},
    ]
    [curve] = read([{"Label": "CPUUtilization", "Datapoints": points}])
    assert (curve.label, curve.values, curve.unit) == ("CPUUtilization", (1, 2), "Percent")
    [bare] = read([points])
    assert (bare.label, bare.values) == ("Average", (1, 2))
    [nothing] = read([{"Label": "CPUUtilization", "Datapoints": []}])
    assert (nothing.label, nothing.starts) == ("CPUUtilization", ())


def test_several_statistics_become_several_curves():
    point = {"Timestamp": at(0), "Average": 2.0, "Maximum": 4.0, "SampleCount": 3.0,
             "ExtendedStatistics": {"p99": 3.9}, "Unit": "Seconds"}  # fmt: skip
    found = read([{"Label": "Latency", "Datapoints": [point]}])
    assert [(c.label, c.unit) for c in found] == [
        ("Latency Average", "Seconds"), ("Latency Maximum", "Seconds"),
        ("Latency SampleCount", ""), ("Latency p99", "Seconds"),
    ]  # fmt: skip


@dataclass
class Held:
    timestamps: list
    values: list


@pytest.mark.parametrize(
    "given",
    [
        (THREE, [1, 2, 3]),
        ("", THREE, [1, 2, 3]),
        (np.array(THREE), np.array([1.0, 2.0, 3.0])),
        ([at(0), at(1), at(2)], (1, 2, 3)),
        (["2026-01-05T09:02:00Z", "2026-01-05T09:00:00Z", "2026-01-05T09:01:00Z"], [3, 1, 2]),
        {"": (THREE, [1, 2, 3])},
        Held(THREE, [1, 2, 3]),
        Points(np.array(THREE), np.array([1.0, 2.0, 3.0]), np.array(THREE)),
        pd.Series([1.0, 2.0, 3.0], index=pd.date_range(NINE, periods=3, freq="min")),
        Curve("", tuple(THREE), (1.0, 2.0, 3.0)),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_is_understood(given):
    assert read([given]) == [Curve("", tuple(THREE), (1.0, 2.0, 3.0), MINUTE, "")]


def test_a_mapping_names_what_it_holds():
    response = {"MetricDataResults": [{"Label": "x", "Timestamps": [at(0)], "Values": [1]}]}
    found = read([{"basic": (THREE, [1, 2, 3]), "detailed": response}])
    assert [curve.label for curve in found] == ["basic", "detailed"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (5, "a int is no series"),
        ("CPUUtilization", "a str is no series"),
        ([1, 2, 3], "a list is no series"),
        (([1, 2], [3]), "2 timestamps, but 1 values"),
        (([0.5], [3]), "no instant"),
        ((1, 2), "two lists"),
    ],
)
def test_what_is_not_understood_is_told(given, told):
    with pytest.raises(LabError, match=told):
        read([given])


def test_no_number_is_no_point_and_the_last_of_one_instant_counts():
    [curve] = read([([*THREE, US], [1.0, float("nan"), None, 7.0])])
    assert (curve.starts, curve.values) == ((US,), (7.0,))


def test_the_period_is_given_or_the_smallest_distance():
    sparse = ([US, US + 5 * MINUTE, US + 15 * MINUTE], [1, 2, 3])
    assert read([sparse])[0].period_us == 5 * MINUTE
    assert read([sparse], period_us=MINUTE)[0].period_us == MINUTE
    assert read([sparse], period_us=timedelta(hours=1))[0].period_us == 60 * MINUTE
    with pytest.raises(LabError, match="did you mean seconds"):
        read([sparse], period_us=300)


def test_runs_and_gaps():
    starts = tuple(US + n * MINUTE for n in (0, 1, 2, 5, 6, 9))
    curve = Curve("m", starts, (1.0,) * 6, MINUTE)
    assert curve.runs() == [(0, 3), (3, 5), (5, 6)]
    assert missing([curve], US, US + 12 * MINUTE) == [
        (US + 3 * MINUTE, US + 5 * MINUTE),
        (US + 7 * MINUTE, US + 9 * MINUTE),
        (US + 10 * MINUTE, US + 12 * MINUTE),
    ]
    other = Curve("n", (US + 3 * MINUTE,), (1.0,), 9 * MINUTE)
    assert missing([curve, other], US, US + 12 * MINUTE) == []


def test_a_point_that_is_a_little_late_is_no_gap():
    curve = Curve("m", (US, US + 61_000_000, US + 125_000_000), (1.0, 2.0, 3.0), MINUTE)
    assert curve.runs() == [(0, 3)]
    assert curve.end(0) == US + 61_000_000
    assert curve.end(2) == US + 125_000_000 + MINUTE
