"""An insight: the calls of each minute, the baseline below them, and to whom the spike belongs.

Above, a bar for each minute; the baseline's average is a dashed line, the minutes between the Start
and the End record lie on a shaded band. Below, the attributions of the insight record: the average
of each identity, user agent and error code in the insight, beside that of the baseline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from labkit.core.clock import MINUTE, iso
from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.timeaxis import instant, ticks
from labkit.views.wording import nice_axis, number

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: Minutes shown before the insight and after it.
AROUND = 30
_NAMES = {
    "userIdentityArn": "identity",
    "userAgent": "user agent",
    "errorCode": "error code",
}
_TOP, _HIGH, _LEFT, _SMALL = 66.0, 150.0, 64.0, 12

#: attribute, value, average in the insight, average in the baseline
_Row = tuple[str, str, float, float]


def span(start: Mapping[str, Any], end: Mapping[str, Any] | None) -> tuple[int, int]:
    """From and until when an insight lasted, microseconds; by the records' ``insightDuration``."""
    context = start["insightDetails"]["insightContext"]["statistics"]
    start_us = instant(start["eventTime"])
    minutes = int(context.get("insightDuration", 1))
    return start_us, instant(end["eventTime"]) if end else start_us + minutes * MINUTE


def insight(
    start: Mapping[str, Any],
    times_us: Iterable[int],
    end: Mapping[str, Any] | None = None,
) -> Drawing:
    """What an insight record says, with the calls around it.

    Parameters
    ----------
    start:
        The Start record.
    times_us:
        The instants of the calls that it is about, microseconds.
    end:
        Its End record, when there is one already: then averages and attributions are that one's.
    """
    told = (end or start)["insightDetails"]
    context = told["insightContext"]
    baseline = float(context["statistics"]["baseline"]["average"])
    average = float(context["statistics"]["insight"]["average"])
    from_us, until_us = span(start, end)
    low_us = from_us // MINUTE * MINUTE - AROUND * MINUTE
    high_us = -(-until_us // MINUTE) * MINUTE + AROUND * MINUTE
    counts = Counter(at // MINUTE for at in times_us if low_us <= at < high_us)
    minutes = [counts.get(n, 0) for n in range(low_us // MINUTE, high_us // MINUTE)]
    rows = _attributions(context)
    title = _title(told, average, baseline)
    data = {
        "event_name": told["eventName"],
        "type": told["insightType"],
        "baseline": baseline,
        "insight": average,
        "start": iso(from_us),
        "end": iso(until_us) if end else None,
        "minutes": minutes,
        "first_minute": iso(low_us),
        "attributions": [
            {"attribute": a, "value": v, "insight": i, "baseline": b} for a, v, i, b in rows
        ],
    }
    head = ["attribute", "value", "insight /min", "baseline /min"]
    lines = [[_NAMES.get(a, a), v, number(i), number(b)] for a, v, i, b in rows]
    text = f"{title}\n{table(head, lines)}" if lines else title
    svg = _picture(title, minutes, low_us, high_us, (from_us, until_us), baseline, rows)
    return Drawing(title, text, data, svg=svg)


def _title(told: Mapping[str, Any], average: float, baseline: float) -> str:
    what = f"{told['eventName']}"
    if told.get("errorCode"):
        what += f" failed with {told['errorCode']}"
    times = f", {number(average / baseline, 2)} times as often" if baseline else ""
    return f"{what} {number(average)} times a minute; usual are {number(baseline)} a minute{times}."


def _attributions(context: Mapping[str, Any]) -> list[_Row]:
    rows: list[_Row] = []
    for one in context.get("attributions") or ():
        usual = {str(entry["value"]): float(entry["average"]) for entry in one.get("baseline", ())}
        for entry in one.get("insight", ()):
            value = "none" if entry["value"] is None else str(entry["value"])
            before = usual.get(str(entry["value"]), 0.0)
            rows.append((one["attribute"], value, float(entry["average"]), before))
    return rows


def _picture(
    title: str,
    minutes: list[int],
    low_us: int,
    high_us: int,
    lasted: tuple[int, int],
    baseline: float,
    rows: list[_Row],
) -> str:
    from labkit.views.sheet import WIDTH, draw, fit

    right = WIDTH - 24
    floor = _TOP + _HIGH
    _, top, marks = nice_axis(0, max([*minutes, baseline, 1]), "Count")

    def x(us: int) -> float:
        return float(_LEFT + (right - _LEFT) * (us - low_us) / (high_us - low_us))

    def y(value: float) -> float:
        return float(floor - _HIGH * value / top)

    def paint(sheet: Sheet) -> None:
        sheet.text(16, 26, fit(title, WIDTH - 32, 14, True), size=14, bold=True)
        sheet.text(16, 46, "calls a minute", colour=theme.MUTED)
        first, last = x(lasted[0] // MINUTE * MINUTE), x(lasted[1])
        sheet.box(first, _TOP - 4, max(last - first, 2), _HIGH + 4, theme.INCIDENT)
        sheet.text(first, _TOP - 6, "insight", colour=theme.INCIDENT_INK, bold=True)
        for mark in marks:
            sheet.line([(_LEFT, y(mark)), (right, y(mark))], theme.GRID)
            sheet.text(_LEFT - 8, y(mark) + 4, number(mark), colour=theme.MUTED, anchor="end")
        wide = (right - _LEFT) / len(minutes)
        bars = []
        for n, value in enumerate(minutes):
            if value:
                a, b, up = _LEFT + wide * n + 0.5, _LEFT + wide * (n + 1) - 0.5, y(value)
                bars.append([(a, floor), (a, up), (b, up), (b, floor)])
        sheet.areas(bars, theme.LATENCY)
        sheet.line([(_LEFT, y(baseline)), (right, y(baseline))], theme.INK, 1.4, (5, 4))
        sheet.text(
            right, y(baseline) - 5, f"baseline {number(baseline)}", anchor="end", halo=theme.PAPER
        )
        for tick in ticks(low_us, high_us, 8):
            for text, below in ((tick.label, 16), (tick.below, 32)):
                if text:
                    sheet.text(
                        x(tick.at_us), floor + below, text, colour=theme.MUTED, anchor="middle"
                    )
        _shares(sheet, rows, floor + 56)

    return draw(floor + 62 + 20 * len(rows), paint, title)


def _shares(sheet: Sheet, rows: list[_Row], top: float) -> None:
    """The attributions: a bar for the insight, a tick for the baseline, the number behind."""
    from labkit.views.sheet import fit

    most = max((average for _, _, average, _ in rows), default=1) or 1
    before = ""
    for n, (attribute, value, average, usual) in enumerate(rows):
        y = top + 20 * n
        name = _NAMES.get(attribute, attribute)
        if name != before:
            sheet.text(16, y + 11, name, colour=theme.MUTED)
            before = name
        sheet.text(500, y + 11, fit(value, 390, _SMALL), anchor="end")
        sheet.box(510, y + 1, max(1.0, 220 * average / most), 13, theme.LATENCY)
        at = 510 + min(220.0, 220 * usual / most)
        sheet.line([(at, y - 1), (at, y + 16)], theme.INK, 1.6)
        sheet.text(740, y + 11, f"{number(average)}, usual {number(usual)}")
