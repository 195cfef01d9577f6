"""One delivery to each kind of target, beside moto's own put through boto3 in process.

Ours is the port: policies asked, roles assumed, what the target does done (a mail in the mailbox).
moto's is the call that would put the same there: it asks no policy and sends no mail.
``python -m benchmarks.deliver labkit|moto`` prints seconds per delivery as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from typing import Any

from benchmarks.measure import best

PAYLOAD = json.dumps({"id": "e", "source": "shop", "detail": {"order": 7, "text": "x" * 200}})
RULE = "arn:aws:events:us-east-1:123456789012:rule/r"
WHO = "events.amazonaws.com"
ROUNDS, CALLS = 12, 25


def _allow(service: str, action: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def ours() -> dict[str, float]:
    """Seconds per delivery in a lab."""
    import labkit

    with labkit.Lab() as lab:
        sns, sqs, iam = lab.client("sns"), lab.client("sqs"), lab.client("iam")
        topic = sns.create_topic(Name="t", Attributes={"Policy": _allow(WHO, "SNS:Publish")})[
            "TopicArn"
        ]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
        lab.mailbox[-1].confirm()
        sqs.create_queue(QueueName="q", Attributes={"Policy": _allow(WHO, "sqs:SendMessage")})
        lab.client("kinesis").create_stream(StreamName="s", ShardCount=4)
        lab.advance(minutes=1)
        role = iam.create_role(
            RoleName="r", AssumeRolePolicyDocument=_allow(WHO, "sts:AssumeRole")
        )["Role"]["Arn"]
        iam.put_role_policy(
            RoleName="r",
            PolicyName="p",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}],
                }
            ),
        )
        ports = lab.world.ports
        base = "us-east-1:123456789012"

        def send(arn: str, principal: str = WHO) -> None:
            answer = ports.deliver(arn, PAYLOAD, principal, service=WHO, source_arn=RULE)
            assert answer.ok, answer

        def later(arn: str, principal: str = WHO) -> None:
            send(arn, principal)
            # A shard takes a thousand records a second: a millisecond passes, as in a lab's call.
            lab.world.clock.run_until(lab.world.clock.now_us + 2_000)

        return {
            "topic": best(lambda: send(topic), rounds=ROUNDS, calls=CALLS),
            "queue": best(lambda: send(f"arn:aws:sqs:{base}:q"), rounds=ROUNDS, calls=CALLS),
            "stream": best(
                lambda: later(f"arn:aws:kinesis:{base}:stream/s", role), rounds=ROUNDS, calls=CALLS
            ),
        } | _function(lab, send)


def _function(lab: Any, send: Any) -> dict[str, float]:
    """A function that nobody waits for, where the lab runs functions."""
    if lab.parts.backing.deliver.desk.functions() is None:
        return {}
    import io
    import zipfile

    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("f.py", "def h(event, context):\n    return 1\n")
    trust = json.loads(_allow("lambda.amazonaws.com", "sts:AssumeRole"))
    del trust["Statement"][0]["Condition"], trust["Statement"][0]["Resource"]
    role = lab.client("iam").create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(trust))[
        "Role"
    ]["Arn"]
    made = lab.client("lambda")
    arn = made.create_function(
        FunctionName="f", Runtime="python3.12", Role=role, Handler="f.h",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]  # fmt: skip
    made.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=WHO,
        SourceArn=RULE,
    )  # fmt: skip
    lab.advance(minutes=1)
    return {"function": best(lambda: send(arn), rounds=4, calls=10)}


def moto() -> dict[str, float]:
    """Seconds per put in moto."""
    import boto3
    from moto import mock_aws

    os.environ |= {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"}
    with ExitStack() as stack:
        stack.enter_context(mock_aws())
        sns, sqs, kinesis = (
            boto3.client(name, region_name="us-east-1") for name in ("sns", "sqs", "kinesis")
        )
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        kinesis.create_stream(StreamName="s", ShardCount=4)

        def put() -> Any:
            return kinesis.put_record(StreamName="s", Data=PAYLOAD.encode(), PartitionKey="e")

        return {
            "topic": best(
                lambda: sns.publish(TopicArn=topic, Message=PAYLOAD), rounds=ROUNDS, calls=CALLS
            ),
            "queue": best(
                lambda: sqs.send_message(QueueUrl=url, MessageBody=PAYLOAD),
                rounds=ROUNDS,
                calls=CALLS,
            ),
            "stream": best(put, rounds=ROUNDS, calls=CALLS),
        }


if __name__ == "__main__":
    print(json.dumps({"labkit": ours, "moto": moto}[sys.argv[1]]()))
