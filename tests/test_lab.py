"""Lab: time, mail, saved and replayed worlds, and what it shows."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from machines import launch
from timeline import Timeline, between, exactly, mail, state

import labkit
from labkit.core.errors import ClockError, LabError, ReplayError
from labkit.workloads.incidents import Incident

ALARM = {
    "AlarmName": "cpu-high", "Namespace": "AWS/EC2", "MetricName": "CPUUtilization",
    "Statistic": "Average", "Period": 300, "EvaluationPeriods": 1, "Threshold": 70.0,
    "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


def story(lab, **more):
    """The first lesson: a machine, a topic, an alarm; it runs hot from 09:12."""
    ec2, sns, cloudwatch = (lab.client(name) for name in ("ec2", "sns", "cloudwatch"))
    machine = launch(ec2)
    topic = sns.create_topic(Name="on-call")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="you@teapot.example")
    lab.mailbox[-1].confirm()
    cloudwatch.put_metric_alarm(
        **ALARM | more, Dimensions=[{"Name": "InstanceId", "Value": machine}], AlarmActions=[topic]
    )
    lab.fleet.load(machine, 98, start=lab.start.replace(minute=12), minutes=30)
    return machine


def test_the_first_lesson_to_the_second(lab):
    machine = story(lab)
    told = Timeline(lab)
    told.want(exactly("09:05"), state("cpu-high", "OK"))
    told.want(exactly("09:20"), state("cpu-high", "ALARM"))
    told.want(exactly("09:20"), mail("you@teapot.example", 'ALARM: "cpu-high" in US East (N. Vir'))
    told.want(exactly("09:45"), state("cpu-high", "OK"))
    told.never(between(21, 120), mail("you@teapot.example"))
    told.play(until=120)
    assert machine in lab.mailbox[-1].body


def test_the_clock_stands_still_between_two_lines(lab):
    assert lab.now == lab.now == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_time_passes_in_timedeltas_words_and_never_back(lab):
    assert lab.advance(hours=1, minutes=30).end == datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
    assert lab.run_until("10:00").end == datetime(2026, 1, 6, 10, 0, tzinfo=UTC)
    assert lab.run_until(datetime(2026, 2, 1, tzinfo=UTC)).end.day == 1
    with pytest.raises(ClockError, match="time can't go backwards"):
        lab.advance(minutes=-1)
    with pytest.raises(ClockError, match="time can't go backwards"):
        lab.run_until(datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(ClockError, match="timedelta's keywords"):
        lab.advance(fortnights=1)
    with pytest.raises(ClockError, match="aware"):
        lab.run_until(datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake that is refused
    with pytest.raises(LabError, match="aware"):
        labkit.Lab(start=datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake that is refused


def test_advance_tells_what_it_brought(lab):
    story(lab)
    told = lab.advance(minutes=30)
    assert repr(told) == (
        "Mon 05 Jan 09:00:00 -> 09:30:00: cpu-high INSUFFICIENT_DATA -> OK at 09:05:00; "
        "cpu-high OK -> ALARM at 09:20:00; 1 e-mail"
    )
    assert repr(lab.advance(days=1)).endswith(
        "-> Tue 06 Jan 09:30:00: cpu-high ALARM -> OK at 09:45:00"
    )
    assert repr(lab.advance(seconds=1)).endswith("nothing to tell")


def test_until_the_next_email(lab):
    story(lab)
    assert lab.run_until_next_email().end == datetime(2026, 1, 5, 9, 20, tzinfo=UTC)
    none = lab.run_until_next_email(within=timedelta(hours=1))
    assert none.end - none.start == timedelta(hours=1)
    assert none.mails == 0


def test_a_mail_that_is_no_confirmation_can_not_be_confirmed(lab):
    story(lab)
    lab.advance(minutes=30)
    with pytest.raises(LabError, match="confirm"):
        lab.mailbox[-1].confirm()


def test_an_unconfirmed_subscription_swallows_every_mail(lab, ec2, cloudwatch):
    sns = lab.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="you@teapot.example")
    cloudwatch.put_metric_alarm(**ALARM, AlarmActions=[topic])
    cloudwatch.set_alarm_state(AlarmName="cpu-high", StateValue="ALARM", StateReason="test")
    assert [m.subject for m in lab.mailbox] == ["AWS Notification - Subscription Confirmation"]
    history = cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == f"Successfully executed action {topic}"


def test_after_set_alarm_state_the_mail_is_there_on_the_next_line(lab, cloudwatch, topic):
    cloudwatch.put_metric_alarm(**ALARM, AlarmActions=[topic])
    cloudwatch.set_alarm_state(AlarmName="cpu-high", StateValue="ALARM", StateReason="test")
    assert lab.mailbox[-1].subject == 'ALARM: "cpu-high" in US East (N. Virginia)'
    assert lab.mailbox[-1].at == lab.now


# -- properties that every later part inherits
def test_one_week_equals_seven_days_to_the_byte():
    def week(steps):
        with labkit.Lab() as lab:
            machine = story(lab)
            lab.client("cloudwatch").put_metric_alarm(
                **ALARM | {"AlarmName": "calm", "Threshold": 20.0},
                Dimensions=[{"Name": "InstanceId", "Value": machine}],
            )
            for _ in range(steps):
                lab.advance(days=7 / steps)
            return lab.digest(), len(lab.parts.post.changes)

    whole, changes = week(1)
    assert changes > 100
    assert week(7) == (whole, changes)
    assert week(28) == (whole, changes)


def test_the_same_seed_gives_the_same_world_and_another_seed_another():
    def world(seed):
        with labkit.Lab(seed=seed) as lab:
            story(lab)
            lab.advance(hours=2)
            return lab.digest()

    assert world(0) == world(0) != world(1)


def test_a_replay_equals_the_original_even_when_things_failed_and_were_read():
    with labkit.Lab() as lab:
        machine = story(lab)
        lab.advance(minutes=7)
        cloudwatch = boto3.client("cloudwatch")
        cloudwatch.list_metrics()
        with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
            cloudwatch.set_alarm_state(AlarmName="no", StateValue="OK", StateReason="r")
        cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0}])
        with pytest.raises(cloudwatch.exceptions.InvalidParameterValueException):
            cloudwatch.put_metric_data(
                Namespace="N", MetricData=[{"MetricName": "m", "Value": float("nan")}]
            )
        boto3.client("s3").create_bucket(Bucket="teapot")
        boto3.client("s3").put_object(Bucket="teapot", Key="k", Body=b"bytes \x00")
        auditor = lab.user("auditor", "AmazonEC2FullAccess")
        auditor.client("ec2").stop_instances(InstanceIds=[machine])
        lab.advance(hours=3)
        again = lab.replay()
        assert again.errors == []
        assert again.now == lab.now
        assert again.digest() == lab.digest()
        assert (
            again.client("s3").get_object(Bucket="teapot", Key="k")["Body"].read() == b"bytes \x00"
        )
        assert boto3.client("ec2").describe_instances()["Reservations"]  # the lab is still active


def test_other_noise_keeps_every_id_and_another_incident_stops_no_other_machine():
    with labkit.Lab() as lab:
        machine = story(lab)
        lab.advance(hours=1)
        lab.client("ec2").stop_instances(InstanceIds=[machine])
        lab.advance(minutes=5)
        incident = Incident(
            "cpu", machine, lab.start + timedelta(minutes=2), lab.start + timedelta(minutes=9), 90.0
        )
        other = lab.replay(seed=5, incidents=[incident])
        assert other.errors == []
        found = other.client("ec2").describe_instances()["Reservations"][0]["Instances"][0]
        assert (found["InstanceId"], found["State"]["Name"]) == (machine, "stopped")
        assert other.mailbox[1].at < lab.mailbox[1].at
        assert other.digest() != lab.digest()


def test_a_world_is_saved_and_opened(tmp_path):
    with labkit.Lab(seed=4) as lab:
        story(lab)
        lab.advance(minutes=30)
        path = lab.save(tmp_path / "world")
        wanted = lab.digest()
    with labkit.Lab.open(path) as back:
        assert back.digest() == wanted
        assert boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
        back.mailbox[0].confirm()


def test_a_world_that_ends_otherwise_is_refused(tmp_path):
    with labkit.Lab() as lab:
        lab.client("s3").create_bucket(Bucket="teapot")
        path = lab.save(tmp_path / "world")
    path.write_text(path.read_text().replace("CreateBucket", "DeleteBucket"))
    with pytest.raises(
        ReplayError, match=r"s3:DeleteBucket at 2026-01-05 09:00:00 ended otherwise"
    ):
        labkit.Lab.open(path)


def test_reset_begins_again_and_clients_stay_good(lab):
    client = boto3.client("ec2")
    first = launch(client)
    lab.advance(days=1)
    lab.reset()
    assert lab.now == lab.start
    assert lab.mailbox == []
    assert launch(client) == first
    assert len(client.describe_instances()["Reservations"]) == 1


def test_accounts_and_regions_are_apart(lab):
    here = lab.client("cloudwatch")
    there = lab.client("cloudwatch", account_id="210987654321")
    west = lab.client("cloudwatch", region_name="eu-west-1")
    for client, name in ((here, "here"), (there, "there"), (west, "west")):
        client.put_metric_data(Namespace="N", MetricData=[{"MetricName": name, "Value": 1.0}])
    for client, name in ((here, "here"), (there, "there"), (west, "west")):
        assert [m["MetricName"] for m in client.list_metrics()["Metrics"]] == [name]
    west.put_metric_alarm(**ALARM)
    arn = west.describe_alarms()["MetricAlarms"][0]["AlarmArn"]
    assert arn == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:cpu-high"
    arn = lab.client("sts", account_id="210987654321").get_caller_identity()["Arn"]
    assert arn == "arn:aws:iam::210987654321:user/learner"


def test_who_calls(lab):
    def who(identity):
        return identity.client("sts").get_caller_identity()["Arn"]

    assert who(lab.user("auditor")) == "arn:aws:iam::123456789012:user/auditor"
    assert who(lab.root()) == "arn:aws:iam::123456789012:root"
    assert "auditor" in [u["UserName"] for u in lab.client("iam").list_users()["Users"]]
    trust = {
        "Effect": "Allow", "Principal": {"AWS": lab.account}, "Action": "sts:AssumeRole"
    }  # fmt: skip
    iam = lab.client("iam")
    iam.create_role(
        RoleName="audit",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )
    s3 = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    iam.attach_role_policy(RoleName="audit", PolicyArn=s3)
    session = lab.assume("audit", "me")
    assert who(session) == "arn:aws:sts::123456789012:assumed-role/audit/me"
    session.client("s3").create_bucket(Bucket="teapot")
    event = lab.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateBucket"}]
    )["Events"][0]
    assert "assumed-role/audit/me" in event["CloudTrailEvent"]
    keys = lab.client("iam").create_access_key(UserName="auditor")["AccessKey"]
    theirs = boto3.client(
        "sts", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"]
    )
    assert theirs.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/auditor"


def test_a_lab_shows_itself(lab):
    story(lab)
    lab.advance(minutes=30)
    for text in (repr(lab), lab._repr_html_()):
        assert "123456789012" in text and "us-east-1" in text and "09:30" in text
    assert "lab.user" not in repr(lab.user("x")) and "user/x" in repr(lab.user("x"))
    assert "load(" in repr(lab.fleet)
