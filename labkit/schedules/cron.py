"""``cron(minutes hours day-of-month month day-of-week year)``: firings at minutes of the calendar.

Theory of operation
-------------------
Minutes and hours say the same for every day: they are multiplied out once, into the sorted minutes
of a day. Which days there are is asked a month at a time and kept. The next firing is then the next
minute of today, or the first minute of the next day, and never a walk over minutes: a schedule
for 29 February is as cheap as one for each minute.

In a time zone the same calendar is local. Days on which the clocks do not change have one offset
and cost nothing more; on the others every minute is converted by itself.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from labkit.schedules.days import Days, day_rule, month_shape
from labkit.schedules.fields import (
    HOURS,
    MINUTES,
    MONTHS,
    YEARS,
    BadField,
    values,
)
from labkit.schedules.zones import DAY_S, offsets, to_local, to_utc, zone

_SECOND = 1_000_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Cron:
    """A calendar.

    Parameters
    ----------
    text:
        The six fields.
    minutes:
        Minutes of a day, sorted.
    months, years:
        The values allowed.
    days:
        The days of a month.
    """

    text: str
    minutes: tuple[int, ...]
    months: frozenset[int]
    years: tuple[int, ...]
    days: Days

    def firings(self, after_us: int, start_us: int = 0, zone_name: str = "UTC") -> Iterator[int]:
        """Instants (microseconds) later than ``after_us``, in order.

        ``start_us`` is not used: a calendar does not depend on when it was made.
        """
        where = zone(zone_name)
        after_s = after_us // _SECOND
        if where is None:
            day, rest = divmod(after_s, DAY_S)
            place = bisect_right(self.minutes, rest // 60)
            for found in self._days(day):
                base = found * DAY_S
                for minute in self.minutes[place if found == day else 0 :]:
                    yield (base + minute * 60) * _SECOND
            return
        # From a day before: where clocks are set back at midnight yesterday ends twice.
        last_s = after_s
        for found in self._days(to_local(after_s, where) // DAY_S - 1):
            for second in self._local(found, where):
                if second > last_s:
                    last_s = second
                    yield second * _SECOND

    def _local(self, day: int, where: ZoneInfo) -> Iterator[int]:
        base = day * DAY_S
        offset, steady = offsets(day, where)
        for minute in self.minutes:
            local = base + minute * 60
            second = local - offset if steady else to_utc(local, where)
            if second is not None:
                yield second

    def _days(self, day: int) -> Iterator[int]:
        """Days since 1970-01-01 that are allowed, from ``day`` on."""
        start = date.fromordinal(max(_EPOCH_DAY, _EPOCH_DAY + day))
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in sorted(self.months):
                if (year, month) < (start.year, start.month):
                    continue
                first = date(year, month, 1).toordinal() - _EPOCH_DAY
                for number in sorted(self.days(*month_shape(year, month))):
                    if first + number - 1 >= day:
                        yield first + number - 1


def parse(text: str) -> Cron:
    """The calendar of six fields.

    Raises
    ------
    BadField
        When AWS would refuse it; the text says why.
    """
    fields = text.split()
    if len(fields) != 6:
        raise BadField(
            f"a cron expression has six fields (minutes hours day-of-month month day-of-week "
            f"year), not {len(fields)}"
        )
    minutes, hours, day_of_month, month, day_of_week, year = fields
    of_day = tuple(
        hour * 60 + minute
        for hour in sorted(values(HOURS, hours))
        for minute in sorted(values(MINUTES, minutes))
    )
    days = day_rule(day_of_month, day_of_week)
    years = tuple(sorted(values(YEARS, year)))
    return Cron(text, of_day, values(MONTHS, month), years, days)
