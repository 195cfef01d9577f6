"""Log groups: make, show, delete, how long they keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import exists, group_of, invalid, page, shown, validation
from labkit.logs.records import DELIVERY, RETENTION_DAYS, STANDARD, LogGroup
from labkit.logs.store import LogStore


def create_log_group(
    call: Call,
    /,
    *,
    logGroupName: str,
    kmsKeyId: str = "",
    tags: Mapping[str, str] | None = None,
    logGroupClass: str = STANDARD,
    deletionProtectionEnabled: bool = False,
) -> dict[str, Any]:
    """A new group, without streams."""
    store: LogStore = call.store
    if logGroupName.startswith("aws/"):
        raise invalid("Log groups starting with AWS/ are reserved for AWS.")
    if store.find(logGroupName) is not None:
        raise exists("The specified log group already exists")
    group = store.add_group(logGroupName, call.now_us, logGroupClass)
    group.tags, group.kms_key = dict(tags or {}), kmsKeyId
    group.deletion_protection = deletionProtectionEnabled
    if logGroupClass == DELIVERY:
        group.retention_days = 1
    return {}


def delete_log_group(call: Call, /, *, logGroupName: str) -> dict[str, Any]:
    """Delete a group with all its events."""
    group = group_of(call, logGroupName)
    if group.deletion_protection:
        raise validation(f"The log group {group.name} has deletion protection; take it off first.")
    store: LogStore = call.store
    store.remove(group.name)
    return {}


def told(group: LogGroup, now_us: int) -> dict[str, Any]:
    """A row of DescribeLogGroups."""
    return shown(
        {
            "logGroupName": group.name,
            "creationTime": group.created_us // 1000,
            "retentionInDays": group.retention_days,
            "metricFilterCount": len(group.policies.get("metric_filters", ())),
            "arn": f"{group.arn}:*",
            "storedBytes": group.events.stored_bytes(group.oldest_ms(now_us)),
            "kmsKeyId": group.kms_key or None,
            "logGroupClass": group.log_class,
            "logGroupArn": group.arn,
            "deletionProtectionEnabled": group.deletion_protection,
        }
    )


def describe_log_groups(
    call: Call,
    /,
    *,
    accountIdentifiers: Sequence[str] = (),
    logGroupNamePrefix: str | None = None,
    logGroupNamePattern: str | None = None,
    nextToken: str | None = None,
    limit: int | None = None,
    includeLinkedAccounts: bool = False,
    logGroupClass: str | None = None,
    logGroupIdentifiers: Sequence[str] = (),
) -> dict[str, Any]:
    """The groups by name."""
    if logGroupNamePrefix and logGroupNamePattern:
        raise invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    store: LogStore = call.store
    found = [
        group
        for group in store.groups(logGroupNamePrefix or "")
        if (not logGroupNamePattern or logGroupNamePattern.lower() in group.name.lower())
        and (not logGroupClass or group.log_class == logGroupClass)
        and (not logGroupIdentifiers or {group.name, group.arn} & set(logGroupIdentifiers))
    ]
    rows, more = page(found, limit, nextToken)
    listed = [told(group, call.now_us) for group in rows]
    if logGroupNamePattern:
        for row in listed:
            row.pop("deletionProtectionEnabled")
            row.pop("storedBytes")
    return {"logGroups": listed, **more}


def put_retention_policy(
    call: Call, /, *, logGroupName: str, retentionInDays: int
) -> dict[str, Any]:
    """Keep events so many days; one of the allowed numbers."""
    group = group_of(call, logGroupName)
    if retentionInDays not in RETENTION_DAYS:
        raise invalid(
            f"1 validation error detected: Value '{retentionInDays}' at 'retentionInDays' failed "
            f"to satisfy constraint: Member must satisfy enum value set: {list(RETENTION_DAYS)}"
        )
    if group.log_class == DELIVERY:
        raise invalid("The retention of a log group of class DELIVERY cannot be changed.")
    group.retention_days = retentionInDays
    return {}


def delete_retention_policy(call: Call, /, *, logGroupName: str) -> dict[str, Any]:
    """Keep events for ever."""
    group_of(call, logGroupName).retention_days = None
    return {}


OPERATIONS = {
    "CreateLogGroup": create_log_group,
    "DeleteLogGroup": delete_log_group,
    "DescribeLogGroups": describe_log_groups,
    "PutRetentionPolicy": put_retention_policy,
    "DeleteRetentionPolicy": delete_retention_policy,
}
