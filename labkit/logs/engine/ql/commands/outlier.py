"""``outlier [action=..] [param=n] [uselower=b] [mark=b] fields``: by the interquartile range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.options import flag, options, split
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value, numeric

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader


@dataclass(frozen=True, slots=True)
class Outlier(plan.Command):
    """``outlier``: beyond ``param`` interquartile ranges above the third quartile.

    ``remove`` drops the rows, else their values become the fence; ``lower`` looks below the first
    quartile too; ``mark`` adds ``<field>_outlier``.
    """

    fields: tuple[plan.Name, ...]
    remove: bool = False
    param: float = 2.5
    lower: bool = False
    mark: bool = False

    @property
    def made(self) -> tuple[str, ...]:
        """The names of the marks."""
        return tuple(f"{name.name}_outlier" for name in self.fields) if self.mark else ()

    def __str__(self) -> str:
        return (
            f"outlier action={'remove' if self.remove else 'transform'} param={self.param} "
            f"uselower={str(self.lower).lower()} mark={str(self.mark).lower()} "
            f"{' '.join(name.text for name in self.fields)}"
        )


def read(reader: Reader, tree: Tree[Any]) -> Outlier:
    """The plan of the rule."""
    chosen, names = split(tree.children)
    known = {"action": "transform", "param": "2.5", "uselower": "false", "mark": "false"}
    told = options(reader, "outlier", chosen, known)
    if told["action"].lower() not in ("remove", "transform"):
        raise QueryError.at("action is remove or transform", reader.span(tree))
    param = numeric(told["param"])
    if param is None:
        raise QueryError.at(f"param={told['param']}: a number is needed", reader.span(tree))
    return Outlier(
        tuple(map(reader.name, names)), told["action"].lower() == "remove", param,
        flag(reader, tree, "uselower", told["uselower"]),
        flag(reader, tree, "mark", told["mark"]),
        span=reader.span(tree),
    )  # fmt: skip


def add(compiler: Compiler, command: Outlier) -> None:
    """Quartiles over all rows first, then what is beyond the fences."""
    held = [(name.name, compiler.held(name.name, name.span)) for name in command.fields]
    fences: list[tuple[str, str]] = []
    cells = []
    for _, value in held:
        low, high = compiler.fresh(), compiler.fresh()
        first, third = (f"quantile_cont({value.num}, {part}) OVER ()" for part in (0.25, 0.75))
        cells.append(f"{first} - {command.param!r} * ({third} - {first}) AS {low}")
        cells.append(f"{third} + {command.param!r} * ({third} - {first}) AS {high}")
        fences.append((low, high))
    compiler.link(f"SELECT *, {', '.join(cells)} FROM {compiler.at}")
    beyond, clamped, marks = [], [], []
    for (name, value), (low, high) in zip(held, fences, strict=True):
        above = f"coalesce({value.num} > {high}, FALSE)"
        below = f"coalesce({value.num} < {low}, FALSE)" if command.lower else "FALSE"
        beyond.append(f"{above} OR {below}")
        fence = f"CASE WHEN {above} THEN {high} ELSE {low} END"
        shown = fence if value.kind == "num" else f"lq_shown({fence})"
        sql = f"CASE WHEN {beyond[-1]} THEN {shown} ELSE {value.sql} END"
        clamped.append((name, Value(sql, value.kind)))
        marks.append((f"{name}_outlier", Value(f"({beyond[-1]})", "bool")))
    if command.mark:
        compiler.show(marks)
    if command.remove:
        compiler.link(f"SELECT * FROM {compiler.at} WHERE NOT ({' OR '.join(beyond)})")
    else:
        compiler.add(clamped)
