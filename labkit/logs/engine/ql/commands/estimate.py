"""``estimate``: how much the query would scan, without scanning it; nothing is charged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.reading_commands import Reader

#: The answer's only column; the guide does not name it.
COLUMN = "estimatedBytes"


@dataclass(frozen=True, slots=True)
class Estimate(plan.Command):
    """``estimate``, the last command of a query."""

    def __str__(self) -> str:
        return "estimate"


def read(reader: Reader, tree: Tree[Any]) -> Estimate:
    """The plan of the rule."""
    return Estimate(span=reader.span(tree))
