"""Log groups: make, show, delete, how long they keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.logs.api.keys import encrypt, usable_key
from labkit.logs.api.requests import (
    LINKED_KIND,
    PROTECTED,
    demand,
    exists,
    group_of,
    invalid,
    page,
    shown,
    too_many,
    validation,
)
from labkit.logs.engine.data_sources import data_source
from labkit.logs.protecting import ACCOUNT_POLICY, DOCUMENT
from labkit.logs.records import (
    DELIVERY,
    INFREQUENT_ACCESS,
    RESOURCE_POLICIES,
    RETENTION_DAYS,
    STANDARD,
    LogGroup,
)
from labkit.logs.store import LogStore

CLASSES = (STANDARD, INFREQUENT_ACCESS, DELIVERY)
#: How long a group of class DELIVERY keeps (API reference, LogGroup).
DELIVERY_DAYS = 1


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
    if logGroupClass not in CLASSES:
        raise invalid(f"The log group class {logGroupClass} is not available in a lab.")
    if store.find(logGroupName) is not None:
        raise exists("The specified log group already exists")
    if len(store.groups()) >= call.quota("groups.per_region"):
        raise too_many()
    if any(key.lower().startswith("aws:") for key in tags or {}):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    arn = store.arn(f"log-group:{logGroupName}")
    if tags and not call.ports.allowed(call.principal, "logs:TagLogGroup", f"{arn}:*"):
        demand(call, "logs:TagResource", arn)  # either will do
    key = usable_key(call, kmsKeyId, arn) if kmsKeyId else ""
    group = store.add_group(logGroupName, call.now_us, logGroupClass)
    group.tags = dict(tags or {})
    if key:
        encrypt(group, key)
    group.deletion_protection = deletionProtectionEnabled
    if logGroupClass == DELIVERY:
        group.retention_days = DELIVERY_DAYS
    return {}


def delete_log_group(call: Call, /, *, logGroupName: str) -> dict[str, Any]:
    """Delete a group with all its events."""
    group = group_of(call, logGroupName)
    if group.deletion_protection:
        raise validation(PROTECTED.format("group"))
    store: LogStore = call.store
    store.of(RESOURCE_POLICIES).pop(group.arn, None)
    store.remove(group.name)
    return {}


def _told(group: LogGroup, now_us: int, inherits: bool = False) -> dict[str, Any]:
    """A row of DescribeLogGroups."""
    return shown(
        {
            "logGroupName": group.name,
            "creationTime": group.created_us // 1000,
            "retentionInDays": group.kept_days,
            "retentionPolicyName": group.imposed or None,
            "metricFilterCount": len(group.policies.get("metric_filters", ())),
            "dataProtectionStatus": "ACTIVATED" if group.policies.get(DOCUMENT) else None,
            "inheritedProperties": ["ACCOUNT_DATA_PROTECTION"] if inherits else None,
            "bearerTokenAuthenticationEnabled": group.bearer_token or None,
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
    """The groups by name, of linked accounts too for a monitoring account that asks for them."""
    if logGroupNamePrefix and logGroupNamePattern:
        raise invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    if logGroupIdentifiers and (logGroupNamePrefix or logGroupNamePattern or logGroupClass):
        raise invalid("logGroupIdentifiers goes with no other way to choose log groups.")
    wanted = {one.removesuffix(":*") for one in logGroupIdentifiers}
    found = [
        group
        for group in _seen(call, includeLinkedAccounts, accountIdentifiers)
        if group.name.startswith(logGroupNamePrefix or "")
        and (not logGroupNamePattern or logGroupNamePattern.lower() in group.name.lower())
        and (not logGroupClass or group.log_class == logGroupClass)
        and (not wanted or {group.name, group.arn} & wanted)
    ]
    rows, more = page(found, limit, nextToken)
    store: LogStore = call.store
    inherits = bool(store.of(ACCOUNT_POLICY))
    listed = [
        _told(group, call.now_us, inherits and group.account == call.account) for group in rows
    ]
    if logGroupNamePattern:
        for row in listed:
            row.pop("deletionProtectionEnabled")
            row.pop("storedBytes")
    return {"logGroups": listed, **more}


def _seen(call: Call, linked: bool, accounts: Sequence[str]) -> list[LogGroup]:
    """The groups that a caller sees, by name, then account."""
    store: LogStore = call.store
    found = [] if linked and accounts and call.account not in accounts else store.groups()
    if not linked:
        return found
    for other in call.ports.linked_accounts(call.account, call.region, LINKED_KIND):
        if not accounts or other.account in accounts:
            groups = store.service.store(other.account, call.region).groups()
            found += [group for group in groups if other.shares(group.name)]
    return sorted(found, key=lambda group: (group.name, group.account))


def _name_test(pattern: str | None) -> Callable[[str], bool]:
    """Whether a name has one of up to five texts in it, or begins with one that follows ``^``."""
    parts = pattern.split("|") if pattern else []

    def test(name: str) -> bool:
        return not parts or any(
            name.startswith(part[1:]) if part.startswith("^") else part in name for part in parts
        )

    return test


def _tagged(group: LogGroup, wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a group has all the tags; a value may begin with ``!`` and have ``*`` at its ends."""
    for one in wanted:
        value = group.tags.get(one["key"])
        values = one.get("values") or ()
        plain = [text for text in values if not text.startswith("!")]
        barred = [text[1:] for text in values if text.startswith("!")]
        if value is None or any(_like(value, text) for text in barred):
            return False
        if plain and not any(_like(value, text) for text in plain):
            return False
    return True


