"""``parse field "(?<name>...)"``: new fields by the named groups of a regular expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.parse import extract
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.regexes import compiled_regex

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


def read(reader: Reader, tree: Any) -> plan.Parse:
    """The plan of the rule."""
    of, token = tree.children
    pattern = str(token)[1:-1]
    groups = compiled_regex(pattern, reader.span(token)).groupindex
    names = tuple(sorted(groups, key=groups.__getitem__))
    if not names:
        raise QueryError.at(
            "parse: the pattern names no field; write (?<name>...)", reader.span(token)
        )
    return plan.Parse(reader.expr(of), pattern, names, False, span=reader.span(tree))


def add(compiler: Compiler, command: plan.Parse) -> None:
    """As in the query language of Logs Insights; the fields are shown."""
    extract(compiler, command)
    compiler.shows(command.names)
