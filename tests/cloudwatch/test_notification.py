"""What an alarm says when it acts: the JSON document, the letter, the line, and failures."""

import json
from datetime import timedelta

import pytest

GOOD = {
    "AlarmName": "cpu-high", "Namespace": "Shop", "MetricName": "m", "Statistic": "Average",
    "Period": 60, "EvaluationPeriods": 1, "Threshold": 21, "ComparisonOperator":
    "GreaterThanThreshold", "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
}  # fmt: skip
QUEUE_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                   "Action": "sqs:SendMessage", "Resource": "*"}],
}  # fmt: skip


@pytest.fixture
def inbox(lab):
    """A queue that is subscribed to the topic ``alarms``: (topic ARN, read one message)."""
    sns, sqs = lab.client("sns"), lab.client("sqs")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    url = sqs.create_queue(
        QueueName="alarms", Attributes={"Policy": json.dumps(QUEUE_POLICY)}
    )["QueueUrl"]  # fmt: skip
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])

    def read():
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in got]

    return topic, read


def ring(lab, value=21.5, **more):
    """Make the alarm, let a minute with one point pass."""
    client = lab.client("cloudwatch")
    client.put_metric_alarm(**GOOD | more)
    client.put_metric_data(
        Namespace="Shop",
        MetricData=[{"MetricName": "m", "Value": value, "Dimensions": GOOD["Dimensions"]}],
    )
    lab.advance(minutes=1)


def actions(lab):
    got = lab.client("cloudwatch").describe_alarm_history(HistoryItemType="Action")
    return [(i["HistorySummary"], json.loads(i["HistoryData"])) for i in got["AlarmHistoryItems"]]


