"""DescribeAlarmContributors: which series of a Metrics Insights alarm are in ALARM."""

import pytest
from botocore.exceptions import ClientError

SQL = "SELECT SUM(req) FROM SCHEMA(Shop, Service) GROUP BY Service ORDER BY SUM() DESC"


@pytest.fixture
def alarm(cloudwatch):
    cloudwatch.put_metric_alarm(
        AlarmName="any", EvaluationPeriods=1, Threshold=5, TreatMissingData="notBreaching",
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[{"Id": "q", "Expression": SQL, "Period": 60}],
    )  # fmt: skip
    return cloudwatch


def put(client, **services):
    client.put_metric_data(
        Namespace="Shop",
        MetricData=[
            {
                "MetricName": "req",
                "Value": value,
                "Dimensions": [{"Name": "Service", "Value": name}],
            }
            for name, value in services.items()
        ],
    )


def told(client):
    return client.describe_alarm_contributors(AlarmName="any")["AlarmContributors"]


def test_who_is_in_alarm_why_and_since_when(lab, alarm):
    put(alarm, a=1, b=1)
    lab.run_until("09:01")
    assert told(alarm) == []
    put(alarm, a=9, b=1)
    lab.run_until("09:02")
    (one,) = told(alarm)
    assert one["ContributorAttributes"] == {"Service": "a"}
    assert len(one["ContributorId"]) == 16
    assert one["StateReason"] == (
        "Threshold Crossed: 1 datapoint was greater than the threshold (5.0). The most recent "
        "datapoint which crossed the threshold: [9.0 (05/01/26 09:01:00)]."
    )
    put(alarm, a=9, b=8)
    lab.run_until("09:03")
    both = {c["ContributorAttributes"]["Service"]: c for c in told(alarm)}
    assert both["a"]["ContributorId"] == one["ContributorId"]
    since = {k: c["StateTransitionedTimestamp"].strftime("%H:%M") for k, c in both.items()}
    assert since == {"a": "09:02", "b": "09:03"}
    lab.run_until("09:10")
    assert told(alarm) == []


def test_alarms_of_one_series_have_none_and_unknown_ones_are_not_found(cloudwatch):
    cloudwatch.put_metric_alarm(
        AlarmName="any", EvaluationPeriods=1, Threshold=5, Period=60, Namespace="S", MetricName="m",
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
    )  # fmt: skip
    assert told(cloudwatch) == []
    with pytest.raises(ClientError) as problem:
        cloudwatch.describe_alarm_contributors(AlarmName="gone")
    assert problem.value.response["Error"]["Code"] == "ResourceNotFoundException"
