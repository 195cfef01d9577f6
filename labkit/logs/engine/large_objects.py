"""Events beyond 1 MB: which of their texts are cut, and what becomes a large log object.

Up to ten texts are cut, the largest first, each as far as it takes to bring the event to 1 MB. What
was cut is kept whole, under a pointer that the event names in a field ``@ptr.$['path']['to']``
(API reference, GetLogObject).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.core.jsontext import dumps

#: Texts of one event that are cut at most.
MOST_OBJECTS = 10

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """An event that fits, and the whole texts that were cut in it, by their path."""

    text: str
    objects: Mapping[str, str] = field(default_factory=dict)


def cut(event: Mapping[str, Any], most: int) -> Cut | None:
    """An event in at most ``most`` bytes of JSON; None when ten cuts do not bring it there.

    The event itself is left as it is.
    """
    text = dumps(event)
    excess = len(text.encode()) - most
    if excess <= 0:
        return Cut(text)
    held = _copy(event)
    leaves = sorted(_texts(event), key=lambda leaf: -len(leaf[1].encode()))
    objects: dict[str, str] = {}
    for path, whole in leaves[:MOST_OBJECTS]:
        left = whole
        # A sign that JSON writes with an escape gives back more bytes than it has: cut, then count.
        while excess > 0 and left:
            left = _shorter(left, excess)
            _put(held, path, left)
            text = dumps(held)
            excess = len(text.encode()) - most
        objects[told(path)] = whole
        if excess <= 0:
            return Cut(text, objects)
    return None


def told(path: Path) -> str:
    """A path as the field of an event names it: ``$['input']['messages'][0]``."""
    parts = [f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in path]
    return "$" + "".join(parts)


def _shorter(text: str, by: int) -> str:
    """A text without its last ``by`` bytes, and without half a letter."""
    held = text.encode()
    return held[: max(len(held) - by, 0)].decode("utf-8", "ignore")


def _texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _texts(one, (*path, name))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _texts(one, (*path, place))


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(one) for name, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value


def _put(value: Any, path: Path, text: str) -> None:
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = text
