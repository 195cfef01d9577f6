"""``expand field``: a row for each element of a JSON list, in the field's own place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import discovered, plan
from labkit.logs.engine.ql.values import Value, quoted

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader


@dataclass(frozen=True, slots=True)
class Expand(plan.Command):
    """``expand``: what is no list stays one row."""

    of: plan.Name

    def __str__(self) -> str:
        return f"expand {self.of.text}"


def read(reader: Reader, tree: Tree[Any]) -> Expand:
    """The plan of the rule."""
    return Expand(reader.name(tree.children[0]), span=reader.span(tree))


def add(compiler: Compiler, command: Expand) -> None:
    """The list is read out of the event itself: as a field only its elements have names."""
    value = compiler.name(command.of)
    source = value.sql if value.kind == "json" else _structure(compiler, command.of, value)
    cell = compiler.fresh()
    compiler.link(
        f"SELECT *, unnest(CASE WHEN json_type({source}) = 'ARRAY' "
        f"THEN json_extract({source}, '$[*]') ELSE [{source}] END) AS {cell} FROM {compiler.at}"
    )
    compiler.scope.values[command.of.name] = Value(cell, "json")
    compiler.shows([command.of.name])


def _structure(compiler: Compiler, name: plan.Name, value: Value) -> str:
    """A field of events as JSON in SQL: a list is no text field, it is read from the event."""
    reads = [f"lq_json({value.text})", f"to_json({value.text})"]
    if compiler.scope.open and compiler.events and not name.name.startswith("@"):
        reads[:0] = [
            f"json_extract(lq_json({compiler.text}), {quoted(pointer)})"
            for pointer in discovered.pointers(name.name)
        ]
    return f"coalesce({', '.join(reads)})"
