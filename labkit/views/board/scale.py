"""Scales, colours and legends that the contents of a board share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from labkit.views import theme
from labkit.views.board.values import Axis, Box, Graph, Level, Line
from labkit.views.sheet import Sheet, fit, text_width
from labkit.views.wording import nice_axis, nice_step, quantity

SMALL = theme.SMALLEST_TEXT
_ROW = 16


def coloured(lines: Sequence[Line]) -> list[Line]:
    """The lines with a colour each: what was asked for, else by what they are about."""
    chosen = theme.colours([(line.label, line.unit) for line in lines])
    return [
        line if line.colour else replace(line, colour=colour)
        for line, colour in zip(lines, chosen, strict=True)
    ]


def span(values: Sequence[float], axis: Axis, most: int = 4) -> tuple[float, float, list[float]]:
    """Ends and marks of a value axis: what was asked for, else what holds the values."""
    low, high, marks = (
        nice_axis(min(values), max(values), axis.unit, most) if values else (0, 1, [])
    )
    if axis.low is None and axis.high is None:
        return low, high, marks
    low = axis.low if axis.low is not None else min(low, axis.high or low)
    high = axis.high if axis.high is not None else max(high, low)
    if high <= low:
        high = low + 1
    step = nice_step(high - low, most)
    first = int(-(-low // step))
    marks = [n * step for n in range(first, first + most + 2) if n * step <= high + step * 1e-9]
    return low, high, marks


def level_values(levels: Sequence[Level], right: bool) -> list[float]:
    """The values that an axis must hold for its annotations."""
    found = [one for one in levels if one.right == right]
    return [one.value for one in found] + [one.upto for one in found if one.upto is not None]


def graph_values(graph: Graph, right: bool) -> list[float]:
    """Every value that counts on one axis of a graph."""
    values = [v for line in graph.lines if line.right == right for v in line.values]
    if not right:
        values += [v for pair in graph.bands for line in pair for v in line.values]
    return values + level_values(graph.levels, right)


def legend_rows(lines: Sequence[Line], width: float, most: int) -> list[list[tuple[Line, str]]]:
    """The legend in rows that fit ``width``; what finds no row is counted at the end."""
    rows: list[list[tuple[Line, str]]] = []
    room = 0.0
    for number, line in enumerate(lines):
        label = fit(line.label, width - 26, SMALL)
        wide = 22 + text_width(label, SMALL)
        if not rows or room < wide:
            if len(rows) == most:
                left = len(lines) - number
                rows[-1].append((Line("", colour=theme.MUTED), f"+ {left} more"))
                break
            rows.append([])
            room = width
        rows[-1].append((line, label))
        room -= wide + 8
    return rows


def paint_legend(sheet: Sheet, box: Box, rows: Sequence[Sequence[tuple[Line, str]]]) -> None:
    """A legend, row under row."""
    y = box.y + 12
    for row in rows:
        x = box.x
        for line, label in row:
            if line.label:
                sheet.box(x, y - 8, 12, 8, line.colour)
                x += 17
            sheet.text(x, y, label, size=SMALL, colour=theme.INK if line.label else theme.MUTED)
            x += text_width(label, SMALL) + 13
        y += _ROW


def legend_height(rows: Sequence[object]) -> float:
    """How much room a legend takes."""
    return _ROW * len(rows)


_BLOCKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"


def sparks(line: Line, start_us: int, end_us: int, columns: int = 24) -> str:
    """A line in characters, one column for each stretch of time; a gap is a dot."""
    cells: list[list[float]] = [[] for _ in range(columns)]
    for at, value in zip(line.starts, line.values, strict=True):
        place = (at - start_us) * columns // max(end_us - start_us, 1)
        if 0 <= place < columns:
            cells[place].append(value)
    low, high = min(line.values, default=0), max(line.values, default=0)
    size = (high - low) or 1
    return "".join(
        _BLOCKS[round((max(cell) - low) / size * 7)] if cell else "\u00b7" for cell in cells
    )


def told(line: Line, start_us: int, end_us: int) -> str:
    """A line of the plain form: its curve, its newest, least and largest value."""
    if not line.values:
        return f"{line.label}: no points"
    values = line.values
    marks = sparks(line, start_us, end_us)
    return (
        f"{marks}  {line.label}: last {quantity(values[-1], line.unit)}, "
        f"from {quantity(min(values), line.unit)} to {quantity(max(values), line.unit)}"
    )
