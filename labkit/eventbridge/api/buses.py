"""Event buses: CreateEventBus and its kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.jsontext import dumps
from labkit.eventbridge.api.requests import (
    bus_of,
    invalid,
    missing,
    moment,
    page,
    parts,
    shown,
    tags_of,
    taken,
    too_many,
)
from labkit.eventbridge.records import DEFAULT_BUS, Bus

_PARTNER = "aws.partner/"


def policy_text(bus: Bus) -> str:
    """The resource policy of a bus as JSON; empty when it has none."""
    return dumps({"Version": "2012-10-17", "Statement": bus.policy}) if bus.policy else ""


def _settings(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def create_event_bus(
    call: Call,
    /,
    *,
    Name: str,
    EventSourceName: str | None = None,
    Description: str | None = None,
    KmsKeyIdentifier: str | None = None,
    DeadLetterConfig: Mapping[str, str] | None = None,
    LogConfig: Mapping[str, str] | None = None,
    Tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """A bus of one's own, or the bus of a partner's event source, which it makes active."""
    store, _ = parts(call)
    if Name in store.buses:
        raise taken(f"Event bus {Name} already exists.")
    source = None
    if EventSourceName is not None or Name.startswith(_PARTNER):
        if EventSourceName is not None and EventSourceName != Name:
            raise invalid(
                "A bus for a partner event source has the name of the source: "
                f"Name is {Name}, EventSourceName is {EventSourceName}."
            )
        source = store.sources.get(EventSourceName or Name)
        if source is None or source.state == "DELETED":
            raise missing(f"Event source {EventSourceName or Name} does not exist.")
    elif "/" in Name:
        raise invalid(
            f"Event bus name {Name} is not valid: only the bus of a partner event source has a '/'."
        )
    if len(store.buses) - 1 >= call.quota("buses.custom"):
        raise too_many()
    settings = _settings(
        Description=Description,
        KmsKeyIdentifier=KmsKeyIdentifier,
        DeadLetterConfig=DeadLetterConfig,
        LogConfig=LogConfig,
    )
    arn = store.arn(f"event-bus/{Name}")
    store.add_bus(Bus(Name, arn, call.now_us, call.now_us, settings, tags=tags_of(Tags)))
    if source is not None:
        store.buses[Name].source = source.name
        source.state = "ACTIVE"
    return {"EventBusArn": arn, **settings}


def describe_event_bus(call: Call, /, *, Name: str | None = None) -> dict[str, Any]:
    """A bus and its policy; the default one when nobody says which."""
    _, bus = bus_of(call, Name)
    return {**_summary(bus), **bus.settings}


def _summary(bus: Bus) -> dict[str, Any]:
    return shown(
        {
            "Name": bus.name,
            "Arn": bus.arn,
            "Description": bus.settings.get("Description", ""),
            "Policy": policy_text(bus),
            "CreationTime": moment(bus.created_us),
            "LastModifiedTime": moment(bus.modified_us),
        }
    )


def list_event_buses(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    NextToken: str | None = None,
    Limit: int | None = None,
) -> dict[str, Any]:
    """The buses of an account, by name."""
    store, _ = parts(call)
    names = sorted(name for name in store.buses if name.startswith(NamePrefix))
    found, more = page(names, Limit, NextToken)
    return {"EventBuses": [_summary(store.buses[name]) for name in found], **more}


def update_event_bus(
    call: Call,
    /,
    *,
    Name: str | None = None,
    KmsKeyIdentifier: str | None = None,
    Description: str | None = None,
    DeadLetterConfig: Mapping[str, str] | None = None,
    LogConfig: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Change what is given of a bus."""
    _, bus = bus_of(call, Name)
    bus.settings |= _settings(
        Description=Description,
        KmsKeyIdentifier=KmsKeyIdentifier,
        DeadLetterConfig=DeadLetterConfig,
        LogConfig=LogConfig,
    )
    bus.modified_us = call.now_us
    return {"Arn": bus.arn, "Name": bus.name, **bus.settings}


def delete_event_bus(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Delete a bus, its rules with it; nothing happens when there is none."""
    store, service = parts(call)
    if Name == DEFAULT_BUS:
        raise invalid(f"Cannot delete event bus {Name}.")
    bus = store.buses.get(Name)
    if bus is not None:
        if bus.source and bus.source in store.sources:
            store.sources[bus.source].state = "PENDING"
        for rule in bus.rules.values():
            service.schedules.changed(store, rule, gone=True)
        store.drop_bus(Name)
    return {}
