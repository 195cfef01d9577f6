"""What the requests of X-Ray share: errors, ranges of time, pages, groups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from labkit.core.call import Call
from labkit.core.clock import HOUR, to_us
from labkit.core.errors import AwsError
from labkit.core.pages import page_of
from labkit.xray.records import DEFAULT_GROUP, GROUPS, Group
from labkit.xray.service import XRay
from labkit.xray.store import XRayStore

T = TypeVar("T")

#: The longest range of time that a query takes.
LONGEST = 6 * HOUR


def invalid(message: str) -> AwsError:
    """InvalidRequestException."""
    return AwsError("InvalidRequestException", message)


def not_found(message: str, name: str = "") -> AwsError:
    """ResourceNotFoundException."""
    return AwsError("ResourceNotFoundException", message, status=404)


def service_of(call: Call) -> XRay:
    """The X-Ray of the call's lab."""
    store: XRayStore = call.store
    return store.service


def span_of(start: datetime, end: datetime, longest_us: int = LONGEST) -> tuple[int, int]:
    """A range of time in microseconds, both ends included.

    Raises
    ------
    AwsError
        InvalidRequestException when it runs backwards, or is longer than six hours.
    """
    start_us, end_us = to_us(start), to_us(end)
    if end_us < start_us:
        raise invalid("End time cannot be before start time")
    if end_us - start_us > longest_us:
        raise invalid(f"Time range cannot be longer than {longest_us // HOUR} hours")
    return start_us, end_us


def page(
    items: Sequence[T], token: str | None, most: int, size: int | None = None
) -> tuple[Sequence[T], dict[str, str]]:
    """One page of a list, and ``{"NextToken": ...}`` when there are more.

    Raises
    ------
    AwsError
        InvalidRequestException for a token that is none.
    """
    return page_of(items, min(size or most, most), token, invalid("Invalid NextToken"))


def group_of(call: Call, name: str | None, arn: str | None) -> Group | None:
    """The group that a request names; None when it names none, or ``Default``.

    Raises
    ------
    AwsError
        InvalidRequestException when both are given, or there is no such group.
    """
    if name and arn:
        raise invalid("Only one of GroupName and GroupARN can be given")
    if not name and not arn:
        return None
    store: XRayStore = call.store
    for group in store.of(GROUPS).values():
        if group.name == name or group.arn == arn:
            found: Group = group
            return found
    if name == DEFAULT_GROUP:
        return None
    raise invalid(f"Group {name or arn} not found")


def readable(call: Call) -> None:
    """Refuse to read or write data whose KMS key can't be used.

    Raises
    ------
    AwsError
        InvalidRequestException.
    """
    settings = service_of(call).settings(call.store)
    if settings.key_id:
        usable = call.ports.key_usable(settings.key_id, call.account, call.region)
        if not usable.value:
            why = usable.because[0].text if usable.because else "the key cannot be used"
            raise invalid(f"X-Ray cannot use the KMS key {settings.key_id}: {why}")


def shown(members: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is not there."""
    return {name: value for name, value in members.items() if value is not None}
