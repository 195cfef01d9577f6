"""An event as fields: path, value, and where in which list the value stood.

A list says "any of these": each of its values is a field of its own under the list's path. For a
list of objects that is not enough. Take ::

    {"songs": [{"name": "Help!", "year": 1965}, {"name": "Yesterday", "year": 1966}]}

A pattern that asks for ``Help!`` and 1966 must not match, though both values are there. So a field
remembers its **membership**: for each list on its way the number of the element it came from.
Fields fit together when no list counts them to two elements. Plain values of a list have no
membership in it, as in event-ruler: they never conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.eventbridge.engine.patterns.numbers import common
from labkit.eventbridge.engine.patterns.tree import FALSE, NULL, TRUE, Value

#: List (numbered as met) -> element.
Membership = Mapping[int, int]
Fields = dict[str, list[tuple[Value, Membership]]]

_NOWHERE: Membership = {}


def leaf(value: Any) -> Value:
    """A JSON value that is neither object nor list in the form in which values are compared."""
    if value is True:
        return TRUE
    if value is False:
        return FALSE
    if value is None:
        return NULL
    return value if isinstance(value, str) else common(value)


def flatten(event: Mapping[str, Any]) -> Fields:
    """Path -> (value, membership) of every leaf of an event.

    Keys are joined by dots; a key with a dot in it is the same path as two keys.
    """
    fields: Fields = {}
    lists = 0
    # An event may be nested a thousand levels deep: no recursion.
    todo: list[tuple[str | None, Any, Membership]] = [(None, event, _NOWHERE)]
    while todo:
        path, value, membership = todo.pop()
        if isinstance(value, dict):
            prefix = "" if path is None else f"{path}."
            todo.extend((prefix + key, one, membership) for key, one in reversed(value.items()))
        elif isinstance(value, list):
            number, lists = lists, lists + 1
            for place in range(len(value) - 1, -1, -1):
                one = value[place]
                inside = isinstance(one, dict | list)
                member = {**membership, number: place} if inside else membership
                todo.append((path, one, member))
        else:
            fields.setdefault(path or "", []).append((leaf(value), membership))
    return fields


def fits(one: Membership, other: Membership) -> Membership | None:
    """Both memberships together; None when a list counts them to two elements."""
    if not other:
        return one
    for number, place in other.items():
        if one.get(number, place) != place:
            return None
    return {**one, **other}
