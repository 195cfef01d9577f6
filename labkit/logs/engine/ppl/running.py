"""Runs a PPL plan over tables of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.logs.engine.ppl.compiling import Compiler
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.join import join, join_keys
from labkit.logs.engine.ql.compiling import Compiled, Moment
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.sql.events import ALWAYS
from labkit.logs.engine.sql.running import PatientRun, names_of

#: Discovered fields that a query without ``fields`` shows.
_MOST_SHOWN = 150


class PplRun(PatientRun):
    """A run of a PPL query."""

    compiles = Compiler
    table: Any = None

    def events(
        self, source: plan.Source | None, start_ms: int, end_ms: int
    ) -> tuple[str, Sequence[str]]:
        """The base relation of a source; its table is kept, for the names of its fields."""
        looked = self.looked(source, start_ms, end_ms)
        self.scanned += looked.records
        self.bytes += looked.bytes
        self.table = looked.table
        return self.hold(self.table, "events"), self.table.column_names

    def _stage(self, commands: Sequence[plan.Command], moment: Moment) -> Compiled:
        base, has = self.events(self.query.source, moment.start_ms, moment.end_ms)
        compiler = Compiler(moment, base, has=has)
        open_ = not any(getattr(command, "projects", command.closes) for command in commands)
        if open_ or any(getattr(command, "samples", False) for command in commands):
            compiler.sampled = names_of(self.table)[:_MOST_SHOWN]
        self.add_subqueries(compiler, commands)
        compiler.begin(commands, [*join_keys(commands), *compiler.sampled])
        if open_:
            compiler.shown = [*ALWAYS, *compiler.sampled]
        self.add_commands(compiler, commands)
        return compiler.finish(self.limit)

    def add_commands(self, compiler: Any, commands: Sequence[plan.Command]) -> None:
        """Compile commands; a join asks for a further table."""
        for index, command in enumerate(commands):
            if not isinstance(command, plan.Join):
                compiler.command(command)
                continue
            compiler.joining = True
            try:
                join(self, compiler, command, commands[index + 1 :])
            finally:
                compiler.joining = False

    def inner(self, query: plan.Query, prefix: str, needed: Sequence[str]) -> Any:
        """A query in brackets, compiled over a table of its own."""
        for value in plan.walk(query.commands):
            if isinstance(value, plan.Subquery | plan.Join):
                raise QueryError("a query in brackets holds no further one")
        kept = self.table
        try:
            return super().inner(query, prefix, needed)
        finally:
            self.table = kept
