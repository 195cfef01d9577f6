"""What the requests about metrics share: periods, ranges of time, identities, errors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from labkit.cloudwatch.store import Store, dimensions_of
from labkit.core.call import Call
from labkit.core.clock import DAY, HOUR, MINUTE, SECOND, to_us
from labkit.core.errors import AwsError
from labkit.core.sources import Series

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch


def parts(call: Call) -> tuple[Store, CloudWatch]:
    """The store that a call is about, and the service around it."""
    store: Store = call.store
    return store, store.service


def invalid(message: str) -> AwsError:
    """A parameter's value is refused."""
    return AwsError("InvalidParameterValue", message)


def validation(message: str) -> AwsError:
    """The request as a whole is refused."""
    return AwsError("ValidationError", message)


def series_of(namespace: str, name: str, dimensions: Sequence[dict[str, str]]) -> Series:
    """A metric's identity, from the members of a request."""
    return Series(namespace, name, tuple(sorted(dimensions_of(dimensions))))


def check_period(period: int, where: str) -> None:
    """Refuse a period that CloudWatch does not have, naming the parameter ``where``."""
    if period not in (1, 5, 10, 20, 30) and (period < 60 or period % 60):
        raise invalid(
            f"The parameter {where} must be a multiple of 60, or 1, 5, 10, 20 or 30 for "
            f"high-resolution metrics; the given value is {period}."
        )


def visible_end(call: Call, end: datetime) -> int:
    """The end of a range in microseconds; within the present second, that second's end.

    JSON and CBOR clients send whole seconds. A point put at 09:00:00.002 would then not be found
    by a learner who asks up to ``lab.now`` a millisecond later.
    """
    end_us = to_us(end)
    this_second = call.now_us - call.now_us % SECOND
    return this_second + SECOND if this_second <= end_us < this_second + SECOND else end_us


def time_range(call: Call, start: datetime, end: datetime, period: int) -> tuple[int, int]:
    """The range in microseconds: the start rounded as documented, the end to what is visible now.

    Raises
    ------
    AwsError
        InvalidParameterValue when there is nothing between start and end.
    """
    start_us, end_us = to_us(start), visible_end(call, end)
    if start_us >= end_us:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    now_us = call.now_us
    age = now_us - start_us
    if period < 60:
        step = period * SECOND
    elif age < 15 * DAY:
        step = MINUTE
    elif age < 63 * DAY:
        step = 5 * MINUTE
    else:
        step = HOUR
    return start_us - start_us % step, end_us
