"""Resource policies: which AWS service may send segments for this account (SNS active tracing)."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError
from labkit.xray.api.requests import page
from labkit.xray.records import POLICIES, Policy
from labkit.xray.store import XRayStore

_PAGE = 10


def _told(policy: Policy) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyDocument": policy.document,
        "PolicyRevisionId": str(policy.revision),
        "LastUpdatedTime": to_datetime(policy.updated_us),
    }


def _check_revision(known: Policy | None, revision: str | None) -> None:
    """``0`` says that there is no such policy yet; another number must be the present one's."""
    if revision is None:
        return
    present = "0" if known is None else str(known.revision)
    if revision != present:
        raise AwsError(
            "InvalidPolicyRevisionIdException",
            f"The policy's revision id is {present}, not {revision}",
        )


def put_resource_policy(
    call: Call,
    /,
    *,
    PolicyName: str,
    PolicyDocument: str,
    PolicyRevisionId: str | None = None,
    BypassPolicyLockoutCheck: bool = False,
) -> dict[str, Any]:
    """Make a policy or put another in its place.

    Raises
    ------
    AwsError
        MalformedPolicyDocumentException, PolicySizeLimitExceededException,
        PolicyCountLimitExceededException, InvalidPolicyRevisionIdException,
        LockoutPreventionException when the policy would keep its author from changing it.
    """
    store: XRayStore = call.store
    held = store.of(POLICIES)
    known: Policy | None = held.get(PolicyName)
    if len(PolicyDocument.encode()) > call.quota("policies.bytes"):
        raise AwsError(
            "PolicySizeLimitExceededException", "The policy document exceeds 5 KB in size"
        )
    allows = call.ports.policy_allows(
        PolicyDocument, call.principal, "xray:PutResourcePolicy", "*", {}, call.account
    )
    for reason in allows.because:
        if reason.rule == "malformed":
            raise AwsError(
                "MalformedPolicyDocumentException", f"Invalid policy document: {reason.text}"
            )
        if "deny" in reason.rule.lower() and not BypassPolicyLockoutCheck:
            raise AwsError(
                "LockoutPreventionException",
                "The policy would prevent its author from calling PutResourcePolicy again",
            )
    _check_revision(known, PolicyRevisionId)
    if known is None and len(held) >= call.quota("policies.per_account"):
        raise AwsError(
            "PolicyCountLimitExceededException", "The limit of 5 resource policies is reached"
        )
    revision = 1 if known is None else known.revision + 1
    held[PolicyName] = policy = Policy(PolicyName, PolicyDocument, revision, call.now_us)
    return {"ResourcePolicy": _told(policy)}


def list_resource_policies(call: Call, /, *, NextToken: str | None = None) -> dict[str, Any]:
    """The policies by name."""
    store: XRayStore = call.store
    held = store.of(POLICIES)
    rows, more = page([held[name] for name in sorted(held)], NextToken, _PAGE)
    return {"ResourcePolicies": [_told(one) for one in rows], **more}


def delete_resource_policy(
    call: Call, /, *, PolicyName: str, PolicyRevisionId: str | None = None
) -> dict[str, Any]:
    """Delete a policy; one that is not there is passed over."""
    store: XRayStore = call.store
    held = store.of(POLICIES)
    known = held.get(PolicyName)
    if known is not None:
        _check_revision(known, PolicyRevisionId)
        del held[PolicyName]
    return {}


OPERATIONS = {
    "PutResourcePolicy": put_resource_policy,
    "ListResourcePolicies": list_resource_policies,
    "DeleteResourcePolicy": delete_resource_policy,
}
