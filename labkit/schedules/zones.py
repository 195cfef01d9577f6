"""Local time and daylight saving, as EventBridge Scheduler treats them.

A local time that a spring day does not have is skipped; one that an autumn day has twice counts
once, the first time. Source: EventBridge Scheduler user guide, schedule-types (daylight saving).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_S = 86_400
_EPOCH = date(1970, 1, 1)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name; None for UTC.

    Raises
    ------
    ValueError
        When there is no such zone.
    """
    if name in ("UTC", "Etc/UTC"):
        return None
    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError):
        raise ValueError(f"there is no time zone {name!r}") from None


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset() or timedelta()
    return offset.days * DAY_S + offset.seconds


def offsets(day: int, where: ZoneInfo) -> tuple[int, bool]:
    """(seconds ahead of UTC at midnight, whether it stays so) of a local day.

    Parameters
    ----------
    day:
        Days since 1970-01-01.
    """
    midnight = datetime.combine(_EPOCH + timedelta(days=day), datetime.min.time(), where)
    hours = {_offset(midnight + timedelta(hours=h)) for h in (0, 6, 12, 18, 24)}
    return _offset(midnight), len(hours) == 1


def to_utc(local_s: int, where: ZoneInfo) -> int | None:
    """The instant of a local time, seconds since the epoch; None when that day skips it."""
    naive = datetime.fromtimestamp(local_s, UTC).replace(tzinfo=None)
    instant = local_s - _offset(naive.replace(tzinfo=where, fold=0))
    back = datetime.fromtimestamp(instant, where).replace(tzinfo=None)
    return instant if back == naive else None


def to_local(instant_s: int, where: ZoneInfo) -> int:
    """The local time at an instant, as seconds since 1970-01-01T00:00 local."""
    return instant_s + _offset(datetime.fromtimestamp(instant_s, where))
