"""Bottlenecks: what part of a request's time belongs to each service itself.

Each service is a bar as long as a request spends in it on average. The dark part is its own, the
pale part it waits for others, the hatched part is lost on the way to it. "The slowest service is
often the most patient one": who waits has a long pale bar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.wording import figures
from labkit.xray.engine.own_time import OwnTime, of_graph, own_times
from labkit.xray.engine.service_graph import ServiceGraph, read
from labkit.xray.engine.trace import Trace
from labkit.xray.views.given import Told, traces_of
from labkit.xray.views.words import kind, percent, took

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet

_WAITS = "#c9dbec"
_TOP, _STEP, _SMALL = 74.0, 34.0, theme.SMALLEST_TEXT
#: Services drawn at most; the table has all.
MOST = 20

Given = ServiceGraph | Mapping[str, Any] | Told | Iterable[Told] | Sequence[OwnTime]


def bottlenecks(given: Given) -> Drawing:
    """A table and a picture of own times.

    Parameters
    ----------
    given:
        Traces (exact: calls at the same time are counted once); a service graph, or what
        ``get_service_graph`` answered (from sums: edges in minus edges out).
    """
    found, requests, seconds, exact = _read(given)
    if not found or not requests:
        title = "No request was traced in this time."
        return Drawing(title, title, {"services": []}, body=f"<div>{title}</div>")
    title = _title(found, requests, seconds)
    rows = []
    for one in found:
        rows.append(
            [
                one.service.name, kind(one.service.type), f"{one.requests:,}",
                took(one.total / one.requests if one.requests else 0.0),
                took(one.own / requests), took(one.waiting / requests),
                took(one.between / requests) if one.between else "-",
                "later" if one.later else _part(one, seconds),
            ]
        )  # fmt: skip
    head = [
        "service", "kind", "requests", "answers in", "its own", "waits for others",
        "on the way to it", "part",
    ]  # fmt: skip
    note = "its own, waits, on the way: of one request of a client; part: own and way, of its time"
    if not exact:
        note += "; from sums: calls at the same time count each"
    data = {
        "requests": requests,
        "average_seconds": figures(seconds / requests),
        "exact": exact,
        "services": [
            {
                "name": one.service.name,
                "type": one.service.type,
                "requests": one.requests,
                "average_seconds": figures(one.total / one.requests) if one.requests else 0.0,
                "own_seconds": figures(one.own / requests),
                "waiting_seconds": figures(one.waiting / requests),
                "between_seconds": figures(one.between / requests),
                "later": one.later,
            }
            for one in found
        ],
    }
    text = "\n".join([title, table(head, rows), note])
    return Drawing(title, text, data, svg=_picture(title, found[:MOST], requests, note))


def _read(given: Given) -> tuple[list[OwnTime], int, float, bool]:
    """Own times, how many requests clients made, their seconds, whether it is exact."""
    if isinstance(given, ServiceGraph):
        customers = given.customers
        return of_graph(given), customers.total, customers.seconds, False
    if isinstance(given, Mapping) and "Services" in given:
        return _read(read(given))
    if isinstance(given, Mapping | Trace):
        traces = traces_of(given)
    else:
        listed = list(given)
        if listed and isinstance(listed[0], Mapping) and "ReferenceId" in listed[0]:
            return _read(read(listed))  # type: ignore[arg-type]
        traces = traces_of(listed)  # type: ignore[arg-type]
    roots = [one.root for one in traces if one.root is not None and one.root.end is not None]
    return own_times(traces), len(roots), sum(root.duration for root in roots), True


def _part(one: OwnTime, seconds: float) -> str:
    return percent(min(1.0, (one.own + one.between) / seconds)) if seconds else "-"


def _title(found: Sequence[OwnTime], requests: int, seconds: float) -> str:
    each = seconds / requests
    worst = found[0]
    own, way = worst.own / requests, worst.between / requests
    if way > own:
        said = (
            f"Of the {took(each)} of a request, {took(way)} are lost on the way to "
            f"{worst.service.name}"
        )
    else:
        said = f"Of the {took(each)} of a request, {worst.service.name} takes {took(own)} itself"
    patient = max(
        (one for one in found if one is not worst and one.requests and not one.later),
        key=lambda one: one.total / one.requests,
        default=None,
    )
    if patient is not None and patient.waiting > 0.7 * patient.total and own + way > 0.3 * each:
        said += (
            f"; {patient.service.name} answers in {took(patient.total / patient.requests)}, and "
            f"{took(patient.own / patient.requests)} of that are its own"
        )
    return said + "."


def _picture(title: str, found: Sequence[OwnTime], requests: int, note: str) -> str:
    from labkit.views.sheet import WIDTH, draw, fit, text_width, wrap

    titles = wrap(title, WIDTH - 32, 14, True)
    top = _TOP + 19.0 * (len(titles) - 1)
    names = [one.service.name for one in found]
    left = min(230.0, 28 + max(text_width(name, _SMALL, True) for name in names))
    right = WIDTH - 190.0
    most = max((one.total + one.between) / requests for one in found) or 1.0

    def paint(sheet: Sheet) -> None:
        for n, line in enumerate(titles):
            sheet.text(16, 26 + 19 * n, line, size=14, bold=True)
        _key(sheet, top - 24)
        for n, one in enumerate(found):
            y = top + _STEP * n
            sheet.text(
                left - 10, y + 14, fit(names[n], left - 24, _SMALL, True), size=_SMALL, bold=True,
                anchor="end",
            )  # fmt: skip
            scale = (right - left) / most / requests
            own, waits, way = one.own * scale, one.waiting * scale, one.between * scale
            sheet.box(left, y, max(own, 1.0), 20, theme.LATENCY if n else theme.ERRORS)
            if waits >= 0.5:
                sheet.box(left + max(own, 1.0), y, waits, 20, _WAITS)
            if way >= 0.5:
                at = left + max(own, 1.0) + waits
                sheet.box(
                    at, y, way, 20, theme.PAPER, edge=theme.MUTED, hatch="////",
                    hatch_ink=theme.MUTED,
                )  # fmt: skip
            end = left + max(own, 1.0) + waits + way + 8
            said = f"{took(one.own / requests)} its own"
            if way >= 0.5:
                said += f", {took(one.between / requests)} on the way"
            if one.later:
                said += ", after the answer"
            sheet.text(end, y + 14, said, size=_SMALL, bold=not n)
        bottom = top + _STEP * len(found) + 8
        sheet.text(16, bottom + 8, fit(note, WIDTH - 32, _SMALL), size=_SMALL, colour=theme.MUTED)

    return draw(top + _STEP * len(found) + 28, paint, title)


def _key(sheet: Sheet, y: float) -> None:
    x = 16.0
    for fill, hatch, text in (
        (theme.LATENCY, "", "its own time"),
        (_WAITS, "", "waits for others"),
        (theme.PAPER, "////", "lost on the way to it"),
    ):
        edge = theme.MUTED if hatch else ""
        sheet.box(x, y, 16, 12, fill, edge=edge, hatch=hatch, hatch_ink=theme.MUTED)
        sheet.text(x + 22, y + 11, text, size=_SMALL, colour=theme.MUTED)
        x += 150


__all__ = ["MOST", "bottlenecks"]
