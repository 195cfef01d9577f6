"""Lists in pages: what all services do alike behind their own words."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_HEAD = "from "


def page_of(
    items: Sequence[T],
    size: int,
    token: str | None,
    refused: Exception,
    member: str = "NextToken",
) -> tuple[Sequence[T], dict[str, str]]:
    """One page of a list, and the member of the answer that leads to the next one.

    Parameters
    ----------
    items:
        The whole list, in an order that does not change.
    size:
        How long a page is.
    token:
        Of the answer before; the first page when it is missing or empty.
    refused:
        The error for a token that is none.
    member:
        Its name; the service's own spelling.

    >>> rows, more = page_of("abc", 2, None, ValueError())
    >>> rows, page_of("abc", 2, more["NextToken"], ValueError())
    ('ab', ('c', {}))
    """
    start = 0
    if token:
        try:
            text = base64.urlsafe_b64decode(token.encode()).decode()
            start = int(text.removeprefix(_HEAD))
        except ValueError:
            raise refused from None
        if start < 0 or not text.startswith(_HEAD):
            raise refused
    end = start + size
    if end >= len(items):
        return items[start:end], {}
    following = base64.urlsafe_b64encode(f"{_HEAD}{end}".encode()).decode()
    return items[start:end], {member: following}
