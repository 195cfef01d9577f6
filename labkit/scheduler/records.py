"""What EventBridge Scheduler remembers: schedules and their groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_GROUP = "default"


@dataclass(slots=True)
class Group:
    """A group of schedules."""

    name: str
    arn: str
    created_us: int
    modified_us: int
    tags: dict[str, str] = field(default_factory=dict)
    token: str = ""


@dataclass(slots=True)
class Schedule:
    """A schedule.

    Parameters
    ----------
    settings:
        What CreateSchedule was given beside name and group, by its names.
    start_us, end_us:
        Between which it fires; None where nobody said. An ``at`` ignores both.
    generation:
        Counts changes, so that a firing planned before a change is known for an old one.
    """

    name: str
    group: str
    arn: str
    created_us: int
    modified_us: int
    settings: Mapping[str, Any]
    start_us: int | None = None
    end_us: int | None = None
    generation: int = 0
    token: str = ""

    @property
    def enabled(self) -> bool:
        """Whether it fires."""
        return bool(self.settings.get("State", "ENABLED") == "ENABLED")

    @property
    def window_minutes(self) -> int:
        """How many minutes after its time it may fire; 0 for at once."""
        window: Mapping[str, Any] = self.settings["FlexibleTimeWindow"]
        return int(window.get("MaximumWindowInMinutes", 0)) if window["Mode"] != "OFF" else 0
