"""What tests of events share: queues that take what rules send, and rules for them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

ACCOUNT = "123456789012"
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"


def open_policy(service: str = "events.amazonaws.com") -> str:
    """A queue's policy that lets a service send."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Queue:
    """A queue that EventBridge may send to."""

    def __init__(self, lab: Any, name: str = "q", *, closed: bool = False, **where: str) -> None:
        self._sqs = lab.client("sqs", **where)
        attributes = {} if closed else {"Policy": open_policy()}
        if name.endswith(".fifo"):
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        self.url = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = asked["Attributes"]["QueueArn"]

    def let_in(self, service: str = "events.amazonaws.com") -> None:
        """Let a service send from now on."""
        self._sqs.set_queue_attributes(
            QueueUrl=self.url, Attributes={"Policy": open_policy(service)}
        )

    def messages(self) -> list[dict[str, Any]]:
        """Everything that has come since the last look; it is gone afterwards."""
        found = []
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                found.append(message)
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def bodies(self) -> list[str]:
        """The texts of :meth:`messages`."""
        return [message["Body"] for message in self.messages()]

    def events(self) -> list[dict[str, Any]]:
        """The bodies as JSON."""
        return [json.loads(body) for body in self.bodies()]


def rule(events: Any, pattern: Any, arn: str, name: str = "r", **target: Any) -> str:
    """A rule on a pattern with one target; its ARN."""
    bus = {"EventBusName": target.pop("bus")} if "bus" in target else {}
    made = events.put_rule(Name=name, EventPattern=json.dumps(pattern), **bus)
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, **target}], **bus)
    return made["RuleArn"]


def put(events: Any, detail: Any = None, source: str = "shop", **more: Any) -> dict[str, Any]:
    """Put one event; its entry of the answer."""
    entry = {"Source": source, "DetailType": "order", "Detail": json.dumps(detail or {}), **more}
    return events.put_events(Entries=[entry])["Entries"][0]


def role(lab: Any, name: str = "r", *actions: str, service: str = "events.amazonaws.com") -> str:
    """A role that a service may assume and that may do ``actions``, all when none is named."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    iam = lab.client("iam")
    arn: str = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": list(actions) or "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName=name, PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )  # fmt: skip
    return arn


def function(lab: Any, code: str, name: str = "f") -> str:
    """A Lambda function of one module, which may do all and which rules may invoke; its ARN."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), code)
    functions = lab.client("lambda")
    arn: str = functions.create_function(
        FunctionName=name, Runtime="python3.12", Handler="app.handler",
        Role=role(lab, f"runs-{name}", service="lambda.amazonaws.com"),
        Code={"ZipFile": held.getvalue()},
    )["FunctionArn"]  # fmt: skip
    functions.add_permission(
        FunctionName=name, StatementId="s", Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
    )  # fmt: skip
    return arn
