"""Tags of log groups and of what else has an ARN: one set, seen by both generations of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import group_of, invalid, not_found
from labkit.logs.store import LogStore


def tags_of(call: Call, arn: str) -> dict[str, str]:
    """The tags of a resource, to be read or changed.

    Raises
    ------
    AwsError
        InvalidParameterException for an ARN that is none of Logs here, ResourceNotFoundException.
    """
    parts = arn.split(":", 6)
    if len(parts) != 7 or parts[2:5] != ["logs", call.region, call.account]:
        raise invalid(f"The resource ARN {arn} is not one of CloudWatch Logs in this account.")
    if parts[5] == "log-group":
        return group_of(call, None, arn).tags
    store: LogStore = call.store
    for kept in store.kept.values():
        for one in kept.values():
            if getattr(one, "arn", None) == arn and isinstance(getattr(one, "tags", None), dict):
                tags: dict[str, str] = one.tags
                return tags
    raise not_found("The specified resource does not exist.")


def check_tags(call: Call, held: Mapping[str, str], tags: Mapping[str, str]) -> None:
    """Refuse reserved keys, and more tags than a resource may have.

    Raises
    ------
    AwsError
        InvalidParameterException, TooManyTagsException.
    """
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    if len({*held, *tags}) > call.quota("tags.per_resource"):
        raise AwsError(
            "TooManyTagsException", "A resource can have no more than 50 tags.", status=400
        )


def tag_resource(call: Call, /, *, resourceArn: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Put tags on a resource; those that are there keep theirs unless the key is named anew."""
    held = tags_of(call, resourceArn)
    check_tags(call, held, tags)
    held.update(tags)
    return {}


def untag_resource(call: Call, /, *, resourceArn: str, tagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags off; keys that are not there are passed over."""
    held = tags_of(call, resourceArn)
    for key in tagKeys:
        held.pop(key, None)
    return {}


def list_tags_for_resource(call: Call, /, *, resourceArn: str) -> dict[str, Any]:
    """The tags of a resource."""
    return {"tags": dict(tags_of(call, resourceArn))}


def tag_log_group(call: Call, /, *, logGroupName: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """TagResource by a group's name, of the old API."""
    held = group_of(call, logGroupName).tags
    if len({*held, *tags}) > call.quota("tags.per_resource"):
        raise invalid("A log group can have no more than 50 tags.")
    check_tags(call, held, tags)
    held.update(tags)
    return {}


def untag_log_group(call: Call, /, *, logGroupName: str, tags: Sequence[str]) -> dict[str, Any]:
    """UntagResource by a group's name, of the old API."""
    held = group_of(call, logGroupName).tags
    for key in tags:
        held.pop(key, None)
    return {}


def list_tags_log_group(call: Call, /, *, logGroupName: str) -> dict[str, Any]:
    """ListTagsForResource by a group's name, of the old API."""
    return {"tags": dict(group_of(call, logGroupName).tags)}


OPERATIONS = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
    "TagLogGroup": tag_log_group,
    "UntagLogGroup": untag_log_group,
    "ListTagsLogGroup": list_tags_log_group,
}
