"""Alarm mute rules through real boto3, by the scenarios of the user guide; tags."""

import json
from datetime import datetime

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:night"
HERE = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"


@pytest.fixture
def hot(cloudwatch, topic):
    """The alarm ``hot``, which is set by hand only, rings at ALARM, and is OK."""
    cloudwatch.put_metric_alarm(
        AlarmName="hot", Namespace="Shop", MetricName="m", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore", AlarmActions=[topic],
    )  # fmt: skip
    force(cloudwatch, "OK")
    return cloudwatch


def force(client, value, name="hot"):
    client.set_alarm_state(AlarmName=name, StateValue=value, StateReason="by hand")


def mute(client, expression="cron(0 10 * * *)", duration="PT1H", name="night", **more):
    schedule = {"Expression": expression, "Duration": duration} | more.pop("schedule", {})
    client.put_alarm_mute_rule(
        Name=name, Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": ["hot"]}, **more
    )


def rings(lab):
    return [m.at for m in lab.mailbox if m.subject.startswith("ALARM")]


def status(client, name="night"):
    return client.get_alarm_mute_rule(AlarmMuteRuleName=name)["Status"]


def at(clock):
    return datetime.fromisoformat(f"2026-01-05T{clock}+00:00")


def actions(client):
    got = client.describe_alarm_history(HistoryItemType="Action", ScanBy="TimestampAscending")
    return [item["HistorySummary"] for item in got["AlarmHistoryItems"]]


def test_muted_and_over_before_the_window_ends(lab, hot):
    mute(hot)
    assert status(hot) == "SCHEDULED"
    lab.run_until("10:00")
    assert status(hot) == "ACTIVE"
    force(hot, "ALARM")
    assert hot.describe_alarms()["MetricAlarms"][0]["StateValue"] == "ALARM"
    lab.run_until("10:30")
    force(hot, "OK")
    lab.run_until("12:00")
    assert status(hot) == "SCHEDULED"
    assert rings(lab) == []
    assert actions(hot) == ["Actions muted by alarm mute rule night"]


def test_what_was_muted_is_done_when_the_window_ends(lab, hot, topic):
    mute(hot)
    lab.run_until("10:20")
    force(hot, "ALARM")
    lab.run_until("12:00")
    assert rings(lab) == [at("11:00:00")]
    assert actions(hot)[-1] == f"Successfully executed action {topic}"
    got = hot.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    message = json.loads(json.loads(got[0]["HistoryData"])["publishedMessage"])["default"]
    assert json.loads(message)["ActionExecutedAfterMuteWindow"] is True


def test_two_rules_that_overlap(lab, hot):
    mute(hot)
    mute(hot, "at(2026-01-05T10:30)", "PT2H", "more")
    lab.run_until("10:40")
    force(hot, "ALARM")
    assert actions(hot) == ["Actions muted by alarm mute rule more and 1 other active mute rule"]
    lab.run_until("14:00")
    assert rings(lab) == [at("12:30:00")]
    assert status(hot, "more") == "EXPIRED"


@pytest.mark.parametrize("how", ["delete", "shorten", "untarget"])
def test_a_rule_that_changes_unmutes_at_once(lab, hot, how):
    mute(hot)
    lab.run_until("10:20")
    force(hot, "ALARM")
    lab.run_until("10:30")
    if how == "delete":
        hot.delete_alarm_mute_rule(AlarmMuteRuleName="night")
    elif how == "shorten":
        mute(hot, duration="PT10M")
    else:
        schedule = {"Expression": "cron(0 10 * * *)", "Duration": "PT1H"}
        hot.put_alarm_mute_rule(Name="night", Rule={"Schedule": schedule})
    assert rings(lab) == [lab.now]
    lab.run_until("12:00")
    assert len(rings(lab)) == 1


