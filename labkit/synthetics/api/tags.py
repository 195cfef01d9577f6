"""Tags of canaries and groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.synthetics.api.requests import service_of
from labkit.synthetics.records import Canary


def _resource(call: Call, arn: str) -> tuple[dict[str, str], Canary | None]:
    """The tags of a resource, to be changed, and the canary when it is one.

    Raises
    ------
    AwsError
        NotFoundException.
    """
    parts = arn.split(":", 6)
    service = service_of(call)
    if parts[4] == call.account and parts[5] == "canary":
        canary = service.store(parts[4], parts[3]).canaries.get(parts[6])
        if canary is not None:
            return canary.tags, canary
    for group in service.groups.get(call.account, {}).values():
        if group.arn == arn:
            return group.tags, None
    raise AwsError("NotFoundException", f"Resource not found: {arn}", status=404)


def _replicate(call: Call, canary: Canary, operation: str, **params: Any) -> None:
    arn = f"arn:aws:lambda:{canary.region}:{canary.account}:function:{canary.function}"
    who = replace(call.principal, invoked_by="synthetics.amazonaws.com")
    with suppress(AwsError):
        call.ports.call_as(who, "lambda", operation, {"Resource": arn, **params}, canary.region)


def tag_resource(call: Call, /, *, ResourceArn: str, Tags: Mapping[str, str]) -> dict[str, Any]:
    """Put tags on a canary (and its function, where that was asked for) or a group.

    Raises
    ------
    AwsError
        NotFoundException, BadRequestException for more than fifty.
    """
    tags, canary = _resource(call, ResourceArn)
    if len({*tags, *Tags}) > call.quota("tags.per_resource"):
        raise AwsError("BadRequestException", "A resource can have no more than 50 tags")
    tags.update(Tags)
    if canary is not None and canary.replicate_tags:
        _replicate(call, canary, "TagResource", Tags=dict(Tags))
    return {}


def untag_resource(call: Call, /, *, ResourceArn: str, TagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags off; keys that are not there are passed over."""
    tags, canary = _resource(call, ResourceArn)
    for key in TagKeys:
        tags.pop(key, None)
    if canary is not None and canary.replicate_tags:
        _replicate(call, canary, "UntagResource", TagKeys=list(TagKeys))
    return {}


def list_tags_for_resource(call: Call, /, *, ResourceArn: str) -> dict[str, Any]:
    """The tags of a canary or group."""
    return {"Tags": dict(_resource(call, ResourceArn)[0])}


OPERATIONS = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
