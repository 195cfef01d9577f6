"""Events of an archive: when each happened, and how a replay marks it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labkit.core.clock import to_us


def moment_of(event: Mapping[str, Any], otherwise_us: int) -> int:
    """The instant of an event's own time; ``otherwise_us`` when that is no time."""
    try:
        return to_us(datetime.fromisoformat(str(event["time"])))
    except (KeyError, ValueError):
        return otherwise_us


def marked(event: Mapping[str, Any], replay: str) -> dict[str, Any]:
    """The event with its ``replay-name``, which stands after the Region."""
    found: dict[str, Any] = {}
    for name, value in event.items():
        if name != "replay-name":
            found[name] = value
        if name == "region":
            found["replay-name"] = replay
    found.setdefault("replay-name", replay)
    return found
