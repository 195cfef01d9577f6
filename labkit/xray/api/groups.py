"""Groups of traces, each with its graph, its metrics and its insights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.xray.api.requests import group_of, invalid, page, service_of
from labkit.xray.api.traces import filter_of
from labkit.xray.records import DEFAULT_GROUP, GROUPS, Group
from labkit.xray.store import XRayStore

_PAGE = 100


def default_group(store: XRayStore) -> Group:
    """The group of all traces, which is always there."""
    return Group(DEFAULT_GROUP, store.arn(f"group/{DEFAULT_GROUP}"))


def _configured(group: Group, given: Mapping[str, Any] | None) -> Group:
    if given is None:
        return group
    insights = bool(given.get("InsightsEnabled", group.insights))
    notifications = bool(given.get("NotificationsEnabled", group.notifications and insights))
    if notifications and not insights:
        raise invalid("Insights notifications can only be enabled when insights are enabled")
    return dataclasses.replace(group, insights=insights, notifications=notifications)


def create_group(
    call: Call,
    /,
    *,
    GroupName: str,
    FilterExpression: str = "",
    InsightsConfiguration: Mapping[str, Any] | None = None,
    Tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Make a group. Its name has letters, digits and dashes, and can't be changed.

    Raises
    ------
    AwsError
        InvalidRequestException.
    """
    store: XRayStore = call.store
    held = store.of(GROUPS)
    if not GroupName.replace("-", "").isalnum():
        raise invalid(f"Group name {GroupName} can only have letters, digits and dashes")
    if GroupName in held or GroupName == DEFAULT_GROUP:
        raise invalid(f"Group {GroupName} already exists")
    if len(held) >= call.quota("groups.per_account"):
        raise invalid("Group limit exceeded")
    filter_of(FilterExpression)
    arn = store.arn(f"group/{GroupName}/{call.ids.letters(32)}{call.ids.letters(20)}")
    tags = {one["Key"]: one["Value"] for one in Tags}
    group = _configured(
        Group(GroupName, arn, FilterExpression, since_us=call.now_us, tags=tags),
        InsightsConfiguration,
    )
    held[GroupName] = group
    service_of(call).watch(store)
    return {"Group": group.told()}


def update_group(
    call: Call,
    /,
    *,
    GroupName: str | None = None,
    GroupARN: str | None = None,
    FilterExpression: str | None = None,
    InsightsConfiguration: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Change a group; another expression applies to later traces alone."""
    store: XRayStore = call.store
    group = _named(call, GroupName, GroupARN)
    if group.name == DEFAULT_GROUP and FilterExpression:
        raise invalid("The filter expression of the Default group cannot be changed")
    filter_of(FilterExpression)
    changed = _configured(group, InsightsConfiguration)
    if FilterExpression is not None and FilterExpression != group.filter_expression:
        changed = dataclasses.replace(
            changed, filter_expression=FilterExpression, since_us=call.now_us
        )
    store.of(GROUPS)[group.name] = changed
    service_of(call).watch(store)
    return {"Group": changed.told()}


def _named(call: Call, name: str | None, arn: str | None) -> Group:
    if not name and not arn:
        raise invalid("One of GroupName and GroupARN is needed")
    store: XRayStore = call.store
    if arn and arn == default_group(store).arn:
        name, arn = DEFAULT_GROUP, None
    return group_of(call, name, arn) or default_group(store)


def get_group(
    call: Call, /, *, GroupName: str | None = None, GroupARN: str | None = None
) -> dict[str, Any]:
    """One group by its name or ARN."""
    return {"Group": _named(call, GroupName, GroupARN).told()}


def get_groups(call: Call, /, *, NextToken: str | None = None) -> dict[str, Any]:
    """All groups, Default first."""
    store: XRayStore = call.store
    held = store.of(GROUPS)
    first = held.get(DEFAULT_GROUP) or default_group(store)
    every = [first, *(held[name] for name in sorted(held) if name != DEFAULT_GROUP)]
    rows, more = page(every, NextToken, _PAGE)
    return {"Groups": [one.told() for one in rows], **more}


def delete_group(
    call: Call, /, *, GroupName: str | None = None, GroupARN: str | None = None
) -> dict[str, Any]:
    """Delete a group; its traces and the metrics that it has given remain."""
    group = _named(call, GroupName, GroupARN)
    if group.name == DEFAULT_GROUP:
        raise invalid("The Default group cannot be deleted")
    store: XRayStore = call.store
    del store.of(GROUPS)[group.name]
    return {}


OPERATIONS = {
    "CreateGroup": create_group,
    "UpdateGroup": update_group,
    "GetGroup": get_group,
    "GetGroups": get_groups,
    "DeleteGroup": delete_group,
}
