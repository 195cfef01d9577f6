"""``rate(5 minutes)``: firings at a fixed distance, the first one distance after the start.

An hour is 60 minutes and a day 24 hours, whatever clocks do. Rules are strict about the plural
(``rate(1 minute)``, ``rate(5 minutes)``); Scheduler takes either (its guide writes
``rate(1 hours)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from labkit.schedules.fields import BadField

_MINUTE = 60 * 1_000_000
_UNITS = {"minute": _MINUTE, "hour": 60 * _MINUTE, "day": 24 * 60 * _MINUTE}
_FORM = re.compile("([0-9]{1,9}) (minute|hour|day)(s?)")


@dataclass(frozen=True, slots=True)
class Rate:
    """A fixed distance.

    Parameters
    ----------
    text:
        Value and unit.
    every_us:
        The distance in microseconds.
    """

    text: str
    every_us: int

    def firings(self, after_us: int, start_us: int = 0, zone_name: str = "UTC") -> Iterator[int]:
        """Instants (microseconds) later than ``after_us``, counted from ``start_us``."""
        yield from count(self.next_firing(after_us, start_us), self.every_us)

    def next_firing(self, after_us: int, start_us: int = 0) -> int:
        """The first instant later than ``after_us``, counted from ``start_us``."""
        done = max(0, (after_us - start_us) // self.every_us)
        return start_us + (done + 1) * self.every_us


def parse(text: str, *, strict: bool) -> Rate:
    """The distance of a value and a unit.

    Raises
    ------
    BadField
        When AWS would refuse it; the text says why.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise BadField("rate takes a whole number, a blank and minutes, hours or days")
    number, unit, plural = int(found[1]), found[2], bool(found[3])
    if number == 0:
        raise BadField("a rate of 0 would never end")
    if strict and plural != (number != 1):
        right = unit if number == 1 else f"{unit}s"
        raise BadField(f"the unit of {number} is {right!r}: singular for 1, plural for more")
    return Rate(text, number * _UNITS[unit])
