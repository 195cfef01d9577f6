"""How the course looks: outcomes, hints, solutions and tickets, on a page and in a terminal.

A face never tells by colour alone: each outcome has a sign, a word and an edge of its own, and the
words come first, so that a screen reader and a black-and-white print say the same. Texts may carry
two marks, as in the messages themselves: ``*one question*`` for emphasis and backquotes around
names; a terminal prints them as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from labkit.course.outcomes import (
    Broken,
    Judged,
    NotAttempted,
    NotYet,
    Outcome,
    Passed,
    Stumbled,
)
from labkit.views import html, theme
from labkit.views.drawing import Drawing, Shown, escape
from labkit.views.text import folded

_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Face:
    """Sign, word and colours of one outcome."""

    sign: str
    word: str
    ink: str
    fill: str
    edge: str


PASSED = Face("\u2713", "Passed", theme.OK.ink, theme.OK.fill, "#1a7f37")
NOT_YET = Face("\u25d0", "Not yet", theme.INCIDENT_INK, "#fdf1dc", theme.INCIDENT_EDGE)
BROKEN = Face("\u2715", "Error in your code", "#8c1a11", "#fbe9e7", theme.BREACH)
UNTOUCHED = Face("\u25cb", "Not attempted", theme.INSUFFICIENT_DATA.ink, "#eceef1", "#8b949e")
STUMBLED = Face("\u26a0", "The check broke", "#4c2a7a", "#f1eafb", "#6f42c1")

_FACES: dict[type[Outcome], Face] = {
    Passed: PASSED,
    NotYet: NOT_YET,
    Broken: BROKEN,
    NotAttempted: UNTOUCHED,
    Stumbled: STUMBLED,
}

REPORT = (
    "Please report it as an issue of the project, with the line below and what you built. "
    "Your work is untouched."
)


def face(outcome: Outcome) -> Face:
    """The face of an outcome."""
    return _FACES[type(outcome)]


# -- the parts of a message, once for both forms ---------------------------------------------------
Part = tuple[str, str]


def parts(judged: Judged) -> tuple[list[Part], list[Part]]:
    """What stands above the figure and what below it, as (label, text)."""
    outcome = judged.outcome
    if isinstance(outcome, Passed):
        above = [("Your design", outcome.built), ("Why it is right", outcome.why)]
        below = [("On AWS", outcome.cost), ("Another design that passes", outcome.alternative)]
        below += [("Remark", remark) for remark in outcome.remarks]
    elif isinstance(outcome, NotYet):
        above = [
            ("You built", outcome.built),
            ("Played", outcome.played),
            ("What happened", outcome.happened),
        ]
        below = [("Also", outcome.also), ("Next question", _asked(outcome.question))]
    elif isinstance(outcome, Broken):
        above = [("The error", outcome.error), ("Where", outcome.where), ("Played", outcome.played)]
        below = [("What it means here", outcome.means)]
    elif isinstance(outcome, NotAttempted):
        above, below = [("Start with", outcome.start)], []
    else:
        detail = outcome.detail if isinstance(outcome, Stumbled) else ""
        above, below = [("What to do", REPORT), ("For the report", detail)], []
    return [p for p in above if p[1]], [p for p in below if p[1]]


def _asked(question: str) -> str:
    return f"*{question}*" if question else ""


def _figure(outcome: Outcome) -> Drawing | None:
    return getattr(outcome, "figure", None)


def foot(judged: Judged) -> str:
    """The last line: where more can be had."""
    number = judged.number
    if judged.passed:
        return f"{_points(judged.points)} \u00b7 solution({number}) shows a worked one"
    if not judged.hints:
        return ""
    used = f"hint({number}): {judged.hints_used} of {judged.hints} used"
    if judged.hints_used >= judged.hints:
        return f"{used} \u00b7 solution({number}) is open"
    return used


def _points(points: int) -> str:
    return f"{points} point{'s' if points != 1 else ''}"


def _name(judged: Judged) -> str:
    return f"Check {judged.number} of {judged.of}, {judged.title}"


# -- a terminal
def judged_text(judged: Judged) -> str:
    """The outcome for a terminal."""
    one = face(judged.outcome)
    above, below = parts(judged)
    lines = [
        folded(f"{one.sign} {one.word.upper()}: {judged.outcome.finding}", _WIDTH),
        f"  {_name(judged)}",
    ]
    lines += _lines(above)
    figure = _figure(judged.outcome)
    if figure is not None:
        lines += ["", *(f"  {line}".rstrip() for line in str(figure).splitlines()), ""]
    lines += _lines(below)
    if foot(judged):
        lines.append(f"  {foot(judged)}")
    return "\n".join(lines)


def _lines(labelled: Iterable[Part]) -> list[str]:
    return [
        folded(line if n else f"{label}: {line}", _WIDTH, "  " if not n else "    ")
        for label, text in labelled
        for n, line in enumerate(text.splitlines() or [""])
    ]


# -- a page
def inline(text: str) -> html.Html:
    """The two marks as HTML: ``*emphasis*`` and names in backquotes; everything else escaped.

    Asterisks in backquotes, and those with a space inside (``cron(0 9 1W * ? *)``), are themselves.
    """
    code = escape("background:#eff1f3;border-radius:4px;padding:0 4px;font-size:12px;" + _MONO)
    made = []
    for piece in re.split(r"(`[^`]+`)", text):
        if len(piece) > 2 and piece.startswith("`") and piece.endswith("`"):
            made.append(f'<code style="{code}">{escape(piece[1:-1])}</code>')
        else:
            made.append(_EMPHASIS.sub(r"<em>\1</em>", escape(piece)))
    return html.Html("".join(made).replace("\n", "<br>"))


_EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+)(?<=\S)\*(?![\w*])")
_MONO = "font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"


def chip(one: Face) -> html.Html:
    """Sign and word in the outcome's colours."""
    style = (
        f"display:inline-block;white-space:nowrap;padding:1px 10px;border-radius:10px;"
        f"font-size:13px;font-weight:700;background:{one.fill};color:{one.ink};"
        f"border:1px solid {one.edge};margin-right:8px"
    )
    return html.element("span", f"{one.sign} {one.word}", style)


