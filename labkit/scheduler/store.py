"""What EventBridge Scheduler remembers for one account and Region."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from labkit.scheduler.records import DEFAULT_GROUP, Group, Schedule

if TYPE_CHECKING:
    from labkit.scheduler.service import Scheduler


class Store:
    """Groups and schedules.

    Parameters
    ----------
    account, region:
        Whose and where.
    service:
        The Scheduler that it belongs to.
    now_us:
        When the default group came to be.
    """

    def __init__(self, account: str, region: str, service: Scheduler, now_us: int) -> None:
        self.account = account
        self.region = region
        self.service = service
        self.groups: dict[str, Group] = {}
        self.schedules: dict[tuple[str, str], Schedule] = {}
        self.add_group(DEFAULT_GROUP, now_us)

    def add_group(self, name: str, now_us: int) -> Group:
        """Remember a new group."""
        group = Group(name, self.arn(f"schedule-group/{name}"), now_us, now_us)
        self.groups[name] = group
        return group

    def arn(self, resource: str) -> str:
        """The ARN of something of Scheduler's here."""
        return f"arn:aws:scheduler:{self.region}:{self.account}:{resource}"

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values."""
        return [
            [asdict(group) for _, group in sorted(self.groups.items())],
            [asdict(schedule) for _, schedule in sorted(self.schedules.items())],
        ]
