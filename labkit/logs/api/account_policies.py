"""Account policies: one operation for six kinds, each with its own document."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.jsontext import parse
from labkit.logs.account_policies import (
    DATA_PROTECTION,
    EXTRACTION,
    FIELDS,
    INDEX,
    KIND,
    NEVER,
    RETENTION,
    SUBSCRIPTION,
    TRANSFORMER,
    AccountPolicy,
    retention_of,
)
from labkit.logs.api.data_protection import read_policy
from labkit.logs.api.requests import demand, invalid, not_found, page, service_of, shown, too_many
from labkit.logs.api.subscription_filters import check_destination, reached
from labkit.logs.engine import criteria, transform
from labkit.logs.protecting import ACCOUNT_POLICY as PROTECTION
from labkit.logs.records import LogGroup
from labkit.logs.store import LogStore
from labkit.logs.subscriptions import SUBSCRIPTIONS, SubscriptionFilter, account_policy

#: How many of a kind an account may have, all of them with a selection when there are several.
_MOST = {DATA_PROTECTION: 1, SUBSCRIPTION: 1, EXTRACTION: 5}
_USUAL_MOST = 20
#: What making, deleting and seeing a kind needs beside the permission of the operation itself.
_PERMISSIONS: dict[str, dict[str, str]] = {
    "put": {
        DATA_PROTECTION: "PutDataProtectionPolicy", SUBSCRIPTION: "PutSubscriptionFilter",
        TRANSFORMER: "PutTransformer", INDEX: "PutIndexPolicy", RETENTION: "PutRetentionPolicy",
        EXTRACTION: "PutMetricExtractionPolicy",
    },
    "delete": {
        DATA_PROTECTION: "DeleteDataProtectionPolicy", SUBSCRIPTION: "DeleteSubscriptionFilter",
        TRANSFORMER: "DeleteTransformer", INDEX: "DeleteIndexPolicy",
        RETENTION: "DeleteRetentionPolicy",
    },
    "describe": {
        DATA_PROTECTION: "GetDataProtectionPolicy", SUBSCRIPTION: "DescribeSubscriptionFilters",
        TRANSFORMER: "GetTransformer", INDEX: "DescribeIndexPolicies",
    },
}  # fmt: skip
_TOP = 10


def _told(policy: AccountPolicy, account: str) -> dict[str, Any]:
    return shown(
        {
            "policyName": policy.name,
            "policyDocument": policy.document,
            "lastUpdatedTime": policy.updated_us // 1000,
            "policyType": policy.kind,
            "scope": "ALL",
            "selectionCriteria": policy.selection or None,
            "accountId": account,
        }
    )


def _demand(call: Call, deed: str, kind: str) -> None:
    action = _PERMISSIONS[deed].get(kind)
    if action:
        demand(call, f"logs:{action}", f"arn:aws:logs:{call.region}:{call.account}:log-group:*")


def _check(call: Call, kind: str, name: str, document: str, selection: str) -> None:
    """Refuse a document that is none of its kind, and a selection that the kind can't have."""
    if selection and kind not in FIELDS:
        raise invalid(f"selectionCriteria goes with no {kind}.")
    try:
        if selection:
            criteria.parse(selection, FIELDS[kind])
        told = parse(document)
        if kind == RETENTION:
            retention_of(document)
        elif kind == SUBSCRIPTION:
            account_policy(name, document, selection, call.now_us)
        elif kind == INDEX and not (
            isinstance(told, dict) and (told.get("Fields") or told.get("FieldsV2"))
        ):
            raise ValueError("the document needs Fields or FieldsV2 with one field at least")
        elif kind == TRANSFORMER:
            _check_transformer(told)
        elif not isinstance(told, dict | list):
            raise ValueError("the document is no JSON object")
    except ValueError as problem:
        raise invalid(f"The policy is not valid: {problem}") from None


def _check_transformer(told: Any) -> None:
    """What PutTransformer gets checked by the model is here a text: it is checked by the same."""
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(told, _processors())
    if report.has_errors():
        raise ValueError(report.generate_report())
    transform.check(told)


@cache
def _processors() -> Any:
    from botocore.session import get_session

    return get_session().get_service_model("logs").shape_for("Processors")


def _check_room(store: LogStore, kind: str, name: str, selection: str) -> None:
    others = [one for one in store.of(KIND).values() if one.kind == kind and one.name != name]
    alike = others
    if kind == INDEX:  # twenty by names of groups, and twenty by data sources
        alike = [one for one in others if _by_source(one.selection) == _by_source(selection)]
    if len(alike) >= _MOST.get(kind, _USUAL_MOST):
        raise too_many()
    if kind in (RETENTION, DATA_PROTECTION, SUBSCRIPTION):
        return
    if others and (not selection or any(not one.selection for one in others)):
        raise invalid(
            f"An account has either one {kind} for all log groups, or several that each have "
            "selectionCriteria."
        )
    wanted = criteria.parse(selection, FIELDS[kind]) if selection else None
    for one in others:
        if wanted and criteria.overlap(wanted, criteria.parse(one.selection, FIELDS[kind])):
            raise invalid(f"selectionCriteria overlaps with that of the policy {one.name}.")


