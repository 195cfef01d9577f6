"""Step waterfall: what a run did one after the other, how long each step took, where it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.synthetics.engine.run import StepResult
from labkit.synthetics.records import Run
from labkit.synthetics.views.film import labelled
from labkit.views import html, theme
from labkit.views.drawing import WIDTH, Drawing
from labkit.views.text import table
from labkit.views.timeaxis import whole_second
from labkit.views.wording import count, cut

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

_LEFT, _RIGHT, _TOP, _STEP = 210.0, 90.0, 56.0, 26.0


def step_waterfall(name: str, run: Run, *, label: str = "", own: str = "") -> Drawing:
    """The steps of a run.

    Parameters
    ----------
    name:
        Of the canary.
    run:
        A run that is over.
    label, own:
        Of a recorded run; see :func:`labkit.synthetics.views.film.film_strip`.
    """
    steps = run.result.steps
    title = _title(name, run)
    rows = [
        (
            step.name,
            step.status,
            f"{step.duration_ms / 1000:.2f} s",
            step.url,
            step.error.splitlines()[0] if step.error else "",
        )
        for step in steps
    ]
    data = {
        "steps": [
            {"name": s.name, "status": s.status, "duration_ms": s.duration_ms} for s in steps
        ],
        "recorded": bool(label),
    }
    lines = [title, *(one for one in (label, own) if one)]
    if not steps:
        return Drawing(title, "\n".join(lines), data, body=html.card(title, *labelled(label, own)))
    head = ("step", "result", "took", "address", "error")
    text = "\n".join([*lines, table(head, rows, longest=60)])
    alt = f"{title}; {label}" if label else title
    return Drawing(title, text, data, svg=_picture(title, steps, [label, own], alt), alt=alt)


def _title(name: str, run: Run) -> str:
    steps = run.result.steps
    when = f"{name}, run of {whole_second(run.started_us)}"
    if not steps:
        return f"{when}: {run.state}, without a step"
    bad = [step for step in steps if step.status != "PASSED"]
    if bad:
        return f"{when}: step {bad[0].name!r} failed, {len(steps) - len(bad)} before it passed"
    longest = max(steps, key=lambda step: step.duration_ms)
    return f"{when}: {count(len(steps), 'step')} passed, {longest.name!r} took longest"


def _picture(title: str, steps: tuple[StepResult, ...], notes: list[str], alt: str) -> str:
    from labkit.views.sheet import draw, fit

    notes = [one for one in notes if one]
    top = _TOP + 20 * len(notes)
    end = max(step.start_ms + step.duration_ms for step in steps) or 1.0
    width = WIDTH - _LEFT - _RIGHT

    def paint(sheet: Sheet) -> None:
        sheet.text(20, 26, fit(title, WIDTH - 40, 14, True), size=14, bold=True)
        for row, note in enumerate(notes):
            colour = theme.MUTED if row else theme.INCIDENT_INK
            told = fit(note, WIDTH - 40, 12, row == 0)
            sheet.text(20, 48 + 20 * row, told, colour=colour, bold=row == 0)
        for row, step in enumerate(steps):
            y = top + _STEP * row
            face = theme.face("OK" if step.status == "PASSED" else "ALARM")
            sign = "\u2713" if step.status == "PASSED" else "\u2717"
            sheet.text(20, y + 12, sign, colour=face.edge, bold=True)
            sheet.text(38, y + 12, cut(step.name, 26))
            x = _LEFT + width * step.start_ms / end
            long = max(width * step.duration_ms / end, 2.0)
            sheet.box(x, y, long, 16, face.edge)
            sheet.text(x + long + 6, y + 12, f"{step.duration_ms / 1000:.2f} s", colour=theme.MUTED)

    return draw(top + _STEP * len(steps) + 16, paint, alt)
