"""API destinations: CreateApiDestination and its kin."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

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
from labkit.eventbridge.records import ApiDestination

#: How many calls a second a destination gets when nobody says.
_RATE = 300


def _check(call: Call, connection_arn: str, endpoint: str) -> None:
    store, service = parts(call)
    if service.destinations.connection(store, connection_arn) is None:
        name = connection_arn.split("/")[1] if "/" in connection_arn else connection_arn
        raise missing(f"Connection '{name}' does not exist.")
    url = urlsplit(endpoint)
    here = url.hostname in ("127.0.0.1", "localhost", "::1")
    if url.scheme != "https" and not (url.scheme == "http" and here):
        raise invalid(
            "Parameter InvocationEndpoint is not valid. Reason: an endpoint is https (in a lab "
            "also http on this machine: http://127.0.0.1:8000/orders)."
        )


def _told(call: Call, destination: ApiDestination) -> dict[str, Any]:
    store, service = parts(call)
    return {
        "ApiDestinationArn": destination.arn,
        "ApiDestinationState": service.destinations.state(store, destination),
        "CreationTime": moment(destination.created_us),
        "LastModifiedTime": moment(destination.modified_us),
    }


def create_api_destination(
    call: Call,
    /,
    *,
    Name: str,
    ConnectionArn: str,
    InvocationEndpoint: str,
    HttpMethod: str,
    Description: str = "",
    InvocationRateLimitPerSecond: int = _RATE,
) -> dict[str, Any]:
    """An HTTP endpoint that rules can have as a target."""
    store, _ = parts(call)
    if Name in store.destinations:
        raise taken(f"An api-destination '{Name}' already exists.")
    _check(call, ConnectionArn, InvocationEndpoint)
    if len(store.destinations) >= call.quota("destinations.per_account"):
        raise too_many()
    store.destinations[Name] = ApiDestination(
        Name,
        store.arn(f"api-destination/{Name}/{call.ids.uuid()}"),
        ConnectionArn,
        InvocationEndpoint,
        HttpMethod,
        InvocationRateLimitPerSecond,
        call.now_us,
        call.now_us,
        Description,
    )
    return _told(call, store.destinations[Name])


def _destination(call: Call, name: str, verb: str) -> ApiDestination:
    store, _ = parts(call)
    destination = store.destinations.get(name)
    if destination is None:
        raise missing(
            f"Failed to {verb} the api-destination(s). An api-destination '{name}' does not exist."
        )
    return destination


def _whole(call: Call, destination: ApiDestination) -> dict[str, Any]:
    return {
        **_told(call, destination),
        "Name": destination.name,
        "ConnectionArn": destination.connection_arn,
        "InvocationEndpoint": destination.endpoint,
        "HttpMethod": destination.method,
        "InvocationRateLimitPerSecond": destination.rate,
    }


def describe_api_destination(call: Call, /, *, Name: str) -> dict[str, Any]:
    """An API destination."""
    destination = _destination(call, Name, "describe")
    return _whole(call, destination) | shown({"Description": destination.description})


def list_api_destinations(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    ConnectionArn: str | None = None,
    NextToken: str | None = None,
    Limit: int | None = None,
) -> dict[str, Any]:
    """The API destinations of an account, by name."""
    store, _ = parts(call)
    chosen = [
        one
        for name, one in sorted(store.destinations.items())
        if name.startswith(NamePrefix) and ConnectionArn in (None, one.connection_arn)
    ]
    found, more = page(chosen, Limit, NextToken)
    return {"ApiDestinations": [_whole(call, one) for one in found], **more}


def update_api_destination(
    call: Call,
    /,
    *,
    Name: str,
    Description: str | None = None,
    ConnectionArn: str | None = None,
    InvocationEndpoint: str | None = None,
    HttpMethod: str | None = None,
    InvocationRateLimitPerSecond: int | None = None,
) -> dict[str, Any]:
    """Change what is given of an API destination."""
    one = _destination(call, Name, "update")
    _check(call, ConnectionArn or one.connection_arn, InvocationEndpoint or one.endpoint)
    one.connection_arn = ConnectionArn or one.connection_arn
    one.endpoint = InvocationEndpoint or one.endpoint
    one.method = HttpMethod or one.method
    one.rate = InvocationRateLimitPerSecond or one.rate
    one.description = one.description if Description is None else Description
    one.modified_us = call.now_us
    return _told(call, one)


def delete_api_destination(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Delete an API destination; rules that have it as a target fail from now on."""
    store, _ = parts(call)
    _destination(call, Name, "delete")
    del store.destinations[Name]
    return {}
