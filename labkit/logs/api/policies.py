"""Resource policies: which services may write into the log groups of an account.

A policy belongs to the account (up to ten a Region) or to one log group. Whoever wants to write on
behalf of a service (a rule, a Route 53 query log) is judged by all of them together: see
:meth:`labkit.logs.service.Logs.policy`.
"""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import group_of, invalid, not_found, page, shown, too_many
from labkit.logs.records import RESOURCE_POLICIES, ResourcePolicy
from labkit.logs.store import LogStore

ACCOUNT, RESOURCE = "ACCOUNT", "RESOURCE"


def _told(policy: ResourcePolicy) -> dict[str, Any]:
    return shown(
        {
            "policyName": policy.name or None,
            "policyDocument": policy.document,
            "lastUpdatedTime": policy.updated_us // 1000,
            "policyScope": RESOURCE if policy.resource_arn else ACCOUNT,
            "resourceArn": policy.resource_arn or None,
            "revisionId": policy.revision if policy.resource_arn else None,
        }
    )


def _check_document(call: Call, document: str, resource_arn: str) -> None:
    limit = call.quota("policies.document_characters")
    if not resource_arn and len(document) > limit:
        raise invalid(
            "1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limit}"
        )
    verdict = call.ports.policy_allows(
        document, call.principal, "logs:PutLogEvents", resource_arn or "*", {}, call.account
    )
    for reason in verdict.because:
        if reason.rule == "malformed":
            raise invalid(f"The policy document is not valid: {reason.text}")


def _check_revision(known: ResourcePolicy | None, expected: str | None) -> None:
    if known is not None and expected != known.revision:
        raise AwsError(
            "OperationAbortedException",
            "The resource policy has another revision: give its revisionId as expectedRevisionId.",
        )
    if known is None and expected:
        raise not_found("There is no resource policy of this revision.")


def put_resource_policy(
    call: Call,
    /,
    *,
    policyName: str | None = None,
    policyDocument: str | None = None,
    resourceArn: str | None = None,
    expectedRevisionId: str | None = None,
) -> dict[str, Any]:
    """Make a policy or put another in its place."""
    store: LogStore = call.store
    if not policyDocument:
        raise invalid("policyDocument is needed.")
    if not policyName and not resourceArn:
        raise invalid("policyName is needed for a policy of the account.")
    arn = group_of(call, None, resourceArn).arn if resourceArn else ""
    _check_document(call, policyDocument, arn)
    held = store.of(RESOURCE_POLICIES)
    key = arn or str(policyName)
    known: ResourcePolicy | None = held.get(key)
    if arn:
        _check_revision(known, expectedRevisionId)
    elif known is None:
        mine = sum(not one.resource_arn for one in held.values())
        if mine >= call.quota("policies.resource"):
            raise too_many()
    revision = call.ids.hex(32)
    held[key] = policy = ResourcePolicy(
        policyName or "", policyDocument, call.now_us, arn, revision
    )
    return shown({"resourcePolicy": _told(policy), "revisionId": revision if arn else None})


def delete_resource_policy(
    call: Call,
    /,
    *,
    policyName: str | None = None,
    resourceArn: str | None = None,
    expectedRevisionId: str | None = None,
) -> dict[str, Any]:
    """Delete a policy: services that only it allowed write no more."""
    store: LogStore = call.store
    if not policyName and not resourceArn:
        raise invalid("policyName or resourceArn is needed.")
    held = store.of(RESOURCE_POLICIES)
    key = group_of(call, None, resourceArn).arn if resourceArn else str(policyName)
    known: ResourcePolicy | None = held.get(key)
    if known is None:
        raise not_found(f"Policy with name [{policyName or key}] does not exist.")
    if known.resource_arn:
        _check_revision(known, expectedRevisionId)
    del held[key]
    return {}


def describe_resource_policies(
    call: Call,
    /,
    *,
    nextToken: str | None = None,
    limit: int | None = None,
    resourceArn: str | None = None,
    policyScope: str | None = None,
) -> dict[str, Any]:
    """The policies of the account, or of one log group."""
    store: LogStore = call.store
    scope = policyScope or (RESOURCE if resourceArn else ACCOUNT)
    arn = (resourceArn or "").removesuffix(":*")
    if scope == ACCOUNT and arn:
        raise invalid("resourceArn goes with the policyScope RESOURCE.")
    if scope == RESOURCE and not arn:
        raise invalid("The policyScope RESOURCE needs a resourceArn.")
    found = [
        _told(one)
        for _, one in sorted(store.of(RESOURCE_POLICIES).items())
        if one.resource_arn == arn
    ]
    rows, more = page(found, limit, nextToken)
    return {"resourcePolicies": list(rows), **more}


OPERATIONS = {
    "PutResourcePolicy": put_resource_policy,
    "DeleteResourcePolicy": delete_resource_policy,
    "DescribeResourcePolicies": describe_resource_policies,
}
