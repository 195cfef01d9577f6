"""What EventBridge remembers: buses, rules, archives, replays, connections, sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ENABLED, DISABLED = "ENABLED", "DISABLED"
#: A rule of this state also gets the CloudTrail events of calls that only read.
ALL_CALLS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"

DEFAULT_BUS = "default"


@dataclass(slots=True)
class Rule:
    """A rule of a bus.

    Parameters
    ----------
    name, arn, bus:
        Its name, its ARN and its bus's name.
    pattern, schedule:
        What it waits for: texts, empty when there is none.
    targets:
        By id, each as PutTargets took it, in the order of putting.
    managed_by:
        The service that made it for itself (an archive's rule); empty for a customer's.
    generation:
        Counts changes, so that a firing planned before a change is known for an old one.
    """

    name: str
    arn: str
    bus: str
    created_by: str
    pattern: str = ""
    schedule: str = ""
    state: str = ENABLED
    description: str = ""
    role_arn: str = ""
    managed_by: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    generation: int = 0

    @property
    def enabled(self) -> bool:
        """Whether it does anything."""
        return self.state != DISABLED

    def shown(self) -> dict[str, Any]:
        """The rule as ListRules answers it."""
        found = {
            "Name": self.name,
            "Arn": self.arn,
            "EventPattern": self.pattern,
            "State": self.state,
            "Description": self.description,
            "ScheduleExpression": self.schedule,
            "RoleArn": self.role_arn,
            "ManagedBy": self.managed_by,
            "EventBusName": self.bus,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(slots=True)
class Bus:
    """An event bus.

    Parameters
    ----------
    policy:
        The statements of its resource policy.
    settings:
        ``Description``, ``KmsKeyIdentifier``, ``DeadLetterConfig``, ``LogConfig`` as given.
    source:
        The partner event source that feeds it; empty for other buses.
    """

    name: str
    arn: str
    created_us: int
    modified_us: int
    settings: dict[str, Any] = field(default_factory=dict)
    policy: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """An event in an archive: when it happened, when it came, its text."""

    at_us: int
    came_us: int
    text: str


@dataclass(slots=True)
class Archive:
    """An archive of a bus; its events lie in the order in which they came."""

    name: str
    arn: str
    bus_arn: str
    created_us: int
    description: str = ""
    pattern: str = ""
    retention_days: int = 0
    kms_key: str = ""
    events: list[Kept] = field(default_factory=list)
    size_bytes: int = 0


@dataclass(slots=True)
class Replay:
    """A replay of an archive, minute by minute of the events' own times."""

    name: str
    arn: str
    archive_arn: str
    destination: dict[str, Any]
    start_us: int
    end_us: int
    begun_us: int
    state: str = "STARTING"
    description: str = ""
    reason: str = ""
    last_us: int | None = None
    ended_us: int | None = None


@dataclass(slots=True)
class Connection:
    """How an API destination is asked for permission.

    ``auth`` is AuthParameters as given, secrets included; what is shown leaves these out.
    """

    name: str
    arn: str
    kind: str
    auth: dict[str, Any]
    created_us: int
    modified_us: int
    state: str = "AUTHORIZED"
    reason: str = ""
    description: str = ""
    kms_key: str = ""
    secret_arn: str = ""
    authorized_us: int | None = None
    token: str = ""
    token_until_us: int = 0


@dataclass(slots=True)
class ApiDestination:
    """An HTTP endpoint as a target."""

    name: str
    arn: str
    connection_arn: str
    endpoint: str
    method: str
    rate: int
    created_us: int
    modified_us: int
    description: str = ""
    #: The second that is under way and how many calls were made in it.
    second: int = 0
    calls: int = 0


@dataclass(slots=True)
class Endpoint:
    """A global endpoint: two buses, the second for when a health check fails."""

    name: str
    arn: str
    id: str
    routing: dict[str, Any]
    replication: str
    buses: list[dict[str, str]]
    created_us: int
    modified_us: int
    role_arn: str = ""
    description: str = ""


@dataclass(slots=True)
class EventSource:
    """A partner's event source as its customer sees it."""

    name: str
    arn: str
    created_us: int
    expires_us: int
    state: str = "PENDING"
