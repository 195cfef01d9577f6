"""One story, four tellings: boto3, %aws, a shell with the aws CLI, JavaScript; one end.

A machine starts; somebody is to be called, a queue and a function too; a shop gets slow, the alarm
rings, everybody hears of it; the machine is stopped. The calls are the same and come in the same
order, so the ids, the instants and every letter of the e-mails are the same as well.
"""

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path

import boto3
import nodejs
import pytest

import labkit
from labkit.gateway import aws_cli
from labkit.serve import Service

STORY = Path(__file__).with_name("story.sh")
BIN = Path(sys.executable).parent
TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:pager"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:wake"
ROLE = "arn:aws:iam::123456789012:role/wake"
CODE = """
import json
import boto3

def handler(event, context):
    told = json.loads(event["Records"][0]["Sns"]["Message"])
    dimensions = [{"Name": "Alarm", "Value": told["AlarmName"]}]
    boto3.client("cloudwatch").put_metric_data(
        Namespace="Wake",
        MetricData=[{"MetricName": told["NewStateValue"], "Value": 1, "Dimensions": dimensions}],
    )
"""


def policy(principal, action, resource):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": principal}, "Action": action, **resource}
        ],
    }


TRUST = json.dumps(policy("lambda.amazonaws.com", "sts:AssumeRole", {}))
ATTRIBUTES = {
    "Policy": json.dumps(policy("sns.amazonaws.com", "sqs:SendMessage", {"Resource": QUEUE}))
}


def code():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("wake.py", (2026, 1, 5, 9, 0, 0)), CODE)
    return out.getvalue()


@pytest.fixture
def papers(tmp_path):
    """Files that the tellings read, by the variable that names them."""
    files = {"ZIP": code(), "TRUST": TRUST.encode(), "POLICY": json.dumps(ATTRIBUTES).encode()}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return {name: str(tmp_path / name) for name in files}


# -- four tellings --------------------------------------------------------------------------------
def with_boto3(lab):
    ec2, sns, sqs, iam, fn, cloudwatch = map(
        boto3.client, ("ec2", "sns", "sqs", "iam", "lambda", "cloudwatch")
    )
    (machine,) = ec2.run_instances(
        ImageId="ami-0c55b159cbfafe1f0", InstanceType="t3.micro", MinCount=1, MaxCount=1,
        ClientToken="story",
    )["Instances"]  # fmt: skip
    sns.create_topic(Name="on-call")
    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="oncall@teapot.example")
    sns.confirm_subscription(TopicArn=TOPIC, Token=lab.mailbox[-1].confirm_token)
    queue = sqs.create_queue(QueueName="pager")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=ATTRIBUTES)
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
    iam.create_role(RoleName="wake", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(
        RoleName="wake", PolicyArn="arn:aws:iam::aws:policy/CloudWatchFullAccess"
    )
    fn.create_function(FunctionName="wake", Runtime="python3.12", Handler="wake.handler",
                       Role=ROLE, Code={"ZipFile": code()})  # fmt: skip
    fn.add_permission(FunctionName="wake", StatementId="topic", Action="lambda:InvokeFunction",
                      Principal="sns.amazonaws.com", SourceArn=TOPIC)  # fmt: skip
    sns.subscribe(TopicArn=TOPIC, Protocol="lambda", Endpoint=FUNCTION)
    cloudwatch.put_metric_alarm(
        AlarmName="slow", Namespace="Shop", MetricName="Latency", Statistic="Average", Period=60,
        EvaluationPeriods=1, Threshold=500, TreatMissingData="ignore",
        ComparisonOperator="GreaterThanThreshold", AlarmActions=[TOPIC],
    )  # fmt: skip
    cloudwatch.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Latency", "Value": 900}]
    )
    lab.advance(minutes=3)
    ec2.stop_instances(InstanceIds=[machine["InstanceId"]])
    lab.advance(minutes=1)


