"""Matching events against all rules of a bus, beside moto's matcher asked rule by rule.

Both get events as JSON text, as they come off the wire, and moto's patterns are parsed beforehand.
Two kinds of rules: **exact** (source, detail-type and one value of the detail each), and a
**mixture** (a seventh each: exact, prefix, suffix, numeric range, anything-but beside an exact
value, wildcard, network). ``python -m benchmarks.event_patterns`` prints events per second as JSON.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.measure import best

EVENTS = 2_000
SIZES = (1, 100, 1_000, 10_000)
STATES = ("pending", "running", "stopping", "stopped", "terminated")


def exact(number: int) -> dict[str, Any]:
    """A rule that asks for values only."""
    return {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Instance State-change Notification"],
        "detail": {"instance-id": [f"i-{number:08d}"], "state": ["stopped", "terminated"]},
    }


def mixed(number: int) -> dict[str, Any]:
    """A rule of the mixture."""
    instance = f"i-{number:08d}"
    forms: tuple[dict[str, Any], ...] = (
        {"instance-id": [instance]},
        {"instance-id": [{"prefix": instance[:-1]}], "state": ["stopped"]},
        {"instance-id": [{"suffix": instance[-6:]}]},
        {"size": [{"numeric": [">=", number * 10, "<", number * 10 + 10]}]},
        {"instance-id": [instance], "state": [{"anything-but": ["pending"]}]},
        {"instance-id": [{"wildcard": f"{instance[:-1]}*"}]},
        {"address": [{"cidr": f"10.{number % 250}.{number // 250}.0/24"}]},
    )
    return {"source": ["aws.ec2"], "detail": forms[number % len(forms)]}


def events(rules: int) -> list[str]:
    """JSON texts, most of which match a rule or two."""
    made = []
    for n in range(EVENTS):
        one = n * 7919 % max(rules, 10)
        made.append(
            json.dumps(
                {
                    "version": "0",
                    "id": f"6a7e8feb-b491-4cf7-a9f1-{n:012d}",
                    "detail-type": "EC2 Instance State-change Notification",
                    "source": "aws.ec2",
                    "account": "123456789012",
                    "time": "2026-01-05T09:00:00Z",
                    "region": "us-east-1",
                    "resources": [f"arn:aws:ec2:us-east-1:123456789012:instance/i-{one:08d}"],
                    "detail": {
                        "instance-id": f"i-{one:08d}",
                        "state": STATES[n % 5],
                        "size": one * 10 + 3,
                        "address": f"10.{one % 250}.{one // 250}.{n % 250}",
                    },
                }
            )
        )
    return made


def ours() -> dict[str, float]:
    """Events per second of ours."""
    from labkit.eventbridge.engine.patterns import Matcher, compile_pattern

    rates = {}
    for kind, rule in (("exact", exact), ("mixture", mixed)):
        for size in SIZES:
            matcher: Matcher[int] = Matcher()
            for number in range(size):
                matcher.add(number, compile_pattern(json.dumps(rule(number))))
            texts = events(size)

            def work(matcher: Matcher[int] = matcher, texts: list[str] = texts) -> None:
                for text in texts:
                    matcher.match(text)

            rates[f"{kind} {size}"] = EVENTS / best(work, rounds=7)
    return rates


def moto() -> dict[str, float]:
    """Events per second of moto's matcher at 1,000 rules, over fewer events."""
    from moto.events.models import EventPattern

    rates = {}
    for kind, rule in (("exact", exact), ("mixture", mixed)):
        patterns = [EventPattern.load(json.dumps(rule(number))) for number in range(1_000)]
        texts = events(1_000)[:10]

        def work(patterns: list[Any] = patterns, texts: list[str] = texts) -> None:
            for text in texts:
                event = json.loads(text)
                for pattern in patterns:
                    pattern.matches_event(event)

        rates[f"{kind} 1000"] = len(texts) / best(work, rounds=2)
    return rates


if __name__ == "__main__":
    print(json.dumps({"ours": ours(), "moto": moto()}))
