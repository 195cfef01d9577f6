"""``sessionize fields [maxspan d] [AS out]``: what one visitor did without a long pause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.periods import length_ms
from labkit.logs.engine.ql.values import Value

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader


@dataclass(frozen=True, slots=True)
class Sessionize(plan.Command):
    """``sessionize``: a pause of more than ``pause_ms`` begins a new session."""

    fields: tuple[plan.Name, ...]
    pause: str = "30m"
    pause_ms: int = 1_800_000
    out: str = "session_id"

    @property
    def made(self) -> tuple[str, ...]:
        """The name of the session."""
        return (self.out,)

    def __str__(self) -> str:
        names = ", ".join(name.text for name in self.fields)
        return f"sessionize {names} maxspan {self.pause} as {self.out}"


def read(reader: Reader, tree: Tree[Any]) -> Sessionize:
    """The plan of the rule."""
    *names, pause, out = tree.children
    told = str(pause) if pause is not None else "30m"
    return Sessionize(
        tuple(map(reader.name, names)), told, length_ms(*reader.duration(told)),
        reader.name(out).name if out is not None else "session_id", span=reader.span(tree),
    )  # fmt: skip


def add(compiler: Compiler, command: Sessionize) -> None:
    """Count, for each visitor, the pauses so far. Events that miss a field belong to no session.

    The session's name is the visitor's fields and that number: AWS's own is not documented.
    """
    texts = [compiler.held(name.name, name.span).text for name in command.fields]
    time = compiler.timestamp(command.span)
    by = f"PARTITION BY {', '.join(texts)} ORDER BY {time}"
    begins, number = compiler.fresh(), compiler.fresh()
    compiler.link(
        f"SELECT *, CASE WHEN {time} - lag({time}) OVER ({by}) <= {command.pause_ms} "
        f"THEN 0 ELSE 1 END AS {begins} FROM {compiler.at}"
    )
    compiler.link(
        f"SELECT *, sum({begins}) OVER ({by} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) "
        f"AS {number} FROM {compiler.at}"
    )
    whole = " AND ".join(f"{text} IS NOT NULL" for text in texts)
    joined = " || '/' || ".join([*texts, f"CAST({number} AS VARCHAR)"])
    compiler.show([(command.out, Value(f"CASE WHEN {whole} THEN {joined} END", "text"))])
