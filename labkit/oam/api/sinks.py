"""CreateSink, GetSink, ListSinks, DeleteSink, PutSinkPolicy, GetSinkPolicy, ListAttachedLinks.

Source: botocore oam 2022-06-10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.jsontext import parse
from labkit.oam.api.requests import invalid, page, sink_of
from labkit.oam.records import Sink
from labkit.oam.store import Store


def create_sink(
    call: Call, /, *, Name: str, Tags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Make this account a monitoring account of this Region.

    Raises
    ------
    AwsError
        ConflictException for a name that there is, ServiceQuotaExceededException for a second sink.
    """
    store: Store = call.store
    if any(one.name == Name for one in store.sinks.values()):
        raise AwsError("ConflictException", f"The sink {Name} exists already.", status=409)
    if len(store.sinks) >= call.quota("sinks.per_region"):
        raise AwsError(
            "ServiceQuotaExceededException",
            "An account can have one sink per Region; delete the one there is first.",
            status=429,
        )
    id_ = call.ids.uuid()
    arn = f"arn:aws:oam:{call.region}:{call.account}:sink/{id_}"
    store.sinks[arn] = Sink(id_, arn, Name, call.account, call.region, tags=dict(Tags or {}))
    return _shown(store.sinks[arn], tags=True)


def get_sink(call: Call, /, *, Identifier: str, IncludeTags: bool = False) -> dict[str, Any]:
    """A sink.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    return _shown(sink_of(call, Identifier), tags=IncludeTags)


def list_sinks(
    call: Call, /, *, MaxResults: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    """The sinks of this account and Region: one at most.

    Raises
    ------
    AwsError
        InvalidParameterException.
    """
    store: Store = call.store
    found = list(store.sinks.values())
    shown, more = page(found, MaxResults or call.quota("sinks.list_page"), NextToken)
    return {"Items": [_shown(one, tags=False) for one in shown], **more}


def delete_sink(call: Call, /, *, Identifier: str) -> dict[str, Any]:
    """Delete a sink that nobody is linked to.

    Raises
    ------
    AwsError
        ConflictException while there are links, ResourceNotFoundException.
    """
    store: Store = call.store
    sink = sink_of(call, Identifier)
    if links := store.service.attached(sink.arn):
        raise AwsError(
            "ConflictException",
            f"The sink {sink.arn} has links from {', '.join(link.account for link in links)}.",
            status=409,
        )
    del store.sinks[sink.arn]
    return {}


def put_sink_policy(call: Call, /, *, SinkIdentifier: str, Policy: str) -> dict[str, Any]:
    """Say who may link to a sink, and with which kinds of data; replaces what was said before.

    Raises
    ------
    AwsError
        InvalidParameterException for what is no policy, ResourceNotFoundException.
    """
    sink = sink_of(call, SinkIdentifier)
    try:
        document = parse(Policy)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise invalid("The policy must be a JSON object with a Statement.")
    asked = call.ports.policy_allows(
        Policy, call.principal, "oam:CreateLink", sink.arn, {}, call.account
    )
    if asked.because and asked.because[0].rule == "malformed":
        raise invalid(f"The policy is invalid: {asked.because[0].text}")
    sink.policy = Policy
    return get_sink_policy(call, SinkIdentifier=SinkIdentifier)


def get_sink_policy(call: Call, /, *, SinkIdentifier: str) -> dict[str, Any]:
    """A sink's policy; without the member when it has none.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    sink = sink_of(call, SinkIdentifier)
    policy = {"Policy": sink.policy} if sink.policy else {}
    return {"SinkArn": sink.arn, "SinkId": sink.id, **policy}


def list_attached_links(
    call: Call,
    /,
    *,
    SinkIdentifier: str,
    MaxResults: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """The links of source accounts to a sink.

    Raises
    ------
    AwsError
        ResourceNotFoundException, InvalidParameterException.
    """
    store: Store = call.store
    found = store.service.attached(sink_of(call, SinkIdentifier).arn)
    shown, more = page(found, MaxResults or call.quota("links.attached_page"), NextToken)
    items = [
        {"Label": one.label, "LinkArn": one.arn, "ResourceTypes": list(one.types)} for one in shown
    ]
    return {"Items": items, **more}


def _shown(sink: Sink, *, tags: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"Arn": sink.arn, "Id": sink.id, "Name": sink.name}
    return {**shown, "Tags": dict(sink.tags)} if tags else shown
