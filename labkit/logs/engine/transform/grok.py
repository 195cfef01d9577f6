"""Grok: ``%{IP:client} %{WORD:verb} %{NUMBER:bytes}``, on RE2.

A match covers the whole text: the guide's ``%{DATA:x} %{DATA:y}`` leaves ``def ghi`` to ``y``. All
fields are texts; ``typeConverter`` makes numbers of them. Between the patterns stands a regular
expression, but a bracket around patterns, as in ``[%{NUMBER:db} %{IP:client}]``, is a bracket.
Source: user guide, CloudWatch-Logs-Transformation-Configurable.
"""

from __future__ import annotations

import re as _marks
from functools import cache
from typing import Any

from labkit.logs.engine import linear_regexes
from labkit.logs.engine.batch import clean
from labkit.logs.engine.transform import common_logs
from labkit.logs.engine.transform.grok_patterns import LIMITS, MOST, PATTERNS, QUOTED, TOGETHER
from labkit.logs.engine.transform.paths import TransformError

_MARK = _marks.compile(r"%\{(\w+)(?::([\w.\[\]@-]+))?(?::(\w+))?\}")


@cache
def compiled(pattern: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
    """The expression and, for each of its groups, the field and the name of its pattern.

    Raises
    ------
    TransformError
        For a pattern that there is not, or that RE2 does not take.
    """
    fields: list[tuple[str, str]] = []
    return _expression(_expanded(pattern, fields)), tuple(fields)


def _expression(text: str) -> Any:
    try:
        return linear_regexes.compiled(text)
    except linear_regexes.BadRegex as bad:
        raise TransformError(f"The grok pattern is not valid: {bad}") from None


def _expanded(pattern: str, fields: list[tuple[str, str]]) -> str:
    """The regular expression of a pattern; its fields are added to ``fields``."""
    out, at = [], 0
    for mark in _MARK.finditer(pattern):
        out.append(_between(pattern[at : mark.start()]))
        name, field, kind = mark.groups()
        if kind:
            raise TransformError(
                f"grok does not convert types: {mark.group()}. typeConverter makes numbers."
            )
        if name not in PATTERNS:
            raise TransformError(f"grok has no pattern {name}.")
        if field:
            out.append(f"(?P<g{len(fields)}>")
            fields.append((field, name))
        out.append(f"{'' if field else '(?:'}{_expanded(PATTERNS[name], fields)})")
        at = mark.end()
    out.append(_between(pattern[at:]))
    return "".join(out)


def _between(text: str) -> str:
    """What stands between patterns: an open bracket that is not closed there is that letter."""
    last = text.rfind("[")
    if last < 0 or "]" in text[last:] or (last and text[last - 1] == "\\"):
        return text
    return f"{text[:last]}\\{text[last:]}"


def check(pattern: str) -> None:
    """Refuse a pattern that a transformer can not have.

    Raises
    ------
    TransformError
        With what is wrong.
    """
    names = [mark.group(1) for mark in _MARK.finditer(pattern)]
    if len(names) > MOST:
        raise TransformError(f"grok: at most {MOST} patterns, not {len(names)}.")
    for name in dict.fromkeys(names):
        if names.count(name) > LIMITS.get(name, MOST):
            raise TransformError(f"grok: {name} at most {LIMITS[name]} times.")
    if sum(name in TOGETHER for name in names) > 5:
        raise TransformError(f"grok: at most five of {', '.join(sorted(TOGETHER))} together.")
    _compiled(pattern)


@cache
def _compiled(pattern: str) -> tuple[str, Any, tuple[tuple[str, str], ...]]:
    """The name of the log format at the head, or ""; the expression; the fields."""
    names = [mark.group(1) for mark in _MARK.finditer(pattern)]
    known = [name for name in names if name in common_logs.EXPRESSIONS]
    if not known:
        return ("", *compiled(pattern))
    mark = _MARK.match(pattern)
    if mark is None or mark.group(1) != known[0]:
        raise TransformError(f"grok: {known[0]} has to be the first pattern.")
    if len(names) > 2 or not common_logs.REST.issuperset(names[1:]):
        raise TransformError(
            f"grok: only one of {', '.join(sorted(common_logs.REST))} may follow {known[0]}."
        )
    fields: list[tuple[str, str]] = []
    rest = _expanded(pattern[mark.end() :], fields)
    return known[0], _expression(common_logs.EXPRESSIONS[known[0]] + rest), tuple(fields)


def match(pattern: str, text: str) -> dict[str, Any] | None:
    """The fields of a text, None when it does not match."""
    form, expression, fields = _compiled(pattern)
    found = expression.fullmatch(clean(text))
    if found is None:
        return None
    named = found.groupdict()
    own = {f"g{number}": field for number, field in enumerate(fields)}
    out: dict[str, Any] = {}
    if form:
        out = common_logs.fields(form, {k: v for k, v in named.items() if k not in own})
    for group, (field, name) in own.items():
        value = named[group]
        if value is not None:
            out[field] = value[1:-1] if name in QUOTED else value
    return out
