"""Whether a schedule may have a target: templated targets with their parameters, universal ones.

Source: EventBridge Scheduler user guide, managing-targets-templated and managing-targets-universal;
botocore scheduler/Target.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.jsontext import parse

#: Service and beginning of the resource -> the member of Target that such a target needs.
TEMPLATED = {
    ("lambda", "function:"): "",
    ("sqs", ""): "",
    ("sns", ""): "",
    ("kinesis", "stream/"): "KinesisParameters",
    ("firehose", "deliverystream/"): "",
    ("states", "stateMachine:"): "",
    ("ecs", "cluster/"): "EcsParameters",
    ("codebuild", "project/"): "",
    ("codepipeline", ""): "",
    ("events", "event-bus/"): "EventBridgeParameters",
    ("inspector", "target/"): "",
    ("sagemaker", "pipeline/"): "",
}
_PARAMETERS = (
    "KinesisParameters",
    "EcsParameters",
    "EventBridgeParameters",
    "SageMakerPipelineParameters",
    "SqsParameters",
)
_USED_BY = {"SqsParameters": "sqs", "SageMakerPipelineParameters": "sagemaker"}
#: Beginnings of actions that only look: no universal target.
_LOOKS = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read",
    "batchGet", "lookup",
)  # fmt: skip


def problem(target: Mapping[str, Any]) -> str:
    """What is wrong with a target; empty when nothing is."""
    arn: str = target["Arn"]
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return "Provided Arn is not in correct format."
    service, resource = parts[2], parts[5]
    if service == "scheduler":
        return _wrong_universal(resource, target)
    for (one, start), needed in TEMPLATED.items():
        if one == service and resource.startswith(start):
            return _wrong_parameters(target, service, needed, arn)
    return f"{arn} is not supported as a target of a schedule."


def _wrong_universal(resource: str, target: Mapping[str, Any]) -> str:
    kind, _, rest = resource.partition(":")
    service, _, action = rest.partition(":")
    if kind != "aws-sdk" or not service or not action:
        return (
            "Provided Arn is not in correct format: a universal target is "
            "arn:aws:scheduler:::aws-sdk:service:apiAction."
        )
    if action.startswith(_LOOKS):
        return f"{service}:{action} is not supported as a target: it changes nothing."
    if "Input" in target:
        try:
            read = parse(target["Input"])
        except ValueError as why:
            return f"Invalid JSON in Input: {why}."
        if not isinstance(read, dict):
            return "Invalid Input: the parameters of an API call are a JSON object."
    return ""


def _wrong_parameters(target: Mapping[str, Any], service: str, needed: str, arn: str) -> str:
    for given in _PARAMETERS:
        if given in target and given != needed and _USED_BY.get(given) != service:
            return f"{given} is not valid for target {arn}."
    if needed and needed not in target:
        return f"{needed} must be specified for target {arn}."
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    if service == "sqs" and arn.endswith(".fifo") and not group:
        return f"SqsParameters must be specified for target {arn}."
    letter = (target.get("DeadLetterConfig") or {}).get("Arn", "")
    if letter.endswith(".fifo"):
        return "The dead-letter queue must be a standard queue, not a FIFO one."
    return ""
