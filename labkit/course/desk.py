"""The exercise on the desk: its ticket, what you have, what to deliver, and how far you are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.course.faces import inline, panel
from labkit.views import html, theme
from labkit.views.text import folded, table

if TYPE_CHECKING:
    from labkit.course.exercises import Exercise

_STATES = {"open": "\u25cb open", "tried": "\u25d0 tried", "passed": "\u2713 passed"}
_HEAD = ("check", "what is judged", "points", "state", "hints")


def _rows(exercise: Exercise) -> list[list[object]]:
    return [
        [
            f"ex.check({row['check']})",
            row["title"],
            row["points"],
            _STATES[str(row["state"])],
            row["hints"],
        ]
        for row in exercise.state()
    ]


def _title(exercise: Exercise) -> str:
    task = exercise._task
    return f"Exercise {task.chapter[:2]}: {task.title}"


def _help(exercise: Exercise) -> str:
    return (
        f"About {exercise._task.minutes} minutes. ex.hint(1) helps, ex.solution(1) opens after "
        f"three hints or a pass, ex.reset() begins again. Learner: {exercise.learner}."
    )


def desk_text(exercise: Exercise) -> str:
    """The exercise for a terminal."""
    ticket = exercise.ticket
    lines = [_title(exercise), "", f"  {ticket.who}:"]
    lines += [folded(line, 92, "    ") for line in ticket.text.splitlines()]
    lines += ["", "  You have"]
    width = max((len(name) for name in exercise.have()), default=0)
    for name, what in exercise.have().items():
        first, *rest = folded(what, 88 - width).splitlines()
        lines.append(f"    {name:<{width}}  {first}")
        lines += [f"    {'':<{width}}  {line}" for line in rest]
    lines += ["", "  Deliver", folded(ticket.deliver, 92, "    "), ""]
    lines += [f"  {line}" for line in table(_HEAD, _rows(exercise)).splitlines()]
    lines += ["", folded(_help(exercise), 94, "  ")]
    return "\n".join(lines)


def desk_html(exercise: Exercise) -> str:
    """The exercise for a page."""
    ticket = exercise.ticket
    quote = (
        f"margin:8px 0 10px 0;padding:8px 14px;border-left:3px solid {theme.LINE};"
        f"background:{theme.SHADE};max-width:76ch"
    )
    words = html.element(
        "div",
        html.together(
            [
                html.element("b", ticket.who),
                *(
                    html.element("div", inline(t), "margin-top:4px")
                    for t in ticket.text.split("\n")
                ),
            ]
        ),
        quote,
    )
    small = f"font-weight:700;color:{theme.MUTED};margin-top:10px"
    have = html.table(
        [], [[html.mono(name), inline(what)] for name, what in exercise.have().items()]
    )
    rows = [
        [html.mono(str(row[0])), *row[1:3], html.whole(row[3]), html.whole(row[4])]
        for row in _rows(exercise)
    ]
    title = html.element("b", _title(exercise), "font-size:15px")
    return panel(
        title,
        words,
        html.element("div", "You have", small),
        have,
        html.element("div", "Deliver", small),
        html.element("div", inline(ticket.deliver), "max-width:76ch;margin:3px 0"),
        html.element("div", "Judged", small),
        html.table(_HEAD, rows, right=(2,)),
        html.note(_help(exercise)),
        edge=theme.LATENCY,
        alt=_title(exercise),
    )
