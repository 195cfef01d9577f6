"""``countFrequent fields``: how often each combination comes, the most frequent first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.logs.engine.ql import plan

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader

#: The column of the counts.
COUNT = "_approxcount"


@dataclass(frozen=True, slots=True)
class CountFrequent(plan.Command):
    """``countFrequent`` (``count_frequent``). AWS counts approximately; these counts are exact."""

    fields: tuple[plan.Name, ...]
    closes: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"countFrequent {', '.join(name.text for name in self.fields)}"


def read(reader: Reader, tree: Tree[Any]) -> CountFrequent:
    """The plan of the rule."""
    return CountFrequent(tuple(map(reader.name, tree.children)), span=reader.span(tree))


def add(compiler: Compiler, command: CountFrequent) -> None:
    """``stats count(*) by``, without the rows that have none of the fields."""
    some = " OR ".join(f"{compiler.name(name).text} IS NOT NULL" for name in command.fields)
    compiler.link(f"SELECT * FROM {compiler.at} WHERE {some}")
    star = plan.Star(text="*", span=command.span)
    count = plan.Call("count", (star,), text="count(*)", span=command.span)
    compiler.command(
        plan.Stats(
            (plan.Aliased(count, COUNT),),
            tuple(plan.Aliased(name, name.name) for name in command.fields),
            span=command.span,
        )
    )
    name = plan.Name(COUNT, text=COUNT, span=command.span)
    compiler.command(plan.Sort((plan.SortKey(name, True),), span=command.span))
