"""A gauge in a tile: an arc from low to high, its annotated stretches coloured."""

from __future__ import annotations

from math import cos, pi, sin

from labkit.views import theme
from labkit.views.board import scale
from labkit.views.board.values import Box, Gauge, Line
from labkit.views.sheet import Point, Sheet, fit, text_width
from labkit.views.wording import quantity, short


def paint(sheet: Sheet, box: Box, gauge: Gauge) -> None:
    """One dial for each line, side by side."""
    lines = scale.coloured(gauge.lines)
    across = max(min(len(lines), int(box.width / 96)), 1)
    wide = box.width / across
    for number, line in enumerate(lines[:across]):
        _dial(sheet, Box(box.x + number * wide, box.y, wide, box.height), gauge, line)


def _arc(x: float, y: float, radius: float, start: float, end: float) -> list[Point]:
    """Points of an arc; 0 is its left end, 1 its right."""
    steps = max(int((end - start) * 48), 1)
    shares = [start + (end - start) * n / steps for n in range(steps + 1)]
    return [(x - radius * cos(pi * s), y - radius * sin(pi * s)) for s in shares]


def _piece(x: float, y: float, radius: float, start: float, end: float) -> list[Point]:
    outer = _arc(x, y, radius, start, end)
    inner = _arc(x, y, radius * 0.72, start, end)
    return [*outer, *reversed(inner)]


def _share(gauge: Gauge, value: float) -> float:
    size = (gauge.high - gauge.low) or 1
    return min(max((value - gauge.low) / size, 0.0), 1.0)


def _dial(sheet: Sheet, box: Box, gauge: Gauge, line: Line) -> None:
    radius = max(min(box.width / 2 - 10, box.height - 40), 12)
    x, y = box.x + box.width / 2, box.y + (box.height + radius - 22) / 2
    sheet.areas([_piece(x, y, radius, 0, 1)], theme.GRID)
    for level in gauge.levels:
        colour, at = level.colour or theme.ERRORS, _share(gauge, level.value)
        if level.upto is not None:
            ends = sorted((at, _share(gauge, level.upto)))
        else:
            ends = {"above": [at, 1.0], "below": [0.0, at]}.get(level.fill, [at, at])
        if ends[1] > ends[0]:
            sheet.areas([_piece(x, y, radius * 1.08, ends[0], ends[1])], colour, 0.35)
    if line.last is not None:
        sheet.areas([_piece(x, y, radius, 0, max(_share(gauge, line.last), 0.004))], line.colour)
    for level in gauge.levels:
        at = _share(gauge, level.value)
        edge = [_arc(x, y, radius * 1.1, at, at)[0], _arc(x, y, radius * 0.7, at, at)[0]]
        sheet.line(edge, level.colour or theme.ERRORS, 2)
    value = "--" if line.last is None else quantity(line.last, line.unit)
    size = min(max(radius * 0.42, 12), 26)
    while size > 11 and text_width(value, size, True) > radius * 1.36:
        size -= 1
    sheet.text(
        x, y - 2, fit(value, radius * 1.4, size, True), size=size, bold=True, anchor="middle"
    )
    for text, place, anchor in ((gauge.low, x - radius, "start"), (gauge.high, x + radius, "end")):
        sheet.text(place, y + 14, short(text), size=scale.SMALL, colour=theme.MUTED, anchor=anchor)
    named = fit(line.label, box.width - 8, scale.SMALL)
    sheet.text(x, y + 28, named, size=scale.SMALL, colour=theme.MUTED, anchor="middle")


def told(gauge: Gauge) -> list[str]:
    """The dials in characters."""
    found = []
    for line in gauge.lines:
        filled = 0 if line.last is None else round(_share(gauge, line.last) * 20)
        value = "--" if line.last is None else quantity(line.last, line.unit)
        scale_text = f"{short(gauge.low)} [{'#' * filled:<20}] {short(gauge.high)}"
        found.append(f"{scale_text}  {line.label}: {value}")
    return found or ["no series"]
