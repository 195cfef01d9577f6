"""A table's files as a relation of duckdb: only the columns that a query names are read.

The files lie in the lab's own folder as they came from S3, compressed as they are; duckdb reads
them there, so no record ever becomes a Python object. What a reader of Hive's does:

- CloudTrail's files are one object each, ``{"Records": [...]}``; a row is an item of the list.
- JSON tables have one object a line; names are matched without looking at capitals.
- Text that is no number, in a column of numbers, is NULL in delimited files.

Two of duckdb's habits decide about the speed of JSON. Asked for a single column it first finds out
whether a line is a record or a bare value, which took thirty times as long as the reading: it is
told (``records = true``). And a file of one line is read at twice the pace as lines than as text
in which an object may end anywhere: the first bytes of each file say which it is.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from labkit.athena.engine import cloudtrail
from labkit.athena.engine.ddl import CLOUDTRAIL_INPUT
from labkit.athena.engine.problems import Failed
from labkit.athena.engine.types import Type, duckdb, literal, parse, quoted
from labkit.athena.records import Column, Table
from labkit.core.jsontext import parse as parse_json

_JSON = ("org.apache.hive.hcatalog.data.JsonSerDe", "org.openx.data.jsonserde.JsonSerDe")
_SNIFFED_LINES = 50
#: Bytes in which an indented file has a line's end.
_HEAD = 1 << 14
#: OpenCSVSerde has no NULL: what is empty is an empty text.
_NO_NULL = "\x01\x02"


@dataclass(frozen=True, slots=True)
class File:
    """A file that a query reads.

    Parameters
    ----------
    path:
        In the lab's folder.
    size:
        Bytes in S3, which is what is paid for.
    values:
        Of the partition columns, in order.
    """

    path: str
    size: int
    values: tuple[str, ...]


def relation(table: Table, files: Sequence[File], wanted: Collection[str] | None) -> str:
    """The SELECT that reads a table's files; ``wanted`` are column names, None for all.

    Raises
    ------
    Failed
        When labkit has no reader for such a table.
    """

    def has(column: Column) -> bool:
        return wanted is None or column.name in wanted

    columns = [one for one in table.columns if has(one)]
    keys = [number for number, one in enumerate(table.partitions) if has(one)]
    if not files:
        shown = [f"NULL::{duckdb(parse(c.type))} AS {quoted(c.name)}" for c in columns]
        shown += [
            f"NULL::{duckdb(parse(table.partitions[n].type))} AS {quoted(table.partitions[n].name)}"
            for n in keys
        ]
        return f"SELECT {', '.join(shown) or '1 AS one'} WHERE false"
    groups: dict[tuple[str, ...], list[File]] = {}
    for file in files:
        groups.setdefault(tuple(file.values[n] for n in keys), []).append(file)
    if len(groups) == 1:
        shown, source = _read(table, files, columns, "")
        (values,) = groups
        shown += [
            f"{literal(v)}::{duckdb(parse(table.partitions[n].type))} AS "
            f"{quoted(table.partitions[n].name)}"
            for n, v in zip(keys, values, strict=True)
        ]
        return f"SELECT {', '.join(shown) or '1 AS one'} FROM {source}"
    rows = ", ".join(
        "(" + ", ".join(literal(v) for v in (file.path, *(file.values[n] for n in keys))) + ")"
        for file in files
    )
    named = ", ".join(["f", *(f"p{n}" for n in keys)])
    shown, source = _read(table, files, columns, f"(VALUES {rows}) AS of({named})")
    shown += [
        f"CAST(p{n} AS {duckdb(parse(table.partitions[n].type))}) AS "
        f"{quoted(table.partitions[n].name)}"
        for n in keys
    ]
    return f"SELECT {', '.join(shown) or '1 AS one'} FROM {source}"


def _read(
    table: Table, files: Sequence[File], columns: Sequence[Column], keyed: str
) -> tuple[list[str], str]:
    """What to select, and from what; ``keyed`` are the values of each file's partition."""
    paths = "[" + ", ".join(literal(file.path) for file in files) + "]"
    if table.input_format == CLOUDTRAIL_INPUT:
        return _read_trail(paths, files, columns, keyed)
    if table.serde in _JSON:
        return _read_lines(table, paths, files, columns, keyed)
    if "Parquet" in table.serde or "parquet" in table.serde:
        source = f"read_parquet({paths}, filename = true, union_by_name = true)"
        return [_cast(quoted(c.name), c, c.name) for c in columns], _joined(source, keyed)
    if "OpenCSVSerde" in table.serde or "LazySimpleSerDe" in table.serde:
        return _read_text(table, paths, columns, keyed)
    raise Failed(
        "NOT_SUPPORTED",
        f"labkit has no reader for the SerDe {table.serde}: it reads JSON, CSV, delimited text, "
        "Parquet and CloudTrail's files",
    )


def _joined(source: str, keyed: str) -> str:
    return f"{source} JOIN {keyed} ON filename = f" if keyed else source


