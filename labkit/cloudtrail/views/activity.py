"""When people are at work: calls by hour of the day and day, as a heat map.

The darker a cell the more calls, and each cell that matters has its number written in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from labkit.core.clock import DAY, HOUR, iso
from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import day_text
from labkit.views.wording import count, short

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: Days drawn at most.
MOST_DAYS = 35
_TOP, _ROW, _LEFT, _SMALL = 62.0, 22.0, 104.0, 12
_PALE, _DARK = (238, 243, 248), (23, 74, 120)
_STEPS = " .:-=+*#%@"


def activity(times_us: Iterable[int], start_us: int, end_us: int, what: str = "call") -> Drawing:
    """Calls by hour and day.

    Parameters
    ----------
    times_us:
        The instant of each call, microseconds, in any order.
    start_us, end_us:
        The stretch that is shown, whole days of UTC.
    what:
        What is counted, singular.
    """
    first, last = start_us // DAY, max(start_us // DAY + 1, -(-end_us // DAY))
    first = max(first, last - MOST_DAYS)
    hours = Counter(at // HOUR for at in times_us if start_us <= at < end_us)
    days = list(range(first, last))
    rows = [[hours.get(day * 24 + hour, 0) for hour in range(24)] for day in days]
    total, most = sum(map(sum, rows)), max((max(row) for row in rows), default=0)
    title = _title(days, rows, total, most, what)
    data = {
        "start": iso(first * DAY),
        "days": [day_text(day * DAY) for day in days],
        "calls": rows,
        "total": total,
    }
    names = [day_text(day * DAY) for day in days]
    return Drawing(
        title, _text(title, names, rows, most), data, svg=_picture(title, names, rows, most)
    )


def _title(days: list[int], rows: list[list[int]], total: int, most: int, what: str) -> str:
    if not total:
        return f"No {what} in this time."
    number, hour = next((d, row.index(most)) for d, row in enumerate(rows) if most in row)
    when = f"{day_text(days[number] * DAY)} {hour:02}:00"
    return f"{count(total, what)}; the busiest hour was {when} with {most:,}."


def _text(title: str, names: list[str], rows: list[list[int]], most: int) -> str:
    width = max(len(name) for name in names)
    head = f"{'':{width}}  " + "".join(f"{hour:<3}" for hour in range(0, 24))
    lines = [title, head.rstrip()]
    for name, row in zip(names, rows, strict=True):
        marks = "".join(f"{_STEPS[_step(value, most)] * 2} " for value in row)
        lines.append(f"{name:{width}}  {marks} {sum(row):>7,}")
    return "\n".join(line.rstrip() for line in lines)


def _step(value: int, most: int) -> int:
    """0 for nothing, else 1 to 9."""
    return 0 if not value else 1 + 8 * value // most


def _picture(title: str, names: list[str], rows: list[list[int]], most: int) -> str:
    from labkit.views.sheet import WIDTH, draw, fit

    cell = (WIDTH - 80 - _LEFT) / 24
    bottom = _TOP + _ROW * len(rows)

    def paint(sheet: Sheet) -> None:
        sheet.text(16, 26, fit(title, WIDTH - 32, 14, True), size=14, bold=True)
        for hour in range(24):
            sheet.text(
                _LEFT + cell * (hour + 0.5), _TOP - 8, f"{hour:02}", size=_SMALL,
                colour=theme.MUTED, anchor="middle",
            )  # fmt: skip
        sheet.text(WIDTH - 20, _TOP - 8, "in all", size=_SMALL, colour=theme.MUTED, anchor="end")
        for number, (name, row) in enumerate(zip(names, rows, strict=True)):
            top = _TOP + _ROW * number
            weekend = name[:3] in ("Sat", "Sun")
            colour = theme.MUTED if weekend else theme.INK
            sheet.text(_LEFT - 10, top + 15, name, size=_SMALL, colour=colour, anchor="end")
            for hour, value in enumerate(row):
                step = _step(value, most)
                left = _LEFT + cell * hour
                sheet.box(left + 1, top + 1, cell - 2, _ROW - 2, _colour(step))
                if value:
                    ink = theme.PAPER if step > 5 else theme.INK
                    sheet.text(
                        left + cell / 2, top + 15, short(value), size=_SMALL - 1, colour=ink,
                        anchor="middle",
                    )  # fmt: skip
            sheet.text(WIDTH - 20, top + 15, f"{sum(row):,}", size=_SMALL, anchor="end")
        sheet.text(16, bottom + 20, "hours of the day, UTC", size=_SMALL, colour=theme.MUTED)

    return draw(bottom + 34, paint, title)


def _colour(step: int) -> str:
    if not step:
        return theme.SHADE
    mixed = [round(a + (b - a) * (step - 1) / 8) for a, b in zip(_PALE, _DARK, strict=True)]
    return "#" + "".join(f"{value:02x}" for value in mixed)
