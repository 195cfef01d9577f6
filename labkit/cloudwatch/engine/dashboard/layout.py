"""Where widgets stand: 24 columns, rows without end.

A widget with ``x`` and ``y`` stands there; one without stands in the next free place, from left to
right, in a new row where the width does not suffice.

Source: API reference, "Widgets Array Structure".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Place:
    """A widget's place in grid units."""

    x: int
    y: int
    width: int
    height: int

    def overlaps(self, other: Place) -> bool:
        """Whether two places share a cell."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


def places(widgets: Sequence[Mapping[str, Any]]) -> list[Place]:
    """The place of each widget, in the order of the body.

    Widgets that would lie on others are moved down until they are free, as the console does.
    """
    taken: list[Place] = []
    x = y = row = 0
    for widget in widgets:
        width, height = int(widget.get("width", 6)), int(widget.get("height", 6))
        if "x" in widget and "y" in widget:
            place = Place(int(widget["x"]), int(widget["y"]), width, height)
        else:
            if x + width > COLUMNS:
                x, y, row = 0, y + row, 0
            place = Place(x, y, width, height)
            x, row = x + width, max(row, height)
        while blockers := [one for one in taken if one.overlaps(place)]:
            down = min(one.y + one.height for one in blockers)
            place = Place(place.x, max(down, place.y + 1), width, height)
        taken.append(place)
    return taken
