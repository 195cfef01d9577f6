"""Another event bus: the event arrives there (port ``put_on_bus``, answered by EventBridge)."""

from __future__ import annotations

from labkit.backing.targets.errand import Errand, Refusal
from labkit.core.call import Principal


def hand(errand: Errand) -> None:
    """Put the event on a bus of any account and Region.

    With a role the role must be allowed ``events:PutEvents``. Without one the sender's *account*
    asks: the policy of the bus names accounts, not services.
    """
    arn, desk, parcel = errand.arn, errand.desk, errand.parcel
    if not desk.ports.answered("put_on_bus"):
        raise Refusal(
            "NotImplemented", f"buses come with the EventBridge part: {arn.text}", retryable=False
        )
    event = errand.document()
    if not isinstance(event, dict):
        raise Refusal("InvalidJson", "an event is a JSON object", retryable=False)
    if not errand.by_role:
        sender = parcel.account
        errand.acting_as(
            Principal("Root", sender, f"arn:aws:iam::{sender}:root", sender, name="root")
        )
    errand.need("events:PutEvents", arn.text, code="AccessDeniedException")
    answer = desk.ports.put_on_bus(arn.text, event, parcel.source_arn)
    if not answer.ok:
        raise Refusal(answer.code, answer.message, retryable=answer.retryable)
