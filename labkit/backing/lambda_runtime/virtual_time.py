"""The lab's time inside a worker.

A function that asks what time it is must hear the lab's time, or its log lines, its object keys and
its "older than an hour" are those of another world. The lab's clock stands still while a function
runs, so here time is

    the lab's now  +  what the function has slept  +  what its calls to AWS took  +  its looking

- ``time.sleep`` adds to it and does not sleep: a function that waits two minutes costs nothing, and
  is told to have timed out at the very microsecond at which its limit is reached.
- Each look at a clock adds a few microseconds, so that a loop ``while time.time() < end`` ends,
  always after the same number of rounds.
- ``time.monotonic`` stays real: locks, queues and event loops wait by it.

``datetime.now``, ``date.today``, ``time.gmtime`` and the like follow; a naive local time is in UTC,
as on Lambda.
"""

from __future__ import annotations

import datetime as _datetime
import time as _time
from collections.abc import Callable
from typing import Any

#: What one look at the clock takes.
LOOK_US = 5

_UTC = _datetime.timezone.utc  # noqa: UP017 - the name is replaced below
_RealDatetime = _datetime.datetime
_real_gmtime, _real_strftime = _time.gmtime, _time.strftime
_real_asctime = _time.asctime


class VirtualTime:
    """The present of one worker.

    Parameters
    ----------
    now_us:
        The lab's now, microseconds since the epoch.
    """

    def __init__(self, now_us: int) -> None:
        self.start_us = now_us
        self.elapsed_us = 0
        self.limit_us = 0
        #: What happens when the limit is reached; it does not return.
        self.out_of_time: Callable[[], None] = lambda: None

    def begin(self, now_us: int, limit_us: int) -> None:
        """An invocation begins at the lab's ``now_us``; after ``limit_us`` it is out of time."""
        self.start_us = now_us
        self.elapsed_us = 0
        self.limit_us = limit_us

    def now_us(self) -> int:
        """A look at the clock."""
        self.elapse(LOOK_US)
        return self.start_us + self.elapsed_us

    def elapse(self, us: int) -> None:
        """Let time pass for this function."""
        self.elapsed_us += us
        if self.limit_us and self.elapsed_us >= self.limit_us:
            self.out_of_time()

    def remaining_ms(self) -> int:
        """What is left of the limit."""
        return max(0, (self.limit_us - self.elapsed_us) // 1000)

    def install(self) -> None:
        """Let ``time`` and ``datetime`` of this process tell it."""
        clock = self

        def sleep(seconds: float) -> None:
            if seconds < 0:
                raise ValueError("sleep length must be non-negative")
            clock.elapse(int(seconds * 1_000_000))

        def seconds() -> float:
            return clock.now_us() / 1_000_000

        def nanoseconds() -> int:
            return clock.now_us() * 1_000

        def gmtime(secs: float | None = None) -> Any:
            return _real_gmtime(seconds() if secs is None else secs)

        names: dict[str, Any] = {
            "sleep": sleep,
            "time": seconds,
            "time_ns": nanoseconds,
            "perf_counter": seconds,
            "perf_counter_ns": nanoseconds,
            "gmtime": gmtime,
            "localtime": gmtime,
            "strftime": lambda form, t=None: _real_strftime(form, gmtime() if t is None else t),
            "asctime": lambda t=None: _real_asctime(gmtime() if t is None else t),
            "ctime": lambda secs=None: _real_asctime(gmtime(secs)),
        }
        for name, value in names.items():
            setattr(_time, name, value)
        _datetime.datetime = _datetime_of(clock)  # type: ignore[misc]


class _Like(type):
    """Every datetime, also one made in C, is an instance of the replaced class."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _RealDatetime)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, _RealDatetime)


def _datetime_of(clock: VirtualTime) -> Any:
    def now(cls: Any, tz: _datetime.tzinfo | None = None) -> Any:
        moment = _RealDatetime.fromtimestamp(0, _UTC) + _datetime.timedelta(
            microseconds=clock.now_us()
        )
        return moment.replace(tzinfo=None) if tz is None else moment.astimezone(tz)

    def utcnow(cls: Any) -> Any:
        return now(cls)

    def today(cls: Any) -> Any:
        return now(cls)

    def text(self: Any) -> str:
        return "datetime." + _RealDatetime.__repr__(self)

    # Called ``datetime``, so that nobody sees the difference in a repr or a pickle.
    return _Like(
        "datetime",
        (_RealDatetime,),
        {
            "__module__": "datetime",
            "__repr__": text,
            "now": classmethod(now),
            "utcnow": classmethod(utcnow),
            "today": classmethod(today),
        },
    )