def test_a_queue_gets_the_json_document(lab, inbox):
    topic, read = inbox
    ring(lab, AlarmActions=[topic], AlarmDescription="too hot")
    (body,) = read()
    assert (body["Type"], body["TopicArn"]) == ("Notification", topic)
    assert body["Subject"] == 'ALARM: "cpu-high" in US East (N. Virginia)'
    document = json.loads(body["Message"])
    configured = document.pop("AlarmConfigurationUpdatedTimestamp")
    assert configured.startswith("2026-01-05T09:00:00.") and configured.endswith("+0000")
    assert document == {
        "AlarmName": "cpu-high",
        "AlarmDescription": "too hot",
        "AWSAccountId": "123456789012",
        "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed: 1 datapoint [21.5 (05/01/26 09:00:00)] was greater "
        "than the threshold (21.0).",
        "StateChangeTime": "2026-01-05T09:01:00.000+0000",
        "Region": "US East (N. Virginia)",
        "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cpu-high",
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [],
        "AlarmActions": [topic],
        "InsufficientDataActions": [],
        "ActionExecutedAfterMuteWindow": False,
        "Trigger": {
            "MetricName": "m",
            "Namespace": "Shop",
            "StatisticType": "Statistic",
            "Statistic": "AVERAGE",
            "Unit": None,
            "Dimensions": [{"value": "i-1", "name": "InstanceId"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 21.0,
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"Statistic": "SampleCount", "Threshold": 0}, {"Statistic": "SAMPLE_COUNT"}),
        ({"Statistic": None, "ExtendedStatistic": "p99"},
         {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": "p99"}),
        ({"DatapointsToAlarm": 1}, {"DatapointsToAlarm": 1}),
        ({"Unit": "None"}, {"Unit": "None"}),
        ({"TreatMissingData": "ignore"}, {"TreatMissingData": "ignore"}),
    ],
)  # fmt: skip
def test_the_trigger_says_what_was_set(lab, inbox, more, wanted):
    topic, read = inbox
    params = {k: v for k, v in (GOOD | more | {"AlarmActions": [topic]}).items() if v is not None}
    client = lab.client("cloudwatch")
    client.put_metric_alarm(**params)
    client.set_alarm_state(AlarmName="cpu-high", StateValue="ALARM", StateReason="r")
    trigger = json.loads(read()[0]["Message"])["Trigger"]
    assert {key: trigger[key] for key in wanted} == wanted
    assert ("Statistic" in trigger) != ("ExtendedStatistic" in trigger)
    assert ("DatapointsToAlarm" in trigger) == ("DatapointsToAlarm" in wanted)


def test_a_person_gets_a_letter(lab, topic):
    ring(lab, AlarmActions=[topic])
    letter = lab.mailbox[-1]
    assert (letter.to, letter.at) == ("oncall@teapot.example", lab.start + timedelta(minutes=1))
    assert letter.subject == 'ALARM: "cpu-high" in US East (N. Virginia)'
    for line in (
        "- Name:                       cpu-high",
        "- State Change:               INSUFFICIENT_DATA -> ALARM",
        "- Timestamp:                  Monday 05 January, 2026 09:01:00 UTC",
        "- AWS Account:                123456789012",
        "Threshold:",
        "- Dimensions:                          [InstanceId = i-1]",
        f"- ALARM: [{topic}]",
    ):
        assert line in letter.body, line


def test_a_long_name_does_not_make_a_long_subject(lab, topic):
    ring(lab, AlarmName="n" * 255, AlarmActions=[topic])
    subject = lab.mailbox[-1].subject
    assert len(subject) == 100
    assert subject.startswith('ALARM: "nnn') and subject.endswith('n..." in US East (N. Virginia)')


def test_each_topic_is_told_and_the_history_says_so(lab, inbox, topic):
    queue, read = inbox
    ring(lab, AlarmActions=[topic, queue])
    assert [summary for summary, _ in actions(lab)] == [
        f"Successfully executed action {queue}", f"Successfully executed action {topic}",
    ]  # fmt: skip
    told = actions(lab)[0][1]
    assert list(told) == [
        "actionState", "stateUpdateTimestamp", "notificationResource", "publishedMessage", "error",
    ]  # fmt: skip
    assert (told["actionState"], told["error"]) == ("Succeeded", None)
    assert told["stateUpdateTimestamp"] == int(lab.start.timestamp() * 1000) + 60_000
    published = json.loads(told["publishedMessage"])
    assert published["default"] == read()[0]["Message"]
    assert lab.mailbox[-1].body.startswith(published["email"])


def test_a_missing_topic_is_a_failed_action_and_does_not_stop_the_next(lab, topic):
    gone = topic.replace("on-call", "gone")
    ring(lab, AlarmActions=[gone, topic])
    (_, good), (summary, failed) = actions(lab)
    assert summary == f"Failed to execute action {gone}"
    assert (failed["actionState"], failed["publishedMessage"]) == ("Failed", None)
    assert failed["notificationResource"] == gone
    assert "NotFound" in failed["error"]
    assert good["actionState"] == "Succeeded"
    assert lab.mailbox[-1].subject.startswith("ALARM")


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sqs:us-east-1:123456789012:q",
        "arn:aws:lambda:us-east-1:123456789012:function:f",
        "arn:aws:automate:us-east-1:ec2:stop",
    ],
)
def test_an_action_that_is_not_there_yet_fails_honestly(lab, arn):
    ring(lab, AlarmActions=[arn])
    ((summary, told),) = actions(lab)
    assert summary == f"Failed to execute action {arn}"
    assert told["error"]
    assert lab.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]


def test_the_same_letter_from_another_region(lab):
    client = lab.client("cloudwatch", "eu-central-1")
    sns = lab.client("sns", "eu-central-1")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="you@teapot.example")
    lab.mailbox[-1].confirm()
    client.put_metric_alarm(**GOOD, OKActions=[topic])
    client.set_alarm_state(AlarmName="cpu-high", StateValue="OK", StateReason="r")
    assert lab.mailbox[-1].subject == 'OK: "cpu-high" in EU (Frankfurt)'
