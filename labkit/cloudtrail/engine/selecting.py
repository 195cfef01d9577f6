"""Why a trail logs an event, or does not: the selector and the field that decide.

:func:`why` decides as :func:`labkit.cloudtrail.engine.selectors.logs` does, which is asked about
every call and so answers yes or no alone; a test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.cloudtrail.engine import selectors
from labkit.cloudtrail.engine.selectors import OPERATORS, Described
from labkit.core.verdict import Reason, Verdict

_TESTS = {"Equals": "is", "StartsWith": "begins with", "EndsWith": "ends with"}
_MOST_SHOWN = 3


def from_record(record: Mapping[str, Any]) -> Described:
    """A record, as selectors look at it."""
    found = record.get("resources") or ()
    # An object's record names its bucket too; a data event is about what is inside.
    inside = [one for one in found if one.get("type") != "AWS::S3::Bucket"]
    resource: Mapping[str, Any] = next(iter(inside or found), {})
    category = record.get("eventCategory", "Management")
    data = category == "Data"
    return Described(
        category,
        bool(record.get("readOnly")),
        record.get("eventName", ""),
        record.get("eventSource", ""),
        resource.get("type", "") if data else "",
        resource.get("ARN", "") if data else "",
        (record.get("userIdentity") or {}).get("arn", ""),
        record.get("errorCode", ""),
        record.get("eventType", ""),
        record.get("vpcEndpointId", ""),
        record.get("sessionCredentialFromConsole", ""),
    )


def why(
    event: Described,
    basic: Sequence[Mapping[str, Any]],
    advanced: Sequence[Mapping[str, Any]] = (),
) -> Verdict[bool]:
    """Whether selectors want an event, and by which of them, or what each has against it.

    Advanced selectors replace basic ones. The reason's rule is the selector's name, or its number;
    its inputs hold ``selector`` (from 0) and ``field``.
    """
    told = []
    for number, selector in enumerate(advanced or basic):
        wanted, name, text = (_advanced if advanced else _basic)(event, selector)
        rule = selector.get("Name") or f"selector {number + 1}"
        reason = Reason(rule, text, {"selector": number, "field": name})
        if wanted:
            return Verdict(True, (reason,))
        told.append(reason)
    return Verdict(False, tuple(told) or (Reason("no selectors", "Nothing is asked for."),))


#: (whether it wants the event, the field that decided, a sentence)
_Told = tuple[bool, str, str]


def _advanced(event: Described, selector: Mapping[str, Any]) -> _Told:
    fields = selector["FieldSelectors"]
    for field in fields:
        name = field["Field"]
        value = selectors.value_of(event, name)
        for operator in OPERATORS:
            given = field.get(operator)
            if given and not selectors.matches([value], {operator: given}):
                return False, name, _against(name, value, operator, given)
    shown = ", ".join(
        f"{one['Field']} is {selectors.value_of(event, one['Field']) or 'absent'}" for one in fields
    )
    return True, "", f"Every field matches: {shown}."


def _against(name: str, value: str, operator: str, given: Sequence[str]) -> str:
    plain = operator.removeprefix("Not")
    if plain != operator:
        hit = next(one for one in given if selectors.matches([value], {plain: [one]}))
        return f"{name} {_TESTS[plain]} {hit or 'absent'}, which {operator} rules out."
    shown = ", ".join(given[:_MOST_SHOWN]) + (", ..." if len(given) > _MOST_SHOWN else "")
    one = "" if len(given) == 1 else "one of "
    return f"{name} is {value or 'absent'}; {operator} asks for {one}{shown}."


def _basic(event: Described, selector: Mapping[str, Any]) -> _Told:
    kind = selector.get("ReadWriteType", "All")
    does = "only reads" if event.read_only else "changes something"
    if kind != "All" and (kind == "ReadOnly") != event.read_only:
        return False, "ReadWriteType", f"ReadWriteType is {kind}, and {event.name} {does}."
    if event.category == "Management":
        if not selector.get("IncludeManagementEvents", True):
            name = "IncludeManagementEvents"
            return False, name, f"{event.name} is a management event, and {name} is false."
        if event.source in selector.get("ExcludeManagementEventSources", ()):
            name = "ExcludeManagementEventSources"
            return False, name, f"{name} leaves {event.source} out."
        return True, "IncludeManagementEvents", (
            f"{event.name} is a management event that {does}; ReadWriteType is {kind}."
        )  # fmt: skip
    for resource in selector.get("DataResources", ()):
        for value in resource.get("Values", ()):
            if selectors.names(event, resource["Type"], value):
                text = f"{event.name} is a data event of {event.resource_arn}, which {value} names."
                return True, "DataResources", text
    return False, "DataResources", (
        f"{event.name} is a {event.category.lower()} event of "
        f"{event.resource_arn or 'no known resource'}, which no DataResources name."
    )  # fmt: skip
