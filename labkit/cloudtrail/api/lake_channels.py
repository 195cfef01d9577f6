"""Channels for events from outside, and the resource policies of Lake's resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.cloudtrail.api.lake_requests import bad, lake_of, page, store_of, tags_of
from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.jsontext import parse


def _channel(call: Call, name: str) -> dict[str, Any]:
    if name.startswith("arn:") and ":channel/" not in name:
        raise AwsError("ChannelARNInvalidException", f"{name} is no channel's ARN.")
    found = lake_of(call).channels.get(name.rpartition("/")[2])
    if found is None:
        raise AwsError("ChannelNotFoundException", f"The channel {name} was not found.")
    return found


def _destinations(call: Call, given: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    for one in given:
        if one["Type"] != "EVENT_DATA_STORE":
            raise bad("A channel of one's own delivers into event data stores.")
        store = store_of(call, one["Location"])
        categories = {
            value
            for selector in store.selectors
            for field in selector["FieldSelectors"]
            if field["Field"] == "eventCategory"
            for value in field["Equals"]
        }
        if categories != {"ActivityAuditLog"}:
            raise AwsError(
                "InvalidEventDataStoreCategoryException",
                "The event data store must be one for events from outside: its selector is "
                "eventCategory Equals ActivityAuditLog.",
            )
    return [dict(one) for one in given]


def _told(one: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one[key] for key in ("ChannelArn", "Name", "Source", "Destinations")}


def create_channel(
    call: Call,
    /,
    *,
    Name: str,
    Source: str,
    Destinations: Sequence[Mapping[str, str]],
    Tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """A channel from a source outside AWS into event data stores."""
    kept = lake_of(call)
    if any(one["Name"] == Name for one in kept.channels.values()):
        raise AwsError("ChannelAlreadyExistsException", f"A channel named {Name} already exists.")
    if len(kept.channels) >= call.quota("lake.channels"):
        raise AwsError("ChannelMaxLimitExceededException", "There are too many channels.")
    channel_id = call.ids.uuid()
    channel = {
        "ChannelArn": f"arn:aws:cloudtrail:{call.region}:{call.account}:channel/{channel_id}",
        "Name": Name,
        "Source": Source,
        "Destinations": _destinations(call, Destinations),
        "Tags": tags_of(Tags),
    }
    kept.channels[channel_id] = channel
    return {**_told(channel), "Tags": [dict(one) for one in Tags]}


def get_channel(call: Call, /, *, Channel: str) -> dict[str, Any]:
    """A channel."""
    return {**_told(_channel(call, Channel)), "SourceConfig": {"ApplyToAllRegions": False}}


def list_channels(
    call: Call, /, *, MaxResults: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    """The channels."""
    found, more = page(list(lake_of(call).channels.values()), MaxResults, NextToken)
    told = [{"ChannelArn": one["ChannelArn"], "Name": one["Name"]} for one in found]
    return {"Channels": told, **more}


def update_channel(
    call: Call,
    /,
    *,
    Channel: str,
    Destinations: Sequence[Mapping[str, str]] | None = None,
    Name: str | None = None,
) -> dict[str, Any]:
    """Change a channel's name or destinations."""
    channel = _channel(call, Channel)
    if Destinations is not None:
        channel["Destinations"] = _destinations(call, Destinations)
    channel["Name"] = channel["Name"] if Name is None else Name
    return _told(channel)


def delete_channel(call: Call, /, *, Channel: str) -> dict[str, Any]:
    """Delete a channel."""
    channel = _channel(call, Channel)
    kept = lake_of(call)
    kept.policies.pop(channel["ChannelArn"], None)
    del kept.channels[channel["ChannelArn"].rpartition("/")[2]]
    return {}


# -- resource policies
def _resource(call: Call, arn: str) -> str:
    kept = lake_of(call)
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if not arn.startswith("arn:") or not name:
        raise AwsError("ResourceARNNotValidException", f"{arn} is no ARN of CloudTrail's.")
    kinds: dict[str, Mapping[str, Any]] = {
        "eventdatastore": kept.stores,
        "channel": kept.channels,
        "dashboard": kept.dashboards,
    }
    known = kinds.get(kind)
    if known is None:
        raise AwsError("ResourceTypeNotSupportedException", f"A {kind} carries no policy.")
    if name not in known:
        raise AwsError("ResourceNotFoundException", f"{arn} was not found.")
    return arn


def put_resource_policy(call: Call, /, *, ResourceArn: str, ResourcePolicy: str) -> dict[str, Any]:
    """Give a store, a channel or a dashboard a policy."""
    arn = _resource(call, ResourceArn)
    try:
        document = parse(ResourcePolicy)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "Statement" not in document:
        raise AwsError("ResourcePolicyNotValidException", "ResourcePolicy is no policy document.")
    lake_of(call).policies[arn] = ResourcePolicy
    return {"ResourceArn": arn, "ResourcePolicy": ResourcePolicy}


def get_resource_policy(call: Call, /, *, ResourceArn: str) -> dict[str, Any]:
    """The policy of a resource."""
    arn = _resource(call, ResourceArn)
    found = lake_of(call).policies.get(arn)
    if found is None:
        raise AwsError("ResourcePolicyNotFoundException", f"{arn} has no policy.")
    return {"ResourceArn": arn, "ResourcePolicy": found}


def delete_resource_policy(call: Call, /, *, ResourceArn: str) -> dict[str, Any]:
    """Take a resource's policy away."""
    get_resource_policy(call, ResourceArn=ResourceArn)
    del lake_of(call).policies[ResourceArn]
    return {}