def with_the_magic(lab, papers):
    def aws(command):
        ran = aws_cli.run(command)
        assert ran.status == 0, ran.text
        return ran.text

    quoted = {name: shlex.quote(Path(path).read_text()) for name, path in papers.items()
              if name != "ZIP"}  # fmt: skip
    machine = aws(
        "ec2 run-instances --image-id ami-0c55b159cbfafe1f0 --instance-type t3.micro "
        "--client-token story --query Instances[0].InstanceId --output text"
    )
    aws("sns create-topic --name on-call")
    subscribe = f"sns subscribe --topic-arn {TOPIC} --protocol"
    aws(f"{subscribe} email --notification-endpoint oncall@teapot.example")
    token = lab.mailbox[-1].confirm_token
    aws(f"sns confirm-subscription --topic-arn {TOPIC} --token {token}")
    queue = aws("sqs create-queue --queue-name pager --output text")
    aws(f"sqs set-queue-attributes --queue-url {queue} --attributes {quoted['POLICY']}")
    aws(f"{subscribe} sqs --notification-endpoint {QUEUE}")
    aws(f"iam create-role --role-name wake --assume-role-policy-document {quoted['TRUST']}")
    aws("iam attach-role-policy --role-name wake "
        "--policy-arn arn:aws:iam::aws:policy/CloudWatchFullAccess")  # fmt: skip
    aws("lambda create-function --function-name wake --runtime python3.12 --handler wake.handler "
        f"--role {ROLE} --zip-file fileb://{papers['ZIP']}")  # fmt: skip
    aws("lambda add-permission --function-name wake --statement-id topic --action "
        f"lambda:InvokeFunction --principal sns.amazonaws.com --source-arn {TOPIC}")  # fmt: skip
    aws(f"{subscribe} lambda --notification-endpoint {FUNCTION}")
    aws("cloudwatch put-metric-alarm --alarm-name slow --namespace Shop --metric-name Latency "
        "--statistic Average --period 60 --evaluation-periods 1 --threshold 500 "
        "--treat-missing-data ignore "
        f"--comparison-operator GreaterThanThreshold --alarm-actions {TOPIC}")  # fmt: skip
    aws("cloudwatch put-metric-data --namespace Shop --metric-name Latency --value 900")
    lab.advance(minutes=3)
    aws(f"ec2 stop-instances --instance-ids {machine}")
    lab.advance(minutes=1)


def with_a_shell(service, papers):
    environment = nodejs.environment_of(service) | papers
    environment |= {"PYTHON": sys.executable, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", STORY], env=environment, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def with_javascript(service, papers):
    assert nodejs.run(service, "story.mjs", environment=papers) == "told"


# -- one end --------------------------------------------------------------------------------------
def end(lab):
    """What the world is like in the end, ids and instants included."""
    cloudwatch, sqs, ec2 = lab.client("cloudwatch"), lab.client("sqs"), lab.client("ec2")
    (machine,) = ec2.describe_instances()["Reservations"][0]["Instances"]
    queue = sqs.get_queue_url(QueueName="pager")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    events = lab.client("cloudtrail").lookup_events()["Events"]
    return {
        "now": lab.now,
        "machine": (machine["InstanceId"], machine["State"]["Name"], machine["LaunchTime"]),
        "mails": [(m.at, m.to, m.subject, m.body) for m in lab.mailbox],
        "history": cloudwatch.describe_alarm_history(AlarmName="slow")["AlarmHistoryItems"],
        "alarm": cloudwatch.describe_alarms()["MetricAlarms"],
        "message": message["Body"],
        "metrics": cloudwatch.list_metrics(Namespace="Wake")["Metrics"],
        "subscriptions": lab.client("sns").list_subscriptions()["Subscriptions"],
        "calls": [(e["EventTime"], e["EventName"], e["Username"]) for e in events],
    }


@contextmanager
def served():
    with labkit.Lab(active=False) as lab, Service(lab) as service:
        yield service


@pytest.fixture(scope="module")
def told_by_boto3():
    with labkit.Lab() as lab:
        with_boto3(lab)
        return end(lab)


def test_the_story_itself(told_by_boto3):
    told = told_by_boto3
    assert told["machine"][1] == "stopped"
    assert [subject for _, _, subject, _ in told["mails"]][1:] == [
        'ALARM: "slow" in US East (N. Virginia)'
    ]
    assert told["alarm"][0]["StateValue"] == "ALARM"
    assert json.loads(json.loads(told["message"])["Message"])["NewStateValue"] == "ALARM"
    assert told["metrics"] == [
        {
            "Namespace": "Wake",
            "MetricName": "ALARM",
            "Dimensions": [{"Name": "Alarm", "Value": "slow"}],
        }
    ]


def test_the_magic_tells_the_same(told_by_boto3, papers):
    with labkit.Lab() as lab:
        with_the_magic(lab, papers)
        assert end(lab) == told_by_boto3


@pytest.mark.skipif(shutil.which("sh") is None, reason="this machine has no shell")
@pytest.mark.long
def test_a_shell_tells_the_same(told_by_boto3, papers):
    with served() as service:
        with_a_shell(service, papers)
        assert end(service.lab) == told_by_boto3


def test_javascript_tells_the_same(told_by_boto3, papers):
    with served() as service:
        with_javascript(service, papers)
        assert end(service.lab) == told_by_boto3
