"""Targets: PutTargets and its kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.eventbridge.api.requests import invalid, not_managed, page, rule_of, too_many
from labkit.eventbridge.engine import targets


def put_targets(
    call: Call,
    /,
    *,
    Rule: str,
    EventBusName: str | None = None,
    Targets: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Give a rule targets, or change those whose ids it has.

    Nothing is put when anything is wrong: what the model and the rules of a kind forbid, and more
    targets than a rule may have, fail the call as a whole.
    """
    store, rule = rule_of(call, Rule, EventBusName)
    not_managed(rule)
    for target in Targets:
        why = targets.problem(
            target, store.account, rule.role_arn, most_paths=call.quota("targets.input_paths")
        )
        if why:
            raise invalid(why)
    wanted = rule.targets | {target["Id"]: dict(target) for target in Targets}
    if len(wanted) > call.quota("targets.per_rule"):
        raise too_many()
    rule.targets = wanted
    return {"FailedEntryCount": 0, "FailedEntries": []}


def remove_targets(
    call: Call,
    /,
    *,
    Rule: str,
    EventBusName: str | None = None,
    Ids: Sequence[str],
    Force: bool = False,
) -> dict[str, Any]:
    """Take targets away; an id that is not there is told among the failed entries."""
    _, rule = rule_of(call, Rule, EventBusName)
    not_managed(rule, Force)
    failed = [
        {
            "TargetId": name,
            "ErrorCode": "ResourceNotFoundException",
            "ErrorMessage": f"Rule {rule.name} does not have target {name}.",
        }
        for name in Ids
        if name not in rule.targets
    ]
    rule.targets = {name: one for name, one in rule.targets.items() if name not in Ids}
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


def list_targets_by_rule(
    call: Call,
    /,
    *,
    Rule: str,
    EventBusName: str | None = None,
    NextToken: str | None = None,
    Limit: int | None = None,
) -> dict[str, Any]:
    """The targets of a rule, by id."""
    _, rule = rule_of(call, Rule, EventBusName)
    found, more = page(sorted(rule.targets), Limit, NextToken)
    return {"Targets": [rule.targets[name] for name in found], **more}
