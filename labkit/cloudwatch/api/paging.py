"""Pages of a list: the token says where the next page begins and which request it belongs to."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, TypeVar

from labkit.core.errors import AwsError
from labkit.core.jsontext import dumps, parse

T = TypeVar("T")


def _mark(request: Any) -> str:
    return blake2b(repr(request).encode(), digest_size=6).hexdigest()


def token_for(offset: int, request: Any) -> str:
    """The token of the page that begins at ``offset`` of the answer to ``request``."""
    return base64.urlsafe_b64encode(dumps([offset, _mark(request)]).encode()).decode()


def offset_of(token: str | None, request: Any) -> int:
    """Where the page of ``token`` begins.

    Raises
    ------
    AwsError
        ``InvalidNextToken`` when the token is no token, or another request's.
    """
    if token is None:
        return 0
    try:
        offset, mark = parse(base64.urlsafe_b64decode(token.encode()))
        if mark == _mark(request) and isinstance(offset, int) and offset >= 0:
            return offset
    except (ValueError, TypeError):
        pass
    raise AwsError(
        "InvalidNextToken",
        "The next token specified is invalid: give back the NextToken of the answer before, "
        "with the same parameters.",
    )


def page(items: Sequence[T], size: int, token: str | None, request: Any) -> tuple[Sequence[T], str]:
    """One page of ``items`` and the token of the next ('' on the last)."""
    start = offset_of(token, request)
    end = start + size
    return items[start:end], token_for(end, request) if end < len(items) else ""
