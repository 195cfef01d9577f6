"""When an alarm mute rule is active: five-field cron or one moment, each for a duration.

::

    cron(0 2 * * *)          minutes, hours, day of month, month, day of week; ``*``, ``-``, ``,``
    at(2026-01-05T18:00)     once
    PT4H, P2DT12H, P7D       how long, from one minute to fifteen days

Times are those of the schedule's time zone. A day counts, as in every cron, when the day of the
month *or* the day of the week fits if both are restricted. A local time that a change of clocks
leaves out does not happen; one that happens twice counts the first time.

Source: botocore cloudwatch/Schedule; CloudWatch user guide, "Alarm mute rules".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

#: The longest and shortest duration.
SHORTEST_US, LONGEST_US = MINUTE, 15 * DAY

#: Nothing is looked for further ahead than a leap day can be away.
_AHEAD_DAYS = 9 * 366

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?)?")


class ScheduleError(ValueError):
    """A schedule that can't be understood, and what it should be."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a cron expression.

    Parameters
    ----------
    values:
        What fits.
    free:
        Whether it was ``*``.
    """

    values: frozenset[int]
    free: bool


@dataclass(frozen=True, slots=True)
class MuteSchedule:
    """A parsed schedule.

    Parameters
    ----------
    fields:
        Minutes, hours, days of the month, months, days of the week (Sunday 0); None for ``at``.
    moment:
        The local moment of ``at``.
    duration_us:
        How long a window is.
    zone:
        Whose local time counts.
    """

    fields: tuple[Field, ...] | None
    moment: datetime | None
    duration_us: int
    zone: ZoneInfo

    @property
    def recurring(self) -> bool:
        """Whether it happens again and again."""
        return self.fields is not None

    def starts(self, from_us: int, until_us: int) -> Iterator[int]:
        """When windows begin in ``[from_us, until_us)``, ascending."""
        if self.moment is not None:
            at_us = _to_us(self.moment)
            if at_us is not None and from_us <= at_us < until_us:
                yield at_us
            return
        day = (_EPOCH + timedelta(microseconds=from_us)).astimezone(self.zone).date()
        for _ in range(_AHEAD_DAYS):
            for at_us in self._of_day(day):
                if at_us >= until_us:
                    return
                if at_us >= from_us:
                    yield at_us
            day += timedelta(days=1)
            if _midnight_us(day) - DAY >= until_us:
                return

    def _of_day(self, day: date) -> list[int]:
        assert self.fields is not None
        minutes, hours, days, months, weekdays = self.fields
        if day.month not in months.values:
            return []
        by_day = day.day in days.values
        by_weekday = day.isoweekday() % 7 in weekdays.values
        both = not days.free and not weekdays.free
        if not (by_day or by_weekday if both else by_day and by_weekday):
            return []
        moments = (
            _to_us(datetime.combine(day, time(hour, minute), self.zone))
            for hour in hours.values
            for minute in minutes.values
        )
        return sorted(one for one in moments if one is not None)

    def window(self, now_us: int) -> tuple[int, int] | None:
        """The window that ``now_us`` lies in, the one that began last; None outside of all."""
        begun = list(self.starts(now_us - self.duration_us + 1, now_us + 1))
        return (begun[-1], begun[-1] + self.duration_us) if begun else None

    def next_start(self, now_us: int) -> int | None:
        """When the next window begins after ``now_us``."""
        return next(self.starts(now_us + 1, now_us + _AHEAD_DAYS * DAY), None)


def parse(expression: str, duration: str, timezone: str | None) -> MuteSchedule:
    """The schedule that three texts mean.

    Raises
    ------
    ScheduleError
        With what is wrong.
    """
    try:
        zone = ZoneInfo(timezone or "UTC")
    except (ValueError, KeyError, OSError):
        raise ScheduleError(f"Timezone {timezone} is no time zone's name") from None
    length_us = _duration(duration)
    found = re.fullmatch(r"(cron|at)\((.*)\)", expression)
    if found is None:
        raise ScheduleError(
            f"the expression is cron(minutes hours day-of-month month day-of-week) or "
            f"at(yyyy-MM-ddThh:mm), not {expression}"
        )
    word, inside = found.groups()
    if word == "at":
        try:
            moment = datetime.strptime(inside, "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
        except ValueError:
            raise ScheduleError(f"at takes yyyy-MM-ddThh:mm, not {inside}") from None
        return MuteSchedule(None, moment, length_us, zone)
    texts = inside.split()
    if len(texts) != 5:
        raise ScheduleError(f"cron has five fields here, not {len(texts)}: {inside}")
    fields = (
        _field(texts[0], 0, 59),
        _field(texts[1], 0, 23),
        _field(texts[2], 1, 31),
        _field(texts[3], 1, 12, _MONTHS, 1),
        _field(texts[4], 0, 7, _DAYS, 0),
    )
    weekdays = Field(frozenset(value % 7 for value in fields[4].values), fields[4].free)
    made = MuteSchedule((*fields[:4], weekdays), None, length_us, zone)
    if made.next_start(0) is None:
        raise ScheduleError(f"{expression} never happens")
    return made


def _duration(text: str) -> int:
    found = _DURATION.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    length_us = days * DAY + (hours * 60 + minutes) * MINUTE
    if not SHORTEST_US <= length_us <= LONGEST_US:
        raise ScheduleError(f"the duration is between PT1M and P15D (PT4H, P2DT12H), not {text}")
    return length_us


def _field(text: str, low: int, high: int, names: tuple[str, ...] = (), first: int = 0) -> Field:
    if text == "*":
        return Field(frozenset(range(low, high + 1)), True)
    values: set[int] = set()
    for part in text.split(","):
        ends = [_number(one, names, first) for one in part.split("-")]
        if len(ends) > 2 or any(one is None or not low <= one <= high for one in ends):
            raise ScheduleError(f"{text} is no field from {low} to {high}, with *, - and ,")
        begin, end = ends[0], ends[-1]
        assert begin is not None and end is not None
        if begin > end:
            raise ScheduleError(f"{text}: a range goes upwards")
        values.update(range(begin, end + 1))
    return Field(frozenset(values), False)


def _number(text: str, names: tuple[str, ...], first: int) -> int | None:
    if text.upper() in names:
        return names.index(text.upper()) + first
    return int(text) if text.isascii() and text.isdigit() else None


def _to_us(local: datetime) -> int | None:
    """The instant of a local time; None for one that a change of clocks leaves out."""
    moment = local.astimezone(UTC)
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        return None
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND


def _midnight_us(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY
