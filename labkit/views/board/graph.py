"""A graph in a tile: lines or stacked areas, two axes, annotations, a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labkit.views import theme
from labkit.views.board import scale
from labkit.views.board.values import Axis, Box, Graph, Level, Line, Moment
from labkit.views.sheet import Point, Sheet, fit, text_width
from labkit.views.timeaxis import clock_text, ticks
from labkit.views.wording import quantity, short

_SMALL = scale.SMALL
_STATES = 14
#: The colour of an annotation that has none of its own.
_NOTE = "#d62728"
_AREA = 0.55


@dataclass(slots=True)
class _Side:
    """One value axis, laid out."""

    axis: Axis
    low: float
    high: float
    marks: list[float]

    def y(self, value: float, plot: Box) -> float:
        """Where a value is; what is off the scale is at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return plot.y + plot.height * (1 - share)


def stacked(lines: Sequence[Line]) -> list[tuple[Line, tuple[float, ...]]]:
    """Lines put on each other: each with its upper values, and where it stands.

    A line without a point where another has one counts as zero there.
    """
    starts = sorted({at for line in lines for at in line.starts})
    below = dict.fromkeys(starts, 0.0)
    found = []
    for line in lines:
        values = dict(zip(line.starts, line.values, strict=True))
        feet = tuple(below[at] for at in starts)
        for at in starts:
            below[at] += values.get(at, 0.0)
        tops = tuple(below[at] for at in starts)
        upper = Line(
            line.label, tuple(starts), tops, line.period_us, line.colour, line.right, line.unit
        )
        found.append((upper, feet))
    return found


def paint(sheet: Sheet, box: Box, graph: Graph) -> None:
    """The graph in its box."""
    lines = scale.coloured(graph.lines)
    legend = _legend(graph, lines, box)
    if graph.legend == "right" and legend:
        wide = _right_width(box, [label for row in legend for _, label in row])
        scale.paint_legend(sheet, Box(box.right - wide, box.y, wide, box.height), legend)
        box = box.inset(0, 0, wide + 8, 0)
    elif legend:
        high = scale.legend_height(legend)
        scale.paint_legend(sheet, Box(box.x, box.bottom - high, box.width, high), legend)
        box = box.inset(0, 0, 0, high + 2)
    _paint_plot(sheet, box, graph, lines)


def _legend(graph: Graph, lines: Sequence[Line], box: Box) -> list[list[tuple[Line, str]]]:
    named = [line for line in lines if line.label]
    named += [Line("expected", colour=theme.LINE) for low, _ in graph.bands if low.values]
    if graph.legend == "hidden" or not named or box.height < 70:
        return []
    if graph.legend == "right":
        wide = _right_width(box, [line.label for line in named])
        rows = [[(line, fit(line.label, wide - 18, _SMALL))] for line in named]
        most = max(int(box.height / 16) - 1, 1)
        left = len(rows) - most
        more = [[(Line("", colour=theme.MUTED), f"+ {left} more")]] if left > 0 else []
        return [*rows[:most], *more]
    return scale.legend_rows(named, box.width, 1 if box.height < 110 else 2)


def _right_width(box: Box, labels: Sequence[str]) -> float:
    """How wide a legend at the right is: as its labels, at most two fifths of the tile."""
    longest = max((text_width(label, _SMALL) for label in labels), default=0.0)
    return min(longest + 19, box.width * 0.4)


def _paint_plot(sheet: Sheet, box: Box, graph: Graph, lines: Sequence[Line]) -> None:
    piles = stacked(lines) if graph.stacked else []
    sides = _sides(graph, piles, box)
    under = 19 + (_STATES + 4 if graph.states else 0)
    margins = [_margin(side) if side else 4.0 for side in sides]
    top = 18 if any(side and _named(side) for side in sides) else 6
    plot = box.inset(max(margins[0], 8), top, max(margins[1], 10), under)
    main = sides[0] or sides[1]
    assert main is not None
    for side, right in ((sides[0], False), (sides[1], True)):
        if side is not None:
            _paint_axis(sheet, plot, box, side, right, grid=side is main)
    _fills(sheet, plot, graph, sides)
    for low, high in graph.bands:
        _band(sheet, plot, graph, sides[0] or main, low, high)
    if piles:
        for upper, feet in piles:
            _area(sheet, plot, graph, sides[upper.right] or main, upper, feet)
    else:
        for line in lines:
            _line(sheet, plot, graph, sides[line.right] or main, line)
    _annotations(sheet, plot, graph, sides)
    _paint_time(sheet, plot, graph)
    if graph.states:
        _states(sheet, plot, graph)
    if not any(line.values for line in graph.lines) and not graph.bands:
        sheet.text(
            plot.x + plot.width / 2, plot.y + plot.height / 2 + 4,
            fit("No data available", plot.width, 13), size=13, colour=theme.MUTED,
            anchor="middle", halo=theme.PAPER,
        )  # fmt: skip


