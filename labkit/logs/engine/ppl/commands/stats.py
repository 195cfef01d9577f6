"""``stats count(), avg(a) by b, span(`@timestamp`, 5m)``: aggregates for each group."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.opensearch.aggregates import AGGREGATES, Call, percentile
from labkit.logs.engine.opensearch.rows import WrongValue, as_text
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.chain import Scope
from labkit.logs.engine.ql.commands.sort import order_of
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader

#: A name, its column, and its value.
Cell = tuple[str, str, Value]


def read(reader: Reader, tree: Any) -> plan.Stats:
    """The plan of the rule."""
    aggregates, by = tree.children
    return plan.Stats(
        tuple(map(reader.aliased, aggregates.children)), reader.by(by), span=reader.span(tree)
    )


def keys(compiler: Compiler, by: Sequence[plan.Aliased]) -> list[Cell]:
    """The columns of ``by``."""
    found = []
    for told in by:
        value = compiler.value(told.expr)
        if value.kind not in ("num", "time", "text"):
            value = Value(as_text(value), "text")
        found.append((told.name, compiler.fresh(), value))
    return found


def aggregate(compiler: Compiler, told: plan.Aliased) -> Cell:
    """A column of aggregates."""
    call = told.expr
    row = AGGREGATES.get(call.function.lower()) if isinstance(call, plan.Call) else None
    if row is None or not isinstance(call, plan.Call):
        name = call.function if isinstance(call, plan.Call) else call.text
        near = difflib.get_close_matches(name, AGGREGATES, 1)
        hint = f"; did you mean {near[0]}?" if near else ", like count() or avg(field)"
        raise QueryError.at(f"an aggregate is needed here, not {call.text}{hint}", call.span)
    args = [arg for arg in call.args if not isinstance(arg, plan.Star)]
    if row.name == "count" and len(args) == 1 and isinstance(args[0], plan.Literal):
        args = []
    if not row.fewest <= len(args) <= row.most:
        raise QueryError.at(
            f"{row.name} takes {row.fewest} values; {len(args)} were given", call.span
        )
    values = [compiler.value(arg) for arg in args]
    compiler.floats = compiler.floats or row.floats
    order = compiler.ordered.removeprefix(" ORDER BY ")
    try:
        if row.name in ("percentile", "percentile_approx", "approx_percentile"):
            share = values[1].literal
            if not isinstance(share, int | float) or not 0 <= share <= 100:
                raise WrongValue("the percentage is a plain number from 0 to 100")
            value = percentile(share / 100)(Call(values[:1]))
        else:
            value = row.build(Call(values, False, order))
    except WrongValue as wrong:
        raise QueryError.at(str(wrong), call.span) from None
    return told.name, compiler.fresh(), value


def add(compiler: Compiler, command: plan.Stats) -> None:
    """Aggregate: only its own columns are left, the aggregates first."""
    groups = keys(compiler, command.by)
    wanted = [aggregate(compiler, told) for told in command.aggregates]
    group(compiler, wanted, groups)


def group(compiler: Compiler, wanted: Sequence[Cell], groups: Sequence[Cell]) -> None:
    """A link of groups, which are in the order of their keys."""
    cells = [f"{value.sql} AS {cell}" for _, cell, value in (*groups, *wanted)]
    hidden = compiler.fresh()
    by = f" GROUP BY {', '.join(value.sql for _, _, value in groups)}" if groups else ""
    compiler.link(f"SELECT {', '.join(cells)}, count(*) AS {hidden} FROM {compiler.at}{by}")
    if not compiler.counted and compiler.scope.open and compiler.events:
        compiler.counted = f"SELECT coalesce(sum({hidden}), 0) FROM {compiler.at}"
        compiler.counted_at, compiler.counted_by = compiler.at, hidden
    compiler.scope = Scope(
        {name: Value(cell, value.kind) for name, cell, value in (*wanted, *groups)}, open=False
    )
    compiler.shown = list(compiler.scope.values)
    compiler.order = [
        key
        for _, cell, value in groups
        for key in order_of(Value(cell, value.kind), descending=False)
    ]
