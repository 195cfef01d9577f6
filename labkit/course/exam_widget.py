"""Exam practice in a notebook: one question at a time, with its feedback, as an ipywidget.

Options are rows of a lettered button and its text, so that long texts wrap and a row can show its
verdict in place. An ordering has a place to choose in each row, a matching a target. Everything
goes through a :class:`~labkit.course.sitting.Sitting`, as in the terminal.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from labkit.course import proofs
from labkit.course.exam_terminal import LETTERS, mark
from labkit.course.marking import Given, Report, is_right
from labkit.course.question_bank import MATCHING, MULTIPLE, ORDERING, Option, Question
from labkit.course.sitting import Sitting
from labkit.views import html, theme

_RIGHT, _RIGHT_FILL = "#1a7f37", "#eef8f1"
_WRONG, _WRONG_FILL = theme.BREACH, "#fbeeec"
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',sans-serif"
#: The page's own theme may be dark; the question is written dark on white.
_STYLE = f"<style>.labkit-exam {{background: {theme.PAPER}; border-radius: 6px}}</style>"
_HINTS = {
    MULTIPLE: "Choose as many as the question says.",
    ORDERING: "Give each its place.",
    MATCHING: "Choose what belongs to each.",
}


def _text(inside: object, style: str = "") -> str:
    base = f"{_FONT};font-size:14px;line-height:1.5;color:{theme.INK};{style}"
    return str(html.element("div", inside, base))


class _Row:
    """One option: what is chosen for it, its text, and later its verdict."""

    def __init__(self, card: Card, letter: str, option: Option) -> None:
        self.option = option
        self.card = card
        kind = card.question.kind
        if kind == ORDERING:
            choices: list[tuple[str, Any]] = [("\u2013", 0)] + [
                (str(n), n) for n in range(1, len(card.options) + 1)
            ]
            self.control: Any = w.Dropdown(
                options=choices, layout=w.Layout(width="64px", flex="0 0 auto")
            )
        elif kind == MATCHING:
            choices = [("choose \u2026", "")] + [(t.text, t.key) for t in card.targets]
            self.control = w.Dropdown(
                options=choices, layout=w.Layout(width="210px", flex="0 0 auto")
            )
        else:
            self.control = w.ToggleButton(
                description=letter.upper(),
                tooltip=option.text,
                layout=w.Layout(width="44px", flex="0 0 auto"),
            )
        self.control.add_class("labkit-option")
        self.control.observe(self._chosen, "value")
        self.told = w.HTML(
            _text(option.text, "padding:3px 10px"), layout=w.Layout(flex="1 1 auto", width="auto")
        )
        self.box = w.HBox(
            [self.control, self.told],
            layout=w.Layout(align_items="flex-start", padding="2px 0", margin="0"),
        )

    def _chosen(self, change: dict[str, Any]) -> None:
        self.card.chosen(self, change["new"])

    def judge(self) -> None:
        """Show what the key says of this option, and why."""
        question, option = self.card.question, self.option
        if question.kind in (ORDERING, MATCHING):
            good = self.card.given_for(option.key) == _wanted(question, option.key)
            told = mark(question, option).rstrip(":")
            verdict = f"\u2713 {told}" if good else f"\u2717 right is {told}"
        else:
            good = option.key in question.answers
            verdict = "\u2713 right" if good else "\u2717 wrong"
        ink, fill = (_RIGHT, _RIGHT_FILL) if good else (_WRONG, _WRONG_FILL)
        said = html.element("span", verdict, f"color:{ink};font-weight:700")
        why = html.together([said, html.muted(" \u00b7 "), html.muted(option.why)])
        body = html.together([html.element("div", option.text), html.element("div", why)])
        style = f"background:{fill};border-left:4px solid {ink};padding:3px 10px"
        self.told.value = _text(body, style)
        self.control.disabled = True


class Card:
    """One question on the page."""

    def __init__(self, room: Room, question: Question) -> None:
        self.room = room
        self.question = question
        self.options = room.sitting.options(question)
        self.targets = room.sitting.targets(question)
        pairs = zip(LETTERS, self.options, strict=False)
        self.rows = [_Row(self, letter, option) for letter, option in pairs]
        hint = _HINTS.get(question.kind)
        self.hint = [w.HTML(_text(html.muted(hint)))] if hint else []

    def chosen(self, row: _Row, value: Any) -> None:
        """A control changed; of a single answer the others let go."""
        if self.question.kind == "single" and value:
            for other in self.rows:
                if other is not row:
                    other.control.value = False
        self.room.ready(self.given() is not None)

    def given(self) -> Given:
        """The answer as it stands; None while it is not whole."""
        values = {row.option.key: row.control.value for row in self.rows}
        if self.question.kind == MATCHING:
            return values if all(values.values()) else None
        if self.question.kind == ORDERING:
            places = sorted(values.values())
            whole = places == list(range(1, len(values) + 1))
            return sorted(values, key=lambda key: int(values[key])) if whole else None
        keys = [key for key, on in values.items() if on]
        return keys if len(keys) == len(self.question.answers) else None

    def given_for(self, key: str) -> Any:
        """What was chosen for one option."""
        return next(row.control.value for row in self.rows if row.option.key == key)

    def judge(self) -> None:
        """Show the key."""
        for row in self.rows:
            row.judge()


class Room:
    """The widget: a head, a question, its buttons, and at the end a report.

    Parameters
    ----------
    sitting:
        What is asked.
    """

    def __init__(self, sitting: Sitting) -> None:
        self.sitting = sitting
        self._place = 0
        self._card: Card | None = None
        self._head = w.HTML()
        self._body = w.VBox()
        self._after = w.VBox()
        self.answer = w.Button(description="Answer", button_style="primary", disabled=True)
        self.show = w.Button(description="Show me", tooltip="run the proof in a fresh lab")
        self.next = w.Button(description="Next")
        self.end = w.Button(description="End", tooltip="end here; what was answered is kept")
        self.answer.on_click(lambda _: self._answered())
        self.show.on_click(lambda _: self._shown())
        self.next.on_click(lambda _: self._go_on())
        self.end.on_click(lambda _: self._finish())
        self._buttons = w.HBox([self.answer, self.show, self.next, self.end])
        self.widget = w.VBox(
            [w.HTML(_STYLE), self._head, self._body, self._buttons, self._after],
            layout=w.Layout(
                border=f"1px solid {theme.LINE}", padding="12px 16px", max_width="900px"
            ),
        )
        self.widget.add_class("labkit-exam")
        if sitting.questions:
            self._ask()
        else:
            self._head.value = _text("Nothing to ask: no question is due, new or mistaken here.")
            self._buttons.children = ()

    def ready(self, whole: bool) -> None:
        """Whether there is an answer that can be given."""
        self.answer.disabled = not whole

    def _ask(self) -> None:
        question = self.sitting.questions[self._place]
        self._card = Card(self, question)
        self._head.value = self._heading(question)
        stem = w.HTML(_text(question.stem, "font-size:15px;margin:6px 0 8px"))
        self._body.children = [stem, *self._card.hint, *(row.box for row in self._card.rows)]
        self._after.children = ()
        self.answer.disabled = True
        self.next.description = "Skip"
        buttons = [self.answer, self.next, self.end]
        self._buttons.children = buttons

    def _heading(self, question: Question) -> str:
        place = (
            question.in_exam(self.sitting.exam.code) if self.sitting.exam else question.places[0]
        )
        assert place is not None
        skill = f" {place.skill}" if place.skill else f", domain {place.domain}"
        parts = [
            f"Question {self._place + 1} of {len(self.sitting.questions)}",
            f"{place.exam}{skill}",
            f"chapter {question.chapter}",
        ]
        left = self.sitting.seconds_left
        if left is not None:
            parts.append(f"{int(left) // 60} min {int(left) % 60:02} s left")
        return _text(html.muted(" \u00b7 ".join(parts)), "font-size:13px")

    def _answered(self) -> None:
        assert self._card is not None
        question = self._card.question
        given = self._card.given()
        if given is None:
            return
        right = self.sitting.answer(question, given)
        if self.sitting.is_mock:
            self._go_on()
            return
        self._card.judge()
        word, ink = ("Right.", _RIGHT) if right else ("Not right.", _WRONG)
        self._after.children = [w.HTML(_text(word, f"color:{ink};font-weight:700;margin-top:4px"))]
        last = self._place + 1 == len(self.sitting.questions)
        self.next.description = "Report" if last else "Next"
        shown = [self.show] if question.proof is not None else []
        self.show.disabled = False
        self._buttons.children = [*shown, self.next] if last else [*shown, self.next, self.end]

    def _shown(self) -> None:
        assert self._card is not None and self._card.question.proof is not None
        question = self._card.question
        self.show.disabled = True
        try:
            told = str(proofs.run(question))
        except Exception as problem:  # a proof that broke must not break the page
            told = f"{type(problem).__name__}: {problem}"
        code = html.fold("the lines that showed it", html.letter(self._card.question.proof.code))
        seen = html.letter(told)
        style = f"background:{theme.SHADE};padding:8px 12px;margin-top:6px;border-radius:4px"
        plain = seen.replace(f"background:{theme.PAPER}", "background:transparent")
        shown = w.HTML(_text(html.together([html.Html(plain), code]), style))
        self._after.children = [*self._after.children, shown]

    def _go_on(self) -> None:
        self._place += 1
        if self._place >= len(self.sitting.questions) or self.sitting.time_is_up:
            self._finish()
        else:
            self._ask()

    def _finish(self) -> None:
        report = self.sitting.finish()
        self._head.value = ""
        self._buttons.children = ()
        self._after.children = ()
        self._body.children = [w.HTML(report_html(report)), *self._review(report)]

    def _review(self, report: Report) -> list[Any]:
        """After a mock exam: the questions that went wrong, with reasons."""
        if not self.sitting.is_mock:
            return []
        parts = []
        for question in self.sitting.questions:
            given = self.sitting.given.get(question.id)
            if given and not is_right(question, given):
                rows = [
                    [
                        html.whole(mark(question, option)),
                        html.together([option.text, _yours(question, given, option.key)]),
                        html.muted(option.why),
                    ]
                    for option in self.sitting.options(question)
                ]
                parts.append(w.HTML(_text(html.fold(question.stem, html.table([], rows)))))
        return parts

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.widget._repr_mimebundle_(**kwargs)


def _wanted(question: Question, key: str) -> Any:
    if question.kind == MATCHING:
        return question.pairs[key]
    return question.answers.index(key) + 1


def _yours(question: Question, given: Given, key: str) -> html.Html:
    """What was answered about an option, where that says something."""
    if question.kind in (ORDERING, MATCHING) or not given or key not in given:
        return html.Html("")
    return html.together([" ", html.muted("(your answer)")])


def report_html(report: Report) -> str:
    """A report as a table with a bar for each domain."""
    parts: list[object] = [html.element("div", report.title, "font-size:16px;font-weight:700")]
    if report.domains:
        rows = []
        for number, name, weight, tally in report.domains:
            bar = html.Html(
                f'<div style="width:160px;background:{theme.GRID};height:10px;border-radius:5px">'
                f'<div style="width:{round(160 * tally.share)}px;background:{theme.LATENCY};'
                'height:10px;border-radius:5px"></div></div>'
            )
            told = str(tally) if tally.asked else html.muted(html.whole("no questions yet"))
            rows.append([f"{number}. {name}", f"{weight} %", bar if tally.asked else "", told])
        parts.append(html.table(["domain", "weight", "", "right"], rows, right=(1,)))
    parts += [html.note(note) for note in report.notes]
    return _text(html.together(parts))
