"""Metric filters: lines become points, points an alarm, the alarm an e-mail."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

GROUP, STREAM = "/shop/app", "host-1"
WHERE = {"logGroupName": GROUP, "logStreamName": STREAM}
HITS = {"metricName": "Err400", "metricNamespace": "Shop", "metricValue": "1"}


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(**WHERE)
    return client


def put(lab, logs, *texts):
    at = lab.world.clock.now_us // 1000
    logs.put_log_events(**WHERE, logEvents=[{"timestamp": at, "message": t} for t in texts])


def filtered(logs, pattern, **transformation):
    logs.put_metric_filter(
        logGroupName=GROUP, filterName="f", filterPattern=pattern,
        metricTransformations=[HITS | transformation],
    )  # fmt: skip


def points(lab, statistic="Sum", dimensions=(), period=60):
    found = lab.client("cloudwatch").get_metric_statistics(
        Namespace="Shop", MetricName="Err400", Statistics=[statistic], Period=period,
        StartTime=lab.now - timedelta(hours=2), EndTime=lab.now + timedelta(hours=1),
        Dimensions=[{"Name": n, "Value": v} for n, v in dimensions],
    )["Datapoints"]  # fmt: skip
    return [row[statistic] for row in sorted(found, key=lambda row: row["Timestamp"])]


def test_the_notes_story(lab, logs):
    """ERROR: 400 counted, an alarm at fifty, an e-mail."""
    topic = lab.client("sns").create_topic(Name="ops")["TopicArn"]
    lab.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    lab.mailbox[-1].confirm()
    filtered(logs, '"ERROR: 400"')
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName="payments", Namespace="Shop", MetricName="Err400", Statistic="Sum", Period=300,
        EvaluationPeriods=1, Threshold=50, ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching", AlarmActions=[topic],
    )  # fmt: skip
    put(lab, logs, *["ERROR: 400 /pay"] * 49, "ERROR: 4001 /pay", "error: 400 /pay")
    lab.advance(minutes=10)
    assert [m for m in lab.mailbox if "ALARM" in m.subject] == []
    put(lab, logs, *["ERROR: 400 /pay"] * 50)
    lab.advance(minutes=6)
    (mail,) = [m for m in lab.mailbox if "ALARM" in m.subject]
    assert '"payments"' in mail.subject


def test_the_past_is_not_counted(lab, logs):
    put(lab, logs, "ERROR")
    filtered(logs, "ERROR")
    lab.advance(minutes=2)
    assert points(lab) == []
    put(lab, logs, "ERROR")
    assert points(lab) == [1.0]


def test_average_of_ones_is_one(lab, logs):
    filtered(logs, "ERROR")
    put(lab, logs, *["ERROR"] * 212)
    assert (points(lab, "Average"), points(lab, "SampleCount")) == ([1.0], [212.0])


def test_a_default_value_fills_minutes_with_lines_only(lab, logs):
    filtered(logs, "ERROR", defaultValue=0.0)
    put(lab, logs, "ERROR", "fine")
    lab.advance(minutes=1)
    put(lab, logs, "fine", "fine")
    lab.advance(minutes=1)
    lab.advance(minutes=1)  # no line at all
    put(lab, logs, "ERROR")
    lab.advance(minutes=1)
    assert points(lab) == [1.0, 0.0, 1.0]


def test_the_value_comes_from_the_event(lab, logs):
    filtered(logs, "{ $.latency = * }", metricValue="$.latency", unit="Milliseconds")
    put(lab, logs, '{"latency":50}', '{"latency":70}', '{"latency":"slow"}', "text")
    assert points(lab) == [120.0]


def test_dimensions_come_from_the_event(lab, logs):
    filtered(logs, "[ip, user, size]", metricValue="$size", dimensions={"User": "$user"})
    put(lab, logs, "10.0.0.1 ann 5", "10.0.0.2 bob 7", "10.0.0.2 ann 1")
    assert points(lab, dimensions=[("User", "ann")]) == [6.0]
    assert points(lab, dimensions=[("User", "bob")]) == [7.0]
    assert points(lab) == []


@pytest.mark.parametrize(
    ("pattern", "transformation", "said"),
    [
        ("a.b", {}, "Invalid character"),
        ("ERROR", {"metricValue": "$.x"}, "does not name"),
        ("{ $.x = 1 }", {"metricValue": "many"}, "no number"),
        ("{ $.x = 1 }", {"dimensions": {"X": "$.x"}, "defaultValue": 0.0}, "mutually exclusive"),
        ("ERROR", {"dimensions": {"X": "$.x"}}, "need a JSON"),
    ],
)
def test_what_is_refused(logs, pattern, transformation, said):
    with pytest.raises(ClientError, match=said) as told:
        filtered(logs, pattern, **transformation)
    assert told.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_group_has_a_hundred_filters(logs):
    for number in range(100):
        logs.put_metric_filter(
            logGroupName=GROUP, filterName=f"f{number}", filterPattern="x",
            metricTransformations=[HITS],
        )  # fmt: skip
    assert logs.describe_log_groups()["logGroups"][0]["metricFilterCount"] == 100
    with pytest.raises(ClientError, match="LimitExceededException"):
        logs.put_metric_filter(
            logGroupName=GROUP, filterName="one more", filterPattern="x",
            metricTransformations=[HITS],
        )  # fmt: skip


def test_trying_a_pattern(logs):
    found = logs.test_metric_filter(
        filterPattern="[level=ERROR, message]",
        logEventMessages=["INFO a", "ERROR all broke", "ERROR x"],
    )["matches"]
    assert [(m["eventNumber"], m["extractedValues"]["$message"]) for m in found] == [
        (2, "all broke"),
        (3, "x"),
    ]


def test_show_and_delete(logs):
    filtered(logs, "ERROR")
    (told,) = logs.describe_metric_filters(metricName="Err400", metricNamespace="Shop")[
        "metricFilters"
    ]
    assert (told["filterName"], told["applyOnTransformedLogs"]) == ("f", False)
    logs.delete_metric_filter(logGroupName=GROUP, filterName="f")
    assert logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"] == []
    with pytest.raises(ClientError, match="does not exist"):
        logs.delete_metric_filter(logGroupName=GROUP, filterName="f")


def test_filter_log_events_by_every_kind_of_pattern(lab, logs):
    put(lab, logs, "ERROR a", '{"a":1}', "x y z")
    for pattern, found in [
        ("ERROR", ["ERROR a"]), ("{ $.a = 1 }", ['{"a":1}']), ("[a, b, c=z]", ["x y z"]),
        ("%E.R%", ["ERROR a"]),
    ]:  # fmt: skip
        answer = logs.filter_log_events(logGroupName=GROUP, filterPattern=pattern)
        assert [event["message"] for event in answer["events"]] == found
    with pytest.raises(ClientError, match="position 1"):
        logs.filter_log_events(logGroupName=GROUP, filterPattern="a.b")
