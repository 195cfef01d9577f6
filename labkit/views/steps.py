"""Curves as steps, in pixels: bars, lines and dots, areas of a breach.

A period is a bar from its start to its end. Where there are more periods than pixels, a bar is a
column of pixels with the lowest and the highest value in it, so that no peak is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from labkit.views.curves import Curve
from labkit.views.sheet import Point

if TYPE_CHECKING:
    from labkit.views.chart import Chart, Threshold

#: A piece of a curve: left and right in pixels, lowest and highest value there.
Bar = tuple[float, float, float, float]


class Axis(Protocol):
    """A time axis: which chart it belongs to, and where an instant is."""

    chart: Chart

    def x(self, us: int) -> float:
        """Where an instant is, in pixels."""


@dataclass(slots=True)
class Panel:
    """Where a panel is, what it shows, and its scale of values."""

    top: float
    height: float
    curves: list[tuple[Curve, str]]
    low: float
    high: float
    marks: list[float]

    def y(self, value: float) -> float:
        """Where a value is, in pixels; what is off the scale is at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.top + self.height * (1 - share)


def bars_of(curve: Curve, axis: Axis) -> list[list[Bar]]:
    """The runs of a curve that the axis shows, each as bars from left to right."""
    return [
        _run(curve, axis, first, behind)
        for first, behind in curve.runs()
        if curve.end(behind - 1) > axis.chart.start_us and curve.starts[first] < axis.chart.end_us
    ]


def _run(curve: Curve, axis: Axis, first: int, behind: int) -> list[Bar]:
    chart = axis.chart
    indexes = [
        i
        for i in range(first, behind)
        if curve.end(i) > chart.start_us and curve.starts[i] < chart.end_us
    ]
    if not indexes:
        return []
    values = curve.values
    if len(indexes) <= 2 * (axis.x(curve.end(indexes[-1])) - axis.x(curve.starts[indexes[0]])):
        return [
            (axis.x(curve.starts[i]), axis.x(curve.end(i)), values[i], values[i]) for i in indexes
        ]
    columns: dict[int, tuple[float, float]] = {}
    for i in indexes:
        column = int(axis.x(curve.starts[i]))
        low, high = columns.get(column, (values[i], values[i]))
        columns[column] = (min(low, values[i]), max(high, values[i]))
    found = sorted(columns.items())
    ends = [float(column) for column, _ in found[1:]] + [axis.x(curve.end(indexes[-1]))]
    return [
        (float(column), max(end, column + 0.5), low, high)
        for (column, (low, high)), end in zip(found, ends, strict=True)
    ]


def steps(panel: Panel, runs: list[list[Bar]]) -> tuple[list[list[Point]], list[list[Point]]]:
    """Lines, and dots for runs too narrow to be seen as lines."""
    lines: list[list[Point]] = []
    dots: dict[tuple[int, int], list[Point]] = {}
    for run in runs:
        if not run:
            continue
        if run[-1][1] - run[0][0] < 3:
            x = (run[0][0] + run[-1][1]) / 2
            for y in {panel.y(run[0][2]), panel.y(run[0][3])}:
                dots[(round(x), round(y))] = [(x - 2, y), (x + 2, y)]
            continue
        line: list[Point] = []
        for left, right, low, high in run:
            y = panel.y(low)
            if line and line[-1][1] == y and low == high:
                line[-1] = (right, y)
                continue
            line.append((left, y))
            if low != high:
                line += [(left, panel.y(high)), (left, y)]
            line.append((right, y))
        lines.append(line)
    return lines, [dots[key] for key in sorted(dots)]


def area(panel: Panel, axis: Axis, lower: Curve, upper: Curve) -> list[list[Point]]:
    """The area between two curves, run by run."""
    areas = []
    for below, above in zip(bars_of(lower, axis), bars_of(upper, axis), strict=False):
        if not below or not above:
            continue
        top = [(x, panel.y(high)) for left, right, _, high in above for x in (left, right)]
        bottom = [(x, panel.y(low)) for left, right, low, _ in below for x in (left, right)]
        areas.append([*top, *reversed(bottom)])
    return areas


def breaches(
    panel: Panel,
    runs: list[list[Bar]],
    threshold: Threshold,
) -> list[list[Point]]:
    """The areas between the threshold and the curve on its bad side."""
    areas: list[list[Point]] = []
    base = panel.y(threshold.value)
    for run in runs:
        edge: list[Point] = []
        for left, right, low, high in [*run, (0.0, 0.0, 0.0, 0.0)]:
            worst = low if threshold.below else high
            if right > left and threshold.breached_by(worst):
                edge += [(left, panel.y(worst)), (right, panel.y(worst))]
            elif edge:
                areas.append([(edge[0][0], base), *edge, (edge[-1][0], base)])
                edge = []
    return areas


def extremes(curve: Curve) -> tuple[float, ...]:
    """The lowest and the highest value of a curve; empty without points."""
    return (min(curve.values), max(curve.values)) if curve.values else ()


def apart(wanted: Sequence[float], distance: float, top: float, bottom: float) -> list[float]:
    """Places near the wanted ones (ascending), at least ``distance`` apart, within the panel."""
    places: list[float] = []
    for y in wanted:
        places.append(max(y, places[-1] + distance) if places else max(y, top))
    limit = bottom
    for number in range(len(places) - 1, -1, -1):
        places[number] = min(places[number], limit)
        limit = places[number] - distance
    return places
