"""``filldown [fields]``: a missing value is that of the row before."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader


@dataclass(frozen=True, slots=True)
class FillDown(plan.Command):
    """``filldown``: fields by name or by a pattern with ``*``; without any, all that are shown."""

    names: tuple[plan.Name, ...] = ()
    patterns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(["filldown", *(name.text for name in self.names), *self.patterns])


def read(reader: Reader, tree: Tree[Any]) -> FillDown:
    """The plan of the rule."""
    names = [reader.name(child) for child in tree.children if hasattr(child, "data")]
    patterns = [str(child) for child in tree.children if not hasattr(child, "data")]
    return FillDown(tuple(names), tuple(patterns), span=reader.span(tree))


def add(compiler: Compiler, command: FillDown) -> None:
    """The last value that there was, in the order that the rows have."""
    chosen = [name.name for name in command.names]
    for pattern in command.patterns:
        chosen += [name for name in compiler.names() if fnmatchcase(name, pattern)]
    if not command.names and not command.patterns:
        chosen = compiler.names()
    window = f"{compiler.ordered.strip()} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    compiler.add(
        [
            (name, Value(f"last_value({held.sql} IGNORE NULLS) OVER ({window})", held.kind))
            for name in dict.fromkeys(chosen)
            for held in [compiler.held(name, command.span)]
        ]
    )
