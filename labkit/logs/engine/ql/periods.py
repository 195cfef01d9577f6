"""Periods of ``bin``, ``datefloor`` and ``dateceil``: ``5m``, and why ``300s`` is one minute.

AWS takes a number for each unit only up to a limit and quietly goes on with the limit: 1000 ms,
60 s, 60 m, 24 h. So ``bin(300s)`` makes bins of a minute. (User guide, datetime functions.)
"""

from __future__ import annotations

from dataclasses import dataclass

#: The largest number of each unit; a larger one is taken as this.
CAPS = {"ms": 1000, "s": 60, "m": 60, "h": 24}

_MILLIS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MONTHS = {"mo": 1, "q": 3, "y": 12}

#: Weeks begin on a Monday; the epoch was a Thursday.
_MONDAY = 4 * 86_400_000


@dataclass(frozen=True, slots=True)
class Floor:
    """A period as it really works.

    ``capped``: the number that was written, when it was too large.
    """

    count: int
    unit: str
    capped: int = 0

    @property
    def millis(self) -> int:
        """Length in milliseconds; 0 for calendar units."""
        return self.count * _MILLIS.get(self.unit, 0)

    @property
    def months(self) -> int:
        """Length in months; 0 for the others."""
        return self.count * _MONTHS.get(self.unit, 0)


def period(count: int, unit: str) -> Floor:
    """The period that AWS makes of a number and a unit."""
    cap = CAPS.get(unit)
    if cap is not None and count > cap:
        return Floor(cap, unit, capped=count)
    return Floor(max(1, min(count, 10_000)), unit)


def length_ms(count: int, unit: str) -> int:
    """How long a duration is, in milliseconds: no limits, and a month has 30 days."""
    return count * (_MILLIS.get(unit) or _MONTHS[unit] * 30 * _MILLIS["d"])


def floored(ms: str, floor: Floor, up: bool = False) -> str:
    """SQL: the start of the period in which a time (SQL, DOUBLE milliseconds) lies, or its end."""
    if floor.months:
        months = f"datediff('month', DATE '1970-01-01', make_timestamp_ms(CAST({ms} AS BIGINT)))"
        begin = f"(CAST(floor({months} / {floor.months}.0) AS INTEGER) * {floor.months})"
        start = f"epoch_ms(CAST(DATE '1970-01-01' + to_months({begin}) AS TIMESTAMP))"
        if not up:
            return start
        end = (
            f"epoch_ms(CAST(DATE '1970-01-01' + to_months({begin} + {floor.months}) AS TIMESTAMP))"
        )
        return f"CASE WHEN {start} = CAST({ms} AS BIGINT) THEN {start} ELSE {end} END"
    anchor = _MONDAY if floor.unit == "w" else 0
    rounding = "ceil" if up else "floor"
    moved = f"({ms} - {anchor})" if anchor else ms
    back = f" + {anchor}" if anchor else ""
    return f"(CAST({rounding}({moved} / {floor.millis}.0) AS BIGINT) * {floor.millis}{back})"
