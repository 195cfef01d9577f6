"""A Step Functions state machine: an execution with the payload as its input."""

from __future__ import annotations

from labkit.backing.targets.errand import Errand


def hand(errand: Errand) -> None:
    """Start an execution, with a role that may ``states:StartExecution``."""
    errand.role_needed()
    errand.document()  # an input that is no JSON is refused before anything is asked
    errand.call(
        "stepfunctions",
        "StartExecution",
        stateMachineArn=errand.arn.text,
        input=errand.parcel.text,
    )
