"""What the requests to the schema registry share: things by name, pages, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.pages import page_of
from labkit.schemas.records import AWS, Registry, Schema, Version
from labkit.schemas.store import Store

T = TypeVar("T")


def bad(message: str) -> AwsError:
    """The request is refused."""
    return AwsError("BadRequestException", message)


def missing(message: str) -> AwsError:
    """What the call is about is not there."""
    return AwsError("NotFoundException", message, status=404)


def conflict(message: str) -> AwsError:
    """The name is another's already."""
    return AwsError("ConflictException", message, status=409)


def forbidden(message: str) -> AwsError:
    """Nobody may do this."""
    return AwsError("ForbiddenException", message, status=403)


def shown(found: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without what is empty."""
    return {name: value for name, value in found.items() if value not in ("", None)}


def registry_of(call: Call, name: str, *, writing: bool = False) -> tuple[Store, Registry]:
    """A registry by its name.

    Raises
    ------
    AwsError
        NotFoundException when there is none, ForbiddenException for writing into AWS's own.
    """
    store: Store = call.store
    registry = store.registries.get(name)
    if registry is None:
        raise missing(f"Registry with name {name} does not exist.")
    if writing and name == AWS:
        raise forbidden(f"The registry {AWS} is AWS's own: it can only be read.")
    return store, registry


def schema_of(
    call: Call, registry: str, name: str, *, writing: bool = False
) -> tuple[Store, Registry, Schema]:
    """A schema by its name and its registry's."""
    store, found = registry_of(call, registry, writing=writing)
    schema = found.schemas.get(name)
    if schema is None:
        raise missing(f"Schema with name {name} does not exist.")
    return store, found, schema


def version_of(schema: Schema, number: str | None) -> Version:
    """A version by its number, the newest when nobody says."""
    for version in reversed(schema.versions):
        if number is None or str(version.number) == number:
            return version
    raise missing(f"Schema with name {schema.name} has no version {number or ''}.")


def page(
    items: Sequence[T], limit: int | None, token: str | None
) -> tuple[Sequence[T], dict[str, str]]:
    """One page of a list, and ``{"NextToken": ...}`` when there are more."""
    return page_of(
        items,
        limit or 100,
        token,
        bad("Invalid next token: give back the one of the answer before."),
    )
