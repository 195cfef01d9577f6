"""From the plan to SQL.

A query becomes a chain of common table expressions (:mod:`labkit.logs.engine.ql.chain`); what each
command adds to it stands in :mod:`labkit.logs.engine.ql.commands`. All JSON fields of a query are
read in one pass over the message (a list of pointers). The SQL is plain but for names that begin
with ``lq_``; :mod:`labkit.logs.engine.ql.dialect` has those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labkit.logs.engine.ql import discovered, plan
from labkit.logs.engine.ql.chain import Moment, Scope
from labkit.logs.engine.ql.commands import COMMANDS
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.expressions import Expressions
from labkit.logs.engine.ql.values import Value, column, quoted

__all__ = ["DEFAULT_LIMIT", "Compiled", "Compiler", "Moment", "Scope"]

#: Rows of an answer when the query has no ``limit``; and the most that there are.
DEFAULT_LIMIT = 10_000

#: Fields of events that one query may name: what finding them takes grows with the square.
MOST_NAMES = 200


@dataclass(frozen=True, slots=True)
class Compiled:
    """A piece of a query as SQL.

    ``columns``: the names of the answer, in order; ``sql`` selects them, and ``ptr`` last when
    ``pointed``. ``kinds``: which of them are numbers and times still, not texts
    (:mod:`labkit.logs.engine.ql.shown`). ``matched``: SQL that counts the events that passed the
    filters, "" when all did. ``floats``: the answer has sums of floats, so that one thread must
    compute it. ``most``: rows that ``sql`` gives at most.

    The events should be read once, so ``tells`` says whether the rows tell what ``matched`` would:
    ``each``: it stands at the end of each row; ``sum``: it is the sum of what stands there, and
    ``rows``: the number of the rows, unless they are as many as there may be.
    """

    sql: str
    columns: tuple[str, ...]
    matched: str = ""
    pointed: bool = False
    floats: bool = False
    kinds: tuple[str, ...] = ()
    most: int = DEFAULT_LIMIT
    tells: str = ""


class Compiler(Expressions):
    """Compiles the commands of one query over one base relation."""

    def begin(self, commands: Sequence[plan.Command], needed: Sequence[str] = ()) -> None:
        """Read the base: discovered fields that the commands name become columns."""
        if not self.events:
            return
        names = [*needed, *self._named(commands)]
        if len(set(names)) > MOST_NAMES:
            raise QueryError(
                f"the query names {len(set(names))} fields of events; labkit finds {MOST_NAMES}"
            )
        made: dict[str, str] = {}
        for name in names:
            if name in discovered.ALWAYS or name in made:
                continue
            made[name] = f"d{len(made)}"
        for name in made:
            self._fields[name] = self._discovered(name)
        inner = ""
        if self._paths:
            leaves, json = discovered.json_columns(self._paths, self.text)
            inner = f"(SELECT *, {leaves} AS _j FROM (SELECT *, {json} AS js FROM {self.base}))"
        adds = "".join(f", {self._fields[name]} AS {column(made[name])}" for name in made)
        self.link(f"SELECT *{adds} FROM {inner or self.base}")
        for name, cell in made.items():
            self.scope.values[name] = Value(column(cell), "text")

    def _named(self, commands: Sequence[plan.Command]) -> list[str]:
        """Names of fields, of commands up to the one that closes the scope, aliases left out."""
        found: list[str] = []
        aliases: set[str] = set()
        structures: set[str] = set()
        for command in commands:
            for value in plan.walk(command):
                if isinstance(value, plan.Name) and value.name not in aliases:
                    head = value.name.split(".")[0]
                    if head not in structures and value.name not in found:
                        found.append(value.name)
            if isinstance(command, plan.Fields | plan.Display):
                for told in command.columns:
                    if not isinstance(told.expr, plan.Name):
                        aliases.add(told.name)
                        structures.add(told.name)
                    elif told.name != told.expr.name:
                        aliases.add(told.name)
            elif isinstance(command, plan.Parse):
                aliases.update(command.names)
            elif isinstance(command, plan.Unnest):
                aliases.add(command.name)
                structures.add(command.name)
            elif isinstance(command, plan.Lookup):
                aliases.update(command.output)
            elif isinstance(command, plan.Stats | plan.Pattern) or command.closes:
                break
            aliases.update(command.made)
        return found

    def _discovered(self, name: str) -> str:
        if name.startswith("@") and not name.startswith("@@"):
            if name == discovered.FAILED and self.structured:
                return "failed"
            return discovered.lambda_field(name) or "CAST(NULL AS VARCHAR)"
        found = discovered.column_field(name, self.text)
        for pointer in discovered.pointers(name):
            self._paths.append(pointer)
            found.append(f"lq_found(_j[{len(self._paths)}], js, {quoted(pointer)})")
        return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]

    def command(self, command: plan.Command) -> None:
        """Add what a command does."""
        compile_ = COMMANDS.get(type(command))
        if compile_ is None:
            raise QueryError.at(f"{command} cannot stand here", command.span)
        compile_(self, command)

    # ---- the answer

    def names(self) -> list[str]:
        """The names of the answer's columns."""
        if self.displayed is not None:
            return self.displayed
        if self.shown:
            return self.shown
        if self.scope.open and self.events:
            return ["@timestamp", "@message"]
        return list(self.scope.values)

    def show(self, computed: Sequence[tuple[str, Value]]) -> None:
        """A link with more columns, which the answer shows."""
        self.add(computed)
        self.shows([name for name, _ in computed])

    def shows(self, names: Sequence[str]) -> None:
        """Let the answer have these columns too, behind those that it has."""
        before = self.names()
        self.shown = [*before, *(name for name in names if name not in before)]
        if self.displayed is not None:
            self.displayed = list(self.shown)

    def finish(self, limit: int = DEFAULT_LIMIT) -> Compiled:
        """The statement that gives the answer."""
        names = self.names()
        pointed = self.scope.open and self.events
        cells, kinds = [], []
        for index, name in enumerate(names):
            value = self.name(plan.Name(name, text=name))
            raw = value.kind in ("num", "time")
            cells.append(f"{value.sql if raw else value.shown} AS {column(f'o{index}')}")
            kinds.append(value.kind)
        most = min(limit, self.limited or limit)
        tells = ""
        if pointed:
            cells.append("ptr AS _ptr")
            tells = "rows" if self.filtered and self.passed == self.at else ""
        elif self.counted and self.at == self.counted_at:
            cells.append(f"{self.counted_by} AS _matched")
            tells, self.counted_at = "sum", ""
        elif self.counted:
            cells.append(f"({self.counted}) AS _matched")
            tells = "each"
        # Without ORDER BY 1 an answer would come in whatever order the threads were done.
        select = f"SELECT {', '.join(cells)} FROM {self.at}{self.ordered} LIMIT {most}"
        matched = self.counted and self.with_links(self.counted)
        if not matched and self.filtered:
            matched = self.with_links(f"SELECT count(*) FROM {self.filtered}")
        return Compiled(
            self.with_links(select), tuple(names), matched, pointed, self.floats, tuple(kinds),
            most, tells,
        )  # fmt: skip
