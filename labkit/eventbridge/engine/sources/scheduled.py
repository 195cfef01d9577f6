"""EventBridge itself: a rule's schedule came round.

Source: EventBridge user guide, eb-create-rule-schedule (aws-semantics 5.5).
"""

from __future__ import annotations

from labkit.eventbridge.engine.envelope import Told


def told(rule_arn: str) -> Told:
    """The event of a schedule's firing: nothing but the rule."""
    return Told("aws.events", "Scheduled Event", {}, (rule_arn,))
