"""Functions over windows of rows: ``RANK() OVER (PARTITION BY a ORDER BY b)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from labkit.logs.engine.opensearch.aggregates import AGGREGATES
from labkit.logs.engine.opensearch.rows import WrongValue
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value
from labkit.logs.engine.sql.ordering import keys_of
from labkit.logs.engine.sql.parsing import span_of

if TYPE_CHECKING:
    from labkit.logs.engine.sql.expressions import Expressions

    Node: TypeAlias = Any

_RANKS = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist"}
#: Those whose answer would depend on the order of rows that agree: the rows' own order decides.
_TIED = {"row_number", "lag", "lead", "ntile", "nth_value", "first_value", "last_value"}
_BOUNDS = {"UNBOUNDED", "CURRENT ROW"}


def windowed(expressions: Expressions, node: Node, order: str) -> Value:
    """The value of a function over a window.

    Parameters
    ----------
    expressions:
        Over the rows or groups of the SELECT.
    node:
        The node with OVER.
    order:
        The order of rows that the window leaves open.
    """
    from sqlglot import exp

    call = node.this.this if isinstance(node.this, exp.IgnoreNulls) else node.this
    if not isinstance(call, exp.Anonymous):
        raise QueryError.at("OVER stands after a function", span_of(node))
    name = str(call.this).lower()
    over = _over(expressions, node, name, order)
    value = _function(expressions, name, call, isinstance(node.this, exp.IgnoreNulls))
    return Value(f"({value.sql} OVER ({over}))" if value.kind != "num" else
                 f"CAST({value.sql} OVER ({over}) AS DOUBLE)", value.kind)  # fmt: skip


def _function(expressions: Expressions, name: str, call: Node, skipping: bool) -> Value:
    args = list(call.expressions)
    if name in _RANKS:
        if args:
            raise WrongValue(f"{name} takes no values")
        return Value(f"{name}()", "num")
    if name == "ntile":
        return Value(f"ntile(CAST({_number(expressions, args, 0, 1)} AS BIGINT))", "num")
    if name in ("lag", "lead", "nth_value", "first_value", "last_value", "first", "last"):
        if not args:
            raise WrongValue(f"{name} needs a value")
        value = expressions.value(args[0])
        kind = value.kind if value.kind in ("num", "time", "bool") else "text"
        sql = value.sql if kind == value.kind else value.shown
        nulls = " IGNORE NULLS" if skipping else ""
        if name in ("lag", "lead"):
            other = ""
            if len(args) > 2:
                default = expressions.value(args[2])
                other = f", {default.num if kind == 'num' else default.sql}"
            return Value(f"{name}({sql}, {_number(expressions, args, 1, 1)}{other}{nulls})", kind)
        if name == "nth_value":
            return Value(f"nth_value({sql}, {_number(expressions, args, 1, 1)}{nulls})", kind)
        word = "first_value" if name.startswith("first") else "last_value"
        return Value(f"{word}({sql}{nulls})", kind)
    if name in ("count", "sum", "avg", "mean", "min", "max", "stddev", "stddev_pop", "var_pop",
                "variance", "stddev_samp", "var_samp"):  # fmt: skip
        return _aggregate(expressions, name, args)
    raise WrongValue(f"{name} cannot stand before OVER")


def _aggregate(expressions: Expressions, name: str, args: list[Node]) -> Value:
    from sqlglot import exp

    if name == "count":
        if not args or isinstance(args[0], exp.Star | exp.Literal):
            return Value("count(*)", "num")
        if isinstance(args[0], exp.Distinct):
            raise WrongValue("DISTINCT cannot stand before OVER")
        return Value(f"count({expressions.value(args[0]).shown})", "num")
    row = AGGREGATES[name]
    if len(args) != row.fewest or isinstance(args[0], exp.Distinct):
        raise WrongValue(f"{name} takes {row.fewest} values here")
    value = expressions.value(args[0])
    word = {"mean": "avg", "stddev": "stddev_samp", "variance": "var_samp"}.get(name, name)
    if name in ("min", "max") and value.kind == "time":
        return Value(f"{word}({value.sql})", "time")
    return Value(f"{word}({value.num})", "num")


def _number(expressions: Expressions, args: list[Node], place: int, default: int) -> str:
    if len(args) <= place:
        return str(default)
    told = expressions.value(args[place]).literal
    if not isinstance(told, int | float) or not 0 <= told <= 1_000_000:
        raise WrongValue("a plain whole number is needed here")
    return str(int(told))


def _over(expressions: Expressions, node: Node, name: str, order: str) -> str:
    parts = []
    by = [expressions.value(one) for one in node.args.get("partition_by") or []]
    if by:
        parts.append("PARTITION BY " + ", ".join(
            value.sql if value.kind in ("num", "time", "bool") else value.shown for value in by
        ))  # fmt: skip
    keys = [key for one in _ordered(node) for key in keys_of(
        expressions.value(one.this), bool(one.args.get("desc")), one.args.get("nulls_first")
    )]  # fmt: skip
    if name in _TIED and order:
        keys += order.split(", ")
    if keys:
        parts.append("ORDER BY " + ", ".join(keys))
    spec = node.args.get("spec")
    if spec is not None:
        parts.append(_frame(spec))
    return " ".join(parts)


def _ordered(node: Node) -> list[Node]:
    order = node.args.get("order")
    return list(order.expressions) if order is not None else []


def _frame(spec: Node) -> str:
    """ROWS BETWEEN 2 PRECEDING AND CURRENT ROW."""
    sides = []
    for which in ("start", "end"):
        bound = spec.args.get(which)
        if bound is None:
            continue
        text = bound if isinstance(bound, str) else bound.name
        if text not in _BOUNDS and not text.isdigit():
            raise WrongValue(f"a window reaches a plain number of rows, not {text}")
        side = spec.args.get(f"{which}_side") or ""
        sides.append(f"{text} {side}".strip())
    kind = str(spec.args.get("kind") or "ROWS").upper()
    if kind not in ("ROWS", "RANGE"):
        raise WrongValue(f"{kind} is not there; write ROWS BETWEEN")
    return f"{kind} BETWEEN {' AND '.join(sides)}" if len(sides) == 2 else f"{kind} {sides[0]}"
