"""Which finished calls a look-up attribute finds.

A look-up goes through the history of a Region from its newest end, so a test must be cheap: what an
attribute needs is looked up once per operation, and JSON is read only where the value can be in
it at all.

Source: botocore cloudtrail 2013-11-01, LookupEvents; CloudTrail user guide,
view-cloudtrail-events-cli.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.cloudtrail.engine import resources
from labkit.cloudtrail.engine.categories import service_of
from labkit.cloudtrail.engine.record import event_digest, event_id, event_name, user_name
from labkit.core.jsontext import dumps, loads

#: The attributes of LookupEvents.
KEYS = (
    "EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource",
    "AccessKeyId",
)  # fmt: skip
#: Those that Insights events can be looked up by.
INSIGHT_KEYS = ("EventId", "EventName", "EventSource")

Test = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Match:
    """A test of the fields of a ``call.finished`` fact, and which of them it looks at.

    A past has millions of calls and a few hundred different deeds and callers: who knows what a
    test looks at can ask once for each of these instead of once for each call.

    Parameters
    ----------
    test:
        Whether the fields have the attribute.
    about:
        ``deed`` (what was asked and answered), ``caller`` (by whom), ``id`` (the request's id) or
        ``nothing``: then every call matches.
    tail:
        For ``id``: the last seven bytes of the event's digest; empty when no event has the id.
    """

    test: Test
    about: str
    tail: bytes = b""

    def __call__(self, data: Mapping[str, Any]) -> bool:
        """Whether these fields have the attribute."""
        return self.test(data)


#: The look-up without an attribute.
everything = Match(lambda data: True, "nothing")


def resources_of(data: Mapping[str, Any]) -> list[dict[str, str]]:
    """``Resources`` of a finished call."""
    service, operation = data["service"], data["operation"]
    if not resources.paths_of(service, operation):
        return []
    return resources.resources(service, operation, loads(data["request"]), loads(data["response"]))


def match(key: str, value: str, account: str) -> Match:
    """A test whether the fields of a ``call.finished`` fact have the attribute.

    Parameters
    ----------
    key, value:
        One of :data:`KEYS`, and what it shall be.
    account:
        Whose history is looked through: event ids depend on it.
    """
    if key == "EventId":
        return _event_id(value, account)
    return Match(_MAKERS[key](value), "caller" if key in _OF_CALLERS else "deed")


def _per_operation(decide: Callable[[str, str], bool]) -> Test:
    """Ask once per operation and remember: a Region's history has few operations."""
    known: dict[tuple[str, str], bool] = {}

    def test(data: Mapping[str, Any]) -> bool:
        operation = (data["service"], data["operation"])
        answer = known.get(operation)
        if answer is None:
            answer = known[operation] = decide(*operation)
        return answer

    return test


def _event_id(value: str, account: str) -> Match:
    # An id shows the last seven bytes of its digest as they are: comparing these is much quicker
    # than writing out every id.
    try:
        tail = bytes.fromhex(value.replace("-", "")[18:])
    except ValueError:
        tail = b""

    def test(data: Mapping[str, Any]) -> bool:
        request_id = data["request_id"]
        return (
            event_digest(account, request_id)[9:] == tail and event_id(account, request_id) == value
        )

    return Match(test, "id", tail if len(tail) == 7 else b"")


def _event_name(value: str) -> Test:
    return _per_operation(lambda service, operation: event_name(service, operation) == value)


def _event_source(value: str) -> Test:
    return _per_operation(lambda service, operation: service_of(service).source == value)


def _read_only(value: str) -> Test:
    wanted = value == "true"
    return lambda data: data["read_only"] is wanted


def _access_key(value: str) -> Test:
    return lambda data: data["principal"]["access_key_id"] == value


def _user(value: str) -> Test:
    return lambda data: user_name(data["principal"]) == value


def _resource_type(value: str) -> Test:
    possible = _per_operation(
        lambda service, operation: value in resources.types_of(service, operation)
    )
    return lambda data: (
        possible(data) and any(found["ResourceType"] == value for found in resources_of(data))
    )


def _resource_name(value: str) -> Test:
    possible = _per_operation(
        lambda service, operation: bool(resources.paths_of(service, operation))
    )
    # A name stands in the text of the request or of the answer, written as JSON writes it: where it
    # does not, there is no need to read the JSON.
    written = dumps(value)[1:-1]

    def test(data: Mapping[str, Any]) -> bool:
        if not possible(data):
            return False
        if written not in data["request"] and written not in data["response"]:
            return False
        return any(found["ResourceName"] == value for found in resources_of(data))

    return test


#: Attributes that only say who called.
_OF_CALLERS = frozenset({"AccessKeyId", "Username"})

_MAKERS: Mapping[str, Callable[[str], Test]] = {
    "EventName": _event_name,
    "EventSource": _event_source,
    "ReadOnly": _read_only,
    "AccessKeyId": _access_key,
    "Username": _user,
    "ResourceType": _resource_type,
    "ResourceName": _resource_name,
}
