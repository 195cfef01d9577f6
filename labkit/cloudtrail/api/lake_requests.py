"""What Lake's requests share: things by name or ARN, pages, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from labkit.cloudtrail.lake import EventDataStore, LakeStore
from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.pages import page_of

T = TypeVar("T")


def lake_of(call: Call) -> LakeStore:
    """Lake of the caller's account and Region."""
    kept: LakeStore = call.store.service.lake.of(call.account, call.region)
    return kept


def store_of(call: Call, name: str, *, pending: bool = False) -> EventDataStore:
    """An event data store by its ARN, or the id at the ARN's end.

    Raises
    ------
    AwsError
        EventDataStoreARNInvalidException, EventDataStoreNotFoundException, and
        InactiveEventDataStoreException for one that waits for its end.
    """
    if name.startswith("arn:") and ":eventdatastore/" not in name:
        raise AwsError("EventDataStoreARNInvalidException", f"{name} is no event data store's ARN.")
    found = lake_of(call).stores.get(name.rpartition("/")[2])
    if found is None:
        raise AwsError(
            "EventDataStoreNotFoundException", f"The event data store {name} was not found."
        )
    if found.status == "PENDING_DELETION" and not pending:
        raise AwsError(
            "InactiveEventDataStoreException",
            f"The event data store {name} is pending deletion: RestoreEventDataStore first.",
        )
    return found


def bad(message: str) -> AwsError:
    """A parameter is refused."""
    return AwsError("InvalidParameterException", message)


def tags_of(given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Tags as a dict."""
    return {one["Key"]: one.get("Value", "") for one in given}


def page(
    items: Sequence[T], size: int | None, token: str | None, most: int = 1000
) -> tuple[Sequence[T], dict[str, str]]:
    """One page of a list, and ``{"NextToken": ...}`` when there are more."""
    return page_of(
        items,
        size or most,
        token,
        AwsError("InvalidNextTokenException", "The token is not one of the answer before."),
    )


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without what is None."""
    return {name: value for name, value in values.items() if value is not None}