def panel(title: object, *inside: object, edge: str, alt: str) -> str:
    """A card with a coloured left edge, as every message of the course has it.

    Its class keeps MathJax off: what stands between two prices ("$1.80 a month, and $0.42 for ...")
    is no formula.
    """
    made = html.card("", html.element("div", title, "margin-bottom:6px"), *inside, alt=alt)
    if not made.startswith("<div class="):
        made = made.replace("<div ", '<div class="mathjax_ignore" ', 1)
    return made.replace("border-radius:6px", f"border-left:6px solid {edge};border-radius:6px", 1)


def _rows(labelled: Iterable[Part]) -> list[html.Html]:
    return [
        html.element(
            "div",
            html.together([html.element("b", f"{label}: "), inline(text)]),
            "margin:5px 0;max-width:76ch",
        )
        for label, text in labelled
    ]


def judged_html(judged: Judged) -> str:
    """The outcome for a page."""
    one = face(judged.outcome)
    above, below = parts(judged)
    finding = html.element("b", inline(judged.outcome.finding), "font-size:14px")
    figure = _figure(judged.outcome)
    inside: list[object] = [
        html.note(_name(judged)),
        *_rows(above),
        *([html.element("div", html.Html(figure.html), "margin:8px 0")] if figure else []),
        *_rows(below),
    ]
    if foot(judged):
        inside.append(html.note(foot(judged)))
    alt = f"{one.word}. {judged.outcome.finding}"
    return panel(html.together([chip(one), finding]), *inside, edge=one.edge, alt=alt)


@dataclass(frozen=True, repr=False)
class Notice(Shown):
    """A hint, a solution, a word to the learner: a title and labelled paragraphs, code among them.

    Parameters
    ----------
    title:
        One line.
    body:
        (label, text); a label of ``code`` shows its text as code.
    edge:
        The colour of the card's edge.
    """

    title: str
    body: tuple[Part, ...] = ()
    edge: str = theme.LATENCY

    def __str__(self) -> str:
        lines = [self.title]
        for label, text in self.body:
            if label == "code":
                lines += ["", *(f"    {line}".rstrip() for line in text.splitlines()), ""]
            else:
                lines += _lines([(label, text)]) if label else [folded(text, _WIDTH, "  ")]
        return "\n".join(lines).rstrip()

    def _repr_html_(self) -> str:
        inside: list[object] = []
        for label, text in self.body:
            if label == "code":
                inside.append(html.letter(text))
            elif label:
                inside += _rows([(label, text)])
            else:
                inside.append(html.element("div", inline(text), "margin:5px 0;max-width:76ch"))
        title = html.element("b", inline(self.title), "font-size:14px")
        return panel(title, *inside, edge=self.edge, alt=self.title)
