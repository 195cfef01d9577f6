"""What an expression is in SQL, and of which kind; the numbers and times in texts.

Logs Insights has no declared types: a field is a text, and it *is* a number when the text consists
of a number only. So every value here carries its kind, and the conversions stand in one place.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """A value in SQL.

    ``kind``: ``text`` (may hold a number), ``num`` (DOUBLE), ``bool``, ``time`` (milliseconds since
    the epoch, BIGINT), ``json`` (a map, a list or a leaf). ``literal``: the value itself, when it
    is known already.
    """

    sql: str
    kind: str
    literal: str | float | int | None = None

    @property
    def num(self) -> str:
        """As a number: NULL for what is none."""
        match self.kind:
            case "num":
                return self.sql
            case "time":
                return f"CAST({self.sql} AS DOUBLE)"
            case "bool":
                return f"CAST(CAST({self.sql} AS INTEGER) AS DOUBLE)"
            case _:
                if isinstance(self.literal, str):
                    number = numeric(self.literal)
                    return "CAST(NULL AS DOUBLE)" if number is None else literal_number(number)
                return f"lq_num({self.text})"

    @property
    def text(self) -> str:
        """As a text, the way a result shows it."""
        match self.kind:
            case "num":
                return f"lq_shown({self.sql})"
            case "time":
                return f"lq_time({self.sql})"
            case "bool":
                return f"CAST(CAST({self.sql} AS INTEGER) AS VARCHAR)"
            case "json":
                return f"lq_leaf({self.sql})"
            case _:
                return self.sql

    @property
    def shown(self) -> str:
        """As a result shows it: a map or a list as JSON."""
        return f"lq_json_shown({self.sql})" if self.kind == "json" else self.text

    @property
    def condition(self) -> str:
        """As a condition: numbers other than zero hold."""
        return self.sql if self.kind == "bool" else f"({self.num} <> 0)"


def numeric(text: str) -> float | None:
    """The number that a text consists of, None when it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    finite = number == number and abs(number) != float("inf")
    return number if finite and not text[:1].isspace() and "_" not in text else None


def literal_number(number: float) -> str:
    """A number in SQL."""
    return f"CAST({number!r} AS DOUBLE)"


def quoted(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def column(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text_value(text: str) -> Value:
    """A text that is known."""
    return Value(quoted(text), "text", text)


def number_value(number: float) -> Value:
    """A number that is known."""
    return Value(literal_number(number), "num", number)


NULL = Value("CAST(NULL AS VARCHAR)", "text")
