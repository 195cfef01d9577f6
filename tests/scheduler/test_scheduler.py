"""EventBridge Scheduler: when schedules fire, what they hand over, what is refused."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from buskit import ACCOUNT, Queue, role, rule

OFF = {"Mode": "OFF"}


@pytest.fixture
def scheduler(lab):
    return lab.client("scheduler")


@pytest.fixture
def queue(lab):
    return Queue(lab)


@pytest.fixture
def act(lab):
    """A role that Scheduler may assume and that may do everything."""
    return role(lab, "act", service="scheduler.amazonaws.com")


def create(scheduler, queue, act, expression, name="s", **more):
    target = {"Arn": queue.arn, "RoleArn": act, "Input": "<aws.scheduler.scheduled-time>"}
    params = {"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": OFF,
              "Target": {**target, **more.pop("target", {})}, **more}  # fmt: skip
    return scheduler.create_schedule(**params)["ScheduleArn"]


def test_a_moment_comes_once(lab, scheduler, queue, act):
    arn = create(scheduler, queue, act, "at(2026-01-05T10:30:00)")
    assert arn == f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/s"
    lab.advance(hours=1, minutes=29)
    assert queue.bodies() == []
    lab.advance(days=2)
    assert queue.bodies() == ["2026-01-05T10:30:00Z"]
    assert scheduler.get_schedule(Name="s")["State"] == "ENABLED"


def test_what_is_over_may_delete_itself(lab, scheduler, queue, act):
    create(scheduler, queue, act, "at(2026-01-05T10:30:00)", ActionAfterCompletion="DELETE")
    create(scheduler, queue, act, "rate(1 hours)", "r", ActionAfterCompletion="DELETE",
           EndDate=lab.start + timedelta(hours=3, minutes=30))  # fmt: skip
    lab.advance(hours=2)
    assert [one["Name"] for one in scheduler.list_schedules()["Schedules"]] == ["r"]
    lab.advance(hours=2)
    assert scheduler.list_schedules()["Schedules"] == []


def test_summer_time_begins_where_the_clock_is(lab, scheduler, queue, act):
    """02:30 does not exist in Berlin on 2026-03-29; 09:00 there moves by an hour in UTC."""
    lab.run_until(datetime(2026, 3, 27, 12, tzinfo=UTC))
    create(scheduler, queue, act, "cron(0 9 * * ? *)",
           ScheduleExpressionTimezone="Europe/Berlin")  # fmt: skip
    lab.run_until(datetime(2026, 3, 30, 12, tzinfo=UTC))
    assert queue.bodies() == [
        "2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z",
    ]  # fmt: skip


def test_a_rate_between_start_and_end(lab, scheduler, queue, act):
    create(scheduler, queue, act, "rate(30 minutes)", StartDate=lab.start + timedelta(hours=1),
           EndDate=lab.start + timedelta(hours=2, minutes=10))  # fmt: skip
    lab.advance(days=1)
    assert queue.bodies() == [
        "2026-01-05T10:00:00Z", "2026-01-05T10:30:00Z", "2026-01-05T11:00:00Z",
    ]  # fmt: skip


def test_a_flexible_window_is_drawn_from_the_seed():
    import labkit

    def arrivals(seed):
        with labkit.Lab(seed) as lab:
            times = []
            lab.world.facts.hear(
                "delivery.finished", lambda fact: times.append(fact.at_us // 1_000_000)
            )
            queue, act = Queue(lab), role(lab, "act", service="scheduler.amazonaws.com")
            window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
            client = lab.client("scheduler")
            create(client, queue, act, "rate(1 hours)", FlexibleTimeWindow=window)
            lab.advance(hours=5)
            start = int(lab.start.timestamp())
            return [(at - start) % 3600 for at in times], queue.bodies()

    late, told = arrivals(0)
    assert len(late) >= 4 and all(0 <= one < 900 for one in late) and len(set(late)) > 2
    assert told[0] == "2026-01-05T10:00:00Z"
    assert arrivals(0) == (late, told)
    assert arrivals(1)[0] != late


def test_a_schedule_that_is_off_or_changed_does_not_fire(lab, scheduler, queue, act):
    create(scheduler, queue, act, "rate(10 minutes)", State="DISABLED")
    lab.advance(hours=1)
    target = {"Arn": queue.arn, "RoleArn": act, "Input": "{}"}
    scheduler.update_schedule(Name="s", ScheduleExpression="rate(40 minutes)", Target=target,
                              FlexibleTimeWindow=OFF)  # fmt: skip
    lab.advance(hours=1)
    assert queue.bodies() == ["{}"]
    scheduler.delete_schedule(Name="s")
    lab.advance(hours=1)
    assert queue.bodies() == []
    with pytest.raises(ClientError, match="Schedule s does not exist"):
        scheduler.get_schedule(Name="s")


def test_without_an_input_the_target_gets_an_event(lab, scheduler, queue, act):
    target = {"Arn": queue.arn, "RoleArn": act}
    arn = scheduler.create_schedule(Name="s", ScheduleExpression="rate(1 minutes)", Target=target,
                                    FlexibleTimeWindow=OFF)["ScheduleArn"]  # fmt: skip
    lab.advance(minutes=1)
    (event,) = queue.events()
    assert event["detail-type"] == "Scheduled Event" and event["source"] == "aws.scheduler"
    assert event["resources"] == [arn] and event["time"] == "2026-01-05T09:01:00Z"


def test_a_universal_target_stops_a_machine(lab, scheduler, queue, act, ec2, machine):
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:ec2:stopInstances",
              "Input": json.dumps({"InstanceIds": [machine]})}  # fmt: skip
    lab.advance(minutes=2)
    create(scheduler, queue, act, "at(2026-01-05T18:00:00)", target=target)
    lab.advance(hours=10)
    found = ec2.describe_instances(InstanceIds=[machine])["Reservations"][0]["Instances"][0]
    assert found["State"]["Name"] == "stopped"


def test_a_bus_as_a_target(lab, scheduler, queue, act):
    events = lab.client("events")
    rule(events, {"source": ["nightly"]}, queue.arn)
    target = {"Arn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default", "Input": '{"n": 1}',
              "EventBridgeParameters": {"Source": "nightly", "DetailType": "run"}}  # fmt: skip
    create(scheduler, queue, act, "rate(1 hours)", target=target)
    lab.advance(hours=1, seconds=1)
    (event,) = queue.events()
    assert event["detail"] == {"n": 1} and event["detail-type"] == "run"


def test_a_role_that_may_not_leaves_a_dead_letter(lab, scheduler, queue):
    weak = role(lab, "weak", "sqs:SendMessage", service="scheduler.amazonaws.com")
    dead = Queue(lab, "dead", closed=True)
    target = {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:nowhere",
              "DeadLetterConfig": {"Arn": dead.arn}}  # fmt: skip
    arn = create(scheduler, queue, weak, "rate(1 hours)", target=target)
    lab.advance(hours=1)
    (letter,) = dead.messages()
    told = {name: one["StringValue"] for name, one in letter["MessageAttributes"].items()}
    assert told["SCHEDULE_ARN"] == arn and told["ERROR_CODE"] == "NO_RESOURCE"
    assert told["SCHEDULED_TIME"] == "2026-01-05T10:00:00Z"
    metrics = lab.client("cloudwatch").list_metrics(Namespace="AWS/Scheduler")["Metrics"]
    assert {one["MetricName"] for one in metrics} == {
        "InvocationAttemptCount", "TargetErrorCount", "InvocationsSentToDeadLetterCount",
    }  # fmt: skip


def test_groups_and_their_tags(lab, scheduler, queue, act):
    arn = scheduler.create_schedule_group(
        Name="g", Tags=[{"Key": "a", "Value": "1"}], ClientToken="t"
    )["ScheduleGroupArn"]
    assert scheduler.create_schedule_group(Name="g", ClientToken="t")["ScheduleGroupArn"] == arn
    create(scheduler, queue, act, "rate(1 hours)", GroupName="g")
    create(scheduler, queue, act, "rate(1 hours)", "other")
    assert [one["Name"] for one in scheduler.list_schedules(GroupName="g")["Schedules"]] == ["s"]
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    tags = scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "b", "Value": "2"}]
    names = [one["Name"] for one in scheduler.list_schedule_groups()["ScheduleGroups"]]
    assert names == ["default", "g"]
    scheduler.delete_schedule_group(Name="g")
    assert [one["Name"] for one in scheduler.list_schedules()["Schedules"]] == ["other"]
    with pytest.raises(ClientError, match="default schedule group"):
        scheduler.delete_schedule_group(Name="default")
    with pytest.raises(ClientError, match="Schedule group g does not exist"):
        scheduler.get_schedule_group(Name="g")


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"ScheduleExpression": "rate(10 seconds)"}, "ValidationException",
         "Invalid Schedule Expression rate(10 seconds)."),
        ({"ScheduleExpression": "at(2021-12-31)"}, "ValidationException",
         "Invalid Schedule Expression at(2021-12-31)."),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "ValidationException", "Mars/Olympus"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "ValidationException",
         "MaximumWindowInMinutes"),
        ({"EndDate": datetime(2025, 1, 1, tzinfo=UTC)}, "ValidationException", "in the past"),
        ({"GroupName": "no"}, "ResourceNotFoundException", "Schedule group no does not exist."),
        ({"target": {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}}, "ValidationException",
         "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."),
        ({"target": {"Arn": "arn:aws:scheduler:::aws-sdk:ec2:describeInstances"}},
         "ValidationException", "changes nothing"),
        ({"target": {"Arn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"}},
         "ValidationException", "KinesisParameters must be specified"),
        ({"target": {"Arn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"}},
         "ValidationException", "not supported as a target"),
        ({"Name": "s"}, "ConflictException", "Schedule s already exists."),
    ],
)  # fmt: skip
def test_what_is_no_schedule(scheduler, queue, act, change, code, text):
    create(scheduler, queue, act, "rate(1 hours)")
    params = {"name": change.pop("Name", "t")}
    expression = change.pop("ScheduleExpression", "rate(1 hours)")
    with pytest.raises(ClientError) as caught:
        create(scheduler, queue, act, expression, **params, **change)
    error = caught.value.response["Error"]
    assert error["Code"] == code and text in error["Message"]


def test_a_saved_world_fires_on(lab, scheduler, queue, act, tmp_path):
    import labkit

    create(scheduler, queue, act, "rate(1 hours)")
    lab.advance(hours=2)
    path = lab.save(tmp_path / "world.lab")
    before = lab.digest()
    with labkit.Lab.open(path) as again:
        assert again.digest() == before
