"""Ranges of time as dashboards write them: ``-PT3H``, ``P1D``, ``2026-01-05T09:00:00Z``.

Source: API reference, "Dashboard Body Structure and Syntax", ``start`` and ``end``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from labkit.core.clock import DAY, HOUR, MINUTE, SECOND, to_us

#: What a dashboard shows when nobody says otherwise: the last three hours.
DEFAULT_US = 3 * HOUR
#: The relative times that go back furthest: a metric is kept for 455 days.
LONGEST_US = 455 * DAY

_RELATIVE = re.compile(
    r"-?P(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_SIZES = {
    "months": 30 * DAY, "weeks": 7 * DAY, "days": DAY, "hours": HOUR, "minutes": MINUTE,
    "seconds": SECOND,
}  # fmt: skip


def relative_us(text: str) -> int | None:
    """How long ago a relative time is, in microseconds; None for what is none.

    >>> relative_us("-PT3H") == 3 * HOUR, relative_us("yesterday")
    (True, None)
    """
    found = _RELATIVE.fullmatch(text)
    if found is None or not any(part is not None for part in found.groups()):
        return None
    return sum(int(found[name]) * size for name, size in _SIZES.items() if found[name])


def instant_us(text: str, now_us: int) -> int | None:
    """The instant that a start or end means, as seen at ``now_us``; None for what is none."""
    ago = relative_us(text)
    if ago is not None:
        return now_us - min(ago, LONGEST_US)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


#: (longest range, period in seconds) of graphs whose period follows the dashboard's range.
_AUTOMATIC = ((3 * HOUR, 60), (DAY, 300), (3 * DAY, 900), (15 * DAY, 3600), (63 * DAY, 21600))


def automatic_period(range_us: int, widget_s: int | None = None) -> int:
    """The period in seconds of a graph on a dashboard whose ``periodOverride`` is ``auto``.

    The widget's own period stands where the range is short; over longer ranges it grows, so that a
    graph never has thousands of points. (AWS: undocumented; ours.)
    """
    wanted = next((period for most, period in _AUTOMATIC if range_us <= most), 86400)
    return wanted if widget_s is None else max(widget_s, wanted)
