"""``trendline sort t sma(5, a) as b``: moving averages, simple (sma) and weighted (wma)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ppl.commands import sort
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader

#: Rows of one average.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Average:
    """An average over the last ``count`` rows."""

    kind: str
    count: int
    of: plan.Name
    name: str

    def __str__(self) -> str:
        return f"{self.kind}({self.count}, {self.of.name}) as {self.name}"


@dataclass(frozen=True, slots=True)
class Trendline(plan.Command):
    """``key``: the order of the rows; None: that which they have."""

    averages: tuple[Average, ...]
    key: plan.SortKey | None = None

    @property
    def made(self) -> tuple[str, ...]:
        """The names of the averages."""
        return tuple(one.name for one in self.averages)

    def __str__(self) -> str:
        key = f"sort {self.key} " if self.key else ""
        return f"trendline {key}{' '.join(map(str, self.averages))}"


def read(reader: Reader, tree: Any) -> Trendline:
    """The plan of the rule."""
    first, *averages = tree.children
    found = []
    for told in averages:
        kind, count, of, name = told.children
        if str(kind).lower() not in ("sma", "wma"):
            raise QueryError.at(f"a trendline is sma or wma, not {kind}", reader.span(kind))
        field = reader.name(of)
        number = reader.count(count, 1, _MOST)
        if not number:
            raise QueryError.at("an average is over one row at least", reader.span(count))
        alias = f"{field.name}_trendline" if name is None else reader.name(name).name
        found.append(Average(str(kind).lower(), number, field, alias))
    key = None if first is None else sort.read_key(reader, first)
    return Trendline(tuple(found), key, span=reader.span(tree))


def add(compiler: Compiler, command: Trendline) -> None:
    """Windows of rows; the first rows, which have too few before them, get nothing."""
    if command.key is not None:
        sort.add(compiler, sort.Sort((command.key,), span=command.span))
    compiler.floats = True
    made = []
    for one in command.averages:
        value, order = compiler.name(one.of).num, compiler.ordered.strip()
        rows = f"ROWS BETWEEN {one.count - 1} PRECEDING AND CURRENT ROW"
        sql, counted = f"avg({value}) OVER ({order} {rows})", "*"
        if one.kind == "wma":
            # The newest of n values counts n times, the oldest once.
            listed = f"list({value}) OVER ({order} {rows})"
            total = f"list_sum(list_transform({listed}, lambda x, i: x * i))"
            sql, counted = f"{total} / {one.count * (one.count + 1) // 2}", value
        there = f"count({counted}) OVER ({order} {rows}) = {one.count}"
        made.append((one.name, Value(f"CASE WHEN {there} THEN {sql} END", "num")))
    compiler.show(made)
