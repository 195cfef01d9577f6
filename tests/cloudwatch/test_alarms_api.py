"""Alarms through real boto3: made, read, forced, silenced, deleted, and every error's code."""

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

import labkit

ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
GOOD = {
    "AlarmName": "a", "Namespace": "Shop", "MetricName": "m", "Statistic": "Average", "Period": 60,
    "EvaluationPeriods": 1, "Threshold": 30, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


@pytest.fixture(scope="module")
def unchanged():
    """One lab with the alarm ``a`` for all that is refused: nothing may change there."""
    with labkit.Lab(active=False) as lab:
        client = lab.client("cloudwatch")
        make(client)
        yield client
        assert names(client.describe_alarms()) == ["a"]


def make(client, name="a", **more):
    client.put_metric_alarm(**GOOD | {"AlarmName": name} | more)


def one(client, name="a"):
    (found,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found


def names(answer):
    return [alarm["AlarmName"] for alarm in answer["MetricAlarms"]]


def put(client, value=1.0, name="m", **more):
    client.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": name, "Value": value, **more}]
    )


def force(client, state="ALARM", name="a", reason="by hand", **more):
    client.set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason, **more)


def lines(client, kind=None, **more):
    """The history, oldest first: (type, summary)."""
    if kind:
        more["HistoryItemType"] = kind
    got = client.describe_alarm_history(ScanBy="TimestampAscending", **more)["AlarmHistoryItems"]
    return [(item["HistoryItemType"], item["HistorySummary"]) for item in got]


def refused(call, *args, **kwargs):
    with pytest.raises(ClientError) as problem:
        call(*args, **kwargs)
    error = problem.value.response
    status = error["ResponseMetadata"]["HTTPStatusCode"]
    return error["Error"]["Code"], error["Error"]["Message"], status


