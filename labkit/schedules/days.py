"""Which days of a month a cron expression allows: ``L``, ``W`` and ``#`` are at home here.

===========  ===================  ===============================================================
sign         field                meaning
===========  ===================  ===============================================================
``L``        day-of-month         the last day of the month
``3W``       day-of-month         the weekday (Monday to Friday) nearest to the 3rd, in this month
``LW``       day-of-month         the last weekday of the month
``6L``       day-of-week          the last Friday of the month (1 is Sunday)
``L``        day-of-week          Saturday, the last day of the week
``3#2``      day-of-week          the second Tuesday; one such expression, nothing beside it
===========  ===================  ===============================================================

A sign stands alone: ``L,15`` is refused. ``31W`` in a month of 30 days is taken from the 30th, as
Quartz does, whose notation this is (AWS does not say).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable

from labkit.schedules.fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    BadField,
    value,
    values,
)

#: Days of a month, given the weekday of the 1st (0 is Sunday) and how many days it has.
Days = Callable[[int, int], set[int]]


def day_rule(day_of_month: str, day_of_week: str) -> Days:
    """The days that the two day fields allow.

    Raises
    ------
    BadField
        Unless exactly one of the two is ``?`` and the other is a field.
    """
    if (day_of_month == "?") == (day_of_week == "?"):
        raise BadField(
            "exactly one of day-of-month and day-of-week must be ?, the other one says which days"
        )
    return _of_month(day_of_month) if day_of_week == "?" else _of_week(day_of_week)


def _of_month(text: str) -> Days:
    upper = text.upper()
    if upper == "L":
        return lambda first, size: {size}
    if upper == "LW":
        return lambda first, size: {_nearest_weekday(size, first, size)}
    if re.fullmatch("[0-9]{1,2}W", upper):
        wanted = value(DAY_OF_MONTH, upper[:-1])
        return lambda first, size: {_nearest_weekday(min(wanted, size), first, size)}
    allowed = values(DAY_OF_MONTH, text)
    return lambda first, size: {day for day in allowed if day <= size}


def _nearest_weekday(day: int, first: int, size: int) -> int:
    weekday = (first + day - 1) % 7
    if weekday == 6:  # Saturday: the day before, unless that is last month.
        return day - 1 if day > 1 else day + 2
    if weekday == 0:  # Sunday: the day after, unless that is next month.
        return day + 1 if day < size else day - 2
    return day


def _of_week(text: str) -> Days:
    upper = text.upper()
    if upper == "L":
        upper = "SAT"
    if "#" in upper:
        name, _, which = upper.partition("#")
        weekday = value(DAY_OF_WEEK, name) - 1
        if which not in ("1", "2", "3", "4", "5"):
            raise BadField(f"{which!r} is no week of a month: # goes from 1 to 5")
        week = int(which)
        return lambda first, size: {
            day for day in (1 + (weekday - first) % 7 + 7 * (week - 1),) if day <= size
        }
    if upper.endswith("L"):
        weekday = value(DAY_OF_WEEK, upper[:-1]) - 1
        return lambda first, size: {size - (first + size - 1 - weekday) % 7}
    allowed = {number - 1 for number in values(DAY_OF_WEEK, upper)}
    return lambda first, size: {
        day for day in range(1, size + 1) if (first + day - 1) % 7 in allowed
    }


def month_shape(year: int, month: int) -> tuple[int, int]:
    """(weekday of the 1st with 0 for Sunday, days) of a month."""
    monday_first, size = calendar.monthrange(year, month)
    return (monday_first + 1) % 7, size
