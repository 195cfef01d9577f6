"""``logcompare timeshift 7d``: the patterns of the range against those of a range before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.diff import diff
from labkit.logs.engine.ql.commands.pattern import patterns_of
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.periods import length_ms

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.reading_commands import Reader
    from labkit.logs.engine.ql.running import Run


@dataclass(frozen=True, slots=True)
class LogCompare(plan.Command):
    """``logcompare``: ``shift`` is the duration as written, ``back_ms`` its length."""

    shift: str
    back_ms: int
    closes: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"logcompare timeshift {self.shift}"


def read(reader: Reader, tree: Tree[Any]) -> LogCompare:
    """The plan of the rule. A minus before the duration says the same."""
    token = tree.children[0]
    text = str(token).lstrip("-").strip()
    count, unit = reader.duration(text)
    if count < 1:
        raise QueryError.at("timeshift needs a duration like 7d", reader.span(token))
    return LogCompare(text, length_ms(count, unit), span=reader.span(tree))


def compared(
    run: Run, before: Sequence[plan.Command], command: LogCompare
) -> tuple[dict[str, list[Any]], int]:
    """The rows, as ``pattern @message | diff`` has them, and how many events were matched."""
    of = plan.Name("@message", text="@message", span=command.span)
    found, matched = patterns_of(run, before, of, run.moment)
    return diff(run, before, of, found, command.back_ms), matched
