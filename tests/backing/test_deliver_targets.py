"""Targets that are called with a role: streams, builds, tasks, executions, functions."""

import gzip
import json

import pytest

from labkit.backing.targets import KINDS, kind_of
from labkit.backing.targets.errand import Arn

HERE = "123456789012"
EVENTS = "events.amazonaws.com"
RULE = f"arn:aws:events:us-east-1:{HERE}:rule/nightly"
EVENT = {"version": "0", "id": "6a7e8feb-b491", "source": "shop", "detail": {"orders": [{"n": 7}]}}


def role(lab, action, resource="*", trusts=EVENTS):
    iam = lab.client("iam")

    def text(**statement):
        return json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
        )

    arn = iam.create_role(
        RoleName="r",
        AssumeRolePolicyDocument=text(Principal={"Service": trusts}, Action="sts:AssumeRole"),
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="r", PolicyName="p", PolicyDocument=text(Action=action, Resource=resource)
    )
    return arn


def send(lab, arn, principal, payload=None, **more):
    payload = json.dumps(EVENT) if payload is None else payload
    return lab.world.ports.deliver(arn, payload, principal, service=EVENTS, source_arn=RULE, **more)


# -- the table ------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name} {kind.service}")
def test_each_kind_is_found_and_delivers_or_says_why_not(kind):
    resource = kind.resource + ("x" if kind.resource[-1:] in ("/", ":", "") else "")
    arn = Arn.of(f"arn:aws:{kind.service}:us-east-1:{HERE}:{resource}")
    assert kind_of(arn) is kind
    assert (kind.hand is None) == bool(kind.why)


def test_what_is_not_there_says_why(lab):
    answer = send(lab, "arn:aws:ssm:us-east-1::document/AWS-RunShellScript", EVENTS)
    assert (answer.code, answer.retryable) == ("UnsupportedTarget", False)
    assert "the machines of a lab run no commands" in answer.message


