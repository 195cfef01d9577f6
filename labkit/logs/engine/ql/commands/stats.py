"""``stats``: aggregates, for each group; the events are gone after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.aggregates import AGGREGATES, TIMED, Aggregate
from labkit.logs.engine.ql.chain import Scope
from labkit.logs.engine.ql.commands.sort import order_of
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.expressions import no_function, period_of
from labkit.logs.engine.ql.operators import computed
from labkit.logs.engine.ql.periods import Floor
from labkit.logs.engine.ql.scalars import FUNCTIONS
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler


def stats(compiler: Compiler, command: plan.Stats) -> None:
    """Aggregate: the scope holds the aggregates and the groups after it, nothing else."""
    before = compiler.at
    groups: list[tuple[str, str, Value]] = []
    for told in command.by:
        value = compiler.value(told.expr)
        if value.kind == "json":
            value = Value(value.text, "text")
        groups.append((told.name, compiler.fresh(), value))
    compiler.binned = _bins(command, [cell for _, cell, _ in groups])
    wanted: list[tuple[str, str, Value]] = []
    # `max(a) as most, min(a) as least, most - least as span`: a later column may use the names
    # of those before it, as the guide's own samples do.
    told_before: dict[str, Value] = {}
    for told in command.aggregates:
        value = _aggregate(compiler, told.expr, told_before)
        wanted.append((told.name, compiler.fresh(), value))
        told_before[told.name] = value
    cells = [f"{value.sql} AS {cell}" for _, cell, value in groups + wanted]
    hidden = compiler.fresh()
    # By their places: an expression that stands there again is bound again.
    by = f" GROUP BY {', '.join(str(n) for n in range(1, len(groups) + 1))}" if groups else ""
    compiler.link(f"SELECT {', '.join(cells)}, count(*) AS {hidden} FROM {before}{by}")
    if not compiler.counted and compiler.scope.open and compiler.events:
        compiler.counted = f"SELECT coalesce(sum({hidden}), 0) FROM {compiler.at}"
        compiler.counted_at, compiler.counted_by = compiler.at, hidden
    compiler.scope = Scope(
        {name: Value(cell, value.kind) for name, cell, value in groups + wanted}, open=False
    )
    compiler.shown = list(compiler.scope.values)
    compiler.displayed = None
    compiler.order = [
        key
        for _, cell, value in groups
        for key in order_of(Value(cell, value.kind), descending=False)
    ]


def _bins(command: plan.Stats, cells: Sequence[str]) -> tuple[str, Floor, list[str]] | None:
    """Which group is a bin, for commands that go on from it."""
    for told, cell in zip(command.by, cells, strict=True):
        call = told.expr
        if isinstance(call, plan.Call) and call.function.lower() == "bin":
            return cell, period_of(call.args[0]), [c for c in cells if c != cell]
    return None


def _aggregate(compiler: Compiler, expr: plan.Expr, told_before: Mapping[str, Value]) -> Value:
    """An aggregate, or an expression over aggregates: ``sum(bytes) / 1024``.

    Args:
        expr: the expression.
        told_before: the columns of this ``stats`` that stand before it, by their names.
    """
    if isinstance(expr, plan.Name) and expr.name in told_before:
        return told_before[expr.name]
    if isinstance(expr, plan.Call):
        row = AGGREGATES.get(expr.function.lower())
        if row is not None:
            return _one_aggregate(compiler, row, expr)
        scalar = FUNCTIONS.get(expr.function.lower())
        if scalar is not None and expr.args:
            if not scalar.fewest <= len(expr.args) <= scalar.most:
                raise QueryError.at(f"{scalar.name} is written {scalar.usage}", expr.span)
            parts: list[Value | Floor] = [
                period_of(arg)
                if isinstance(arg, plan.Period)
                else _aggregate(compiler, arg, told_before)
                for arg in expr.args
            ]
            return scalar.build(*parts)
        raise QueryError.at(no_function(expr.function), expr.span)
    if isinstance(expr, plan.Op) and expr.op in ("+", "-", "*", "/", "%", "^"):
        left, right = (_aggregate(compiler, arg, told_before) for arg in expr.args)
        return computed(expr.op, left, right)
    if isinstance(expr, plan.Literal):
        return compiler.value(expr)
    raise QueryError.at(
        f"stats needs an aggregate like count(*) or avg({expr.text}), not {expr.text}",
        expr.span,
    )


def _one_aggregate(compiler: Compiler, row: Aggregate, call: plan.Call) -> Value:
    args = [arg for arg in call.args if not isinstance(arg, plan.Star)]
    if len(args) != len(call.args) and row.name != "count":
        raise QueryError.at("a star stands in count(*) only", call.span)
    if not row.fewest <= len(args) <= row.most:
        raise QueryError.at(
            f"{row.name} takes {row.fewest} values; {len(args)} were given", call.span
        )
    compiler.floats = compiler.floats or row.floats
    values = [compiler.value(arg) for arg in args]
    if row.name in ("pct", "percentile", "topk"):
        known = values[1 if row.name != "topk" else 0]
        if not isinstance(known.literal, int | float):
            raise QueryError.at(f"{row.name} needs a plain number", call.span)
    if row.name in TIMED:
        order = compiler.scope.values.get("@timestamp") or (
            Value("ts", "time") if compiler.scope.open and compiler.events else None
        )
        if order is None:
            raise QueryError.at(f"{row.name} needs @timestamp, which is gone", call.span)
        values.append(order)
    return row.build(*values)
