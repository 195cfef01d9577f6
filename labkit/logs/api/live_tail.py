"""Live Tail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import group_of, invalid, service_of, shown
from labkit.logs.records import STANDARD


def start_live_tail(
    call: Call,
    /,
    *,
    logGroupIdentifiers: Sequence[str],
    logStreamNames: Sequence[str] = (),
    logStreamNamePrefixes: Sequence[str] = (),
    logEventFilterPattern: str = "",
) -> dict[str, Any]:
    """Begin a session over up to ten groups, by their ARNs; its stream is the answer."""
    if logStreamNames and logStreamNamePrefixes:
        raise invalid("logStreamNames and logStreamNamePrefixes cannot be given together.")
    if (logStreamNames or logStreamNamePrefixes) and len(logGroupIdentifiers) > 1:
        raise invalid("Log streams can be chosen for one log group only.")
    groups = []
    for identifier in logGroupIdentifiers:
        if not identifier.startswith("arn:") or identifier.endswith("*"):
            raise invalid(f"{identifier} is not the ARN of a log group without :* at its end.")
        group = group_of(call, None, identifier)
        if group.log_class != STANDARD:
            raise AwsError(
                "InvalidOperationException",
                f"Live Tail is not there for log groups of class {group.log_class}.",
            )
        groups.append(group)
    pattern = service_of(call).pattern(logEventFilterPattern)
    tails = service_of(call).live_tail
    mine = [one for one in tails.sessions.values() if one.account == call.account]
    if len(mine) >= call.quota("live_tail.sessions"):
        raise AwsError("LimitExceededException", "Too many Live Tail sessions are open.")
    session = tails.begin(call.account, groups, pattern, logStreamNames, logStreamNamePrefixes)
    started = shown(
        {
            "requestId": call.request_id,
            "sessionId": session.id,
            "logGroupIdentifiers": [group.log for group in groups],
            "logStreamNames": list(logStreamNames) or None,
            "logStreamNamePrefixes": list(logStreamNamePrefixes) or None,
            "logEventFilterPattern": logEventFilterPattern or None,
        }
    )
    return {"responseStream": tails.events(session, started)}


OPERATIONS = {"StartLiveTail": start_live_tail}
