"""What the operations share: what identifiers name, pages, errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.pages import page_of
from labkit.oam.records import Link, Sink
from labkit.oam.store import Store

T = TypeVar("T")


def invalid(message: str) -> AwsError:
    """A parameter is refused."""
    return AwsError("InvalidParameterException", message)


def missing(what: str) -> AwsError:
    """Something is not there."""
    return AwsError("ResourceNotFoundException", f"{what} does not exist.", status=404)


def sink_of(call: Call, identifier: str) -> Sink:
    """This account's sink, by its ARN or id.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    store: Store = call.store
    for one in store.sinks.values():
        if identifier in (one.arn, one.id):
            return one
    raise missing(f"The sink {identifier}")


def link_of(call: Call, identifier: str) -> Link:
    """This account's link, by its ARN or id.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    store: Store = call.store
    for one in store.links.values():
        if identifier in (one.arn, one.id):
            return one
    raise missing(f"The link {identifier}")


def page(items: Sequence[T], size: int, token: str | None) -> tuple[Sequence[T], dict[str, Any]]:
    """A page of a list, and the member of the answer that leads to the next one.

    Raises
    ------
    AwsError
        InvalidParameterException for a token that is none.
    """
    return page_of(items, size, token, invalid("The NextToken is invalid."))
