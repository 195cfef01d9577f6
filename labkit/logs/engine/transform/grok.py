"""Grok: ``%{IP:client} %{WORD:verb} %{NUMBER:bytes:int}``, on RE2."""

from __future__ import annotations

import re as _marks
from functools import cache
from typing import Any

from labkit.logs.engine.transform.paths import TransformError

#: The patterns that are there, by name. Longer ones are made of shorter ones.
PATTERNS = {
    "WORD": r"\b\w+\b", "NOTSPACE": r"\S+", "SPACE": r"\s*", "DATA": r".*?", "GREEDYDATA": r".*",
    "INT": r"[+-]?\d+", "NUMBER": r"[+-]?\d+(?:\.\d+)?", "BASE10NUM": r"[+-]?\d+(?:\.\d+)?",
    "POSINT": r"\b[1-9]\d*\b", "NONNEGINT": r"\b\d+\b", "BASE16NUM": r"(?:0[xX])?[0-9a-fA-F]+",
    "USERNAME": r"[a-zA-Z0-9._-]+", "USER": r"[a-zA-Z0-9._-]+",
    "QUOTEDSTRING": r"\"(?:[^\"\\]|\\.)*\"", "QS": r"\"(?:[^\"\\]|\\.)*\"",
    "UUID": r"[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}",
    "IPV4": r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", "IPV6": r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+",
    "IP": r"(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+)",
    "HOSTNAME": r"[0-9A-Za-z][0-9A-Za-z.-]*", "IPORHOST": r"[0-9A-Za-z][0-9A-Za-z.:-]*",
    "HOST": r"[0-9A-Za-z][0-9A-Za-z.-]*", "PATH": r"/[^\s]*", "URIPATH": r"/[^\s?#]*",
    "URIPARAM": r"\?\S*", "URI": r"[A-Za-z][A-Za-z0-9+.-]*://\S+",
    "MONTH": r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b",
    "MONTHNUM": r"(?:0?[1-9]|1[0-2])", "MONTHDAY": r"(?:0[1-9]|[12]\d|3[01]|[1-9])",
    "DAY": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*", "YEAR": r"\d{4}|\d{2}",
    "HOUR": r"(?:2[0-3]|[01]?\d)", "MINUTE": r"[0-5]\d", "SECOND": r"[0-5]?\d(?:[:.,]\d+)?",
    "TIME": r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?",
    "TIMESTAMP_ISO8601":
        r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?",
    "HTTPDATE": r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}",
    "SYSLOGTIMESTAMP": r"[A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}",
    "LOGLEVEL": r"(?i:alert|trace|debug|notice|info|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|"
                r"severe|emerg(?:ency)?)",
}  # fmt: skip

_MARK = _marks.compile(r"%\{(\w+)(?::([\w.\[\]@-]+))?(?::(int|float|long|string))?\}")

_TYPES: dict[str, Any] = {"int": int, "long": int, "float": float, "string": str}


@cache
def compiled(pattern: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
    """The expression and, for each of its groups, the field and its type.

    Raises
    ------
    TransformError
        For a pattern that there is not, or that RE2 does not take.
    """
    import re2

    fields: list[tuple[str, str]] = []
    out, at = [], 0
    for mark in _MARK.finditer(pattern):
        out.append(pattern[at : mark.start()])
        name, field, kind = mark.groups()
        if name not in PATTERNS:
            raise TransformError(f"grok has no pattern {name}.")
        if field:
            out.append(f"(?P<g{len(fields)}>{PATTERNS[name]})")
            fields.append((field, kind or "string"))
        else:
            out.append(f"(?:{PATTERNS[name]})")
        at = mark.end()
    out.append(pattern[at:])
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile("".join(out), options), tuple(fields)
    except re2.error as error:
        raise TransformError(f"The grok pattern is not valid: {error}") from None


def match(pattern: str, text: str) -> dict[str, Any] | None:
    """The fields of a text, None when it does not match."""
    expression, fields = compiled(pattern)
    found = expression.search(text)
    if found is None:
        return None
    out: dict[str, Any] = {}
    for number, (field, kind) in enumerate(fields):
        value = found.group(f"g{number}")
        if value is not None:
            try:
                out[field] = _TYPES[kind](value)
            except ValueError:
                out[field] = value
    return out
