"""Pictures of what was played: a table of situations, and what a canary saw."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from labkit.course.checks.c09_canaries.playing import Played
from labkit.synthetics.engine.run import RunResult
from labkit.views import html, text, theme
from labkit.views.drawing import Drawing, escape
from labkit.views.html import Html
from labkit.views.wording import cut

_WIDE = 280
_COLUMNS = ["what befell", "when", "what came of it", ""]

Shot = tuple[str, bytes]
"""What stands under a picture, and the PNG."""


def table(
    title: str,
    rows: Sequence[tuple[str | bool, ...]],
    shots: Sequence[Shot] = (),
    columns: Sequence[str] = tuple(_COLUMNS),
) -> Drawing:
    """What befell, when, what came of it, whether that was right; and pictures below.

    Parameters
    ----------
    title:
        The finding.
    rows:
        Texts, the last of each a bool.
    shots:
        Pictures.
    columns:
        Heads.
    """
    plain = [[*map(str, row[:-1]), "\u2713" if row[-1] else "\u2717"] for row in rows]
    fancy: list[list[object]] = []
    for *words, sign in plain:
        face = theme.OK if sign == "\u2713" else theme.ALARM
        style = f"padding:0 5px;border-radius:3px;background:{face.fill};color:{face.ink}"
        fancy.append([*words, html.element("span", sign, style)])
    lines = [title, text.table(columns, plain), *(f"[picture: {words}]" for words, _ in shots)]
    strip = html.element(
        "div", html.together([_cell(*one) for one in shots]), "display:flex;gap:10px"
    )
    parts = [html.table(columns, fancy), *([strip] if shots else [])]
    return Drawing(
        title, "\n".join(lines),
        {"good": sum(bool(row[-1]) for row in rows), "of": len(rows),
         "pictures": [words for words, _ in shots]},
        body=html.card(title, *parts, alt=title),
    )  # fmt: skip


def _cell(words: str, body: bytes) -> Html:
    shown = base64.b64encode(body).decode()
    style = f"width:{_WIDE}px;border:1px solid {theme.LINE};display:block"
    image = f'<img src="data:image/png;base64,{shown}" alt="{escape(words)}" style="{style}">'
    return html.element("div", html.together([Html(image), html.note(words)]), f"width:{_WIDE}px")


def told(one: Played) -> str:
    """What the canaries made of a situation, in some words."""
    if not one.results:
        return "no run"
    if not one.red:
        return "green, and late: an alarm looks at that" if one.late else "all green"
    name, run = next(iter(one.red.items()))
    return f"{name}: {cut(run.state_reason, 90)}"


def pictures(run: RunResult) -> list[Shot]:
    """The screenshots of a run, oldest first."""
    found = [(one.name, one.body) for one in run.artifacts if one.name.endswith(".png")]
    return sorted(found)


def last_picture(results: dict[str, RunResult], words: str) -> list[Shot]:
    """The last picture that any of the runs took; none without a browser."""
    for run in results.values():
        found = pictures(run)
        if found:
            return [(words, found[-1][1])]
    return []


def beside(before: RunResult | None, after: RunResult, change: str) -> list[Shot]:
    """A step on a healthy shop, the same step when it failed, and what differs."""
    from labkit.synthetics.engine.pixels import compare

    now = pictures(after)
    if before is None or not now:
        return []
    at = next((n for n, one in enumerate(after.steps) if one.status == "FAILED"), None)
    if at is None or at >= len(before.steps):
        return []
    # A step that failed stands where the one before it ended.
    held, now_by = dict(pictures(before)), dict(now)
    then = [held[name] for name in before.steps[max(at - 1, 0)].screenshots if name in held]
    failed = [now_by[name] for name in after.steps[at].screenshots if name in now_by]
    if not then or not failed:
        return []
    old, new = then[-1], failed[-1]
    differs = compare("step.png", old, new)[1]
    found = [("a healthy shop", old), (change, new)]
    return [*found, ("what differs", differs)] if differs else found