def test_actions_count_as_they_are_when_the_window_ends(lab, hot):
    mute(hot)
    lab.run_until("10:20")
    force(hot, "ALARM")
    hot.put_metric_alarm(
        AlarmName="hot", Namespace="Shop", MetricName="m", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )  # fmt: skip
    lab.run_until("12:00")
    assert rings(lab) == []


def test_an_alarm_that_recovers_in_the_last_instant_does_not_ring(lab, cloudwatch, topic):
    cloudwatch.put_metric_alarm(
        AlarmName="hot", Namespace="Shop", MetricName="m", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching", AlarmActions=[topic],
    )  # fmt: skip
    mute(cloudwatch)
    lab.run_until("10:56:30")
    for _ in range(3):
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "m", "Value": 5.0}])
        lab.advance(minutes=1)
    lab.run_until("11:30")  # in ALARM from 10:57, OK again some minutes later, at 11:00 or before
    changes = cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    ok = max(item["Timestamp"] for item in changes if item["HistorySummary"].endswith("to OK"))
    wanted = [] if ok <= at("11:00:00") else [at("11:00:00")]
    assert rings(lab) == wanted


def test_composite_alarms_are_muted_too(lab, hot, topic):
    hot.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(hot)", AlarmActions=[topic])
    hot.put_alarm_mute_rule(
        Name="night",
        Rule={"Schedule": {"Expression": "at(2026-01-05T10:00)", "Duration": "PT1H"}},
        MuteTargets={"AlarmNames": ["all"]},
    )
    lab.run_until("10:10")
    force(hot, "ALARM")
    assert len(rings(lab)) == 1  # hot itself
    lab.run_until("11:10")
    assert rings(lab)[1:] == [at("11:00:00")]


def test_dates_bound_a_rule(lab, hot):
    mute(hot, "cron(* * * * *)", "PT5M", StartDate=at("10:00:00"), ExpireDate=at("11:00:00"))
    assert status(hot) == "SCHEDULED"
    lab.run_until("10:00:30")
    assert status(hot) == "ACTIVE"
    force(hot, "ALARM")
    lab.run_until("12:00")
    assert status(hot) == "EXPIRED"
    assert rings(lab) == [at("11:00:00")]


def test_time_zones(lab, hot):
    mute(hot, "cron(0 12 * * *)", schedule={"Timezone": "Europe/Rome"})
    lab.run_until("11:30")
    assert status(hot) == "ACTIVE"


# -- the operations
def test_what_is_shown(lab, hot):
    mute(hot, Description="quiet", Tags=[{"Key": "k", "Value": "v"}])
    made = lab.now
    told = hot.get_alarm_mute_rule(AlarmMuteRuleName="night")
    del told["ResponseMetadata"]
    assert told == {
        "Name": "night",
        "AlarmMuteRuleArn": ARN,
        "Description": "quiet",
        "Rule": {"Schedule": {"Expression": "cron(0 10 * * *)", "Duration": "PT1H"}},
        "MuteTargets": {"AlarmNames": ["hot"]},
        "Status": "SCHEDULED",
        "LastUpdatedTimestamp": made,
        "MuteType": "RECURRING",
    }
    assert hot.list_tags_for_resource(ResourceARN=ARN)["Tags"] == [{"Key": "k", "Value": "v"}]


