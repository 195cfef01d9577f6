"""Instants, and where a UTC axis has its ticks: from seconds to a year.

An axis shows ``HH:MM``; the day stands below the first tick and again only where it changes. From
days on, the ticks are days and the line below says the month. Names of days and months are written
out here, because strftime's depend on the machine's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labkit.core.clock import DAY, HOUR, MINUTE, SECOND, to_datetime, to_us
from labkit.core.errors import LabError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_MONDAY = 4 * DAY  # 1970-01-05
_STEPS = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 56, 112)),
)


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark on a time axis; ``below`` is the second line (the day), mostly empty."""

    at_us: int
    label: str
    below: str = ""


def instant(moment: Any) -> int:
    """Microseconds since the epoch of whatever names an instant.

    Taken are datetimes (naive ones as UTC), ISO texts as the ``aws`` CLI prints them, numpy's
    datetime64, and whole numbers, which already are microseconds.

    Raises
    ------
    LabError
        For anything else.
    """
    if isinstance(moment, datetime):
        return to_us(moment)
    if isinstance(moment, str):
        try:
            return to_us(datetime.fromisoformat(moment))
        except ValueError:
            raise LabError(f"{moment!r} is no instant; say '2026-01-05T09:00:00Z'") from None
    if type(moment).__name__ == "datetime64":
        return int(moment.astype("datetime64[us]").astype("int64"))
    if isinstance(moment, bool) or not hasattr(moment, "__index__"):
        raise LabError(
            f"{moment!r} is no instant; views take datetimes, ISO texts, or microseconds since "
            "1970 as whole numbers"
        )
    return int(moment)


def day_text(us: int, *, year: bool = False) -> str:
    """``Mon 5 Jan``, with ``year`` ``Mon 5 Jan 2026``."""
    moment = to_datetime(us)
    text = f"{DAYS[moment.weekday()]} {moment.day} {MONTHS[moment.month - 1]}"
    return f"{text} {moment.year}" if year else text


def clock_text(us: int) -> str:
    """``09:20``; seconds and milliseconds only where they aren't zero."""
    moment = to_datetime(us)
    text = f"{moment.hour:02}:{moment.minute:02}"
    if moment.second or moment.microsecond:
        text += f":{moment.second:02}"
    if moment.microsecond:
        text += f".{moment.microsecond // 1000:03}"
    return text


def whole_second(us: int) -> str:
    """``09:20:05``: an instant that was not chosen, as people speak of it."""
    return f"{to_datetime(us):%H:%M:%S}"


def when(us: int, start_us: int, end_us: int) -> str:
    """The instant as a sentence on the stretch from start to end needs it.

    The time of day alone within one day, with the day in front beyond that.
    """
    last = max(start_us, end_us - 1)
    if start_us // DAY == last // DAY and us // DAY == start_us // DAY:
        return clock_text(us)
    return f"{day_text(us)} {clock_text(us)}"


def step_for(span_us: int, most: int) -> int:
    """The finest step that gives at most ``most`` ticks over ``span_us``."""
    for step in _STEPS:
        if span_us <= step * most:
            return step
    return _STEPS[-1] * -(-span_us // (_STEPS[-1] * most))


def ticks(start_us: int, end_us: int, most: int = 10) -> list[Tick]:
    """The ticks of a UTC axis from ``start_us`` to ``end_us``.

    Parameters
    ----------
    start_us, end_us:
        The stretch, both ends included.
    most:
        How many labels fit; there may be one more, since both ends can carry one.
    """
    step = step_for(end_us - start_us, most)
    origin = _MONDAY if step >= DAY else 0
    at = origin + -(-(start_us - origin) // step) * step
    out: list[Tick] = []
    shown: object = None
    while at <= end_us:
        moment = to_datetime(at)
        if step >= DAY:
            unit: object = (moment.year, moment.month)
            label = f"{moment.day} {MONTHS[moment.month - 1]}"
            below = str(moment.year) if shown is None or moment.year != _year(shown) else ""
            if step < 7 * DAY:
                label = f"{DAYS[moment.weekday()]} {moment.day}"
                below = f"{MONTHS[moment.month - 1]} {moment.year}" if unit != shown else ""
        else:
            unit = moment.date()
            label = f"{moment.hour:02}:{moment.minute:02}"
            if step < MINUTE:
                label += f":{moment.second:02}"
            below = day_text(at, year=shown is None) if unit != shown else ""
        out.append(Tick(at, label, below))
        shown = unit
        at += step
    return out


def _year(shown: object) -> int:
    return int(shown[0]) if isinstance(shown, tuple) else 0
