"""Logical destinations: a stream of this account that other accounts may subscribe to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.call import Call
from labkit.core.jsontext import parse
from labkit.logs.api.requests import invalid, not_found, page
from labkit.logs.api.subscription_filters import stream_reached
from labkit.logs.store import LogStore
from labkit.logs.subscriptions import DESTINATIONS, Destination, SubscriptionFilter

#: A policy may have so many bytes (API reference, PutDestinationPolicy).
_MOST_POLICY = 5_120


def _held(call: Call) -> dict[str, Destination]:
    store: LogStore = call.store
    return store.of(DESTINATIONS)


def told(one: Destination) -> dict[str, Any]:
    """A row of DescribeDestinations."""
    row = {
        "destinationName": one.name,
        "targetArn": one.target_arn,
        "roleArn": one.role_arn,
        "arn": one.arn,
        "creationTime": one.created_us // 1000,
    }
    return {**row, "accessPolicy": one.access_policy} if one.access_policy else row


def put_destination(
    call: Call,
    /,
    *,
    destinationName: str,
    targetArn: str,
    roleArn: str,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make or change a destination; the stream behind it gets a control message."""
    parts = targetArn.split(":", 5)
    if len(parts) != 6 or parts[2] not in ("kinesis", "firehose"):
        raise invalid("The target must be a Kinesis stream or a Firehose stream.")
    store: LogStore = call.store
    arn = store.arn(f"destination:{destinationName}")
    probe = SubscriptionFilter(destinationName, "", "", targetArn, roleArn)
    service = stream_reached(call, probe, arn)
    held = _held(call)
    one = held.get(destinationName)
    if one is None:
        one = held[destinationName] = Destination(
            destinationName, arn, targetArn, roleArn, call.now_us
        )
    one.target_arn, one.role_arn, one.service = targetArn, roleArn, service
    one.tags.update(tags or {})
    return {"destination": told(one)}


def put_destination_policy(
    call: Call, /, *, destinationName: str, accessPolicy: str, forceUpdate: bool = False
) -> dict[str, Any]:
    """Who may subscribe to it. The operation has no error for a destination that is not there; AWS
    answers InvalidParameterException."""
    one = _held(call).get(destinationName)
    if one is None:
        raise invalid("The specified destination does not exist.")
    if len(accessPolicy.encode()) > _MOST_POLICY:
        raise invalid(f"The access policy is larger than {_MOST_POLICY} bytes.")
    try:
        document = parse(accessPolicy)
    except ValueError:
        document = None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(statements, list | dict) or not statements:
        raise invalid("The access policy is not a valid policy document.")
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or not {"Effect", "Action", "Principal"} <= set(
            statement
        ):
            raise invalid("Each statement of an access policy needs Effect, Principal and Action.")
    one.access_policy = accessPolicy
    return {}


def describe_destinations(
    call: Call,
    /,
    *,
    DestinationNamePrefix: str | None = None,
    nextToken: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """The destinations of the account by name."""
    held = _held(call)
    found = [held[name] for name in sorted(held) if name.startswith(DestinationNamePrefix or "")]
    rows, more = page(found, limit, nextToken)
    return {"destinations": [told(one) for one in rows], **more}


def delete_destination(call: Call, /, *, destinationName: str) -> dict[str, Any]:
    """Nobody reaches the stream through it any more; the stream stays."""
    held = _held(call)
    if destinationName not in held:
        raise not_found("The specified destination does not exist.")
    del held[destinationName]
    return {}


OPERATIONS = {
    "PutDestination": put_destination,
    "PutDestinationPolicy": put_destination_policy,
    "DescribeDestinations": describe_destinations,
    "DeleteDestination": delete_destination,
}
