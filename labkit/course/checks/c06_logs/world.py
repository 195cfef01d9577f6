"""The account of exercise 06 on Thursday morning: five log groups, a key, a bucket."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.core.clock import to_us
from labkit.course.checks.c06_logs.feed import GROUP, KEPT_DAYS
from labkit.lab import Lab

#: Thursday; Priya's month begins on 8 December, and she reads on Friday at noon.
START = datetime(2026, 1, 8, 9, tzinfo=UTC)
MONTH_BEGINS = datetime(2025, 12, 8, tzinfo=UTC)
DEADLINE = datetime(2026, 1, 9, 12, tzinfo=UTC)
PAYMENTS, DEBUG = "/teapot/payments", "/teapot/debug"
CHECKOUT, CART = "/teapot/checkout", "/teapot/cart"
BUCKET = "teapot-audit"
STREAM = "pay-1"
_EVERY = timedelta(minutes=33)


@dataclass(frozen=True)
class Written:
    """A line that lies in a group."""

    at: datetime
    stream: str
    text: str

    @property
    def error(self) -> bool:
        """Whether Priya asks for it."""
        return self.text.startswith("ERROR")


def month(facts: Mapping[str, Any], group: str) -> list[Written]:
    """The lines of checkout or cart since the beginning of December."""
    drawn = random.Random(f"{facts['seed']} {group}")
    name = group.rpartition("/")[2]
    lines: list[Written] = []
    at = datetime(2025, 12, 1, tzinfo=UTC)
    while (at := at + _EVERY * (0.4 + drawn.random())) < START:
        n = len(lines)
        # The last night and the last morning have errors too: they are what comes late.
        bad = drawn.random() < (0.4 if START - at < timedelta(hours=12) else 0.1)
        words = f"ERROR {name} {n}: payment company does not answer" if bad else f"INFO {name} {n}"
        lines.append(Written(at.replace(microsecond=0), f"{name}/{n % 3 + 1}", words))
    return lines


def wanted(facts: Mapping[str, Any]) -> dict[str, list[Written]]:
    """The lines that Priya asks for, by group."""
    return {
        group: [one for one in month(facts, group) if one.error and one.at >= MONTH_BEGINS]
        for group in (CHECKOUT, CART)
    }


def build(lab: Lab, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Groups with their past, a key that nobody has let Logs use, an empty bucket."""
    for group in (CHECKOUT, CART):
        _past(lab, group, month(facts, group))
    _past(lab, PAYMENTS, [
        Written(START - timedelta(hours=7 * n), STREAM, payment(n, f"c{n}@example.com"))
        for n in range(60, 0, -1)
    ])  # fmt: skip
    _past(lab, DEBUG, [
        Written(START - timedelta(days=9 * n), "web-1", f"DEBUG cache {n} was asked")
        for n in range(160, 0, -1)
    ])  # fmt: skip
    logs = lab.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=KEPT_DAYS)
    for machine in (*facts["machines"], facts["offline"]):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=machine)
    kms = lab.client("kms")
    key = kms.create_key(Description="payments")["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/payments", TargetKeyId=key)
    lab.client("s3").create_bucket(Bucket=BUCKET)
    return {"key": key}


def payment(number: int, mail: str) -> str:
    """A line of the payments group."""
    return f"INFO payment p-{number} of 31.50 by {mail} taken"


def _past(lab: Lab, group: str, lines: list[Written]) -> None:
    streams = sorted({one.stream for one in lines})
    lab.parts.logs.import_lines(
        lab.account, lab.region, group, streams,
        [to_us(one.at) // 1000 for one in lines],
        [one.text for one in lines],
        [streams.index(one.stream) for one in lines],
    )  # fmt: skip
