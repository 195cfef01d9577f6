"""``limit``, ``head`` and ``tail``: the first or the last rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan

if TYPE_CHECKING:
    from labkit.logs.engine.ql.compiling import Compiler


def limit(compiler: Compiler, command: plan.Limit) -> None:
    """Keep so many rows."""
    if command.tail:
        backwards = ", ".join(
            _turned(key) for key in compiler.ordered.removeprefix(" ORDER BY ").split(", ") if key
        )
        order = f" ORDER BY {backwards}" if backwards else ""
        compiler.link_same(f"SELECT * FROM {compiler.at}{order} LIMIT {command.count}")
    else:
        compiler.link_same(f"SELECT * FROM {compiler.at}{compiler.ordered} LIMIT {command.count}")
    compiler.limited = min(command.count, compiler.limited or command.count)


def _turned(key: str) -> str:
    if key.endswith(" DESC NULLS LAST"):
        return key.removesuffix(" DESC NULLS LAST") + " ASC NULLS FIRST"
    if key.endswith(" ASC NULLS FIRST"):
        return key.removesuffix(" ASC NULLS FIRST") + " DESC NULLS LAST"
    return key.removesuffix(" DESC") + " ASC"
