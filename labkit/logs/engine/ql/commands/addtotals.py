"""``addtotals [fieldname=N] [row=b] [col=b] [fields]``: sums across and sums below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.options import flag, options, split
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader


@dataclass(frozen=True, slots=True)
class AddTotals(plan.Command):
    """``addtotals``: ``row`` adds a column with the sum of each row, ``col`` a last row."""

    names: tuple[plan.Name, ...] = ()
    called: str = "Total"
    row: bool = True
    col: bool = False

    @property
    def made(self) -> tuple[str, ...]:
        """The name of the column of sums."""
        return (self.called,) if self.row else ()

    def __str__(self) -> str:
        names = " " + ", ".join(name.text for name in self.names) if self.names else ""
        return (
            f"addtotals fieldname={self.called} row={str(self.row).lower()} "
            f"col={str(self.col).lower()}{names}"
        )


def read(reader: Reader, tree: Tree[Any]) -> AddTotals:
    """The plan of the rule."""
    chosen, names = split(tree.children)
    told = options(
        reader, "addtotals", chosen, {"fieldname": "Total", "row": "true", "col": "false"}
    )
    return AddTotals(
        tuple(map(reader.name, names)), told["fieldname"],
        flag(reader, tree, "row", told["row"]), flag(reader, tree, "col", told["col"]),
        span=reader.span(tree),
    )  # fmt: skip


def add(compiler: Compiler, command: AddTotals) -> None:
    """Texts that are no number count nothing, and a row with no number has no sum."""
    summed = [name.name for name in command.names] or [
        name
        for name in compiler.names()
        if not name.startswith("@") and compiler.named(name).kind not in ("time", "json")
    ]
    values = [compiler.held(name) for name in summed]
    compiler.floats = True
    if command.row:
        parts = " + ".join(f"coalesce({value.num}, 0)" for value in values) or "0"
        some = " OR ".join(f"{value.num} IS NOT NULL" for value in values) or "FALSE"
        compiler.show([(command.called, Value(f"CASE WHEN {some} THEN {parts} END", "num"))])
        values.append(compiler.named(command.called))
    if not command.col or not values:
        return
    last, at = compiler.fresh(), compiler.at
    sums = []
    for value in values:
        total = f"sum({value.num})"
        sums.append(f"{total if value.kind == 'num' else f'lq_shown({total})'} AS {value.sql}")
    compiler.link(
        f"SELECT *, 0 AS {last} FROM {at} UNION ALL BY NAME "
        f"SELECT {', '.join(sums)}, 1 AS {last} FROM {at}"
    )
    compiler.order = [f"{last} ASC NULLS FIRST", *compiler.order]
