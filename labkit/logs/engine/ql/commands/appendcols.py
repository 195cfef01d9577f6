"""``appendcols [override=b] [max=n] (subquery)``: columns of another query, row beside row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.options import flag, options, split
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader
    from labkit.logs.engine.ql.running import Run

#: The most rows of the other query, and how many without a word.
MOST, USUAL = 100_000, 10_000


@dataclass(frozen=True, slots=True)
class AppendCols(plan.Command):
    """``appendcols``: ``override`` lets the other query's columns replace those of one name."""

    query: plan.Query
    override: bool = False
    most: int = USUAL

    def __str__(self) -> str:
        return f"appendcols override={str(self.override).lower()} max={self.most} ({self.query})"


def read(reader: Reader, tree: Tree[Any]) -> AppendCols:
    """The plan of the rule."""
    chosen, rest = split(tree.children)
    told = options(reader, "appendcols", chosen, {"override": "false", "max": str(USUAL)})
    most = told["max"]
    if not most.isdigit() or not 1 <= int(most) <= MOST:
        raise QueryError.at(f"max={most}: a whole number from 1 to {MOST}", reader.span(tree))
    return AppendCols(
        reader.query(rest[0]), flag(reader, tree, "override", told["override"]), int(most),
        span=reader.span(tree),
    )  # fmt: skip


def appendcols(run: Run, compiler: Compiler, command: AppendCols) -> None:
    """Number the rows of both in their orders and put equal numbers side by side.

    A row of the other query that has no row beside it is left out.
    """
    inner = run.inner(command.query, f"a{len(compiler.links)}_", [])
    names = [
        name for name in inner.names()
        if command.override or name not in compiler.names()
    ]  # fmt: skip
    place, cells = compiler.fresh(), [(name, compiler.fresh()) for name in names]
    listed = "".join(f", {inner.named(name).shown} AS {cell}" for name, cell in cells)
    inner.link(
        f"SELECT row_number() OVER ({inner.ordered.strip()}) AS {place}{listed} FROM {inner.at} "
        f"QUALIFY {place} <= {command.most}"
    )
    here, at = compiler.fresh(), compiler.at
    compiler.links += inner.links
    compiler.link(
        f"SELECT e.*, r.* EXCLUDE ({place}) FROM (SELECT *, row_number() OVER "
        f"({compiler.ordered.strip()}) AS {here} FROM {at}) e "
        f"LEFT JOIN {inner.at} r ON e.{here} = r.{place}"
    )
    for name, cell in cells:
        compiler.scope.values[name] = Value(cell, "text")
    compiler.shows([name for name, _ in cells])
