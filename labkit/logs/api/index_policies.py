"""Field index policies of log groups, and the indexes that are there; fields of data sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import group_of, invalid, not_found, page, service_of, shown
from labkit.logs.engine.ql.discovered import FLOW, ROUTE53
from labkit.logs.indexes import (
    DEFAULT,
    FIELD_INDEX,
    POLICY,
    IndexPolicy,
    fields_of,
    indexed,
    policies_of,
)
from labkit.logs.records import STANDARD, LogGroup


def _policies(call: Call, group: LogGroup) -> list[tuple[str, str, int]]:
    service = service_of(call)
    return policies_of(service.account_policies, service.store(group.account, group.region), group)


def _told(group: LogGroup, name: str, document: str, updated_us: int) -> dict[str, Any]:
    return shown(
        {
            "logGroupIdentifier": None if name else group.arn,
            "lastUpdateTime": updated_us // 1000,
            "policyDocument": document,
            "policyName": name or None,
            "source": "ACCOUNT" if name else "LOG_GROUP",
        }
    )


def put_index_policy(
    call: Call, /, *, logGroupIdentifier: str, policyDocument: str
) -> dict[str, Any]:
    """Index fields of what comes into a group from now on."""
    group = group_of(call, None, logGroupIdentifier)
    if group.log_class != STANDARD:
        raise invalid("Only log groups of the class STANDARD have field indexes.")
    try:
        fields = fields_of(policyDocument)
    except ValueError as problem:
        raise invalid(f"The policy is not valid: {problem}.") from None
    group.policies[POLICY] = IndexPolicy(policyDocument, fields, call.now_us)
    return {"indexPolicy": _told(group, "", policyDocument, call.now_us)}


def delete_index_policy(call: Call, /, *, logGroupIdentifier: str) -> dict[str, Any]:
    """Take a group's own policy away; an account's policy may hold again."""
    group = group_of(call, None, logGroupIdentifier)
    if group.policies.pop(POLICY, None) is None:
        raise not_found("The specified log group has no index policy.")
    return {}


def describe_index_policies(
    call: Call, /, *, logGroupIdentifiers: Sequence[str], nextToken: str | None = None
) -> dict[str, Any]:
    """The policies that hold for groups: a group's own, else the account's."""
    found = [
        _told(group, *policy)
        for identifier in logGroupIdentifiers
        for group in [group_of(call, None, identifier)]
        for policy in _policies(call, group)
    ]
    rows, more = page(found, None, nextToken)
    return {"indexPolicies": list(rows), **more}


def describe_field_indexes(
    call: Call,
    /,
    *,
    logGroupIdentifiers: Sequence[str],
    indexCategories: Sequence[str] = ("DEFAULT", "CUSTOM", "INACTIVE"),
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The indexes of groups, with the first and the last event that each knows."""
    found = []
    service = service_of(call)
    for identifier in logGroupIdentifiers:
        group = group_of(call, None, identifier)
        store = service.store(group.account, group.region)
        types: dict[str, str] = {}
        for _, document, _ in _policies(call, group):
            types |= fields_of(document)
        for name, since_us in indexed(service.account_policies, store, group).items():
            category = "CUSTOM" if name in types else "DEFAULT"
            if category not in indexCategories:
                continue
            times = _seen(group, name, since_us, call.now_us)
            found.append(
                {
                    "logGroupIdentifier": group.arn,
                    "fieldIndexName": name,
                    "lastScanTime": call.now_us // 1000,
                    "type": types.get(name, FIELD_INDEX),
                    "indexCategory": category,
                    **times,
                }
            )
    rows, more = page(found, None, nextToken, 100)
    return {"fieldIndexes": list(rows), **more}


def _seen(group: LogGroup, name: str, since_us: int, now_us: int) -> dict[str, int]:
    """First and last time of the events with a field that came while it was indexed."""
    from labkit.logs.engine.ql import discovery

    low = group.oldest_ms(now_us)
    count = len(group.events)
    if not count:
        return {}
    always = name in DEFAULT and name != "traceId"
    quick = name.rsplit(".", 1)[-1]
    times = []
    for row in group.events.scan(low, now_us // 1000 + 1):
        if row.ingested_ms < since_us // 1000:
            continue
        if always or (quick in row.message and name in discovery.fields_of(row.message, group.log)):
            times.append(row.at_ms)
    return {"firstEventTime": min(times), "lastEventTime": max(times)} if times else {}


#: Data source (name, type) -> its fields and their types, as the pages on its log format have them.
_SOURCES = {
    ("amazon_vpc", "flow"): dict.fromkeys(FLOW, "string")
    | dict.fromkeys(("srcPort", "dstPort", "protocol", "packets", "bytes"), "long"),
    ("amazon_route53", "public_dns_query"): dict.fromkeys(ROUTE53, "string"),
}


def get_log_fields(call: Call, /, *, dataSourceName: str, dataSourceType: str) -> dict[str, Any]:
    """The fields of a data source."""
    fields = _SOURCES.get((dataSourceName.lower(), dataSourceType.lower()))
    if fields is None:
        known = ", ".join(f"{name}/{kind}" for name, kind in _SOURCES)
        raise not_found(f"There is no such data source; labkit knows {known}.")
    return {
        "logFields": [
            {"logFieldName": name, "logFieldType": {"type": kind}} for name, kind in fields.items()
        ]
    }


OPERATIONS = {
    "PutIndexPolicy": put_index_policy,
    "DeleteIndexPolicy": delete_index_policy,
    "DescribeIndexPolicies": describe_index_policies,
    "DescribeFieldIndexes": describe_field_indexes,
    "GetLogFields": get_log_fields,
}
