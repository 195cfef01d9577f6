"""What EventBridge hears: the details against the documented samples (aws-semantics 2.9)."""

import json

import pytest

from labkit.cloudwatch import events
from labkit.cloudwatch.composite_alarm import CompositeAlarm
from labkit.cloudwatch.engine.alarm_rule import parse
from labkit.cloudwatch.engine.suppression import Suppression
from labkit.cloudwatch.records import Alarm, Why
from labkit.core.clock import to_us
from labkit.core.sources import Series

HERE = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"


def us(text):
    from datetime import datetime

    return to_us(datetime.fromisoformat(text))


METRIC = {
    "AlarmDescription": "Goes into alarm when server CPU utilization is too high!",
    "Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Period": 300, "Statistic": "Average",
    "Dimensions": [{"Name": "InstanceId", "Value": "i-12345678901234567"}],
    "EvaluationPeriods": 1, "Threshold": 80, "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "ignore",
}  # fmt: skip
DIMENSIONS = {"InstanceId": "i-12345678901234567"}


def metric_alarm(config, name="ServerCpuTooHigh"):
    return Alarm(
        name, HERE + name, "123456789012", "us-east-1", config, Series("AWS/EC2", "m"), None, None,
        1, us("2022-03-03T17:06:34.267+00:00"), updated_us=us("2022-03-03T17:06:13.757+00:00"),
    )  # fmt: skip


def test_a_metric_alarm_changes():
    config = METRIC | {"Threshold": 50}
    reason = "Threshold Crossed: 1 out of the last 1 datapoints [...]"
    before = events.State("OK", Why("fine", "{}"), us("2019-10-01T13:56:40.987+00:00"))
    after = events.State("ALARM", Why(reason, '{"v":1}'), us("2019-10-02T17:04:40.989+00:00"))
    muting = events.Muting(
        "arn:aws:cloudwatch:us-east-1:1234567890:alarm-mute-rule:testMute",
        us("2026-01-01T10:00:00+00:00"), us("2026-01-01T12:00:00+00:00"),
    )  # fmt: skip
    detail = events.state_change(metric_alarm(config), config, before, after, muting)
    (query,) = detail["configuration"].pop("metrics")
    assert len(query.pop("id")) == 36
    assert query == {
        "metricStat": {
            "metric": {
                "dimensions": DIMENSIONS, "name": "CPUUtilization", "namespace": "AWS/EC2",
            },
            "period": 300, "stat": "Average",
        },
        "returnData": True,
    }  # fmt: skip
    assert detail == {
        "alarmName": "ServerCpuTooHigh",
        "configuration": {
            "description": "Goes into alarm when server CPU utilization is too high!",
        },
        "previousState": {
            "reason": "fine", "reasonData": "{}", "timestamp": "2019-10-01T13:56:40.987+0000",
            "value": "OK",
        },
        "state": {
            "reason": reason, "reasonData": '{"v":1}', "timestamp": "2019-10-02T17:04:40.989+0000",
            "value": "ALARM",
        },
        "muteDetail": {
            "mutedByArn": "arn:aws:cloudwatch:us-east-1:1234567890:alarm-mute-rule:testMute",
            "muteWindowStart": "2026-01-01T10:00:00.000+0000",
            "muteWindowEnd": "2026-01-01T12:00:00.000+0000",
        },
    }  # fmt: skip


def network(id_, name):
    given = {
        "Id": id_, "ReturnData": False, "MetricStat": {
            "Metric": {"Namespace": "AWS/EC2", "MetricName": name,
                       "Dimensions": METRIC["Dimensions"]},
            "Period": 300, "Stat": "Maximum"},
    }  # fmt: skip
    told = {
        "id": id_, "returnData": False, "metricStat": {
            "metric": {"dimensions": DIMENSIONS, "name": name, "namespace": "AWS/EC2"},
            "period": 300, "stat": "Maximum"},
    }  # fmt: skip
    return given, told


