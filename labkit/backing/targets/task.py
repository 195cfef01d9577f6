"""An ECS task: the target is a cluster, the parameters name the task definition (RunTask)."""

from __future__ import annotations

from typing import Any

from labkit.backing.targets.errand import Errand, Refusal
from labkit.core.jsontext import parse

_PLAIN = {
    "LaunchType": "launchType",
    "PlatformVersion": "platformVersion",
    "Group": "group",
    "EnableECSManagedTags": "enableECSManagedTags",
    "EnableExecuteCommand": "enableExecuteCommand",
    "PropagateTags": "propagateTags",
    "ReferenceId": "referenceId",
}


def hand(errand: Errand) -> None:
    """Run tasks, with a role that may ``ecs:RunTask`` and ``iam:PassRole`` the task's own roles.

    The payload may hold overrides (``{"containerOverrides": [...]}``); anything else in it is of no
    use to a task.

    Raises
    ------
    Refusal
        Also when ECS answers that it could place none (``failures``), which may pass.
    """
    errand.role_needed()
    told = errand.parameters("EcsParameters")
    definition = str(told.get("TaskDefinitionArn", ""))
    if not definition:
        raise Refusal(
            "ValidationException",
            f"EcsParameters.TaskDefinitionArn is required for target {errand.arn.text}.",
            retryable=False,
        )
    answer = errand.call(
        "ecs",
        "RunTask",
        cluster=errand.arn.text,
        taskDefinition=definition,
        count=int(told.get("TaskCount", 1)),
        startedBy=_started_by(errand),
        overrides=_overrides(errand),
        networkConfiguration=_network(told.get("NetworkConfiguration")),
        tags=[{"key": tag["Key"], "value": tag["Value"]} for tag in told.get("Tags", ())] or None,
        **{ours: told[theirs] for theirs, ours in _PLAIN.items() if theirs in told},
    )
    failures = answer.get("failures") or []
    if failures and not answer.get("tasks"):
        reason = str(failures[0].get("reason", "UNKNOWN"))
        raise Refusal(reason, f"ECS placed no task: {reason}", retryable=reason != "MISSING")


def _started_by(errand: Errand) -> str | None:
    """``events-rule/<name>``, cut to the 36 characters that RunTask takes."""
    source = errand.parcel.source_arn
    if ":rule/" not in source:
        return None
    return f"events-rule/{source.rpartition('/')[2]}"[:36]


def _overrides(errand: Errand) -> dict[str, Any] | None:
    try:
        said = parse(errand.parcel.data)
    except ValueError:
        return None
    known = ("containerOverrides", "cpu", "memory", "taskRoleArn", "executionRoleArn")
    if not isinstance(said, dict) or "containerOverrides" not in said:
        return None
    return {name: said[name] for name in known if name in said}


def _network(given: Any) -> dict[str, Any] | None:
    inner = (given or {}).get("awsvpcConfiguration")
    if not inner:
        return None
    small = {name[0].lower() + name[1:]: value for name, value in inner.items()}
    return {"awsvpcConfiguration": small}
