"""PutEvents through boto3 in process: 200 rules on the bus, one of which sends to a queue.

Events are about 1 KB. A call with one entry is bound by what boto3 itself does for a call; one with
ten entries, all of which reach the queue, shows what the bus does.

``python -m benchmarks.put_events labkit|moto`` prints seconds per call as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from benchmarks.measure import best

RULES = 200
ARN = "arn:aws:sqs:us-east-1:123456789012:q"
PADDING = {f"field{n:02d}": f"value of field {n:02d}" for n in range(26)}
DETAIL = {"order": 7, "kind": "k7"} | PADDING
ENTRY = {"Source": "shop", "DetailType": "order", "Detail": json.dumps(DETAIL)}


def _policy() -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _prepare(events: Any, sqs: Any) -> None:
    sqs.create_queue(QueueName="q", Attributes={"Policy": _policy()})
    for number in range(RULES):
        pattern = {"source": ["shop"], "detail": {"kind": [f"k{number}"]}}
        events.put_rule(Name=f"r{number}", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="r7", Targets=[{"Id": "1", "Arn": ARN}])


def ours() -> dict[str, float]:
    """Seconds per call, and per firing of a schedule without targets, in a lab."""
    import labkit

    with labkit.Lab() as lab:
        events = lab.client("events")
        _prepare(events, lab.client("sqs"))
        put = best(lambda: events.put_events(Entries=[ENTRY]), rounds=10, calls=50)
        ten = best(lambda: events.put_events(Entries=[ENTRY] * 10), rounds=8, calls=20)
    with labkit.Lab() as lab:
        lab.client("events").put_rule(Name="tick", ScheduleExpression="rate(1 minute)")
        firing = best(lambda: lab.advance(days=7), rounds=5, calls=1) / (7 * 1440)
    return {"put": put, "ten": ten, "firing": firing}


def moto() -> dict[str, float]:
    """Seconds per call in moto."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    import boto3
    from moto import mock_aws

    with mock_aws():
        events = boto3.client("events", region_name="us-east-1")
        _prepare(events, boto3.client("sqs", region_name="us-east-1"))
        return {
            "put": best(lambda: events.put_events(Entries=[ENTRY]), rounds=2, calls=5),
            "ten": best(lambda: events.put_events(Entries=[ENTRY] * 10), rounds=2, calls=2),
        }


if __name__ == "__main__":
    print(json.dumps({"labkit": ours, "moto": moto}[sys.argv[1]]()))
