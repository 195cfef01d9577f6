"""Runs a SELECT over tables of events, with the statistics that every query has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.opensearch.rows import as_text
from labkit.logs.engine.ql.compiling import DEFAULT_LIMIT, Moment
from labkit.logs.engine.ql.discovery import fields_of
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.plan import Source
from labkit.logs.engine.ql.running import Result, Statistics, Tables, _connection, _size, _threads
from labkit.logs.engine.sql.parsing import Query
from labkit.logs.engine.sql.selecting import Compiler

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: Events that are looked at for the names that a star stands for.
_LOOKED_AT = 1000
#: Seconds of the machine's time after which a query is given up: nothing may hang.
PATIENCE = 60.0


def run(
    query: Query,
    tables: Tables,
    moment: Moment,
    *,
    limit: int = DEFAULT_LIMIT,
    lookups: Mapping[str, pa.Table] | None = None,
) -> Result:
    """Run a query.

    Parameters
    ----------
    query:
        From :func:`labkit.logs.engine.sql.parse`.
    tables:
        Gives the events of a source for a range in milliseconds, both ends included.
    moment:
        The range and the instant.
    limit:
        Most rows of the answer.
    lookups:
        Of the other languages; SQL has none.

    Raises
    ------
    QueryError
        When a name or a function is wrong.
    """
    connection, lock = _connection()
    with lock:
        cursor = connection.cursor()
        try:
            return _Run(query, tables, moment, limit, cursor).result()
        except RecursionError:
            raise QueryError("expressions are nested too deep", 0, len(query.text)) from None
        finally:
            cursor.close()


class _Run:
    def __init__(
        self, query: Query, tables: Tables, moment: Moment, limit: int,
        cursor: duckdb.DuckDBPyConnection,
    ) -> None:  # fmt: skip
        self.query, self.tables, self.moment, self.limit = query, tables, moment, limit
        self.cursor = cursor
        self.scanned = self.bytes = 0
        self.statements: list[str] = []
        self._held: list[str] = []

    def base(self, source: Source) -> tuple[str, Callable[[], Sequence[str]]]:
        """Register the events of a source: the name, and what gives the names of its fields."""
        table = self.tables(source, self.moment.start_ms, self.moment.end_ms)
        self.scanned += table.num_rows
        self.bytes += _size(table)
        name = f"lines_{len(self._held)}"
        self.cursor.register(name, table)
        self._held.append(name)
        return name, lambda: _names(table)

    def result(self) -> Result:
        try:
            return self._result()
        finally:
            for name in self._held:
                self.cursor.unregister(name)

    def _result(self) -> Result:
        compiler = Compiler(self.base, self.moment.now_ms)
        selected = compiler.query(self.query.tree, None, self.limit)
        cells = [f"{as_text(one.value)} AS o{n}" for n, one in enumerate(selected.columns)]
        if selected.pointed:
            cells.append("_ptr")
        chain = compiler.chain
        # duckdb keeps the order of a subquery: a SELECT over it changes nothing but the texts.
        sql = f"WITH {chain} SELECT {', '.join(cells)} FROM ({selected.sql})"
        rows = self._fetch(sql, compiler.floats)
        matched = self.scanned
        if any(" WHERE " in before or " JOIN " in before for before in selected.before):
            counts = " + ".join(f"(SELECT count(*) {before})" for before in selected.before)
            matched = int(self._fetch(f"WITH {chain} SELECT {counts}", False)[0][0])
        ptrs = [row[-1] for row in rows] if selected.pointed else []
        told = [row[:-1] for row in rows] if selected.pointed else rows
        return Result(
            tuple(one.name for one in selected.columns),
            told,
            ptrs,
            Statistics(matched, self.scanned, self.bytes),
            tuple(self.statements),
        )

    def _fetch(self, sql: str, alone: bool) -> list[Any]:
        import duckdb

        self.statements.append(sql)
        self.cursor.execute(f"SET threads = {1 if alone else _threads()}")
        alarm = threading.Timer(PATIENCE, self.cursor.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            return self.cursor.execute(sql).fetchall()
        except duckdb.InterruptException:
            raise QueryError("the query took too long and was given up") from None
        except duckdb.Error as error:
            first = str(error).split("\n")[0]
            raise QueryError(f"the query cannot be run: {first}") from error
        finally:
            alarm.cancel()


def _names(table: pa.Table) -> list[str]:
    """The names of the fields that are found in a sample of events, in the order of the events."""
    count = table.num_rows
    places = range(0, count, max(1, count // _LOOKED_AT))
    messages, logs = table.column("msg"), table.column("log")
    found: dict[str, None] = {}
    for place in places:
        found.update(dict.fromkeys(fields_of(messages[place].as_py(), logs[place].as_py())))
    return list(found)
