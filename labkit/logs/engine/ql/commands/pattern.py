"""``pattern``: the shapes of the texts, and how many of each there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.chain import Moment
from labkit.logs.engine.ql.compiling import Compiler
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.patterns import Row, rows, shapes

if TYPE_CHECKING:
    from labkit.logs.engine.ql.running import Run


def patterns_of(
    run: Run, commands: Sequence[plan.Command], of: plan.Expr, moment: Moment
) -> tuple[list[Row], int]:
    """The patterns of a range, and how many events they are found in."""
    base, has = run.events(run.query.source, moment.start_ms, moment.end_ms)
    compiler = Compiler(moment, base, has=has)
    run.add_subqueries(compiler, commands)
    compiler.begin([*commands, plan.Pattern(of)])
    run.add_commands(compiler, commands)
    if not compiler.scope.open:
        raise QueryError.at("pattern stands before stats, not after it", of.span)
    text = compiler.value(of).text
    sql = compiler.with_links(
        f"SELECT {text} AS t, count(*) AS n FROM {compiler.at} "
        f"WHERE {text} IS NOT NULL GROUP BY ALL ORDER BY 1"
    )
    # A constant is no group to duckdb: over no rows it would still give one, without a text.
    lines = [line for line in run.fetch(sql, False) if line[0] is not None]
    return rows(shapes(lines)), sum(count for _, count in lines)
