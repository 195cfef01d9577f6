"""``sort - a, + b``: ascending where nothing is said; a number before keeps so many rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.opensearch.rows import WrongValue
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.limit import limit
from labkit.logs.engine.ql.commands.sort import order_of
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader

#: What a key may be read as.
_AS = {"auto": "", "num": "double", "str": "string", "ip": ""}


@dataclass(frozen=True, slots=True)
class Sort(plan.Command):
    """``count``: so many rows are kept; 0 keeps all."""

    keys: tuple[plan.SortKey, ...]
    count: int = 0

    def __str__(self) -> str:
        keys = ", ".join(f"{'-' if key.descending else '+'} {key.expr.text}" for key in self.keys)
        return f"sort {f'{self.count} ' * bool(self.count)}{keys}"


def read_key(reader: Reader, tree: Any) -> plan.SortKey:
    """``- field``, ``num(field)``."""
    sign, field = tree.children
    expr = reader.expr(field)
    if isinstance(expr, plan.Call) and len(expr.args) == 1:
        kind = _AS.get(expr.function.lower())
        if kind is not None:
            expr = expr.args[0]
        if kind:
            expr = plan.Call("cast", (expr, plan.Literal(kind)), span=reader.span(field))
    return plan.SortKey(expr, str(sign or "") == "-")


def read(reader: Reader, tree: Any) -> Sort:
    """The plan of the rule."""
    count, *keys = tree.children
    return Sort(
        tuple(read_key(reader, key) for key in keys), reader.count(count, 0),
        span=reader.span(tree),
    )  # fmt: skip


def add(compiler: Compiler, command: Sort) -> None:
    """Numbers by their value, then texts; a key read as ``str`` by its letters alone."""
    keys: list[str] = []
    for key in command.keys:
        value = compiler.value(key.expr)
        if value.kind == "json":
            raise WrongValue("a list or an object cannot be sorted by")
        cell = compiler.fresh()
        compiler.link(f"SELECT *, {value.sql} AS {cell} FROM {compiler.at}")
        if isinstance(key.expr, plan.Call) and key.expr.args[1:] == (plan.Literal("string"),):
            keys.append(f"{cell} {'DESC NULLS LAST' if key.descending else 'ASC NULLS FIRST'}")
        else:
            keys += order_of(Value(cell, value.kind), key.descending)
    # Rows that agree stay in the order before.
    compiler.order = keys + [key for key in compiler.order if key not in keys]
    if command.count:
        limit(compiler, plan.Limit(command.count, span=command.span))
