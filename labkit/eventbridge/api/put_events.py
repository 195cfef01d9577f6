"""PutEvents and PutPartnerEvents: how a program's events come onto a bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import to_us
from labkit.eventbridge.api.requests import invalid, missing, parts
from labkit.eventbridge.engine import entries, envelope
from labkit.eventbridge.records import DEFAULT_BUS


def put_events(
    call: Call, /, *, Entries: Sequence[Mapping[str, Any]], EndpointId: str | None = None
) -> dict[str, Any]:
    """Put events on buses, each by itself: a bad entry fails alone, the answer is 200 all the same.

    An entry for a bus that does not exist is accepted and dropped, as on AWS.
    """
    store, service = parts(call)
    _check_size(call, Entries)
    stores = [store]
    if EndpointId is not None:
        endpoint = next((e for e in store.endpoints.values() if e.id == EndpointId), None)
        if endpoint is None:
            raise missing(f"Endpoint {EndpointId} does not exist.")
        stores = service.endpoints.route(store, endpoint)
    answers: list[dict[str, Any]] = []
    for entry in Entries:
        detail = entries.read(entry)
        if isinstance(detail, entries.Wrong):
            answers.append({"ErrorCode": detail.code, "ErrorMessage": detail.message})
            continue
        event = _event(call, entry, detail)
        for place in stores:
            home, name = place, entry.get("EventBusName") or DEFAULT_BUS
            if name.startswith("arn:"):
                account, resource = name.split(":", 5)[4:]
                home = service.store(account, place.region)
                name = resource.removeprefix("event-bus/")
            if name in home.buses:
                service.arrive(home, home.buses[name], event, hops=home.account != call.account)
        answers.append({"EventId": event["id"]})
    return {"FailedEntryCount": sum("ErrorCode" in one for one in answers), "Entries": answers}


def _check_size(call: Call, given: Sequence[Mapping[str, Any]]) -> None:
    if sum(map(entries.size, given)) > call.quota("events.request_bytes"):
        raise invalid("Total size of the entries in the request is over the limit.")


def _event(call: Call, entry: Mapping[str, Any], detail: dict[str, Any]) -> dict[str, Any]:
    told = envelope.Told(
        entry["Source"], entry["DetailType"], detail, tuple(entry.get("Resources") or ())
    )
    at = entry.get("Time")
    return envelope.event(
        told,
        event_id=call.ids.uuid(),
        account=call.account,
        region=call.region,
        at_us=call.now_us if at is None else to_us(at),
    )


def put_partner_events(call: Call, /, *, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A partner's events: each goes to the bus of every account that its source was offered to.

    Without that account's bus (the source is still PENDING) they are dropped.
    """
    store, service = parts(call)
    _check_size(call, Entries)
    answers: list[dict[str, Any]] = []
    for entry in Entries:
        detail = entries.read(entry, partner=True)
        if isinstance(detail, entries.Wrong):
            answers.append({"ErrorCode": detail.code, "ErrorMessage": detail.message})
            continue
        if entry["Source"] not in store.offered:
            answers.append(
                {
                    "ErrorCode": "NotAuthorizedForSourceException",
                    "ErrorMessage": "Not authorized for the source.",
                }
            )
            continue
        event = _event(call, entry, detail)
        service.partners.spread(store, event)
        answers.append({"EventId": event["id"]})
    return {"FailedEntryCount": sum("ErrorCode" in one for one in answers), "Entries": answers}
