"""``fillmissing [with value for field, ...]``: rows for the bins in which nothing happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.periods import Floor, floored

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader

#: The most bins that a range is filled with.
MOST = 100_000


@dataclass(frozen=True, slots=True)
class FillMissing(plan.Command):
    """``fillmissing`` after ``stats ... by bin()``: ``values`` are for inserted rows alone."""

    values: tuple[tuple[plan.Expr, plan.Name], ...] = ()

    def __str__(self) -> str:
        told = ", ".join(f"{value.text} for {name.text}" for value, name in self.values)
        return f"fillmissing with {told}" if told else "fillmissing"


def read(reader: Reader, tree: Tree[Any]) -> FillMissing:
    """The plan of the rule."""
    pairs = []
    for child in tree.children:
        if child is not None:
            value, name = child.children
            pairs.append((reader.expr(value), reader.name(name)))
    return FillMissing(tuple(pairs), span=reader.span(tree))


def add(compiler: Compiler, command: FillMissing) -> None:
    """Every bin of the query's range, for each combination of the other groups."""
    if compiler.binned is None:
        raise QueryError.at("fillmissing stands after stats ... by bin()", command.span)
    bin_cell, floor, others = compiler.binned
    given = {name.name: compiler.value(value) for value, name in command.values}
    for _, told in command.values:
        compiler.name(told)
    at = compiler.at
    bins = f"(SELECT {_starts(compiler, floor, command)} AS b)"
    joined = f"x.{bin_cell} = g.b"
    if others:
        listed = ", ".join(others)
        bins = f"(SELECT * FROM {bins}, (SELECT DISTINCT {listed} FROM {at}))"
        joined += "".join(f" AND x.{cell} IS NOT DISTINCT FROM g.{cell}" for cell in others)
    kept = [f"g.b AS {bin_cell}", *(f"g.{cell}" for cell in others)]
    for name, value in compiler.scope.values.items():
        if value.sql in (bin_cell, *others) or not value.sql.isidentifier():
            continue
        cell = f"x.{value.sql}"
        if name in given:
            made = given[name].num if value.kind == "num" else given[name].text
            cell = f"CASE WHEN x.{bin_cell} IS NULL THEN {made} ELSE {cell} END"
        kept.append(f"{cell} AS {value.sql}")
    compiler.link(f"SELECT {', '.join(kept)} FROM {bins} g LEFT JOIN {at} x ON {joined}")


def _starts(compiler: Compiler, floor: Floor, command: FillMissing) -> str:
    """SQL: the begin of each bin from the query's start to its end."""
    moment = compiler.moment
    length = floor.millis or floor.months * 28 * 86_400_000
    if (moment.end_ms - moment.start_ms) / length > MOST:
        raise QueryError.at(
            f"fillmissing would insert more than {MOST:,} bins; choose longer ones", command.span
        )
    first = floored(f"CAST({moment.start_ms} AS DOUBLE)", floor)
    last = floored(f"CAST({moment.end_ms} AS DOUBLE)", floor)
    if floor.months:
        months = f"INTERVAL {floor.months} MONTH"
        return (
            f"unnest(list_transform(generate_series(make_timestamp_ms({first}), "
            f"make_timestamp_ms({last}), {months}), lambda t: epoch_ms(t)))"
        )
    return f"unnest(generate_series({first}, {last}, {floor.millis}))"