def _like(value: str, text: str) -> bool:
    middle = text.removeprefix("*").removesuffix("*")
    if text.startswith("*") and text.endswith("*"):
        return middle in value
    if text.startswith("*"):
        return value.endswith(middle)
    return value.startswith(middle) if text.endswith("*") else value == text


def list_log_groups(
    call: Call,
    /,
    *,
    logGroupNamePattern: str | None = None,
    logGroupClass: str | None = None,
    includeLinkedAccounts: bool = False,
    accountIdentifiers: Sequence[str] = (),
    nextToken: str | None = None,
    limit: int | None = None,
    dataSources: Sequence[Mapping[str, str]] = (),
    fieldIndexNames: Sequence[str] = (),
    logGroupTags: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Names, ARNs and classes of groups, by pattern, class, data source, index or tags."""
    named = _name_test(logGroupNamePattern)
    found = [
        {"logGroupName": group.name, "logGroupArn": group.arn, "logGroupClass": group.log_class}
        for group in _seen(call, includeLinkedAccounts, accountIdentifiers)
        if named(group.name)
        and (not logGroupClass or group.log_class == logGroupClass)
        and (not dataSources or _from_one_of(group, dataSources))
        and all(_indexes(group, name) for name in fieldIndexNames)
        and _tagged(group, logGroupTags)
    ]
    rows, more = page(found, limit, nextToken, most=1000, usual=50)
    return {"logGroups": list(rows), **more}


def _indexes(group: LogGroup, field: str) -> bool:
    return f'"{field}"' in str(group.policies.get("index", ""))


def _from_one_of(group: LogGroup, sources: Sequence[Mapping[str, str]]) -> bool:
    name, kind = data_source(group.name)
    return any(name == one["name"] and one.get("type", kind) == kind for one in sources)


def list_aggregate_log_group_summaries(
    call: Call,
    /,
    *,
    groupBy: str,
    accountIdentifiers: Sequence[str] = (),
    includeLinkedAccounts: bool = False,
    logGroupClass: str | None = None,
    logGroupNamePattern: str | None = None,
    dataSources: Sequence[Mapping[str, str]] = (),
    nextToken: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """How many groups there are of each data source."""
    named = _name_test(logGroupNamePattern)
    counts: dict[tuple[str, ...], int] = {}
    for group in _seen(call, includeLinkedAccounts, accountIdentifiers):
        if not named(group.name) or (logGroupClass and group.log_class != logGroupClass):
            continue
        if dataSources and not _from_one_of(group, dataSources):
            continue
        key: tuple[str, ...] = data_source(group.name)
        if groupBy.endswith("FORMAT"):
            key = (*key, "Default")
        counts[key] = counts.get(key, 0) + 1
    names = ("DataSourceName", "DataSourceType", "DataSourceFormat")
    found = [
        {
            "logGroupCount": count,
            "groupingIdentifiers": [
                {"key": name, "value": value} for name, value in zip(names, key, strict=False)
            ],
        }
        for key, count in sorted(counts.items())
    ]
    rows, more = page(found, limit, nextToken)
    return {"aggregateLogGroupSummaries": list(rows), **more}


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
    group.keep(retentionInDays, call.now_us)
    return {}


def delete_retention_policy(call: Call, /, *, logGroupName: str) -> dict[str, Any]:
    """Keep events for ever."""
    group = group_of(call, logGroupName)
    if group.log_class == DELIVERY:
        raise invalid("The retention of a log group of class DELIVERY cannot be changed.")
    group.keep(None, call.now_us)
    return {}


OPERATIONS = {
    "CreateLogGroup": create_log_group,
    "DeleteLogGroup": delete_log_group,
    "DescribeLogGroups": describe_log_groups,
    "ListLogGroups": list_log_groups,
    "ListAggregateLogGroupSummaries": list_aggregate_log_group_summaries,
    "PutRetentionPolicy": put_retention_policy,
    "DeleteRetentionPolicy": delete_retention_policy,
}
