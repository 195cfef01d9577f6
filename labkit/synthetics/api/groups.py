"""Groups of canaries: the same in all Regions of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError
from labkit.synthetics.api.requests import conflict, invalid, not_found, page, service_of
from labkit.synthetics.records import Group

_PAGE = 20


def _groups(call: Call) -> dict[str, Group]:
    return service_of(call).groups.setdefault(call.account, {})


def _group(call: Call, identifier: str) -> Group:
    """A group by its id, name or ARN.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    for group in _groups(call).values():
        if identifier in (group.id, group.name, group.arn):
            return group
    raise not_found(f"Group not found: {identifier}")


def _too_many(message: str) -> AwsError:
    return AwsError("ServiceQuotaExceededException", message, status=402)


def _told(group: Group) -> dict[str, Any]:
    return {
        "Id": group.id,
        "Name": group.name,
        "Arn": group.arn,
        "Tags": dict(group.tags),
        "CreatedTime": to_datetime(group.created_us),
        "LastModifiedTime": to_datetime(group.modified_us),
    }


def _summary(group: Group) -> dict[str, str]:
    return {"Id": group.id, "Name": group.name, "Arn": group.arn}


def create_group(
    call: Call, /, *, Name: str, Tags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Make a group.

    Raises
    ------
    AwsError
        ConflictException, ServiceQuotaExceededException.
    """
    groups = _groups(call)
    if any(one.name == Name for one in groups.values()):
        raise conflict(f"Group with name {Name} already exists")
    if len(groups) >= call.quota("groups.per_account"):
        raise _too_many("An account can have no more than 20 groups")
    group_id = call.ids.hex(10)
    arn = f"arn:aws:synthetics:{call.region}:{call.account}:group:{group_id}"
    group = Group(group_id, Name, arn, call.now_us, call.now_us, dict(Tags or {}))
    groups[group_id] = group
    return {"Group": _told(group)}


def get_group(call: Call, /, *, GroupIdentifier: str) -> dict[str, Any]:
    """One group."""
    return {"Group": _told(_group(call, GroupIdentifier))}


def delete_group(call: Call, /, *, GroupIdentifier: str) -> dict[str, Any]:
    """Delete a group; its canaries stay.

    Raises
    ------
    AwsError
        ResourceNotFoundException, ValidationException in another Region than its ARN's.
    """
    group = _group(call, GroupIdentifier)
    home = group.arn.split(":")[3]
    if home != call.region:
        raise invalid(f"Group {group.name} is deleted from its home Region {home}")
    del _groups(call)[group.id]
    return {}


def list_groups(
    call: Call, /, *, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    """The groups by name."""
    every = sorted(_groups(call).values(), key=lambda one: one.name)
    rows, more = page(every, NextToken, MaxResults, _PAGE)
    return {"Groups": [_summary(one) for one in rows], **more}


def associate_resource(call: Call, /, *, GroupIdentifier: str, ResourceArn: str) -> dict[str, Any]:
    """Put a canary of any Region into a group, from the canary's Region.

    Raises
    ------
    AwsError
        ResourceNotFoundException, ConflictException when it is in, ServiceQuotaExceededException,
        ValidationException from another Region.
    """
    group = _group(call, GroupIdentifier)
    _exists(call, ResourceArn)
    region = ResourceArn.split(":")[3]
    if region != call.region:
        raise invalid(f"{ResourceArn} is put into a group from its own Region {region}")
    if ResourceArn in group.members:
        raise conflict(f"{ResourceArn} is in group {group.name} already")
    if len(group.members) >= call.quota("groups.members"):
        raise _too_many("A group can have no more than 10 canaries")
    mine = sum(ResourceArn in one.members for one in _groups(call).values())
    if mine >= call.quota("groups.per_canary"):
        raise _too_many("A canary can be in no more than 10 groups")
    group.members[ResourceArn] = None
    group.modified_us = call.now_us
    return {}


def _exists(call: Call, arn: str) -> None:
    parts = arn.split(":", 6)
    store = service_of(call).store(parts[4], parts[3])
    if parts[4] != call.account or parts[6] not in store.canaries:
        raise not_found(f"Canary not found: {arn}")


def disassociate_resource(
    call: Call, /, *, GroupIdentifier: str, ResourceArn: str
) -> dict[str, Any]:
    """Take a canary out of a group.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    group = _group(call, GroupIdentifier)
    if ResourceArn not in group.members:
        raise not_found(f"{ResourceArn} is not in group {group.name}")
    del group.members[ResourceArn]
    group.modified_us = call.now_us
    return {}


def list_associated_groups(
    call: Call,
    /,
    *,
    ResourceArn: str,
    NextToken: str | None = None,
    MaxResults: int | None = None,
) -> dict[str, Any]:
    """The groups that a canary is in."""
    _exists(call, ResourceArn)
    every = [one for one in _groups(call).values() if ResourceArn in one.members]
    rows, more = page(sorted(every, key=lambda one: one.name), NextToken, MaxResults, _PAGE)
    return {"Groups": [_summary(one) for one in rows], **more}


def list_group_resources(
    call: Call,
    /,
    *,
    GroupIdentifier: str,
    NextToken: str | None = None,
    MaxResults: int | None = None,
) -> dict[str, Any]:
    """The ARNs of a group's canaries."""
    rows, more = page(list(_group(call, GroupIdentifier).members), NextToken, MaxResults, _PAGE)
    return {"Resources": list(rows), **more}


OPERATIONS = {
    "CreateGroup": create_group,
    "GetGroup": get_group,
    "DeleteGroup": delete_group,
    "ListGroups": list_groups,
    "AssociateResource": associate_resource,
    "DisassociateResource": disassociate_resource,
    "ListAssociatedGroups": list_associated_groups,
    "ListGroupResources": list_group_resources,
}
