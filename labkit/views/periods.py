"""Periods: the evaluation range of an alarm as boxes, and what was made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.clock import iso
from labkit.views import html, theme
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text, when
from labkit.views.wording import count, figures, quantity

#: Of a longer evaluation range only the newest periods are drawn.
MOST_SHOWN = 30
MARKS = {"X": "breaching", "0": "fine", "-": "missing"}
_TREATED = {
    "missing": "missing: it stays missing",
    "ignore": "ignore: the state stays",
    "breaching": "breaching: it counts as breaching",
    "notBreaching": "notBreaching: it counts as fine",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One period of the evaluation range: its mark is X, 0 or -."""

    start_us: int
    value: float | None
    mark: str
    counted: bool


@dataclass(frozen=True, slots=True)
class Why:
    """One evaluation, from whichever side it came.

    Parameters
    ----------
    name:
        The alarm's, may be empty.
    state, stays:
        The state after it, and whether the evaluation left it as it was.
    boxes:
        The evaluation range, oldest first.
    condition:
        When the alarm rings, in words.
    treatment:
        TreatMissingData.
    rule, sentence:
        The rule that decided (empty when not known), and why.
    inputs:
        What the rule looked at.
    since:
        Since when it is in this state, in words.
    parts:
        What the values are made of: (name, values oldest first, in words).
    """

    name: str
    state: str
    stays: bool
    boxes: tuple[Box, ...]
    condition: str
    treatment: str
    rule: str
    sentence: str
    inputs: Mapping[str, Any]
    since: str = ""
    parts: Sequence[tuple[str, str]] = ()

    def drawing(self, unit: str = "", title: str | None = None) -> Drawing:
        """The explanation as boxes and a few lines."""
        return Drawing(
            title or self.title(),
            _text(self, title or self.title(), unit),
            self.data(),
            body=_html(self, title or self.title(), unit),
        )

    def title(self) -> str:
        """The decision and its reason in one sentence."""
        whose = f"{self.name}: " if self.name else ""
        state = f"stays {self.state}" if self.stays else self.state
        if not self.rule:  # AWS's own sentence stands below, and is long
            return f"{whose}{state}{self.since and ' since '}{self.since}"
        return f"{whose}{state}, because {self.sentence}"

    def data(self) -> dict[str, Any]:
        """The explanation as plain values."""
        return {
            "state": self.state,
            "stays": self.stays,
            "rule": self.rule,
            "because": self.sentence,
            "condition": self.condition,
            "treat_missing_data": self.treatment,
            "notation": " ".join(box.mark for box in self.boxes),
            "periods": [
                {
                    "start": iso(box.start_us),
                    "value": None if box.value is None else figures(box.value),
                    "mark": box.mark,
                    "counted": box.counted,
                }
                for box in self.boxes
            ],
            "inputs": dict(self.inputs),
            "parts": dict(self.parts),
        }


def _shown(why: Why) -> tuple[Sequence[Box], str]:
    """The newest periods, and what is said about those left out."""
    left_out = len(why.boxes) - MOST_SHOWN
    if left_out <= 0:
        return why.boxes, ""
    return why.boxes[left_out:], f"{count(left_out, 'older period')} not shown. "


def _facts(why: Why) -> list[tuple[str, str]]:
    """What stands below the boxes: (what, text)."""
    decided = f"{why.rule}: {why.sentence}" if why.rule else why.sentence
    treated = _TREATED.get(why.treatment, why.treatment)
    facts = [("rings when", why.condition), ("missing data", treated), ("decided by", decided)]
    return [*facts, *why.parts]


def _box_times(boxes: Sequence[Box]) -> list[str]:
    ends = (boxes[0].start_us, boxes[-1].start_us + 1) if boxes else (0, 0)
    days = when(ends[0], *ends).count(" ") > 0
    return [when(box.start_us, *ends) if days else clock_text(box.start_us) for box in boxes]


def _text(why: Why, head: str, unit: str) -> str:
    boxes, left_out = _shown(why)
    rows = [
        ("oldest first", _box_times(boxes)),
        ("value", ["-" if b.value is None else quantity(b.value, unit) for b in boxes]),
        ("X breaches", [box.mark for box in boxes]),
        ("counted", ["*" if box.counted else "" for box in boxes]),
    ]
    widths = [max(len(cells[n]) for _, cells in rows) for n in range(len(boxes))]
    lines = [head]
    if boxes:
        for label, cells in rows:
            made = "  ".join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True))
            lines.append(f"  {label:<16}{made}".rstrip())
        if left_out:
            lines.append(f"  {left_out.strip()}")
    lines += [f"  {label:<16}{value}" for label, value in _facts(why)]
    return "\n".join(lines)


_CELL = (
    "display:inline-block;box-sizing:border-box;min-width:64px;text-align:center;padding:3px 8px;"
    "margin:0 6px 6px 0;border-radius:5px;vertical-align:top;line-height:1.3"
)


def box(mark: str, above: str, below: str, counted: bool) -> html.Html:
    """One period as a box; what did not count has a dashed frame."""
    face = {"X": theme.ALARM, "0": theme.OK}.get(mark, theme.INSUFFICIENT_DATA)
    edge, fill, ink = f"2px solid {theme.INK}", face.fill, face.ink
    if not counted:
        edge = f"2px dashed {face.edge}"
        if mark != "-":  # in outline: it was looked at, no more
            fill, ink = theme.PAPER, theme.ALARM.fill if mark == "X" else face.ink
    small = "font-size:11px"
    parts = [
        html.element("div", above, small) if above else "",
        html.element("div", mark, "font-size:16px;font-weight:700"),
        html.element("div", below, small) if below else "",
    ]
    style = f"{_CELL};background:{fill};color:{ink};border:{edge}"
    return html.element("div", html.together(parts), style)


def _html(why: Why, head: str, unit: str) -> str:
    boxes, left_out = _shown(why)
    cells = [
        box(one.mark, at, "missing" if one.value is None else quantity(one.value, unit),
            one.counted)
        for one, at in zip(boxes, _box_times(boxes), strict=True)
    ]  # fmt: skip
    seen = {one.mark for one in boxes}
    legend = ", ".join(f"{mark} {word}" for mark, word in MARKS.items() if mark in seen)
    note = f"Oldest first. {left_out}{legend}. Solid frame: counted."
    facts = [[html.element("b", html.whole(label)), value] for label, value in _facts(why)]
    parts: list[object] = [
        html.element("div", html.chip(why.state), "margin-bottom:8px"),
        html.element("div", html.together(cells)),
        html.note(note) if boxes else html.note("No datapoints are told."),
        html.table([], facts),
    ]
    return html.card(head, *parts, alt=head)
