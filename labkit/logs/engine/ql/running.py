"""Runs a plan over tables of events.

A plan runs in stages: duckdb does everything up to a ``pattern``; the patterns are found in
Python; their rows are a table again, over which the rest runs. Queries inside (``in (SOURCE
...)``, ``join``) are links of the same statement over tables of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.compiling import DEFAULT_LIMIT, Compiled, Compiler, Moment
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.parsing import too_deep
from labkit.logs.engine.ql.patterns import Row, rows, shapes
from labkit.logs.engine.ql.values import Value, column

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: A source's table for a range: columns ``ts`` and ``ing`` (int64, milliseconds), ``log``
#: (``account:group``), ``stream``, ``msg``, ``region`` (texts), ``ptr`` (int64); ``clear`` (the
#: message without the mask) when the caller may see it.
Tables = Callable[["plan.Source | None", int, int], "pa.Table"]


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
    ptrs: list[int] = field(default_factory=list)
    statistics: Statistics = Statistics(0, 0, 0)
    statements: tuple[str, ...] = ()


@cache
def _connection() -> tuple[duckdb.DuckDBPyConnection, threading.Lock]:
    from labkit.logs.engine.ql.dialect import connection

    return connection(), threading.Lock()


def run(
    query: plan.Query,
    tables: Tables,
    moment: Moment,
    *,
    limit: int = DEFAULT_LIMIT,
    lookups: Mapping[str, pa.Table] | None = None,
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

    Raises
    ------
    QueryError
        When a name, a function or the order of commands is wrong.
    """
    connection, lock = _connection()
    with lock:
        cursor = connection.cursor()
        try:
            return _Run(query, tables, moment, limit, lookups or {}, cursor).result()
        except RecursionError:
            raise too_deep(query.text) from None
        finally:
            cursor.close()


