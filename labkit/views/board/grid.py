"""A table in a tile."""

from __future__ import annotations

from labkit.views import text, theme
from labkit.views.board import scale
from labkit.views.board.values import Box, Grid
from labkit.views.sheet import Sheet, fit, text_width
from labkit.views.wording import count

_ROW = 20


def paint(sheet: Sheet, box: Box, grid: Grid) -> None:
    """As many rows as there is room for, columns as wide as they need."""
    room = max(int(box.height / _ROW) - 1, 1)
    rows = grid.rows if len(grid.rows) <= room else grid.rows[: max(room - 1, 0)]
    lines = [grid.head, *rows]
    wants = [
        max(text_width(line[n], scale.SMALL, line is grid.head) for line in lines) + 14
        for n in range(len(grid.head))
    ]
    if sum(wants) > box.width:
        share = box.width / sum(wants)
        wants = [wide * share for wide in wants]
    elif wants:
        wants[0] += box.width - sum(wants)
    y = box.y + 14
    for line in lines:
        x = box.x
        for n, (cell, wide) in enumerate(zip(line, wants, strict=True)):
            said = fit(cell, wide - 8, scale.SMALL, line is grid.head)
            right = n > 0
            sheet.text(
                x + wide - 6 if right else x, y, said, size=scale.SMALL, bold=line is grid.head,
                colour=theme.MUTED if line is grid.head else theme.INK,
                anchor="end" if right else "start",
            )  # fmt: skip
            x += wide
        sheet.line([(box.x, y + 5), (box.right, y + 5)], theme.GRID)
        y += _ROW
    if len(rows) < len(grid.rows):
        left = count(len(grid.rows) - len(rows), "more row")
        sheet.text(box.x, y, f"... {left}", size=scale.SMALL, colour=theme.MUTED)


def told(grid: Grid) -> list[str]:
    """The table in characters."""
    return text.table(grid.head, grid.rows, longest=40).splitlines()
