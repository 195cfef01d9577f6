"""Single values in a tile: as large as the room allows, with the line behind if wanted."""

from __future__ import annotations

from labkit.views import theme
from labkit.views.board import scale
from labkit.views.board.values import Box, Line, Numbers
from labkit.views.sheet import Sheet, fit, text_width
from labkit.views.wording import quantity

_LARGEST, _SMALLEST = 30, 13


def said(line: Line, full: bool) -> str:
    """The newest value of a line, or two dashes."""
    if line.last is None:
        return "--"
    return f"{line.last:,}" if full else quantity(line.last, line.unit)


def paint(sheet: Sheet, box: Box, numbers: Numbers) -> None:
    """The values side by side, in rows where one row does not hold them."""
    lines = scale.coloured(numbers.lines)
    count = max(len(lines), 1)
    across = max(min(count, int(box.width / 84)), 1)
    down = -(-count // across)
    wide, high = box.width / across, box.height / down
    if high < 26:
        down = max(int(box.height / 26), 1)
        lines = lines[: down * across]
        high = box.height / down
    for number, line in enumerate(lines):
        x, y = box.x + number % across * wide, box.y + number // across * high
        _paint(sheet, Box(x, y, wide, high), line, numbers)


def _paint(sheet: Sheet, box: Box, line: Line, numbers: Numbers) -> None:
    value = said(line, numbers.full)
    size = float(min(_LARGEST, max(box.height * 0.42, _SMALLEST)))
    while size > _SMALLEST and text_width(value, size, True) > box.width - 16:
        size -= 1
    label = box.height >= 40
    middle = box.y + box.height / 2 + size * 0.36 - (8 if label else 0)
    if numbers.sparkline and line.values and box.height >= 64:
        high = max(box.height - size - 30, 12)
        _spark(sheet, box.inset(4, box.height - high, 4, 0), line)
        middle = box.y + size
    ink = theme.MUTED if line.last is None else theme.INK
    sheet.text(
        box.x + box.width / 2, middle, fit(value, box.width - 6, size, True), size=size, bold=True,
        colour=ink, anchor="middle",
    )  # fmt: skip
    if label:
        named = fit(line.label, box.width - 24, scale.SMALL)
        x = box.x + box.width / 2 - (text_width(named, scale.SMALL) + 13) / 2
        sheet.box(x, middle + 11, 9, 9, line.colour)
        sheet.text(x + 13, middle + 20, named, size=scale.SMALL, colour=theme.MUTED)


def _spark(sheet: Sheet, box: Box, line: Line) -> None:
    low, high = min(line.values), max(line.values)
    size, first = (high - low) or 1, line.starts[0]
    long = max(line.starts[-1] - first, 1)
    points = [
        (box.x + box.width * (at - first) / long, box.bottom - box.height * (v - low) / size)
        for at, v in zip(line.starts, line.values, strict=True)
    ]
    if len(points) > 1:
        sheet.areas([[(box.x, box.bottom), *points, (box.right, box.bottom)]], line.colour, 0.18)
        sheet.line(points, line.colour, 1.2, opacity=0.6)


def told(numbers: Numbers) -> list[str]:
    """The values in characters."""
    return [f"{line.label}: {said(line, numbers.full)}" for line in numbers.lines] or ["no series"]
