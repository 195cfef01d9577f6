"""Results as Athena writes them: every value a text, in its own forms for arrays, rows, times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

_TYPES = {
    "HUGEINT": "bigint", "UBIGINT": "bigint", "UINTEGER": "bigint", "FLOAT": "float",
    "VARCHAR": "varchar", "JSON": "json", "BLOB": "varbinary", "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone", "TIME": "time",
    "INTERVAL": "interval day to second", '"NULL"': "unknown", "NULL": "unknown", "UUID": "varchar",
    "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp", "TIMESTAMP_S": "timestamp",
}  # fmt: skip


def athena_type(duckdb: str) -> str:
    """Athena's name (GetQueryResults) of one of duckdb's types."""
    if duckdb.endswith("]"):
        return "array"
    if duckdb.startswith("STRUCT"):
        return "row"
    if duckdb.startswith("MAP"):
        return "map"
    if duckdb.startswith("DECIMAL"):
        # SUM of integers is a bigint in Athena, DECIMAL(38,0) in duckdb.
        return "bigint" if duckdb.endswith(",0)") else "decimal"
    return _TYPES.get(duckdb, duckdb.lower())


def text_of(value: Any) -> str | None:
    """A value as Athena shows it; None for NULL."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, datetime):
        text = value.replace(tzinfo=None).isoformat(" ", timespec="milliseconds")
        return text + " UTC" if value.tzinfo else text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        inside = ", ".join(f"{str(k).lower()}={_inner(v)}" for k, v in value.items())
        return "{" + inside + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_inner(one) for one in value) + "]"
    if isinstance(value, bytes):
        return value.hex(" ")
    return str(value)


def _inner(value: Any) -> str:
    text = text_of(value)
    return "null" if text is None else text


def _double(value: float) -> str:
    """As Java writes doubles: 1.0E7, 0.5, 1.0E-4."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        found = re.fullmatch(r"(-?)(\d+)\.(\d+)", f"{value!r}")
        assert found is not None
        sign, whole, rest = found.groups()
        if whole.strip("0"):
            figures, power = (whole + rest).rstrip("0"), len(whole) - 1
        else:
            figures = rest.lstrip("0").rstrip("0")
            power = -(len(rest) - len(rest.lstrip("0")) + 1)
        return f"{sign}{figures[0]}.{figures[1:] or '0'}E{power}"
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def csv(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """The result's file: every value in quotes, NULL as nothing at all."""
    lines = [",".join(_quoted(name) for name in columns)]
    lines += [",".join("" if v is None else _quoted(v) for v in row) for row in rows]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
