"""Rows of the table: events, schedules, deliveries, functions."""

from __future__ import annotations

from benchmarks.measure import Row, in_own_process


def deliver() -> list[Row]:
    """One delivery to each kind of target."""
    ours, peer = in_own_process("deliver", "labkit"), in_own_process("deliver", "moto")
    return [
        Row(
            f"deliver to a {kind}, policies asked",
            seconds * 1e6,
            f"moto: {put}" if kind in peer else "moto: put_record",
            peer.get(kind, peer["stream"]) * 1e6,
            "us",
            goal,
            note=""
            if kind in peer
            else "moto runs functions in Docker; its cheapest put stands in",
        )
        for kind, put, goal in (
            ("topic", "publish", 4),
            ("queue", "send_message", 4),
            ("stream", "put_record", 2),
            ("function", "invoke", None),
        )
        if (seconds := ours.get(kind)) is not None
    ]


def functions() -> list[Row]:
    """Lambda functions that really run."""
    got = in_own_process("functions")

    def limit(what: str, key: str, most: float) -> Row:
        return Row(what, got[key] * 1e3, "limit", most, "ms", 1, faster=False)

    return [
        limit("warm Lambda invocation", "warm", 5),
        limit("warm Lambda invocation with a call to SQS", "calling", 10),
        Row(
            "cold start with boto3, function made",
            got["cold"] * 1e3,
            "new interpreter, import boto3, client",
            got["interpreter"] * 1e3,
            "ms",
            1,
        ),
    ]


def events() -> list[Row]:
    """Event patterns, schedules, and events put."""
    return [*_patterns(), *_schedules(), *_puts()]


def _patterns() -> list[Row]:
    """All rules of a bus at once."""
    got = in_own_process("event_patterns")
    ours, moto = got["ours"], got["moto"]

    def micros(rate: float) -> float:
        return 1e6 / rate

    rows = [
        Row(
            f"match an event, 1,000 rules, {kind}",
            micros(ours[f"{kind} 1000"]),
            "moto, rule by rule",
            micros(moto[f"{kind} 1000"]),
            "us",
            500,
            note=f"{ours[f'{kind} 1000']:,.0f} events/s",
        )
        for kind in ("exact", "mixture")
    ]
    rows += [
        Row(
            f"match an event, 10,000 rules, {kind}",
            micros(ours[f"{kind} 10000"]),
            f"{peer:,} rule{'s' if peer > 1 else ''}",
            micros(ours[f"{kind} {peer}"]),
            "us",
            2,
            faster=False,
            note="; ".join(f"{n:,}: {ours[f'{kind} {n}']:,.0f}/s" for n in (1, 100, 1000, 10000)),
        )
        for kind, peer in (("exact", 1), ("mixture", 100))
    ]
    return rows


def _schedules() -> list[Row]:
    """A year of firings."""
    took = in_own_process("schedules")
    return [
        Row(
            f"a year of firings, {name}",
            took[name] * 1e3,
            "walk over all minutes",
            took[f"walk {name}"] * 1e3,
            "ms",
            5,
            note=f"{fired / took[name]:,.0f} firings/s; the walk over a week, scaled",
        )
        for name, fired in (("each minute", 525_600), ("weekdays at nine", 261))
    ]


def _puts() -> list[Row]:
    """PutEvents, and a rule's own schedule."""
    put, peer = in_own_process("put_events", "labkit"), in_own_process("put_events", "moto")
    return [
        Row(
            "put_events, 200 rules, one sends to a queue",
            put["put"] * 1e6,
            "moto in process",
            peer["put"] * 1e6,
            "us",
            100,
            note="1 KB; boto3's own part of a call is most of ours",
        ),
        Row(
            "the same, 10 events to the queue in one call",
            put["ten"] * 1e6,
            "moto in process",
            peer["ten"] * 1e6,
            "us",
            100,
        ),
        Row(
            "a rule's schedule fires, no target",
            put["firing"] * 1e6,
            "limit",
            10,
            "us",
            1,
            faster=False,
            note=f"{1 / put['firing']:,.0f} firings/s",
        ),
    ]
