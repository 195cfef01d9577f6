"""``where``: the rows for which a condition holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.reading import Reader


def read(reader: Reader, tree: Any) -> plan.Filter:
    """The plan of the rule."""
    return plan.Filter(reader.expr(tree.children[0]), span=reader.span(tree))
