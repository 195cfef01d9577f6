"""``top 2 a by b`` and ``rare a``: the most and the least frequent values, with their counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.logs.engine.opensearch.rows import as_text
from labkit.logs.engine.ppl.commands import stats
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class Top(plan.Command):
    """``rare``: the least frequent ones. ``count``: so many for each group of ``by``."""

    closes: ClassVar[bool] = True
    names: tuple[plan.Name, ...]
    by: tuple[plan.Aliased, ...] = ()
    count: int = 10
    rare: bool = False

    def __str__(self) -> str:
        by = f" by {', '.join(map(str, self.by))}" if self.by else ""
        names = ", ".join(name.name for name in self.names)
        return f"{'rare' if self.rare else 'top'} {self.count} {names}{by}"


def read(reader: Reader, tree: Any) -> Top:
    """The plan of the rule."""
    count, *names, by = tree.children
    return Top(
        reader.names(names), reader.by(by), reader.count(count, 10), tree.data == "rare",
        span=reader.span(tree),
    )  # fmt: skip


def add(compiler: Compiler, command: Top) -> None:
    """Count each combination of values, then number them."""
    told = [plan.Aliased(name, name.name) for name in command.names]
    groups = stats.keys(compiler, command.by)
    values = stats.keys(compiler, told)
    count = (f"count_{command.names[0].name}", compiler.fresh(),
             Value("CAST(count(*) AS DOUBLE)", "num"))  # fmt: skip
    stats.group(compiler, [count], [*groups, *values])
    way = "ASC" if command.rare else "DESC"
    texts = [as_text(Value(cell, value.kind)) for _, cell, value in values]
    order = ", ".join([f"{count[1]} {way}", *texts])
    part = f"PARTITION BY {', '.join(cell for _, cell, _ in groups)} " if groups else ""
    compiler.link(
        f"SELECT * FROM {compiler.at} QUALIFY row_number() OVER ({part}ORDER BY {order}) "
        f"<= {command.count}"
    )
    compiler.shown = [count[0], *(name for name, _, _ in values), *(name for name, _, _ in groups)]
    compiler.order = [*(f"{cell} ASC NULLS FIRST" for _, cell, _ in groups), *order.split(", ")]
