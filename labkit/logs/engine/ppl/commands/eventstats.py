"""``eventstats avg(a) by b``: each row gets the aggregates of its group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ppl.commands import stats
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class EventStats(plan.Command):
    """``eventstats``."""

    aggregates: tuple[plan.Aliased, ...]
    by: tuple[plan.Aliased, ...] = ()

    @property
    def made(self) -> tuple[str, ...]:
        """The names of the new columns."""
        return tuple(told.name for told in self.aggregates)

    def __str__(self) -> str:
        by = f" by {', '.join(map(str, self.by))}" if self.by else ""
        return f"eventstats {', '.join(map(str, self.aggregates))}{by}"


def read(reader: Reader, tree: Any) -> EventStats:
    """The plan of the rule."""
    aggregates, by = tree.children
    return EventStats(
        tuple(map(reader.aliased, aggregates.children)), reader.by(by), span=reader.span(tree)
    )


def add(compiler: Compiler, command: EventStats) -> None:
    """Join the rows with their groups."""
    groups = stats.keys(compiler, command.by)
    wanted = [stats.aggregate(compiler, told) for told in command.aggregates]
    if groups:
        compiler.link(
            f"SELECT *, {', '.join(f'{value.sql} AS {cell}' for _, cell, value in groups)} "
            f"FROM {compiler.at}"
        )
    keys = [cell for _, cell, _ in groups]
    listed = [*(f"{cell} AS k{n}" for n, cell in enumerate(keys)),
              *(f"{value.sql} AS {cell}" for _, cell, value in wanted)]  # fmt: skip
    by = f" GROUP BY {', '.join(keys)}" if keys else ""
    on = " AND ".join(f"e.{cell} IS NOT DISTINCT FROM m.k{n}" for n, cell in enumerate(keys))
    at = compiler.at
    compiler.link(
        f"SELECT e.*, {', '.join(f'm.{cell}' for _, cell, _ in wanted)} FROM {at} e "
        f"LEFT JOIN (SELECT {', '.join(listed)} FROM {at}{by}) m ON {on or 'TRUE'}"
    )
    for name, cell, value in wanted:
        compiler.scope.values[name] = Value(cell, value.kind)
    compiler.shows([name for name, _, _ in wanted])
