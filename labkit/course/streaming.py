"""Streaming: a stream that log groups may be sent into, so that lesson 08 can look at what arrives.

::

    central = streaming.Stream(lab, "central")       # in another account: account="..."
    central.arn, streaming.role(lab, "sends", "logs")   # what PutSubscriptionFilter asks for
    central.messages(), central.lines()              # what came, unpacked
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from labkit.core.jsontext import parse
from labkit.lab import Lab

DATA, CONTROL = "DATA_MESSAGE", "CONTROL_MESSAGE"


class Stream:
    """A stream of Kinesis Data Streams with one shard, made when it is not there.

    Parameters
    ----------
    lab:
        Where; making the stream takes ten seconds of it.
    name:
        The stream's.
    account:
        Whose; the lab's own when left out.
    """

    def __init__(self, lab: Lab, name: str, account: str | None = None) -> None:
        self.name = name
        self._kinesis = lab.client("kinesis", account_id=account)
        if name not in self._kinesis.list_streams()["StreamNames"]:
            self._kinesis.create_stream(StreamName=name, ShardCount=1)
            lab.advance(seconds=10)
        told = self._kinesis.describe_stream(StreamName=name)["StreamDescription"]
        self.arn: str = told["StreamARN"]
        self._shard = told["Shards"][0]["ShardId"]

    def records(self) -> list[dict[str, Any]]:
        """What GetRecords gives, from the oldest record on."""
        where = self._kinesis.get_shard_iterator(
            StreamName=self.name, ShardId=self._shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: list[dict[str, Any]] = []
        while True:
            answer = self._kinesis.get_records(ShardIterator=where)
            found += answer["Records"]
            where = answer.get("NextShardIterator")
            if not answer["Records"] or where is None:
                return found

    def messages(self, kind: str = DATA) -> list[dict[str, Any]]:
        """What CloudWatch Logs sent, unpacked; those of one type."""
        told = [parse(gzip.decompress(record["Data"])) for record in self.records()]
        return [message for message in told if message["messageType"] == kind]

    def lines(self) -> list[str]:
        """The texts of the log lines that came."""
        return [event["message"] for told in self.messages() for event in told["logEvents"]]


def role(lab: Lab, name: str, service: str, account: str | None = None) -> str:
    """A role that a service may take on and that may do everything; its ARN.

    Parameters
    ----------
    lab:
        Where.
    name:
        The role's.
    service:
        Who may take it on: ``logs``, ``firehose``.
    account:
        Whose; the lab's own when left out.
    """
    iam = lab.client("iam", account_id=account)
    trust = {
        "Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }  # fmt: skip
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"][
        "Arn"
    ]
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document(allowed))
    return arn


def document(*statements: dict[str, Any]) -> str:
    """A policy document of statements, as text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def bucket_stream(lab: Lab, source: Stream, bucket: str) -> None:
    """A Firehose stream that reads ``source`` and writes into a bucket of the lab's account.

    It gathers for a minute before it writes.

    Parameters
    ----------
    lab:
        Where.
    source:
        What it reads, from now on.
    bucket:
        The bucket's name; it is made.
    """
    lab.client("s3").create_bucket(Bucket=bucket)
    deliver = role(lab, f"{bucket}-deliver", "firehose")
    lab.client("firehose").create_delivery_stream(
        DeliveryStreamName=bucket,
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": source.arn, "RoleARN": deliver},
        ExtendedS3DestinationConfiguration={
            "RoleARN": deliver,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
        },
    )


def function(lab: Lab, name: str, code: str) -> str:
    """A Lambda function of Python code, whose ``handler`` CloudWatch Logs may invoke; its ARN.

    Parameters
    ----------
    lab:
        Where.
    name:
        The function's.
    code:
        Of its one file.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("code.py"), code)
    client = lab.client("lambda")
    arn: str = client.create_function(
        FunctionName=name, Runtime="python3.12", Handler="code.handler",
        Code={"ZipFile": packed.getvalue()}, Role=role(lab, f"{name}-runs", "lambda"),
    )["FunctionArn"]  # fmt: skip
    client.add_permission(
        FunctionName=name, StatementId="logs", Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
    )  # fmt: skip
    return arn


def writer(lab: Lab, group: str, account: str | None = None) -> Callable[..., None]:
    """A log group with one stream, and a function that writes lines into it, now.

    Parameters
    ----------
    lab:
        Where.
    group:
        Its name.
    account:
        Whose; the lab's own when left out.
    """
    logs = lab.client("logs", account_id=account)
    where = {"logGroupName": group, "logStreamName": "app-1"}
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(**where)

    def write(*lines: str) -> None:
        """Write lines."""
        now = lab.world.clock.now_us // 1000
        logs.put_log_events(
            **where, logEvents=[{"timestamp": now, "message": line} for line in lines]
        )

    return write


__all__ = ["CONTROL", "DATA", "Stream", "bucket_stream", "document", "function", "role", "writer"]
