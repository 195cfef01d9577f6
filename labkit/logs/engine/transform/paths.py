"""Keys of a transformed event: ``outer.inner``, places in lists by number, quotes for odd names."""

from __future__ import annotations

from typing import Any


class TransformError(ValueError):
    """A configuration that cannot be run."""


def steps(path: str) -> list[str]:
    """The names of a path; a name in double quotes may hold dots."""
    out: list[str] = []
    name, quoted = "", False
    for letter in path:
        if letter == '"':
            quoted = not quoted
        elif letter == "." and not quoted:
            out.append(name)
            name = ""
        else:
            name += letter
    return [*out, name]


#: How deep a key may be nested (user guide, CloudWatch-Logs-Transformation-Processors).
DEEPEST = 3


def check_depth(processor: str, key: str, path: str | None) -> None:
    """Refuse a path that is too deep.

    Raises
    ------
    TransformError
        With the path.
    """
    if path and len(steps(path)) > DEEPEST:
        raise TransformError(f"{processor}: {key} {path} is nested deeper than {DEEPEST} keys.")


_MISSING = object()


def get(event: Any, path: str, default: Any = None) -> Any:
    """What stands at a path."""
    held = event
    for name in steps(path):
        if isinstance(held, dict) and name in held:
            held = held[name]
        elif isinstance(held, list) and name.isdigit() and int(name) < len(held):
            held = held[int(name)]
        else:
            return default
    return held


def has(event: Any, path: str) -> bool:
    """Whether anything stands at a path."""
    return get(event, path, _MISSING) is not _MISSING


def put(event: dict[str, Any], path: str, value: Any, overwrite: bool = True) -> None:
    """Set what stands at a path; maps on the way are made."""
    names = steps(path)
    held: Any = event
    for name in names[:-1]:
        below = held.get(name) if isinstance(held, dict) else None
        if not isinstance(below, dict):
            if not isinstance(held, dict):
                return
            below = held[name] = {}
        held = below
    if isinstance(held, dict) and (overwrite or names[-1] not in held):
        held[names[-1]] = value


def drop(event: dict[str, Any], path: str) -> None:
    """Take away what stands at a path."""
    names = steps(path)
    held = get(event, ".".join(names[:-1])) if len(names) > 1 else event
    if isinstance(held, dict):
        held.pop(names[-1], None)
