"""What the requests to Scheduler share: groups and schedules by name, pages, errors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from labkit.core.call import Call
from labkit.core.clock import SECOND, to_datetime
from labkit.core.errors import AwsError
from labkit.core.pages import page_of
from labkit.scheduler.records import DEFAULT_GROUP, Group, Schedule
from labkit.scheduler.store import Store

T = TypeVar("T")


def invalid(message: str) -> AwsError:
    """A parameter is refused; the body carries the text in ``Message`` too."""
    return AwsError("ValidationException", message, extra={"Message": message})


def missing(message: str) -> AwsError:
    """What the call is about is not there."""
    return AwsError("ResourceNotFoundException", message, status=404, extra={"Message": message})


def conflict(message: str) -> AwsError:
    """The name is another's already."""
    return AwsError("ConflictException", message, status=409, extra={"Message": message})


def too_many(message: str) -> AwsError:
    """A limit is reached."""
    return AwsError(
        "ServiceQuotaExceededException", message, status=402, extra={"Message": message}
    )


def moment(us: int) -> datetime:
    """An instant as answers tell it."""
    return to_datetime(us - us % (SECOND // 1000))


def group_of(call: Call, name: str | None) -> tuple[Store, Group]:
    """A group by its name, the default one when nobody says.

    Raises
    ------
    AwsError
        ResourceNotFoundException when there is none.
    """
    store: Store = call.store
    group = store.groups.get(name or DEFAULT_GROUP)
    if group is None:
        raise missing(f"Schedule group {name} does not exist.")
    return store, group


def schedule_of(call: Call, name: str, group: str | None) -> tuple[Store, Schedule]:
    """A schedule by its name and its group's.

    Raises
    ------
    AwsError
        ResourceNotFoundException when there is none.
    """
    store: Store = call.store
    schedule = store.schedules.get((group or DEFAULT_GROUP, name))
    if schedule is None:
        raise missing(f"Schedule {name} does not exist.")
    return store, schedule


def page(
    items: Sequence[T], limit: int | None, token: str | None
) -> tuple[Sequence[T], dict[str, str]]:
    """One page of a list, and ``{"NextToken": ...}`` when there are more."""
    return page_of(
        items,
        limit or 100,
        token,
        invalid("Invalid NextToken: give back the one of the answer before."),
    )
