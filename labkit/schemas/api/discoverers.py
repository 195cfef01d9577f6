"""Discoverers, and what they would make of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.jsontext import dumps, parse
from labkit.schemas.api.requests import bad, conflict, forbidden, missing, page, shown
from labkit.schemas.engine import inference
from labkit.schemas.records import DRAFT4, Discoverer
from labkit.schemas.store import Store


def _told(one: Discoverer) -> dict[str, Any]:
    return shown(
        {
            "Description": one.description,
            "DiscovererArn": one.arn,
            "DiscovererId": one.id,
            "SourceArn": one.source_arn,
            "State": one.state,
            "CrossAccount": one.cross_account,
            "Tags": one.tags,
        }
    )


def create_discoverer(
    call: Call,
    /,
    *,
    SourceArn: str,
    Description: str = "",
    CrossAccount: bool = True,
    Tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Let the events of a bus of this account be looked at from now on."""
    store: Store = call.store
    parts = SourceArn.split(":", 5)
    if parts[2:5] != ["events", call.region, call.account] or not parts[-1].startswith(
        "event-bus/"
    ):
        raise bad(f"SourceArn is not valid: {SourceArn} is no event bus of this account.")
    if any(one.source_arn == SourceArn for one in store.discoverers.values()):
        raise conflict("A discoverer for this event bus already exists.")
    if len(store.discoverers) >= call.quota("discoverers.per_account"):
        raise forbidden("The number of discoverers exceeds the maximum allowed.")
    name = f"events-event-bus-{parts[5].partition('/')[2]}"
    one = Discoverer(
        name,
        store.arn(f"discoverer/{name}"),
        SourceArn,
        CrossAccount,
        Description,
        tags=dict(Tags or {}),
    )
    store.discoverers[name] = one
    store.service.watch()
    return _told(one)


def _discoverer(call: Call, name: str) -> Discoverer:
    store: Store = call.store
    one = store.discoverers.get(name)
    if one is None:
        raise missing(f"Discoverer with id {name} does not exist.")
    return one


def describe_discoverer(call: Call, /, *, DiscovererId: str) -> dict[str, Any]:
    """A discoverer."""
    return _told(_discoverer(call, DiscovererId))


def list_discoverers(
    call: Call,
    /,
    *,
    DiscovererIdPrefix: str = "",
    Limit: int | None = None,
    NextToken: str | None = None,
    SourceArnPrefix: str = "",
) -> dict[str, Any]:
    """The discoverers of an account, by id."""
    store: Store = call.store
    chosen = [
        one
        for name, one in sorted(store.discoverers.items())
        if name.startswith(DiscovererIdPrefix) and one.source_arn.startswith(SourceArnPrefix)
    ]
    found, more = page(chosen, Limit, NextToken)
    told = [_told(one) for one in found]
    for shown_ in told:
        shown_.pop("Description", None)
    return {"Discoverers": told, **more}


def update_discoverer(
    call: Call,
    /,
    *,
    DiscovererId: str,
    Description: str | None = None,
    CrossAccount: bool | None = None,
) -> dict[str, Any]:
    """Change what is given of a discoverer."""
    one = _discoverer(call, DiscovererId)
    one.description = one.description if Description is None else Description
    one.cross_account = one.cross_account if CrossAccount is None else CrossAccount
    return _told(one)


def _set_state(call: Call, name: str, state: str) -> dict[str, Any]:
    store: Store = call.store
    one = _discoverer(call, name)
    one.state = state
    store.service.watch()
    return {"DiscovererId": one.id, "State": one.state}


def start_discoverer(call: Call, /, *, DiscovererId: str) -> dict[str, Any]:
    """Let a discoverer look again."""
    return _set_state(call, DiscovererId, "STARTED")


def stop_discoverer(call: Call, /, *, DiscovererId: str) -> dict[str, Any]:
    """Let a discoverer look no more; the schemas stay."""
    return _set_state(call, DiscovererId, "STOPPED")


def delete_discoverer(call: Call, /, *, DiscovererId: str) -> dict[str, Any]:
    """Delete a discoverer; the schemas stay."""
    store: Store = call.store
    _discoverer(call, DiscovererId)
    del store.discoverers[DiscovererId]
    store.service.watch()
    return {}


def get_discovered_schema(call: Call, /, *, Events: Sequence[str], Type: str) -> dict[str, Any]:
    """The schema that these events, which belong to one type, would be given."""
    told = []
    for text in Events:
        try:
            event = parse(text)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise bad("Events are JSON objects.")
        told.append(event)
    kinds = {(str(one.get("source", "")), str(one.get("detail-type", ""))) for one in told}
    if len(kinds) != 1:
        raise bad("The events of a schema have one source and one detail-type.")
    source, detail_type = kinds.pop()
    detail = inference.merged(None, [one.get("detail", {}) for one in told])
    document = inference.openapi(source, detail_type or "Event", detail)
    return {"Content": dumps(inference.draft4(document) if Type == DRAFT4 else document)}
