"""What the model says a parameter must be, checked as AWS checks it, in AWS's words.

botocore checks types, required members and minima before a request leaves; lengths, patterns, enum
values and maxima it leaves to the service. Every service answers them in one form:

    2 validation errors detected: Value 'x' at 'stateValue' failed to satisfy constraint: Member
    must satisfy enum value set: [OK, ALARM]; Value ...

(aws-semantics 11; paths in lowerCamelCase with 1-based ``.member.`` places, lists and structures
printed the Java way.) A walk is compiled once per operation and visits only what has constraints.
An operation whose service words these errors by itself says ``own_checks = True`` and is passed
over: PutMetricData does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from labkit.core.errors import AwsError

Check = Callable[[Any, str, list[str]], None]

#: Signs of a value that an error shows; ten thousand log events would be half a megabyte of it.
_LONGEST = 500


def checker(shape: Any, code: str) -> Callable[[dict[str, Any]], None] | None:
    """A function that raises ``AwsError(code)`` for parameters that break the model of ``shape``.

    None when the model constrains nothing.
    """
    check = _compile(shape, ()) if shape is not None else None
    if check is None:
        return None

    def run(params: dict[str, Any]) -> None:
        problems: list[str] = []
        check(params, "", problems)
        if problems:
            count = len(problems)
            noun = "error" if count == 1 else "errors"
            raise AwsError(code, f"{count} validation {noun} detected: {'; '.join(problems)}")

    return run


def _compile(shape: Any, inside: tuple[str, ...]) -> Check | None:
    if shape.name in inside:
        return None
    inside = (*inside, shape.name)
    kind = shape.type_name
    if kind == "structure":
        members = [
            (name, _camel(name), check)
            for name, member in shape.members.items()
            if (check := _compile(member, inside)) is not None
        ]
        return _structure(members) if members else None
    if kind == "list":
        return _list(shape, _compile(shape.member, inside))
    if kind == "string":
        return _string(shape)
    if kind in ("integer", "long"):
        return _number(shape)
    return None


def _structure(members: list[tuple[str, str, Check]]) -> Check:
    def check(value: Any, path: str, problems: list[str]) -> None:
        for name, camel, inner in members:
            one = value.get(name)
            if one is not None:
                inner(one, f"{path}.{camel}" if path else camel, problems)

    return check


def _list(shape: Any, item: Check | None) -> Check | None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if item is None and low is None and high is None:
        return None

    def check(value: Any, path: str, problems: list[str]) -> None:
        _length(value, path, problems, low, high)
        if item is not None:
            for place, one in enumerate(value, 1):
                item(one, f"{path}.{place}.member", problems)

    return check


def _string(shape: Any) -> Check | None:
    data = shape.metadata
    low, high, pattern = data.get("min"), data.get("max"), data.get("pattern")
    values = list(data.get("enum", ()))
    if low is None and high is None and pattern is None and not values:
        return None
    known = frozenset(values)
    match = _pattern(pattern)

    def check(value: Any, path: str, problems: list[str]) -> None:
        if known and value not in known:
            problems.append(_problem(value, path, f"satisfy enum value set: [{', '.join(values)}]"))
            return
        _length(value, path, problems, low, high)
        if match is not None and not match(value):
            problems.append(_problem(value, path, f"satisfy regular expression pattern: {pattern}"))

    return check


def _pattern(pattern: str | None) -> Callable[[str], Any] | None:
    """The pattern as Python reads it; one in a dialect that Python lacks is not checked."""
    if pattern is None:
        return None
    try:
        return re.compile(pattern, re.DOTALL).fullmatch
    except re.error:
        return None


def _number(shape: Any) -> Check | None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is None and high is None:
        return None

    def check(value: Any, path: str, problems: list[str]) -> None:
        if high is not None and value > high:
            problems.append(_problem(value, path, f"have value less than or equal to {high}"))
        elif low is not None and value < low:
            problems.append(_problem(value, path, f"have value greater than or equal to {low}"))

    return check


def _length(value: Any, path: str, problems: list[str], low: int | None, high: int | None) -> None:
    size = len(value)
    if high is not None and size > high:
        problems.append(_problem(value, path, f"have length less than or equal to {high}"))
    elif low is not None and size < low:
        problems.append(_problem(value, path, f"have length greater than or equal to {low}"))


def _problem(value: Any, path: str, constraint: str) -> str:
    shown = _java(value)
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]}..."
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {constraint}"


def _java(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{_camel(key)}={_java(one)}" for key, one in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_java, value))}]"
    return str(value)


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
