"""The peer of the schedule benchmark: walk over all minutes and ask each whether it fits.

This is what one writes first. Six fields, days of the week from 1 (Sunday), UTC.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

NAMES = {
    name: str(number)
    for names in ("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", "SUN MON TUE WED THU FRI SAT")
    for number, name in enumerate(names.split(), 1)
}
MINUTE_US = 60_000_000


@cache
def _plain(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            span = f"{low}-{high}"
        first, _, last = span.partition("-")
        start = int(first)
        end = int(last) if last else (high if step else start)
        if end < start:
            end += high - low + 1
        found |= {(n - low) % (high - low + 1) + low for n in range(start, end + 1, int(step or 1))}
    return found


def _fits_day(moment: datetime, day: str, weekday: str) -> bool:
    size = monthrange(moment.year, moment.month)[1]
    today = moment.isoweekday() % 7 + 1
    if weekday == "?":
        if day == "L":
            return moment.day == size
        if day.endswith("W"):
            wanted = size if day == "LW" else min(int(day[:-1]), size)
            work = [d for d in range(1, size + 1) if moment.replace(day=d).weekday() < 5]
            on = moment.replace(day=wanted).weekday()
            # Saturday looks back first, Sunday forward.
            return moment.day == min(work, key=lambda d: (abs(d - wanted), d if on == 5 else -d))
        return moment.day in _plain(day, 1, 31)
    if weekday == "L":
        return today == 7
    if weekday.endswith("L"):
        return today == int(weekday[:-1]) and moment.day > size - 7
    if "#" in weekday:
        which, _, week = weekday.partition("#")
        return today == int(which) and (moment.day - 1) // 7 + 1 == int(week)
    return today in _plain(weekday, 1, 7)


def firings(expression: str, after_us: int, until_us: int) -> Iterator[int]:
    """Instants (microseconds) in (after, until]."""
    fields = expression.upper()
    for name, number in NAMES.items():
        fields = fields.replace(name, number)
    minute, hour, day, month, weekday, year = fields.split()
    minutes, hours = _plain(minute, 0, 59), _plain(hour, 0, 23)
    months, years = _plain(month, 1, 12), _plain(year, 1970, 2199)
    at_us = (after_us // MINUTE_US + 1) * MINUTE_US
    moment = datetime.fromtimestamp(at_us // 1_000_000, UTC)
    step = timedelta(minutes=1)
    while at_us <= until_us:
        if (
            moment.minute in minutes
            and moment.hour in hours
            and moment.month in months
            and moment.year in years
            and _fits_day(moment, day, weekday)
        ):
            yield at_us
        at_us += MINUTE_US
        moment += step
