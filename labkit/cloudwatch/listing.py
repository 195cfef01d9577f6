"""Metrics by what names them: a table of what is there, and boxes that nothing adds up.

::

    listing.metrics(cloudwatch.list_metrics(Namespace="Teapot"))
    listing.boxes(cloudwatch.list_metrics(Namespace="Teapot"), read, ask=[{"Shop": "Porto"}, {}])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.sheet import Sheet, draw, fit
from labkit.views.theme import ERRORS, INK, LATENCY, LINE, MUTED, PAPER, SHADE
from labkit.views.wording import count, number

Dimensions = Mapping[str, str]

#: How many rows a table shows before it says how many more there are.
SHOWN = 12

_ACROSS, _GAP = 4, 14
_LEFT, _TOP, _LINE = 24, 62, 17
_WIDE = (900 - 2 * _LEFT - (_ACROSS - 1) * _GAP) / _ACROSS


def metrics(response: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Drawing:
    """The metrics of a ListMetrics response (or a list of its metrics), one row each.

    A metric is its namespace, its name and its *set* of dimensions: each row is one metric, and
    what is read under another set is another metric.
    """
    entries = response["Metrics"] if isinstance(response, Mapping) else response
    rows: list[dict[str, Any]] = [
        {
            "namespace": str(entry["Namespace"]),
            "metric": str(entry["MetricName"]),
            "dimensions": _dimensions(entry),
        }
        for entry in entries
    ]
    head = count(len(rows), "metric") if rows else "No metrics"
    data = {"metrics": rows}
    if not rows:
        return Drawing(head, head, data, body=html.card(head))
    columns = ["namespace", "metric", "dimensions (all of them are part of the name)"]
    plain = [[row["namespace"], row["metric"], _said(row["dimensions"])] for row in rows[:SHOWN]]
    shown = [
        [row["namespace"], html.element("b", row["metric"]), html.mono(_said(row["dimensions"]))]
        for row in rows[:SHOWN]
    ]
    more = f"... and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    body = html.card(head, html.table(columns, shown), html.note(more) if more else "", alt=head)
    told = text.table(columns, plain, longest=100) + (f"\n{more}" if more else "")
    return Drawing(head, f"{head}\n{told}", data, body=body)


def boxes(
    response: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    read: Callable[..., Sequence[float]],
    *,
    ask: Sequence[Dimensions] = (),
) -> Drawing:
    """Each metric as a box with what is in it, and what is found under other sets of dimensions.

    Parameters
    ----------
    response:
        A ListMetrics response, or a list of its metrics.
    read:
        Called with a set of dimensions as keywords; the values found there.
    ask:
        Further sets of dimensions to look under.
    """
    entries = response["Metrics"] if isinstance(response, Mapping) else response
    stored = [(found, list(read(**found))) for found in map(_dimensions, entries)]
    asked = [(dict(wanted), list(read(**wanted))) for wanted in ask]
    empty = sum(not values for _, values in asked)
    title = f"{count(len(stored), 'metric')}"
    if asked:
        found = "nothing" if empty == len(asked) else f"{len(asked) - empty} of them"
        title += f"; under {count(len(asked), 'other set')} of dimensions: {found}"
    lines = [
        title,
        *(f"  [{_said(named)}]  {_held(values)}" for named, values in stored),
        *(f"  asked for {_said(named)}: {_held(values)}" for named, values in asked),
    ]
    high = 40 + _LINE * max([1, *(len(named) for named, _ in [*stored, *asked])])
    below = _TOP + -(-len(stored) // _ACROSS) * (high + _GAP)
    height = below + (28 + -(-len(asked) // _ACROSS) * (high + _GAP) if asked else 0) + 8

    def paint(sheet: Sheet) -> None:
        sheet.text(_LEFT, 30, title, size=15, bold=True)
        sheet.text(_LEFT, 50, "stored: a box for each set of dimensions", colour=MUTED)
        for index, (named, values) in enumerate(stored):
            _box(sheet, index, _TOP, high, named, values, found=True)
        if asked:
            sheet.text(_LEFT, below + 16, "asked for: a box that nobody filled", colour=MUTED)
        for index, (named, values) in enumerate(asked):
            _box(sheet, index, below + 28, high, named, values, found=bool(values))

    data = {
        "stored": [{"dimensions": named, "values": values} for named, values in stored],
        "asked": [{"dimensions": named, "values": values} for named, values in asked],
    }
    alt = ". ".join(line.strip() for line in lines)
    return Drawing(title, "\n".join(lines), data, svg=draw(height, paint, alt), alt=alt)


def _box(
    sheet: Sheet,
    index: int,
    top: float,
    high: float,
    named: Dimensions,
    values: Sequence[float],
    *,
    found: bool,
) -> None:
    x = _LEFT + index % _ACROSS * (_WIDE + _GAP)
    y = top + index // _ACROSS * (high + _GAP)
    sheet.box(x, y, _WIDE, high, SHADE if found else PAPER, edge=LATENCY if found else LINE)
    halo = "" if found else PAPER
    if not found:
        sheet.line([(x + _WIDE, y), (x, y + high)], LINE)
    colour = INK if found else ERRORS
    sheet.text(x + 10, y + 27, _held(values), size=17, bold=True, colour=colour, halo=halo)
    told = [f"{name}={value}" for name, value in named.items()] or ["(no dimensions)"]
    for line, one in enumerate(told):
        where = y + 48 + line * _LINE
        sheet.text(x + 10, where, fit(one, _WIDE - 20), colour=MUTED, halo=halo)


def _held(values: Sequence[float]) -> str:
    return ", ".join(number(value) for value in values) or "nothing"


def _dimensions(entry: Mapping[str, Any]) -> dict[str, str]:
    return {d["Name"]: d["Value"] for d in entry.get("Dimensions", ())}


def _said(named: Dimensions) -> str:
    return ", ".join(f"{name}={value}" for name, value in named.items()) or "(no dimensions)"