# -- made and replaced
def test_a_fresh_alarm_shows_these_keys_and_no_others(lab, cloudwatch):
    make(cloudwatch)
    alarm = one(cloudwatch)
    made = lab.now - timedelta(milliseconds=1)  # the look took a millisecond
    assert alarm == {
        "AlarmName": "a",
        "AlarmArn": ARN,
        "AlarmConfigurationUpdatedTimestamp": made,
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "StateUpdatedTimestamp": made,
        "StateTransitionedTimestamp": made,
        "MetricName": "m",
        "Namespace": "Shop",
        "Statistic": "Average",
        "Dimensions": [],
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 30.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    assert isinstance(alarm["Threshold"], float)


def test_what_was_set_is_shown_as_it_was_set(cloudwatch):
    given = {
        "AlarmDescription": "slow: é", "ActionsEnabled": False, "Unit": "Seconds",
        "OKActions": ["arn:aws:sns:us-east-1:123456789012:t"], "DatapointsToAlarm": 2,
        "EvaluationPeriods": 3, "TreatMissingData": "notBreaching", "ExtendedStatistic": "p99.9",
        "EvaluateLowSampleCountPercentile": "ignore", "Period": 600,
        "Dimensions": [{"Name": "B", "Value": "2"}, {"Name": "A", "Value": "1"}],
    }  # fmt: skip
    base = {key: value for key, value in GOOD.items() if key != "Statistic"}
    cloudwatch.put_metric_alarm(**base | given)
    alarm = one(cloudwatch)
    dimensions = given.pop("Dimensions")
    assert {key: alarm[key] for key in given} == given
    assert sorted(d["Name"] for d in alarm["Dimensions"]) == sorted(d["Name"] for d in dimensions)
    assert "Statistic" not in alarm


def test_replacing_keeps_the_state_and_forgets_every_parameter(lab, cloudwatch):
    make(cloudwatch, AlarmDescription="old", TreatMissingData="ignore")
    force(cloudwatch)
    before = one(cloudwatch)
    lab.advance(seconds=10)
    make(cloudwatch, Threshold=5.0)
    after = one(cloudwatch)
    assert after["Threshold"] == 5.0
    assert "AlarmDescription" not in after and "TreatMissingData" not in after
    for key in ("StateValue", "StateReason", "StateUpdatedTimestamp", "StateTransitionedTimestamp"):
        assert after[key] == before[key], key
    key = "AlarmConfigurationUpdatedTimestamp"
    assert after[key] - before[key] > timedelta(seconds=10)
    assert lines(cloudwatch, "ConfigurationUpdate") == [
        ("ConfigurationUpdate", 'Alarm "a" created'),
        ("ConfigurationUpdate", 'Alarm "a" updated'),
    ]


def test_tags_count_at_creation_only(lab, cloudwatch):
    make(cloudwatch, Tags=[{"Key": "team", "Value": "shop"}])
    make(cloudwatch, Tags=[{"Key": "team", "Value": "other"}])
    told = cloudwatch.list_tags_for_resource(ResourceARN=ARN)["Tags"]
    assert told == [{"Key": "team", "Value": "shop"}]
    assert "Tags" not in one(cloudwatch)


def test_an_alarm_may_be_there_before_its_metric(lab, cloudwatch, topic):
    make(cloudwatch, AlarmActions=[topic], Period=60)
    lab.advance(minutes=5)
    assert one(cloudwatch)["StateValue"] == "INSUFFICIENT_DATA"
    put(cloudwatch, 31.0)
    lab.advance(minutes=2)
    assert one(cloudwatch)["StateValue"] == "ALARM"
    assert lab.mailbox[-1].subject.startswith('ALARM: "a"')


def test_dynamodb_ignores_missing_data_unless_told_otherwise(lab, cloudwatch):
    make(cloudwatch, "d", Namespace="AWS/DynamoDB")
    make(cloudwatch, "e", Namespace="AWS/DynamoDB", TreatMissingData="missing")
    for name in "de":
        force(cloudwatch, "OK", name)
    lab.advance(hours=1)
    assert [one(cloudwatch, n)["StateValue"] for n in "de"] == ["OK", "INSUFFICIENT_DATA"]
    assert "TreatMissingData" not in one(cloudwatch, "d")


def test_alarms_of_another_region_and_account_are_others(lab, cloudwatch):
    make(cloudwatch)
    assert names(lab.client("cloudwatch", "eu-west-1").describe_alarms()) == []
    assert names(lab.client("cloudwatch", account_id="210987654321").describe_alarms()) == []


# -- limits of period x N
@pytest.mark.parametrize(
    ("period", "n", "fits"),
    [(10, 8640, True), (30, 2880, True), (20, 4321, False), (60, 1440, True), (60, 1441, False),
     (300, 288, True), (3540, 25, False), (3600, 168, True), (3600, 169, False), (86_400, 7, True),
     (604_800, 1, True), (86_400, 8, False)],
)  # fmt: skip
def test_a_day_below_an_hour_and_a_week_from_there(unchanged, period, n, fits):
    if fits:
        make(unchanged, Period=period, EvaluationPeriods=n)
        return
    code, message, _ = refused(make, unchanged, Period=period, EvaluationPeriods=n)
    span, most = ("seven days", 604_800) if period >= 3600 else ("one day", 86_400)
    assert (code, message) == (
        "ValidationError",
        f"Metrics cannot be checked across more than {span} "
        f"(EvaluationPeriods * Period must be <= {most}).",
    )


# -- errors
BANDS = ["LessThanLowerThreshold", "LessThanLowerOrGreaterThanUpperThreshold",
         "GreaterThanUpperThreshold"]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        *((without, "MissingParameter", f"The parameter {without} is required.")
          for without in ("MetricName", "Namespace", "Period", "EvaluationPeriods", "Threshold",
                          "ComparisonOperator")),
        ("Statistic", "MissingParameter", "Either Statistic or ExtendedStatistic"),
        ({"ExtendedStatistic": "p99"}, "InvalidParameterCombination",
         "The parameters Statistic and ExtendedStatistic are mutually exclusive and you have "
         "specified both."),
        ({"Statistic": None, "ExtendedStatistic": "P99"}, "InvalidParameterValue", "p99"),
        ({"Statistic": None, "ExtendedStatistic": "Sum"}, "ValidationError",
         "Sum belongs into Statistic"),
        ({"Statistic": "p99"}, "ValidationError",
         "1 validation error detected: Value 'p99' at 'statistic' failed to satisfy constraint: "
         "Member must satisfy enum value set: ["),
        ({"AlarmName": " "}, "ValidationError", "AlarmName"),
        ({"AlarmName": "a\nb"}, "ValidationError", "AlarmName"),
        ({"AlarmName": "a" * 256}, "ValidationError",
         "at 'alarmName' failed to satisfy constraint: Member must have length less than or equal "
         "to 255"),
        ({"AlarmDescription": "d" * 1025}, "ValidationError", "'alarmDescription'"),
        ({"MetricName": " "}, "ValidationError", "MetricName"),
        ({"MetricName": "m" * 256}, "ValidationError", "'metricName'"),
        ({"Namespace": " "}, "ValidationError", "Namespace"),
        ({"Namespace": ":x"}, "ValidationError", "'namespace'"),
        ({"Dimensions": [{"Name": "d", "Value": "1"}, {"Name": "d", "Value": "2"}]},
         "ValidationError", "the same dimension twice"),
        ({"Dimensions": [{"Name": f"d{i}", "Value": "1"} for i in range(31)]}, "ValidationError",
         "at 'dimensions' failed to satisfy constraint: Member must have length less than or equal "
         "to 30"),
        *(({"Period": period}, "ValidationError", "10, 20, 30 or a multiple of 60")
          for period in (1, 5, 15, 45, 61, 90)),
        ({"DatapointsToAlarm": 2}, "ValidationError", "between 1 and EvaluationPeriods (1)"),
        ({"Unit": "Parsecs"}, "ValidationError", "at 'unit' failed to satisfy constraint"),
        *(({"ComparisonOperator": band}, "InvalidParameterCombination", "ThresholdMetricId")
          for band in BANDS),
        ({"ComparisonOperator": "Equal"}, "ValidationError", "'comparisonOperator'"),
        ({"Threshold": float("nan")}, "ValidationError", "Threshold"),
        ({"Threshold": float("inf")}, "ValidationError", "Threshold"),
        ({"TreatMissingData": "Missing"}, "ValidationError", "TreatMissingData"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "InvalidParameterCombination",
         "goes with ExtendedStatistic only"),
        ({"Statistic": None, "ExtendedStatistic": "p9",
          "EvaluateLowSampleCountPercentile": "perhaps"}, "ValidationError", "perhaps"),
        ({"AlarmActions": ["on-call"]}, "ValidationError", "Invalid arn syntax: on-call"),
        ({"OKActions": ["arn:aws:sns:eu-central-1:123456789012:t"]}, "ValidationError",
         "Invalid region eu-central-1 specified. Only us-east-1 is supported."),
        ({"AlarmActions": ["arn:aws:sns:us-east-1:123456789012:t"] * 6}, "ValidationError",
         "at 'alarmActions' failed to satisfy constraint: Member must have length less than or "
         "equal to 5"),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(unchanged, change, code, message):
    before = one(unchanged)
    params = dict(GOOD)
    if isinstance(change, str):
        del params[change]
    else:
        params |= change
        params = {key: value for key, value in params.items() if value is not None}
    told = refused(unchanged.put_metric_alarm, **params)
    assert (told[0], told[2]) == (code, 400)
    assert message in told[1]
    assert one(unchanged) == before
    assert names(unchanged.describe_alarms()) == ["a"]


def test_two_mistakes_are_told_together(unchanged):
    code, message, _ = refused(make, unchanged, "x" * 256, Unit="Parsecs")
    assert code == "ValidationError"
    assert message.startswith("2 validation errors detected: Value '")
    assert "; Value 'Parsecs' at 'unit'" in message


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"EvaluationCriteria": {"PromQLCriteria": {"Query": "up"}}}, "PromQL"),
    ],
)
def test_what_comes_later_is_said_so(unchanged, more, what):
    code, message, status = refused(make, unchanged, "b", **more)
    assert (code, status) == ("NotImplemented", 501)
    assert what in message
    assert names(unchanged.describe_alarms()) == ["a"]


