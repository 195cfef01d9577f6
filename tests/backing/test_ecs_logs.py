"""The awslogs driver: groups, streams, events of several lines, in CloudWatch Logs itself."""

import pytest
from botocore.exceptions import ClientError
from emitted import role

from labkit.backing.ecs_logs import check, events
from labkit.core.errors import AwsError

GROUP = "/ecs/web"


@pytest.fixture
def network(lab):
    ec2 = lab.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    return {"awsvpcConfiguration": {"subnets": [subnet]}}


def task(lab, network, may=("logs:*",), **more):
    """A task that had half a minute to start, and its ARN."""
    ecs = lab.client("ecs")
    ecs.create_cluster(clusterName="shop")
    given = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "shop"}
    ecs.register_task_definition(
        family="web",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=role(lab, "executes", "ecs-tasks.amazonaws.com", *may),
        containerDefinitions=[
            {
                "name": "web",
                "image": "nginx",
                "logConfiguration": {"logDriver": "awslogs", "options": {**given, **more}},
            }
        ],
    )
    arn = ecs.run_task(
        cluster="shop", taskDefinition="web", launchType="FARGATE", networkConfiguration=network
    )["tasks"][0]["taskArn"]
    lab.advance(seconds=31)
    return ecs.describe_tasks(cluster="shop", tasks=[arn])["tasks"][0]


def write(lab, found, *lines):
    return lab.parts.backing.ecs.write_log(found["taskArn"], "web", *lines)


def stored(lab):
    told = lab.client("logs").filter_log_events(logGroupName=GROUP)["events"]
    return [(event["logStreamName"], event["message"]) for event in told]


def test_lines_arrive_while_the_task_and_its_group_are_there(lab, network):
    logs = lab.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    found = task(lab, network)
    assert write(lab, found, "one", "two")
    stream = f"shop/web/{found['taskArn'].rpartition('/')[2]}"
    assert stored(lab) == [(stream, "one"), (stream, "two")]
    lab.client("ecs").stop_task(cluster="shop", task=found["taskArn"])
    lab.advance(minutes=1)
    assert not write(lab, found, "three")
    assert len(stored(lab)) == 2


def test_a_missing_group_stops_the_task_unless_it_may_be_made(lab, network):
    found = task(lab, network)
    assert found["lastStatus"] == "STOPPED"
    assert (
        "ResourceNotFoundException: The specified log group does not exist."
        in (found["stoppedReason"])
    )
    lab.reset()
    found = task(lab, network, **{"awslogs-create-group": "true"})
    assert found["lastStatus"] == "RUNNING"
    assert write(lab, found, "hello")
    assert len(stored(lab)) == 1
    lab.client("logs").delete_log_group(logGroupName=GROUP)
    assert not write(lab, found, "again")  # made for a start, not for every line
    assert lab.client("logs").describe_log_groups()["logGroups"] == []


def test_making_a_group_takes_the_permission_for_it(lab, network):
    may = ("logs:CreateLogStream", "logs:PutLogEvents")
    found = task(lab, network, may, **{"awslogs-create-group": "true"})
    assert found["lastStatus"] == "STOPPED"
    assert "logs:CreateLogGroup on resource" in found["stoppedReason"]


TRACE = ("2026-01-05 ERROR broken", "Traceback:", "  KeyError", "2026-01-05 INFO well")
TOLD = ["2026-01-05 ERROR broken\nTraceback:\n  KeyError", "2026-01-05 INFO well"]


@pytest.mark.parametrize(
    "more",
    [
        {"awslogs-multiline-pattern": r"^\d{4}-\d\d-\d\d "},
        {"awslogs-datetime-format": "%Y-%m-%d"},
        {"awslogs-datetime-format": "%Y-%m-%d", "awslogs-multiline-pattern": "KeyError"},
    ],
)
def test_several_lines_are_one_event(lab, network, more):
    found = task(lab, network, **more, **{"awslogs-create-group": "true"})
    assert write(lab, found, *TRACE)
    assert [text for _, text in stored(lab)] == TOLD


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("[%b %d, %Y %H:%M:%S]", "[May 01, 2017 19:00:01] A message was logged"),
        ("%H:%M:%S%L", "19:00:01.123 hello"),
        ("%A, %B %d %I:%M %p", "Monday, January 5 9:00 AM hello"),
        ("100%%", "100% done"),
    ],
)
def test_codes_of_a_time(form, line):
    settings = {"awslogs-datetime-format": form}
    assert events(settings, [line, "more", line]) == [f"{line}\nmore", line]


def test_a_pattern_that_is_none_is_refused(lab, network):
    with pytest.raises(ClientError, match=r"ClientException.*no regular expression"):
        task(lab, network, **{"awslogs-multiline-pattern": "["})
    options = {"awslogs-group": "g", "awslogs-multiline-pattern": "("}
    with pytest.raises(AwsError):
        check({"name": "a", "logConfiguration": {"logDriver": "awslogs", "options": options}})
    check({"name": "a", "logConfiguration": {"logDriver": "json-file", "options": options}})