def test_a_math_alarm_tells_its_queries():
    pairs = [network("m1", "NetworkIn"), network("m2", "NetworkOut")]
    config = {
        "Metrics": [
            {"Id": "e1", "Expression": "SUM(METRICS())", "Label": "Total Network Traffic"},
            *(given for given, _ in pairs),
        ],
        "EvaluationPeriods": 1, "Threshold": 10000, "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    before = events.State("INSUFFICIENT_DATA", Why("Unchecked: Initial alarm creation"), 0)
    after = events.State("ALARM", Why("r", "{}"), 0)
    detail = events.state_change(metric_alarm(config, "T"), config, before, after)
    assert detail["configuration"]["metrics"] == [
        {"expression": "SUM(METRICS())", "id": "e1", "label": "Total Network Traffic",
         "returnData": True},
        *(told for _, told in pairs),
    ]  # fmt: skip
    assert "reasonData" not in detail["previousState"]


def composite(**config):
    given = {
        "AlarmRule": "ALARM(ServerCpuTooHigh) OR ALARM(TotalNetworkTrafficTooHigh)",
        "ActionsSuppressor": "ServiceMaintenanceAlarm", "ActionsSuppressorWaitPeriod": 120,
        "ActionsSuppressorExtensionPeriod": 360,
    } | config  # fmt: skip
    when = us("2022-07-14T13:59:46.425+00:00")
    name = "ServiceAggregatedAlarm"
    return CompositeAlarm(
        name, HERE + name, "123456789012", "us-east-1", given, parse("TRUE"), {}, "S", 1,
        us("2022-07-14T13:59:56.290+00:00"), state="ALARM", updated_us=when,
        suppression=Suppression("WaitPeriod", 1, True),
    )  # fmt: skip


def test_a_composite_alarm_tells_its_rule_and_who_suppresses_it():
    alarm = composite()
    before = events.State("OK", Why("was created", "{}"), 0)
    detail = events.state_change(alarm, alarm.config, before, events.state_of(alarm))
    assert detail["configuration"] == {
        "alarmRule": "ALARM(ServerCpuTooHigh) OR ALARM(TotalNetworkTrafficTooHigh)",
        "actionsSuppressor": "ServiceMaintenanceAlarm",
        "actionsSuppressorWaitPeriod": 120,
        "actionsSuppressorExtensionPeriod": 360,
    }
    assert detail["state"]["actionsSuppressedBy"] == "WaitPeriod"
    assert detail["state"]["actionsSuppressedReason"] == "Actions suppressed by WaitPeriod"


def test_an_update_tells_both_configurations():
    alarm = metric_alarm(METRIC)
    was = events.Before(METRIC | {"Threshold": 70}, True, us("2022-03-03T17:06:13.757+00:00"))
    detail = events.configuration_change(alarm, "updated", was)
    assert detail["operation"] == "update"
    assert detail["state"] == {
        "value": "INSUFFICIENT_DATA", "timestamp": "2022-03-03T17:06:13.757+0000"
    }  # fmt: skip
    ids = [
        detail[key]["metrics"][0].pop("id") for key in ("configuration", "previousConfiguration")
    ]
    assert len(set(ids)) == 2  # CloudWatch makes up an id for each
    assert detail["configuration"]["metrics"][0]["metricStat"]["period"] == 300
    for key in ("configuration", "previousConfiguration"):
        del detail[key]["metrics"]
    common = {
        "evaluationPeriods": 1, "comparisonOperator": "GreaterThanThreshold",
        "treatMissingData": "ignore", "alarmName": "ServerCpuTooHigh",
        "description": "Goes into alarm when server CPU utilization is too high!",
        "actionsEnabled": True, "okActions": [], "alarmActions": [], "insufficientDataActions": [],
    }  # fmt: skip
    assert detail["configuration"] == common | {
        "threshold": 80, "timestamp": "2022-03-03T17:06:34.267+0000"
    }  # fmt: skip
    assert detail["previousConfiguration"] == common | {
        "threshold": 70, "timestamp": "2022-03-03T17:06:13.757+0000"
    }  # fmt: skip


def test_a_deletion_tells_the_last_configuration():
    detail = events.configuration_change(composite(), "deleted")
    assert detail == {
        "alarmName": "ServiceAggregatedAlarm",
        "operation": "delete",
        "state": {
            "actionsSuppressedBy": "WaitPeriod", "value": "ALARM",
            "timestamp": "2022-07-14T13:59:46.425+0000",
        },
        "configuration": {
            "alarmRule": "ALARM(ServerCpuTooHigh) OR ALARM(TotalNetworkTrafficTooHigh)",
            "actionsSuppressor": "ServiceMaintenanceAlarm",
            "actionsSuppressorWaitPeriod": 120,
            "actionsSuppressorExtensionPeriod": 360,
            "alarmName": "ServiceAggregatedAlarm",
            "actionsEnabled": True,
            "timestamp": "2022-07-14T13:59:56.290+0000",
            "okActions": [],
            "alarmActions": [],
            "insufficientDataActions": [],
        },
    }  # fmt: skip


# -- in a lab
@pytest.fixture
def heard(lab):
    """The events that the lab's alarms tell from here on."""
    told = []
    lab.world.facts.hear("event.emitted", lambda fact: told.append((fact.at_us, dict(fact.data))))
    return told


def test_a_lab_tells_them_in_their_order(lab, cloudwatch, heard):
    given = METRIC | {"AlarmName": "hot", "Namespace": "Shop", "Dimensions": []}
    cloudwatch.put_metric_alarm(**given | {"Period": 60, "TreatMissingData": "notBreaching"})
    cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(hot)")
    cloudwatch.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "CPUUtilization", "Value": 99.0}]
    )
    lab.run_until("09:01")
    cloudwatch.disable_alarm_actions(AlarmNames=["hot"])
    cloudwatch.delete_alarms(AlarmNames=["all"])
    alarm_events = [data for _, data in heard if data["source"] == "aws.cloudwatch"]
    assert [
        (
            data["detail_type"].removeprefix("CloudWatch Alarm "),
            data["detail"]["alarmName"],
            data["detail"].get("operation") or data["detail"]["state"]["value"],
        )
        for data in alarm_events
    ] == [
        ("Configuration Change", "hot", "create"),
        ("Configuration Change", "all", "create"),
        ("State Change", "all", "OK"),
        ("State Change", "hot", "ALARM"),
        ("State Change", "all", "ALARM"),
        ("Configuration Change", "hot", "update"),
        ("Configuration Change", "all", "delete"),
    ]
    hot = alarm_events[3]
    assert hot["resources"] == [HERE + "hot"]
    assert hot["detail"]["state"]["reason"].startswith("Threshold Crossed: 1 datapoint [99.0 (")
    assert json.loads(hot["detail"]["state"]["reasonData"])["threshold"] == 80.0
    assert hot["detail"]["state"]["timestamp"] == "2026-01-05T09:01:00.000+0000"
    assert alarm_events[5]["detail"]["configuration"]["actionsEnabled"] is False
    assert alarm_events[5]["detail"]["previousConfiguration"]["actionsEnabled"] is True
    assert json.dumps(alarm_events)  # plain values, all of them


def test_a_detail_that_nobody_wants_is_not_made(lab):
    from labkit.core.facts import Late

    def made():
        raise AssertionError("no rule looks at it")

    known = {"source": "aws.cloudwatch", "detail_type": events.STATE_CHANGE, "resources": []}
    lab.world.facts.publish(
        "event.emitted", "123456789012", "us-east-1", Late(known, {"detail": made})
    )


def test_a_rule_hears_an_alarm(lab, cloudwatch):
    """The way through: alarm, event, rule, queue."""
    sqs, bus = lab.client("sqs"), lab.client("events")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": arn}]}  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    pattern = {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}
    bus.put_rule(Name="rang", EventPattern=json.dumps(pattern))
    bus.put_targets(Rule="rang", Targets=[{"Id": "q", "Arn": arn}])
    cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule="FALSE")
    cloudwatch.set_alarm_state(AlarmName="all", StateValue="ALARM", StateReason="drill")
    lab.advance(seconds=2)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == [HERE + "all"]
    assert event["detail"]["configuration"] == {"alarmRule": "FALSE"}