# -- describe
@pytest.fixture
def several(cloudwatch):
    """Alarms web-1, web-2, db, made in another order; db is in ALARM."""
    topic = "arn:aws:sns:us-east-1:123456789012:on-call"
    make(cloudwatch, "web-2", AlarmActions=[topic])
    make(cloudwatch, "db", MetricName="n", InsufficientDataActions=[topic])
    make(cloudwatch, "web-1", Period=300)
    force(cloudwatch, name="db")
    return cloudwatch


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, ["db", "web-1", "web-2"]),
        ({"AlarmNames": ["web-2", "gone", "db"]}, ["db", "web-2"]),
        ({"AlarmNames": []}, []),
        ({"AlarmNamePrefix": "web"}, ["web-1", "web-2"]),
        ({"AlarmNamePrefix": "eb"}, []),
        ({"StateValue": "ALARM"}, ["db"]),
        ({"StateValue": "OK"}, []),
        ({"ActionPrefix": "arn:aws:sns"}, ["db", "web-2"]),
        ({"ActionPrefix": "arn:aws:lambda"}, []),
        ({"AlarmTypes": ["MetricAlarm"]}, ["db", "web-1", "web-2"]),
        ({"AlarmTypes": ["CompositeAlarm"]}, []),
        ({"AlarmNamePrefix": "web", "StateValue": "ALARM"}, []),
    ],
)
def test_filters(several, asked, wanted):
    answer = several.describe_alarms(**asked)
    assert names(answer) == wanted
    assert answer["CompositeAlarms"] == []
    assert "NextToken" not in answer


