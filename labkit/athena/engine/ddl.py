"""Hive's data definition statements, as Athena's pages write them for CloudTrail and others.

Athena has two parsers: queries go to Trino, definitions to Hive. This is the second one. It reads
exactly what the user guide documents: CREATE and DROP DATABASE, CREATE EXTERNAL TABLE with its
clauses in any order, ALTER TABLE for partitions, columns, properties and location, MSCK REPAIR
TABLE, SHOW and DESCRIBE.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from labkit.athena.engine.problems import Failed, place
from labkit.athena.engine.types import parse, split
from labkit.athena.records import Column, Table

CLOUDTRAIL_INPUT = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
STORED = {
    "TEXTFILE": (_LAZY, _TEXT_INPUT),
    "PARQUET": (
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    ),
    "JSON": ("org.apache.hive.hcatalog.data.JsonSerDe", _TEXT_INPUT),
}

_NAME = r"(?:`[^`]+`|\"[^\"]+\"|[\w]+)"
_QUALIFIED = rf"({_NAME}(?:\.{_NAME})?)"


@dataclass(slots=True)
class Statement:
    """A definition, read.

    Parameters
    ----------
    what:
        ``create table``, ``add partition``, ``show tables`` ...
    database, name:
        What it is about, in lower case; the database is empty when the statement does not say.
    table:
        Of CREATE TABLE.
    quiet:
        ``IF EXISTS`` or ``IF NOT EXISTS``.
    partitions:
        (values by column, location) for ADD and DROP PARTITION.
    """

    what: str
    database: str = ""
    name: str = ""
    table: Table | None = None
    quiet: bool = False
    cascade: bool = False
    partitions: list[tuple[dict[str, str], str]] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    text: str = ""


def without_comments(text: str) -> str:
    """The statement without ``--`` and ``/* */``, each character in its place."""
    pattern = r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/"

    def blank(found: re.Match[str]) -> str:
        whole = found.group()
        return whole if whole[0] == "'" else re.sub(r"[^\n]", " ", whole)

    return re.sub(pattern, blank, text, flags=re.S)


def is_definition(text: str) -> bool:
    """Whether a statement belongs to Hive's parser."""
    return bool(
        re.match(
            r"(?is)\s*(create\s+(external|database|schema|table\s+(if\s+not\s+exists\s+)?"
            + _QUALIFIED
            + r"\s*\()|drop|alter|msck|show|desc|describe)\b",
            text,
        )
        or re.match(r"(?is)\s*create\s+table\s+[\w.`\"]+\s*\(", text)
    )


def read(text: str) -> Statement:
    """A definition.

    Raises
    ------
    Failed
        With the place where Hive's grammar stops.
    """
    clean = without_comments(text).strip().rstrip(";").strip()
    for pattern, reader in _READERS:
        found = re.match(pattern, clean, flags=re.I | re.S)
        if found:
            return reader(found, clean)
    word = re.match(r"\s*\S+\s*(\S*)", clean)
    near = word.group(1) if word else ""
    line, column = place(text, max(0, text.find(near)))
    raise Failed("", f"mismatched input '{near}'. Unsupported statement.", line, column)


def _split_name(text: str) -> tuple[str, str]:
    parts = [one.strip('`"').lower() for one in re.findall(_NAME, text)]
    return ("", parts[0]) if len(parts) == 1 else (parts[-2], parts[-1])


def _create_database(found: re.Match[str], text: str) -> Statement:
    return Statement("create database", name=_split_name(found.group(2))[1], quiet=bool(found[1]))


def _drop_database(found: re.Match[str], text: str) -> Statement:
    return Statement(
        "drop database",
        name=_split_name(found.group(2))[1],
        quiet=bool(found[1]),
        cascade=bool(re.search(r"(?i)\bcascade\b", text)),
    )


def _create_table(found: re.Match[str], text: str) -> Statement:
    external, quiet, name = found.group(1), found.group(2), found.group(3)
    database, name = _split_name(name)
    if not external:
        raise Failed("", "Table must be an external table: CREATE EXTERNAL TABLE ... LOCATION ...")
    start = text.index("(", found.end() - 1)
    end = _closing(text, start)
    columns = [_column(one) for one in split(text[start + 1 : end])]
    rest = text[end + 1 :]
    table = Table(database, name, columns)
    partitioned = re.search(r"(?i)\bpartitioned\s+by\s*\(", rest)
    if partitioned:
        last = _closing(rest, partitioned.end() - 1)
        table.partitions = [_column(one) for one in split(rest[partitioned.end() : last])]
        rest = rest[: partitioned.start()] + rest[last + 1 :]
    _clauses(table, rest)
    if not table.location:
        raise Failed("", "No location: CREATE EXTERNAL TABLE needs LOCATION 's3://bucket/folder/'.")
    if not re.fullmatch(r"s3[an]?://[^/]+(/.*)?", table.location):
        raise Failed("", f"FAILED: SemanticException location is no S3 path: {table.location}")
    for column in (*table.columns, *table.partitions):
        parse(column.type)
    return Statement("create table", database, name, table, bool(quiet), text=text)


