"""Each source and each target of EventBridge, from a boto3 call to its effect.

``WHERE`` names the test of each; the ones that stand elsewhere are looked up there.
"""

import json
from pathlib import Path

import pytest
from buskit import ACCOUNT, Queue, function, put, role, rule
from machines import launch

TESTS = Path(__file__).parent.parent
HERE = "eventbridge/test_sources_and_targets.py"

#: Source or target -> the file and the test that goes the whole way.
WHERE = {
    "source: EC2 state change": ("eventbridge/test_sources.py", "test_an_instances_states"),
    "source: CodeBuild build": (HERE, "test_a_build_that_fails_is_told"),
    "source: S3 object": (
        "eventbridge/test_sources.py", "test_a_bucket_tells_once_it_is_switched_on"),
    "source: CloudTrail call": (
        "cloudtrail/test_trail_events.py", "test_a_deleted_table_ends_in_a_mail"),
    "source: console sign-in": ("eventbridge/test_sources.py", "test_a_sign_in_of_root"),
    "source: Auto Scaling": (HERE, "test_a_group_tells_of_its_launches"),
    "source: alarm": (HERE, "test_an_alarm_tells_its_state"),
    "source: scheduled event": (
        "eventbridge/test_rule_schedules.py", "test_the_event_of_a_schedule"),
    "source: PutEvents": (
        "eventbridge/test_put_events.py", "test_an_event_reaches_the_queue_as_it_lies_on_the_bus"),
    "source: partner": ("test_partner.py", "test_from_an_offer_to_an_email"),
    "target: Lambda": (HERE, "test_a_function_runs"),
    "target: SNS (e-mail)": (
        "eventbridge/test_rule_delivery.py", "test_a_topic_mails_the_event"),
    "target: SQS": (
        "eventbridge/test_put_events.py", "test_an_event_reaches_the_queue_as_it_lies_on_the_bus"),
    "target: Kinesis": (
        "eventbridge/test_rule_delivery.py", "test_a_stream_is_written_with_the_role"),
    "target: Firehose": (HERE, "test_a_delivery_stream_lands_in_a_bucket"),
    "target: log group": (HERE, "test_a_log_group_has_the_event_as_a_line"),
    "target: EC2 stop, terminate, reboot": (HERE, "test_a_machine_is_acted_on"),
    "target: ECS RunTask": (HERE, "test_a_task_runs"),
    "target: CodeBuild build": (HERE, "test_a_build_starts"),
    "target: another bus": (
        "eventbridge/test_cross_account.py",
        "test_with_leave_the_event_arrives_and_keeps_its_account"),
    "target: API destination": (
        "eventbridge/test_api_destinations.py", "test_a_call_with_a_password"),
    "target: Step Functions": (HERE, "test_a_state_machine_says_why_not"),
}  # fmt: skip


@pytest.mark.parametrize("what", WHERE)
def test_each_has_its_test(what):
    path, name = WHERE[what]
    assert f"def {name}(" in (TESTS / path).read_text(encoding="utf-8")


# -- sources --------------------------------------------------------------------------------------
def project(lab, mine, spec):
    codebuild = lab.client("codebuild")
    codebuild.create_project(
        name="shop", source={"type": "NO_SOURCE", "buildspec": spec}, serviceRole=mine,
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
                     "computeType": "BUILD_GENERAL1_SMALL"},
    )  # fmt: skip
    return codebuild


def test_a_build_that_fails_is_told(lab, events, queue):
    failed = {"source": ["aws.codebuild"], "detail-type": ["CodeBuild Build State Change"],
              "detail": {"build-status": ["FAILED"]}}  # fmt: skip
    rule(events, failed, queue.arn)
    mine = role(lab, service="codebuild.amazonaws.com")
    spec = "version: 0.2\nphases:\n  build:\n    commands: [exit 2]\n"
    begun = project(lab, mine, spec).start_build(projectName="shop")["build"]
    lab.advance(minutes=3)
    (event,) = queue.events()
    assert event["detail"]["build-id"] == begun["arn"] == event["resources"][0]
    assert event["detail"]["project-name"] == "shop"


def test_a_group_tells_of_its_launches(lab, events, queue):
    rule(events, {"source": ["aws.autoscaling"]}, queue.arn)
    scaling = lab.client("autoscaling")
    scaling.create_launch_configuration(
        LaunchConfigurationName="one", ImageId="ami-0abc", InstanceType="t3.micro"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="one", MinSize=1, MaxSize=2,
        DesiredCapacity=1, AvailabilityZones=["us-east-1a"],
    )  # fmt: skip
    lab.advance(minutes=5)
    (event,) = queue.events()
    assert event["detail-type"] == "EC2 Instance Launch Successful"
    (group,) = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    assert event["detail"]["EC2InstanceId"] == group["Instances"][0]["InstanceId"]
    assert event["detail"]["AutoScalingGroupName"] == "web"


