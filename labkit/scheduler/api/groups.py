"""Schedule groups and their tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.scheduler.api.requests import (
    conflict,
    group_of,
    invalid,
    missing,
    moment,
    page,
    too_many,
)
from labkit.scheduler.records import DEFAULT_GROUP, Group
from labkit.scheduler.store import Store


def create_schedule_group(
    call: Call,
    /,
    *,
    Name: str,
    Tags: Sequence[Mapping[str, str]] = (),
    ClientToken: str | None = None,
) -> dict[str, Any]:
    """A group, which is what tags and a role's trust policy can be about."""
    store: Store = call.store
    group = store.groups.get(Name)
    if group is not None:
        if ClientToken and group.token == ClientToken:
            return {"ScheduleGroupArn": group.arn}
        raise conflict(f"Schedule group {Name} already exists.")
    if len(store.groups) >= call.quota("groups.per_account"):
        raise too_many("The number of schedule groups exceeds the maximum allowed.")
    group = store.add_group(Name, call.now_us)
    group.tags = {tag["Key"]: tag["Value"] for tag in Tags}
    group.token = ClientToken or ""
    return {"ScheduleGroupArn": group.arn}


def _told(group: Group) -> dict[str, Any]:
    return {
        "Arn": group.arn,
        "Name": group.name,
        "State": "ACTIVE",
        "CreationDate": moment(group.created_us),
        "LastModificationDate": moment(group.modified_us),
    }


def get_schedule_group(call: Call, /, *, Name: str) -> dict[str, Any]:
    """A group."""
    return _told(group_of(call, Name)[1])


def list_schedule_groups(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    NextToken: str | None = None,
    MaxResults: int | None = None,
) -> dict[str, Any]:
    """The groups of an account, by name."""
    store: Store = call.store
    names = sorted(name for name in store.groups if name.startswith(NamePrefix))
    found, more = page(names, MaxResults, NextToken)
    return {"ScheduleGroups": [_told(store.groups[name]) for name in found], **more}


def delete_schedule_group(
    call: Call, /, *, Name: str, ClientToken: str | None = None
) -> dict[str, Any]:
    """Delete a group with all its schedules, at once (on AWS it is DELETING for a while)."""
    store, group = group_of(call, Name)
    if group.name == DEFAULT_GROUP:
        raise invalid("The default schedule group can't be deleted.")
    for key in [key for key in store.schedules if key[0] == Name]:
        del store.schedules[key]
    del store.groups[Name]
    return {}


def _tagged(call: Call, arn: str) -> Group:
    store: Store = call.store
    for group in store.groups.values():
        if group.arn == arn:
            return group
    raise missing(f"Schedule group {arn.rpartition('/')[2]} does not exist.")


def tag_resource(
    call: Call, /, *, ResourceArn: str, Tags: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Give a group tags."""
    group = _tagged(call, ResourceArn)
    group.tags |= {tag["Key"]: tag["Value"] for tag in Tags}
    group.modified_us = call.now_us
    return {}


def untag_resource(call: Call, /, *, ResourceArn: str, TagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags away from a group."""
    group = _tagged(call, ResourceArn)
    for key in TagKeys:
        group.tags.pop(key, None)
    group.modified_us = call.now_us
    return {}


def list_tags_for_resource(call: Call, /, *, ResourceArn: str) -> dict[str, Any]:
    """The tags of a group."""
    tags = _tagged(call, ResourceArn).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
