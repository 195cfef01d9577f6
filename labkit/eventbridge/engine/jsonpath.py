"""The JSON paths of EventBridge: ``$.detail.instance-id``, ``$.resources[0]``, ``$.items[*].id``.

Source: EventBridge user guide, "Amazon EventBridge input transformation".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d+|\*)\]|\[['"]([^'"]+)['"]\]""")


class Missing:
    """What a path that leads nowhere gives."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()

Step = str | int | None


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[Step, ...] | None:
    """The steps of a path: names, places, None for ``[*]``. None when it is no path."""
    if not path.startswith("$"):
        return None
    found: list[Step] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return None
        name, place, quoted = match.groups()
        if place is not None:
            found.append(None if place == "*" else int(place))
        else:
            found.append(quoted if name is None else name)
        at = match.end()
    return tuple(found)


def look(path: str, event: Any) -> Any:
    """What a path leads to; :data:`MISSING` when it leads nowhere."""
    walked = steps(path)
    return MISSING if walked is None else _walk(event, walked)


def _walk(value: Any, walked: tuple[Step, ...]) -> Any:
    for at, step in enumerate(walked):
        if step is None:
            if not isinstance(value, list):
                return MISSING
            found = [_walk(one, walked[at + 1 :]) for one in value]
            return [one for one in found if one is not MISSING]
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return MISSING
            value = value[step]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return MISSING
    return value
