"""Which datapoints a reason names, in its text and in its data (aws-semantics 2.5)."""

import json
from datetime import UTC, datetime

import pytest

from labkit.cloudwatch.engine.evaluation import AlarmRule, Period, evaluate
from labkit.cloudwatch.engine.reasons import reason_data, reason_text

SECOND = 1_000_000


def us(*moment):
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * SECOND


def evaluation(values, newest_us, *, period=60, n=1, before="OK", samples=1.0, **more):
    """An evaluation of values, oldest first, None for a missing one; older ones are missing."""
    given = {"comparison": "GreaterThanThreshold", "threshold": 50.0, **more}
    rule = AlarmRule(period_us=period * SECOND, evaluation_periods=n, **given)
    values = [None] * (rule.evaluation_range - len(values)) + list(values)
    periods = [
        Period(
            newest_us - (age - 1) * rule.period_us, value, 0.0 if value is None else samples, age
        )
        for age, value in zip(range(len(values), 0, -1), values, strict=True)
    ]
    return evaluate(rule, periods, before)


SAMPLE = us(2019, 10, 2, 16, 59)  # the newest period of the samples begins here


@pytest.mark.parametrize(
    ("values", "options", "wanted"),
    [
        pytest.param(
            [60.0, 1.0, 70.0, 2.0, 80.0], {"n": 5, "datapoints_to_alarm": 3},
            "Threshold Crossed: 3 out of the last 5 datapoints [80.0 (02/10/19 16:59:00), 70.0 "
            "(02/10/19 16:57:00), 60.0 (02/10/19 16:55:00)] were greater than the threshold (50.0) "
            "(minimum 3 datapoints for OK -> ALARM transition).",
            id="M of N lists those that breach",
        ),
        pytest.param(
            [60.0, 1.0, 70.0, 2.0, 3.0], {"n": 5, "datapoints_to_alarm": 3, "before": "ALARM"},
            "Threshold Crossed: 3 out of the last 5 datapoints [3.0 (02/10/19 16:59:00), 2.0 "
            "(02/10/19 16:58:00), 1.0 (02/10/19 16:56:00)] were not greater than the threshold "
            "(50.0) (minimum 3 datapoints for ALARM -> OK transition).",
            id="N - M + 1 for the way back",
        ),
        pytest.param(
            [60.0, 1.0, 70.0], {"n": 3, "datapoints_to_alarm": 3, "before": "ALARM"},
            "Threshold Crossed: 1 out of the last 3 datapoints [1.0 (02/10/19 16:58:00)] was not "
            "greater than the threshold (50.0) (minimum 1 datapoint for ALARM -> OK transition).",
            id="3 of 3: one is enough for the way back",
        ),
        pytest.param(
            [50.0], {"comparison": "GreaterThanOrEqualToThreshold"},
            "Threshold Crossed: 1 datapoint [50.0 (02/10/19 16:59:00)] was greater than or equal "
            "to the threshold (50.0).",
            id="greater or equal",
        ),
    ],
)  # fmt: skip
def test_the_text_lists_what_speaks_for_the_state(values, options, wanted):
    got = evaluation(values, SAMPLE, **options)
    assert got.decision != "RETAIN"
    assert reason_text(got, options.get("before", "OK")) == wanted


QUERY = us(2019, 10, 2, 17, 4, 40) + 985_999


def test_the_documented_reason_data():
    """As in AWS's sample, key for key and in its order; the query's microseconds are cut off."""
    got = evaluation([99.50160229693434], SAMPLE, period=300, samples=5.0)
    assert json.dumps(reason_data(got, QUERY)) == (
        '{"version": "1.0", "queryDate": "2019-10-02T17:04:40.985+0000", '
        '"startDate": "2019-10-02T16:59:00.000+0000", "statistic": "Average", "period": 300, '
        '"recentDatapoints": [99.50160229693434], "threshold": 50.0, "evaluatedDatapoints": '
        '[{"timestamp": "2019-10-02T16:59:00.000+0000", "sampleCount": 5.0, '
        '"value": 99.50160229693434}]}'
    )


def test_a_unit_stands_behind_the_start():
    data = reason_data(evaluation([60.0], SAMPLE, threshold=50), QUERY, "Seconds")
    assert list(data)[2:4] == ["startDate", "unit"]
    assert data["unit"] == "Seconds"
    assert repr(data["threshold"]) == "50.0"


def times(data):
    return [(p["timestamp"][14:16], p.get("value")) for p in data["evaluatedDatapoints"]]


def test_recent_datapoints_are_oldest_first_and_evaluated_ones_newest_first():
    data = reason_data(evaluation([10.0, 20.0, 60.0], SAMPLE, n=3), QUERY)
    assert data["recentDatapoints"] == [10.0, 20.0, 60.0]
    assert times(data) == [("59", 60.0), ("58", 20.0), ("57", 10.0)]
    assert data["startDate"] == "2019-10-02T16:57:00.000+0000"


def test_periods_passed_over_are_not_evaluated_ones():
    data = reason_data(evaluation([10.0, None, 20.0, None, 60.0], SAMPLE, n=3), QUERY)
    assert times(data) == [("59", 60.0), ("57", 20.0), ("55", 10.0)]


def test_missing_datapoints_are_a_timestamp_alone():
    got = evaluation([60.0, None, None], SAMPLE, n=3, treat_missing_data="breaching")
    data = reason_data(got, QUERY)
    assert data["evaluatedDatapoints"][0] == {"timestamp": "2019-10-02T16:59:00.000+0000"}
    assert times(data) == [("59", None), ("58", None), ("57", 60.0)]


def test_what_decided_from_further_back_is_among_the_evaluated():
    """- X - - -: the premature rule's ALARM; the three newest periods are all missing."""
    got = evaluation([60.0, None, None, None], SAMPLE, n=3)
    assert got.decision == "ALARM"
    assert times(reason_data(got, QUERY)) == [("59", None), ("58", None), ("57", None), ("56", 60)]


def test_without_any_datapoint_there_is_no_start():
    data = reason_data(evaluation([], SAMPLE, n=2, treat_missing_data="breaching"), QUERY)
    assert "startDate" not in data
    assert data["recentDatapoints"] == []
    assert times(data) == [("59", None), ("58", None)]
