"""Whether a target of a rule can be what somebody wants it to be.

Each kind of target needs some members of PutTargets' Target and has no use for others; the table
says which. What the table does not know EventBridge does not deliver to at all.

Source: botocore events/Target; EventBridge user guide, eb-targets; texts of aws-semantics 11.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.eventbridge.engine import transform
from labkit.eventbridge.engine.jsonpath import steps


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table.

    Parameters
    ----------
    service, resource:
        Of the ARN: the service, and how the resource begins.
    role:
        Whether EventBridge needs a role for it.
    parameters:
        The member of Target that goes with it; empty when there is none.
    required:
        Whether it can't be without.
    """

    service: str
    resource: str
    role: bool = False
    parameters: str = ""
    required: bool = False


#: Every kind of target that EventBridge has; the first that fits.
KINDS = (
    Kind("lambda", "function:"),
    Kind("sqs", "", parameters="SqsParameters"),
    Kind("sns", ""),
    Kind("kinesis", "stream/", True, "KinesisParameters"),
    Kind("firehose", "deliverystream/", True),
    Kind("states", "stateMachine:", True),
    Kind("ecs", "cluster/", True, "EcsParameters", True),
    Kind("batch", "job-queue/", True, "BatchParameters", True),
    Kind("codebuild", "project/", True),
    Kind("codepipeline", "", True),
    Kind("ssm", "document/", True, "RunCommandParameters"),
    Kind("ssm", "automation-definition/", True),
    Kind("ssm", "opsitem"),
    Kind("ssm-incidents", "response-plan/", True),
    Kind("logs", "log-group:"),
    Kind("execute-api", "", False, "HttpParameters"),
    Kind("events", "api-destination/", True, "HttpParameters"),
    Kind("events", "event-bus/"),
    Kind("events", "target/", True),
    Kind("redshift", "cluster:", True, "RedshiftDataParameters", True),
    Kind("redshift-serverless", "workgroup/", True, "RedshiftDataParameters", True),
    Kind("sagemaker", "pipeline/", True, "SageMakerPipelineParameters"),
    Kind("appsync", "endpoints/graphql-api/", True, "AppSyncParameters", True),
    Kind("inspector", "target/", True),
)

_PARAMETERS = sorted({kind.parameters for kind in KINDS if kind.parameters})
_INPUTS = ("Input", "InputPath", "InputTransformer")


def kind_of(arn: str) -> Kind | None:
    """The kind of target that an ARN names; None when EventBridge has no such kind."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return None
    for kind in KINDS:
        if kind.service == parts[2] and parts[5].startswith(kind.resource):
            return kind
    return None


def problem(target: Mapping[str, Any], account: str, rule_role: str, *, most_paths: int) -> str:
    """What is wrong with a target, in AWS's words; empty when nothing is.

    Parameters
    ----------
    target:
        As PutTargets got it.
    account:
        The rule's account.
    rule_role:
        The rule's own role, which serves where the target has none.
    most_paths:
        How many paths an input transformer may have.
    """
    arn, name = target["Arn"], target["Id"]
    if not arn.startswith("arn:") or arn.count(":") < 5:
        return f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
    kind = kind_of(arn)
    if kind is None:
        return f"Parameter {arn} is not valid. Reason: Unsupported service or resource in Arn."
    if kind.role and not (target.get("RoleArn") or rule_role):
        return f"RoleArn is required for target {arn}."
    return (
        _wrong_role(target)
        or _wrong_parameters(target, kind, name)
        or _wrong_input(target, account, name, most_paths)
        or _wrong_queue(target)
    )


def _wrong_role(target: Mapping[str, Any]) -> str:
    role = target.get("RoleArn")
    if role and not (role.startswith("arn:") and ":role/" in role):
        return f"Parameter RoleArn is not valid. Reason: {role} is not the ARN of a role."
    return ""


def _wrong_parameters(target: Mapping[str, Any], kind: Kind, name: str) -> str:
    for given in _PARAMETERS:
        if given in target and given != kind.parameters:
            return f"Parameter(s) {given} not valid for target: {name}."
    if kind.required and kind.parameters not in target:
        return f"Parameter(s) {kind.parameters} must be specified for target: {name}."
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    if kind.service == "sqs" and target["Arn"].endswith(".fifo") and not group:
        return f"Parameter(s) SqsParameters must be specified for target: {name}."
    path = (target.get("KinesisParameters") or {}).get("PartitionKeyPath")
    if path and steps(path) is None:
        return f"PartitionKeyPath for target {name} is invalid: {path}."
    return ""


def _wrong_input(target: Mapping[str, Any], account: str, name: str, most_paths: int) -> str:
    given = [one for one in _INPUTS if target.get(one) is not None]
    if len(given) > 1:
        return (
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}."
        )
    if not given:
        return ""
    parts = target["Arn"].split(":", 5)
    if parts[2] == "events" and parts[5].startswith("event-bus/") and parts[4] != account:
        return (
            f"{given[0]} is not available when the target is an event bus of a different AWS "
            "account."
        )
    if given == ["InputPath"] and steps(target["InputPath"] or "$") is None:
        return f"InputPath for target {name} is invalid: {target['InputPath']}."
    if given == ["InputTransformer"]:
        return transform.problem(target["InputTransformer"], name, most_paths)
    if given == ["Input"]:
        return _no_json(target["Input"], name)
    return ""


def _no_json(text: str, name: str) -> str:
    from labkit.core.jsontext import parse

    try:
        parse(text)
    except ValueError as why:
        return f"JSON syntax error in input for target {name}: {why}."
    return ""


def _wrong_queue(target: Mapping[str, Any]) -> str:
    letter = (target.get("DeadLetterConfig") or {}).get("Arn")
    if letter is None:
        return ""
    if not letter.startswith("arn:") or letter.split(":")[2:3] != ["sqs"]:
        return (
            "Parameter DeadLetterConfig is not valid. Reason: the dead-letter queue must be an "
            "Amazon SQS queue."
        )
    if letter.endswith(".fifo"):
        return (
            "Parameter DeadLetterConfig is not valid. Reason: the dead-letter queue must be a "
            "standard queue, not a FIFO one."
        )
    return ""
