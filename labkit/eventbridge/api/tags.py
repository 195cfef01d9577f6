"""Tags of rules and buses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.eventbridge.api.requests import invalid, missing, parts, tags_of
from labkit.eventbridge.records import DEFAULT_BUS


def _tagged(call: Call, arn: str) -> dict[str, str]:
    """The tags of what an ARN names."""
    store, _ = parts(call)
    fields = arn.split(":", 5)
    kind, _, name = fields[5].partition("/") if len(fields) == 6 else ("", "", "")
    if kind == "rule":
        bus_name, _, rule_name = name.rpartition("/")
        bus = store.buses.get(bus_name or DEFAULT_BUS)
        rule = bus.rules.get(rule_name) if bus is not None else None
        if rule is None:
            raise missing(f"Rule {rule_name} does not exist on EventBus {bus_name or DEFAULT_BUS}.")
        return rule.tags
    if kind == "event-bus":
        if name not in store.buses:
            raise missing(f"Event bus {name} does not exist.")
        return store.buses[name].tags
    raise invalid(f"Parameter ResourceARN is not valid: {arn} is neither a rule nor an event bus.")


def tag_resource(
    call: Call, /, *, ResourceARN: str, Tags: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Give a rule or a bus tags; a key that is there gets the new value."""
    tags = _tagged(call, ResourceARN)
    wanted = tags | tags_of(Tags)
    if len(wanted) > call.quota("tags.per_resource"):
        raise invalid(f"A resource has at most {call.quota('tags.per_resource')} tags.")
    tags.update(wanted)
    return {}


def untag_resource(call: Call, /, *, ResourceARN: str, TagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags away."""
    tags = _tagged(call, ResourceARN)
    for key in TagKeys:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(call: Call, /, *, ResourceARN: str) -> dict[str, Any]:
    """The tags of a rule or a bus."""
    tags = _tagged(call, ResourceARN)
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
