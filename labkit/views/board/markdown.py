"""Markdown as a text widget has it: read into blocks, so that it can be laid out anywhere.

Read are headings, paragraphs, lists (nested by indent), quotes, tables, code, rules, and inside
them bold, italic, code, links and buttons (``[button:primary:Runbook](https://...)``). Pictures
show as their alt text: a lab asks nothing of the network. What is no markdown stays as it is
written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_INLINE = re.compile(
    r"(?P<code>`[^`]+`)|(?P<bold>\*\*.+?\*\*|__.+?__)|(?P<link>!?\[[^\]]*\]\([^)\s]*[^)]*\))"
    r"|(?P<italic>\*[^*\s][^*]*\*|\b_[^_\s][^_]*_\b)"
)
_ITEM = re.compile(r"(?P<indent>\s*)(?P<mark>[-*+]|\d+[.)])\s+(?P<text>.*)")
_RULE = re.compile(r"\s*([-*_])(\s*\1){2,}\s*")
_LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]*).*\)")
_CELLS = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text in one face: empty, bold, italic, code, link or button."""

    text: str
    face: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A block.

    Parameters
    ----------
    kind:
        heading, paragraph, item, quote, code, rule, head (of a table) or row.
    pieces:
        Its text; of a table's row the cells, each one piece.
    level:
        Of a heading 1-6, of an item its depth from 0.
    mark:
        Of an item: what stands before it.
    """

    kind: str
    pieces: tuple[Piece, ...] = ()
    level: int = 0
    mark: str = ""

    @property
    def text(self) -> str:
        """The block's text without faces."""
        return "".join(piece.text for piece in self.pieces)


def inline(text: str) -> tuple[Piece, ...]:
    """A line's runs of text.

    >>> [(p.text, p.face) for p in inline("is **down**, see [runbook](https://x)")]
    [('is ', ''), ('down', 'bold'), (', see ', ''), ('runbook', 'link')]
    """
    found: list[Piece] = []
    at = 0
    for match in _INLINE.finditer(text):
        if match.start() > at:
            found.append(Piece(text[at : match.start()]))
        at = match.end()
        kind = str(match.lastgroup)
        said = match.group()
        if kind == "link":
            found.append(_link(said))
        else:
            width = 2 if kind == "bold" else 1
            found.append(Piece(said[width:-width], kind))
    if at < len(text):
        found.append(Piece(text[at:]))
    return tuple(found)


def _link(said: str) -> Piece:
    match = _LINK.fullmatch(said)
    if match is None:
        return Piece(said)
    text = match["text"] or match["target"]
    if match["picture"]:
        return Piece(f"[picture: {text}]", "italic")
    if text.startswith("button:"):
        return Piece(text.rpartition(":")[2], "button")
    return Piece(text, "link")


def blocks(markdown: str) -> list[Block]:
    """The blocks of a text."""
    return list(_blocks(markdown.replace("\r\n", "\n").split("\n")))


def _blocks(lines: list[str]) -> Iterator[Block]:
    paragraph: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        found: list[Block] = []
        if line.lstrip().startswith("```"):
            while at < len(lines) and not lines[at].lstrip().startswith("```"):
                found.append(Block("code", (Piece(lines[at], "code"),)))
                at += 1
            at += 1
        elif "|" in line and at < len(lines) and "-" in lines[at] and _CELLS.fullmatch(lines[at]):
            found.append(Block("head", _cells(line)))
            at += 1
            while at < len(lines) and "|" in lines[at]:
                found.append(Block("row", _cells(lines[at])))
                at += 1
        else:
            one = _single(line)
            found = [one] if one is not None else []
            if one is None and line.strip():
                paragraph.append(line.strip())
                continue
        if paragraph:
            yield Block("paragraph", inline(" ".join(paragraph)))
            paragraph = []
        yield from found
    if paragraph:
        yield Block("paragraph", inline(" ".join(paragraph)))


def _single(line: str) -> Block | None:
    """A block of one line; None for a part of a paragraph, or an empty line."""
    heading = re.fullmatch(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*", line)
    if heading:
        return Block("heading", inline(heading[2]), len(heading[1]))
    if _RULE.fullmatch(line):
        return Block("rule")
    item = _ITEM.fullmatch(line)
    if item:
        mark = item["mark"] if item["mark"][0].isdigit() else "\u2022"
        return Block("item", inline(item["text"]), len(item["indent"]) // 2, mark)
    if line.lstrip().startswith(">"):
        return Block("quote", inline(line.lstrip().lstrip(">").strip()))
    return None


def _cells(line: str) -> tuple[Piece, ...]:
    inside = line.strip().removeprefix("|").removesuffix("|")
    return tuple(
        Piece("".join(piece.text for piece in inline(cell.strip()))) for cell in inside.split("|")
    )
