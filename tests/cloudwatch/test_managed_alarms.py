"""Alarms that a service makes for itself, through ports."""

import pytest

from labkit.core.errors import AwsError

ALARM = {
    "AlarmName": "TargetTracking-web-AlarmHigh-1",
    "Namespace": "AWS/EC2",
    "MetricName": "CPUUtilization",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 50.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
HERE = ("123456789012", "us-east-1")


def test_they_are_alarms_like_any_other_and_nobody_called(lab, cloudwatch):
    ports = lab.world.ports
    arn = ports.put_alarm(*HERE, ALARM)
    (told,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert told["AlarmArn"] == arn and told["Threshold"] == 50.0
    ports.delete_alarms(*HERE, [ALARM["AlarmName"], "none"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    lab.advance(minutes=20)
    names = [one["EventName"] for one in lab.client("cloudtrail").lookup_events()["Events"]]
    assert "PutMetricAlarm" not in names


def test_what_an_operation_refuses_is_refused_here_too(lab):
    with pytest.raises(AwsError, match="Metric period"):
        lab.world.ports.put_alarm(*HERE, {**ALARM, "Period": 61})
