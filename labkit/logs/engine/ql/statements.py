"""duckdb as queries use it: one connection, one statement at a time, which can be interrupted.

What a statement costs beside its rows is what most queries of a lab cost, so the little things
count here. Tables without rows lie inside duckdb: one is bound in half the time that a table of
arrow takes. Tables with rows are read by the names of variables, which takes half a millisecond
less for each statement than the view that ``register`` makes. duckdb is not told what it knows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: What is done with a statement. duckdb looks for a table among the variables of the frame that
#: calls it, and ``eval`` makes such a frame.
_BIND = compile("cursor.sql(sql)", "<bind>", "eval")
_FETCH = compile("cursor.execute(sql).fetchall()", "<fetch>", "eval")

_numbers = count(1)


class Interrupted(Exception):
    """Somebody asked for the query to end (:func:`interrupt`).

    Parameters
    ----------
    bytes_scanned:
        Bytes of the messages that it was over.
    """

    def __init__(self, bytes_scanned: int) -> None:
        super().__init__("the query was interrupted")
        self.bytes_scanned = bytes_scanned


@dataclass
class _Now:
    """What runs at present; one query does at a time."""

    cursor: duckdb.DuckDBPyConnection | None = None
    asked: bool = False
    #: How many threads duckdb was told to have.
    threads: int = 0


_now = _Now()


@cache
def _connection() -> tuple[duckdb.DuckDBPyConnection, threading.Lock]:
    from labkit.logs.engine.ql.dialect import connection

    return connection(), threading.Lock()


@contextmanager
def cursor_for_one() -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of the connection, for one query at a time."""
    connection, lock = _connection()
    with lock:
        cursor = connection.cursor()
        _now.cursor, _now.asked = cursor, False
        try:
            yield cursor
        finally:
            _now.cursor = None
            cursor.close()


def interrupt() -> None:
    """End the query that runs, if any does; whoever runs it gets :class:`Interrupted`."""
    cursor = _now.cursor
    if cursor is not None:
        _now.asked = True
        cursor.interrupt()


def interrupted() -> bool:
    """Whether the query that runs is to end."""
    return _now.asked


def progress() -> float:
    """How far the statement that runs is, by duckdb's estimate: percent, -1 when it has none.

    duckdb looks at the clock only after two seconds, and a statement over few events is not asked.
    """
    import duckdb

    try:
        return _now.cursor.query_progress() if _now.cursor is not None else -1.0
    except duckdb.Error:  # it is over
        return -1.0


@cache
def empty(schema: pa.Schema) -> str:
    """Name of a table inside duckdb that has these columns and no rows."""
    connection, _ = _connection()
    name = f"lq_empty_{next(_numbers)}"
    tables = {"cursor": connection, "none": schema.empty_table()}
    eval(_FETCH, {}, {**tables, "sql": f"CREATE TABLE {name} AS SELECT * FROM none"})
    return name


def bind(cursor: duckdb.DuckDBPyConnection, sql: str, tables: Mapping[str, pa.Table]) -> None:
    """Let duckdb check a statement over tables, by their names; nothing runs."""
    eval(_BIND, {}, {**tables, "cursor": cursor, "sql": sql})


def fetch(
    cursor: duckdb.DuckDBPyConnection, sql: str, tables: Mapping[str, pa.Table], threads: int
) -> list[Any]:
    """The rows of a statement over tables, by their names."""
    if _now.threads != threads:
        cursor.execute(f"SET threads = {threads}")
        _now.threads = threads
    rows: list[Any] = eval(_FETCH, {}, {**tables, "cursor": cursor, "sql": sql})
    return rows
