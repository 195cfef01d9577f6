"""What AWS's own resources measure of themselves: `metric.emitted` becomes points."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

ERRORS = {
    "namespace": "AWS/Lambda",
    "dimensions": [["FunctionName", "checkout"]],
    "metric_name": "Errors",
    "unit": "Count",
}
DIMENSIONS = [{"Name": "FunctionName", "Value": "checkout"}]


def emit(lab, value, region="us-east-1", account="123456789012"):
    lab.world.facts.publish("metric.emitted", account, region, {**ERRORS, "value": value})


def sums(lab, region="us-east-1"):
    found = lab.client("cloudwatch", region).get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=DIMENSIONS,
        StartTime=lab.now - timedelta(hours=1),
        EndTime=lab.now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )
    points = sorted(found["Datapoints"], key=lambda point: point["Timestamp"])
    return [(point["Timestamp"], point["Sum"], point["Unit"]) for point in points]


def test_a_point_lies_in_the_minute_in_which_it_was_emitted(lab):
    lab.advance(seconds=90)
    emit(lab, 1.0)
    emit(lab, 2.0)
    minute = lab.now.replace(second=0, microsecond=0)
    assert sums(lab) == [(minute, 3.0, "Count")]


def test_it_belongs_to_one_region_and_account(lab):
    emit(lab, 1.0, region="eu-west-1")
    emit(lab, 1.0, account="210987654321")
    assert sums(lab) == []
    assert len(sums(lab, "eu-west-1")) == 1


def test_an_alarm_on_the_series_is_decided_anew(lab, cloudwatch):
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=DIMENSIONS,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    lab.advance(minutes=10)
    assert lab.cloudwatch.alarm("errors").state == "OK"
    emit(lab, 1.0)
    lab.advance(minutes=1)
    assert lab.cloudwatch.alarm("errors").state == "ALARM"


def test_what_resources_emit_no_caller_may_put(cloudwatch):
    with pytest.raises(ClientError, match="AWS/"):
        cloudwatch.put_metric_data(
            Namespace="AWS/Lambda", MetricData=[{"MetricName": "Errors", "Value": 1.0}]
        )


def test_a_listed_metric(lab, cloudwatch):
    emit(lab, 1.0)
    listed = cloudwatch.list_metrics(Namespace="AWS/Lambda")["Metrics"]
    assert listed == [{"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": DIMENSIONS}]
