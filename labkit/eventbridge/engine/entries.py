"""The entries of PutEvents: how big each is, and what is wrong with one.

A bad entry fails by itself, with a code of its own, while its neighbours go through; only what is
wrong with the request as a whole (its size, the number of entries) fails the call.

Source: botocore events/PutEventsRequestEntry; EventBridge user guide, eb-putevents; recorded
answers (aws-semantics 5.2, 11.3).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.jsontext import parse

#: Digits as many as in the longest 64-bit integer; with fewer nothing can be out of range.
_LONG = re.compile(r"\d{19,}")
_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with an entry: EventBridge's code and message."""

    code: str
    message: str


def size(entry: Mapping[str, Any]) -> int:
    """How many bytes an entry counts: 14 for a time, and its texts."""
    total = 14 if entry.get("Time") is not None else 0
    for name in ("Source", "DetailType", "Detail"):
        total += len((entry.get(name) or "").encode())
    return total + sum(len(arn.encode()) for arn in entry.get("Resources") or ())


def read(entry: Mapping[str, Any], *, partner: bool = False) -> dict[str, Any] | Wrong:
    """The detail of an entry, or what is wrong with it.

    Parameters
    ----------
    entry:
        As PutEvents or PutPartnerEvents got it.
    partner:
        Whether a partner puts it, whose sources do begin with ``aws.``.
    """
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return Wrong(
                "InvalidArgument",
                f"Parameter {name} is not valid. Reason: {name} is a required argument.",
            )
    source: str = entry["Source"]
    if source.startswith("aws.") and not partner:
        return Wrong("NotAuthorizedForSourceException", "Not authorized for the source.")
    if len(source) > 256:
        return Wrong(
            "InvalidArgument",
            "Parameter Source is not valid. Reason: Source must be at most 256 characters long.",
        )
    if len(entry["DetailType"]) > 128:
        return Wrong(
            "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType must be at most 128 characters "
            "long.",
        )
    text: str = entry["Detail"]
    try:
        detail = parse(text)
    except ValueError:
        return Wrong("MalformedDetail", "Detail is malformed.")
    if not isinstance(detail, dict) or _too_long(text):
        return Wrong("MalformedDetail", "Detail is malformed.")
    return detail


def _too_long(text: str) -> bool:
    """Whether an integer stands in it that 64 bits can't hold."""
    if not _LONG.search(text):
        return False
    found: list[int] = []

    def note(digits: str) -> int:
        found.append(int(digits))
        return 0

    json.loads(text, parse_int=note)
    return any(not _LEAST <= number <= _MOST for number in found)