def test_lists(lab, hot):
    mute(hot, "at(2026-01-05T09:10)", "PT1H", "b")
    mute(hot, name="a")
    hot.put_alarm_mute_rule(
        Name="c", Rule={"Schedule": {"Expression": "cron(0 1 * * *)", "Duration": "PT1H"}}
    )
    lab.run_until("09:30")

    def names(**asked):
        got = hot.list_alarm_mute_rules(**asked)["AlarmMuteRuleSummaries"]
        return [one["AlarmMuteRuleArn"].rpartition(":")[2] for one in got]

    assert names() == ["a", "b", "c"]
    assert names(AlarmName="hot") == ["a", "b"]
    assert names(Statuses=["ACTIVE"]) == ["b"]
    first = hot.list_alarm_mute_rules(MaxRecords=2)
    rest = hot.list_alarm_mute_rules(MaxRecords=2, NextToken=first["NextToken"])
    assert len(rest["AlarmMuteRuleSummaries"]) == 1 and "NextToken" not in rest
    hot.delete_alarm_mute_rule(AlarmMuteRuleName="gone")  # no error
    with pytest.raises(ClientError) as problem:
        hot.get_alarm_mute_rule(AlarmMuteRuleName="gone")
    error = problem.value.response
    assert error["Error"]["Code"] == "ResourceNotFoundException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expression": "rate(5 minutes)"}, "Invalid schedule"),
        ({"expression": "cron(0 0 30 2 *)"}, "never happens"),
        ({"duration": "PT1S"}, "between PT1M and P15D"),
        ({"StartDate": at("11:00:00"), "ExpireDate": at("10:00:00")}, "before ExpireDate"),
    ],
)
def test_what_is_refused(hot, change, message):
    with pytest.raises(ClientError, match=message):
        mute(hot, **change)
    assert hot.list_alarm_mute_rules()["AlarmMuteRuleSummaries"] == []


def test_targets_must_exist(cloudwatch):
    with pytest.raises(ClientError, match=r"\[hot\] in MuteTargets do not exist"):
        mute(cloudwatch)


def test_muting_needs_permission_on_the_rule_and_on_the_alarms(lab, hot):
    def allow(*resources):
        statement = {"Effect": "Allow", "Action": "cloudwatch:*", "Resource": list(resources)}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return lab.user("nightly", policy).client("cloudwatch")

    with pytest.raises(ClientError, match="not authorized to perform: cloudwatch:PutAlarmMuteRule"):
        mute(allow(ARN))
    mute(allow(ARN, HERE + "hot"))
    assert status(hot) == "SCHEDULED"


# -- tags
def test_tags_of_alarms(hot):
    hot.tag_resource(ResourceARN=HERE + "hot", Tags=[{"Key": "a", "Value": "1"}])
    hot.tag_resource(
        ResourceARN=HERE + "hot", Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
    )
    told = hot.list_tags_for_resource(ResourceARN=HERE + "hot")["Tags"]
    assert told == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
    hot.untag_resource(ResourceARN=HERE + "hot", TagKeys=["a", "x"])
    told = hot.list_tags_for_resource(ResourceARN=HERE + "hot")["Tags"]
    assert told == [{"Key": "b", "Value": ""}]
    hot.delete_alarms(AlarmNames=["hot"])
    assert hot.list_tags_for_resource(ResourceARN=HERE + "hot")["Tags"] == []


def test_tags_of_dashboards(cloudwatch):
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}')
    arn = "arn:aws:cloudwatch::123456789012:dashboard/d"
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "a", "Value": "1"}
    ]


def test_what_tags_refuse(hot):
    one = [{"Key": "a", "Value": "1"}]
    for arn, tags, code in [
        (HERE + "gone", one, "ResourceNotFoundException"),
        ("arn:aws:sns:us-east-1:123456789012:t", one, "InvalidParameterValue"),
        (HERE + "hot", [{"Key": "aws:x", "Value": "1"}], "InvalidParameterValue"),
        (HERE + "hot", [{"Key": f"k{i}", "Value": ""} for i in range(51)], "InvalidParameterValue"),
    ]:
        with pytest.raises(ClientError) as problem:
            hot.tag_resource(ResourceARN=arn, Tags=tags)
        assert problem.value.response["Error"]["Code"] == code
    assert hot.list_tags_for_resource(ResourceARN=HERE + "hot")["Tags"] == []


def test_a_replay_finds_the_same_mutes(lab, hot):
    mute(hot)
    lab.run_until("10:20")
    force(hot, "ALARM")
    lab.advance(hours=30)
    assert lab.replay().digest() == lab.digest()
