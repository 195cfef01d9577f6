"""Response times of a service as bars: how many took how long.

The scale is logarithmic: requests of 60 ms and of 3 s are both seen. Where there are two humps the
title says so, because then the average describes nobody.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.wording import count, figures, nice_axis, number
from labkit.xray.engine.finding import late
from labkit.xray.engine.service_graph import Histogram, Node
from labkit.xray.views.words import took

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: Ends of the bars in seconds: twelve to each power of ten, from a millisecond to 1,000 seconds.
_TWELVE = (1, 1.2, 1.5, 1.8, 2.2, 2.6, 3.2, 3.8, 4.6, 5.6, 6.8, 8.2)
EDGES = tuple(figures(step * 10.0**power, 3) for power in range(-3, 3) for step in _TWELVE)
_MARKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
#: A hump is at least this part of all requests.
_HUMP = 0.04
_TOP, _HIGH, _LEFT, _SMALL = 66.0, 170.0, 64.0, theme.SMALLEST_TEXT


def histogram(given: Node | Mapping[str, Any] | Histogram, name: str = "") -> Drawing:
    """Response times.

    Parameters
    ----------
    given:
        A node of a graph; a service or an edge as ``get_service_graph`` answers them; pairs of
        seconds and how many.
    name:
        Whose they are, for the title.
    """
    times, name = _read(given, name)
    whose = f" of {name}" if name else ""
    total = sum(n for _, n in times)
    if not total:
        title = f"No request{whose} was answered in this time."
        return Drawing(title, title, {"requests": 0}, body=f"<div>{title}</div>")
    average = sum(value * n for value, n in times) / total
    humps = _humps(times)
    title = _title(whose, times, average, humps)
    bars = _bars(times)
    data = {
        "name": name,
        "requests": total,
        "average_seconds": figures(average),
        "p50_seconds": late(times, 0.5),
        "p95_seconds": late(times, 0.95),
        "humps": [{"seconds": figures(value), "share": figures(n / total)} for value, n in humps],
        "bars": [[EDGES[step], n] for step, n in bars],
    }
    text = "\n".join([title, *_lines(bars)])
    return Drawing(title, text, data, svg=_picture(title, times, bars, average, humps))


def _read(given: Node | Mapping[str, Any] | Histogram, name: str) -> tuple[Histogram, str]:
    if isinstance(given, Node):
        return given.times or given.durations, name or given.name
    if isinstance(given, Mapping):
        told = given.get("ResponseTimeHistogram") or given.get("DurationHistogram") or ()
        pairs = tuple(sorted((float(one["Value"]), int(one["Count"])) for one in told))
        return pairs, name or given.get("Name", "")
    return tuple(sorted(given)), name


def _step(seconds: float) -> int:
    return max(0, bisect_right(EDGES, seconds) - 1)


def _bars(times: Histogram) -> list[tuple[int, int]]:
    """How many requests in each step of the scale, from the first to the last that has one."""
    found: dict[int, int] = {}
    for value, n in times:
        found[_step(value)] = found.get(_step(value), 0) + n
    return [(step, found.get(step, 0)) for step in range(min(found), max(found) + 1)]


def _humps(times: Histogram) -> list[tuple[float, int]]:
    """(average, how many) of each group of times that lies apart: nobody for a factor of two."""
    total = sum(n for _, n in times)
    groups: list[list[tuple[float, int]]] = []
    for value, n in times:
        if not groups or value > 2 * max(groups[-1][-1][0], 0.001):
            groups.append([])
        groups[-1].append((value, n))
    found = [(sum(v * n for v, n in one) / sum(n for _, n in one), sum(n for _, n in one))
             for one in groups]  # fmt: skip
    return [one for one in found if one[1] >= _HUMP * total]


def _in_ten(share: float) -> str:
    """``9 in 10``, ``1 in 20``: a share as people say it."""
    for whole in (10, 20):
        part = round(share * whole)
        if abs(share - part / whole) < 0.025 and 0 < part < whole:
            return f"{part} in {whole}"
    return f"{max(1, round(share * 100))} in 100"


def _title(whose: str, times: Histogram, average: float, humps: Sequence[tuple[float, int]]) -> str:
    total = sum(n for _, n in times)
    if len(humps) > 1:
        ordered = sorted(humps, key=lambda one: -one[1])[:2]
        (first, many), (second, few) = ordered
        return (
            f"{_in_ten(many / total)} requests{whose} take about {took(first)}, "
            f"{_in_ten(few / total)} about {took(second)}: the average of {took(average)} "
            "describes nobody."
        )
    return (
        f"Half of the {count(total, 'request')}{whose} take {took(late(times, 0.5))} or less, "
        f"95 in 100 take {took(late(times, 0.95))} or less."
    )


def _lines(bars: Sequence[tuple[int, int]]) -> list[str]:
    most = max(n for _, n in bars)
    lines, skipped = [], False
    for step, n in bars:
        if not n:
            skipped = True
            continue
        if skipped:
            lines.append("        ...")
        skipped = False
        lines.append(f"{took(EDGES[step]):>8} | {'#' * max(1, round(48 * n / most))} {n:,}")
    return lines


def _picture(
    title: str,
    times: Histogram,
    bars: Sequence[tuple[int, int]],
    average: float,
    humps: Sequence[tuple[float, int]],
) -> str:
    from labkit.views.sheet import WIDTH, draw, wrap

    titles = wrap(title, WIDTH - 32, 14, True)
    right = WIDTH - 24.0
    up = _TOP + 19.0 * (len(titles) - 1)
    floor = up + _HIGH
    first, last = max(0, bars[0][0] - 2), min(len(EDGES) - 1, bars[-1][0] + 3)
    wide = (right - _LEFT) / (last - first)
    _, top, marks = nice_axis(0, max(n for _, n in bars), "Count")

    def x(seconds: float) -> float:
        step = min(_step(seconds), len(EDGES) - 2)
        low, high = EDGES[step], EDGES[step + 1]
        part = min(1.0, max(0.0, (seconds - low) / (high - low)))
        return float(_LEFT + wide * (step + part - first))

    def y(n: float) -> float:
        return float(floor - _HIGH * n / top)

    def paint(sheet: Sheet) -> None:
        for n, line in enumerate(titles):
            sheet.text(16, 26 + 19 * n, line, size=14, bold=True)
        sheet.text(16, 46 + 19 * (len(titles) - 1), "requests", colour=theme.MUTED)
        for mark in marks:
            sheet.line([(_LEFT, y(mark)), (right, y(mark))], theme.GRID)
            sheet.text(_LEFT - 8, y(mark) + 4, number(mark), colour=theme.MUTED, anchor="end")
        boxes = []
        for step, n in bars:
            if n:
                a, b = _LEFT + wide * (step - first), _LEFT + wide * (step + 1 - first) - 1
                high = min(y(n), floor - 1.5)
                boxes.append([(a, floor), (a, high), (b, high), (b, floor)])
        sheet.areas(boxes, theme.LATENCY)
        sheet.line([(_LEFT, floor), (right, floor)], theme.LINE)
        for mark in _MARKS:
            if EDGES[first] <= mark <= EDGES[last]:
                sheet.line([(x(mark), floor), (x(mark), floor + 4)], theme.MUTED)
                sheet.text(
                    x(mark), floor + 18, took(mark), size=_SMALL, colour=theme.MUTED,
                    anchor="middle",
                )  # fmt: skip
        sheet.text(right, floor + 36, "response time", colour=theme.MUTED, anchor="end")
        at = x(average)
        sheet.line([(at, up - 4), (at, floor)], theme.INK, 1.4, (5, 4))
        side = "start" if at < right - 150 else "end"
        sheet.text(
            at + (6 if side == "start" else -6), up - 8, f"average {took(average)}", anchor=side,
            halo=theme.PAPER,
        )  # fmt: skip

    return draw(floor + 48, paint, title)


__all__ = ["EDGES", "histogram"]
