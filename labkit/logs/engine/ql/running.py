"""Runs a plan over tables of events.

A plan runs in stages: duckdb does everything up to a ``pattern``; the patterns are found in
Python; their rows are a table again, over which the rest runs. Queries inside (``in (SOURCE
...)``, ``join``) are links of the same statement over tables of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan, statements
from labkit.logs.engine.ql.commands.anomaly import anomaly
from labkit.logs.engine.ql.commands.appendcols import AppendCols, appendcols
from labkit.logs.engine.ql.commands.cidrlookup import CidrLookup, cidrlookup
from labkit.logs.engine.ql.commands.diff import back_of, diff
from labkit.logs.engine.ql.commands.estimate import COLUMN as ESTIMATED
from labkit.logs.engine.ql.commands.estimate import Estimate
from labkit.logs.engine.ql.commands.join import join, join_keys
from labkit.logs.engine.ql.commands.logcompare import LogCompare, compared
from labkit.logs.engine.ql.commands.lookup import lookup
from labkit.logs.engine.ql.commands.pattern import patterns_of
from labkit.logs.engine.ql.commands.relevantfields import RelevantFields, relevant
from labkit.logs.engine.ql.compiling import DEFAULT_LIMIT, Compiled, Compiler, Moment
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.nesting import too_deep
from labkit.logs.engine.ql.shown import texts_of
from labkit.logs.engine.ql.statements import Interrupted
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: A source's table for a range: columns ``ts`` and ``ing`` (int64, milliseconds), ``log``
#: (``account:group``), ``stream``, ``msg``, ``region`` (texts), ``ptr`` (int64); ``clear`` (the
#: message without the mask) when the caller may see it; ``seen`` (where fields are found) and
#: ``failed`` where a group has a transformer.
Tables = Callable[["plan.Source | None", int, int], "pa.Table | Looked"]

#: Fewer events than this are not worth a second thread.
_FEW = 100_000


@dataclass(frozen=True, slots=True)
class Looked:
    """A table without events that cannot pass the filters, and how much was looked at for it.

    ``bare``: the events. ``records`` events and ``bytes`` of messages: those that were left out are
    counted too. ``texts`` gives the messages when ``bare`` has none: a query that counts does not
    read them. ``passed``: a filter of the query that all of the events pass.
    """

    bare: pa.Table
    records: int
    bytes: int
    texts: Callable[[], pa.ChunkedArray] | None = None
    passed: plan.Filter | None = None

    @property
    def table(self) -> pa.Table:
        """The events with their messages."""
        return self.bare if self.texts is None else self.bare.append_column("msg", self.texts())

    @classmethod
    def whole(cls, table: pa.Table) -> Looked:
        """A table that nothing was left out of."""
        return cls(table, table.num_rows, _size(table))


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much a query looked at: events and bytes, and how many passed its filters."""

    matched: int
    scanned: int
    bytes_scanned: int


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of a query.

    ``rows``: texts, None where a field is missing; ``ptrs``: for each row of an event its pointer,
    empty when the rows are no events; ``statements``: the SQL that ran, for those who want to look.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    ptrs: list[int | None] = field(default_factory=list)
    statistics: Statistics = Statistics(0, 0, 0)
    statements: tuple[str, ...] = ()


def run(
    query: plan.Query,
    tables: Tables,
    moment: Moment,
    *,
    limit: int = DEFAULT_LIMIT,
    lookups: Mapping[str, pa.Table] | None = None,
    runs: type[Run] | None = None,
) -> Result:
    """Run a plan.

    Parameters
    ----------
    query:
        From :func:`labkit.logs.engine.ql.parse`.
    tables:
        Gives the events of a source (None: those of the call) for a range in milliseconds, both
        ends included.
    moment:
        The range and the instant.
    limit:
        Rows of the answer when the query says nothing.
    lookups:
        Lookup tables by name.
    runs:
        What runs a plan of another language.

    Raises
    ------
    QueryError
        When a name, a function or the order of commands is wrong.
    """
    with _cursor_for(query) as cursor:
        return (runs or Run)(query, tables, moment, limit, lookups or {}, cursor).result()


