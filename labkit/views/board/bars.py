"""A bar for each series in a tile: its newest value, or the value of the whole range."""

from __future__ import annotations

from labkit.views import theme
from labkit.views.board import scale
from labkit.views.board.values import Axis, Bars, Box, Line
from labkit.views.sheet import Sheet, fit, text_width
from labkit.views.wording import quantity


def paint(sheet: Sheet, box: Box, bars: Bars) -> None:
    """Horizontal bars, one row each, name and value beside them."""
    lines = scale.coloured(bars.lines)
    high = min(max(box.height / max(len(lines), 1), 20), 44)
    shown = lines[: max(int(box.height / high), 1)]
    values = [line.last for line in shown if line.last is not None]
    axis = bars.left if bars.left.low is not None else Axis(0, bars.left.high, "", bars.left.unit)
    low, top, _ = scale.span([0.0, *values], axis)
    longest = max((text_width(line.label, scale.SMALL) for line in shown), default=0)
    names = min(longest, 0.34 * box.width)
    room = max((text_width(_said(line), scale.SMALL) for line in shown), default=0) + 8
    plot = box.inset(names + 8, 0, room, 0)
    for number, line in enumerate(shown):
        y = box.y + number * high
        middle = y + high / 2 + 4
        sheet.text(
            plot.x - 6, middle, fit(line.label, names + 1, scale.SMALL), size=scale.SMALL,
            colour=theme.MUTED, anchor="end",
        )  # fmt: skip
        end = plot.x
        if line.last is not None:
            share = min(max((line.last - low) / ((top - low) or 1), 0), 1)
            end = plot.x + plot.width * share
            sheet.box(plot.x, y + high * 0.18, max(end - plot.x, 1), high * 0.64, line.colour)
        sheet.text(end + 5, middle, _said(line), size=scale.SMALL)
    sheet.line([(plot.x, box.y), (plot.x, box.y + high * len(shown))], theme.LINE)


def _said(line: Line) -> str:
    return "--" if line.last is None else quantity(line.last, line.unit)


def told(bars: Bars) -> list[str]:
    """The bars in characters."""
    top = max((line.last or 0 for line in bars.lines), default=0) or 1
    return [
        f"{'#' * round(max(line.last or 0, 0) / top * 20):<20}  {line.label}: {_said(line)}"
        for line in bars.lines
    ] or ["no series"]