class _Run:
    def __init__(
        self,
        query: plan.Query,
        tables: Tables,
        moment: Moment,
        limit: int,
        lookups: Mapping[str, pa.Table],
        cursor: duckdb.DuckDBPyConnection,
    ) -> None:
        self.query, self.tables, self.moment = query, tables, moment
        self.limit, self.lookups, self.cursor = limit, lookups, cursor
        self.statements: list[str] = []
        self.scanned = self.bytes = 0
        self._held: list[str] = []
        self._names = 0

    # ---- tables

    def hold(self, table: pa.Table, prefix: str) -> str:
        """Register a table under a fresh name."""
        self._names += 1
        name = f"{prefix}_{self._names}"
        self.cursor.register(name, table)
        self._held.append(name)
        return name

    def events(self, source: plan.Source | None, start_ms: int, end_ms: int) -> tuple[str, bool]:
        """The base relation of a source: its name, and whether it has the clear text."""
        table = self.tables(source, start_ms, end_ms)
        self.scanned += table.num_rows
        self.bytes += _size(table)
        return self.hold(table, "events"), "clear" in table.column_names

    # ---- stages

    def result(self) -> Result:
        try:
            return self._result()
        finally:
            for name in self._held:
                self.cursor.unregister(name)

    def _result(self) -> Result:
        commands = list(self.query.commands)
        cut = next((i for i, c in enumerate(commands) if isinstance(c, plan.Pattern)), None)
        for command in commands[: len(commands) if cut is None else cut]:
            if isinstance(command, plan.Diff | plan.Anomaly):
                raise QueryError.at(f"{command} stands after pattern", command.span)
        if cut is None:
            return self._answer(self._stage(commands, self.moment), None)
        return self._patterns(commands, cut)

    def _stage(self, commands: Sequence[plan.Command], moment: Moment) -> Compiled:
        base, clear = self.events(self.query.source, moment.start_ms, moment.end_ms)
        compiler = Compiler(moment, base, clear=clear)
        self._subqueries(compiler, commands)
        compiler.begin(commands, self._join_keys(commands))
        self._commands(compiler, commands)
        return compiler.finish(self.limit)

    def _commands(self, compiler: Compiler, commands: Sequence[plan.Command]) -> None:
        for index, command in enumerate(commands):
            if isinstance(command, plan.Lookup):
                self._lookup(compiler, command)
            elif isinstance(command, plan.Join):
                self._join(compiler, command, commands[index + 1 :])
            else:
                compiler.command(command)

    def _answer(self, compiled: Compiled, matched: int | None) -> Result:
        found = self._fetch(compiled.sql, compiled.floats)
        if compiled.folded and found:
            matched = int(found[0][-1])
            found = [row[:-1] for row in found]
        if matched is None:
            matched = self.scanned
            if compiled.matched:
                matched = int(self._fetch(compiled.matched, False)[0][0])
        if compiled.pointed:
            told = [row[:-1] for row in found]
            ptrs = [row[-1] for row in found]
        else:
            told, ptrs = found, []
        return Result(
            compiled.columns,
            told,
            ptrs,
            Statistics(matched, self.scanned, self.bytes),
            tuple(self.statements),
        )

    def _fetch(self, sql: str, floats: bool) -> list[Any]:
        import duckdb

        self.statements.append(sql)
        # Sums of floats depend on the order of adding, hence on how threads shared the rows.
        self.cursor.execute(f"SET threads = {1 if floats else _threads()}")
        try:
            return self.cursor.execute(sql).fetchall()
        except duckdb.Error as error:
            raise QueryError(f"the query cannot be run: {_first_line(error)}") from error

    # ---- queries inside

    def _subqueries(self, compiler: Compiler, commands: Sequence[plan.Command]) -> None:
        for command in commands:
            for value in plan.walk(command):
                if isinstance(value, plan.Subquery):
                    inner = self._inner(value.query, f"s{len(compiler.subqueries)}_", [])
                    names = inner.names()
                    first = inner.name(plan.Name(names[0], text=names[0])).text
                    inner.link(f"SELECT {first} FROM {inner.at} WHERE {first} IS NOT NULL")
                    compiler.links += inner.links
                    compiler.subqueries[value.span.start] = inner.at

    def _inner(self, query: plan.Query, prefix: str, needed: Sequence[str]) -> Compiler:
        if query.source is None:
            raise QueryError("a query inside another begins with SOURCE")
        for value in plan.walk(query.commands):
            if isinstance(value, plan.Subquery | plan.Join | plan.Pattern):
                raise QueryError("a query inside another holds no further one and no pattern")
        base, clear = self.events(query.source, self.moment.start_ms, self.moment.end_ms)
        inner = Compiler(self.moment, base, prefix=prefix, clear=clear)
        inner.begin(query.commands, needed)
        self._commands(inner, query.commands)
        return inner

    def _join_keys(self, commands: Sequence[plan.Command]) -> list[str]:
        """Fields of the left side that a join names as ``a.field``."""
        found = []
        for command in commands:
            if isinstance(command, plan.Join):
                for value in plan.walk(tuple(commands)):
                    if isinstance(value, plan.Name) and value.name.startswith(command.left + "."):
                        found.append(value.name[len(command.left) + 1 :])
        return found

    def _join(self, compiler: Compiler, join: plan.Join, after: Sequence[plan.Command]) -> None:
        right, left = join.right + ".", join.left + "."
        needed: list[str] = []
        for value in plan.walk((join.condition, tuple(after))):
            if isinstance(value, plan.Name) and value.name.startswith(right):
                needed.append(value.name[len(right) :])
        needed = list(dict.fromkeys(needed))
        inner = self._inner(join.query, "j_", needed)
        wanted = needed + [
            n for n in inner.shown if n not in needed and n != "@timestamp" and n != "@message"
        ]
        cells = []
        for index, name in enumerate(wanted):
            cells.append(f"{inner.name(plan.Name(name, text=name)).text} AS r{index}")
        inner.link(f"SELECT {', '.join(cells) or '1 AS r0'} FROM {inner.at}")
        values = compiler.scope.values
        for value in plan.walk((join.condition, tuple(after))):
            if isinstance(value, plan.Name) and value.name.startswith(left):
                plain = value.name[len(left) :]
                values[value.name] = compiler.name(plan.Name(plain, text=plain, span=value.span))
        for index, name in enumerate(wanted):
            values[right + name] = Value(f"r{index}", "text")
        condition = compiler.value(join.condition).condition
        # The inner chain must stand before the link that joins; its names do not collide.
        compiler.links += inner.links
        at = compiler.links[-1 - len(inner.links)][0]
        kind = "LEFT JOIN" if join.kind == "left" else "JOIN"
        compiler.link(f"SELECT * FROM {at} {kind} {inner.at} ON {condition}")

    def _lookup(self, compiler: Compiler, lookup: plan.Lookup) -> None:
        table = self.lookups.get(lookup.table)
        if table is None:
            raise QueryError.at(f"there is no lookup table {lookup.table}", lookup.span)
        for name in [*(key for key, _ in lookup.keys), *lookup.output]:
            if name not in table.column_names:
                raise QueryError.at(
                    f"the lookup table {lookup.table} has no column {name}; it has "
                    f"{', '.join(table.column_names)}",
                    lookup.span,
                )
        held = self.hold(table, "lookup")
        keys = " AND ".join(
            f"l.{column(key)} = {compiler.name(name).text}" for key, name in lookup.keys
        )
        cells = [(name, compiler.fresh()) for name in lookup.output]
        listed = ", ".join(f"l.{column(name)} AS {cell}" for name, cell in cells)
        at = compiler.at
        # The first line of the table that fits: a second one must not double the event.
        compiler.link(
            f"SELECT e.*, m.* FROM {at} e LEFT JOIN LATERAL "
            f"(SELECT {listed} FROM {held} l WHERE {keys} LIMIT 1) m ON TRUE"
        )
        for name, cell in cells:
            compiler.scope.values[name] = Value(cell, "text")

    # ---- patterns

    def _shapes(
        self, commands: Sequence[plan.Command], of: plan.Expr, moment: Moment
    ) -> tuple[list[Row], int]:
        base, clear = self.events(self.query.source, moment.start_ms, moment.end_ms)
        compiler = Compiler(moment, base, clear=clear)
        self._subqueries(compiler, commands)
        compiler.begin([*commands, plan.Pattern(of)])
        self._commands(compiler, commands)
        if not compiler.scope.open:
            raise QueryError.at("pattern stands before stats, not after it", of.span)
        text = compiler.value(of).text
        sql = compiler.with_links(
            f"SELECT {text} AS t, count(*) AS n FROM {compiler.at} "
            f"WHERE {text} IS NOT NULL GROUP BY ALL ORDER BY 1"
        )
        lines = self._fetch(sql, False)
        return rows(shapes(lines)), sum(count for _, count in lines)

    def _patterns(self, commands: list[plan.Command], cut: int) -> Result:
        pattern = commands[cut]
        assert isinstance(pattern, plan.Pattern)
        before, after = commands[:cut], commands[cut + 1 :]
        found, matched = self._shapes(before, pattern.of, self.moment)
        told: dict[str, list[Any]] = {
            "@pattern": [row.pattern for row in found],
            "@ratio": [row.ratio for row in found],
            "@sampleCount": [float(row.count) for row in found],
            "@severityLabel": [row.severity for row in found],
        }
        while after and isinstance(after[0], plan.Diff | plan.Anomaly):
            command = after.pop(0)
            if isinstance(command, plan.Diff):
                told = self._diff(before, pattern.of, found, command)
            else:
                told = self._anomaly(before, pattern.of, found, told)
        return self._over(told, after, matched)

    def _previous(self, against: str) -> Moment:
        moment = self.moment
        day = 86_400_000
        back = {"previousDay": day, "previousWeek": 7 * day}.get(against)
        if against == "previousMonth":
            back = 30 * day
        if back is None:
            back = moment.end_ms - moment.start_ms + 1
        return Moment(moment.start_ms - back, moment.end_ms - back, moment.now_ms)

    def _diff(
        self, before: Sequence[plan.Command], of: plan.Expr, found: list[Row], diff: plan.Diff
    ) -> dict[str, list[Any]]:
        """Two ranges side by side; what changed most comes first."""
        earlier, _ = self._shapes(before, of, self._previous(diff.against))
        then = {row.pattern: row for row in earlier}
        now = {row.pattern: row for row in found}
        names = sorted(
            {*then, *now},
            key=lambda name: (
                -abs(_count(now, name) - _count(then, name)), -_count(now, name), name
            ),
        )  # fmt: skip
        return {
            "@pattern": names,
            "@sampleCount": [float(_count(now, name)) for name in names],
            "@previousSampleCount": [float(_count(then, name)) for name in names],
            "@difference": [float(_count(now, name) - _count(then, name)) for name in names],
            "@differenceDescription": [_change(now, then, name) for name in names],
            "@severityLabel": [(now.get(name) or then[name]).severity for name in names],
        }

    def _anomaly(
        self,
        before: Sequence[plan.Command],
        of: plan.Expr,
        found: list[Row],
        told: dict[str, list[Any]],
    ) -> dict[str, list[Any]]:
        """What is out of the ordinary against the range before. The statistics are labkit's own."""
        earlier, _ = self._shapes(before, of, self._previous(""))
        then = {row.pattern: row for row in earlier}
        keep, kinds, scores, said = [], [], [], []
        for index, name in enumerate(told["@pattern"]):
            row = next((row for row in found if row.pattern == name), None)
            if row is None:
                continue
            was = _count(then, name)
            if was == 0 and earlier:
                kind, score = "NewPattern", 1.0
                text = f"{row.count} lines of a pattern that the range before had not"
            elif was and (row.count > 3 * was or was > 3 * row.count) and max(row.count, was) >= 10:
                kind, score = (
                    "PatternFrequency",
                    min(1.0, abs(row.count - was) / max(row.count, was)),
                )
                text = f"{row.count} lines; {was} in the range before"
            else:
                continue
            keep.append(index)
            kinds.append(kind)
            scores.append(score)
            said.append(text)
        out = {name: [values[index] for index in keep] for name, values in told.items()}
        return {**out, "@anomalyType": kinds, "@anomalyScore": scores, "@description": said}

    def _over(
        self, told: dict[str, list[Any]], after: Sequence[plan.Command], matched: int
    ) -> Result:
        import pyarrow as pa

        floats = {"@ratio", "@sampleCount", "@previousSampleCount", "@difference", "@anomalyScore"}
        arrays, given = {}, {}
        for index, (name, values) in enumerate(told.items()):
            kind = "num" if name in floats else "text"
            arrays[f"p{index}"] = pa.array(values, pa.float64() if kind == "num" else pa.string())
            given[name] = Value(f"p{index}", kind)
        arrays["pos"] = pa.array(list(range(len(next(iter(told.values()), [])))), pa.int64())
        base = self.hold(pa.table(arrays), "patterns")
        compiler = Compiler(self.moment, base, given)
        compiler.order = ["pos ASC NULLS FIRST"]
        self._commands(compiler, after)
        return self._answer(compiler.finish(self.limit), matched)


def _count(of: Mapping[str, Row], name: str) -> int:
    row = of.get(name)
    return row.count if row else 0


def _change(now: Mapping[str, Row], then: Mapping[str, Row], name: str) -> str:
    if name not in then:
        return "NEW"
    if name not in now:
        return "GONE"
    was, is_ = then[name].count, now[name].count
    return f"{(is_ - was) / was:+.0%}" if is_ != was else "="


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
