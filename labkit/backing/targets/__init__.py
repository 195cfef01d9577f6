"""Targets of deliveries: one file for each kind, one table that finds it by its ARN.

What is not there yet is in the table too, with its reason: a target that silently takes what it
never does would teach something wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labkit.backing.targets import (
    build,
    bus,
    execution,
    firehose,
    function,
    http_endpoint,
    instance,
    log_group,
    queue,
    scaling_policy,
    stream,
    task,
    topic,
    universal,
)
from labkit.backing.targets.errand import Arn, Errand, Refusal

Hand = Callable[[Errand], None]

UNSUPPORTED = "UnsupportedTarget"


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table.

    Parameters
    ----------
    name:
        What AWS calls such a target.
    service, resource:
        Of the ARN: the service, and how the resource begins.
    hand:
        Who hands over; None for a kind that labkit has not.
    why:
        The reason, then.
    """

    name: str
    service: str
    resource: str
    hand: Hand | None = None
    why: str = ""


#: Every kind of target; the first that fits.
KINDS: tuple[Kind, ...] = (
    Kind("topic", "sns", "", topic.hand),
    Kind("queue", "sqs", "", queue.hand),
    Kind("function", "lambda", "function:", function.hand),
    Kind("stream", "kinesis", "stream/", stream.hand),
    Kind("delivery stream", "firehose", "deliverystream/", firehose.hand),
    Kind("log group", "logs", "log-group:", log_group.hand),
    Kind("event bus", "events", "event-bus/", bus.hand),
    Kind("API destination", "events", "api-destination/", http_endpoint.hand),
    Kind("EC2 call of a rule", "events", "target/", instance.by_rule),
    Kind("EC2 call of a rule", "automation", "action/EBSCreateSnapshot/", instance.by_rule),
    Kind("EC2 action of an alarm", "automate", "", instance.by_alarm),
    Kind("EC2 action of an alarm", "swf", "action/actions/AWS_EC2.", instance.by_alarm),
    Kind("scaling policy", "autoscaling", "scalingPolicy:", scaling_policy.hand),
    Kind("ECS task", "ecs", "cluster/", task.hand),
    Kind("Step Functions execution", "states", "stateMachine:", execution.hand),
    Kind("CodeBuild build", "codebuild", "project/", build.hand),
    Kind("universal target", "scheduler", "aws-sdk:", universal.hand),
    Kind(
        "Systems Manager",
        "ssm",
        "",
        why="the machines of a lab run no commands, and OpsCenter is not there",
    ),
    Kind("incident", "ssm-incidents", "", why="Incident Manager is not there"),
    Kind("investigation", "aiops", "", why="CloudWatch investigations are not there"),
    Kind("Batch job", "batch", "", why="Batch is not there; an ECS task is"),
    Kind("pipeline", "codepipeline", "", why="CodePipeline is not there; a CodeBuild build is"),
    Kind("REST API", "execute-api", "", why="API Gateway is not there; an API destination is"),
    Kind("Redshift query", "redshift", "", why="Redshift is not there"),
    Kind("Redshift query", "redshift-serverless", "", why="Redshift is not there"),
    Kind("SageMaker pipeline", "sagemaker", "", why="SageMaker is not there"),
    Kind("AppSync mutation", "appsync", "", why="AppSync is not there"),
    Kind("Inspector assessment", "inspector", "", why="Inspector is not there"),
)


def kind_of(arn: Arn) -> Kind | None:
    """The kind of a target; None for what is no target at all."""
    if arn.text.startswith(("http://", "https://")):
        return _ADDRESS
    for kind in KINDS:
        if kind.service == arn.service and arn.resource.startswith(kind.resource):
            return kind
    return None


_ADDRESS = Kind("HTTP endpoint", "", "", http_endpoint.hand)


def hand_over(errand: Errand) -> None:
    """Hand a parcel to its target.

    Raises
    ------
    Refusal
        When the target does not take it, or labkit has no such target.
    """
    kind = kind_of(errand.arn)
    if kind is None or kind.hand is None:
        why = f": {kind.why} ({kind.name})" if kind is not None else ""
        raise Refusal(
            UNSUPPORTED, f"labkit does not deliver to {errand.arn.text}{why}", retryable=False
        )
    kind.hand(errand)
