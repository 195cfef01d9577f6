"""``fields`` and ``display``: which columns the answer has, and new ones by expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler


def columns(compiler: Compiler, command: plan.Fields | plan.Display) -> None:
    """Name columns; an expression becomes one."""
    computed: list[tuple[str, Value]] = []
    names: list[str] = []
    for told in command.columns:
        # `@duration / 1000 as s, s * 2 as twice`: a column may use those before it.
        made = {name for name, _ in computed}
        if any(isinstance(one, plan.Name) and one.name in made for one in plan.walk(told.expr)):
            compiler.add(computed)
            computed = []
        value = compiler.value(told.expr)
        names.append(told.name)
        if isinstance(told.expr, plan.Name) and told.name == told.expr.name:
            if told.name not in compiler.scope.values:
                compiler.scope.values[told.name] = value
            continue
        computed.append((told.name, value))
    if computed:
        compiler.add(computed)
    if isinstance(command, plan.Display):
        compiler.displayed = names
    else:
        compiler.shown += [name for name in names if name not in compiler.shown]
