"""Alarms that look at other ticks than the clock's: wall-clock windows, and warm-up.

**Wall-clock window.** The window ends at the last full period of the clock (the hour, midnight, the
beginning of the week on Monday) instead of at the tick, in a time zone if one is named, and no
period is looked at beyond N. Within an hour every tick of an hourly alarm decides the same.

**Warm-up.** After its creation an alarm stays in INSUFFICIENT_DATA until the warm-up is over, or
until its N periods all have a datapoint if it may begin earlier.

Both wrap what an alarm watches and answer the same two questions (:mod:`.watched`).

Source: botocore cloudwatch/EvaluationWindow, WarmUpConfiguration; CloudWatch user guide, "Alarm
evaluation" (aws-semantics 2.2).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from labkit.cloudwatch.engine import columns
from labkit.cloudwatch.engine.evaluation import AlarmRule, Evaluation
from labkit.cloudwatch.engine.math.values import Ints
from labkit.cloudwatch.engine.watched import Window

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

#: The periods, in seconds, that a wall-clock window can have.
WALL_CLOCK_PERIODS = (60, 300, 3_600, 86_400, 604_800)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{2}):(\d{2})")


class Watches(Protocol):
    """What an alarm watches."""

    def decisions(self, ticks: Ints) -> np.ndarray:
        """The decision at each tick."""

    def window(self, tick_us: int) -> Window:
        """What one tick looks at."""


def zone_of(text: str | None) -> tzinfo:
    """The time zone of a wall-clock window: a name, ``+05:30`` or ``UTC+05:30``.

    Raises
    ------
    ValueError
        For what is none, or an offset that is no multiple of five minutes.
    """
    if not text:
        return UTC
    found = _OFFSET.fullmatch(text)
    if found is None:
        try:
            return ZoneInfo(text)
        except (ValueError, KeyError, OSError):
            raise ValueError(f"{text} is no time zone") from None
    sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if int(minutes) % 5 or offset > timedelta(hours=14):
        raise ValueError(f"{text} is no offset of a time zone")
    return timezone(-offset if sign == "-" else offset)


def aligned(ticks: Ints, period_us: int, zone: tzinfo) -> Ints:
    """The end of the last full period of the clock at each tick."""
    if period_us < HOUR:  # every time zone is a multiple of five minutes away
        floors: Ints = ticks - ticks % period_us
        return floors
    # The clocks of a time zone change at most four times an hour, at a quarter.
    quarters, back = np.unique(ticks // (HOUR // 4), return_inverse=True)
    ends = [_floor(quarter * (HOUR // 4), period_us, zone) for quarter in quarters.tolist()]
    found: Ints = np.array(ends, dtype=np.int64)[back]
    return found


def _floor(at_us: int, period_us: int, zone: tzinfo) -> int:
    local = (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)
    if period_us == HOUR:
        begin = local.replace(minute=0, second=0, microsecond=0)
    else:
        begin = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if period_us > DAY:
            begin -= timedelta(days=begin.weekday())
    delta = begin.astimezone(UTC) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND


class _Aligned(Window):
    """A window that ends where the clock's period did, whatever the tick."""

    def __init__(self, inner: Window, end_us: int) -> None:
        self._inner = inner
        self._end_us = end_us
        self.parts = inner.parts
        self.attributes = inner.attributes

    def evaluation(self, rule: AlarmRule, tick_us: int, state: str) -> Evaluation:
        """The evaluation of the periods up to the clock's last full one."""
        return self._inner.evaluation(rule, self._end_us, state)


class WallClock:
    """A window aligned to the clock.

    Parameters
    ----------
    inner:
        What is watched.
    period_us:
        One of the periods that a wall-clock window can have.
    zone:
        Whose clock.
    """

    def __init__(self, inner: Watches, period_us: int, zone: tzinfo) -> None:
        self._inner = inner
        self._period_us = period_us
        self._zone = zone

    def decisions(self, ticks: Ints) -> np.ndarray:
        """The decision at each tick, int8[T]: one for each period of the clock."""
        ends, back = np.unique(aligned(ticks, self._period_us, self._zone), return_inverse=True)
        found: np.ndarray = self._inner.decisions(ends)[back]
        return found

    def window(self, tick_us: int) -> Window:
        """What the evaluation at a tick looks at."""
        ticks = np.full(1, tick_us, dtype=np.int64)
        end_us = int(aligned(ticks, self._period_us, self._zone)[0])
        return _Aligned(self._inner.window(end_us), end_us)


class WarmingUp:
    """An alarm that is not evaluated yet.

    Parameters
    ----------
    inner:
        What is watched.
    rule:
        The alarm's rule.
    until_us:
        When the warm-up is over.
    to_the_end:
        Whether it lasts to its end, even if all data are there.
    """

    def __init__(self, inner: Watches, rule: AlarmRule, until_us: int, to_the_end: bool) -> None:
        self._inner = inner
        self._rule = rule
        self._until_us = until_us
        self._to_the_end = to_the_end

    def decisions(self, ticks: Ints) -> np.ndarray:
        """The decision at each tick, int8[T]; none while it warms up."""
        decided = self._inner.decisions(ticks).copy()
        waiting = int(np.searchsorted(ticks, self._until_us))
        if not self._to_the_end:
            for place in range(waiting):
                tick = int(ticks[place])
                found = self._inner.window(tick).evaluation(self._rule, tick, "INSUFFICIENT_DATA")
                if not found.filled:
                    waiting = place
                    break
        decided[:waiting] = columns.RETAIN
        return decided

    def window(self, tick_us: int) -> Window:
        """What the evaluation at a tick looks at."""
        return self._inner.window(tick_us)
