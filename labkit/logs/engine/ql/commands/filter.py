"""``filter``, ``where`` and ``filterIndex``: the rows for which a condition holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler


def keep(compiler: Compiler, command: plan.Filter) -> None:
    """Keep the rows for which it holds."""
    if command is not compiler.proved:
        condition = compiler.value(command.condition).condition
        compiler.link(f"SELECT * FROM {compiler.at} WHERE {condition}")
    if compiler.scope.open and compiler.events:
        compiler.filtered = compiler.passed = compiler.at
