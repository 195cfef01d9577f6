"""Calls as views look at them: when, who, from where, what, and whether it was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from labkit.views.timeaxis import instant


class Act(NamedTuple):
    """One recorded call.

    Parameters
    ----------
    at_us:
        When, microseconds.
    who:
        User name, session name, ``root``, or the service that called.
    source_ip:
        From where.
    what:
        ``eventName``.
    read_only:
        Whether it only reads.
    error:
        Error code, or the message of a failed sign-in; empty when it went well.
    """

    at_us: int
    who: str
    source_ip: str
    what: str
    read_only: bool
    error: str


def act_of(record: Mapping[str, Any]) -> Act:
    """A CloudTrail record as an act."""
    identity = record.get("userIdentity") or {}
    arn = str(identity.get("arn", ""))
    who = identity.get("userName") or arn.rpartition("/")[2] or identity.get("invokedBy") or ""
    if identity.get("type") == "Root":
        who = "root"
    return Act(
        instant(record["eventTime"]),
        str(who) or "unknown",
        str(record.get("sourceIPAddress", "")),
        str(record.get("eventName", "")),
        bool(record.get("readOnly")),
        str(record.get("errorCode") or record.get("errorMessage") or ""),
    )


def acts_of(given: Iterable[Act | Mapping[str, Any]]) -> list[Act]:
    """Acts or records, as acts in order of time."""
    return sorted(
        (one if isinstance(one, Act) else act_of(one) for one in given), key=lambda act: act.at_us
    )
