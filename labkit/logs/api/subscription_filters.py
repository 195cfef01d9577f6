"""Subscription filters: put, show, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import (
    group_of,
    invalid,
    invalid_state,
    not_found,
    page,
    service_of,
    too_many,
)
from labkit.logs.engine import criteria, payloads
from labkit.logs.records import STANDARD, LogGroup
from labkit.logs.subscriptions import (
    BY_LOG_STREAM,
    EVENT_FIELDS,
    FILTERS,
    SubscriptionFilter,
)

_STREAMS = {"kinesis": "Kinesis", "firehose": "Firehose"}
_ACTION = "logs:PutSubscriptionFilter"


def put_subscription_filter(
    call: Call,
    /,
    *,
    logGroupName: str,
    filterName: str,
    filterPattern: str,
    destinationArn: str,
    roleArn: str | None = None,
    distribution: str | None = None,
    applyOnTransformedLogs: bool = False,
    fieldSelectionCriteria: str | None = None,
    emitSystemFields: Sequence[str] = (),
) -> dict[str, Any]:
    """Let what a group gets, and matches, go on to a stream, a function or a destination."""
    kind = check_destination(call, destinationArn, roleArn)
    group = group_of(call, logGroupName)
    if group.log_class != STANDARD:
        raise invalid_state(
            f"Subscription filters are not supported for log groups of class {group.log_class}."
        )
    service_of(call).matcher(filterPattern)
    try:
        criteria.parse(fieldSelectionCriteria or "", EVENT_FIELDS)
    except criteria.CriteriaError as problem:
        raise invalid(f"Invalid field selection criteria: {problem}") from None
    odd = sorted(set(emitSystemFields) - set(EVENT_FIELDS))
    if odd:
        raise invalid(f"Unknown system fields: {', '.join(odd)}. Known: {', '.join(EVENT_FIELDS)}.")
    if distribution and kind not in ("kinesis", "logs"):
        raise invalid("Distribution can only be given for Kinesis streams and destinations.")
    filters = group.policies.setdefault(FILTERS, {})
    if filterName not in filters and len(filters) >= call.quota("filters.subscription"):
        raise too_many()
    one = SubscriptionFilter(
        filterName, group.name, filterPattern, destinationArn, roleArn or "",
        distribution or BY_LOG_STREAM, applyOnTransformedLogs, call.now_us,
        fieldSelectionCriteria or "", tuple(emitSystemFields),
    )  # fmt: skip
    if filterName in filters:
        one = replace(one, created_us=filters[filterName].created_us)
    filters[filterName] = reached(call, one, group)
    return {}


def check_destination(call: Call, arn: str, role_arn: str | None) -> str:
    """The kind of a destination (kinesis, firehose, lambda, logs), if it may be one.

    Raises
    ------
    AwsError
        InvalidParameterException, AccessDeniedException.
    """
    parts = arn.split(":", 6)
    if len(parts) < 6 or parts[0] != "arn" or parts[2] not in (*_STREAMS, "lambda", "logs"):
        raise invalid(
            "Invalid destinationArn: it must be the ARN of a Kinesis stream, a Firehose stream, "
            "a Lambda function or a destination."
        )
    kind = parts[2]
    if kind == "logs" and (len(parts) < 7 or parts[5] != "destination" or not parts[6]):
        raise invalid(f"Invalid destinationArn: {arn} is not the ARN of a destination.")
    if kind in _STREAMS and not role_arn:
        raise invalid(f"destinationArn for vendor {kind} cannot be used without roleArn")
    if kind == "lambda":
        if parts[4] != call.account:
            raise AwsError(
                "AccessDeniedException",
                "Cross-account lambda invocation passing is not allowed. You must use "
                "DestinationPolicies to create cross account lambda triggers.",
            )
        if role_arn:
            raise invalid("destinationArn for vendor lambda cannot be used with roleArn")
    elif parts[4] != call.account and kind in _STREAMS:
        raise invalid(
            f"destinationArn for vendor {kind} of another account can only be used through a "
            "destination of that account."
        )
    if parts[3] != call.region and kind in ("logs", "lambda"):
        raise invalid(f"The destination {arn} is not in this Region ({call.region}).")
    return kind


def reached(call: Call, one: SubscriptionFilter, group: LogGroup | None) -> SubscriptionFilter:
    """The filter with the name by which its destination knows CloudWatch Logs.

    A stream gets a control message; a function is only asked whether it may be invoked.

    Raises
    ------
    AwsError
        InvalidParameterException when the destination takes nothing.
    """
    kind = one.destination_arn.split(":")[2]
    group_arn = group.arn if group else f"arn:aws:logs:{call.region}:{call.account}:log-group:*"
    send = service_of(call).subscriptions.send
    if kind == "logs":
        _check_destination_policy(call, one)
        return one
    if kind == "lambda":
        found = first_that_works(
            call, lambda name: send(replace(one, service=name), group_arn, b"", "", dry=True).ok
        )
        if not found:
            raise invalid(
                "Could not execute the lambda function. Make sure you have given CloudWatch Logs "
                "permission to execute your function."
            )
        return replace(one, service=found)
    found = stream_reached(call, one, group_arn)
    return replace(one, service=found)


def stream_reached(call: Call, one: SubscriptionFilter, group_arn: str) -> str:
    """Send a stream the control message; the name of CloudWatch Logs that its role trusts."""
    kind = one.destination_arn.split(":")[2]
    name = _STREAMS[kind]
    data = payloads.packed(payloads.control_message(name, call.now_us // 1000))
    send = service_of(call).subscriptions.send
    found = first_that_works(
        call, lambda service: send(replace(one, service=service), group_arn, data, "control").ok
    )
    if not found:
        raise invalid(
            f"Could not deliver test message to specified {name} stream. Check if the given "
            f"{name if kind == 'firehose' else 'kinesis'} stream is in ACTIVE state."
        )
    return found


def first_that_works(call: Call, works: Callable[[str], bool]) -> str:
    """The service name under which something is allowed: the global or the regional one, or ''.

    Both are documented in trust policies and permissions of functions.
    """
    for name in ("logs.amazonaws.com", f"logs.{call.region}.amazonaws.com"):
        if works(name):
            return name
    return ""


def _check_destination_policy(call: Call, one: SubscriptionFilter) -> None:
    destination = service_of(call).subscriptions.destination(one.destination_arn)
    if destination is None:
        raise not_found("The specified destination does not exist.")
    allowed = (
        bool(destination.access_policy)
        and call.ports.policy_allows(
            destination.access_policy,
            call.principal,
            _ACTION,
            destination.arn,
            {},
            destination.arn.split(":")[4],
        ).value
    )
    if not allowed:
        raise AwsError(
            "AccessDeniedException",
            f"User with accountId: {call.account} is not authorized to perform: {_ACTION} on "
            f"resource: {destination.arn}",
        )


def told(one: SubscriptionFilter) -> dict[str, Any]:
    """A row of DescribeSubscriptionFilters."""
    row: dict[str, Any] = {
        "filterName": one.name,
        "logGroupName": one.group,
        "filterPattern": one.pattern,
        "destinationArn": one.destination_arn,
        "distribution": one.distribution,
        "applyOnTransformedLogs": one.transformed,
        "creationTime": one.created_us // 1000,
    }
    if one.role_arn:
        row["roleArn"] = one.role_arn
    if one.selection:
        row["fieldSelectionCriteria"] = one.selection
    if one.system_fields:
        row["emitSystemFields"] = list(one.system_fields)
    return row


def describe_subscription_filters(
    call: Call,
    /,
    *,
    logGroupName: str,
    filterNamePrefix: str | None = None,
    nextToken: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """The filters of a group by name."""
    filters = group_of(call, logGroupName).policies.get(FILTERS, {})
    found = [filters[name] for name in sorted(filters) if name.startswith(filterNamePrefix or "")]
    rows, more = page(found, limit, nextToken)
    return {"subscriptionFilters": [told(one) for one in rows], **more}


def delete_subscription_filter(
    call: Call, /, *, logGroupName: str, filterName: str
) -> dict[str, Any]:
    """Nothing goes on from here any more."""
    filters = group_of(call, logGroupName).policies.get(FILTERS, {})
    if filterName not in filters:
        raise not_found("The specified subscription filter does not exist.")
    del filters[filterName]
    return {}


OPERATIONS = {
    "PutSubscriptionFilter": put_subscription_filter,
    "DescribeSubscriptionFilters": describe_subscription_filters,
    "DeleteSubscriptionFilter": delete_subscription_filter,
}
