"""``autoregress field [AS alias] [p=start[-end]]``: the values of the rows before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.options import options, split
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader

#: How far back a row may look.
FARTHEST = 100


@dataclass(frozen=True, slots=True)
class Autoregress(plan.Command):
    """``autoregress``: a column for each distance from ``first`` to ``last``."""

    of: plan.Name
    alias: str = ""
    first: int = 1
    last: int = 1

    @property
    def made(self) -> tuple[str, ...]:
        """The names of the columns: ``bytes_p1``, or the alias."""
        if self.alias:
            return (self.alias,)
        return tuple(f"{self.of.name}_p{step}" for step in range(self.first, self.last + 1))

    def __str__(self) -> str:
        alias = f" as {self.alias}" if self.alias else ""
        span = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"autoregress {self.of.text}{alias} p={span}"


def read(reader: Reader, tree: Tree[Any]) -> Autoregress:
    """The plan of the rule."""
    of, alias, *more = tree.children
    chosen, _ = split(more)
    told = options(reader, "autoregress", chosen, {"p": "1"})["p"]
    first, _, last = (part.strip() for part in told.partition("-"))
    last = last or first
    if not (first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last) <= FARTHEST):
        raise QueryError.at(f"p={told}: distances are from 1 to {FARTHEST}", reader.span(tree))
    if alias is not None and first != last:
        raise QueryError.at("one alias cannot name several columns", reader.span(alias))
    return Autoregress(
        reader.name(of), reader.name(alias).name if alias is not None else "",
        int(first), int(last), span=reader.span(tree),
    )  # fmt: skip


def add(compiler: Compiler, command: Autoregress) -> None:
    """The value so many rows before this one, in the order that the rows have."""
    value = compiler.held(command.of.name, command.of.span)
    window = compiler.ordered.strip()
    compiler.show(
        [
            (name, Value(f"lag({value.sql}, {step}) OVER ({window})", value.kind))
            for step, name in enumerate(command.made, command.first)
        ]
    )
