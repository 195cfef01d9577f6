"""Services that say themselves what their event is: S3, CodeBuild, Auto Scaling, ECS, alarms.

S3 tells only of buckets whose EventBridge switch is on; that is its own affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.eventbridge.engine.envelope import Told


def told(data: Mapping[str, Any]) -> Told:
    """The event of a fact ``event.emitted``."""
    return Told(data["source"], data["detail_type"], data["detail"], tuple(data["resources"]))
