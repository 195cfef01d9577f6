"""How deep a query may nest, in any of the three languages."""

from __future__ import annotations

from labkit.logs.engine.ql.errors import QueryError

#: How deep parentheses and calls may nest; Python's own stack would end far below the length that a
#: query may have.
DEEPEST = 60


def too_deep(text: str) -> QueryError:
    """The error of a query whose expressions nest deeper than can be walked."""
    return QueryError("expressions are nested too deep", 0, len(text))


def not_too_deep(text: str) -> None:
    """Refuse what nests too deep before it is parsed.

    Raises
    ------
    QueryError
        With the bracket that is one too many.
    """
    depth = 0
    for offset, letter in enumerate(text):
        if letter in "([":
            depth += 1
            if depth > DEEPEST:
                raise QueryError(f"nested more than {DEEPEST} deep", offset)
        elif letter in ")]":
            depth -= 1
