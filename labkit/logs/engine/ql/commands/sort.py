"""``sort``: by numbers where values are numbers, else by their texts in natural order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler


def sort(compiler: Compiler, command: plan.Sort) -> None:
    """Say the order of the answer."""
    keys: list[str] = []
    for key in command.keys:
        if gone(compiler, key.expr):
            continue
        value = compiler.value(key.expr)
        if value.kind == "json":
            raise QueryError.at("a map or a list cannot be sorted by", key.expr.span)
        if not value.sql.isidentifier():
            compiler.add([(f"\0{compiler.serial}", value)])
            value = compiler.scope.values.pop(next(reversed(compiler.scope.values)))
        keys += order_of(value, key.descending)
    # Rows that agree stay in the order before: groups with one count would else come in
    # whatever order the threads were done.
    compiler.order = keys + [key for key in compiler.order if key not in keys]


def gone(compiler: Compiler, expr: plan.Expr) -> bool:
    """Whether a key is a field that ``stats`` left behind.

    ``stats ... by bin(5m) | sort @timestamp`` stands in many dashboards. Any other command says
    that the field is gone; there is nothing to sort by, and the rows stay in their order.
    """
    if not isinstance(expr, plan.Name) or compiler.scope.open:
        return False
    try:
        compiler.name(expr)
    except QueryError:
        return True
    return False


def order_of(value: Value, descending: bool) -> list[str]:
    """The keys of ORDER BY for a value: numbers by their value, then texts in natural order."""
    way = "DESC NULLS LAST" if descending else "ASC NULLS FIRST"
    if value.kind in ("num", "time", "bool"):
        return [f"{value.sql} {way}"]
    text = value.text
    return [
        f"(lq_num({text}) IS NOT NULL) {way}",
        f"lq_num({text}) {way}",
        # Numbers of one value are in the order of their texts: 01 before 1.
        f"CASE WHEN lq_num({text}) IS NULL THEN lq_key({text}) ELSE {text} END {way}",
    ]
