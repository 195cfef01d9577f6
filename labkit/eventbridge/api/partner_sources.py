"""Partner event sources, the partner's side and the customer's."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.eventbridge.api.requests import missing, moment, page, parts, taken
from labkit.eventbridge.records import EventSource


# -- the customer's side
def _source(call: Call, name: str) -> EventSource:
    store, service = parts(call)
    source = store.sources.get(name)
    if source is None:
        raise missing(f"Event source {name} does not exist.")
    service.partners.state(source, call.now_us)
    return source


def _told(source: EventSource) -> dict[str, Any]:
    return {
        "Arn": source.arn,
        "CreatedBy": source.name.split("/")[1],
        "CreationTime": moment(source.created_us),
        "ExpirationTime": moment(source.expires_us),
        "Name": source.name,
        "State": source.state,
    }


def describe_event_source(call: Call, /, *, Name: str) -> dict[str, Any]:
    """A source that a partner offers to this account."""
    return _told(_source(call, Name))


def list_event_sources(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    NextToken: str | None = None,
    Limit: int | None = None,
) -> dict[str, Any]:
    """The sources that partners offer to this account, by name."""
    store, _ = parts(call)
    names = sorted(name for name in store.sources if name.startswith(NamePrefix))
    found, more = page(names, Limit, NextToken)
    return {"EventSources": [_told(_source(call, name)) for name in found], **more}


def activate_event_source(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Let the events of a source that was deactivated come again; its bus must be there."""
    store, _ = parts(call)
    source = _source(call, Name)
    if source.state == "DELETED":
        raise AwsError("InvalidStateException", f"Event source {Name} was deleted by the partner.")
    if Name not in store.buses:
        raise missing(f"Event bus {Name} does not exist.")
    source.state = "ACTIVE"
    return {}


def deactivate_event_source(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Let a source's events come no more; after two weeks like this it is deleted."""
    source = _source(call, Name)
    if source.state != "ACTIVE":
        raise AwsError(
            "InvalidStateException", f"Event source {Name} is not active: it is {source.state}."
        )
    source.state = "PENDING"
    source.expires_us = call.now_us + call.quota("partners.pending_seconds") * 1_000_000
    return {}


# -- the partner's side
def create_partner_event_source(call: Call, /, *, Name: str, Account: str) -> dict[str, Any]:
    """Offer a source to a customer's account."""
    store, service = parts(call)
    if Account in store.offered.get(Name, ()):
        raise taken(f"Partner event source {Name} already exists for account {Account}.")
    return {"EventSourceArn": service.partners.offer(store, Name, Account, call.now_us).arn}


def delete_partner_event_source(call: Call, /, *, Name: str, Account: str) -> dict[str, Any]:
    """Take a source back; in the customer's account it is DELETED."""
    store, service = parts(call)
    service.partners.withdraw(store, Name, Account)
    return {}


def _offered(call: Call, name: str) -> set[str]:
    store, _ = parts(call)
    if name not in store.offered:
        raise missing(f"Partner event source {name} does not exist.")
    return store.offered[name]


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:events:{call.region}::event-source/{name}"


def describe_partner_event_source(call: Call, /, *, Name: str) -> dict[str, Any]:
    """A source that this account offers."""
    _offered(call, Name)
    return {"Arn": _arn(call, Name), "Name": Name}


def list_partner_event_sources(
    call: Call, /, *, NamePrefix: str, NextToken: str | None = None, Limit: int | None = None
) -> dict[str, Any]:
    """The sources that this account offers, by name."""
    store, _ = parts(call)
    names = sorted(name for name in store.offered if name.startswith(NamePrefix))
    found, more = page(names, Limit, NextToken)
    return {
        "PartnerEventSources": [{"Arn": _arn(call, name), "Name": name} for name in found],
        **more,
    }


def list_partner_event_source_accounts(
    call: Call, /, *, EventSourceName: str, NextToken: str | None = None, Limit: int | None = None
) -> dict[str, Any]:
    """The accounts that a source is offered to, and whether they take it."""
    store, service = parts(call)
    found, more = page(sorted(_offered(call, EventSourceName)), Limit, NextToken)
    told = []
    for account in found:
        source = service.store(account, store.region).sources[EventSourceName]
        told.append(
            {
                "Account": account,
                "CreationTime": moment(source.created_us),
                "ExpirationTime": moment(source.expires_us),
                "State": service.partners.state(source, call.now_us),
            }
        )
    return {"PartnerEventSourceAccounts": told, **more}