def test_an_alarm_tells_its_state(lab, events, queue):
    rule(events, {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}},
         queue.arn)  # fmt: skip
    cloudwatch = lab.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="hot", Namespace="Shop", MetricName="Heat", Statistic="Maximum", Period=60,
        EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Heat", "Value": 9}])
    lab.advance(minutes=3)
    event = queue.events()[0]
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["detail"]["alarmName"] == "hot"
    assert event["resources"] == [f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:hot"]


# -- targets --------------------------------------------------------------------------------------
TELL = """
import boto3, json
def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="seen")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
"""


def test_a_function_runs(lab, events):
    seen = Queue(lab, "seen")
    rule(events, {"source": ["shop"]}, function(lab, TELL))
    put(events, {"order": 7})
    lab.advance(minutes=1)
    (event,) = seen.events()
    assert event["detail"] == {"order": 7} and event["source"] == "shop"


def test_a_delivery_stream_lands_in_a_bucket(lab, events):
    lab.client("s3").create_bucket(Bucket="landing")
    arn = lab.client("firehose").create_delivery_stream(
        DeliveryStreamName="d",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role(lab, "fire", service="firehose.amazonaws.com"),
            "BucketARN": "arn:aws:s3:::landing",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        },
    )["DeliveryStreamARN"]
    lab.advance(minutes=2)
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab, "r", "firehose:PutRecord"),
         InputPath="$.detail")  # fmt: skip
    put(events, {"order": 7})
    lab.advance(minutes=5)
    s3 = lab.client("s3")
    (found,) = s3.list_objects_v2(Bucket="landing")["Contents"]
    body = s3.get_object(Bucket="landing", Key=found["Key"])["Body"].read()
    assert json.loads(body) == {"order": 7}


def test_a_log_group_has_the_event_as_a_line(lab, events):
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="/aws/events/orders")
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                 "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                 "Resource": "*"}  # fmt: skip
    logs.put_resource_policy(
        policyName="p",
        policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/events/orders"
    rule(events, {"source": ["shop"]}, arn)
    put(events, {"order": 7})
    lab.advance(minutes=1)
    (line,) = logs.filter_log_events(logGroupName="/aws/events/orders")["events"]
    assert json.loads(line["message"])["detail"] == {"order": 7}


@pytest.mark.parametrize(
    ("word", "call", "state"),
    [
        ("stop", "ec2:StopInstances", "stopped"),
        ("terminate", "ec2:TerminateInstances", "terminated"),
        ("reboot", "ec2:RebootInstances", "running"),
    ],
)
def test_a_machine_is_acted_on(lab, events, word, call, state):
    ec2 = lab.client("ec2")
    machine = launch(ec2)
    lab.advance(minutes=2)
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:target/{word}-instance"
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab, "r", call),
         InputPath="$.detail.machine")  # fmt: skip
    put(events, {"machine": machine})
    lab.advance(minutes=3)
    (found,) = ec2.describe_instances(InstanceIds=[machine])["Reservations"][0]["Instances"]
    assert found["State"]["Name"] == state
    (told,) = lab.client("cloudtrail").lookup_events(
        LookupAttributes=[
            {"AttributeKey": "EventName", "AttributeValue": call.removeprefix("ec2:")}
        ]
    )["Events"]
    who = json.loads(told["CloudTrailEvent"])["userIdentity"]
    assert who["invokedBy"] == "events.amazonaws.com"


def test_a_task_runs(lab, events):
    ecs = lab.client("ecs")
    cluster = ecs.create_cluster(clusterName="main")["cluster"]["clusterArn"]
    definition = ecs.register_task_definition(
        family="job", containerDefinitions=[{"name": "c", "image": "i", "memory": 128}],
        requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
    subnet = lab.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    network = {"awsvpcConfiguration": {"Subnets": [subnet]}}
    rule(events, {"source": ["shop"]}, cluster, "nightly",
         RoleArn=role(lab, "r", "ecs:RunTask", "iam:PassRole"), Input="{}",
         EcsParameters={"TaskDefinitionArn": definition, "LaunchType": "FARGATE", "TaskCount": 2,
                        "NetworkConfiguration": network})  # fmt: skip
    put(events)
    arns = ecs.list_tasks(cluster="main")["taskArns"]
    tasks = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"]
    assert [task["startedBy"] for task in tasks] == ["events-rule/nightly"] * 2


def test_a_build_starts(lab, events):
    codebuild = project(lab, role(lab, "b", service="codebuild.amazonaws.com"), "version: 0.2")
    arn = f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project/shop"
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab, "r", "codebuild:StartBuild"),
         Input='{"sourceVersion": "v2"}')  # fmt: skip
    put(events)
    (build,) = codebuild.batch_get_builds(ids=codebuild.list_builds()["ids"])["builds"]
    assert build["sourceVersion"] == "v2"


def test_a_state_machine_says_why_not(lab, events):
    """Step Functions is not there: the rule is taken, and the delivery fails with the reason."""
    dead = Queue(lab, "dead")
    arn = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m"
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab, "r", "states:StartExecution"),
         DeadLetterConfig={"Arn": dead.arn})  # fmt: skip
    put(events)
    (problem,) = lab.eventbridge.view_problems().data["problems"]
    assert problem["target"] == arn and "threads" in problem["why"]
    assert len(dead.messages()) == 1
