"""What to say of a query that cannot be read: where, what stands there, what was meant."""

from __future__ import annotations

import difflib
from typing import Any

from labkit.logs.engine.ql.errors import QueryError, place

#: What a command may be called, for the help after a typing error.
COMMANDS = [
    "fields",
    "display",
    "filter",
    "where",
    "filterIndex",
    "parse",
    "sort",
    "limit",
    "stats",
    "dedup",
    "pattern",
    "diff",
    "anomaly",
    "unmask",
    "unnest",
    "lookup",
    "join",
    "SOURCE",
    "accum",
    "addtotals",
    "appendcols",
    "autoregress",
    "cidrlookup",
    "countFrequent",
    "estimate",
    "expand",
    "filldown",
    "fillmissing",
    "logcompare",
    "outlier",
    "relevantfields",
    "sessionize",
]


def unexpected(text: str, offset: int | None, found: str, error: Any) -> QueryError:
    """AWS's words, then ours: what was meant, or what the place has room for."""
    if (
        offset is None
        or found == ""
        or (getattr(error, "token", None) is not None and (error.token.type == "$END"))
    ):
        end = len(text.rstrip())
        return QueryError(
            f"unexpected end of the query at {place(text, end)}{_room(error)}", max(0, end - 1), end
        )
    word = _word_at(text, offset)
    said = f"unexpected symbol found {word} at {place(text, offset)}"
    help_ = _meant(text, offset, word) or _room(error)
    return QueryError(said + help_, offset, offset + max(1, len(word)))


def _word_at(text: str, offset: int) -> str:
    end = offset
    while end < len(text) and (text[end].isalnum() or text[end] in "_@"):
        end += 1
    return text[offset : max(end, offset + 1)]


def _meant(text: str, offset: int, word: str) -> str:
    before = text[:offset].rstrip()
    if before == "" or before.endswith("|"):
        near = difflib.get_close_matches(word.lower(), [c.lower() for c in COMMANDS], 1, 0.6)
        if near:
            return f": did you mean {near[0]}?"
        return f": a command was expected, one of {', '.join(COMMANDS[:10])} ..."
    if word in ('"', "'"):
        return ": this text has no closing quote"
    if word == "&" or word == "!":
        return ": the operators are the words and, or, not"
    previous = _last_word(before)
    if previous.lower() in ("=", "==") and word == "/":
        return ": a regular expression stands after like or =~"
    return ""


def _last_word(before: str) -> str:
    parts = before.split()
    return parts[-1] if parts else ""


_SHOWN = {
    "VBAR": "|", "COMMA": ",", "RPAR": ")", "LPAR": "(", "RSQB": "]", "LSQB": "[",
    "NAME": "a field", "STRING": "a text in quotes", "NUMBER": "a number", "REGEX": "/a pattern/",
    "_KW_AS": "as", "_KW_BY": "by", "_KW_INTO": "into", "_KW_WHERE": "where",
    "_KW_OUTPUT": "OUTPUT", "COMPARE": "a comparison",
}  # fmt: skip


def _room(error: Any) -> str:
    allowed = (
        getattr(error, "accepts", None)
        or getattr(error, "allowed", None)
        or getattr(error, "expected", ())
    )
    shown = [_SHOWN[name] for name in sorted(allowed or ()) if name in _SHOWN]
    return f": expected {', '.join(shown[:5])}" if shown else ""
