"""``dedup 2 a, b keepempty=true``: of rows that agree, the first ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.opensearch.rows import as_text
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class Dedup(plan.Command):
    """``count``: rows of each kind; ``keepempty``: rows without one of the fields stay."""

    names: tuple[plan.Name, ...]
    count: int = 1
    keepempty: bool = False

    def __str__(self) -> str:
        names = ", ".join(name.name for name in self.names)
        return f"dedup {self.count} {names}{' keepempty=true' * self.keepempty}"


def read(reader: Reader, tree: Any) -> Dedup:
    """The plan of the rule."""
    count, *rest = tree.children
    names = [one for one in rest if one.data != "option"]
    told = reader.options(
        [one for one in rest if one.data == "option"], "keepempty", "consecutive"
    )  # fmt: skip
    if told.get("consecutive"):
        raise QueryError.at("consecutive=true is not there", reader.span(tree))
    number = reader.count(count, 1)
    if not number:
        raise QueryError.at("dedup keeps at least one row", reader.span(tree))
    return Dedup(reader.names(names), number, told.get("keepempty", False), span=reader.span(tree))


def add(compiler: Compiler, command: Dedup) -> None:
    """Number the rows of each kind."""
    texts = [as_text(compiler.name(name)) for name in command.names]
    empty = " OR ".join(f"{text} IS NULL" for text in texts)
    rank = (
        f"row_number() OVER (PARTITION BY {', '.join(texts)}{compiler.ordered or ' ORDER BY 1'}) "
        f"<= {command.count}"
    )
    keep = f"({rank}) OR {empty}" if command.keepempty else f"({rank}) AND NOT ({empty})"
    compiler.link(f"SELECT * FROM {compiler.at} QUALIFY {keep}")