def test_names_or_a_prefix(several):
    code, message, _ = refused(several.describe_alarms, AlarmNames=["a"], AlarmNamePrefix="a")
    assert code == "InvalidParameterCombination"
    assert "mutually exclusive" in message


def test_pages(cloudwatch):
    wanted = [f"a{i:03}" for i in range(120)]
    for name in reversed(wanted):
        make(cloudwatch, name)
    paginator = cloudwatch.get_paginator("describe_alarms")
    pages = [names(page) for page in paginator.paginate(MaxRecords=50)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [name for page in pages for name in page] == wanted
    first = cloudwatch.describe_alarms(MaxRecords=50)
    code = refused(
        cloudwatch.describe_alarms, NextToken=first["NextToken"], AlarmNamePrefix="a"
    )[0]  # fmt: skip
    assert code == "InvalidNextToken"
    assert refused(cloudwatch.describe_alarms, NextToken="nonsense")[0] == "InvalidNextToken"
    code, message, _ = refused(cloudwatch.describe_alarms, MaxRecords=101)
    assert code == "ValidationError"
    assert "Value '101' at 'maxRecords'" in message and "less than or equal to 100" in message
    assert refused(cloudwatch.describe_alarms, AlarmNames=["a"] * 101)[0] == "ValidationError"


def test_alarms_on_a_metric(cloudwatch):
    dimensions = [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}]
    make(cloudwatch, "plain")
    make(cloudwatch, "sum", Statistic="Sum", Dimensions=dimensions)
    make(cloudwatch, "slow", Period=300, Unit="Seconds", Dimensions=dimensions[::-1])
    make(cloudwatch, "part", Dimensions=dimensions[:1])

    def found(**more):
        return names(
            cloudwatch.describe_alarms_for_metric(Namespace="Shop", MetricName="m", **more)
        )

    assert found() == ["plain"]
    assert found(Dimensions=dimensions) == found(Dimensions=dimensions[::-1]) == ["slow", "sum"]
    assert found(Dimensions=dimensions, Statistic="Sum") == ["sum"]
    assert found(Dimensions=dimensions, Period=300) == ["slow"]
    assert found(Dimensions=dimensions, Unit="Seconds") == ["slow"]
    assert found(Dimensions=dimensions, ExtendedStatistic="p99") == []
    assert found(Period=30) == []
    nowhere = cloudwatch.describe_alarms_for_metric(Namespace="Shop", MetricName="gone")
    assert nowhere["MetricAlarms"] == []


# -- set-alarm-state
def test_a_forced_state_goes_back_at_the_next_minute(lab, cloudwatch, topic):
    make(cloudwatch, AlarmActions=[topic], TreatMissingData="notBreaching")
    lab.advance(minutes=1)
    assert one(cloudwatch)["StateValue"] == "OK"
    lab.advance(seconds=20)
    force(cloudwatch, reason="fire drill", StateReasonData='{"drill": {"no": 1}}')
    alarm = one(cloudwatch)
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "fire drill")
    assert alarm["StateReasonData"] == '{"drill": {"no": 1}}'
    assert '"fire drill"' in lab.mailbox[-1].body
    lab.run_until("09:02")
    assert one(cloudwatch)["StateValue"] == "OK"
    newest = cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert newest[0]["Timestamp"] == lab.start + timedelta(minutes=2)
    assert json.loads(newest[0]["HistoryData"])["oldState"] == {
        "stateValue": "ALARM", "stateReason": "fire drill",
        "stateReasonData": {"drill": {"no": 1}},
    }  # fmt: skip


def test_the_same_state_again_changes_the_reason_only(lab, cloudwatch, topic):
    make(cloudwatch, AlarmActions=[topic])
    force(cloudwatch)
    first, mails = one(cloudwatch), len(lab.mailbox)
    force(cloudwatch, reason="once more")
    second = one(cloudwatch)
    assert second["StateReason"] == "once more"
    assert second["StateTransitionedTimestamp"] == first["StateTransitionedTimestamp"]
    assert second["StateUpdatedTimestamp"] > first["StateUpdatedTimestamp"]
    assert len(lab.mailbox) == mails
    assert len(lines(cloudwatch, "StateUpdate")) == 1


