"""From the text of a query to its plan."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.misread import unexpected
from labkit.logs.engine.ql.nesting import not_too_deep, too_deep
from labkit.logs.engine.ql.reading_commands import Reader

if TYPE_CHECKING:
    from lark import Lark

#: Longest query (StartQuery, QueryString).
LONGEST = 10_000


@lru_cache(maxsize=64)
def parse(text: str) -> plan.Query:
    """The plan of a query. Plans are values: a text that comes again has the one it had.

    Parameters
    ----------
    text:
        Logs Insights QL, commands separated by ``|``.

    Raises
    ------
    QueryError
        With the place and, where it can be guessed, what was meant.
    """
    from lark.exceptions import (
        UnexpectedCharacters,
        UnexpectedEOF,
        UnexpectedInput,
        UnexpectedToken,
    )

    if len(text) > LONGEST:
        raise QueryError(f"The query is longer than {LONGEST} characters.", LONGEST, len(text))
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.split("\n")):
        raise QueryError("The query is empty.", 0, len(text))
    not_too_deep(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedToken as error:
        raise unexpected(text, error.token.start_pos, str(error.token), error) from None
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise unexpected(text, at, text[at], error) from None
    except UnexpectedEOF:
        raise QueryError("unexpected end of the query", len(text)) from None
    except UnexpectedInput as error:
        raise QueryError(f"unexpected symbol found {error}") from None
    try:
        query = Reader(text).query(tree)
        _check(query)
    except RecursionError:
        # A long chain (not not ..., 1+1+...) is as deep as brackets are.
        raise too_deep(text) from None
    return query


@cache
def _parser() -> Lark:
    from lark import Lark

    grammar = resources.files(__package__).joinpath("grammar.lark").read_text("utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        propagate_positions=True,
        maybe_placeholders=True,
    )


def _check(query: plan.Query) -> None:
    """Rules about the order of commands."""
    seen_dedup = seen_stats = 0
    for command in query.commands:
        if seen_dedup and not isinstance(command, plan.Limit):
            raise QueryError.at("after dedup only limit may follow", command.span)
        if isinstance(command, plan.Dedup):
            seen_dedup += 1
        if isinstance(command, plan.Stats):
            seen_stats += 1
            if seen_stats > 10:
                raise QueryError.at("a query has at most 10 stats commands", command.span)
    last = max((i for i, c in enumerate(query.commands) if isinstance(c, plan.Stats)), default=-1)
    # Before the only stats a sort changes nothing, and samples of the guide have one there.
    misplaced = plan.Sort | plan.Limit if seen_stats > 1 else plan.Limit
    for command in query.commands[: max(0, last)]:
        if isinstance(command, misplaced):
            raise QueryError.at(
                "sort and limit must stand after the last stats command", command.span
            )
