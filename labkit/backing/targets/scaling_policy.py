"""An Auto Scaling policy: an alarm's action (port ``scaling_action``)."""

from __future__ import annotations

from labkit.backing.targets.errand import Errand, Refusal


def hand(errand: Errand) -> None:
    """Run a scaling policy.

    Parameters among the parcel's: ``AlarmName``, ``Value`` and ``Threshold``, by which a step
    policy chooses its step.
    """
    told = errand.parcel.parameters or {}
    answer = errand.desk.ports.scaling_action(
        errand.arn.text,
        alarm_name=str(told.get("AlarmName", "")),
        value=told.get("Value"),
        threshold=told.get("Threshold"),
    )
    if not answer.ok:
        raise Refusal(answer.code, answer.message, retryable=answer.retryable)
