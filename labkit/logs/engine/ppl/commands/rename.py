"""``rename old as new``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class Rename(plan.Command):
    """``pairs``: the field, and its new name."""

    pairs: tuple[tuple[plan.Name, str], ...]

    @property
    def made(self) -> tuple[str, ...]:
        """The new names."""
        return tuple(new for _, new in self.pairs)

    def __str__(self) -> str:
        return "rename " + ", ".join(f"{old.name} as {new}" for old, new in self.pairs)


def read(reader: Reader, tree: Any) -> Rename:
    """The plan of the rule."""
    pairs = []
    for told in tree.children:
        old, new = told.children
        pairs.append((reader.name(old), reader.name(new).name))
    return Rename(tuple(pairs), span=reader.span(tree))


def add(compiler: Compiler, command: Rename) -> None:
    """Nothing is computed: a column is called otherwise."""
    values = [compiler.name(old) for old, _ in command.pairs]
    shown = compiler.names()
    for (old, new), value in zip(command.pairs, values, strict=True):
        compiler.scope.values.pop(old.name, None)
        compiler.scope.values[new] = value
        shown = [new if name == old.name else name for name in shown if name != new]
        if new not in shown:
            shown.append(new)
    compiler.shown = shown
