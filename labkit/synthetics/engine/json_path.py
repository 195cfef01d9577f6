"""Where a JSONPath leads: names, places, wildcards and descents.

``$.users[0].name``, ``$['first name']``, ``$.items[*].id``, ``$..price``, ``$.items[-1]``. Filters
and slices are refused: a check that takes them for something else would pass for the wrong reason.
"""

from __future__ import annotations

import re
from typing import Any

_PART = re.compile(
    r"""(?P<down>\.\.)?(?:\.?(?P<name>[A-Za-z_$][\w$-]*)|\.?(?P<every>\*)
    |\[\s*(?:(?P<place>-?\d+)|(?P<all>\*)|'(?P<one>[^']*)'|"(?P<two>[^"]*)")\s*\])""",
    re.VERBOSE,
)


class BadPath(ValueError):
    """A path that can't be read; the message says where."""


def find(value: Any, path: str) -> list[Any]:
    """All that a path leads to, in the order of the document.

    >>> find({"a": [{"b": 1}, {"b": 2}]}, "$.a[*].b")
    [1, 2]

    Raises
    ------
    BadPath
        For what is no path, or one with a filter or slice.
    """
    rest, found = path.removeprefix("$"), [value]
    while rest:
        part = _PART.match(rest)
        if part is None:
            raise BadPath(f"{path!r} is no JSONPath that can be followed from {rest!r} on")
        rest = rest[part.end() :]
        if part["down"]:
            found = [below for one in found for below in _below(one)]
        found = [next_ for one in found for next_ in _step(one, part)]
    return found


def _below(value: Any) -> list[Any]:
    inside = value.values() if isinstance(value, dict) else value
    deeper = inside if isinstance(value, dict | list) else ()
    return [value, *(below for one in deeper for below in _below(one))]


def _step(value: Any, part: re.Match[str]) -> list[Any]:
    if part["every"] or part["all"]:
        if isinstance(value, dict):
            return list(value.values())
        return value if isinstance(value, list) else []
    if part["place"] is not None:
        place = int(part["place"])
        inside = isinstance(value, list) and -len(value) <= place < len(value)
        return [value[place]] if inside else []
    name = next(part[key] for key in ("name", "one", "two") if part[key] is not None)
    return [value[name]] if isinstance(value, dict) and name in value else []
