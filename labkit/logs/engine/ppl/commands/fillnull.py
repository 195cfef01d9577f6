"""``fillnull with 0 in a, b`` and ``fillnull using a = 0``: a value where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.opensearch.scalars import alike
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class FillNull(plan.Command):
    """``pairs``: the field and what it gets; no field: all that are shown get ``other``."""

    pairs: tuple[tuple[plan.Name, plan.Expr], ...]
    other: plan.Expr | None = None

    def __str__(self) -> str:
        if self.other is not None:
            return f"fillnull with {self.other.text}"
        return "fillnull using " + ", ".join(f"{n.name} = {e.text}" for n, e in self.pairs)


def read_with(reader: Reader, tree: Any) -> FillNull:
    """``with X in a, b``, ``value=X a b``."""
    told = [child for child in tree.children if getattr(child, "type", "") != "EQUAL"]
    value = reader.expr(told[0])
    names = reader.names(told[1:])
    return FillNull(
        tuple((name, value) for name in names), None if names else value, span=reader.span(tree)
    )


def read_using(reader: Reader, tree: Any) -> FillNull:
    """``using a = X, b = Y``."""
    pairs = []
    for child in tree.children:
        name, _, expr = child.children
        pairs.append((reader.name(name), reader.expr(expr)))
    return FillNull(tuple(pairs), span=reader.span(tree))


def add(compiler: Compiler, command: FillNull) -> None:
    """The field itself, else the value."""
    pairs = list(command.pairs)
    if command.other is not None:
        pairs = [(plan.Name(name, text=name), command.other) for name in compiler.names()]
    made = []
    for name, expr in pairs:
        kind, told = alike([compiler.name(name), compiler.value(expr)])
        made.append((name.name, Value(f"coalesce({', '.join(told)})", kind)))
    if made:
        compiler.show(made)
