"""The six fields of a cron expression, each as the values it allows.

``,`` lists, ``-`` ranges, ``/`` steps (``1/10``: 1, 11, 21 ...; ``0-59/10``; ``*/15``), names of
months and days in any case. Ranges of hours, months and days of the week may run over the end
(``20-2``, ``FRI-MON``). The days' own signs are in :mod:`labkit.schedules.days`.

Source: EventBridge user guide, eb-scheduled-rule-pattern (aws-semantics 5.5).
"""

from __future__ import annotations

from dataclasses import dataclass


class BadField(ValueError):
    """A field that AWS would refuse; the text says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a field may hold.

    Parameters
    ----------
    name:
        AWS's name.
    low, high:
        The smallest and largest value.
    names:
        Names for values, from ``low`` on.
    wraps:
        Whether a range may run over the end.
    """

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    wraps: bool = False


MINUTES = Field("minutes", 0, 59)
HOURS = Field("hours", 0, 23, wraps=True)
DAY_OF_MONTH = Field("day-of-month", 1, 31)
MONTHS = Field(
    "month",
    1,
    12,
    ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    wraps=True,
)
DAY_OF_WEEK = Field(
    "day-of-week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), wraps=True
)
YEARS = Field("year", 1970, 2199)


def value(field: Field, text: str) -> int:
    """One value of a field, a number or a name.

    Raises
    ------
    BadField
        When it is neither, or out of range.
    """
    if text.upper() in field.names:
        return field.low + field.names.index(text.upper())
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise BadField(f"{text!r} is no value of the {field.name} field")
    number = int(text)
    if not field.low <= number <= field.high:
        raise BadField(f"{field.name} goes from {field.low} to {field.high}, not {number}")
    return number


def values(field: Field, text: str) -> frozenset[int]:
    """The values that a field allows.

    Raises
    ------
    BadField
        For text that is no such field.
    """
    allowed: set[int] = set()
    for part in text.split(","):
        allowed |= _part(field, part)
    return frozenset(allowed)


def _part(field: Field, text: str) -> set[int]:
    base, slash, step_text = text.partition("/")
    step = 1
    if slash:
        if not (step_text.isascii() and step_text.isdigit() and len(step_text) <= 4):
            raise BadField(f"{step_text!r} is no step in the {field.name} field")
        step = int(step_text)
        if not 1 <= step <= field.high - field.low + 1:
            raise BadField(f"a step of {step} does not fit the {field.name} field")
    if base == "*":
        return set(range(field.low, field.high + 1, step))
    first, dash, last = base.partition("-")
    start = value(field, first)
    if not dash:
        return set(range(start, field.high + 1, step)) if slash else {start}
    end = value(field, last)
    if end >= start:
        return set(range(start, end + 1, step))
    if not field.wraps:
        raise BadField(f"the range {base} of the {field.name} field runs backwards")
    size = field.high - field.low + 1
    return {(n - field.low) % size + field.low for n in range(start, end + size + 1, step)}
