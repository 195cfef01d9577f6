"""The resource policy of a bus: PutPermission, RemovePermission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.jsontext import parse
from labkit.eventbridge.api.buses import policy_text
from labkit.eventbridge.api.requests import bus_of, invalid, missing
from labkit.eventbridge.records import Bus


def put_permission(
    call: Call,
    /,
    *,
    EventBusName: str | None = None,
    Action: str | None = None,
    Principal: str | None = None,
    StatementId: str | None = None,
    Condition: Mapping[str, str] | None = None,
    Policy: str | None = None,
) -> dict[str, Any]:
    """Let another account, an organisation or everybody put events on a bus.

    Either a whole ``Policy``, which takes the place of what was there, or one statement.
    """
    _, bus = bus_of(call, EventBusName)
    if Policy is not None:
        statements = _whole(Policy)
    else:
        if not (Action and Principal and StatementId):
            raise invalid(
                "Parameters Action, Principal and StatementId are required unless Policy is given."
            )
        if Action != "events:PutEvents":
            raise invalid(f"Provided value in parameter 'action' is not supported: {Action}.")
        statement = _statement(bus, Action, Principal, StatementId, Condition)
        statements = [one for one in bus.policy if one.get("Sid") != StatementId] + [statement]
    before, bus.policy = bus.policy, statements
    if len(policy_text(bus)) > call.quota("buses.policy_characters"):
        bus.policy = before
        raise AwsError(
            "PolicyLengthExceededException",
            "The event bus policy is too long. The maximum length is "
            f"{call.quota('buses.policy_characters')} characters.",
        )
    bus.modified_us = call.now_us
    return {}


def _whole(text: str) -> list[dict[str, Any]]:
    try:
        document = parse(text)
        statements = document["Statement"]
    except (ValueError, TypeError, KeyError):
        raise invalid("Parameter Policy is not valid: it is no policy document.") from None
    found = [statements] if isinstance(statements, dict) else statements
    for one in found if isinstance(found, list) else [None]:
        whole = isinstance(one, dict) and {"Effect", "Principal", "Action"} <= one.keys()
        if not whole:
            raise invalid(
                "Parameter Policy is not valid: each statement needs Effect, Principal, Action and "
                "Resource."
            )
    return list(found)


def _statement(
    bus: Bus,
    action: str,
    principal: str,
    sid: str,
    condition: Mapping[str, str] | None,
) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": action,
        "Resource": bus.arn,
    }
    if condition is not None:
        if condition["Type"] != "StringEquals" or condition["Key"] != "aws:PrincipalOrgID":
            raise invalid(
                "Parameter Condition is not valid: Type is StringEquals and Key aws:PrincipalOrgID."
            )
        if principal != "*":
            raise invalid("Parameter Principal is not valid: with a Condition it is *.")
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement


def remove_permission(
    call: Call,
    /,
    *,
    StatementId: str | None = None,
    RemoveAllPermissions: bool = False,
    EventBusName: str | None = None,
) -> dict[str, Any]:
    """Take a statement out of a bus's policy, or all."""
    _, bus = bus_of(call, EventBusName)
    if RemoveAllPermissions:
        bus.policy = []
    else:
        left = [one for one in bus.policy if one.get("Sid") != StatementId]
        if StatementId is None or len(left) == len(bus.policy):
            raise missing("Statement with the provided id does not exist.")
        bus.policy = left
    bus.modified_us = call.now_us
    return {}
