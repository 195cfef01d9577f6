"""The grid: alarms played through incidents and quiet weeks, one cell each.

::

    alarm_grid.grid([Row("p99, 3 of 5", delays=[3, 4, None], pages=[0, 2])], incidents=[...])

A cell of an incident holds the minutes until the page; a cell of a quiet week how many pages came
that nobody needed. The grid takes plain values, whoever played them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import LabError
from labkit.views import text, theme
from labkit.views.drawing import Drawing
from labkit.views.sheet import Sheet, draw, fit
from labkit.views.wording import count

_LEFT, _CELL, _ROW, _TOP = 196.0, 33.0, 32.0, 78.0


@dataclass(frozen=True)
class Row:
    """What one alarm made of it all.

    Parameters
    ----------
    label:
        The alarm in a few words.
    delays:
        For each incident the minutes until the page; None when no page came.
    pages:
        For each quiet week how many pages came.
    """

    label: str
    delays: Sequence[float | None]
    pages: Sequence[int]

    def heard(self, within: float) -> int:
        """How many incidents were heard in time."""
        return sum(delay is not None and delay <= within for delay in self.delays)


def grid(
    rows: Sequence[Row], *, incidents: Sequence[str], within: float, title: str | None = None
) -> Drawing:
    """Alarms against incidents and quiet weeks.

    Parameters
    ----------
    rows:
        One alarm each, all of the same incidents and weeks.
    incidents:
        What the incidents are called.
    within:
        How many minutes are in time.
    title:
        Replaces the title that says the finding.

    Raises
    ------
    LabError
        When there is no row, or a row has another number of cells.
    """
    if not rows:
        raise LabError("a grid has at least one alarm")
    weeks = len(rows[0].pages)
    for row in rows:
        if len(row.delays) != len(incidents) or len(row.pages) != weeks:
            raise LabError(
                f"{row.label}: {len(row.delays)} incidents and {len(row.pages)} weeks, where "
                f"{len(incidents)} and {weeks} were played"
            )
    head = title or _finding(rows, len(incidents), within)
    data = {
        "within": within,
        "incidents": list(incidents),
        "rows": [
            {"label": row.label, "delays": list(row.delays), "pages": list(row.pages),
             "heard": row.heard(within), "false_pages": sum(row.pages)}
            for row in rows
        ],
    }  # fmt: skip
    plain = _plain(rows, incidents, within, head)
    return Drawing(head, plain, data, svg=_svg(rows, incidents, within, head))


def _finding(rows: Sequence[Row], of: int, within: float) -> str:
    best = max(rows, key=lambda row: (row.heard(within), -sum(row.pages)))
    whose = f"Best of {len(rows)} is {best.label}: " if len(rows) > 1 else ""
    return f"{whose}{best.heard(within)} of {of} heard, {count(sum(best.pages), 'false page')}"


def _cell(delay: float | None) -> str:
    return "-" if delay is None else f"{delay:g}"


def _word(delay: float | None, within: float) -> str:
    if delay is None:
        return "not heard"
    late = "" if delay <= within else ", too late"
    return f"after {delay:g} minute{'' if delay == 1 else 's'}{late}"


def _plain(rows: Sequence[Row], incidents: Sequence[str], within: float, head: str) -> str:
    if len(rows) == 1:
        lines = [
            [str(number), name, _word(delay, within)]
            for number, (name, delay) in enumerate(zip(incidents, rows[0].delays, strict=True), 1)
        ]
        pages = ", ".join(map(str, rows[0].pages))
        table = text.table(["", "incident", "page"], lines, longest=70)
        return f"{head}\n{table}\nfalse pages in each quiet week: {pages}"
    columns = ["alarm", *(str(n + 1) for n in range(len(incidents))), "|"]
    columns += [f"w{n + 1}" for n in range(len(rows[0].pages))]
    lines = [[row.label, *map(_cell, row.delays), "|", *map(str, row.pages)] for row in rows]
    names = "; ".join(f"{n} {name}" for n, name in enumerate(incidents, 1))
    note = f"minutes until the page (- none) | false pages in a week. {names}"
    return f"{head}\n{text.table(columns, lines, longest=40)}\n{note}"


def _svg(rows: Sequence[Row], incidents: Sequence[str], within: float, head: str) -> str:
    wide = len(incidents)
    under = _TOP + len(rows) * _ROW + 24
    lines = -(-wide // 2)
    weeks_at = _LEFT + max(wide * _CELL, 230) + 24

    def paint(sheet: Sheet) -> None:
        sheet.text(18, 26, fit(head, 864, 14, True), size=14, bold=True)
        sheet.text(_LEFT, 50, "minutes until the page, by incident", colour=theme.MUTED)
        sheet.text(weeks_at, 50, "false pages, by quiet week", colour=theme.MUTED)
        for n in range(wide):
            at = _LEFT + n * _CELL + _CELL / 2
            sheet.text(at, _TOP - 8, str(n + 1), anchor="middle", colour=theme.MUTED)
        for n in range(len(rows[0].pages)):
            at = weeks_at + n * _CELL + _CELL / 2
            sheet.text(at, _TOP - 8, str(n + 1), anchor="middle", colour=theme.MUTED)
        for line, row in enumerate(rows):
            top = _TOP + line * _ROW
            sheet.text(18, top + 20, fit(row.label, _LEFT - 30))
            for n, delay in enumerate(row.delays):
                _box(sheet, _LEFT + n * _CELL, top, _cell(delay), _look(delay, within))
            for n, pages in enumerate(row.pages):
                look = theme.OK if not pages else theme.ALARM
                _box(sheet, weeks_at + n * _CELL, top, str(pages), look)
        for n, name in enumerate(incidents):
            x, y = 18 + n // lines * 436, under + n % lines * 19
            sheet.text(x + 18, y, str(n + 1), anchor="end", colour=theme.MUTED)
            sheet.text(x + 26, y, fit(name, 400), colour=theme.MUTED)

    return draw(under + lines * 19, paint, head)


_LATE = theme.Face("late", theme.INCIDENT, theme.INCIDENT_INK, theme.INCIDENT_EDGE, "", "", "", "")


def _look(delay: float | None, within: float) -> Any:
    if delay is None:
        return theme.ALARM
    return theme.OK if delay <= within else _LATE


def _box(sheet: Sheet, x: float, y: float, said: str, face: Any) -> None:
    sheet.box(
        x + 2, y + 2, _CELL - 4, _ROW - 4, face.fill,
        edge=face.edge, hatch=face.hatch, hatch_ink=face.hatch_ink,
    )  # fmt: skip
    halo = face.fill if face.hatch else ""
    sheet.text(
        x + _CELL / 2, y + 20, said,
        anchor="middle", bold=True, colour=face.ink, size=12, halo=halo,
    )  # fmt: skip
