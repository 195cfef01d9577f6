"""Discs and arrows: what every map of services is drawn of."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from typing import TYPE_CHECKING

from labkit.views import theme
from labkit.views.drawing import WIDTH
from labkit.xray.views.layout import Layout, Point

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: How a request ended -> its colour, the words for it.
ENDINGS = {
    "ok": ("#3f9c5a", "answered"),
    "error": ("#d97a1a", "refused (4xx)"),
    "throttle": ("#7a3fb5", "throttled"),
    "fault": ("#c62f2f", "failed (5xx)"),
}
QUIET = "#9aa4af"
_SMALL = theme.SMALLEST_TEXT
_LINE = 15.0

#: A line of text: the text, its colour, whether it is bold.
Words = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Disc:
    """A node as it is drawn.

    Parameters
    ----------
    inside:
        A short text in the disc.
    lines:
        Below it.
    radius:
        In pixels.
    ring:
        (part of the whole, colour), from the top clockwise.
    tag:
        What stands above it, white on red; empty for most.
    """

    inside: str
    lines: tuple[Words, ...]
    radius: float
    ring: tuple[tuple[float, str], ...] = ()
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A call as it is drawn: places of its ends, words at its middle."""

    source: int
    target: int
    width: float = 1.4
    colour: str = QUIET
    lines: tuple[Words, ...] = ()
    dashed: bool = False
    tag: str = ""


def paint(sheet: Sheet, layout: Layout, discs: Sequence[Disc], arrows: Sequence[Arrow]) -> None:
    """Draw a map; ``layout.routes`` belong to ``arrows`` one by one."""
    for disc, (x, y) in zip(discs, layout.points, strict=True):
        if disc.tag:
            _spotlight(sheet, disc, x, y)
    taken = [box for d, at in zip(discs, layout.points, strict=True) for box in _boxes(d, *at)]
    written: list[tuple[Arrow, Sequence[Words], Point]] = []
    for arrow, route in zip(arrows, layout.routes, strict=True):
        points = _curve(route, discs[arrow.source].radius, discs[arrow.target].radius)
        _arrow(sheet, arrow, points)
        if arrow.lines or arrow.tag:
            lines, at = _placed(arrow, points, taken)
            written.append((arrow, lines, at))
    for _, lines, (x, y) in written:
        _label(sheet, lines, x, y - _LINE * len(lines) / 2 + 11)
    for disc, (x, y) in zip(discs, layout.points, strict=True):
        _disc(sheet, disc, x, y)
    for arrow, lines, (x, y) in written:
        if arrow.tag:
            _tag(sheet, arrow.tag, x, y - _LINE * len(lines) / 2 - 4)


#: A rectangle: left, top, right, bottom.
Box = tuple[float, float, float, float]
#: Where along a line its words are tried, and how far above or below it.
_ALONG = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74)
_BESIDE = (0.0, -17.0, 17.0, -30.0, 30.0, -46.0, 46.0)


def _boxes(disc: Disc, x: float, y: float) -> list[Box]:
    """What a disc and its words cover."""
    from labkit.views.sheet import text_width

    r = disc.radius
    found = [(x - r, y - r, x + r, y + r)]
    top = y + r + (15 if disc.tag else 4)
    for text, _, bold in disc.lines:
        wide = text_width(text, _SMALL, bold)
        found.append((x - wide / 2, top, x + wide / 2, top + _LINE))
        top += _LINE
    return found


def _placed(
    arrow: Arrow, points: Sequence[Point], taken: list[Box]
) -> tuple[Sequence[Words], Point]:
    """The words of an arrow and where they lie on nothing else; the first line alone if need be."""
    from labkit.views.sheet import text_width

    for lines in (arrow.lines, arrow.lines[:1]):
        wide = max((text_width(text, _SMALL, bold) for text, _, bold in lines), default=0.0)
        high = _LINE * len(lines)
        above = 22.0 if arrow.tag else 0.0
        wide = max(wide, text_width(arrow.tag, _SMALL, True) + 14 if arrow.tag else 0.0)
        for beside in _BESIDE:
            for along in _ALONG:
                x, y = _point(points, along)
                y += beside
                box = x - wide / 2, y - high / 2 - above, x + wide / 2, y + high / 2
                if not any(
                    a < box[2] and c > box[0] and b < box[3] and d > box[1] for a, b, c, d in taken
                ):
                    taken.append(box)
                    return lines, (x, y)
    return arrow.lines[:1], _point(points, 0.5)


def key(sheet: Sheet, x: float, y: float, words: str = "") -> None:
    """What the colours of a ring say, and more words behind."""
    from labkit.views.sheet import text_width

    for colour, text in ENDINGS.values():
        sheet.areas([circle(x + 5, y - 4, 5)], colour)
        sheet.text(x + 14, y, text, size=_SMALL, colour=theme.MUTED)
        x += 14 + text_width(text, _SMALL) + 14
    if words:
        sheet.text(x, y, words, size=_SMALL, colour=theme.MUTED)


def circle(x: float, y: float, radius: float, steps: int = 40) -> list[Point]:
    """The outline of a disc."""
    return [
        (x + radius * sin(2 * pi * n / steps), y - radius * cos(2 * pi * n / steps))
        for n in range(steps)
    ]


