"""The runs of a canary: a mark for each in order of time, the share that passed, and why others
did not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.core.clock import to_datetime
from labkit.synthetics.records import Run
from labkit.views import html, theme
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.timeaxis import whole_second
from labkit.views.wording import count, number

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

#: Rows of the table, newest first.
_MOST = 12
_HEAD = ("started", "result", "took", "real or replayed", "reason")
_LEFT, _TOP, _HIGH, _RIGHT = 60.0, 56.0, 120.0, 20.0


def history(name: str, runs: Sequence[Run], start_us: int, end_us: int) -> Drawing:
    """The runs of a stretch of time, oldest first.

    Parameters
    ----------
    name:
        Of the canary.
    runs:
        What ran; those that are not over are left out.
    start_us, end_us:
        The stretch.
    """
    over = [run for run in runs if run.completed_us is not None]
    if not over:
        title = f"{name}: no run yet"
        return Drawing(title, title, {"runs": []}, body=html.card(title))
    failed = [run for run in over if run.state != "PASSED"]
    percent = 100 * (len(over) - len(failed)) / len(over)
    title = f"{name}: {number(percent, 3)} % of {count(len(over), 'run')} passed"
    if failed:
        first = failed[0]
        title += f"; the first failed at {whole_second(first.started_us)}: {_short(first.reason)}"
    real = sum(not run.replayed for run in over)
    note = f"{count(real, 'real run')}, {count(len(over) - real, 'replayed run')}"
    rows = [_row(run) for run in reversed(over[-_MOST:])]
    text = f"{title}\n{note}\n{table(_HEAD, rows, longest=60)}"
    data = {
        "percent": percent,
        "real": real,
        "runs": [
            {
                "id": run.id, "started_us": run.started_us, "state": run.state,
                "duration_ms": run.duration_ms, "replayed": run.replayed, "reason": run.reason,
            }
            for run in over
        ],
    }  # fmt: skip
    return Drawing(title, text, data, svg=_picture(title, note, over, start_us, end_us))


def _short(reason: str) -> str:
    line = reason.strip().splitlines()[0] if reason.strip() else "no reason given"
    return line if len(line) <= 90 else line[:89] + "\u2026"


def _row(run: Run) -> tuple[str, ...]:
    kind = f"replays {run.replayed[:8]}" if run.replayed else f"real: {run.why}"
    at = f"{to_datetime(run.started_us):%d %b %H:%M:%S}"
    reason = _short(run.reason) if run.reason else ""
    return at, run.state, f"{run.duration_ms / 1000:.1f} s", kind, reason


def _picture(title: str, note: str, runs: Sequence[Run], start_us: int, end_us: int) -> str:
    from labkit.views.drawing import WIDTH
    from labkit.views.sheet import draw, wrap

    head = wrap(title, WIDTH - 40, 14, True)
    top = _TOP + 18 * (len(head) - 1)
    most = max(run.duration_ms for run in runs) or 1.0
    width, span = WIDTH - _LEFT - _RIGHT, max(end_us - start_us, 1)

    def paint(sheet: Sheet) -> None:
        for row, line in enumerate(head):
            sheet.text(20, 24 + 18 * row, line, size=14, bold=True)
        sheet.text(20, 42 + 18 * (len(head) - 1), note, colour=theme.MUTED)
        bottom = top + _HIGH
        for part in (0.0, 0.5, 1.0):
            y = bottom - part * (_HIGH - 12)
            sheet.line([(_LEFT, y), (WIDTH - _RIGHT, y)], theme.GRID)
            label = f"{part * most / 1000:.1f} s"
            sheet.text(_LEFT - 6, y + 4, label, colour=theme.MUTED, anchor="end")
        good, bad = theme.face("OK"), theme.face("ALARM")
        for run in runs:
            x = _LEFT + width * (run.started_us - start_us) / span
            y = bottom - run.duration_ms / most * (_HIGH - 12)
            face = good if run.state == "PASSED" else bad
            sheet.line([(x, bottom), (x, y)], face.edge, width=2)
            if run.state != "PASSED":
                sheet.text(x, y - 3, "\u2717", colour=face.edge, anchor="middle", bold=True)
        for at, anchor, x in ((start_us, "start", _LEFT), (end_us, "end", WIDTH - _RIGHT)):
            label = f"{to_datetime(at):%a %d %b %H:%M}"
            sheet.text(x, bottom + 16, label, colour=theme.MUTED, anchor=anchor)

    return draw(top + _HIGH + 28, paint, title)
