"""``unnest``: a row for each element of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler


def unnest(compiler: Compiler, command: plan.Unnest) -> None:
    """A row for each element."""
    value = compiler.value(command.of)
    source = value.sql if value.kind == "json" else f"to_json({value.text})"
    cell = compiler.fresh()
    compiler.link(
        f"SELECT *, unnest(CASE WHEN json_type({source}) = 'ARRAY' "
        f"THEN json_extract({source}, '$[*]') ELSE [{source}] END) AS {cell} FROM {compiler.at}"
    )
    compiler.scope.values[command.name] = Value(cell, "json")
