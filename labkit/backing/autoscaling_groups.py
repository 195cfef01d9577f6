"""What a lab remembers of an Auto Scaling group beside moto's own: activities, cooldown, waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labkit.core.clock import iso, to_datetime

#: The metrics of a group -> which lifecycle states they count; None: said by the group itself.
METRICS: dict[str, tuple[str, ...] | None] = {
    "GroupMinSize": None,
    "GroupMaxSize": None,
    "GroupDesiredCapacity": None,
    "GroupInServiceInstances": ("InService",),
    "GroupPendingInstances": ("Pending",),
    "GroupStandbyInstances": ("Standby",),
    "GroupTerminatingInstances": ("Terminating",),
    "GroupTotalInstances": ("InService", "Pending", "Standby", "Terminating"),
}


class Activity:
    """A scaling activity, as DescribeScalingActivities shows it.

    Parameters
    ----------
    activity_id, group_name, group_arn:
        Which activity, of which group.
    description, cause, details:
        AWS's sentences, and the zone and subnet as JSON text.
    start:
        When it began, naive in UTC.
    """

    def __init__(
        self,
        activity_id: str,
        group_name: str,
        group_arn: str,
        description: str,
        cause: str,
        details: str,
        start: datetime,
    ) -> None:
        self.activity_id = activity_id
        self.auto_scaling_group_name = group_name
        self.auto_scaling_group_arn = group_arn
        self.description = description
        self.cause = cause
        self.details = details
        self.start_time = start
        self.end_time: datetime | None = None
        self.status_code = "InProgress"
        self.status_message: str | None = None
        self.progress = 50

    def finish(self, now_us: int, status: str = "Successful", message: str | None = None) -> None:
        """The activity is over."""
        self.end_time = naive(now_us)
        self.status_code = status
        self.status_message = message
        self.progress = 100


@dataclass
class Wait:
    """A lifecycle hook that holds an instance."""

    token: str
    hook: Any
    until_us: int


@dataclass
class Life:
    """What happens in one group.

    Parameters
    ----------
    desired:
        The desired capacity that the group was last brought to.
    activities:
        Oldest first.
    starting, ending:
        The activity of each instance on its way in or out.
    waits:
        The hooks that hold each instance.
    warm_us:
        Instances that a step or target-tracking policy started: how long each warms up, and, once
        it is in service, until when.
    serving:
        The instances in service, as they were last told of.
    cooldown_us, cooldown_until_us:
        The cooldown that begins when the present activities are over, and when the last one ends.
    """

    desired: int = 0
    activities: list[Activity] = field(default_factory=list)
    starting: dict[str, Activity] = field(default_factory=dict)
    ending: dict[str, Activity] = field(default_factory=dict)
    waits: dict[str, list[Wait]] = field(default_factory=dict)
    warming_us: dict[str, int] = field(default_factory=dict)
    warm_until_us: dict[str, int] = field(default_factory=dict)
    serving: tuple[str, ...] = ()
    cooldown_us: int = 0
    cooldown_until_us: int = 0
    failures: int = 0
    measuring: int = 0
    checking: bool = False

    def cooling(self, now_us: int) -> bool:
        """Whether a simple policy has to wait."""
        busy = bool(self.starting or self.ending)
        return (self.cooldown_us > 0 and busy) or now_us < self.cooldown_until_us

    def warming(self, now_us: int) -> int:
        """How many instances do not count yet for step and target-tracking policies."""
        done = [one for one, until in self.warm_until_us.items() if until <= now_us]
        for one in done:
            del self.warm_until_us[one]
        return len(self.warming_us) + len(self.warm_until_us)


def naive(us: int) -> datetime:
    """An instant as moto keeps it."""
    return to_datetime(us).replace(tzinfo=None)


def at(us: int, what: str) -> str:
    """One sentence of a cause."""
    return f"At {iso(us)} {what}"


#: Why an instance is started when another one has failed.
REPLACED = "an instance was launched in response to an unhealthy instance needing to be replaced."


def where_is(group: Any) -> dict[str, Any]:
    """Which group, as the clock's events carry it."""
    return {"account": group.account_id, "region": group.region, "group": group.name}
