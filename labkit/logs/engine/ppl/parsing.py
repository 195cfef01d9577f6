"""From the text of a PPL query to its plan.

The plan is made of the values of :mod:`labkit.logs.engine.ql.plan`, and of a value for each command
that the query language of Logs Insights has not; those stand beside what compiles them, in
:mod:`labkit.logs.engine.ppl.commands`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError, place
from labkit.logs.engine.ql.nesting import not_too_deep, too_deep

if TYPE_CHECKING:
    from lark import Lark

#: Longest query (StartQuery, QueryString).
LONGEST = 10_000

#: What a command may be called.
COMMANDS = (
    "source", "search", "fields", "where", "stats", "eventstats", "eval", "sort", "head", "dedup",
    "parse", "grok", "top", "rare", "rename", "fillnull", "trendline", "expand", "flatten",
    "fieldsummary", "join", "inner join", "left join",
)  # fmt: skip
#: Commands of PPL that CloudWatch Logs does not take ("Supported PPL commands").
NOT_TAKEN = ("lookup", "patterns", "describe", "explain", "correlate", "appendcol", "ad", "kmeans",
             "ml", "project", "view")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query(plan.Query):
    """A PPL query. ``print(query)`` gives one command a line."""


def parse(text: str) -> Query:
    """The plan of a query.

    Parameters
    ----------
    text:
        PPL, commands separated by ``|``.

    Raises
    ------
    QueryError
        With the place and, where it can be guessed, what was meant.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

    from labkit.logs.engine.ppl.reading import Reader

    if len(text) > LONGEST:
        raise QueryError(f"The query is longer than {LONGEST} characters.", LONGEST, len(text))
    if not text.strip():
        raise QueryError("The query is empty.", 0, len(text))
    not_too_deep(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedToken as error:
        ended = error.token.type == "$END"
        raise _unexpected(text, len(text) if ended else error.token.start_pos or 0) from None
    except UnexpectedCharacters as error:
        raise _unexpected(text, error.pos_in_stream or 0) from None
    except UnexpectedInput as error:
        raise QueryError(f"the query cannot be read: {error}", 0, len(text)) from None
    try:
        source, commands = Reader(text).query(tree)
        return Query(source, commands, text)
    except RecursionError:
        raise too_deep(text) from None


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


def _unexpected(text: str, offset: int) -> QueryError:
    whole = len(text.rstrip())
    if offset >= whole:
        return QueryError(
            f"unexpected end of the query at {place(text, whole)}", max(0, whole - 1), whole
        )
    end = offset
    while end < len(text) and (text[end].isalnum() or text[end] in "_@"):
        end += 1
    word = text[offset : max(end, offset + 1)]
    said = f"unexpected symbol found {word} at {place(text, offset)}"
    before = text[:offset].rstrip()
    if before == "" or before.endswith("|"):
        said += _command(word)
    elif word in ("'", '"', "`"):
        said += ": this text has no closing quote"
    return QueryError(said, offset, offset + len(word))


def _command(word: str) -> str:
    if word.lower() in NOT_TAKEN:
        return f": CloudWatch Logs does not take {word.lower()}"
    near: Any = difflib.get_close_matches(word.lower(), COMMANDS, 1, 0.6)
    if near:
        return f": did you mean {near[0]}?"
    return f": a command was expected, one of {', '.join(COMMANDS[2:10])} ..."
