"""EventBridge Scheduler's universal targets: any call that changes something.

``arn:aws:scheduler:::aws-sdk:ec2:stopInstances`` with ``{"InstanceIds": ["i-..."]}``. Parameters
are written as the Java SDK writes them, every member with a capital letter; they are matched to the
names of the service's own model, whatever their case.
"""

from __future__ import annotations

from typing import Any

from labkit.backing.targets.errand import Errand, Refusal

#: The Java SDK's names of services that botocore calls otherwise.
_SERVICES = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sfn": "stepfunctions",
    "elasticloadbalancingv2": "elbv2",
    "applicationautoscaling": "application-autoscaling",
}

#: Beginnings of actions that only look; Scheduler takes none of them.
_LOOKS = ("get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read",
          "batchGet", "lookup")  # fmt: skip


def hand(errand: Errand) -> None:
    """Make the call, with the schedule's role and in the schedule's Region."""
    errand.role_needed()
    _, _, rest = errand.arn.resource.partition("aws-sdk:")
    service, _, action = rest.partition(":")
    service = _SERVICES.get(service, service)
    if not service or not action or action.startswith(_LOOKS):
        raise Refusal(
            "ValidationException",
            f"{errand.arn.text} is not supported as a target: it must name an action that changes "
            "something",
            retryable=False,
        )
    operation = action[0].upper() + action[1:]
    shape = _input_of(service, operation)
    said = errand.document() if errand.parcel.payload else {}
    if not isinstance(said, dict):
        raise Refusal("InvalidJson", "the input is a JSON object", retryable=False)
    errand.call(service, operation, **(_spelled(said, shape) if shape is not None else {}))


def _input_of(service: str, operation: str) -> Any:
    from botocore.exceptions import UnknownServiceError
    from botocore.model import OperationNotFoundError
    from botocore.session import get_session

    try:
        return get_session().get_service_model(service).operation_model(operation).input_shape
    except (UnknownServiceError, OperationNotFoundError):
        raise Refusal(
            "ValidationException", f"there is no action {service}:{operation}", retryable=False
        ) from None


def _spelled(value: Any, shape: Any) -> Any:
    """A value with its members' names as the model spells them."""
    if shape.type_name == "structure" and isinstance(value, dict):
        known = {name.lower(): name for name in shape.members}
        spelled = {}
        for given, one in value.items():
            name = known.get(given.lower(), given)
            member = shape.members.get(name)
            spelled[name] = one if member is None else _spelled(one, member)
        return spelled
    if shape.type_name == "list" and isinstance(value, list):
        return [_spelled(one, shape.member) for one in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _spelled(one, shape.value) for key, one in value.items()}
    return value