# -- streams --------------------------------------------------------------------------------------
@pytest.fixture()
def stream(lab):
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    lab.advance(minutes=1)
    arn = kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"][
        "StreamARN"
    ]

    def read():
        shard = kinesis.list_shards(StreamName="orders")["Shards"][0]["ShardId"]
        iterator = kinesis.get_shard_iterator(
            StreamName="orders", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        got = kinesis.get_records(ShardIterator=iterator)["Records"]
        return [(record["PartitionKey"], record["Data"]) for record in got]

    return arn, read


@pytest.mark.parametrize(
    ("parameters", "payload", "key"),
    [
        ({}, json.dumps(EVENT), "6a7e8feb-b491"),
        ({"KinesisParameters": {"PartitionKeyPath": "$.source"}}, json.dumps(EVENT), "shop"),
        ({"KinesisParameters": {"PartitionKeyPath": "$.detail.orders[0].n"}}, json.dumps(EVENT),
         "7"),
        ({"PartitionKey": "stream-1"}, gzip.compress(b"lines", mtime=0), "stream-1"),
    ],
)  # fmt: skip
def test_a_record_with_its_partition_key(lab, stream, parameters, payload, key):
    arn, read = stream
    answer = send(lab, arn, role(lab, "kinesis:PutRecord", arn), payload, parameters=parameters)
    assert answer.ok, answer
    data = payload.encode() if isinstance(payload, str) else payload
    assert read() == [(key, data)]


def test_what_a_stream_refuses(lab, stream):
    arn, read = stream
    mine = role(lab, "kinesis:PutRecord", arn + "2")
    denied = send(lab, arn, mine)
    assert (denied.code, denied.failure) == ("AccessDeniedException", "NO_PERMISSIONS")
    gone = send(lab, arn + "2", mine)
    assert (gone.code, gone.failure, gone.retryable) == (
        "ResourceNotFoundException", "NO_RESOURCE", False,
    )  # fmt: skip
    path = {"KinesisParameters": {"PartitionKeyPath": "$.nothing"}}
    assert send(lab, arn + "2", mine, parameters=path).code == "InvalidParameter"
    assert not send(lab, arn, EVENTS).ok and read() == []


def test_a_throttled_stream_gets_it_later(lab, stream):
    arn, read = stream
    mine = role(lab, "kinesis:PutRecord", arn)
    lab.throttle("kinesis", "PutRecord", calls=3)
    heard = []
    lab.world.facts.hear("delivery.finished", lambda fact: heard.append(dict(fact.data)))
    first = lab.world.ports.deliver_reliably(
        arn, json.dumps(EVENT), mine, service=EVENTS, source_arn=RULE
    )
    assert (first.ok, first.retryable, first.failure) == (False, True, "THROTTLING")
    lab.advance(minutes=1)
    assert len(read()) == 1
    assert heard[0]["ok"] and heard[0]["attempts"] == 4


def test_a_delivery_stream(lab):
    s3, firehose = lab.client("s3"), lab.client("firehose")
    s3.create_bucket(Bucket="landing")
    mine = role(lab, ["firehose:PutRecord", "s3:*"], trusts="firehose.amazonaws.com")
    arn = firehose.create_delivery_stream(
        DeliveryStreamName="d",
        ExtendedS3DestinationConfiguration={
            "RoleARN": mine, "BucketARN": "arn:aws:s3:::landing",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        },
    )["DeliveryStreamARN"]  # fmt: skip
    lab.client("iam").update_assume_role_policy(
        RoleName="r",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": [EVENTS, "firehose.amazonaws.com"]},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )
    lab.advance(minutes=2)
    answer = send(lab, arn, mine)
    assert answer.ok, answer
    lab.advance(minutes=5)
    (found,) = s3.list_objects_v2(Bucket="landing")["Contents"]
    body = s3.get_object(Bucket="landing", Key=found["Key"])["Body"].read()
    assert json.loads(body) == EVENT


# -- builds ---------------------------------------------------------------------------------------
def test_a_build_starts_with_what_the_input_overrides(lab):
    codebuild = lab.client("codebuild")
    mine = role(lab, "codebuild:StartBuild")
    codebuild.create_project(
        name="shop", source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        artifacts={"type": "NO_ARTIFACTS"}, serviceRole=mine,
        environment={"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
                     "computeType": "BUILD_GENERAL1_SMALL"},
    )  # fmt: skip
    arn = f"arn:aws:codebuild:us-east-1:{HERE}:project/shop"
    assert send(lab, arn, mine).ok  # a whole event overrides nothing
    assert send(lab, arn, mine, json.dumps({"sourceVersion": "v2"})).ok
    builds = codebuild.batch_get_builds(ids=codebuild.list_builds()["ids"])["builds"]
    assert sorted(str(one.get("sourceVersion")) for one in builds)[-1] == "v2" and len(builds) == 2
    gone = send(lab, arn + "2", mine)
    assert not gone.ok and not gone.retryable and gone.failure == "NO_RESOURCE"


# -- tasks ----------------------------------------------------------------------------------------
CLUSTER = f"arn:aws:ecs:us-east-1:{HERE}:cluster/main"


@pytest.fixture()
def definition(lab):
    """A task definition that passes two roles on."""
    ecs = lab.client("ecs")
    ecs.create_cluster(clusterName="main")
    return ecs.register_task_definition(
        family="job",
        taskRoleArn=f"arn:aws:iam::{HERE}:role/task",
        executionRoleArn=f"arn:aws:iam::{HERE}:role/execution",
        containerDefinitions=[{"name": "c", "image": "i", "memory": 128}],
        requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip


def run_task(lab, principal, definition, payload=None, **more):
    subnet = lab.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    told = {
        "TaskDefinitionArn": definition,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": [subnet]}},
        **more,
    }
    return send(lab, CLUSTER, principal, payload, parameters={"EcsParameters": told})


def test_a_task_runs_with_what_the_input_overrides(lab, definition):
    mine = role(lab, ["ecs:RunTask", "iam:PassRole"])
    said = {"containerOverrides": [{"name": "c", "command": ["echo", "7"]}]}
    assert run_task(lab, mine, definition, json.dumps(said), TaskCount=2).ok
    ecs = lab.client("ecs")
    arns = ecs.list_tasks(cluster="main")["taskArns"]
    tasks = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"]
    assert [task["startedBy"] for task in tasks] == ["events-rule/nightly"] * 2
    assert tasks[0]["overrides"]["containerOverrides"][0]["command"] == ["echo", "7"]


@pytest.mark.parametrize(
    ("actions", "missing"),
    [("ecs:RunTask", "iam:PassRole"), ("iam:PassRole", "ecs:RunTask")],
)
def test_a_rules_role_must_pass_the_tasks_roles_on(lab, definition, actions, missing):
    refused = run_task(lab, role(lab, actions), definition)
    assert (refused.code, refused.failure) == ("AccessDeniedException", "NO_PERMISSIONS")
    assert missing in refused.message
    assert lab.client("ecs").list_tasks(cluster="main")["taskArns"] == []


def test_so_must_anybody_who_runs_the_task(lab, definition):
    """iam:PassRole on the roles, and only to ECS."""
    from botocore.exceptions import ClientError

    def policy(service):
        return {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
                 "Condition": {"StringEquals": {"iam:PassedToService": service}}},
            ],
        }  # fmt: skip

    wrong, right = (
        lab.user("a", policy("ec2.amazonaws.com")),
        lab.user("b", policy("ecs-tasks.amazonaws.com")),
    )
    subnet = lab.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    given = dict(
        cluster="main", taskDefinition=definition, launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )  # fmt: skip
    with pytest.raises(ClientError, match="iam:PassRole"):
        wrong.client("ecs").run_task(**given)
    assert right.client("ecs").run_task(**given)["tasks"]


def test_what_a_cluster_refuses(lab, definition):
    mine = role(lab, ["ecs:RunTask", "iam:PassRole"])
    no_task = send(lab, CLUSTER, mine)
    assert no_task.code == "ValidationException" and "TaskDefinitionArn" in no_task.message
    gone = run_task(lab, mine, definition.replace("job:1", "none:1"))
    assert not gone.ok and not gone.retryable


# -- functions ------------------------------------------------------------------------------------
FUNCTION = f"arn:aws:lambda:us-east-1:{HERE}:function:f"


def function(lab):
    """A function that writes what it gets into the queue ``got``."""
    import io
    import zipfile

    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr(
            "f.py",
            "import json, boto3\n"
            "def h(event, context):\n"
            "    sqs = boto3.client('sqs')\n"
            "    url = sqs.get_queue_url(QueueName='got')['QueueUrl']\n"
            "    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))\n",
        )
    url = lab.client("sqs").create_queue(QueueName="got")["QueueUrl"]
    lab.client("lambda").create_function(
        FunctionName="f", Runtime="python3.12", Handler="f.h", Code={"ZipFile": code.getvalue()},
        Role=role(lab, "sqs:*", trusts="lambda.amazonaws.com"),
    )  # fmt: skip
    lab.advance(minutes=1)

    def got():
        found = lab.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    return got


def permit(lab, service, source):
    lab.client("lambda").add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=service,
        SourceArn=source,
    )  # fmt: skip


