"""Catching: a queue that takes every event of an account, so that lesson 10 can look at events.

::

    caught = catching.everything(lab)    # a rule for all events of the account, and a queue
    lab.advance(minutes=5)
    caught()                             # what has come since the last time, as a table

It is made with the calls that the lesson goes on to explain; the rule is called ``everything``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from labkit.lab import Lab
from labkit.views import html
from labkit.views import text as plain
from labkit.views.drawing import Shown
from labkit.views.wording import count, cut

RULE = "everything"
_COLUMNS = ["no.", "time (UTC)", "source", "detail-type", "detail"]


class Events(list[dict[str, Any]], Shown):
    """Events in the order of their time; a list that shows itself as a table."""

    def title(self) -> str:
        """How many."""
        return f"{count(len(self), 'event')} came".capitalize()

    def _rows(self) -> list[list[str]]:
        return [
            [str(n), event["time"][11:19], event["source"], event["detail-type"], _short(event)]
            for n, event in enumerate(self)
        ]

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        if not self:
            return self.title()
        return "\n".join([self.title(), plain.table(_COLUMNS, self._rows(), longest=72)])

    def _repr_html_(self) -> str:
        if not self:
            return html.card(self.title())
        rows = [[n, html.whole(at), source, kind, html.mono(detail)]
                for n, at, source, kind, detail in self._rows()]  # fmt: skip
        table = html.table(_COLUMNS, rows, right=(0,))
        return html.card(self.title(), table, alt=self.title())


def _short(event: dict[str, Any]) -> str:
    """The beginning of the detail: its first plain values, and what is one step below."""
    said: list[str] = []
    for name, value in event["detail"].items():
        inner = value.items() if isinstance(value, dict) else [(name, value)]
        said += [
            f"{key}={one}"
            for key, one in inner
            if isinstance(one, str | int | float) and key != "version"
        ]
    return cut(", ".join(said[:6]), 72)


def queue(lab: Lab, name: str, region: str | None = None) -> tuple[str, str]:
    """A queue to which EventBridge may send: its URL and its ARN."""
    sqs = lab.client("sqs", region)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    arn = known["QueueArn"]
    statement = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": arn,
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def messages(lab: Lab, url: str, region: str | None = None) -> list[dict[str, Any]]:
    """What lies in a queue; it is empty afterwards."""
    sqs = lab.client("sqs", region)
    found: list[dict[str, Any]] = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        if not answer.get("Messages"):
            return found
        for message in answer["Messages"]:
            found.append(message)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def everything(lab: Lab, region: str | None = None) -> Callable[[], Events]:
    """Catch every event of the account from now on; call the answer to see what has come.

    Parameters
    ----------
    lab:
        Where.
    region:
        Of the default bus; the lab's own when left out.
    """
    url, arn = queue(lab, RULE, region)
    events = lab.client("events", region)
    events.put_rule(Name=RULE, EventPattern=json.dumps({"account": [lab.account]}))
    events.put_targets(Rule=RULE, Targets=[{"Id": "queue", "Arn": arn}])

    def caught() -> Events:
        """The events that have come since the last time."""
        return ordered(json.loads(one["Body"]) for one in messages(lab, url, region))

    return caught


def ordered(events: Iterable[dict[str, Any]]) -> Events:
    """Events in the order of their time; those of one second as they came."""
    return Events(sorted(events, key=lambda event: event["time"]))


def topic(lab: Lab, name: str, address: str, region: str | None = None) -> str:
    """A topic to which EventBridge may publish, with an address that has confirmed; its ARN.

    Parameters
    ----------
    lab, region:
        Where.
    name:
        Of the topic.
    address:
        Who gets the e-mails.
    """
    sns = lab.client("sns", region)
    arn = str(sns.create_topic(Name=name)["TopicArn"])
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=address)
    lab.mailbox[-1].confirm()
    statement = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish", "Resource": arn,
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return arn


def trail(lab: Lab, name: str = "teapot") -> None:
    """A bucket that CloudTrail may write to, and a trail of all Regions that logs.

    Parameters
    ----------
    lab:
        Where; trail and bucket are us-east-1's.
    name:
        Of the trail; its bucket is called ``<name>-trail``.
    """
    bucket = trail_bucket(lab, f"{name}-trail")
    cloudtrail = lab.client("cloudtrail", "us-east-1")
    cloudtrail.create_trail(Name=name, S3BucketName=bucket, IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name=name)


def trail_bucket(lab: Lab, bucket: str) -> str:
    """A bucket in us-east-1 whose policy lets CloudTrail write; its name."""
    s3 = lab.client("s3", "us-east-1")
    s3.create_bucket(Bucket=bucket)
    writer = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    arn = f"arn:aws:s3:::{bucket}"
    statements = [
        {**writer, "Action": "s3:GetBucketAcl", "Resource": arn},
        {**writer, "Action": "s3:PutObject", "Resource": f"{arn}/AWSLogs/*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    return bucket


def failing_build(lab: Lab, project: str, region: str | None = None) -> None:
    """A CodeBuild project whose tests fail, and one build of it."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"},
                       "Action": "sts:AssumeRole"}],
    }  # fmt: skip
    role = lab.client("iam").create_role(
        RoleName=f"{project}-builder", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    codebuild = lab.client("codebuild", region)
    codebuild.create_project(
        name=project,
        source={"type": "NO_SOURCE", "buildspec": _FAILS},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
                     "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=role,
    )  # fmt: skip
    codebuild.start_build(projectName=project)


_FAILS = "version: 0.2\nphases:\n  build:\n    commands: [echo the tests, exit 1]\n"
