"""Global endpoints: CreateEndpoint and its kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.eventbridge.api.requests import (
    invalid,
    missing,
    moment,
    page,
    parts,
    shown,
    taken,
    too_many,
)
from labkit.eventbridge.records import Endpoint


def _check(
    call: Call,
    routing: Mapping[str, Any],
    buses: Sequence[Mapping[str, str]],
    replication: str,
    role: str,
) -> None:
    """Two buses of one name and account: the first here, the second in the second Region."""
    _, service = parts(call)
    if len(buses) != 2:
        raise invalid("Parameter EventBuses is not valid: an endpoint has two event buses.")
    fields = [bus["EventBusArn"].split(":", 5) for bus in buses]
    wanted = [call.region, routing["FailoverConfig"]["Secondary"]["Route"]]
    if wanted[0] == wanted[1] or [one[3] for one in fields] != wanted:
        raise invalid(
            "Parameter EventBuses is not valid: the first bus is in this Region, the second in the "
            "Region of Secondary.Route."
        )
    if fields[0][5] != fields[1][5] or {one[4] for one in fields} != {call.account}:
        raise invalid(
            "Parameter EventBuses is not valid: both have one name and are this account's."
        )
    for one in fields:
        name = one[5].removeprefix("event-bus/")
        if name not in service.store(one[4], one[3]).buses:
            raise missing(f"Event bus {name} does not exist.")
    if replication == "ENABLED" and not role:
        raise invalid("RoleArn is required when event replication is enabled.")


def create_endpoint(
    call: Call,
    /,
    *,
    Name: str,
    RoutingConfig: Mapping[str, Any],
    EventBuses: Sequence[Mapping[str, str]],
    Description: str = "",
    ReplicationConfig: Mapping[str, str] | None = None,
    RoleArn: str = "",
) -> dict[str, Any]:
    """An endpoint over two Regions."""
    store, _ = parts(call)
    if Name in store.endpoints:
        raise taken(f"Endpoint {Name} already exists.")
    replication = (ReplicationConfig or {}).get("State", "ENABLED")
    _check(call, RoutingConfig, EventBuses, replication, RoleArn)
    if len(store.endpoints) >= call.quota("endpoints.per_account"):
        raise too_many()
    store.endpoints[Name] = endpoint = Endpoint(
        Name,
        store.arn(f"endpoint/{Name}"),
        f"{call.ids.hex(10)}.{call.ids.hex(3)}",
        dict(RoutingConfig),
        replication,
        [dict(bus) for bus in EventBuses],
        call.now_us,
        call.now_us,
        RoleArn,
        Description,
    )
    told = _told(endpoint)
    return {name: told[name] for name in told if name not in _ONLY_SHOWN}


_ONLY_SHOWN = ("EndpointId", "EndpointUrl", "CreationTime", "LastModifiedTime", "Description")


def _told(endpoint: Endpoint) -> dict[str, Any]:
    return shown(
        {
            "Name": endpoint.name,
            "Description": endpoint.description,
            "Arn": endpoint.arn,
            "RoutingConfig": endpoint.routing,
            "ReplicationConfig": {"State": endpoint.replication},
            "EventBuses": endpoint.buses,
            "RoleArn": endpoint.role_arn,
            "EndpointId": endpoint.id,
            "EndpointUrl": f"https://{endpoint.id}.endpoint.events.amazonaws.com",
            "State": "ACTIVE",
            "CreationTime": moment(endpoint.created_us),
            "LastModifiedTime": moment(endpoint.modified_us),
        }
    )


def _endpoint(call: Call, name: str) -> Endpoint:
    store, _ = parts(call)
    endpoint = store.endpoints.get(name)
    if endpoint is None:
        raise missing(f"Endpoint {name} does not exist.")
    return endpoint


def describe_endpoint(call: Call, /, *, Name: str, HomeRegion: str | None = None) -> dict[str, Any]:
    """An endpoint."""
    return _told(_endpoint(call, Name))


def list_endpoints(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    HomeRegion: str | None = None,
    NextToken: str | None = None,
    MaxResults: int | None = None,
) -> dict[str, Any]:
    """The endpoints of an account, by name."""
    store, _ = parts(call)
    chosen = [
        one
        for name, one in sorted(store.endpoints.items())
        if name.startswith(NamePrefix) and HomeRegion in (None, call.region)
    ]
    found, more = page(chosen, MaxResults, NextToken)
    return {"Endpoints": [_told(one) for one in found], **more}


def update_endpoint(
    call: Call,
    /,
    *,
    Name: str,
    Description: str | None = None,
    RoutingConfig: Mapping[str, Any] | None = None,
    ReplicationConfig: Mapping[str, str] | None = None,
    EventBuses: Sequence[Mapping[str, str]] | None = None,
    RoleArn: str | None = None,
) -> dict[str, Any]:
    """Change what is given of an endpoint."""
    endpoint = _endpoint(call, Name)
    routing = RoutingConfig or endpoint.routing
    buses = EventBuses or endpoint.buses
    replication = (ReplicationConfig or {}).get("State", endpoint.replication)
    role = endpoint.role_arn if RoleArn is None else RoleArn
    _check(call, routing, buses, replication, role)
    endpoint.routing, endpoint.buses = dict(routing), [dict(bus) for bus in buses]
    endpoint.replication, endpoint.role_arn = replication, role
    endpoint.modified_us = call.now_us
    if Description is not None:
        endpoint.description = Description
    told = _told(endpoint)
    return {
        name: value
        for name, value in told.items()
        if name not in ("CreationTime", "LastModifiedTime", "Description")
    }


def delete_endpoint(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Delete an endpoint; its buses stay."""
    store, _ = parts(call)
    _endpoint(call, Name)
    del store.endpoints[Name]
    return {}