def test_a_function_runs_for_the_rule_that_its_policy_names(lab):
    got = function(lab)
    refused = send(lab, FUNCTION, EVENTS)
    assert (refused.code, refused.failure) == ("AccessDeniedException", "NO_PERMISSIONS")
    permit(lab, EVENTS, RULE)
    assert send(lab, FUNCTION, EVENTS).ok
    lab.advance(minutes=1)
    assert got() == [EVENT]


def test_a_topic_tells_a_function(lab):
    got = function(lab)
    sns = lab.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)
    sns.publish(TopicArn=topic, Message="lost: it may not")
    permit(lab, "sns.amazonaws.com", topic)
    sns.publish(TopicArn=topic, Message="hot")
    lab.advance(minutes=1)
    (event,) = got()
    assert event["Records"][0]["Sns"]["Message"] == "hot"


@pytest.mark.parametrize(
    ("error", "code", "again"),
    [
        ("TooManyRequestsException", "TooManyRequestsException", True),
        ("ResourceNotFoundException", "ResourceNotFoundException", False),
        ("KeyError", "KeyError", False),
    ],
)
def test_what_a_function_refuses(lab, error, code, again):
    from types import SimpleNamespace

    ended = SimpleNamespace(ok=False, error_type=error, error_message="m", timed_out=False)
    functions = SimpleNamespace(invoke=lambda *a, **k: ended)
    desk = lab.parts.backing.deliver.desk
    desk.functions = lambda: functions
    desk.judge = None
    answer = send(lab, FUNCTION, EVENTS)
    assert (answer.code, answer.retryable) == (code, again)


def test_a_scaling_policy_that_is_gone(lab):
    arn = (
        f"arn:aws:autoscaling:us-east-1:{HERE}:scalingPolicy:1:autoScalingGroupName/g:policyName/p"
    )
    answer = send(lab, arn, "autoscaling.amazonaws.com")
    assert not answer.ok and answer.code != "InternalFailure"


def test_a_fifo_queue_gets_its_group_from_the_target(lab):
    sqs = lab.client("sqs")
    url = sqs.create_queue(
        QueueName="q.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{HERE}:q.fifo"
    mine = role(lab, "sqs:SendMessage", arn)
    assert send(lab, arn, mine).code == "MissingParameter"
    assert send(lab, arn, mine, parameters={"SqsParameters": {"MessageGroupId": "g"}}).ok
    (got,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert got["Attributes"]["MessageGroupId"] == "g" and json.loads(got["Body"]) == EVENT
