"""Functions as rows of text: ``name, other | arguments | kind | SQL``.

An argument is a letter: ``t`` a text, ``n`` a number, ``i`` a whole number, ``m`` a time (BIGINT,
milliseconds), ``b`` a condition, ``j`` JSON, ``e`` a member
of a list as JSON, ``c`` a text in quotes, ``w`` a unit of
time, which stands in the SQL in duckdb's word. ``t*`` at the end: any number of them, which
``{all}`` lists. The kind is that of the answer; ``num`` is kept finite. ``{now}`` is the instant of
the query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labkit.logs.engine.ql.values import Value

#: What a builder may need to know of the query: when it runs (milliseconds).
Build = Callable[[Sequence[Value], int], Value]


class WrongValue(ValueError):
    """A value that a function cannot take, in words."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function for one number of values. ``plain``: it may be called without any field."""

    name: str
    fewest: int
    most: int
    build: Build
    plain: bool = False


#: Units of INTERVAL, of date_trunc and its like, in duckdb's words.
UNITS = {
    "microsecond": "microsecond", "millisecond": "millisecond", "second": "second", "sec": "second",
    "minute": "minute", "min": "minute", "hour": "hour", "day": "day", "week": "week",
    "month": "month", "mon": "month", "mm": "month", "quarter": "quarter", "year": "year",
    "yyyy": "year", "yy": "year", "dd": "day", "s": "second", "m": "minute", "h": "hour",
    "d": "day", "w": "week", "q": "quarter", "y": "year", "ms": "millisecond",
    "dayofweek": "dow", "dow": "dow", "doy": "doy", "epoch": "epoch",
}  # fmt: skip


def unit_of(word: str) -> str:
    """A unit of time in duckdb's words.

    Raises
    ------
    WrongValue
        When there is none of that name.
    """
    low = word.lower()
    found = UNITS.get(low) or UNITS.get(low.rstrip("s"))
    if found is None:
        raise WrongValue(f"there is no unit of time {word}")
    return found


Table = dict[str, list[Function]]

MANY = 1_000


def as_text(value: Value) -> str:
    """A value as a text, conditions as the words of Spark."""
    if value.kind == "bool":
        return f"CASE WHEN {value.sql} THEN 'true' WHEN NOT {value.sql} THEN 'false' END"
    return value.shown


def as_time(value: Value) -> str:
    """A value as a time: a text is read as ISO 8601, a number as seconds since the epoch."""
    if value.kind == "time":
        return value.sql
    if value.kind == "num":
        return f"lq_millis({value.sql} * 1000)"
    return f"os_ms({value.text})"


def as_json(value: Value) -> str:
    """A value as JSON: a text that holds JSON is parsed."""
    return value.sql if value.kind == "json" else f"lq_json({as_text(value)})"


def as_member(value: Value) -> str:
    """A value as a member of a list: numbers as numbers, other texts in quotes."""
    if value.kind == "num":
        return f"CAST(lq_shown({value.sql}) AS JSON)"
    if value.kind in ("json", "bool"):
        return value.sql if value.kind == "json" else f"to_json({value.sql})"
    text = as_text(value)
    if value.kind == "time" or isinstance(value.literal, str) or value.sql == "NULL":
        return f"to_json({text})"
    # A field has no type: what looks like a number is one.
    plain = f"regexp_full_match({text}, '-?(0|[1-9][0-9]*)([.][0-9]+)?')"
    return f"CASE WHEN {plain} THEN CAST({text} AS JSON) ELSE to_json({text}) END"


def _word(value: Value) -> str:
    if not isinstance(value.literal, str):
        raise WrongValue("a unit of time is needed, like 'DAY'")
    return unit_of(value.literal)


def _constant(value: Value) -> str:
    if not isinstance(value.literal, str):
        raise WrongValue("a text in quotes is needed here")
    return value.sql


_CONVERT: dict[str, Callable[[Value], str]] = {
    "t": as_text,
    "c": _constant,
    "n": lambda value: value.num,
    "i": lambda value: f"TRY_CAST({value.num} AS BIGINT)",
    "m": as_time,
    "b": lambda value: value.condition,
    "j": as_json,
    "e": as_member,
    "w": _word,
}


def add(table: Table, text: str, *, plain: bool = False) -> None:
    """Put rows into a table of functions."""
    for line in text.strip().splitlines():
        names, letters, kind, sql = (part.strip() for part in line.split("|", 3))
        for name in names.split(","):
            kinds = letters.split()
            open_end = bool(kinds) and kinds[-1].endswith("*")
            kinds = [one.rstrip("*") for one in kinds]
            table.setdefault(name.strip(), []).append(
                Function(
                    name.strip(),
                    len(kinds),
                    MANY if open_end else len(kinds),
                    _builder(kinds, kind, sql),
                    plain,
                )
            )


def _builder(kinds: Sequence[str], kind: str, sql: str) -> Build:
    def build(values: Sequence[Value], now_ms: int) -> Value:
        told = []
        for index, value in enumerate(values):
            told.append(_CONVERT[kinds[min(index, len(kinds) - 1)]](value))
        made = sql.format(
            *told,
            all=", ".join(told),
            rest=", ".join(told[1:]),
            joined=" || ".join(told),
            now=now_ms,
        )
        if kind == "num":
            made = f"lq_finite(CAST({made} AS DOUBLE))"
        return Value(f"({made})", kind)

    return build
