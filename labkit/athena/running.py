"""What a statement does: definitions, queries, and the three kinds that write."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from labkit.athena import definitions
from labkit.athena.engine import ddl
from labkit.athena.engine.problems import Failed
from labkit.athena.files import Catalog, split_uri
from labkit.athena.records import Answer, Column, Execution, Prepared, Table
from labkit.athena.sql.query import Query
from labkit.athena.store import Store

#: Writes bytes to bucket and key, in the caller's name.
Put = Callable[[str, str, bytes], None]

_CTAS = (
    r"(?is)\s*create\s+table\s+(if\s+not\s+exists\s+)?([\w.\"`]+)\s*(?:with\s*\((.*?)\)\s*)?as\b"
)
_VIEW = r"(?is)\s*create\s+(or\s+replace\s+)?view\s+([\w.\"`]+)\s+as\b"
_INSERT = r"(?is)\s*insert\s+into\s+([\w.\"`]+)\s*(\([^)]*\))?\s*(?=select|values|with|\()"
_EXPLAIN = r"(?is)\s*explain\s+(analyze\s+)?(?:\([^)]*\)\s*)?"
_PREPARE = r"(?is)\s*prepare\s+(\w+)\s+from\s+(.*)$"
_EXECUTE = r"(?is)\s*execute\s+(\w+)(?:\s+using\s+(.*?))?\s*;?\s*$"
_DEALLOCATE = r"(?is)\s*deallocate\s+prepare\s+(\w+)\s*;?\s*$"

_HIVE = {"VARCHAR": "string", "JSON": "string", "HUGEINT": "bigint", "FLOAT": "float"}


def kind_of(text: str) -> tuple[str, str]:
    """``StatementType`` and ``SubstatementType`` of a statement."""
    clean = ddl.without_comments(text)
    if re.match(_EXPLAIN, clean):
        return "UTILITY", "EXPLAIN"
    if re.match(r"(?is)\s*(show|desc|describe)\b", clean):
        return "UTILITY", (re.findall(r"\w+", clean.upper()) or [""])[0]
    for pattern, kind, sub in (
        (_CTAS, "DDL", "CREATE_TABLE_AS_SELECT"),
        (_VIEW, "DDL", "CREATE_VIEW"),
        (_INSERT, "DML", "INSERT"),
        (_PREPARE, "DDL", "PREPARE"),
        (_DEALLOCATE, "DDL", "DEALLOCATE"),
    ):
        if re.match(pattern, clean):
            return kind, sub
    if ddl.is_definition(clean):
        words = re.findall(r"\w+", clean.upper())
        return "DDL", "_".join(one for one in words[:3] if one != "EXTERNAL")[:40]
    return "DML", "SELECT" if re.match(r"(?is)\s*(select|with|\()", clean) else ""


class Runner:
    """Runs one execution's statement.

    Parameters
    ----------
    store, execution, catalog:
        Where, what, and the tables.
    put:
        Writes to S3 in the caller's name.
    now_us:
        The lab's time.
    """

    def __init__(
        self, store: Store, execution: Execution, catalog: Catalog, put: Put, now_us: int
    ) -> None:
        self._store = store
        self._execution = execution
        self._catalog = catalog
        self._put = put
        self._now_us = now_us

    def run(self) -> Answer:
        """The statement's answer.

        Raises
        ------
        Failed
            In Athena's words.
        """
        text = ddl.without_comments(self._execution.text)
        found = re.match(_PREPARE, text)
        if found:
            name = found.group(1).lower()
            self._store.prepared[self._execution.workgroup, name] = Prepared(
                name, found.group(2).strip().rstrip(";"), "", self._now_us
            )
            return Answer(free=True)
        found = re.match(_DEALLOCATE, text)
        if found:
            self._prepared(found.group(1))
            del self._store.prepared[self._execution.workgroup, found.group(1).lower()]
            return Answer(free=True)
        found = re.match(_EXECUTE, text)
        parameters = list(self._execution.parameters)
        if found:
            from labkit.athena.engine.types import split

            text = self._prepared(found.group(1)).text
            parameters = split(found.group(2) or "") or parameters
        return self._statement(with_parameters(text, parameters))

    def _prepared(self, name: str) -> Prepared:
        found = self._store.prepared.get((self._execution.workgroup, name.lower()))
        if found is None:
            raise Failed("NOT_FOUND", f"PreparedStatement {name} was not found in workGroup "
                         f"{self._execution.workgroup}")  # fmt: skip
        return found

    def _statement(self, text: str) -> Answer:
        for pattern, run in (
            (_EXPLAIN, self._explain),
            (_CTAS, self._create_table),
            (_VIEW, self._create_view),
            (_INSERT, self._insert),
        ):
            found = re.match(pattern, text)
            if found:
                # Blanks in its place, so that an error's line and column are the statement's.
                query = re.sub(r"[^\n]", " ", text[: found.end()]) + text[found.end() :]
                query = re.sub(r"(?is)^(\s*)(values\b.*?);?\s*$", r"\1SELECT * FROM (\2)", query)
                return run(found, query)
        if ddl.is_definition(text):
            return definitions.apply(
                self._store, text, self._database(), self._now_us, self._catalog
            )
        return self._query(text).run()

    def _database(self) -> str:
        return self._execution.database.lower()

    def _query(self, text: str) -> Query:
        return Query(text, self._database(), self._catalog, self._now_us)

    def _explain(self, found: re.Match[str], query: str) -> Answer:
        asked = self._query(query)
        lines = asked.explain().splitlines()
        scanned = asked.scanned if found.group(1) else 0
        return Answer([("Query Plan", "varchar")], [[one] for one in lines], scanned, free=True)

    def _name(self, text: str) -> tuple[str, str]:
        parts = [one.strip('"`').lower() for one in text.split(".")]
        return (self._database(), parts[-1]) if len(parts) == 1 else (parts[-2], parts[-1])

    def _create_view(self, found: re.Match[str], query: str) -> Answer:
        where, name = self._name(found.group(2))
        before = self._store.tables.get((where, name))
        if before is not None and not (found.group(1) and before.view):
            raise Failed("ALREADY_EXISTS", f"View already exists: '{where}.{name}'")
        told = self._query(query).run(0)
        columns = [Column(one, kind) for one, kind in told.columns]
        self._store.tables[where, name] = Table(
            where, name, columns, view=query.strip().rstrip(";"), created_us=self._now_us
        )
        return Answer(free=True)

    def _create_table(self, found: re.Match[str], query: str) -> Answer:
        where, name = self._name(found.group(2))
        if where not in self._store.databases:
            raise Failed("SCHEMA_NOT_FOUND", f"Schema '{where}' does not exist")
        if (where, name) in self._store.tables:
            if found.group(1):
                return Answer(free=True)
            raise Failed("ALREADY_EXISTS", f"Table '{where}.{name}' already exists")
        given = dict(re.findall(r"(?s)(\w+)\s*=\s*'([^']*)'", found.group(3) or ""))
        if "partitioned_by" in (found.group(3) or "") or "bucketed_by" in (found.group(3) or ""):
            raise Failed("NOT_SUPPORTED", "labkit writes CREATE TABLE AS without partitions")
        form = given.get("format", "PARQUET").upper()
        location = given.get("external_location", "")
        if not location:
            location = f"{self._execution.output.rstrip('/')}/tables/{self._execution.id}/"
        stored = {"PARQUET": "parquet", "JSON": "json", "TEXTFILE": "textfile"}.get(form)
        if stored is None:
            raise Failed("NOT_SUPPORTED", f"labkit writes PARQUET, JSON and TEXTFILE, not {form}")
        table = Table(where, name, [], location=location.rstrip("/") + "/")
        table.serde, table.input_format = ddl.STORED[stored.upper()]
        table.output_format = ddl.TEXT_OUTPUT
        table.delimiter = given.get("field_delimiter", "\x01")
        table.created_us = self._now_us
        scanned, columns = self._written(table, query)
        table.columns = [Column(one, _hive(kind)) for one, kind in columns]
        self._store.tables[where, name] = table
        return Answer(scanned_bytes=scanned)

    def _insert(self, found: re.Match[str], query: str) -> Answer:
        where, name = self._name(found.group(1))
        table = self._store.tables.get((where, name))
        if table is None:
            raise Failed("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{where}.{name}' does not exist")
        if table.partitions or table.view or table.input_format == ddl.CLOUDTRAIL_INPUT:
            raise Failed("NOT_SUPPORTED", f"labkit inserts into plain tables only, not {name}")
        scanned, _ = self._written(table, query, [one.name for one in table.columns])
        return Answer(scanned_bytes=scanned)

    def _written(
        self, table: Table, query: str, given: Sequence[str] = ()
    ) -> tuple[int, list[tuple[str, str]]]:
        asked = self._query(query)
        path: Path = self._catalog.folder / f"{self._execution.id}.out"
        if "parquet" in table.serde:
            form, ending = "FORMAT parquet", ".parquet"
        elif "Json" in table.serde:
            form, ending = "FORMAT json, COMPRESSION gzip", ".json.gz"
        else:
            by = table.delimiter.replace("'", "''")
            form = f"FORMAT csv, DELIMITER '{by}', HEADER false, QUOTE '', COMPRESSION gzip"
            ending = ".gz"
        columns = asked.write(path, form, given)
        bucket, prefix = split_uri(table.location)
        self._put(bucket, f"{prefix}{self._execution.id}{ending}", path.read_bytes())
        path.unlink()
        return asked.scanned, columns


def _hive(duckdb: str) -> str:
    if duckdb.endswith("[]"):
        return f"array<{_hive(duckdb[:-2])}>"
    found = re.fullmatch(r"STRUCT\((.*)\)", duckdb)
    if found:
        from labkit.athena.engine.types import split

        pairs = [one.partition(" ") for one in split(found.group(1))]
        inside = ",".join(f"{a.strip(chr(34)).lower()}:{_hive(b)}" for a, _, b in pairs)
        return f"struct<{inside}>"
    if duckdb.startswith("DECIMAL"):
        return duckdb.lower()
    return _HIVE.get(duckdb, "timestamp" if duckdb.startswith("TIMESTAMP") else duckdb.lower())


def with_parameters(text: str, parameters: list[str]) -> str:
    """The statement with each ``?`` replaced by its parameter, which is SQL itself.

    Raises
    ------
    Failed
        When there are more or fewer of them.
    """
    parts = re.split(r"('(?:[^']|'')*')", text)
    marks = sum(part.count("?") for part in parts[::2])
    if not marks and not parameters:
        return text
    if marks != len(parameters):
        raise Failed(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {marks} but found {len(parameters)}",
            1,
            1,
        )
    left = iter(parameters)
    parts[::2] = [re.sub(r"\?", lambda _: next(left), part) for part in parts[::2]]
    return "".join(parts)
