"""The anatomy of a notebook, measured: ``labkit course report``.

What the best teaching notebooks have in common can be counted: the first real result early, short
code cells, prose between them, an output followed by a sentence on what to see. The counts do not
make a lesson good; they show where one is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.core.clock import machine_seconds
from labkit.course.release import read
from labkit.views import text

SHELVES = ("notebooks", "exercises", "solutions")

#: Limits of a lesson: (most cells before the first result, median lines, words from, words to).
FIRST_RESULT, MEDIAN_LINES, FEWEST_WORDS, MOST_WORDS, CONTROLS = 8, 6, 1200, 2000, 1

_CONTROL = re.compile(
    r"labkit\.control|widgets?\.|\bcontrol\(|interact\(|Slider|Dropdown|\.explore\("
)
_MARKUP = re.compile(r"```.*?```|`[^`]*`|!?\[([^\]]*)\]\([^)]*\)|[#*_>|]", re.S)


@dataclass(frozen=True)
class Anatomy:
    """One notebook's counts.

    Parameters
    ----------
    cells, code:
        How many there are, and how many of them are code.
    first_result:
        The place (from 1) of the first cell with a real result; 0 when no cell has outputs. Real is
        a picture, a table, a letter or several lines: not the card of the setup cell, not one id.
    lines_median, lines_p95:
        Lines of code per code cell.
    words, words_median, words_most:
        Words of prose: in all, and per prose cell.
    run_p95:
        Code cells in a row without prose between them, 95th percentile.
    followed:
        The share of outputs followed by prose.
    controls:
        Interactive controls.
    seconds:
        How long it took to run; None when it was not run.
    """

    name: str
    cells: int
    code: int
    first_result: int
    lines_median: float
    lines_p95: int
    words: int
    words_median: int
    words_most: int
    run_p95: int
    followed: float
    controls: int
    seconds: float | None = None

    def complaints(self, *, shorter: bool = False) -> list[str]:
        """Where a lesson leaves its limits; ``shorter`` allows fewer words (chapter 00)."""
        out = []
        if not 0 < self.first_result <= FIRST_RESULT:
            out.append(f"the first real result is in cell {self.first_result or 'none'}")
        if self.lines_median > MEDIAN_LINES:
            out.append(f"the median code cell has {self.lines_median:g} lines")
        if self.words > MOST_WORDS or (self.words < FEWEST_WORDS and not shorter):
            out.append(f"{self.words} words of prose")
        if self.controls != CONTROLS:
            out.append(f"{self.controls} interactive controls")
        return out


def anatomy(notebook: Any, name: str = "", seconds: float | None = None) -> Anatomy:
    """Measure a notebook (an nbformat node) as it stands, outputs and all."""
    cells = notebook.cells
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    prose = [words(cell.source) for cell in cells if cell.cell_type == "markdown"]
    lines = sorted(sum(bool(line.strip()) for line in c.source.splitlines()) for c in code)
    with_output = [n for n, c in enumerate(cells) if c.cell_type == "code" and c.get("outputs")]
    followed = sum(n + 1 < len(cells) and cells[n + 1].cell_type == "markdown" for n in with_output)
    return Anatomy(
        name,
        len(cells),
        len(code),
        _first_result(cells),
        _at(lines, 0.5),
        int(_at(lines, 0.95)),
        sum(prose),
        int(_at(sorted(prose), 0.5)),
        max(prose, default=0),
        int(_at(sorted(_runs(cells)), 0.95)),
        followed / len(with_output) if with_output else 0.0,
        sum(_is_control(cell) for cell in code),
        seconds,
    )


def words(source: str) -> int:
    """Words of prose in a markdown cell; code and marks are no words.

    >>> words("## A **bold** word and [a link](page.html): `code`")
    7
    """
    plain = _MARKUP.sub(lambda m: m[1] or " ", source)
    return sum(any(char.isalnum() for char in word) for word in plain.split())


def _is_control(cell: Any) -> bool:
    shown = any(
        "application/vnd.jupyter.widget-view+json" in output.get("data", {})
        for output in cell.get("outputs", ())
    )
    return shown or bool(_CONTROL.search(cell.source))


def _first_result(cells: Sequence[Any]) -> int:
    setup_seen = False
    for place, cell in enumerate(cells, 1):
        if cell.cell_type != "code":
            continue
        if not setup_seen:
            setup_seen = True
            continue
        if any(_is_real(output) for output in cell.get("outputs", ())):
            return place
    return 0


def _is_real(output: Any) -> bool:
    if output.output_type == "error":
        return False
    if output.output_type == "stream":
        return bool(output.text.strip())
    data = output.get("data", {})
    rich = any(kind.startswith(("text/html", "image/", "application/vnd.jupyter")) for kind in data)
    return rich or "\n" in str(data.get("text/plain", ""))


def _runs(cells: Sequence[Any]) -> list[int]:
    runs, run = [], 0
    for cell in cells:
        if cell.cell_type == "code":
            run += 1
        elif run:
            runs.append(run)
            run = 0
    return [*runs, run] if run else runs


def _at(ordered: Sequence[int], share: float) -> float:
    """The value below which ``share`` of the values lie (nearest rank; the median interpolates)."""
    if not ordered:
        return 0
    if share == 0.5 and len(ordered) % 2 == 0:
        return (ordered[len(ordered) // 2 - 1] + ordered[len(ordered) // 2]) / 2
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(path: Path, *, run: bool = False) -> Anatomy:
    """Measure a notebook's file; with ``run`` execute it first (the file stays as it is)."""
    notebook, seconds = read(path), None
    if run:
        from labkit.notebooks import run as execute

        began = machine_seconds()
        execute(notebook, path.parent)
        seconds = machine_seconds() - began
    return anatomy(notebook, f"{path.parent.name}/{path.stem}", seconds)


def table(paths: Sequence[Path], *, run: bool = False) -> str:
    """The anatomy of several notebooks as a table, with the limits of a lesson above it."""
    head = ["notebook", "cells", "code", "first result", "lines med/p95", "words", "per cell",
            "in a row", "explained", "controls", "seconds"]  # fmt: skip
    rows = []
    for path in paths:
        one = measure(path, run=run)
        rows.append(
            [one.name, one.cells, one.code, one.first_result or "-",
             f"{one.lines_median:g}/{one.lines_p95}", one.words,
             f"{one.words_median}/{one.words_most}", one.run_p95, f"{one.followed:.0%}",
             one.controls, "-" if one.seconds is None else f"{one.seconds:.1f}"]
        )  # fmt: skip
    limits = (
        f"A lesson: first result by cell {FIRST_RESULT}, median code cell up to {MEDIAN_LINES} "
        f"lines, {FEWEST_WORDS:,} to {MOST_WORDS:,} words, {CONTROLS} control."
    )
    return f"{limits}\n{text.table(head, rows)}"
