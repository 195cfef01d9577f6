"""``eval a = x, b = a * 2``: new columns; a later one may use those before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class Eval(plan.Command):
    """``eval``."""

    columns: tuple[plan.Aliased, ...]

    @property
    def made(self) -> tuple[str, ...]:
        """The names of the new columns."""
        return tuple(told.name for told in self.columns)

    def __str__(self) -> str:
        return "eval " + ", ".join(f"{told.name} = {told.expr.text}" for told in self.columns)


def read(reader: Reader, tree: Any) -> Eval:
    """The plan of the rule."""
    return Eval(tuple(map(reader.assignment, tree.children)), span=reader.span(tree))


def add(compiler: Compiler, command: Eval) -> None:
    """A column after the other."""
    for told in command.columns:
        value = compiler.value(told.expr)
        if value.kind == "interval":
            raise QueryError.at("an interval is no column", told.expr.span)
        compiler.show([(told.name, value)])
