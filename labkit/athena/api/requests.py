"""What Athena's requests share: errors, pages, things by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from labkit.athena.records import WorkGroup
from labkit.athena.store import Store
from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.pages import page_of

T = TypeVar("T")


def bad(message: str) -> AwsError:
    """The request is refused."""
    return AwsError("InvalidRequestException", message)


def group_of(call: Call, name: str) -> WorkGroup:
    """A work group by its name."""
    store: Store = call.store
    group = store.workgroups.get(name)
    if group is None:
        raise bad(f"WorkGroup {name} is not found.")
    return group


def page(
    items: Sequence[T], size: int | None, token: str | None, most: int
) -> tuple[Sequence[T], dict[str, str]]:
    """One page of a list, and ``{"NextToken": ...}`` when there are more."""
    return page_of(
        items,
        size or most,
        token,
        bad("Invalid next token: give back the one of the answer before."),
    )
