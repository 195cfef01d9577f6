"""The course as data: chapters.toml, and the map that is drawn from it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from labkit.course import worlds
from labkit.course.progress import Progress, progress_of
from labkit.views import html, theme
from labkit.views.drawing import Drawing
from labkit.views.text import table

_FILE = Path(__file__).with_name("chapters.toml")

#: draft: being written; ready: held to the limits of a lesson; planned: only a row yet.
STATUSES = ("planned", "draft", "ready")
EXAMS = ("CLF-C02", "SAA-C03", "SOA-C03", "DVA-C02", "SCS-C03", "DOP-C02")


@dataclass(frozen=True)
class Chapter:
    """One row of chapters.toml.

    Parameters
    ----------
    number, name, title:
        ``01``, ``metrics``, ``Metrics: where 1,440 numbers went``.
    part:
        The service it belongs to.
    notes:
        What it teaches of the source notes, in half a sentence.
    minutes:
        Of the lesson, for a reader who runs everything.
    needs:
        Numbers of the chapters before it.
    objectives:
        What a learner can do afterwards.
    exams:
        Whose domains it touches.
    status:
        One of :data:`STATUSES`.
    """

    number: str
    name: str
    title: str
    part: str
    notes: str
    minutes: int
    objectives: tuple[str, ...]
    exams: tuple[str, ...]
    status: str
    needs: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """``01_metrics``: the same on every shelf."""
        return f"{self.number}_{self.name}"


@cache
def chapters() -> tuple[Chapter, ...]:
    """All chapters, in order."""
    rows = tomllib.loads(_FILE.read_text(encoding="utf-8"))["chapter"]
    made = []
    for row in rows:
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        made.append(Chapter(**values))
    return tuple(made)


def chapter(name: str) -> Chapter:
    """The chapter called ``01_metrics`` or ``01``."""
    for one in chapters():
        if name in (one.id, one.number):
            return one
    raise KeyError(name)


def standing(progress: Progress) -> list[dict[str, Any]]:
    """How far one is: a row for each chapter with its checks passed, attempts and hints."""
    done = progress.checks
    with_tasks = set(worlds.chapters_with_tasks())
    rows = []
    for one in chapters():
        total = len(worlds.task(one.id).checks) if one.id in with_tasks else 0
        entries = [done.get(f"{one.id}/{n}", {}) for n in range(1, total + 1)]
        rows.append(
            {
                "chapter": one,
                "checks": total,
                "passed": sum(bool(entry.get("passed")) for entry in entries),
                "attempts": sum(entry.get("attempts", 0) for entry in entries),
                "hints": sum(entry.get("hints", 0) for entry in entries),
            }
        )
    return rows


_SIGNS = {
    "done": "\u2713 done",
    "begun": "\u25d0 begun",
    "next": "\u25b6 next",
    "open": "\u25cb open",
    "planned": "\u00b7 planned",
}


def _states(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    states = []
    for row in rows:
        if row["chapter"].status == "planned":
            states.append("planned")
        elif row["checks"] and row["passed"] == row["checks"]:
            states.append("done")
        elif row["attempts"]:
            states.append("begun")
        else:
            states.append("open")
    exercises = [n for n, row in enumerate(rows) if row["checks"] and states[n] == "open"]
    if exercises and "begun" not in states:
        states[exercises[0]] = "next"
    return states


def map(progress: Progress | None = None) -> Drawing:
    """The map of the course: every chapter, its minutes, its exams, and where you are.

    Parameters
    ----------
    progress:
        Whose; the learner's own when left out.
    """
    rows = standing(progress or progress_of())
    states = _states(rows)
    minutes = sum(row["chapter"].minutes for row in rows)
    there = sum(row["chapter"].status != "planned" for row in rows)
    passed, total = sum(r["passed"] for r in rows), sum(r["checks"] for r in rows)
    title = (
        f"{len(rows)} chapters, {minutes // 60} hours of lessons; {there} can be opened now, "
        f"{passed} of {total} checks passed"
    )
    lines = [
        [row["chapter"].number, row["chapter"].title, f"{row['chapter'].minutes} min",
         _SIGNS[state], f"{row['passed']}/{row['checks']}" if row["checks"] else "",
         row["chapter"].part]
        for row, state in zip(rows, states, strict=True)
    ]  # fmt: skip
    plain = table(["", "chapter", "lesson", "state", "checks", "part"], lines, longest=70)
    data = [
        {"chapter": row["chapter"].id, "state": state, "passed": row["passed"],
         "checks": row["checks"], "minutes": row["chapter"].minutes}
        for row, state in zip(rows, states, strict=True)
    ]  # fmt: skip
    return Drawing(title, f"{title}\n{plain}", {"chapters": data}, body=_page(title, rows, states))


def _page(title: str, rows: Sequence[Mapping[str, Any]], states: Sequence[str]) -> str:
    parts: dict[str, list[html.Html]] = {}
    for row, state in zip(rows, states, strict=True):
        parts.setdefault(row["chapter"].part, []).append(_tile(row, state))
    lanes = [
        html.element(
            "div",
            html.together(
                [
                    html.element("div", part, f"font-weight:700;color:{theme.MUTED};width:96px;"
                                 "flex:none;padding-top:8px"),
                    html.element("div", html.together(tiles),
                                 "display:flex;flex-wrap:wrap;gap:8px;flex:1"),
                ]
            ),
            "display:flex;margin:8px 0",
        )
        for part, tiles in parts.items()
    ]  # fmt: skip
    key = "Each tile: lesson, minutes, the checks of its exercise that you have passed."
    return html.card(title, *lanes, html.note(key), alt=title)


def _tile(row: Mapping[str, Any], state: str) -> html.Html:
    one: Chapter = row["chapter"]
    planned = state == "planned"
    edge = {"done": theme.OK.edge, "begun": theme.INCIDENT_EDGE, "next": theme.LATENCY}.get(
        state, theme.LINE
    )
    fill = {"done": "#f0faf3", "begun": "#fdf6ea", "next": "#eef5fb"}.get(
        state, theme.SHADE if planned else theme.PAPER
    )
    style = (
        f"box-sizing:border-box;width:176px;border:{'1px dashed' if planned else '2px solid'} "
        f"{edge};border-radius:6px;padding:6px 9px;background:{fill};"
        f"color:{theme.MUTED if planned else theme.INK}"
    )
    checks = f" \u00b7 {row['passed']} of {row['checks']} checks" if row["checks"] else ""
    small = f"font-size:12px;color:{theme.MUTED}"
    return html.element(
        "div",
        html.together(
            [
                html.element("div", _SIGNS[state], "font-size:12px;font-weight:600;float:right"),
                html.element("div", one.number, f"{small};font-weight:700"),
                html.element("div", one.title, "font-weight:600;line-height:1.3;clear:both"),
                html.element("div", f"{one.minutes} min{checks}", small),
            ]
        ),
        style,
    )
