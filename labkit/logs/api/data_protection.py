"""Data protection policies of log groups: put, get, delete."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.core.errors import NotImplementedYet
from labkit.logs.api.requests import group_of, invalid, service_of
from labkit.logs.engine import protection
from labkit.logs.protecting import DOCUMENT, GROUP, destinations_problem
from labkit.logs.records import STANDARD, LogGroup


def read_policy(call: Call, document: str, group: LogGroup | None) -> protection.Policy:
    """The policy of a document, whose destinations are there.

    Raises
    ------
    AwsError
        InvalidParameterException, or the honest 501 for an identifier without a detector.
    """
    try:
        policy = protection.read(document)
    except protection.NoDetector as problem:
        raise NotImplementedYet("logs", call.operation, f"{problem}.") from None
    except protection.PolicyError as problem:
        raise invalid(f"Invalid data protection policy: {problem}.") from None
    world = service_of(call).world
    wrong = destinations_problem(world, call.account, call.region, group, policy)
    if wrong:
        raise invalid(wrong)
    return policy


def put_data_protection_policy(
    call: Call, /, *, logGroupIdentifier: str, policyDocument: str
) -> dict[str, Any]:
    """From now on what comes in is looked through, and masked for readers."""
    group = group_of(call, identifier=logGroupIdentifier)
    if group.log_class != STANDARD:
        raise invalid(f"Log groups of class {group.log_class} have no data protection.")
    policy = read_policy(call, policyDocument, group)
    group.policies[DOCUMENT] = (policyDocument, call.now_us)
    service_of(call).protecting.stand(group, GROUP, policy)
    return _told(logGroupIdentifier, policyDocument, call.now_us)


def _told(identifier: str, document: str, updated_us: int) -> dict[str, Any]:
    return {
        "logGroupIdentifier": identifier,
        "policyDocument": document,
        "lastUpdatedTime": updated_us // 1000,
    }


def get_data_protection_policy(call: Call, /, *, logGroupIdentifier: str) -> dict[str, Any]:
    """The policy of a group; nothing but its name when it has none."""
    group = group_of(call, identifier=logGroupIdentifier)
    held = group.policies.get(DOCUMENT)
    if held is None:
        return {"logGroupIdentifier": logGroupIdentifier}
    return _told(logGroupIdentifier, *held)


def delete_data_protection_policy(call: Call, /, *, logGroupIdentifier: str) -> dict[str, Any]:
    """What comes in from now on is masked no more; what was masked stays so."""
    group = group_of(call, identifier=logGroupIdentifier)
    if group.policies.pop(DOCUMENT, None) is not None:
        service_of(call).protecting.stand(group, GROUP, None)
    return {}


OPERATIONS = {
    "PutDataProtectionPolicy": put_data_protection_policy,
    "GetDataProtectionPolicy": get_data_protection_policy,
    "DeleteDataProtectionPolicy": delete_data_protection_policy,
}
