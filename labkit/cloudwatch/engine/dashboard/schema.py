"""What the JSON of a widget may hold: small checks that tell AWS's sentences.

AWS checks dashboard bodies with a JSON schema and answers that checker's sentences with a capital
letter (``Should be array``, ``Should have required property 'metrics'``). A check here is a
function that takes a value and tells what is wrong with it: nothing, or (path below it, sentence)
pairs.

Sources: the API reference's "Dashboard Body Structure and Syntax"; sentences from answers that
people have published. Sentences of kinds that nobody has published follow the same pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

Found = Iterator[tuple[str, str]]
Check = Callable[[Any], Found]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a body: where (``/widgets/0/properties``), and what."""

    path: str
    message: str


def text(value: Any) -> Found:
    """Any string."""
    if not isinstance(value, str):
        yield "", "Should be string"


def boolean(value: Any) -> Found:
    """true or false."""
    if not isinstance(value, bool):
        yield "", "Should be boolean"


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number (true and false are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def number(value: Any) -> Found:
    """Any number."""
    if not is_number(value):
        yield "", "Should be number"


def whole(low: int | None = None, high: int | None = None) -> Check:
    """A whole number between bounds, both included."""

    def check(value: Any) -> Found:
        if not is_number(value) or value != int(value):
            yield "", "Should be integer"
        elif low is not None and value < low:
            yield "", f"Should be >= {low}"
        elif high is not None and value > high:
            yield "", f"Should be <= {high}"

    return check


def one_of(*allowed: str) -> Check:
    """One of some words."""

    def check(value: Any) -> Found:
        if value not in allowed:
            yield "", f"Should be equal to one of the allowed values: {', '.join(allowed)}"

    return check


def pattern(expression: str) -> Check:
    """A string that matches a regular expression, whole."""
    wanted = re.compile(expression)

    def check(value: Any) -> Found:
        if not isinstance(value, str):
            yield "", "Should be string"
        elif not wanted.fullmatch(value):
            yield "", f'Should match pattern "^{expression}$"'

    return check


def items(each: Check, *, least: int = 0, most: int | None = None) -> Check:
    """An array."""

    def check(value: Any) -> Found:
        if not isinstance(value, list):
            yield "", "Should be array"
            return
        if len(value) < least:
            yield "", f"Should NOT have less than {least} items"
        if most is not None and len(value) > most:
            yield "", f"Should NOT have more than {most} items"
        for place, one in enumerate(value):
            for path, message in each(one):
                yield f"/{place}{path}", message

    return check


def either(*checks: Check) -> Check:
    """What passes any of the checks; the last one's problems when none does."""

    def check(value: Any) -> Found:
        found: Sequence[tuple[str, str]] = ()
        for one in checks:
            found = list(one(value))
            if not found:
                return
        yield from found

    return check


def fields(known: Mapping[str, Check], *, required: Sequence[str] = ()) -> Check:
    """An object with some known members, of which some must be there.

    Members that are not known are not looked at here: see :func:`unknown`.
    """

    def check(value: Any) -> Found:
        if not isinstance(value, dict):
            yield "", "Should be object"
            return
        for name in required:
            if name not in value:
                yield "", f"Should have required property '{name}'"
        for name, inside in value.items():
            if name in known:
                for path, message in known[name](inside):
                    yield f"/{name}{path}", message

    return check


def unknown(value: Mapping[str, Any], known: Mapping[str, Check]) -> list[str]:
    """The members of an object that nobody reads."""
    return [name for name in value if name not in known]