def _closing(text: str, start: int) -> int:
    depth, quote = 0, ""
    for at in range(start, len(text)):
        letter = text[at]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'`\"":
            quote = letter
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if not depth:
                return at
    line, column = place(text, len(text))
    raise Failed("", "mismatched input '<EOF>'. Expecting: ')'", line, column)


def _column(text: str) -> Column:
    found = re.match(r"(?is)\s*(`[^`]+`|[\w]+)\s+(.*?)(?:\s+comment\s+'(.*)')?\s*$", text)
    if found is None:
        raise Failed("", f"FAILED: ParseException cannot recognize input near '{text}'")
    return Column(found.group(1).strip("`").lower(), found.group(2).strip(), found.group(3) or "")


def _properties(text: str) -> dict[str, str]:
    pairs = re.findall(r"(?s)['\"]([^'\"]+)['\"]\s*=\s*['\"](.*?)['\"]\s*(?:,|$)", text.strip())
    return {key.strip(): _unescaped(value) for key, value in pairs}


def _unescaped(text: str) -> str:
    """A text of a definition, whose backslashes are doubled and whose tab is ``\\t``."""
    return re.sub(r"\\([\\tn'\"])", lambda m: {"t": "\t", "n": "\n"}.get(m[1], m[1]), text)


def _clauses(table: Table, rest: str) -> None:
    stored = re.search(r"(?i)\bstored\s+as\s+(textfile|parquet|orc|avro|ion)\b", rest)
    if stored and stored.group(1).upper() not in STORED:
        raise Failed("NOT_SUPPORTED", f"labkit reads no {stored.group(1).upper()} files")
    table.serde, table.input_format = STORED[stored.group(1).upper() if stored else "TEXTFILE"]
    table.output_format = TEXT_OUTPUT
    table.delimiter = "\x01"
    for name, pattern in (
        ("serde", r"row\s+format\s+serde\s*'([^']*)'"),
        ("input_format", r"inputformat\s*'([^']*)'"),
        ("output_format", r"outputformat\s*'([^']*)'"),
        ("location", r"\blocation\s*'([^']*)'"),
        ("delimiter", r"fields\s+terminated\s+by\s*'([^']*)'"),
        ("comment", r"^\s*comment\s*'([^']*)'"),
    ):
        found = re.search("(?is)" + pattern, rest)
        if found:
            setattr(table, name, found.group(1))
    table.delimiter = table.delimiter.replace("\\t", "\t")
    if table.serde == "com.amazon.emr.hive.serde.CloudTrailSerde":
        table.input_format = CLOUDTRAIL_INPUT
    for name, word in (("serde_properties", "serdeproperties"), ("properties", "tblproperties")):
        found = re.search(rf"(?is)\b{word}\s*\(", rest)
        if found:
            end = _closing(rest, found.end() - 1)
            setattr(table, name, _properties(rest[found.end() : end]))


def _drop(found: re.Match[str], text: str) -> Statement:
    database, name = _split_name(found.group(3))
    return Statement(f"drop {found.group(1).lower()}", database, name, quiet=bool(found[2]))


def _partition(text: str) -> dict[str, str]:
    values = {}
    for one in split(text):
        pair = re.fullmatch(r"(?s)\s*(`?\w+`?)\s*=\s*'?(.*?)'?\s*", one)
        if pair is None:
            raise Failed("", f"FAILED: ParseException cannot recognize input near '{one}'")
        values[pair.group(1).strip("`").lower()] = pair.group(2)
    return values


