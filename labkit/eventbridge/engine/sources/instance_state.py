"""EC2: an instance entered a state.

Source: EC2 user guide, "EC2 Instance State-change Notification" (aws-semantics 5.11).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.eventbridge.engine.envelope import Told


def told(data: Mapping[str, Any], account: str, region: str) -> Told | None:
    """The event of a fact ``instance.state``; a reboot, which enters no state, has none."""
    if data["state"] == data["previous_state"]:
        return None
    instance = data["instance_id"]
    return Told(
        "aws.ec2",
        "EC2 Instance State-change Notification",
        {"instance-id": instance, "state": data["state"]},
        (f"arn:aws:ec2:{region}:{account}:instance/{instance}",),
    )
