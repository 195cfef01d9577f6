"""Film strip: the screenshots of one run, in order, each with its step."""

from __future__ import annotations

import base64

from labkit.synthetics.records import Run
from labkit.views import html, theme
from labkit.views.drawing import Drawing, escape
from labkit.views.html import Html
from labkit.views.text import table
from labkit.views.timeaxis import whole_second
from labkit.views.wording import count

#: Width of one picture, pixels.
_WIDE = 250


def film_strip(name: str, run: Run) -> Drawing:
    """The pictures of a run; where there are none, why not.

    Parameters
    ----------
    name:
        Of the canary.
    run:
        A run that is over.
    """
    pictures = {one.name: one.body for one in run.result.artifacts if one.name.endswith(".png")}
    steps = {shot: step for step in run.result.steps for shot in step.screenshots}
    title = f"{name}, run of {whole_second(run.started_us)}: {run.state}"
    if run.state != "PASSED" and run.reason:
        title += f", {run.reason.splitlines()[0][:120]}"
    about = count(len(pictures), "picture")
    if not pictures:
        about = f"no picture: {run.result.no_picture or 'the run took none'}"
    if run.replayed:
        about += f"; replayed from run {run.replayed}, whose pictures these are"
    rows = []
    cells = []
    for file in sorted(pictures):
        step = steps.get(file)
        words = step.name if step is not None else ""
        verdict = step.status if step is not None else ""
        rows.append((file, words, verdict, step.url if step is not None else ""))
        cells.append(_cell(file, pictures[file], words, verdict))
    body = html.card(
        title,
        html.note(about),
        html.element("div", html.together(cells), "display:flex;flex-wrap:wrap;gap:10px"),
        alt=title,
    )
    listed = table(("picture", "step", "result", "address"), rows) if rows else ""
    text = "\n".join(part for part in (title, about, listed) if part)
    data = {"pictures": [row[0] for row in rows], "replayed": run.replayed}
    return Drawing(title, text, data, body=body)


def picture(body: bytes, alt: str, wide: int = _WIDE) -> Html:
    """A PNG as an image of HTML."""
    shown = base64.b64encode(body).decode()
    style = f"width:{wide}px;border:1px solid {theme.LINE};display:block"
    return Html(f'<img src="data:image/png;base64,{shown}" alt="{escape(alt)}" style="{style}">')


def _cell(file: str, body: bytes, words: str, verdict: str) -> Html:
    label = [html.mono(file)]
    if words:
        label.append(html.note(f"{words}: {verdict}"))
    return html.element("div", html.together([picture(body, file), *label]), f"width:{_WIDE}px")
