"""``fields a, b``: show these; ``fields - a``: all but these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class Fields(plan.Command):
    """``minus``: these are left out."""

    names: tuple[plan.Name, ...]
    minus: bool = False

    @property
    def projects(self) -> bool:
        """Whether it says all columns of the answer."""
        return not self.minus

    def __str__(self) -> str:
        return f"fields {'- ' * self.minus}{', '.join(name.name for name in self.names)}"


def read(reader: Reader, tree: Any) -> Fields:
    """The plan of the rule."""
    sign, *names = tree.children
    return Fields(reader.names(names), str(sign or "") == "-", span=reader.span(tree))


def add(compiler: Compiler, command: Fields) -> None:
    """Name the columns of the answer. What is not shown can be asked for all the same."""
    names = list(dict.fromkeys(name.name for name in command.names))
    for name in command.names:
        value = compiler.name(name)
        compiler.scope.values.setdefault(name.name, value)
    if command.minus:
        compiler.shown = [name for name in compiler.names() if name not in names]
    else:
        compiler.shown = names
