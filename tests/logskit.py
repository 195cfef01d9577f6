"""What tests of CloudWatch Logs share: groups with a stream, subscribers that can be read."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from typing import Any

from buskit import role

ACCOUNT = "123456789012"


def group(lab: Any, name: str = "app", stream: str = "s", **where: str) -> Any:
    """A client of Logs, after a group with one stream was made."""
    logs = lab.client("logs", **where)
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName=stream)
    return logs


def write(lab: Any, logs: Any, *messages: str, name: str = "app", stream: str = "s") -> int:
    """Put lines now; their time in milliseconds."""
    at_ms = int(lab.now.timestamp() * 1000)
    events = [{"timestamp": at_ms, "message": text} for text in messages]
    logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=events)
    return at_ms


def key(lab: Any, *groups: str, region: str = "us-east-1", account: str = ACCOUNT) -> str:
    """The ARN of a new KMS key whose policy lets Logs use it, for groups or for all of them."""
    kms = lab.client("kms", region)
    named = [f"arn:aws:logs:{region}:{account}:log-group:{name}" for name in groups or ("*",)]
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
         "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"Service": f"logs.{region}.amazonaws.com"},
         "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*",
                    "kms:Describe*"], "Resource": "*",
         "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": named}}},
    ]  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return str(kms.create_key(Policy=policy)["KeyMetadata"]["Arn"])


class Stream:
    """A Kinesis stream and a role that may put into it."""

    def __init__(self, lab: Any, name: str = "central", **where: str) -> None:
        self._kinesis = lab.client("kinesis", **where)
        self._kinesis.create_stream(StreamName=name, ShardCount=1)
        lab.advance(seconds=10)
        told = self._kinesis.describe_stream(StreamName=name)["StreamDescription"]
        self.arn = told["StreamARN"]
        self.name = name
        self._shard = told["Shards"][0]["ShardId"]

    def records(self) -> list[dict[str, Any]]:
        """Everything that came, as it lies there."""
        iterator = self._kinesis.get_shard_iterator(
            StreamName=self.name, ShardId=self._shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        return self._kinesis.get_records(ShardIterator=iterator)["Records"]

    def messages(self, kind: str = "DATA_MESSAGE") -> list[dict[str, Any]]:
        """What came, unpacked, of a kind."""
        told = [json.loads(gzip.decompress(record["Data"])) for record in self.records()]
        return [message for message in told if message["messageType"] == kind]

    def lines(self) -> list[str]:
        """The texts that came."""
        return [event["message"] for told in self.messages() for event in told["logEvents"]]


def function(lab: Any, code: str, name: str = "f", *, allowed: bool = True, **more: Any) -> str:
    """A function of Python code that CloudWatch Logs may invoke; its ARN."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo("m.py"), code)
    client = lab.client("lambda")
    client.create_function(
        FunctionName=name, Runtime="python3.12", Handler="m.handler",
        Code={"ZipFile": data.getvalue()},
        Role=role(lab, f"{name}-role", service="lambda.amazonaws.com"), **more,
    )  # fmt: skip
    arn: str = client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    if allowed:
        client.add_permission(
            FunctionName=name, StatementId="logs", Action="lambda:InvokeFunction",
            Principal="logs.amazonaws.com",
        )  # fmt: skip
    return arn


def unpacked(event: dict[str, Any]) -> dict[str, Any]:
    """The message in a function's event."""
    return json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))


def points(lab: Any, name: str, **dimensions: str) -> float:
    """The sum of a metric of AWS/Logs so far."""
    from datetime import timedelta

    got = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Logs", MetricName=name, Period=86_400, Statistics=["Sum"],
        StartTime=lab.now - timedelta(days=2), EndTime=lab.now + timedelta(minutes=1),
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
    )  # fmt: skip
    return sum(point["Sum"] for point in got["Datapoints"])
