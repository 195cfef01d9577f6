"""Tags of trails: AddTags, RemoveTags, ListTags.

Source: botocore cloudtrail 2013-11-01. The codes of the errors are AWS's; the texts are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.cloudtrail.records import Trail
from labkit.core.call import Call
from labkit.core.errors import AwsError

if TYPE_CHECKING:
    from labkit.cloudtrail.service import CloudTrail


def _tagged(call: Call, arn: str) -> Trail:
    service: CloudTrail = call.store.service
    trail = service.trails.find(arn)
    if trail is None or trail.account != call.account:
        raise AwsError("ResourceNotFoundException", f"There is no trail {arn}.")
    return trail


def add_tags(
    call: Call, /, *, ResourceId: str, TagsList: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Tag a trail, 50 tags at most."""
    trail = _tagged(call, ResourceId)
    tags = {**trail.tags, **{tag["Key"]: tag.get("Value", "") for tag in TagsList}}
    if len(tags) > call.quota("trails.tags"):
        raise AwsError("TagsLimitExceededException", "A trail has up to 50 tags.")
    trail.tags = tags
    return {}


def remove_tags(
    call: Call, /, *, ResourceId: str, TagsList: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Take tags from a trail."""
    trail = _tagged(call, ResourceId)
    for tag in TagsList:
        trail.tags.pop(tag["Key"], None)
    return {}


def list_tags(
    call: Call, /, *, ResourceIdList: Sequence[str], NextToken: str | None = None
) -> dict[str, Any]:
    """The tags of trails."""
    return {
        "ResourceTagList": [
            {
                "ResourceId": arn,
                "TagsList": [
                    {"Key": key, "Value": value}
                    for key, value in sorted(_tagged(call, arn).tags.items())
                ],
            }
            for arn in ResourceIdList
        ]
    }
