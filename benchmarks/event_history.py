"""Event history with a million calls of 90 days: memory, and LookupEvents through boto3.

``python -m benchmarks.event_history`` prints seconds and bytes as JSON. The peer of a look-up is a
loop over the same million calls as dictionaries, which is what a list of records costs.
"""

from __future__ import annotations

import json
import random
from array import array
from typing import Any

import psutil

from benchmarks.measure import best, once
from labkit.core.clock import DAY, to_us
from labkit.core.past_calls import Caller, Deed, PastCalls

CALLS = 1_000_000
NAMES = ("RunInstances", "StopInstances", "DescribeInstances", "CreateTags", "DeleteSnapshot")


def _past(end_us: int, principal: dict[str, str]) -> PastCalls:
    """90 days of calls of 50 callers and 50 deeds, and one DeleteSubnet at the very beginning."""
    rng = random.Random(1)
    start_us = end_us - 89 * DAY
    step = 89 * DAY // CALLS
    deeds = [
        Deed("ec2", NAMES[n % 5], n % 5 == 2, json.dumps({"InstanceIds": [f"i-{n}"]}))
        for n in range(50)
    ]
    deeds.append(Deed("ec2", "DeleteSubnet", False, '{"SubnetId":"subnet-1"}'))
    callers = [Caller(principal, f"203.0.113.{n}", f"agent/{n}") for n in range(50)]
    return PastCalls(
        array("q", range(start_us, start_us + step * CALLS, step)),
        array("i", [50, *(rng.randrange(50) for _ in range(CALLS - 1))]),
        array("i", [rng.randrange(50) for _ in range(CALLS)]),
        deeds,
        callers,
        "bench",
    )


def main() -> dict[str, Any]:
    """Memory of the history alone, seconds of look-ups, and of the naive loop."""
    import labkit

    process = psutil.Process()
    with labkit.Lab() as lab:
        client = lab.client("cloudtrail")
        calls = _past(to_us(lab.now), lab.identities.learner().to_dict())
        before = process.memory_info().rss
        took = once(lambda: lab.parts.cloudtrail.import_calls(lab.account, "us-east-1", calls))
        kept = process.memory_info().rss - before

        def look(name: str) -> Any:
            attribute = {"AttributeKey": "EventName", "AttributeValue": name}
            return client.lookup_events(LookupAttributes=[attribute])["Events"]

        assert len(look("RunInstances")) == 50
        assert len(look("DeleteSubnet")) == 1
        found = {
            "page": best(lambda: look("RunInstances"), rounds=3, calls=5),
            "oldest": best(lambda: look("DeleteSubnet"), rounds=3),
        }
    records = [
        {"eventName": calls.deeds[calls.deed[row]].operation, "eventTime": calls.at_us[row]}
        for row in range(CALLS)
    ]

    def naive() -> list[dict[str, Any]]:
        return [one for one in reversed(records) if one["eventName"] == "DeleteSubnet"][:50]

    return found | {"naive": best(naive, rounds=3), "bytes": kept, "import": took}


if __name__ == "__main__":
    print(json.dumps(main()))
