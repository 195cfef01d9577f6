"""A pie in a tile: a slice for each series."""

from __future__ import annotations

from math import cos, pi, sin

from labkit.views import theme
from labkit.views.board import scale
from labkit.views.board.values import Box, Line, Pie
from labkit.views.sheet import Point, Sheet, fit, text_width
from labkit.views.wording import number, quantity


def shares(lines: tuple[Line, ...] | list[Line]) -> list[float]:
    """The part of each line in the sum of the positive values."""
    values = [max(line.last or 0.0, 0.0) for line in lines]
    total = sum(values)
    return [value / total if total else 0.0 for value in values]


def paint(sheet: Sheet, box: Box, pie: Pie) -> None:
    """The pie and, where there is room, its legend with the parts."""
    lines = scale.coloured(pie.lines)
    parts = shares(lines)
    wide = box.width >= 190
    radius = max(min(box.height / 2 - 4, (box.width * (0.42 if wide else 1.0)) / 2 - 6), 8)
    x = box.x + radius + 6 if wide else box.x + box.width / 2
    y = box.y + box.height / 2
    if not any(parts):
        sheet.text(x, y, "No data available", size=13, colour=theme.MUTED, anchor="middle")
        return
    angle = 0.0
    for line, part in zip(lines, parts, strict=True):
        if part:
            sheet.areas([_slice(x, y, radius, angle, angle + part)], line.colour)
            if pie.labels and 2 * radius * part > 22 and radius > 50:
                turn = 2 * pi * (angle + part / 2)
                place = (x + radius * 0.62 * sin(turn), y - radius * 0.62 * cos(turn) + 4)
                said = f"{number(100 * part, 3)} %"
                sheet.text(*place, said, size=scale.SMALL, colour=theme.PAPER, anchor="middle")
        angle += part
    if wide:
        _legend(sheet, Box(x + radius + 14, box.y, box.right - x - radius - 14, box.height), lines)


def _slice(x: float, y: float, radius: float, start: float, end: float) -> list[Point]:
    steps = max(int((end - start) * 72), 2)
    turns = [2 * pi * (start + (end - start) * n / steps) for n in range(steps + 1)]
    return [(x, y), *((x + radius * sin(t), y - radius * cos(t)) for t in turns)]


def _legend(sheet: Sheet, box: Box, lines: list[Line]) -> None:
    shown = lines[: max(int(box.height / 18), 1)]
    top = box.y + (box.height - 18 * len(shown)) / 2
    for place, (line, part) in enumerate(zip(shown, shares(lines), strict=False)):
        y = top + 18 * place + 13
        sheet.box(box.x, y - 9, 10, 10, line.colour)
        value = "--" if line.last is None else quantity(line.last, line.unit)
        share = f"{number(100 * part, 3)} %"
        said = f"{line.label}  {value} ({share})"
        if text_width(said, scale.SMALL) > box.width - 16:
            label = fit(line.label, box.width - 22 - text_width(share, scale.SMALL), scale.SMALL)
            said = f"{label} {share}"
        sheet.text(box.x + 15, y, fit(said, box.width - 16, scale.SMALL), size=scale.SMALL)


def told(pie: Pie) -> list[str]:
    """The parts in characters."""
    return [
        f"{number(100 * part, 3):>5} %  {line.label}: "
        f"{'--' if line.last is None else quantity(line.last, line.unit)}"
        for line, part in zip(pie.lines, shares(pie.lines), strict=True)
    ] or ["no series"]
