"""``join``: rows of another query that agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.running import Run


def join(run: Run, compiler: Compiler, command: plan.Join, after: Sequence[plan.Command]) -> None:
    """Join with the rows of the query inside."""
    right, left = command.right + ".", command.left + "."
    needed: list[str] = []
    for value in plan.walk((command.condition, tuple(after))):
        if isinstance(value, plan.Name) and value.name.startswith(right):
            needed.append(value.name[len(right) :])
    needed = list(dict.fromkeys(needed))
    inner = run.inner(command.query, "j_", needed)
    wanted = needed + [
        n for n in inner.shown if n not in needed and n != "@timestamp" and n != "@message"
    ]
    cells = []
    for index, name in enumerate(wanted):
        cells.append(f"{inner.name(plan.Name(name, text=name)).text} AS r{index}")
    inner.link(f"SELECT {', '.join(cells) or '1 AS r0'} FROM {inner.at}")
    values = compiler.scope.values
    for value in plan.walk((command.condition, tuple(after))):
        if isinstance(value, plan.Name) and value.name.startswith(left):
            plain = value.name[len(left) :]
            values[value.name] = compiler.name(plan.Name(plain, text=plain, span=value.span))
    for index, name in enumerate(wanted):
        values[right + name] = Value(f"r{index}", "text")
    if not any(_equal(one, left, right) for one in plan.walk(command.condition)):
        raise QueryError.at(
            f"a join needs an equality of the sides: {left}key = {right}key", command.span
        )
    condition = _condition(compiler, command.condition)
    # The inner chain must stand before the link that joins; its names do not collide.
    compiler.links += inner.links
    at = compiler.links[-1 - len(inner.links)][0]
    kind = "LEFT JOIN" if command.kind == "left" else "JOIN"
    compiler.link(f"SELECT * FROM {at} {kind} {inner.at} ON {condition}")


def _equal(one: object, left: str, right: str) -> bool:
    """Whether it says that a field of the left side equals one of the right side."""
    if not isinstance(one, plan.Op) or one.op != "=":
        return False
    names = [arg.name for arg in one.args if isinstance(arg, plan.Name)]
    return all(any(name.startswith(side) for name in names) for side in (left, right))


def _condition(compiler: Compiler, on: plan.Expr) -> str:
    """When two rows agree. Keys are compared as texts, so that duckdb may hash them: two hundred
    thousand rows would else be held against two hundred thousand others, one by one.
    """
    if isinstance(on, plan.Op) and on.op == "and":
        return f"({' AND '.join(_condition(compiler, one) for one in on.args)})"
    if isinstance(on, plan.Op) and on.op == "=" and all(isinstance(a, plan.Name) for a in on.args):
        left, right = map(compiler.value, on.args)
        if left.kind == right.kind and left.kind in ("num", "time"):
            return f"({left.sql} = {right.sql})"
        return f"({left.text} = {right.text})"
    return compiler.value(on).condition


def join_keys(commands: Sequence[plan.Command]) -> list[str]:
    """Fields of the left side that a join names as ``a.field``."""
    found = []
    for command in commands:
        if isinstance(command, plan.Join):
            for value in plan.walk(tuple(commands)):
                if isinstance(value, plan.Name) and value.name.startswith(command.left + "."):
                    found.append(value.name[len(command.left) + 1 :])
    return found
