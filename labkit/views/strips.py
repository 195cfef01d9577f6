"""Strips: states over time, one band for each row, above each other on one axis.

A band shows the state that something was in. The thin bar below it, where a row has one, shows
when a question about it was true: of ``NOT ALARM(b)`` whenever b was not in ALARM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text, day_text, ticks

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

Span = tuple[int, int, str]

_TOP, _BAND, _STEP, _BAR, _SMALL = 44.0, 18.0, 34.0, 5.0, 12
_COLUMNS = 72
#: The colour of "this is true": none that a state has.
TRUE = "#1f6fb4"


@dataclass(frozen=True, slots=True)
class Strip:
    """One row.

    Parameters
    ----------
    label:
        What it is.
    spans:
        (from, to, state), microseconds, in order of time.
    true:
        (from, to) of when the question about it was true; None for a row without a question.
    result:
        Whether this is what the others make: set apart and in bold.
    """

    label: str
    spans: tuple[Span, ...]
    true: tuple[tuple[int, int], ...] | None = None
    result: bool = False

    def at(self, us: int) -> str:
        """The state at an instant, '' outside of all spans."""
        return next((state for start, end, state in self.spans if start <= us < end), "")


def strips(
    title: str, rows: Sequence[Strip], start_us: int, end_us: int, note: str = ""
) -> Drawing:
    """The rows as a drawing.

    Parameters
    ----------
    title:
        The finding.
    rows:
        Top to bottom.
    start_us, end_us:
        The stretch that is shown.
    note:
        A line below the title.
    """
    from labkit.views.sheet import WIDTH, draw, fit, text_width

    end_us = max(end_us, start_us + 1)
    left = min(max((text_width(r.label, _SMALL, r.result) for r in rows), default=0) + 24, 320)
    right = WIDTH - 24
    height = _TOP + (18 if note else 0) + _STEP * len(rows) + 44

    def x(us: int) -> float:
        return float(left + (right - left) * (us - start_us) / (end_us - start_us))

    def paint(sheet: Sheet) -> None:
        sheet.text(16, 26, fit(title, WIDTH - 32, 14, True), size=14, bold=True, colour=theme.INK)
        top = _TOP
        if note:
            sheet.text(16, 46, fit(note, WIDTH - 32, _SMALL), size=_SMALL, colour=theme.MUTED)
            top += 18
        bottom = top + _STEP * len(rows)
        for tick in ticks(start_us, end_us, 8):
            at = x(tick.at_us)
            sheet.line([(at, top - 4), (at, bottom)], theme.GRID)
            sheet.text(
                at, bottom + 14, tick.label, size=_SMALL, colour=theme.MUTED, anchor="middle"
            )
            if tick.below:
                sheet.text(
                    at, bottom + 30, tick.below, size=_SMALL, colour=theme.MUTED, anchor="middle"
                )
        for number, row in enumerate(rows):
            _row(sheet, row, top + _STEP * number, left, x)

    return Drawing(
        title,
        _text(title, rows, start_us, end_us, note),
        _data(rows),
        svg=draw(height, paint, title),
    )


def _row(sheet: Sheet, row: Strip, top: float, left: float, x: object) -> None:
    from labkit.views.sheet import fit, text_width

    assert callable(x)
    label = fit(row.label, left - 24, _SMALL, row.result)
    colour = theme.INK if row.result else theme.MUTED
    sheet.text(left - 8, top + 13, label, size=_SMALL, bold=row.result, colour=colour, anchor="end")
    for start, end, state in row.spans:
        face = theme.face(state)
        a, b = x(start), max(x(end), x(start) + 1.5)
        sheet.box(a, top, b - a, _BAND, face.fill, hatch=face.hatch, hatch_ink=face.hatch_ink)
        if text_width(state, _SMALL, True) + 8 < b - a:
            halo = face.fill if face.hatch else ""
            sheet.text(
                (a + b) / 2, top + 13, state, size=_SMALL, bold=True, colour=face.ink,
                anchor="middle", halo=halo,
            )  # fmt: skip
    for start, end in row.true or ():
        a, b = x(start), max(x(end), x(start) + 1.5)
        sheet.box(a, top + _BAND + 2, b - a, _BAR, TRUE)


def _text(title: str, rows: Sequence[Strip], start_us: int, end_us: int, note: str) -> str:
    """For a terminal: a letter for each column, and a line of ``=`` where the question is true."""
    width = max((len(row.label) for row in rows), default=0)
    lines = [title, *([note] if note else [])]
    places = [
        start_us + (end_us - start_us) * (2 * k + 1) // (2 * _COLUMNS) for k in range(_COLUMNS)
    ]
    for row in rows:
        letters = "".join(theme.face(s).letter if (s := row.at(us)) else " " for us in places)
        lines.append(f"{row.label:>{width}} |{letters}|")
        if row.true is not None:
            marks = "".join("=" if any(a <= us < b for a, b in row.true) else " " for us in places)
            lines.append(f"{'true':>{width}} |{marks}|")
    first, last = (f"{day_text(us)} {clock_text(us - us % 1_000_000)}" for us in (start_us, end_us))
    lines.append(f"{'':>{width}}  {first}{last:>{_COLUMNS - len(first)}}")
    return "\n".join(lines)


def _data(rows: Sequence[Strip]) -> dict[str, object]:
    return {
        "rows": [
            {
                "label": row.label,
                "spans": [list(span) for span in row.spans],
                "true": None if row.true is None else [list(span) for span in row.true],
                "result": row.result,
            }
            for row in rows
        ]
    }
