"""What X-Ray remembers beside traces: groups, policies, keys, retrievals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Kinds of :meth:`labkit.xray.store.XRayStore.of`.
GROUPS, POLICIES, SETTINGS, RETRIEVALS, TELEMETRY, INSIGHTS = (
    "groups", "policies", "settings", "retrievals", "telemetry", "insights"
)  # fmt: skip
DEFAULT_GROUP = "Default"
#: Where segments go.
XRAY, LOGS = "XRay", "CloudWatchLogs"


@dataclass(slots=True)
class Group:
    """A group of traces, which has its own graph and metrics.

    Parameters
    ----------
    name, arn:
        Of the group.
    filter_expression:
        Which traces belong to it; empty for all.
    insights, notifications:
        Whether insights are generated, and told to EventBridge.
    since_us:
        When the expression came into force: it applies to later traces alone.
    tags:
        Key -> value.
    """

    name: str
    arn: str
    filter_expression: str = ""
    insights: bool = False
    notifications: bool = False
    since_us: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As the API shows it."""
        told: dict[str, Any] = {"GroupName": self.name, "GroupARN": self.arn}
        if self.filter_expression:
            told["FilterExpression"] = self.filter_expression
        told["InsightsConfiguration"] = {
            "InsightsEnabled": self.insights,
            "NotificationsEnabled": self.notifications,
        }
        return told


@dataclass(slots=True)
class Policy:
    """A resource policy: which service may send segments here."""

    name: str
    document: str
    revision: int
    updated_us: int


@dataclass(slots=True)
class Settings:
    """What holds for all of an account's traces in a Region.

    Parameters
    ----------
    key_id:
        The KMS key; empty for the encryption that costs nothing.
    key_active_us:
        When a changed encryption is in force everywhere.
    destination, destination_active_us:
        Where segments go, and since when in force.
    indexed_percent, indexing_changed_us:
        Which share of the traces in CloudWatch Logs is indexed.
    """

    key_id: str = ""
    key_active_us: int = 0
    destination: str = XRAY
    destination_active_us: int = 0
    spans_key: str = ""
    indexed_percent: float = 1.0
    indexing_changed_us: int = 0


@dataclass(slots=True)
class Retrieval:
    """Traces that somebody has asked for by StartTraceRetrieval."""

    token: str
    trace_ids: list[str]
    start_us: int
    end_us: int
    ready_us: int
    cancelled: bool = False
