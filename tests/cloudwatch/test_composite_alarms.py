"""Composite alarms through real boto3: made, judged in the instant of their child, suppressed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from timeline import Timeline, exactly, mail, state

HERE = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
MAIL = "oncall@teapot.example"


def child(client, name, **more):
    client.put_metric_alarm(
        AlarmName=name, Namespace="Shop", MetricName=name, Statistic="Maximum", Period=60,
        EvaluationPeriods=1, Threshold=30, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching", **more,
    )  # fmt: skip


@pytest.fixture
def children(lab, cloudwatch):
    """Alarms a, b, c; OK since 09:01."""
    for name in "abc":
        child(cloudwatch, name)
    lab.run_until("09:01:30")
    return cloudwatch


def force(client, name, value):
    client.set_alarm_state(AlarmName=name, StateValue=value, StateReason="by hand")


def put(client, name, value=50.0):
    client.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": name, "Value": value}])


def compose(client, rule, name="all", **more):
    client.put_composite_alarm(AlarmName=name, AlarmRule=rule, **more)


def one(client, name="all"):
    (found,) = client.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])[
        "CompositeAlarms"
    ]
    return found


def value(client, name="all"):
    return one(client, name)["StateValue"]


def history(client, kind, name="all"):
    got = client.describe_alarm_history(
        AlarmName=name, AlarmTypes=["CompositeAlarm"], HistoryItemType=kind,
        ScanBy="TimestampAscending",
    )  # fmt: skip
    return got["AlarmHistoryItems"]


def refused(call, **kwargs):
    with pytest.raises(ClientError) as problem:
        call(**kwargs)
    return problem.value.response["Error"]["Code"], problem.value.response["Error"]["Message"]


# -- made
def test_it_begins_without_data_and_is_judged_at_once(lab, children):
    compose(children, "ALARM(a) OR ALARM(b)", AlarmDescription="either")
    alarm = one(children)
    assert alarm["StateValue"] == "OK"
    assert alarm["AlarmRule"] == "ALARM(a) OR ALARM(b)"
    assert alarm["StateReason"] == f"{HERE}all was created and its alarm rule evaluates to OK"
    data = json.loads(alarm["StateReasonData"])["triggeringAlarms"]
    assert [entry["arn"] for entry in data] == [HERE + "a", HERE + "b"]
    assert data[0]["state"] == {"value": "OK", "timestamp": "2026-01-05T09:01:00.000+0000"}
    (created,) = history(children, "ConfigurationUpdate")
    assert created["HistorySummary"] == 'Alarm "all" created'
    assert created["AlarmType"] == "CompositeAlarm"
    (change,) = history(children, "StateUpdate")
    assert change["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to OK"


def test_constants(lab, cloudwatch):
    compose(cloudwatch, "TRUE", "yes")
    compose(cloudwatch, "FALSE", "no")
    assert [value(cloudwatch, n) for n in ("yes", "no")] == ["ALARM", "OK"]


def test_it_changes_in_the_instant_of_its_child_and_names_it(lab, children):
    compose(children, f'ALARM("a") OR ALARM({HERE}b)')
    put(children, "a")
    lab.run_until("09:02")
    alarm = one(children)
    assert alarm["StateUpdatedTimestamp"] == datetime(2026, 1, 5, 9, 2, tzinfo=UTC)
    assert alarm["StateReason"] == (
        f"{HERE}a transitioned to ALARM at Monday 05 January, 2026 09:02:00 UTC"
    )
    assert json.loads(alarm["StateReasonData"]) == {
        "triggeringAlarms": [
            {
                "arn": HERE + "a",
                "state": {"value": "ALARM", "timestamp": "2026-01-05T09:02:00.000+0000"},
            }
        ]
    }
    # b joins in: neither the reason nor the children change.
    force(children, "b", "ALARM")
    assert one(children)["StateReason"] == alarm["StateReason"]
    assert len(history(children, "StateUpdate")) == 2


def test_a_child_without_data_is_not_in_alarm(lab, cloudwatch):
    child(cloudwatch, "a")
    compose(cloudwatch, "ALARM(a)", "rings")
    compose(cloudwatch, "INSUFFICIENT_DATA(a)", "silent")
    assert [value(cloudwatch, n) for n in ("rings", "silent")] == ["OK", "ALARM"]


def test_a_chain_is_through_before_actions_start(lab, children, topic):
    compose(children, "ALARM(a)", "first")
    compose(children, "ALARM(first)", "second")
    compose(children, "NOT OK(second)", "third", AlarmActions=[topic])
    put(children, "a")
    lab.run_until("09:02")
    assert value(children, "third") == "ALARM"
    letter = lab.mailbox[-1]
    assert letter.at == datetime(2026, 1, 5, 9, 2, tzinfo=UTC)
    assert letter.subject == 'ALARM: "third" in US East (N. Virginia)'
    assert "- Alarm Rule:                 NOT OK(second)" in letter.body
    assert f"- {HERE}second in ALARM since" in letter.body


def test_two_children_that_change_together_tip_it_once(lab, children):
    compose(children, "ALARM(a) AND ALARM(b)")
    put(children, "a")
    put(children, "b")
    lab.run_until("09:02")
    changes = history(children, "StateUpdate")
    assert [c["HistorySummary"] for c in changes[1:]] == ["Alarm updated from OK to ALARM"]
    lab.run_until("09:30")
    assert value(children) == "OK"


def test_at_least(lab, children):
    compose(children, "AT_LEAST(2, ALARM, (a, b, c))")
    force(children, "a", "ALARM")
    assert value(children) == "OK"
    force(children, "c", "ALARM")
    assert value(children) == "ALARM"


def test_a_forced_state_stays_until_a_child_changes(lab, children, topic):
    compose(children, "ALARM(a)", AlarmActions=[topic])
    force(children, "all", "ALARM")
    assert lab.mailbox[-1].subject.startswith('ALARM: "all"')
    lab.advance(hours=3)
    assert value(children) == "ALARM"
    force(children, "a", "INSUFFICIENT_DATA")
    assert value(children) == "OK"


def test_an_update_is_judged_anew_and_keeps_the_rest(lab, children):
    compose(children, "ALARM(a)", Tags=[{"Key": "team", "Value": "shop"}])
    lab.advance(minutes=1)
    compose(children, "NOT ALARM(a)")
    alarm = one(children)
    assert alarm["StateValue"] == "ALARM"
    assert alarm["StateReason"] == f"{HERE}all was updated and its alarm rule evaluates to ALARM"
    tags = children.list_tags_for_resource(ResourceARN=HERE + "all")["Tags"]
    assert tags == [{"Key": "team", "Value": "shop"}]


# -- the message
def test_the_message_for_machines(lab, children):
    sns, sqs = lab.client("sns"), lab.client("sqs")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": "*"}]}  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    compose(children, "ALARM(a)", AlarmActions=[topic], AlarmDescription="d")
    put(children, "a")
    lab.run_until("09:02")
    body = sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]
    message = json.loads(json.loads(body)["Message"])
    assert message == {
        "AlarmName": "all",
        "AlarmDescription": "d",
        "AWSAccountId": "123456789012",
        "NewStateValue": "ALARM",
        "NewStateReason": f"{HERE}a transitioned to ALARM at Monday 05 January, 2026 09:02:00 UTC",
        "StateChangeTime": "2026-01-05T09:02:00.000+0000",
        "Region": "US East (N. Virginia)",
        "AlarmArn": HERE + "all",
        "OldStateValue": "OK",
        "OKActions": [],
        "AlarmActions": [topic],
        "InsufficientDataActions": [],
        "AlarmRule": "ALARM(a)",
        "TriggeringChildren": [
            {
                "Arn": HERE + "a",
                "State": {"Value": "ALARM", "Timestamp": "2026-01-05T09:02:00.000+0000"},
            }
        ],
    }
    (action,) = history(children, "Action")
    assert action["HistorySummary"] == f"Successfully executed action {topic}"


# -- the family, and who may be deleted
def test_the_family(lab, children):
    compose(children, "ALARM(a)", "inner")
    compose(children, "ALARM(inner) OR OK(b)", "outer")
    found = children.describe_alarms(ChildrenOfAlarmName="outer")
    assert [a["AlarmName"] for a in found["MetricAlarms"]] == ["b"]
    (inner,) = found["CompositeAlarms"]
    assert set(inner) == {"AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp"}
    found = children.describe_alarms(ParentsOfAlarmName="a")
    assert found["CompositeAlarms"] == [{"AlarmName": "inner", "AlarmArn": HERE + "inner"}]
    assert found["MetricAlarms"] == []
    assert children.describe_alarms(ChildrenOfAlarmName="gone")["MetricAlarms"] == []
    both = children.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert len(both["MetricAlarms"]) + len(both["CompositeAlarms"]) == 5
    assert children.describe_alarms()["CompositeAlarms"] == []
    code, _ = refused(children.describe_alarms, ChildrenOfAlarmName="outer", StateValue="OK")
    assert code == "ValidationError"


def test_who_is_needed_can_not_be_deleted(lab, children):
    compose(children, "ALARM(a)", ActionsSuppressor="c", ActionsSuppressorWaitPeriod=0,
            ActionsSuppressorExtensionPeriod=0)  # fmt: skip
    compose(children, "ALARM(b)", "other")
    text = "Cannot delete {} as there are composite alarm(s) depending on {}."
    told = refused(children.delete_alarms, AlarmNames=["a"])
    assert told == ("ValidationError", text.format("a", "it"))
    assert refused(children.delete_alarms, AlarmNames=["c"])[1] == text.format("c", "it")
    told = refused(children.delete_alarms, AlarmNames=["a", "b"])
    assert told[1] == text.format("a,b", "them")
    code, message = refused(children.delete_alarms, AlarmNames=["all", "other"])
    assert code == "ValidationError" and "at most one composite" in message
    children.delete_alarms(AlarmNames=["all", "a", "c", "gone"])
    children.delete_alarms(AlarmNames=["other"])
    both = children.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert [a["AlarmName"] for a in both["MetricAlarms"] + both["CompositeAlarms"]] == ["b"]
    assert history(children, "ConfigurationUpdate")[-1]["HistorySummary"] == 'Alarm "all" deleted'


def test_a_cycle_is_not_judged_and_must_be_broken_first(lab, children):
    compose(children, "ALARM(a)", "x")
    compose(children, "ALARM(x)", "y")
    compose(children, "ALARM(y) OR ALARM(a)", "x")
    force(children, "a", "ALARM")
    assert value(children, "x") == "OK"
    for name in "xy":
        assert refused(children.delete_alarms, AlarmNames=[name])[0] == "ValidationError"
    compose(children, "FALSE", "x")
    children.delete_alarms(AlarmNames=["y"])
    children.delete_alarms(AlarmNames=["x"])
    compose(children, "ALARM(me)", "me")  # its own child
    assert one(children, "me")["StateValue"] == "INSUFFICIENT_DATA"


# -- refused
@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"AlarmRule": "ALARM(a) OR"}, "Error in AlarmRule [Unexpected end of rule at char 11]"),
        ({"AlarmRule": "()"}, "Error in AlarmRule [Unsupported token ')' at char 1]"),
        ({"AlarmRule": "ALARM(gone) OR OK(a)"},
         "Could not save the composite alarm as alarms [gone] in the alarm rule do not exist"),
        ({"AlarmRule": f"ALARM({HERE.replace('us-east-1', 'eu-west-1')}a)"}, "do not exist"),
        ({"AlarmRule": " OR ".join(["TRUE"] * 501)}, "501 elements"),
        ({"AlarmRule": "TRUE OR " * 2000 + "TRUE"}, "length less than or equal to 10240"),
        ({"AlarmName": "a"}, "metric alarm already"),
        ({"AlarmName": " "}, "AlarmName"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]},
         "Invalid use of EC2 action. An EC2 action can only be used if the alarm is monitoring an "
         "EC2 instance."),
        ({"AlarmActions": ["arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x:y"]},
         "Auto Scaling actions are not supported for composite alarms."),
        ({"ActionsSuppressor": "gone", "ActionsSuppressorWaitPeriod": 1,
          "ActionsSuppressorExtensionPeriod": 1}, "suppressor gone does not exist"),
    ],
)  # fmt: skip
def test_what_is_refused(children, more, message):
    code, told = refused(
        children.put_composite_alarm, **{"AlarmName": "all", "AlarmRule": "ALARM(a)"} | more
    )
    assert code == "ValidationError"
    assert message in told
    assert children.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []


def test_a_suppressor_needs_both_periods_and_periods_a_suppressor(children):
    base = {"AlarmName": "all", "AlarmRule": "ALARM(a)"}
    code, message = refused(children.put_composite_alarm, **base, ActionsSuppressor="b")
    assert (code, "ActionsSuppressorWaitPeriod" in message) == ("MissingParameter", True)
    code, _ = refused(children.put_composite_alarm, **base, ActionsSuppressorWaitPeriod=5)
    assert code == "InvalidParameterCombination"


def test_a_metric_alarm_can_not_take_its_name(children):
    compose(children, "FALSE")
    with pytest.raises(ClientError, match="composite alarm already"):
        child(children, "all")


def test_limits_of_children_and_parents(lab, cloudwatch):
    for number in range(101):
        child(cloudwatch, f"c{number}")
    rule = " OR ".join(f"ALARM(c{number})" for number in range(101))
    told = refused(cloudwatch.put_composite_alarm, AlarmName="all", AlarmRule=rule)
    assert "101 children" in told[1]
    compose(cloudwatch, rule.rpartition(" OR ")[0])
    for number in range(149):
        compose(cloudwatch, "ALARM(c0)", f"p{number}")
    told = refused(cloudwatch.put_composite_alarm, AlarmName="more", AlarmRule="ALARM(c0)")
    assert "a child of 150 composite alarms already" in told[1]
    compose(cloudwatch, "NOT ALARM(c0)", "p0")  # one that is counted may change


# -- suppressed (aws-semantics 2.7, trap 17), on exact instants
def suppressed(client, topic, **more):
    compose(
        client, "ALARM(a)", AlarmActions=[topic], OKActions=[topic], ActionsSuppressor="b",
        ActionsSuppressorWaitPeriod=120, ActionsSuppressorExtensionPeriod=180, **more,
    )  # fmt: skip


def at(clock):
    return datetime.fromisoformat(f"2026-01-05T{clock}+00:00")


def letters(lab):
    return [
        (m.at.strftime("%H:%M:%S.%f")[:12], m.subject.split(":")[0])
        for m in lab.mailbox
        if '"all"' in m.subject
    ]


@pytest.fixture
def watched(lab, children, topic):
    """A composite on a, suppressed by b; settled and quiet at 09:10."""
    suppressed(children, topic)
    lab.run_until("09:10")
    assert len(letters(lab)) == 1  # created: OK, two minutes later
    for name in "ab":  # from now on their states are set by hand
        child_of = children.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
        assert child_of["StateValue"] == "OK"
        children.put_metric_alarm(
            AlarmName=name, Namespace="Shop", MetricName=name, Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )  # fmt: skip
    return children


def test_the_wait_period_delays_the_action_and_acts_on_the_present_state(lab, watched):
    force(watched, "a", "ALARM")
    changed = one(watched)["StateUpdatedTimestamp"]
    assert one(watched)["ActionsSuppressedBy"] == "WaitPeriod"
    assert one(watched)["ActionsSuppressedReason"] == "Actions suppressed by WaitPeriod"
    lab.advance(seconds=110)
    assert len(letters(lab)) == 1
    lab.advance(seconds=20)
    assert lab.mailbox[-1].at == changed + timedelta(seconds=120)
    assert letters(lab)[-1][1] == "ALARM"
    assert "ActionsSuppressedBy" not in one(watched)


def test_a_suppressor_within_the_wait_suppresses_until_its_extension_is_over(lab, watched):
    force(watched, "a", "ALARM")
    lab.advance(seconds=60)
    force(watched, "b", "ALARM")
    assert one(watched)["ActionsSuppressedBy"] == "Alarm"
    lab.advance(minutes=30)
    assert len(letters(lab)) == 1
    force(watched, "b", "OK")
    left = lab.now
    assert one(watched)["ActionsSuppressedBy"] == "ExtensionPeriod"
    lab.advance(minutes=4)
    assert lab.mailbox[-1].at == left + timedelta(seconds=180)
    assert letters(lab)[-1][1] == "ALARM"
    notes = [item["HistorySummary"] for item in history(watched, "Action")]
    assert "Actions suppressed by WaitPeriod" in notes and "Actions suppressed by Alarm" in notes


def test_a_change_in_the_extension_begins_a_wait(lab, watched):
    force(watched, "b", "ALARM")
    force(watched, "a", "ALARM")
    force(watched, "b", "OK")
    lab.advance(seconds=100)
    force(watched, "a", "OK")
    changed = one(watched)["StateUpdatedTimestamp"]
    assert one(watched)["ActionsSuppressedBy"] == "WaitPeriod"
    lab.advance(minutes=10)
    assert len(letters(lab)) == 2
    assert lab.mailbox[-1].at == changed + timedelta(seconds=120)
    assert letters(lab)[-1][1] == "OK"


def test_another_change_while_waiting_begins_a_new_wait(lab, watched):
    force(watched, "a", "ALARM")
    lab.advance(seconds=100)
    force(watched, "a", "OK")
    changed = one(watched)["StateUpdatedTimestamp"]
    lab.advance(minutes=10)
    assert [what for _, what in letters(lab)] == ["OK", "OK"]
    assert lab.mailbox[-1].at == changed + timedelta(seconds=120)


def test_a_suppressor_that_comes_and_goes_rings_nobody(lab, watched):
    force(watched, "b", "ALARM")
    assert one(watched)["ActionsSuppressedBy"] == "Alarm"
    force(watched, "b", "OK")
    lab.advance(hours=1)
    assert len(letters(lab)) == 1


def test_replacing_the_suppressor_ends_the_wait(lab, watched, topic):
    force(watched, "a", "ALARM")
    compose(watched, "ALARM(a)", AlarmActions=[topic])
    assert letters(lab)[-1][1] == "ALARM"
    assert "ActionsSuppressor" not in one(watched)


# -- a story, and worlds
def story(lab):
    client = lab.client("cloudwatch")
    topic = lab.client("sns").create_topic(Name="t")["TopicArn"]
    lab.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=MAIL)
    lab.mailbox[-1].confirm()
    for name in "ab":
        child(client, name)
    compose(client, "ALARM(a) AND NOT ALARM(b)", AlarmActions=[topic])
    return client


def test_a_deployment_keeps_it_quiet(lab):
    story(lab)
    told = Timeline(lab)
    told.at(10.2).put_metric("b", 99)  # a deployment is under way
    told.at(10.4).put_metric("a", 99)
    told.at(30.2).put_metric("a", 99)  # no deployment
    told.want(exactly("09:31:00"), state("a", "ALARM"))
    told.want(exactly("09:31:00"), mail(MAIL, 'ALARM: "all"'))
    told.never(exactly("09:11:00"), mail(MAIL, "all"))
    told.play(until=60)


def test_one_long_step_equals_many_and_a_replay(lab):
    import labkit

    def run(world, steps):
        client = story(world)
        for minute in range(0, 240, 7):
            client.put_metric_data(
                Namespace="Shop",
                MetricData=[
                    {"MetricName": "ab"[minute % 2], "Value": 50.0 if minute % 3 else 1.0,
                     "Timestamp": world.start + timedelta(minutes=minute % 100)}
                ],
            )  # fmt: skip
        end = world.start + timedelta(hours=6)
        for step in range(1, steps + 1):
            world.run_until(world.now + (end - world.now) / (steps - step + 1))
        return world.digest()

    with labkit.Lab(active=False) as one_step, labkit.Lab(active=False) as many:
        digest = run(one_step, 1)
        assert digest == run(many, 36)
        assert one_step.replay().digest() == digest
