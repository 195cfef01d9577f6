"""The one-line views that a lab binds: lab.cloudwatch.view_alarm and its kin."""

import pytest

from labkit.core.errors import LabError


@pytest.fixture
def hot(lab, cloudwatch, machine, topic):
    """The first lesson at 09:30: the alarm rang at 09:20."""
    cloudwatch.put_metric_alarm(
        AlarmName="hot", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average",
        Dimensions=[{"Name": "InstanceId", "Value": machine}], Period=300, EvaluationPeriods=1,
        Threshold=70.0, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
    )  # fmt: skip
    lab.fleet.load(machine, 98, start=lab.start.replace(minute=12), minutes=10)
    lab.advance(minutes=30)
    return machine


def test_an_alarm_with_its_letters(lab, hot):
    drawn = lab.cloudwatch.view_alarm("hot", mails=lab.mailbox)
    assert drawn.title == "CPUUtilization crossed 70 % at 09:15; ALARM at 09:20; e-mail at 09:20"


def test_a_metric_by_its_dimensions(lab, hot):
    drawn = lab.cloudwatch.view_metric("CPUUtilization", dimensions={"InstanceId": hot})
    assert "highest at 09:15" in str(drawn)
    nothing = lab.cloudwatch.view_metric("CPUUtilization", dimensions={"InstanceId": "i-0"})
    assert "no datapoints" in str(nothing).lower()


def test_why_it_rang_and_why_it_is_as_it_is_now(lab, hot):
    cloudwatch = lab.client("cloudwatch")
    assert str(lab.cloudwatch.explain_alarm("hot")).startswith("hot: OK, because 0 of 1")
    cloudwatch.set_alarm_state(AlarmName="hot", StateValue="ALARM", StateReason="by hand")
    now = lab.cloudwatch.explain_alarm("hot", now=True)
    assert str(now).startswith("hot: OK, because 0 of 1")


def test_an_alarm_that_is_not_there_says_which_are(lab, hot):
    with pytest.raises(LabError, match=r"no alarm is called 'cold' in us-east-1; there are: hot"):
        lab.cloudwatch.view_alarm("cold")
