"""TagResource, UntagResource, ListTagsForResource: alarms, alarm mute rules, dashboards.

Source: botocore cloudwatch 2010-08-01; aws-semantics 11.1 (an alarm that is gone has no tags, and
that is no error).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.cloudwatch.api.requests import invalid, parts
from labkit.core.call import Call
from labkit.core.errors import AwsError


def tag_resource(
    call: Call, /, *, ResourceARN: str, Tags: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """Give a resource tags; a key that it has already gets the new value.

    Raises
    ------
    AwsError
        ResourceNotFoundException (404); InvalidParameterValue for an ARN of something else, for
        keys that AWS keeps for itself, and for more than 50 tags.
    """
    tags = _there(call, ResourceARN)
    given = {tag["Key"]: tag["Value"] for tag in Tags}
    reserved = [key for key in given if key.lower().startswith("aws:")]
    if reserved:
        raise invalid(f"Tag keys that begin with aws: are reserved: {', '.join(reserved)}")
    most = call.quota("tags.per_resource")
    if len(tags | given) > most:
        raise invalid(f"A resource has at most {most} tags.")
    tags.update(given)
    return {}


def untag_resource(call: Call, /, *, ResourceARN: str, TagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags away; keys that are not there are passed over.

    Raises
    ------
    AwsError
        ResourceNotFoundException (404); InvalidParameterValue.
    """
    tags = _there(call, ResourceARN)
    for key in TagKeys:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(call: Call, /, *, ResourceARN: str) -> dict[str, Any]:
    """The tags of a resource; none of one that is not there.

    Raises
    ------
    AwsError
        InvalidParameterValue for an ARN of something else.
    """
    tags = _tags(call, ResourceARN) or {}
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _there(call: Call, arn: str) -> dict[str, str]:
    tags = _tags(call, arn)
    if tags is None:
        raise AwsError(
            "ResourceNotFoundException", f"The resource {arn} does not exist.", status=404
        )
    return tags


def _tags(call: Call, arn: str) -> dict[str, str] | None:
    """The tags of what an ARN names, to be changed in place; None when it is not there."""
    store, service = parts(call)
    of_account = f"arn:aws:cloudwatch::{call.account}:dashboard/"
    if arn.startswith(of_account):
        dashboard = service.dashboards.of(call.account).get(arn.removeprefix(of_account))
        return None if dashboard is None else dashboard.tags
    place = f"arn:aws:cloudwatch:{call.region}:{call.account}:"
    kind, _, name = arn.removeprefix(place).partition(":")
    if not arn.startswith(place) or kind not in ("alarm", "alarm-mute-rule"):
        raise invalid(f"The value {arn} for parameter ResourceARN is invalid.")
    if kind == "alarm":
        alarm = store.any_alarm(name)
        return None if alarm is None else alarm.tags
    rule = store.mute_rules.get(name)
    return None if rule is None else rule.tags
