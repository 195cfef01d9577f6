"""TagResource, UntagResource, ListTagsForResource: alarms, alarm mute rules, dashboards,
metric streams, Contributor Insights rules, metric data query definitions.

Source: botocore cloudwatch 2010-08-01; aws-semantics 11.1 (an alarm that is gone has no tags, and
that is no error).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from labkit.cloudwatch.api.requests import invalid, parts
from labkit.core.call import Call
from labkit.core.errors import AwsError

_ARN = re.compile(
    r"(?P<kind>alarm|alarm-mute-rule|insight-rule|metric-stream|metric-data-query-definition)"
    r"[:/](?P<name>.+)",
    re.DOTALL,
)


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
    named = _ARN.fullmatch(arn.removeprefix(place))
    if not arn.startswith(place) or named is None:
        raise invalid(f"The value {arn} for parameter ResourceARN is invalid.")
    kind, name = named["kind"], named["name"]
    held: Any = None
    if kind == "alarm":
        held = store.any_alarm(name)
    elif kind == "alarm-mute-rule":
        held = store.mute_rules.get(name)
    elif kind == "insight-rule":
        held = store.insight_rules.get(name)
    elif kind == "metric-stream":
        held = service.streams.of(call.account, call.region).get(name)
    else:
        tags: dict[str, str] | None = store.query_definitions.get(name, {}).get("Tags")
        return tags
    return None if held is None else held.tags