# -- axes
def _sides(
    graph: Graph, piles: Sequence[tuple[Line, tuple[float, ...]]], box: Box
) -> tuple[_Side | None, _Side | None]:
    most = 4 if box.height > 130 else 2
    found: list[_Side | None] = []
    for right in (False, True):
        axis = graph.right if right else graph.left
        used = any(line.right == right for line in graph.lines)
        used = used or any(one.right == right for one in graph.levels)
        if not used and (right or any(line.right for line in graph.lines)):
            found.append(None)
            continue
        values = scale.graph_values(graph, right)
        if piles:
            tops = [v for upper, _ in piles if upper.right == right for v in upper.values]
            values = [*tops, *([0.0] if tops else []), *scale.level_values(graph.levels, right)]
        unit = axis.unit or next((x.unit for x in graph.lines if x.right == right), "")
        axis = Axis(axis.low, axis.high, axis.label, unit)
        found.append(_Side(axis, *scale.span(values, axis, most)))
    return found[0], found[1]


def _named(side: _Side) -> str:
    unit = "" if side.axis.unit in ("", "None") else side.axis.unit
    return side.axis.label or unit


def _margin(side: _Side) -> float:
    return 8 + max((text_width(short(mark), _SMALL) for mark in side.marks), default=0)


def _paint_axis(sheet: Sheet, plot: Box, box: Box, side: _Side, right: bool, *, grid: bool) -> None:
    where, anchor = (plot.right + 5, "start") if right else (plot.x - 5, "end")
    if grid:
        sheet.lines(
            [[(plot.x, side.y(m, plot)), (plot.right, side.y(m, plot))] for m in side.marks],
            theme.GRID,
        )
    for mark in side.marks:
        sheet.text(
            where, side.y(mark, plot) + 4, short(mark), size=_SMALL, colour=theme.MUTED,
            anchor=anchor,
        )  # fmt: skip
    if name := _named(side):
        said = fit(name, box.width / 2 - 4, _SMALL)
        x, side_anchor = (box.right, "end") if right else (box.x, "start")
        sheet.text(x, box.y + 10, said, size=_SMALL, colour=theme.MUTED, anchor=side_anchor)


def _x(plot: Box, graph: Graph, at_us: int) -> float:
    share = (at_us - graph.start_us) / max(graph.end_us - graph.start_us, 1)
    return plot.x + plot.width * min(max(share, 0.0), 1.0)


def _paint_time(sheet: Sheet, plot: Box, graph: Graph) -> None:
    sheet.line([(plot.x, plot.bottom), (plot.right, plot.bottom)], theme.LINE)
    below = plot.bottom + 15 + (_STATES + 4 if graph.states else 0)
    reached = -1.0
    for tick in ticks(graph.start_us, graph.end_us, max(int(plot.width / 52), 2)):
        x, wide = _x(plot, graph, tick.at_us), text_width(tick.label, _SMALL)
        sheet.line([(x, plot.bottom), (x, plot.bottom + 3)], theme.LINE)
        left = min(max(x - wide / 2, plot.x - 6), plot.right + 6 - wide)
        if left < reached:
            continue
        sheet.text(left, below, tick.label, size=_SMALL, colour=theme.MUTED)
        reached = left + wide + 8


def _states(sheet: Sheet, plot: Box, graph: Graph) -> None:
    y = plot.bottom + 4
    for start, end, state in graph.states:
        left, right = _x(plot, graph, start), _x(plot, graph, end)
        face = theme.face(state)
        sheet.box(
            left, y, max(right - left, 1), _STATES - 3, face.fill, hatch=face.hatch,
            hatch_ink=face.hatch_ink,
        )  # fmt: skip


# -- what is drawn
def _points(plot: Box, graph: Graph, side: _Side, line: Line, run: tuple[int, int]) -> list[Point]:
    """A run as points, at most a few for each pixel, no extreme lost."""
    first, last = run
    inside = [n for n in range(first, last) if graph.start_us <= line.starts[n] <= graph.end_us]
    most = max(int(plot.width), 1)
    if len(inside) > 4 * most:
        kept: list[int] = []
        cell: list[int] = []
        before = None
        for n in inside:
            pixel = int(_x(plot, graph, line.starts[n]))
            if pixel != before and cell:
                kept += _extremes(line, cell)
                cell = []
            before = pixel
            cell.append(n)
        inside = [*kept, *_extremes(line, cell)]
    return [(_x(plot, graph, line.starts[n]), side.y(line.values[n], plot)) for n in inside]


def _extremes(line: Line, cell: Sequence[int]) -> list[int]:
    if not cell:
        return []
    low = min(cell, key=lambda n: line.values[n])
    high = max(cell, key=lambda n: line.values[n])
    return sorted({cell[0], low, high, cell[-1]})