def _sector(
    x: float, y: float, outer: float, inner: float, start: float, end: float
) -> list[Point]:
    """A piece of a ring, from and to given parts of the whole, clockwise from the top."""
    steps = max(2, round(48 * (end - start)))
    turns = [2 * pi * (start + (end - start) * n / steps) for n in range(steps + 1)]
    there = [(x + outer * sin(t), y - outer * cos(t)) for t in turns]
    back = [(x + inner * sin(t), y - inner * cos(t)) for t in reversed(turns)]
    return there + back


def _disc(sheet: Sheet, disc: Disc, x: float, y: float) -> None:
    thick = 7.0 if disc.ring else 1.5
    sheet.areas([circle(x, y, disc.radius)], theme.PAPER)
    start = 0.0
    for part, colour in disc.ring or ((1.0, QUIET),):
        if part > 0:
            end = min(1.0, start + part)
            sheet.areas([_sector(x, y, disc.radius, disc.radius - thick, start, end)], colour)
            start = end
    if disc.inside:
        sheet.text(x, y + 4, disc.inside, size=_SMALL, anchor="middle")
    at = y + disc.radius + (26 if disc.tag else 15)
    for text, colour, bold in disc.lines:
        sheet.text(
            x, at, text, size=_SMALL, colour=colour, bold=bold, anchor="middle", halo=theme.PAPER
        )
        at += _LINE
    if disc.tag:
        _tag(sheet, disc.tag, x, y - disc.radius - 10)


def _spotlight(sheet: Sheet, disc: Disc, x: float, y: float) -> None:
    sheet.areas([circle(x, y, disc.radius + 9)], theme.INCIDENT)
    sheet.lines([[*circle(x, y, disc.radius + 9), (x, y - disc.radius - 9)]], theme.ERRORS, 2)


def _tag(sheet: Sheet, text: str, x: float, y: float) -> None:
    from labkit.views.sheet import text_width

    wide = text_width(text, _SMALL, True) + 14
    x = min(max(x, wide / 2 + 6), WIDTH - wide / 2 - 6)
    sheet.box(x - wide / 2, y - 17, wide, 19, theme.ERRORS)
    sheet.text(x, y - 3, text, size=_SMALL, colour=theme.PAPER, bold=True, anchor="middle")


def _label(sheet: Sheet, lines: Sequence[Words], x: float, y: float) -> None:
    for text, colour, bold in lines:
        sheet.text(
            x, y, text, size=_SMALL, colour=colour, bold=bold, anchor="middle", halo=theme.PAPER
        )
        y += _LINE


def _curve(route: Sequence[Point], near: float, far: float) -> list[Point]:
    """A line through the points of a route that leaves and comes in level."""
    (ax, ay), (bx, by) = route[0], route[-1]
    if bx > ax:
        route = [(ax + near + 2, ay), *route[1:-1], (bx - far - 9, by)]
        points = [route[0]]
        for (px, py), (qx, qy) in itertools.pairwise(route):
            bend = (qx - px) / 2
            points += [
                _bezier((px, py), (px + bend, py), (qx - bend, qy), (qx, qy), n / 24)
                for n in range(1, 25)
            ]
        return points
    # Back, to itself, or within a layer: an arc below.
    drop = 46.0 + abs(by - ay) / 4
    start, end = (ax + near * 0.6, ay + near * 0.8), (bx - far * 0.6 - 4, by + far * 0.8 + 7)
    if ax == bx and ay != by:
        start, end = (ax + near + 2, ay), (bx + far + 9, by)
        return [_bezier(start, (ax + drop, ay), (bx + drop, by), end, n / 16) for n in range(17)]
    low = max(start[1], end[1]) + drop
    return [
        _bezier(start, (start[0] + 20, low), (end[0] - 20, low), end, n / 24) for n in range(25)
    ]


def _bezier(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    s = 1 - t
    weights = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    points = (a, b, c, d)
    return (
        round(sum(w * p[0] for w, p in zip(weights, points, strict=True)), 3),
        round(sum(w * p[1] for w, p in zip(weights, points, strict=True)), 3),
    )


def _point(points: Sequence[Point], part: float) -> Point:
    """The point after some part of a line's length."""
    lengths = [hypot(c - a, d - b) for (a, b), (c, d) in itertools.pairwise(points)]
    left = sum(lengths) * part
    for (a, b), (c, d), length in zip(points, points[1:], lengths, strict=False):
        if left <= length and length:
            return (a + (c - a) * left / length, b + (d - b) * left / length)
        left -= length
    return points[-1]


def _arrow(sheet: Sheet, arrow: Arrow, points: Sequence[Point]) -> None:
    sheet.line(points, arrow.colour, arrow.width, (6, 4) if arrow.dashed else ())
    (ax, ay), (bx, by) = points[-2], points[-1]
    length = hypot(bx - ax, by - ay) or 1.0
    dx, dy = (bx - ax) / length, (by - ay) / length
    half = 3.5 + arrow.width / 2
    tip = (bx + 8 * dx, by + 8 * dy)
    sheet.areas([[tip, (bx - half * dy, by + half * dx), (bx + half * dy, by - half * dx)]],
                arrow.colour)  # fmt: skip


__all__ = ["ENDINGS", "QUIET", "Arrow", "Disc", "Words", "circle", "key", "paint"]
