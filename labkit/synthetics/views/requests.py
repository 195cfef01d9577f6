"""Requests of a run, read from its HAR: what a browser's network panel would list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from labkit.synthetics.records import Run
from labkit.synthetics.views.film import labelled
from labkit.views import html, theme
from labkit.views.drawing import Drawing
from labkit.views.html import Html
from labkit.views.text import table
from labkit.views.timeaxis import whole_second
from labkit.views.wording import count

_HEAD = ("method", "path", "status", "took", "bytes")


@dataclass(frozen=True)
class Request:
    """One line of a HAR; ``took_ms`` is 0 and ``status`` 0 for what was not answered."""

    method: str
    path: str
    status: int
    took_ms: float
    size: int

    @property
    def bad(self) -> bool:
        """Whether it was not answered, or with an error."""
        return not 0 < self.status < 400


def requests_of(run: Run) -> list[Request]:
    """The requests of a run in the order in which they were sent; none where it left no HAR."""
    held = {one.name: one.body for one in run.result.artifacts}
    if "results.har" not in held:
        return []
    entries = json.loads(held["results.har"])["log"]["entries"]
    return [
        Request(
            one["request"]["method"], _path(one["request"]["url"]), one["response"]["status"],
            one["time"], one["response"]["content"]["size"],
        )
        for one in entries
    ]  # fmt: skip


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def request_list(
    name: str, run: Run, *, images: bool = False, label: str = "", own: str = ""
) -> Drawing:
    """The requests of a run.

    Parameters
    ----------
    name:
        Of the canary.
    run:
        A run that is over.
    images:
        Whether pictures of the pages are listed too, which are many.
    label, own:
        Of a recorded run; see :func:`labkit.synthetics.views.film.film_strip`.
    """
    found = requests_of(run)
    when = f"{name}, run of {whole_second(run.started_us)}"
    if not found:
        title = f"{when}: no HAR, which a run with a browser leaves"
        return Drawing(title, title, {"requests": [], "recorded": False}, body=html.card(title))
    title = f"{when}: {_finding(found)}"
    listed = [one for one in found if images or not one.path.startswith("/images/") or one.bad]
    left_out = len(found) - len(listed)
    rows = [
        (one.method, one.path, str(one.status or "none"), f"{one.took_ms:.0f} ms", f"{one.size:,}")
        for one in listed
    ]
    note = f"and {count(left_out, 'picture')} of the pages, all answered" if left_out else ""
    lines = [title, *(one for one in (label, own) if one), table(_HEAD, rows)]
    body = html.card(
        title, *labelled(label, own), html.table(_HEAD, _coloured(listed, rows), right=(2, 3, 4)),
        *([html.note(note)] if note else []), alt=f"{title}; {label}" if label else title,
    )  # fmt: skip
    data = {
        "requests": [[one.method, one.path, one.status] for one in found],
        "recorded": bool(label),
    }
    return Drawing(title, "\n".join([*lines, note] if note else lines), data, body=body)


def _finding(found: Sequence[Request]) -> str:
    bad = [one for one in found if one.bad]
    many = count(len(found), "request")
    if bad:
        first = bad[0]
        told = f"answered {first.status}" if first.status else "got no answer"
        return f"{len(bad)} of {many} went wrong, the first was {first.path}, which {told}"
    last = found[-1]
    return f"{many}, none of them answered with an error; the last was {last.method} {last.path}"


def _coloured(listed: Sequence[Request], rows: Sequence[tuple[str, ...]]) -> list[list[object]]:
    style = f"color:{theme.ERRORS};font-weight:600"

    def cell(place: int, value: str, bad: bool) -> object:
        if place == 1:
            return html.mono(value)
        return html.element("span", value, style) if bad and place == 2 else Html(html.whole(value))

    return [
        [cell(place, value, one.bad) for place, value in enumerate(row)]
        for one, row in zip(listed, rows, strict=True)
    ]