def test_what_set_alarm_state_refuses(cloudwatch):
    make(cloudwatch)
    before = one(cloudwatch)
    assert refused(force, cloudwatch, name="gone") == ("ResourceNotFound", "", 404)
    for bad in ("no JSON", "{", "NaN", "", '{"a":1} x'):
        code, message, status = refused(force, cloudwatch, StateReasonData=bad)
        assert (code, status) == ("InvalidFormat", 400), bad
        assert "JSON" in message
    code, message, _ = refused(force, cloudwatch, "INVALID")
    assert code == "ValidationError"
    head, _, enum = message.partition("[")
    assert head == (
        "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy "
        "constraint: Member must satisfy enum value set: "
    )
    assert set(enum.rstrip("]").split(", ")) == {"OK", "ALARM", "INSUFFICIENT_DATA"}
    assert refused(force, cloudwatch, reason="r" * 1024)[0] == "ValidationError"
    assert refused(force, cloudwatch, StateReasonData=f'"{"d" * 4000}"')[0] == "ValidationError"
    assert one(cloudwatch) == before


@pytest.mark.parametrize(
    "data", ['{"$time":"x"}', "[" * 200 + "]" * 200, '{"a": 1e300}', "[1e999]"]
)
def test_odd_reason_data_can_be_read_back(cloudwatch, data):
    make(cloudwatch)
    try:
        force(cloudwatch, StateReasonData=data)
    except ClientError as problem:
        assert problem.response["Error"]["Code"] == "InvalidFormat"
        return
    assert one(cloudwatch)["StateReasonData"] == data
    (item,) = cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    told = json.loads(item["HistoryData"])
    assert told["newState"]["stateReasonData"] == json.loads(data)


# -- actions on and off
def test_silenced_alarms_change_but_do_nothing(lab, cloudwatch, topic):
    make(cloudwatch, AlarmActions=[topic], OKActions=[topic])
    mails = len(lab.mailbox)
    cloudwatch.disable_alarm_actions(AlarmNames=["gone", "a"])
    assert one(cloudwatch)["ActionsEnabled"] is False
    force(cloudwatch)
    assert one(cloudwatch)["StateValue"] == "ALARM"
    assert (len(lab.mailbox), lines(cloudwatch, "Action")) == (mails, [])
    cloudwatch.enable_alarm_actions(AlarmNames=["a"])
    assert len(lab.mailbox) == mails  # enabled again, it does not make up for what it missed
    force(cloudwatch, "OK")
    assert len(lab.mailbox) == mails + 1
    assert [summary for _, summary in lines(cloudwatch, "ConfigurationUpdate")] == [
        'Alarm "a" created', 'Alarm "a" updated', 'Alarm "a" updated',
    ]  # fmt: skip


# -- delete
def test_unknown_names_do_not_stop_the_others(lab, cloudwatch):
    for name in "abc":
        make(cloudwatch, name)
    cloudwatch.delete_alarms(AlarmNames=["gone", "a", "c", "a"])
    assert names(cloudwatch.describe_alarms()) == ["b"]
    assert refused(force, cloudwatch, name="a") == ("ResourceNotFound", "", 404)
    code, message, _ = refused(cloudwatch.delete_alarms, AlarmNames=["b"] * 101)
    assert code == "ValidationError"
    assert "at 'alarmNames' failed" in message and "less than or equal to 100" in message
    assert names(cloudwatch.describe_alarms()) == ["b"]


def test_a_deleted_alarm_rings_no_more_and_a_new_one_begins_anew(lab, cloudwatch, topic):
    make(cloudwatch, AlarmActions=[topic])
    force(cloudwatch)
    mails = len(lab.mailbox)
    put(cloudwatch, 99.0)
    cloudwatch.delete_alarms(AlarmNames=["a"])
    lab.advance(minutes=3)
    assert len(lab.mailbox) == mails
    make(cloudwatch)
    assert one(cloudwatch)["StateReason"] == "Unchecked: Initial alarm creation"


