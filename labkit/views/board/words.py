"""A text widget in a tile: markdown laid out line by line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from labkit.views import theme
from labkit.views.board.markdown import Block, Piece, blocks
from labkit.views.board.values import Box, Words
from labkit.views.sheet import Sheet, fit, text_width

_HEADINGS = {1: 20, 2: 17, 3: 15}
_SIZE = 13
_INKS = {"link": theme.LATENCY, "button": theme.PAPER, "code": theme.COST}

Run = tuple[str, str]


def paint(sheet: Sheet, box: Box, words: Words) -> None:
    """The blocks from above, until the room is used up."""
    y = box.y
    found = blocks(words.markdown)
    for table, group in groupby(found, lambda block: block.kind in ("head", "row")):
        several = list(group)
        if table:
            y = _table(sheet, box, y, several)
            continue
        for block in several:
            if y > box.bottom:
                return
            y = _block(sheet, box, y, block)


def _block(sheet: Sheet, box: Box, y: float, block: Block) -> float:
    if block.kind == "rule":
        sheet.line([(box.x, y + 8), (box.right, y + 8)], theme.LINE)
        return y + 16
    size = _HEADINGS.get(block.level, 14) if block.kind == "heading" else _SIZE
    left = box.x + {"item": 16 + 16 * block.level, "quote": 12, "code": 6}.get(block.kind, 0)
    bold = block.kind == "heading"
    lines = lines_of(block.pieces, box.right - left, size, bold)
    step = size + 5
    for number, line in enumerate(lines):
        if y + step > box.bottom + 3:
            sheet.text(box.right, box.bottom, "...", colour=theme.MUTED, anchor="end")
            return box.bottom + 1
        base = y + size
        if block.kind == "item" and number == 0:
            sheet.text(left - 14, base, block.mark, size=size)
        if block.kind == "quote":
            sheet.line([(box.x + 3, y), (box.x + 3, y + step)], theme.LINE, 3)
        if block.kind == "code":
            sheet.box(box.x, y, box.width, step, theme.SHADE)
        _run(sheet, left, base, line, size, bold)
        y += step
    return y + (6 if block.kind == "heading" else 2 if block.kind in ("item", "code") else 6)


def lines_of(
    pieces: Sequence[Piece], width: float, size: float, bold: bool = False
) -> list[list[Run]]:
    """Pieces as lines no wider than ``width``, each a list of (text, face)."""
    lines: list[list[Run]] = [[]]
    room = width
    for piece in pieces:
        heavy = bold or piece.face == "bold"
        words = piece.text.split(" ")
        for number, word in enumerate(words):
            said = word if number == len(words) - 1 else f"{word} "
            wide = text_width(said, size, heavy) + (14 if piece.face == "button" else 0)
            if wide > room and lines[-1]:
                lines.append([])
                room = width
            if wide > width:
                said = fit(said, width, size, heavy)
            if not said or (said == " " and not lines[-1]):
                continue
            if lines[-1] and lines[-1][-1][1] == piece.face:
                lines[-1][-1] = (lines[-1][-1][0] + said, piece.face)
            else:
                lines[-1].append((said, piece.face))
            room -= wide
    return lines


def _run(sheet: Sheet, x: float, y: float, line: Sequence[Run], size: float, bold: bool) -> None:
    for said, face in line:
        heavy = bold or face == "bold"
        wide = text_width(said, size, heavy)
        shown = said.rstrip()
        if face == "button":
            sheet.box(x, y - size, text_width(shown, size) + 12, size + 5, theme.LATENCY)
            x += 6
            wide += 8
        elif face == "code":
            sheet.box(x - 1, y - size + 1, text_width(shown, size) + 2, size + 3, theme.SHADE)
        sheet.text(x, y, shown, size=size, bold=heavy, colour=_INKS.get(face, theme.INK))
        if face == "link":
            sheet.line([(x, y + 2), (x + text_width(shown, size), y + 2)], theme.LATENCY, 0.8)
        x += wide


def _table(sheet: Sheet, box: Box, y: float, rows: Sequence[Block]) -> float:
    columns = max(len(row.pieces) for row in rows)
    wants = [
        max(
            (text_width(row.pieces[n].text, _SIZE, row.kind == "head") for row in rows
             if n < len(row.pieces)),
            default=0,
        ) + 18
        for n in range(columns)
    ]  # fmt: skip
    if sum(wants) > box.width:
        wants = [wide * box.width / sum(wants) for wide in wants]
    for row in rows:
        if y + 20 > box.bottom + 3:
            break
        x = box.x
        for piece, wide in zip(row.pieces, wants, strict=False):
            heavy = row.kind == "head"
            said = fit(piece.text, wide - 8, _SIZE, heavy)
            sheet.text(x, y + 14, said, size=_SIZE, bold=heavy)
            x += wide
        sheet.line([(box.x, y + 20), (box.x + sum(wants), y + 20)], theme.LINE)
        y += 22
    return y + 4


def told(words: Words) -> list[str]:
    """The text in characters."""
    found = []
    for block in blocks(words.markdown):
        if block.kind == "rule":
            found.append("-" * 24)
        elif block.kind in ("head", "row"):
            found.append(" | ".join(piece.text for piece in block.pieces))
        else:
            mark = f"{'  ' * block.level}{block.mark} " if block.kind == "item" else ""
            found.append(mark + block.text)
    return found or [""]
