"""The console's sign-in, as EventBridge tells it: CloudTrail's record in an envelope.

Source: CloudTrail user guide, "AWS Management Console sign-in events" (aws-semantics 5.11).
"""

from __future__ import annotations

from typing import Any

from labkit.eventbridge.engine.envelope import Told


def told(record: dict[str, Any]) -> Told:
    """The event of a sign-in's record."""
    return Told("aws.signin", "AWS Console Sign In via CloudTrail", record)