def _alter(found: re.Match[str], text: str) -> Statement:
    database, name = _split_name(found.group(1))
    rest = text[found.end() :].strip()
    told = Statement("", database, name, text=text)
    for word in ("add", "drop"):
        start = re.match(rf"(?is){word}\s+(if\s+(?:not\s+)?exists\s+)?(?=partition)", rest)
        if start:
            told.what, told.quiet = f"{word} partition", bool(start.group(1))
            pattern = r"(?is)partition\s*\(([^)]*)\)\s*(?:location\s*'([^']*)')?"
            told.partitions = [(_partition(a), b) for a, b in re.findall(pattern, rest)]
            return told
    properties = re.match(r"(?is)set\s+tblproperties\s*\((.*)\)\s*$", rest)
    columns = re.match(r"(?is)(add|replace)\s+columns\s*\((.*)\)\s*$", rest)
    location = re.match(r"(?is)set\s+location\s*'([^']*)'\s*$", rest)
    if properties:
        told.what, told.properties = "set properties", _properties(properties.group(1))
    elif columns:
        told.what = f"{columns.group(1).lower()} columns"
        told.columns = [_column(one) for one in split(columns.group(2))]
    elif location:
        told.what, told.properties = "set location", {"location": location.group(1)}
    else:
        near = rest.split()[0] if rest else "<EOF>"
        line, column = place(text, found.end() + 1)
        raise Failed(
            "", f"mismatched input '{near}'. Expecting: 'ADD', 'DROP', 'SET'", line, column
        )
    return told


def _about(what: str) -> Callable[..., Statement]:
    def reader(found: re.Match[str], text: str) -> Statement:
        database, name = _split_name(found.group(1))
        return Statement(what, database, name)

    return reader


def _show_tables(found: re.Match[str], text: str) -> Statement:
    database = found.group(1)
    return Statement(
        "show tables",
        _split_name(database)[1] if database else "",
        text=(found.group(2) or "").strip("'"),
    )


def _show_databases(found: re.Match[str], text: str) -> Statement:
    return Statement("show databases")


_READERS: tuple[tuple[str, Callable[..., Statement]], ...] = (
    (rf"create\s+(?:database|schema)\s+(if\s+not\s+exists\s+)?{_QUALIFIED}", _create_database),
    (rf"drop\s+(?:database|schema)\s+(if\s+exists\s+)?{_QUALIFIED}", _drop_database),
    (
        rf"create\s+(external\s+)?table\s+(if\s+not\s+exists\s+)?{_QUALIFIED}\s*\(",
        _create_table,
    ),
    (rf"drop\s+(table|view)\s+(if\s+exists\s+)?{_QUALIFIED}\s*$", _drop),
    (rf"alter\s+table\s+{_QUALIFIED}\b", _alter),
    (rf"msck\s+repair\s+table\s+{_QUALIFIED}\s*$", _about("repair")),
    (rf"show\s+partitions\s+{_QUALIFIED}\s*$", _about("show partitions")),
    (rf"show\s+create\s+table\s+{_QUALIFIED}\s*$", _about("show create table")),
    (rf"show\s+create\s+view\s+{_QUALIFIED}\s*$", _about("show create view")),
    (rf"show\s+columns\s+(?:in|from)\s+{_QUALIFIED}\s*$", _about("show columns")),
    (rf"show\s+tblproperties\s+{_QUALIFIED}\s*$", _about("show properties")),
    (rf"show\s+(?:tables|views)(?:\s+(?:in|from)\s+({_NAME}))?\s*('[^']*')?\s*$", _show_tables),
    (r"show\s+(?:databases|schemas)\b.*$", _show_databases),
    (rf"desc(?:ribe)?\s+(?:extended\s+|formatted\s+)?{_QUALIFIED}\s*$", _about("describe")),
)


def written(table: Table) -> list[str]:
    """SHOW CREATE TABLE, line by line."""
    lines = [f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`("]
    lines += _listed(table.columns, ")")
    if table.partitions:
        lines += ["PARTITIONED BY ( ", *_listed(table.partitions, ")")]
    if table.delimiter and table.delimiter != "\x01" and "LazySimple" in table.serde:
        lines += ["ROW FORMAT DELIMITED ", f"  FIELDS TERMINATED BY '{table.delimiter}' "]
    else:
        lines += ["ROW FORMAT SERDE ", f"  '{table.serde}' "]
    if table.serde_properties:
        lines.append("WITH SERDEPROPERTIES ( ")
        lines.append(", ".join(f"'{k}'='{v}'" for k, v in table.serde_properties.items()) + ") ")
    lines += ["STORED AS INPUTFORMAT ", f"  '{table.input_format}' ", "OUTPUTFORMAT "]
    lines += [f"  '{table.output_format}'", "LOCATION", f"  '{table.location}'"]
    if table.properties:
        pairs = [f"  '{key}'='{value}', " for key, value in sorted(table.properties.items())]
        lines += ["TBLPROPERTIES (", *pairs[:-1], pairs[-1].rstrip(", ") + ")"]
    return lines


def _listed(columns: list[Column], end: str) -> list[str]:
    lines = []
    for number, column in enumerate(columns):
        comment = f" COMMENT '{column.comment}'" if column.comment else ""
        last = end if number == len(columns) - 1 else ", "
        lines.append(f"  `{column.name}` {column.type}{comment}{last}")
    return lines