def _by_source(selection: str) -> bool:
    return "DataSource" in selection


def put_account_policy(
    call: Call,
    /,
    *,
    policyName: str,
    policyDocument: str,
    policyType: str,
    scope: str = "ALL",
    selectionCriteria: str = "",
    dryRun: bool = False,
) -> dict[str, Any]:
    """Make a policy or put another in its place; a dry run of a retention policy only counts."""
    store: LogStore = call.store
    service = service_of(call)
    _demand(call, "put", policyType)
    if dryRun and policyType != RETENTION:
        raise invalid(f"dryRun is valid only with the policyType {RETENTION}.")
    _check(call, policyType, policyName, policyDocument, selectionCriteria)
    _check_room(store, policyType, policyName, selectionCriteria)
    policy = AccountPolicy(
        policyName, policyType, policyDocument, selectionCriteria, call.now_us, call.now_us
    )
    if dryRun:
        return {"dryRunResult": _preview(call, policy, retention_of(policyDocument).days)}
    if policyType == SUBSCRIPTION:
        store.of(SUBSCRIPTIONS)[policyName] = _subscription(call, policy)
    elif policyType == DATA_PROTECTION:
        store.of(PROTECTION)[policyName] = read_policy(call, policyDocument, None)
    service.account_policies.put(store, policy)
    return {"accountPolicy": _told(policy, call.account)}


def _subscription(call: Call, policy: AccountPolicy) -> SubscriptionFilter:
    """What a subscription policy sends on, once its destination has been reached."""
    one = account_policy(policy.name, policy.document, policy.selection, call.now_us)
    try:
        check_destination(call, one.destination_arn, one.role_arn or None)
        if one.role_arn:
            demand(call, "iam:PassRole", one.role_arn)
        service_of(call).matcher(one.pattern)
        return reached(call, one, None)
    except AwsError as problem:
        if problem.code == "ResourceNotFoundException":
            raise invalid(problem.message) from None
        raise


def _preview(call: Call, policy: AccountPolicy, days: int | None) -> dict[str, Any]:
    """What a retention policy would change, were it in force for all groups that it selects."""
    store: LogStore = call.store
    counts = {"increased": 0, "decreased": 0, "unchanged": 0}
    rows: list[tuple[int, LogGroup]] = []
    for group in filter(policy.selects, store.groups()):
        now, then = group.kept_days or 10**9, days or 10**9
        how = "unchanged" if now == then else "increased" if then > now else "decreased"
        counts[how] += 1
        if how != "unchanged":
            rows.append((group.events.stored_bytes(group.oldest_ms(call.now_us)), group))
    rows.sort(key=lambda row: (-row[0], row[1].name))
    return {
        "totalMatchedLogGroups": sum(counts.values()),
        "failedAnalysisCount": 0,
        **{f"{how}RetentionLogGroupCount": count for how, count in counts.items()},
        "topLogGroupsImpacted": [
            {
                "logGroupName": group.name,
                "currentRetention": str(group.kept_days or NEVER),
                "proposedRetention": str(days or NEVER),
                "storedBytes": size,
            }
            for size, group in rows[:_TOP]
        ],
    }


def delete_account_policy(
    call: Call, /, *, policyName: str, policyType: str, dryRun: bool = False
) -> dict[str, Any]:
    """Delete a policy; its effect ends at once."""
    store: LogStore = call.store
    _demand(call, "delete", policyType)
    if dryRun and policyType != RETENTION:
        raise invalid(f"dryRun is valid only with the policyType {RETENTION}.")
    policy: AccountPolicy | None = store.of(KIND).get(f"{policyType}/{policyName}")
    if policy is None:
        raise not_found(f"There is no account policy {policyName} of the type {policyType}.")
    if dryRun:
        return {"dryRunResult": _preview(call, policy, None)}
    if policyType == SUBSCRIPTION:
        store.of(SUBSCRIPTIONS).pop(policyName, None)
    elif policyType == DATA_PROTECTION:
        store.of(PROTECTION).pop(policyName, None)
    service_of(call).account_policies.drop(store, policy)
    return {}


def describe_account_policies(
    call: Call,
    /,
    *,
    policyType: str,
    policyName: str | None = None,
    accountIdentifiers: Sequence[str] = (),
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The account's policies of a kind."""
    store: LogStore = call.store
    _demand(call, "describe", policyType)
    if any(one != call.account for one in accountIdentifiers):
        raise invalid("The policies of other accounts are not shown in a lab.")
    found = [
        _told(one, call.account)
        for _, one in sorted(store.of(KIND).items())
        if one.kind == policyType and policyName in (None, one.name)
    ]
    if policyName and not found:
        raise not_found(f"There is no account policy {policyName} of the type {policyType}.")
    rows, more = page(found, None, nextToken)
    return {"accountPolicies": list(rows), **more}


OPERATIONS = {
    "PutAccountPolicy": put_account_policy,
    "DeleteAccountPolicy": delete_account_policy,
    "DescribeAccountPolicies": describe_account_policies,
}
