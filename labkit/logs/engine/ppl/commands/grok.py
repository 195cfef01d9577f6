"""``grok field '%{IP:client} %{NUMBER:bytes}'``: new fields by a grok pattern."""

from __future__ import annotations

import re as _marks
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.parse import extract
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.transform.grok import compiled
from labkit.logs.engine.transform.paths import TransformError

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader

#: How a compiled grok pattern names its groups; PPL takes them by their places.
_GROUP = _marks.compile(r"\(\?P<g\d+>")


@dataclass(frozen=True, slots=True)
class Grok(plan.Command):
    """``pattern``: the regular expression; its groups are the ``names``."""

    of: plan.Expr
    grok: str
    pattern: str
    names: tuple[str, ...]

    @property
    def made(self) -> tuple[str, ...]:
        """The names of the new fields."""
        return self.names

    def __str__(self) -> str:
        return f"grok {self.of.text} '{self.grok}'"


def read(reader: Reader, tree: Any) -> Grok:
    """The plan of the rule."""
    of, token = tree.children
    pattern = str(token)[1:-1]
    try:
        expression, fields = compiled(pattern)
    except TransformError as error:
        raise QueryError.at(str(error), reader.span(token)) from None
    names = tuple(name for name, _ in fields)
    if not names or len(set(names)) < len(names):
        raise QueryError.at(
            "grok: the pattern names each field once, like %{IP:client}", reader.span(token)
        )
    plain = _GROUP.sub("(", str(expression.pattern))
    return Grok(reader.expr(of), pattern, plain, names, span=reader.span(tree))


def add(compiler: Compiler, command: Grok) -> None:
    """A regular expression like any other."""
    extract(
        compiler, plan.Parse(command.of, command.pattern, command.names, False, span=command.span)
    )
    compiler.shows(command.names)
