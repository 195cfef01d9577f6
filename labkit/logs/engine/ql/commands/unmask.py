"""``unmask``: fields without the mask of a data protection policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler


def unmask(compiler: Compiler, command: plan.Unmask) -> None:
    """Show the message as it came, to those who may see it."""
    for name in command.names:
        if compiler.clear and name.name == "@message" and compiler.scope.open:
            compiler.scope.values[name.name] = Value("clear", "text")
