"""Dates by the patterns of Java's ``DateTimeFormatter``, as parseDate and formatDate take them."""

from __future__ import annotations

import re as _words
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

# Letters of a pattern come in runs, texts in single quotes; this splits a pattern, it never sees
# a user's expression.
_PARTS = _words.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")

_FORMAT = {
    "yyyy": "%Y", "uuuu": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m",
    "dd": "%d", "d": "%d", "HH": "%H", "H": "%H", "hh": "%I", "h": "%I", "mm": "%M", "m": "%M",
    "ss": "%S", "s": "%S", "SSSSSS": "%f", "SSS": "%f", "a": "%p", "EEEE": "%A", "EEE": "%a",
    "E": "%a", "Z": "%z", "X": "%z", "XX": "%z", "XXX": "%z", "DDD": "%j", "z": "%Z",
}  # fmt: skip


@cache
def zone(name: str) -> tzinfo | None:
    """A time zone by its name, None when there is none of that name."""
    if name.upper() in ("UTC", "Z", "GMT", ""):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


@cache
def _directives(pattern: str) -> tuple[tuple[str, str], ...] | None:
    """Pairs (Java's run of letters or "", Python's directive or the text); None when unknown."""
    found = []
    for match in _PARTS.finditer(pattern):
        run = match.group(0)
        if match.group(2):
            directive = _FORMAT.get(run)
            if directive is None:
                return None
            found.append((run, directive))
        else:
            literal = match.group(1)
            text = run if literal is None else (literal.replace("''", "'") or "'")
            found.append(("", text.replace("%", "%%")))
    return tuple(found)


def parse_date(text: str, pattern: str, zone_name: str = "UTC") -> int | None:
    """Milliseconds since the epoch; None when the text does not fit or the pattern is unknown."""
    directives, where = _directives(pattern), zone(zone_name)
    if directives is None or where is None:
        return None
    try:
        shape = "".join(directive for _, directive in directives)
        found = datetime.strptime(text.strip(), shape)  # noqa: DTZ007 (the zone comes next)
        if found.tzinfo is None:
            found = found.replace(tzinfo=where)
        return (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None


def format_date(ms: float, pattern: str, zone_name: str = "UTC") -> str | None:
    """A time by a pattern; None when the pattern is unknown or the time beyond the calendar."""
    directives, where = _directives(pattern), zone(zone_name)
    if directives is None or where is None:
        return None
    try:
        at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(where)
    except (OverflowError, ValueError):
        return None
    return "".join(_piece(at, run, directive) for run, directive in directives)


def _piece(at: datetime, run: str, directive: str) -> str:
    if not run:
        return directive.replace("%%", "%")
    if run == "SSS":
        return f"{at.microsecond // 1000:03d}"
    if run in ("yyyy", "uuuu"):
        return f"{at.year:04d}"
    if run in ("X", "XX", "XXX", "Z"):
        return _offset(at, run)
    shown = at.strftime(directive)
    return shown.lstrip("0") or "0" if run in ("M", "d", "H", "h", "m", "s") else shown


def _offset(at: datetime, run: str) -> str:
    shown = at.strftime("%z")
    if run != "Z" and shown == "+0000":
        return "Z"
    if run == "XXX":
        return f"{shown[:3]}:{shown[3:]}"
    return shown[:3] if run == "X" and shown.endswith("00") else shown


def by_strftime(ms: float, pattern: str, zone_name: str = "UTC") -> str | None:
    """A time by C's ``strftime``; None beyond the calendar."""
    where = zone(zone_name)
    if where is None:
        return None
    try:
        at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(where)
        return at.strftime(pattern)
    except (OverflowError, ValueError):
        return None
