"""``at(2026-11-20T13:00:00)``: one firing, in the schedule's time zone. Scheduler only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from labkit.schedules.fields import BadField
from labkit.schedules.zones import to_utc, zone

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class At:
    """One moment.

    Parameters
    ----------
    text:
        As it was written.
    local_s:
        Seconds since 1970-01-01T00:00:00 local.
    """

    text: str
    local_s: int

    def firings(self, after_us: int, start_us: int = 0, zone_name: str = "UTC") -> Iterator[int]:
        """The moment, when it is later than ``after_us`` and the zone's day has it."""
        where = zone(zone_name)
        instant = self.local_s if where is None else to_utc(self.local_s, where)
        if instant is not None and instant * _SECOND > after_us:
            yield instant * _SECOND


def parse(text: str) -> At:
    """The moment of a text.

    Raises
    ------
    BadField
        When AWS would refuse it; the text says why.
    """
    if _FORM.fullmatch(text):
        try:
            moment = datetime.fromisoformat(f"{text}+00:00")
        except ValueError:
            raise BadField(f"there is no {text}") from None
        return At(text, int(moment.timestamp()))
    raise BadField("at takes yyyy-mm-ddThh:mm:ss, without a time zone")