def _line(sheet: Sheet, plot: Box, graph: Graph, side: _Side, line: Line) -> None:
    runs = [_points(plot, graph, side, line, run) for run in line.runs()]
    sheet.lines([run for run in runs if len(run) > 1], line.colour, 1.6)
    for run in runs:
        if len(run) == 1:  # a point between two gaps would be a line of no length
            x, y = run[0]
            sheet.box(x - 2, y - 2, 4, 4, line.colour)


def _area(
    sheet: Sheet, plot: Box, graph: Graph, side: _Side, upper: Line, feet: tuple[float, ...]
) -> None:
    lower = Line("", upper.starts, feet, upper.period_us)
    for run in upper.runs():
        tops = _points(plot, graph, side, upper, run)
        bottoms = _points(plot, graph, side, lower, run)
        if len(tops) == 1:
            (x, y), (_, foot) = tops[0], bottoms[0]
            sheet.box(x - 2, y, 4, max(foot - y, 1), upper.colour)
        elif tops:
            sheet.areas([[*tops, *reversed(bottoms)]], upper.colour, _AREA)
            sheet.line(tops, upper.colour, 1.2)


def _band(sheet: Sheet, plot: Box, graph: Graph, side: _Side, low: Line, high: Line) -> None:
    for run in low.runs():
        under, over = (
            _points(plot, graph, side, one, (run[0], min(run[1], len(one.starts))))
            for one in (low, high)
        )
        if len(under) > 1 and len(over) > 1:
            sheet.areas([[*over, *reversed(under)]], theme.CAPACITY, 0.18)


def _fills(sheet: Sheet, plot: Box, graph: Graph, sides: tuple[_Side | None, _Side | None]) -> None:
    for level in graph.levels:
        side = sides[level.right] or sides[0] or sides[1]
        assert side is not None
        y, colour = side.y(level.value, plot), level.colour or _NOTE
        if level.upto is not None:
            edges: tuple[float, float] | None = (side.y(level.upto, plot), y)
        else:
            edges = {"above": (plot.y, y), "below": (y, plot.bottom)}.get(level.fill)
        if edges is not None:
            top, bottom = min(edges), max(edges)
            sheet.areas([_corners(plot.x, top, plot.right, bottom)], colour, 0.14)
    for moment in graph.moments:
        x, colour = _x(plot, graph, moment.at_us), moment.colour or _NOTE
        if moment.until_us is not None:
            ends: tuple[float, float] | None = (x, _x(plot, graph, moment.until_us))
        else:
            ends = {"before": (plot.x, x), "after": (x, plot.right)}.get(moment.fill)
        if ends is not None:
            sheet.areas([_corners(ends[0], plot.y, ends[1], plot.bottom)], colour, 0.12)


def _corners(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _annotations(
    sheet: Sheet, plot: Box, graph: Graph, sides: tuple[_Side | None, _Side | None]
) -> None:
    for level in graph.levels:
        _level(sheet, plot, sides[level.right] or sides[0] or sides[1], level)
    for moment in graph.moments:
        _moment(sheet, plot, graph, moment)


def _level(sheet: Sheet, plot: Box, side: _Side | None, level: Level) -> None:
    assert side is not None
    colour = level.colour or _NOTE
    for value in (level.value, level.upto):
        if value is not None and side.low <= value <= side.high:
            y = side.y(value, plot)
            sheet.line([(plot.x, y), (plot.right, y)], colour, 1.2, dashes=(5, 3))
    said = fit(level.label or quantity(level.value, side.axis.unit), plot.width - 8, _SMALL)
    y = side.y(level.value, plot)
    above = y - 4 if y - plot.y > 14 else y + 13
    sheet.text(plot.right - 4, above, said, size=_SMALL, colour=colour, anchor="end")


def _moment(sheet: Sheet, plot: Box, graph: Graph, moment: Moment) -> None:
    colour = moment.colour or _NOTE
    for at in (moment.at_us, moment.until_us):
        if at is not None and graph.start_us <= at <= graph.end_us:
            x = _x(plot, graph, at)
            sheet.line([(x, plot.y), (x, plot.bottom)], colour, 1.2, dashes=(2, 2))
    if not graph.start_us <= moment.at_us <= graph.end_us:
        return
    x = _x(plot, graph, moment.at_us)
    said = fit(moment.label or clock_text(moment.at_us), plot.width - 8, _SMALL)
    wide = text_width(said, _SMALL)
    left = x + 4 if x + 4 + wide <= plot.right else max(x - 4 - wide, plot.x)
    sheet.text(left, plot.y + 11, said, size=_SMALL, colour=colour, halo=theme.PAPER)


def told(graph: Graph) -> list[str]:
    """The graph in characters."""
    lines = [scale.told(line, graph.start_us, graph.end_us) for line in graph.lines]
    lines += [f"annotation: {one.label or short(one.value)}" for one in graph.levels]
    lines += [f"annotation: {one.label or clock_text(one.at_us)}" for one in graph.moments]
    if graph.states:
        lines.append(f"alarm state: {graph.states[-1][2]}")
    return lines or ["no series"]
