"""``expand list as item``: a row for each item of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class Expand(plan.Command):
    """``name``: what the item is called."""

    of: plan.Name
    name: str

    @property
    def made(self) -> tuple[str, ...]:
        """The name of the item."""
        return (self.name,) if self.name != self.of.name else ()

    def __str__(self) -> str:
        return f"expand {self.of.name} as {self.name}"


def read(reader: Reader, tree: Any) -> Expand:
    """The plan of the rule."""
    of, name = tree.children
    field = reader.name(of)
    return Expand(field, field.name if name is None else reader.name(name).name,
                  span=reader.span(tree))  # fmt: skip


def add(compiler: Compiler, command: Expand) -> None:
    """Rows whose field is no list have no item, and go."""
    source = compiler.json(command.of).sql
    cell = compiler.fresh()
    compiler.link(
        f"SELECT *, unnest(CASE WHEN json_type({source}) = 'ARRAY' "
        f"THEN json_extract({source}, '$[*]') END) AS {cell} FROM {compiler.at}"
    )
    compiler.scope.values[command.name] = Value(cell, "json")
    compiler.shows([command.name])