def check(
    query: plan.Query,
    none: pa.Table,
    *,
    lookups: Mapping[str, pa.Table] | None = None,
    runs: type[Run] | None = None,
) -> None:
    """Compile a plan and let duckdb bind its names, but run nothing: what is wrong is said now.

    Parameters
    ----------
    query:
        The plan.
    none:
        A table of no events.
    lookups:
        Lookup tables by name.
    runs:
        What runs a plan of another language.

    Raises
    ------
    QueryError
        When a name, a function or the order of commands is wrong.
    """
    with _cursor_for(query) as cursor:
        (runs or Run)(
            query, lambda *_: none, Moment(0, 0, 0), DEFAULT_LIMIT, lookups or {}, cursor, bind=True
        ).result()


@contextmanager
def _cursor_for(query: plan.Query) -> Iterator[duckdb.DuckDBPyConnection]:
    with statements.cursor_for_one() as cursor:
        try:
            yield cursor
        except RecursionError:
            raise too_deep(query.text) from None


class Run:
    """One run of one plan: the tables that it holds, and what it has looked at so far."""

    #: What compiles the commands of a query.
    compiles: type[Compiler] = Compiler

    def __init__(
        self,
        query: plan.Query,
        tables: Tables,
        moment: Moment,
        limit: int,
        lookups: Mapping[str, pa.Table],
        cursor: duckdb.DuckDBPyConnection,
        *,
        bind: bool = False,
    ) -> None:
        self.query, self.tables, self.moment = query, tables, moment
        self.limit, self.lookups, self.cursor = limit, lookups, cursor
        #: Statements are bound and not run.
        self.bind = bind
        self.statements: list[str] = []
        self.scanned = self.bytes = 0
        self._held: dict[str, pa.Table] = {}
        #: Of those, what has no messages yet: no statement has read them.
        self._without: dict[str, Looked] = {}
        self._passed: plan.Filter | None = None
        self._names = self._rows = 0

    # ---- tables

    def hold(self, table: pa.Table, prefix: str) -> str:
        """Give a table a fresh name for the statements of this run."""
        if self.bind and not table.num_rows:
            return statements.empty(table.schema)
        self._names += 1
        name = f"{prefix}_{self._names}"
        self._rows += table.num_rows
        self._held[name] = table
        return name

    def looked(self, source: plan.Source | None, start_ms: int, end_ms: int) -> Looked:
        """The events of a source; they do not count as scanned yet."""
        given = self.tables(source, start_ms, end_ms)
        return given if isinstance(given, Looked) else Looked.whole(given)

    def events(
        self, source: plan.Source | None, start_ms: int, end_ms: int
    ) -> tuple[str, Sequence[str]]:
        """The base relation of a source: its name, and which columns it has."""
        looked = self.looked(source, start_ms, end_ms)
        self.scanned += looked.records
        self.bytes += looked.bytes
        name = self.hold(looked.bare, "events")
        if looked.texts is not None:
            self._without[name] = looked
        self._passed = looked.passed
        return name, looked.bare.column_names

    # ---- stages

    def result(self) -> Result:
        """The answer."""
        return self._result()

    def _result(self) -> Result:
        commands = list(self.query.commands)
        for command in commands[:-1]:
            if isinstance(command, Estimate):
                raise QueryError.at("estimate must be the last command", command.span)
        if commands and isinstance(commands[-1], Estimate):
            return self._estimate()
        cut = next((i for i, c in enumerate(commands) if isinstance(c, _IN_PYTHON)), None)
        for command in commands[: len(commands) if cut is None else cut]:
            if isinstance(command, plan.Diff | plan.Anomaly):
                raise QueryError.at(f"{command} stands after pattern", command.span)
        if cut is None:
            return self._answer(self._stage(commands, self.moment), None)
        before, command, after = commands[:cut], commands[cut], commands[cut + 1 :]
        if isinstance(command, RelevantFields):
            return self._over(*relevant(self, before, command), after)
        if isinstance(command, LogCompare):
            return self._over(*compared(self, before, command), after)
        assert isinstance(command, plan.Pattern)
        return self._patterns(before, command, after)

    def _estimate(self) -> Result:
        """What would be scanned. Nothing is, so nothing counts as scanned."""
        looked = self.looked(self.query.source, self.moment.start_ms, self.moment.end_ms)
        return Result((ESTIMATED,), [(str(looked.bytes),)])

    def _stage(self, commands: Sequence[plan.Command], moment: Moment) -> Compiled:
        back = next((c.offset_ms for c in commands if isinstance(c, plan.Stats)), 0)
        base, has = self.events(self.query.source, moment.start_ms - back, moment.end_ms - back)
        compiler = Compiler(moment, base, has=has)
        compiler.later_ms, compiler.proved = back, self._passed
        self.add_subqueries(compiler, commands)
        compiler.begin(commands, join_keys(commands))
        self.add_commands(compiler, commands)
        return compiler.finish(self.limit)

    def add_commands(self, compiler: Compiler, commands: Sequence[plan.Command]) -> None:
        """Compile commands, those that need further tables too."""
        for index, command in enumerate(commands):
            if isinstance(command, plan.Lookup):
                lookup(self, compiler, command)
            elif isinstance(command, plan.Join):
                join(self, compiler, command, commands[index + 1 :])
            elif isinstance(command, AppendCols):
                appendcols(self, compiler, command)
            elif isinstance(command, CidrLookup):
                cidrlookup(self, compiler, command)
            else:
                compiler.command(command)

    def _answer(self, compiled: Compiled, matched: int | None) -> Result:
        found = texts_of(self.fetch(compiled.sql, compiled.floats), compiled.kinds)
        if matched is None:
            matched = self._matched(compiled, found)
        ptrs = [row[-1] for row in found] if compiled.pointed else []
        # What stands behind the columns of the answer was for the two above.
        width = len(compiled.columns)
        return Result(
            compiled.columns,
            [row[:width] for row in found],
            ptrs,
            Statistics(matched, self.scanned, self.bytes),
            tuple(self.statements),
        )

    def _matched(self, compiled: Compiled, found: Sequence[tuple[Any, ...]]) -> int:
        """How many events passed the filters: out of the rows where they tell, else asked for."""
        if not (compiled.matched and self.scanned):
            return self.scanned
        if compiled.tells == "each" and found:
            return int(found[0][-1])
        if compiled.tells in ("sum", "rows") and len(found) < compiled.most:
            return sum(row[-1] for row in found) if compiled.tells == "sum" else len(found)
        return int(self.fetch(compiled.matched, False)[0][0])

    def fetch(self, sql: str, floats: bool) -> list[Any]:
        """The rows of a statement. ``floats``: it adds floats, so one thread must do it."""
        import duckdb

        self.statements.append(sql)
        if "msg" in sql:
            self._held |= {name: looked.table for name, looked in self._without.items()}
            self._without.clear()
        if statements.interrupted():
            raise Interrupted(self.bytes)
        try:
            if self.bind:
                statements.bind(self.cursor, sql, self._held)
                return []
            few = self._rows < _FEW
            if not few:
                self.cursor.execute("SET enable_progress_bar = true")
                self.cursor.execute("SET enable_progress_bar_print = false")
            # Sums of floats depend on the order of adding, hence on how threads shared the rows.
            threads = 1 if floats or few else _threads()
            return statements.fetch(self.cursor, sql, self._held, threads)
        except duckdb.Error as error:
            if statements.interrupted():
                raise Interrupted(self.bytes) from None
            raise QueryError(f"the query cannot be run: {_first_line(error)}") from error

    # ---- queries inside

    def add_subqueries(self, compiler: Compiler, commands: Sequence[plan.Command]) -> None:
        """Put the queries of ``in (SOURCE ...)`` at the head of the chain."""
        for command in commands:
            for value in plan.walk(command):
                if isinstance(value, plan.Subquery):
                    inner = self.inner(value.query, f"s{len(compiler.subqueries)}_", [])
                    names = inner.names()
                    first = inner.name(plan.Name(names[0], text=names[0])).text
                    inner.link(f"SELECT {first} FROM {inner.at} WHERE {first} IS NOT NULL")
                    compiler.links += inner.links
                    compiler.subqueries[value.span.start] = inner.at

    def inner(self, query: plan.Query, prefix: str, needed: Sequence[str]) -> Compiler:
        """A query inside another, compiled over a table of its own.

        ``needed``: fields of its events that the outer query asks for.
        """
        if query.source is None:
            raise QueryError("a query inside another begins with SOURCE")
        for value in plan.walk(query.commands):
            if isinstance(value, (plan.Subquery, plan.Join, AppendCols, Estimate, *_IN_PYTHON)):
                raise QueryError("a query inside another holds no further one and no pattern")
        base, has = self.events(query.source, self.moment.start_ms, self.moment.end_ms)
        inner = self.compiles(self.moment, base, prefix=prefix, has=has)
        inner.begin(query.commands, needed)
        self.add_commands(inner, query.commands)
        return inner

    # ---- patterns

    def _patterns(
        self, before: list[plan.Command], pattern: plan.Pattern, after: list[plan.Command]
    ) -> Result:
        found, matched = patterns_of(self, before, pattern.of, self.moment)
        told: dict[str, list[Any]] = {
            "@pattern": [row.pattern for row in found],
            "@ratio": [row.ratio for row in found],
            "@sampleCount": [float(row.count) for row in found],
            "@severityLabel": [row.severity for row in found],
        }
        while after and isinstance(after[0], plan.Diff | plan.Anomaly):
            command = after.pop(0)
            if isinstance(command, plan.Diff):
                told = diff(self, before, pattern.of, found, back_of(self.moment, command.against))
            else:
                told = anomaly(self, before, pattern.of, found, told)
        return self._over(told, matched, after)

    def _over(
        self, told: dict[str, list[Any]], matched: int, after: Sequence[plan.Command]
    ) -> Result:
        import pyarrow as pa

        floats = {
            "@ratio", "@sampleCount", "@previousSampleCount", "@difference", "@anomalyScore",
            "@relevanceScore", "@conditionalMedian", "@baselineMedian",
        }  # fmt: skip
        arrays, given = {}, {}
        for index, (name, values) in enumerate(told.items()):
            kind = "num" if name in floats else "text"
            arrays[f"p{index}"] = pa.array(values, pa.float64() if kind == "num" else pa.string())
            given[name] = Value(f"p{index}", kind)
        arrays["pos"] = pa.array(list(range(len(next(iter(told.values()), [])))), pa.int64())
        base = self.hold(pa.table(arrays), "patterns")
        compiler = Compiler(self.moment, base, given)
        compiler.order = ["pos ASC NULLS FIRST"]
        self.add_commands(compiler, after)
        return self._answer(compiler.finish(self.limit), matched)


#: Commands up to which duckdb runs the query; what they find is a table for the rest.
_IN_PYTHON = (plan.Pattern, LogCompare, RelevantFields)


def _size(table: pa.Table) -> int:
    """Bytes of the messages, out of the offsets of their buffers: no text is touched."""
    import pyarrow.compute as pc

    total = pc.sum(pc.binary_length(table.column("msg"))).as_py()
    return int(total or 0)


@cache
def _threads() -> int:
    import os

    return max(1, min(4, os.cpu_count() or 1))


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]
