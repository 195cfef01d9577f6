"""Visual monitoring: baseline, now, and what is different, side by side."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.synthetics.records import Run
from labkit.synthetics.views.film import labelled, picture
from labkit.views import html
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.timeaxis import whole_second
from labkit.views.wording import count, number

#: Width of one picture, pixels: three stand side by side.
_WIDE = 270


def comparison(
    name: str, run: Run, baseline: Mapping[str, bytes], *, label: str = "", own: str = ""
) -> Drawing:
    """The comparisons of a run.

    Parameters
    ----------
    name:
        Of the canary.
    run:
        A run that is over.
    baseline:
        File name -> PNG that was compared with.
    label, own:
        Of a recorded run; see :func:`labkit.synthetics.views.film.film_strip`.
    """
    found = run.result.comparisons
    when = f"{name}, run of {whole_second(run.started_us)}"
    if not found:
        title = f"{when}: nothing was compared"
        told = run.result.no_picture
        body = html.card(title, *([html.note(told)] if told else []))
        text = f"{title}\n{told}" if told else title
        return Drawing(title, text, {"comparisons": [], "recorded": False}, body=body)
    bad = [one for one in found if not one.passed]
    worst = max(found, key=lambda one: one.differing_percent)
    title = f"{when}: {count(len(found), 'picture')} as the baseline has them"
    if bad:
        title = f"{when}: {worst.name} differs in {number(worst.differing_percent, 3)} % of pixels"
    pictures = {one.name: one.body for one in run.result.artifacts}
    blocks = []
    for one in found:
        parts = (
            ("baseline", baseline.get(one.name)),
            ("now", pictures.get(one.name)),
            ("difference", pictures.get(one.difference)),
        )
        cells = [
            html.element("div", html.together([html.note(what), picture(shown, what, _WIDE)]))
            for what, shown in parts
            if shown is not None
        ]
        share = f"{one.name}: {number(one.differing_percent, 3)} % of pixels differ"
        blocks.append(html.note(share))
        blocks.append(html.element("div", html.together(cells), "display:flex;gap:10px"))
    rows = [
        (one.name, f"{number(one.differing_percent, 3)} %", "passed" if one.passed else "FAILED")
        for one in found
    ]
    lines = [title, *(one for one in (label, own) if one)]
    text = "\n".join([*lines, table(("picture", "differs", "result"), rows)])
    data = {
        "comparisons": [
            {"name": one.name, "percent": one.differing_percent, "passed": one.passed}
            for one in found
        ],
        "recorded": bool(label),
    }
    alt = f"{title}; {label}" if label else title
    return Drawing(
        title, text, data, body=html.card(title, *labelled(label, own), *blocks, alt=alt)
    )
