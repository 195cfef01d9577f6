"""What a group's transformer makes of the lines that come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.logs.engine.transform import transform
from labkit.logs.records import LogGroup

#: The kind of policy of a group under which its transformer is kept.
KIND = "transformer"


def transformed(group: LogGroup, messages: Sequence[str]) -> Sequence[str]:
    """The lines as filters on transformed logs see them; empty when nothing transforms them.

    A line of which the transformer makes nothing stays as it came.
    """
    held: Any = group.policies.get(KIND)
    if held is None:
        return ()
    return [transform(held.config, text) or text for text in messages]