# -- history
def test_history_has_three_types_in_order(lab, cloudwatch, topic):
    make(cloudwatch, AlarmActions=[topic])
    force(cloudwatch)
    cloudwatch.delete_alarms(AlarmNames=["a"])
    wanted = [
        ("ConfigurationUpdate", 'Alarm "a" created'),
        ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM"),
        ("Action", f"Successfully executed action {topic}"),
        ("ConfigurationUpdate", 'Alarm "a" deleted'),
    ]
    assert lines(cloudwatch) == lines(cloudwatch, AlarmName="a") == wanted
    newest = cloudwatch.describe_alarm_history()["AlarmHistoryItems"]
    assert [(i["HistoryItemType"], i["HistorySummary"]) for i in newest] == wanted[::-1]
    assert {(i["AlarmName"], i["AlarmType"]) for i in newest} == {("a", "MetricAlarm")}
    for kind in ("ConfigurationUpdate", "StateUpdate", "Action"):
        assert lines(cloudwatch, kind) == [line for line in wanted if line[0] == kind]
    assert lines(cloudwatch, AlarmName="gone") == []
    assert lines(cloudwatch, AlarmTypes=["CompositeAlarm"]) == []


def test_reason_data_is_nested_in_the_history(lab, cloudwatch):
    make(cloudwatch, DatapointsToAlarm=1, Unit="Seconds")
    put(cloudwatch, 41.5, Unit="Seconds")
    lab.advance(minutes=1)
    (item,) = cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    told = json.loads(item["HistoryData"])
    assert list(told) == ["version", "oldState", "newState"]
    assert told["oldState"] == {
        "stateValue": "INSUFFICIENT_DATA", "stateReason": "Unchecked: Initial alarm creation",
    }  # fmt: skip
    assert told["newState"] == {
        "stateValue": "ALARM",
        "stateReason": "Threshold Crossed: 1 out of the last 1 datapoints [41.5 (05/01/26 "
        "09:00:00)] was greater than the threshold (30.0) (minimum 1 datapoint for OK -> ALARM "
        "transition).",
        "stateReasonData": {
            "version": "1.0",
            "queryDate": "2026-01-05T09:01:00.000+0000",
            "startDate": "2026-01-05T09:00:00.000+0000",
            "unit": "Seconds",
            "statistic": "Average",
            "period": 60,
            "recentDatapoints": [41.5],
            "threshold": 30.0,
            "evaluatedDatapoints": [
                {"timestamp": "2026-01-05T09:00:00.000+0000", "sampleCount": 1.0, "value": 41.5}
            ],
        },
    }
    assert json.loads(one(cloudwatch)["StateReasonData"]) == told["newState"]["stateReasonData"]


def test_history_between_two_dates_and_in_pages(lab, cloudwatch):
    for minute in range(5):
        make(cloudwatch, f"a{minute}")
        lab.advance(minutes=1)
    items = cloudwatch.describe_alarm_history(
        StartDate=lab.start + timedelta(minutes=1), EndDate=lab.start + timedelta(minutes=3)
    )["AlarmHistoryItems"]
    assert [i["AlarmName"] for i in items] == ["a2", "a1"]
    second = items[0]["Timestamp"].replace(microsecond=0)  # boto3 sends whole seconds
    both = cloudwatch.describe_alarm_history(
        StartDate=second, EndDate=second + timedelta(seconds=1)
    )
    assert [i["AlarmName"] for i in both["AlarmHistoryItems"]] == ["a2"]
    first = cloudwatch.describe_alarm_history(MaxRecords=2)
    assert [i["AlarmName"] for i in first["AlarmHistoryItems"]] == ["a4", "a3"]
    paginator = cloudwatch.get_paginator("describe_alarm_history")
    pages = paginator.paginate(PaginationConfig={"PageSize": 2})
    everything = [i["AlarmName"] for page in pages for i in page["AlarmHistoryItems"]]
    assert everything == ["a4", "a3", "a2", "a1", "a0"]
    told = refused(
        cloudwatch.describe_alarm_history, NextToken=first["NextToken"], AlarmName="a1"
    )[0]  # fmt: skip
    assert told == "InvalidNextToken"
    assert refused(cloudwatch.describe_alarm_history, MaxRecords=101)[0] == "ValidationError"
    assert refused(cloudwatch.describe_alarm_history, ScanBy="Odd")[0] == "ValidationError"


def test_history_is_kept_for_thirty_days_also_of_the_dead(lab, cloudwatch):
    make(cloudwatch, TreatMissingData="ignore")
    lab.advance(days=1)
    cloudwatch.delete_alarms(AlarmNames=["a"])
    lab.advance(days=28, hours=23)
    assert len(lines(cloudwatch)) == 2
    lab.advance(hours=1)
    assert lines(cloudwatch) == [("ConfigurationUpdate", 'Alarm "a" deleted')]
    lab.advance(days=1)
    assert lines(cloudwatch) == []
