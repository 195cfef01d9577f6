"""TagResource, UntagResource, ListTagsForResource.

Source: botocore oam 2022-06-10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.oam.api.requests import missing
from labkit.oam.store import Store


def tag_resource(call: Call, /, *, ResourceArn: str, Tags: Mapping[str, str]) -> dict[str, Any]:
    """Give a sink or link tags.

    Raises
    ------
    AwsError
        ResourceNotFoundException, TooManyTagsException.
    """
    tags = _tags(call, ResourceArn)
    if len(tags | dict(Tags)) > call.quota("tags.per_resource"):
        raise AwsError("TooManyTagsException", "A resource can have at most 50 tags.")
    tags.update(Tags)
    return {}


def untag_resource(call: Call, /, *, ResourceArn: str, TagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags away; keys that are not there are passed over.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    tags = _tags(call, ResourceArn)
    for key in TagKeys:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(call: Call, /, *, ResourceArn: str) -> dict[str, Any]:
    """The tags of a sink or link.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    return {"Tags": dict(_tags(call, ResourceArn))}


def _tags(call: Call, arn: str) -> dict[str, str]:
    store: Store = call.store
    found = store.sinks.get(arn) or store.links.get(arn)
    if found is None:
        raise missing(f"The resource {arn}")
    return found.tags
