"""Hive's types, as DDL writes them: ``array<struct<arn:string,type:string>>``.

A type is read into a small tree; the tree is written as duckdb's type for reading a file, with the
names that the file really uses (a CloudTrail record says ``userIdentity``, its table
``useridentity``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.athena.engine.problems import Failed

_SCALARS = {
    "string": "VARCHAR",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "float": "FLOAT",
    "double": "DOUBLE",
    "decimal": "DECIMAL",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "binary": "BLOB",
}


@dataclass(frozen=True, slots=True)
class Type:
    """A node: ``kind`` is a scalar's name, ``array``, ``map`` or ``struct``."""

    kind: str
    names: tuple[str, ...] = ()
    parts: tuple[Type, ...] = ()
    arguments: str = ""


def parse(text: str) -> Type:
    """A Hive type.

    Raises
    ------
    Failed
        For what is no type.
    """
    text = text.strip()
    found = re.fullmatch(r"(?is)(array|map|struct)\s*<(.*)>", text)
    if found is None:
        scalar = re.fullmatch(r"(?is)([a-z]+)\s*(\([\d,\s]*\))?", text)
        if scalar is None or scalar.group(1).lower() not in _SCALARS:
            raise Failed("", f"FAILED: ParseException cannot recognize input near '{text}'")
        return Type(scalar.group(1).lower(), arguments=scalar.group(2) or "")
    kind, inside = found.group(1).lower(), split(found.group(2))
    if kind == "struct":
        pairs = [one.partition(":") for one in inside]
        return Type(
            kind,
            tuple(name.strip().strip("`").lower() for name, _, _ in pairs),
            tuple(parse(rest) for _, _, rest in pairs),
        )
    return Type(kind, parts=tuple(parse(one) for one in inside))


def split(text: str, by: str = ",") -> list[str]:
    """Cut at commas that stand in no bracket and in no quotes."""
    parts, depth, start, quote = [], 0, 0, ""
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"`":
            quote = letter
        elif letter in "<([{":
            depth += 1
        elif letter in ">)]}":
            depth -= 1
        elif letter == by and not depth:
            parts.append(text[start:place].strip())
            start = place + 1
    parts.append(text[start:].strip())
    return [one for one in parts if one]


def duckdb(type_: Type, names: Mapping[str, Any] | None = None) -> str:
    """duckdb's type; ``names`` are those that the file uses: lower case -> (name, below)."""
    if type_.kind == "array":
        return duckdb(type_.parts[0], names) + "[]"
    if type_.kind == "map":
        return f"MAP({duckdb(type_.parts[0])}, {duckdb(type_.parts[1], names)})"
    if type_.kind == "struct":
        fields = []
        for name, part in zip(type_.names, type_.parts, strict=True):
            own, below = (names or {}).get(name, (name, {}))
            fields.append(f"{quoted(own)} {duckdb(part, below)}")
        return f"STRUCT({', '.join(fields)})"
    return _SCALARS[type_.kind] + (type_.arguments if type_.kind == "decimal" else "")


def quoted(name: str) -> str:
    """An identifier in SQL's quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL's quotes."""
    return "'" + text.replace("'", "''") + "'"
