"""``dedup``: of rows that agree in some fields, the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler


def dedup(compiler: Compiler, command: plan.Dedup) -> None:
    """Keep the first row of those that agree."""
    texts = [compiler.name(name).text for name in command.names]
    order = compiler.ordered or " ORDER BY 1"
    keep = " OR ".join(f"{text} IS NULL" for text in texts)
    compiler.link(
        f"SELECT * FROM {compiler.at} QUALIFY row_number() OVER "
        f"(PARTITION BY {', '.join(texts)}{order}) = 1 OR {keep}"
    )
