"""Regular expressions of a query: RE2, which cannot run away."""

from __future__ import annotations

from functools import cache
from typing import Any

from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.plan import Span


@cache
def _re2(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(named(pattern), options)


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
    import re2

    try:
        return _re2(pattern)
    except re2.error as error:
        said = error.args[0] if error.args else error
        said = said.decode() if isinstance(said, bytes) else said
        raise QueryError.at(
            f"the regular expression /{pattern}/ is not valid: {said}", span
        ) from None
