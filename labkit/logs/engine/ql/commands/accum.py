"""``accum field [AS out]``: a running sum, in the order that the rows have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader


@dataclass(frozen=True, slots=True)
class Accum(plan.Command):
    """``accum``: without a name of its own the sum takes the place of the field."""

    of: plan.Name
    out: str

    @property
    def made(self) -> tuple[str, ...]:
        """The name of the sum."""
        return (self.out,)

    def __str__(self) -> str:
        return f"accum {self.of.text} as {self.out}"


def read(reader: Reader, tree: Tree[Any]) -> Accum:
    """The plan of the rule."""
    of, out = tree.children
    name = reader.name(of)
    return Accum(name, reader.name(out).name if out is not None else name.name,
                 span=reader.span(tree))  # fmt: skip


def add(compiler: Compiler, command: Accum) -> None:
    """A window from the first row to this one. Rows without a number pass the sum on."""
    value = compiler.name(command.of)
    window = f"{compiler.ordered.strip()} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    compiler.floats = True
    compiler.show([(command.out, Value(f"sum({value.num}) OVER ({window})", "num"))])
