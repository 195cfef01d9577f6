"""Incidents: what goes wrong, as values that a replay can be given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

KINDS = ("cpu", "status_check_system", "status_check_instance")


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that befalls a part of the world.

    Parameters
    ----------
    kind:
        One of :data:`KINDS`.
    target:
        What it befalls: an instance id.
    start, end:
        Aware datetimes.
    size:
        How bad: percent for ``cpu``; without meaning for status checks.
    """

    kind: str
    target: str
    start: datetime
    end: datetime
    size: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no incident is called {self.kind!r}; there are {', '.join(KINDS)}")
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an incident's start and end are aware datetimes")
        if self.end <= self.start:
            raise ValueError("an incident ends after it starts")
