"""The board: tiles on their grid, under a line that says what it is and which hours it shows."""

from __future__ import annotations

from typing import Any

from labkit.core.clock import SECOND
from labkit.views import theme
from labkit.views.board import bars, gauge, graph, grid, notice, numbers, pie, states, words
from labkit.views.board.values import (
    Bars,
    Board,
    Box,
    Content,
    Gauge,
    Graph,
    Grid,
    Notice,
    Numbers,
    Pie,
    States,
    Tile,
    Words,
)
from labkit.views.drawing import WIDTH, Drawing
from labkit.views.sheet import Sheet, draw, fit, text_width
from labkit.views.timeaxis import when
from labkit.views.wording import count, figures

COLUMNS = 24
#: Height of a row of the grid in pixels, at 900 pixels' width.
ROW = 40
_EDGE, _GAP, _HEAD = 12, 8, 40

#: Content -> the file that paints and tells it.
_KINDS: dict[type, Any] = {
    Graph: graph, Numbers: numbers, Gauge: gauge, Bars: bars, Pie: pie, Grid: grid, Words: words,
    States: states, Notice: notice,
}  # fmt: skip


def paint_content(sheet: Sheet, box: Box, content: Content) -> None:
    """A content in its box."""
    _KINDS[type(content)].paint(sheet, box, content)


def paint_tile(sheet: Sheet, box: Box, tile: Tile) -> None:
    """A tile: its card, title, warning sign and content."""
    bare = isinstance(tile.content, Words) and tile.content.plain
    if not bare:
        sheet.box(box.x, box.y, box.width, box.height, theme.PAPER, edge=theme.LINE)
    inside = box.inset(10, 8, 10, 8)
    if tile.title:
        room = inside.width - (18 if tile.warnings else 0)
        title = fit(tile.title, room, 13, True)
        sheet.text(inside.x, inside.y + 11, title, size=13, bold=True)
        inside = inside.inset(0, 20, 0, 0)
    if tile.warnings:
        _sign(sheet, box.right - 18, box.y + 8)
    paint_content(sheet, inside, tile.content)


def _sign(sheet: Sheet, x: float, y: float) -> None:
    """An orange triangle with an exclamation mark: not all of the data is here."""
    sheet.areas([[(x - 7, y + 13), (x, y), (x + 7, y + 13)]], theme.INCIDENT_EDGE)
    sheet.text(x, y + 12, "!", size=10, bold=True, colour=theme.PAPER, anchor="middle")


def board(value: Board, width: int = WIDTH) -> Drawing:
    """The whole board as a drawing.

    Parameters
    ----------
    value:
        The board.
    width:
        Of the picture in pixels.
    """
    column = (width - 2 * _EDGE + _GAP) / COLUMNS
    rows = max((tile.y + tile.height for tile in value.tiles), default=2)
    height = _HEAD + rows * ROW + _EDGE
    span = _span(value)

    def paint(sheet: Sheet) -> None:
        sheet.box(0.5, 0.5, width - 1, height - 1, theme.SHADE, edge=theme.LINE)
        told = text_width(span, 12)
        name = fit(value.title, width - told - 60, 16, True)
        sheet.text(_EDGE, 26, name, size=16, bold=True)
        sheet.text(width - _EDGE, 26, span, colour=theme.MUTED, anchor="end")
        if not value.tiles:
            said = value.note or "This dashboard is empty."
            sheet.text(width / 2, _HEAD + ROW, said, size=14, colour=theme.MUTED, anchor="middle")
        for tile in value.tiles:
            box = Box(
                _EDGE + tile.x * column,
                _HEAD + tile.y * ROW,
                tile.width * column - _GAP,
                tile.height * ROW - _GAP,
            )
            paint_tile(sheet, box, tile)

    lines = text_form(value)
    alt = f"{value.title}: {count(len(value.tiles), 'widget')}, {span}"
    svg = draw(height, paint, alt, width)
    return Drawing(alt, "\n".join([alt, *lines]), _data(value), svg=svg, alt=alt)


def _span(value: Board) -> str:
    start = value.start_us - value.start_us % SECOND
    end = value.end_us - value.end_us % SECOND
    return f"{when(start, start, end)} to {when(end, start, end)} UTC"


def text_form(value: Board) -> list[str]:
    """The board in characters: tile after tile, from above and from the left."""
    lines = []
    for tile in sorted(value.tiles, key=lambda one: (one.y, one.x)):
        title = tile.title or type(tile.content).__name__.lower()
        lines += ["", title if isinstance(tile.content, Words) and not tile.title else f"{title}:"]
        if isinstance(tile.content, Words):
            lines.pop()
        lines += [f"  {line}" for line in _KINDS[type(tile.content)].told(tile.content)]
        lines += [f"  (!) {warning}" for warning in tile.warnings]
    if not value.tiles:
        lines += ["", value.note or "This dashboard is empty."]
    return lines


def _data(value: Board) -> dict[str, Any]:
    """The numbers drawn."""
    return {
        "title": value.title,
        "start_us": value.start_us,
        "end_us": value.end_us,
        "tiles": [
            {
                "title": tile.title,
                "kind": type(tile.content).__name__.lower(),
                "place": [tile.x, tile.y, tile.width, tile.height],
                "warnings": list(tile.warnings),
                **_content_data(tile.content),
            }
            for tile in value.tiles
        ],
    }


def _content_data(content: Content) -> dict[str, Any]:
    if isinstance(content, Words):
        return {"markdown": content.markdown}
    if isinstance(content, States):
        return {"alarms": {one.name: one.state for one in content.alarms}}
    if isinstance(content, Notice):
        return {"said": content.said, "notice": content.kind}
    if isinstance(content, Grid):
        return {"head": list(content.head), "rows": [list(row) for row in content.rows]}
    return {
        "lines": [
            {
                "label": line.label,
                "starts": list(line.starts),
                "values": [figures(value) for value in line.values],
            }
            for line in content.lines
        ]
    }
