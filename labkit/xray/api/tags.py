"""Tags of groups and sampling rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.xray.api.requests import invalid, not_found, page
from labkit.xray.store import XRayStore

_PAGE = 200


def _tags(call: Call, arn: str) -> dict[str, str]:
    """The tags of a resource, to be read or changed.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    store: XRayStore = call.store
    for held in store.kept.values():
        for one in held.values():
            if getattr(one, "arn", None) == arn and isinstance(getattr(one, "tags", None), dict):
                tags: dict[str, str] = one.tags
                return tags
    raise not_found(f"Resource {arn} not found")


def tag_resource(
    call: Call, /, *, ResourceARN: str, Tags: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Put tags on a group or sampling rule.

    Raises
    ------
    AwsError
        ResourceNotFoundException, InvalidRequestException, TooManyTagsException.
    """
    tags = _tags(call, ResourceARN)
    given = {one["Key"]: one["Value"] for one in Tags}
    if any(key.lower().startswith("aws:") for key in given):
        raise invalid("Tag keys cannot begin with aws:")
    if len({*tags, *given}) > call.quota("tags.per_resource"):
        raise AwsError("TooManyTagsException", "A resource can have no more than 50 tags")
    tags.update(given)
    return {}


def untag_resource(call: Call, /, *, ResourceARN: str, TagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags off; keys that are not there are passed over."""
    tags = _tags(call, ResourceARN)
    for key in TagKeys:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(
    call: Call, /, *, ResourceARN: str, NextToken: str | None = None
) -> dict[str, Any]:
    """The tags of a resource by key."""
    tags = _tags(call, ResourceARN)
    rows, more = page(sorted(tags.items()), NextToken, _PAGE)
    return {"Tags": [{"Key": key, "Value": value} for key, value in rows], **more}


OPERATIONS = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
