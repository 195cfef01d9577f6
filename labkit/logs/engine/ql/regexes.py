"""Regular expressions of a query: RE2, which cannot run away."""

from __future__ import annotations

from typing import Any

from labkit.logs.engine import linear_regexes
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.plan import Span


def named(pattern: str) -> str:
    """Groups as RE2 names them in every version: ``(?P<name>...)`` for ``(?<name>...)``."""
    return pattern.replace("(?<", "(?P<") if "(?<" in pattern else pattern


def compiled_regex(pattern: str, span: Span) -> Any:
    """The pattern, compiled by RE2, which cannot run away.

    Raises
    ------
    QueryError
        When RE2 does not take it; look-arounds and back-references it never takes.
    """
    try:
        return linear_regexes.compiled(named(pattern))
    except linear_regexes.BadRegex as bad:
        raise QueryError.at(
            f"the regular expression /{pattern}/ is not valid: {bad}", span
        ) from None
