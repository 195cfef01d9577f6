"""``lookup``: more columns out of a lookup table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value, column

if TYPE_CHECKING:
    import pyarrow as pa

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.running import Run


def table_of(run: Run, name: str, columns: Sequence[str], span: plan.Span) -> pa.Table:
    """A lookup table that has some columns."""
    table = run.lookups.get(name)
    if table is None:
        raise QueryError.at(f"there is no lookup table {name}", span)
    for told in columns:
        if told not in table.column_names:
            raise QueryError.at(
                f"the lookup table {name} has no column {told}; it has "
                f"{', '.join(table.column_names)}",
                span,
            )
    return table


def lookup(run: Run, compiler: Compiler, command: plan.Lookup) -> None:
    """Add the columns of the first line of the table that fits."""
    table = table_of(
        run, command.table, [*(key for key, _ in command.keys), *command.output], command.span
    )
    held = run.hold(table, "lookup")
    keys = " AND ".join(
        f"l.{column(key)} = {compiler.name(name).text}" for key, name in command.keys
    )
    cells = [(name, compiler.fresh()) for name in command.output]
    listed = ", ".join(f"l.{column(name)} AS {cell}" for name, cell in cells)
    at = compiler.at
    # The first line of the table that fits: a second one must not double the event.
    compiler.link(
        f"SELECT e.*, m.* FROM {at} e LEFT JOIN LATERAL "
        f"(SELECT {listed} FROM {held} l WHERE {keys} LIMIT 1) m ON TRUE"
    )
    for name, cell in cells:
        compiler.scope.values[name] = Value(cell, "text")
