"""Film strip: the screenshots of one run, in order, each with its step.

A run takes a picture when a step begins and another when it ends, so half of them show what the one
before showed: the strip has the last one of each step. Of a run that failed the picture of the
failed step stands below, large, with a mark where a click went, if the browser said where.
"""

from __future__ import annotations

import base64
import re

from labkit.synthetics.engine.pixels import mark, smaller
from labkit.synthetics.engine.run import StepResult
from labkit.synthetics.records import Run
from labkit.views import html, theme
from labkit.views.drawing import Drawing, escape
from labkit.views.html import Html
from labkit.views.text import table
from labkit.views.timeaxis import whole_second
from labkit.views.wording import count

#: Width of one picture and of the large one, pixels.
_WIDE, _LARGE = 184, 560
#: Pixels of a picture for each pixel of the page: sharp on a fine screen, and no more.
_SHARP = 1.5
_POINT = re.compile(r"at point \((\d+), (\d+)\)")


def film_strip(
    name: str, run: Run, *, every: bool = False, label: str = "", own: str = ""
) -> Drawing:
    """The pictures of a run; where there are none, why not.

    Parameters
    ----------
    name:
        Of the canary.
    run:
        A run that is over.
    every:
        Whether all pictures are shown instead of the last one of each step.
    label:
        What a recorded run is labelled with; '' for one of this lab.
    own:
        What became of the lab's own run while a recorded one is shown.
    """
    pictures = {one.name: one.body for one in run.result.artifacts if is_picture(one.content_type)}
    steps = {shot: step for step in run.result.steps for shot in step.screenshots}
    title = f"{name}, run of {whole_second(run.started_us)}: {run.state}"
    if run.state != "PASSED" and run.reason:
        title += f", {run.reason.splitlines()[0][:120]}"
    chosen = sorted(pictures) if every else last_of_each_step(run)
    about = _about(run, len(pictures), len(chosen))
    rows = []
    cells = []
    for file in chosen:
        step = steps.get(file)
        words = step.name if step is not None else ""
        verdict = step.status if step is not None else ""
        rows.append((file, words, verdict, step.url if step is not None else ""))
        cells.append(_cell(file, pictures[file], words, verdict))
    body = html.card(
        title,
        *labelled(label, own),
        html.note(about),
        html.element("div", html.together(cells), "display:flex;flex-wrap:wrap;gap:10px"),
        *_failed_step(run, pictures),
        alt=f"{title}; {label}" if label else title,
    )
    listed = table(("picture", "step", "result", "address"), rows) if rows else ""
    text = "\n".join(part for part in (title, label, own, about, listed) if part)
    data = {"pictures": [row[0] for row in rows], "replayed": run.replayed, "recorded": bool(label)}
    return Drawing(title, text, data, body=body)


def _about(run: Run, several: int, shown: int) -> str:
    about = count(several, "picture")
    if not several:
        about = f"no picture: {run.result.no_picture or 'the run took none'}"
    elif shown < several:
        about += f", the last one of each step is shown ({shown})"
    if run.replayed:
        about += f"; replayed from run {run.replayed}"
        about += ", whose pictures these are" if several else ""
    return about


def labelled(label: str, own: str = "") -> list[Html]:
    """The label of a recorded run, to be seen before anything else, and what the own run did."""
    if not label:
        return []
    style = (
        f"background:{theme.INCIDENT};color:{theme.INCIDENT_INK};padding:3px 10px;"
        f"border:1px solid {theme.INCIDENT_EDGE};border-radius:4px;font-weight:600;margin:4px 0"
    )
    return [html.element("div", label, style), *([html.note(own)] if own else [])]


def is_picture(content_type: str) -> bool:
    """Whether an artifact is a screenshot."""
    return content_type in ("image/png", "image/webp")


def last_of_each_step(run: Run) -> list[str]:
    """The pictures of a run without those that a step began with, and what compares pictures."""
    held = [one.name for one in run.result.artifacts if is_picture(one.content_type)]
    of_steps = [[shot for shot in one.screenshots if shot in held] for one in run.result.steps]
    left = {shot for shots in of_steps for shot in shots[:-1] if shot.endswith("-starting.png")}
    left |= {one.difference for one in run.result.comparisons}
    return sorted(name for name in held if name not in left)


def picture(body: bytes, alt: str, wide: int = _WIDE) -> Html:
    """A picture as an image of HTML, no larger than it is shown."""
    small = smaller(body, round(wide * _SHARP))
    kind = "png" if small.startswith(b"\x89PNG") else "webp"
    shown = base64.b64encode(small).decode()
    style = f"width:{wide}px;max-width:100%;border:1px solid {theme.LINE};display:block"
    return Html(f'<img src="data:image/{kind};base64,{shown}" alt="{escape(alt)}" style="{style}">')


def _failed_step(run: Run, pictures: dict[str, bytes]) -> list[Html]:
    """The picture of the step that failed, large, with a mark where its click went."""
    failed = next((one for one in run.result.steps if one.status != "PASSED"), None)
    shot = next(
        (one for one in (failed.screenshots[::-1] if failed else ()) if one in pictures), ""
    )
    if failed is None or not shot:
        return []
    at = clicked(failed)
    told = f"Step {failed.name!r} failed here"
    body = pictures[shot]
    if at is not None:
        body = mark(body, *at)
        told += f". The ring is where it clicked: ({at[0]}, {at[1]})"
    style = f"margin-top:12px;font-weight:600;color:{theme.ERRORS}"
    return [html.element("div", told, style), picture(body, told, _LARGE)]


def clicked(step: StepResult) -> tuple[int, int] | None:
    """Where the browser says that a click went, pixels of its window; None when it says nothing."""
    found = _POINT.search(step.error)
    return None if found is None else (int(found[1]), int(found[2]))


def _cell(file: str, body: bytes, words: str, verdict: str) -> Html:
    label = [html.mono(file)]
    if words:
        label.append(html.note(f"{words}: {verdict}"))
    return html.element("div", html.together([picture(body, file), *label]), f"width:{_WIDE}px")
