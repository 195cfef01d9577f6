"""Regular expressions of users, compiled by RE2, whose time grows with the text and no faster."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


class BadRegex(ValueError):
    """RE2 does not take it; the text says why."""


@lru_cache(4096)
def compiled(pattern: str) -> Any:
    """An expression of RE2.

    Parameters
    ----------
    pattern:
        In RE2's syntax: no look-arounds, no back-references.

    Raises
    ------
    BadRegex
        When RE2 does not take it.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        raise BadRegex(said.decode() if isinstance(said, bytes) else str(said)) from None
