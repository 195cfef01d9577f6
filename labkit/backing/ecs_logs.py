"""The awslogs driver of ECS containers: its options, and which lines are one event.

====================================  ==============================================================
option                                what it does
====================================  ==============================================================
``awslogs-group``, ``awslogs-region``  where to
``awslogs-stream-prefix``             stream ``prefix/container/task-id``, else the container's id
``awslogs-create-group``              ``true``: a group that is missing is made, if the role may
``awslogs-multiline-pattern``         a line that matches begins an event, others belong to it
``awslogs-datetime-format``           the same with a time as strftime's codes; goes first
``mode``, ``max-buffer-size``         how a real driver waits when the service is slow: nothing here
====================================  ==============================================================

Sources: ECS developer guide, "Using the awslogs log driver"; Docker, "Amazon CloudWatch Logs
logging driver" (the codes of a time and what they match).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from labkit.core.errors import AwsError

#: Codes of ``awslogs-datetime-format``, and what each matches.
_CODES = {
    "a": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)",
    "A": r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day",
    "b": r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
    "B": r"(?:January|February|March|April|May|June|July|August|September|October|November|"
    r"December)",
    "d": r"(?:0?[1-9]|[1,2]\d|3[0,1])", "m": r"(?:0?[1-9]|1[0-2])", "y": r"\d{2}", "Y": r"\d{4}",
    "H": r"(?:[0-1]?\d|2[0-3])", "I": r"(?:0?\d|1[0-2])", "p": r"[A,P]M", "M": r"[0-5]?\d",
    "S": r"[0-5]?\d", "f": r"\d{1,9}", "L": r"\.\d{3}", "z": r"[+-]\d{4}", "Z": r"[A-Z]{1,4}T",
    "w": r"[0-6]", "j": r"(?:0[0-9]?\d|[1-2]\d{2}|3[0-5]\d|36[0-6])", "%": "%",
}  # fmt: skip


def options(given: dict[str, Any]) -> dict[str, str] | None:
    """The options of a container's awslogs driver; None when it writes elsewhere."""
    settings = given.get("logConfiguration") or {}
    if settings.get("logDriver") != "awslogs":
        return None
    found: dict[str, str] = settings.get("options") or {}
    return found if "awslogs-group" in found else None


def creates_group(settings: dict[str, str]) -> bool:
    """Whether a missing group shall be made."""
    return settings.get("awslogs-create-group", "false").lower() == "true"


def events(settings: dict[str, str], lines: Sequence[str]) -> list[str]:
    """Lines as events: several in one where the driver has a pattern for the first."""
    start = _start(settings)
    if start is None:
        return list(lines)
    found: list[list[str]] = []
    for line in lines:
        if not found or start.search(line):
            found.append([])
        found[-1].append(line)
    return ["\n".join(one) for one in found]


def check(given: dict[str, Any]) -> None:
    """Whether the driver of a container definition can be run with its options.

    Raises
    ------
    AwsError
        ClientException for a pattern that is none.
    """
    settings = options(given)
    if settings is None:
        return
    try:
        _start(settings)
    except re.error as problem:
        raise AwsError(
            "ClientException",
            f"awslogs-multiline-pattern of the container {given.get('name', '')} is no regular "
            f"expression: {problem}",
        ) from None


def _start(settings: dict[str, str]) -> re.Pattern[str] | None:
    """What the first line of an event looks like; None when every line is one."""
    form = settings.get("awslogs-datetime-format", "")
    if form:
        parts = re.split(r"%(.)", form)
        text = "".join(
            _CODES.get(part, re.escape(f"%{part}")) if n % 2 else re.escape(part)
            for n, part in enumerate(parts)
        )
        return re.compile(text)
    pattern = settings.get("awslogs-multiline-pattern", "")
    return re.compile(pattern) if pattern else None
