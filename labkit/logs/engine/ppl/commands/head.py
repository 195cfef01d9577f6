"""``head 20 from 10``: the first rows; ten when nothing is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class Head(plan.Command):
    """``skip``: rows that are left out before."""

    count: int = 10
    skip: int = 0

    def __str__(self) -> str:
        return f"head {self.count}" + (f" from {self.skip}" if self.skip else "")


def read(reader: Reader, tree: Any) -> Head:
    """The plan of the rule."""
    count, skip = tree.children
    return Head(reader.count(count, 10), reader.count(skip, 0), span=reader.span(tree))


def add(compiler: Compiler, command: Head) -> None:
    """Keep so many rows."""
    skip = f" OFFSET {command.skip}" if command.skip else ""
    compiler.link(
        f"SELECT * FROM {compiler.at}{compiler.ordered} LIMIT {command.count}{skip}"
    )  # fmt: skip