def _read_trail(
    paths: str, files: Sequence[File], columns: Sequence[Column], keyed: str
) -> tuple[list[str], str]:
    names = cloudtrail.names()
    fields, shown = [], []
    for column in columns:
        own, below = names.get(column.name, (column.name, {}))
        fields.append(f"{quoted(own)} {duckdb(_texts(parse(column.type)), below)}")
        shown.append(_cast(f"r.{quoted(own)}", column, column.name))
    # A list of structs needs a field at least: count(*) reads one that every record has.
    kind = f"STRUCT({', '.join(fields) or 'eventID VARCHAR'})[]"
    sizes, one_line = zip(*(_shape(file.path) for file in files), strict=True)
    form = "newline_delimited" if all(one_line) else "unstructured"
    room = max(*sizes, 1 << 20) + (1 << 16)
    source = (
        f"read_json({paths}, format = '{form}', columns = {{'Records': {literal(kind)}}}, "
        f"records = true, filename = true, maximum_object_size = {room})"
    )
    more = ", of.*" if keyed else ""
    return shown, f'(SELECT unnest("Records") AS r{more} FROM {_joined(source, keyed)})'


@lru_cache(maxsize=1 << 14)
def _shape(path: str) -> tuple[int, bool]:
    """Bytes of a file's text (gzip writes them down in its last four), and whether it begins with
    a line that is long: as CloudTrail writes, not as people do who indent."""
    with Path(path).open("rb") as opened:
        head = opened.read(_HEAD)
        size = opened.seek(0, 2)
        if path.endswith(".gz") and size > 8:
            opened.seek(-4, 2)
            (size,) = struct.unpack("<I", opened.read(4))
            try:
                head = zlib.decompressobj(31).decompress(head, _HEAD)
            except zlib.error:
                head = b""  # duckdb will say what is wrong with it
    return size, b"\n" not in head.rstrip()


def _read_lines(
    table: Table, paths: str, files: Sequence[File], columns: Sequence[Column], keyed: str
) -> tuple[list[str], str]:
    names = _sniffed(files)
    for key, value in table.serde_properties.items():
        if key.startswith("mapping."):
            names[key.removeprefix("mapping.").lower()] = (value, {})
    fields, shown = [], []
    for column in columns:
        own, below = names.get(column.name, (column.name, {}))
        kind = duckdb(_texts(parse(column.type)), below)
        fields.append(f"{literal(own)}: {literal(kind)}")
        shown.append(_cast(quoted(own), column, column.name))
    careless = table.serde_properties.get("ignore.malformed.json", "").lower() == "true"
    given = ", ".join(fields) or "'one': 'VARCHAR'"
    source = (
        f"read_json({paths}, format = 'newline_delimited', columns = {{{given}}}, "
        f"records = true, filename = true, ignore_errors = {str(careless).lower()})"
    )
    return shown, _joined(source, keyed)


def _sniffed(files: Sequence[File]) -> dict[str, Any]:
    """The names that the first lines of the first files use."""
    names: dict[str, Any] = {}
    for file in files[:3]:
        opener: Any = gzip.open if file.path.endswith(".gz") else open
        with opener(file.path, "rb") as lines:
            for number, line in enumerate(lines):
                if number == _SNIFFED_LINES:
                    break
                try:
                    names |= cloudtrail.in_lower_case(parse_json(line))
                except ValueError:
                    continue
    return names


def _read_text(
    table: Table, paths: str, columns: Sequence[Column], keyed: str
) -> tuple[list[str], str]:
    csv = "OpenCSVSerde" in table.serde
    by = table.serde_properties.get("separatorChar", ",") if csv else table.delimiter
    by = by if csv else table.serde_properties.get("field.delim", by)
    skip = int(table.properties.get("skip.header.line.count", "0") or 0)
    every = ", ".join(f"{literal(c.name)}: 'VARCHAR'" for c in table.columns)
    quote = escape = ""
    null = "\\N"
    if csv:
        quote = table.serde_properties.get("quoteChar", '"')
        escape = table.serde_properties.get("escapeChar", quote)
        null = _NO_NULL
    source = (
        f"read_csv({paths}, delim = {literal(by)}, header = false, skip = {skip}, "
        f"columns = {{{every}}}, quote = {literal(quote)}, escape = {literal(escape)}, "
        f"nullstr = {literal(null)}, "
        "auto_detect = false, null_padding = true, strict_mode = false, filename = true)"
    )
    # duckdb pushes a bare TRY_CAST into its CSV reader, where it fails instead of giving NULL.
    shown = [
        quoted(c.name)
        if duckdb(parse(c.type)) == "VARCHAR"
        else _cast(f"trim({quoted(c.name)})", c, c.name)
        for c in columns
    ]
    return shown, _joined(source, keyed)


def _texts(type_: Type) -> Type:
    """The type with every number and time as text: what does not fit shall be NULL, not an end."""
    if type_.parts:
        return Type(type_.kind, type_.names, tuple(_texts(one) for one in type_.parts))
    return Type("string")


def _cast(expression: str, column: Column, name: str) -> str:
    type_ = parse(column.type)
    plain = type_.kind in ("string", "varchar", "char")
    if plain or type_ == _texts(type_):
        return f"{expression} AS {quoted(name)}"
    return f"TRY_CAST({expression} AS {duckdb(type_)}) AS {quoted(name)}"
