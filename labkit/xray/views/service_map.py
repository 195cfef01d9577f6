"""The service map: who calls whom, how often, how fast, how it ended, and who is at fault.

Requests go from left to right. A disc is a service, as large as its traffic; the ring around it is
parted as its requests ended; inside stands how long it takes. On an arrow stands how long the
caller waits and how often it calls. What stands out (:mod:`labkit.xray.engine.finding`) is lit and
tagged, and the title says it in one sentence.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count, figures, joined
from labkit.xray.engine import finding as findings
from labkit.xray.engine.finding import Finding
from labkit.xray.engine.own_time import of_graph
from labkit.xray.engine.service_graph import Edge, ServiceGraph, Statistics, folded, read
from labkit.xray.views.mapsheet import ENDINGS, QUIET, Arrow, Disc, Words
from labkit.xray.views.words import called, kind, percent, rate, took

if TYPE_CHECKING:
    from labkit.views.sheet import Sheet
    from labkit.xray.views.layout import Layout

Given = ServiceGraph | Mapping[str, Any] | Iterable[Mapping[str, Any]]

_STEP, _SMALL = 82.0, theme.SMALLEST_TEXT
#: From which share on a way of ending is named below a disc, and from which on it is loud.
_NAMED, _LOUD = 0.01, 0.03
_TAGS = {findings.FAILURES: "at fault", findings.SLOW: "the time goes here"}


def service_map(given: Given, usual: Given | None = None) -> Drawing:
    """A service map.

    Parameters
    ----------
    given:
        A graph, or what ``get_service_graph`` or ``get_trace_graph`` answered.
    usual:
        The same of usual times: what was so then does not stand out.
    """
    graph = as_graph(given)
    then = None if usual is None else as_graph(usual)
    found = findings.find(graph, then)
    title = sentence(graph, found)
    data = numbers(graph, found)
    text = "\n".join([title, *_tables(graph, found)])
    if not graph.nodes:
        return Drawing(title, title, data, body=f"<div>{title}</div>")
    discs = [_disc(graph, place, found) for place in range(len(graph.nodes))]
    arrows = [_arrow(graph, edge, found) for edge in graph.edges]
    svg = picture(title, discs, arrows, under(graph))
    return Drawing(title, text, data, svg=svg)


def as_graph(given: Given) -> ServiceGraph:
    """A graph as a reader sees it (:func:`labkit.xray.engine.service_graph.folded`)."""
    return folded(given if isinstance(given, ServiceGraph) else read(given))


# -- what it says -------------------------------------------------------------------------------
def sentence(graph: ServiceGraph, found: Finding) -> str:
    """The finding as one sentence for somebody who is no engineer."""
    if found.kind == findings.EMPTY:
        return "No request was traced in this time."
    customers = graph.customers
    if found.kind == findings.FAILURES and found.node is not None:
        node = graph.nodes[found.node]
        verb = "refuses" if node.inferred and not node.statistics.fault else "fails"
        if node.statistics.throttle > node.statistics.fault:
            verb = "throttles"
        what = f"{called(node)} is at fault: it {verb} {percent(found.share)} of its requests"
        names = list(dict.fromkeys(graph.nodes[place].name for place in found.inherited))
        if names:
            verb = "only passes" if len(names) == 1 else "only pass"
            what += f"; {joined(names[::-1])} {verb} that on"
        return f"{what[0].upper() + what[1:] if what.startswith('the ') else what}."
    if found.kind == findings.SLOW and found.node is not None:
        node = graph.nodes[found.node]
        return (
            f"A request takes {took(found.customer)}; {called(node)} alone takes "
            f"{took(found.seconds)} of that."
        )
    if found.kind == findings.BETWEEN and found.edge is not None:
        source, target = graph.nodes[found.edge.source], graph.nodes[found.edge.target]
        if found.count:
            return (
                f"{percent(found.share)} of {source.name}'s calls to {target.name} never get "
                f"there; those that do are answered in {took(target.statistics.average)}."
            )
        return (
            f"{source.name} waits {took(found.edge.statistics.average)} for {called(target)}, "
            f"which answers in {took(target.statistics.average)}: the rest is lost between them."
        )
    stats = customers if customers.total else _busiest(graph)
    bad = stats.share("fault", "throttle")
    well = "none failed" if not bad else f"{percent(bad)} failed"
    return (
        f"Nothing stands out: {count(stats.total, 'request')}, {well}, "
        f"{took(stats.average)} on average."
    )


def _busiest(graph: ServiceGraph) -> Statistics:
    return max((node.statistics for node in graph.nodes), key=lambda one: one.total)


def numbers(graph: ServiceGraph, found: Finding) -> dict[str, Any]:
    """What is drawn, as plain values."""
    own = {one.service: one for one in of_graph(graph)}
    guilty = graph.nodes[found.node].name if found.node is not None else None
    return {
        "finding": found.kind,
        "guilty": guilty,
        "caller": graph.nodes[found.edge.source].name if found.edge is not None else None,
        "services": [
            {
                "name": node.name,
                "type": node.type,
                **_plain(node.statistics),
                "own_seconds": figures(own[node.name, node.type].own),  # type: ignore[index]
                "inferred": node.inferred,
            }
            for node in graph.nodes
            if not node.client
        ],
        "calls": [
            {
                "from": graph.nodes[edge.source].name,
                "client": graph.nodes[edge.source].client,
                "to": graph.nodes[edge.target].name,
                "asynchronous": edge.asynchronous,
                **_plain(edge.statistics),
            }
            for edge in graph.edges
        ],
    }


def _plain(stats: Statistics) -> dict[str, Any]:
    return {
        "requests": stats.total,
        "ok": stats.ok,
        "error": stats.error,
        "throttle": stats.throttle,
        "fault": stats.fault,
        "average_seconds": figures(stats.average),
    }


def _tables(graph: ServiceGraph, found: Finding) -> list[str]:
    span = graph.end - graph.start
    rows = []
    for place, node in enumerate(graph.nodes):
        if node.client:
            continue
        stats = node.statistics
        mark = _TAGS.get(found.kind, "") if place == found.node else ""
        rows.append(
            [
                node.name, kind(node.type), f"{stats.total:,}", took(stats.average),
                _ended(stats) or "-", f"<- {mark}" if mark else "",
            ]
        )  # fmt: skip
    calls = []
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        mark = "<- lost between them" if edge is found.edge else ""
        calls.append(
            [
                "clients" if source.client else source.name, target.name,
                took(edge.statistics.average), rate(edge.statistics.total, span),
                _ended(edge.statistics) or "-", "later" if edge.asynchronous else mark,
            ]
        )  # fmt: skip
    tables = []
    if rows:
        tables.append(table(["service", "kind", "requests", "average", "not well", ""], rows))
    if calls:
        tables.append(table(["caller", "calls", "waits", "how often", "not well", ""], calls))
    return tables


def _ended(stats: Statistics) -> str:
    """``2 % failed, 31 % throttled``; empty when all went well."""
    words = {"fault": "failed", "throttle": "throttled", "error": "refused"}
    return ", ".join(
        f"{percent(stats.share(name))} {word}" for name, word in words.items() if stats.share(name)
    )


def under(graph: ServiceGraph) -> str:
    """The line below the title: from when to when."""
    if not graph.start or graph.end <= graph.start:
        return ""
    start, end = round(graph.start) * 1_000_000, round(graph.end) * 1_000_000
    return f"{day_text(start)} {clock_text(start)} to {clock_text(end)} UTC"


# -- how it looks -------------------------------------------------------------------------------
def ring(stats: Statistics) -> tuple[tuple[float, str], ...]:
    """The parts of a ring; what is there at all is seen."""
    if not stats.total:
        return ()
    parts = {
        name: stats.share(name) for name in ("fault", "throttle", "error") if stats.share(name)
    }
    shown = {name: max(part, 0.02) for name, part in parts.items()}
    rest = max(0.0, 1 - sum(shown.values()))
    found = [(part, ENDINGS[name][0]) for name, part in shown.items()]
    return (*found, (rest, ENDINGS["ok"][0]))


def radius(total: int, most: int) -> float:
    """A disc's size: its area follows the traffic."""
    return round(20 + 11 * (total / most) ** 0.5, 2) if most else 20.0


def _most(graph: ServiceGraph) -> int:
    return max((node.statistics.total for node in graph.nodes), default=0)


def _disc(graph: ServiceGraph, place: int, found: Finding) -> Disc:
    node = graph.nodes[place]
    if node.client:
        return Disc("", (("clients", theme.INK, True),), 20.0)
    stats = node.statistics
    lines: list[Words] = [(node.name, theme.INK, True), (kind(node.type), theme.MUTED, False)]
    for name, word in (("fault", "failed"), ("throttle", "throttled"), ("error", "refused")):
        if stats.share(name) >= _NAMED:
            loud = stats.share(name) >= _LOUD
            colour = ENDINGS[name][0] if loud else theme.MUTED
            lines.append((f"{percent(stats.share(name))} {word}", colour, loud))
    tag = _TAGS.get(found.kind, "") if place == found.node else ""
    size = radius(stats.total, _most(graph))
    inside = took(stats.average) if stats.total else ""
    if inside and size < 28:  # too small to write in it
        lines.insert(2, (inside, theme.INK, False))
        inside = ""
    return Disc(inside, tuple(lines), size, ring(stats), tag)


def _arrow(graph: ServiceGraph, edge: Edge, found: Finding) -> Arrow:
    stats = edge.statistics
    most = max((one.statistics.total for one in graph.edges), default=0) or 1
    bad = stats.share("fault", "throttle") >= _LOUD
    lines: list[Words] = []
    if stats.total:
        lines = [
            (took(stats.average), theme.INK, False),
            (rate(stats.total, graph.end - graph.start), theme.MUTED, False),
        ]
    lost = edge is found.edge
    return Arrow(
        edge.source, edge.target, round(1.2 + 3.2 * (stats.total / most) ** 0.5, 2),
        theme.ERRORS if bad or lost else QUIET, tuple(lines), edge.asynchronous,
        "lost here" if lost else "",
    )  # fmt: skip


def places(given: Given) -> dict[int, tuple[float, float, float]]:
    """Where the discs of a map are: middle and radius in pixels, by the node's place."""
    graph = as_graph(given)
    found = findings.find(graph)
    if not graph.nodes:
        return {}
    discs = [_disc(graph, place, found) for place in range(len(graph.nodes))]
    arrows = [_arrow(graph, edge, found) for edge in graph.edges]
    layout = _layout(_titles(sentence(graph, found)), discs, arrows)
    return {place: (x, y, discs[place].radius) for place, (x, y) in enumerate(layout.points)}


def _titles(title: str) -> list[str]:
    from labkit.views.sheet import WIDTH, wrap

    return wrap(title, WIDTH - 32, 15, True)


def _layout(titles: Sequence[str], discs: Sequence[Disc], arrows: Sequence[Arrow]) -> Layout:
    from labkit.views.sheet import WIDTH
    from labkit.xray.views.layout import layered

    pairs = [(arrow.source, arrow.target) for arrow in arrows]
    steps = [_STEP + 15.0 * len(disc.lines) + (44 if disc.tag else 0) for disc in discs]
    return layered(
        len(discs), pairs, left=66.0, right=WIDTH - 72.0, top=_top(titles) + 38, steps=steps
    )


def _top(titles: Sequence[str]) -> float:
    return 66 + 20.0 * len(titles)


def picture(
    title: str, discs: Sequence[Disc], arrows: Sequence[Arrow], below: str, words: str = ""
) -> str:
    """A map as SVG."""
    from labkit.views.sheet import draw
    from labkit.xray.views.mapsheet import key, paint

    titles = _titles(title)
    layout = _layout(titles, discs, arrows)
    fitted = _fitted(discs, layout)
    height = 40 + max(
        y + disc.radius + (26 if disc.tag else 15) + 15 * len(disc.lines)
        for disc, (_, y) in zip(fitted, layout.points, strict=True)
    )

    def draw_on(sheet: Sheet) -> None:
        for n, line in enumerate(titles):
            sheet.text(16, 27 + 20 * n, line, size=15, bold=True)
        y = 27 + 20.0 * len(titles) + 2
        if below:
            sheet.text(16, y, below, size=_SMALL, colour=theme.MUTED)
        paint(sheet, layout, fitted, arrows)
        told = words or "large disc: many requests; in it: how long one takes"
        key(sheet, 16, height - 14, told)

    return draw(height, draw_on, title)


def _fitted(discs: Sequence[Disc], layout: Layout) -> list[Disc]:
    """Names no wider than a layer."""
    from dataclasses import replace

    from labkit.views.sheet import fit

    columns = sorted({x for x, _ in layout.points})
    gaps = [b - a for a, b in itertools.pairwise(columns)]
    wide = max(120.0, min([*gaps, 400.0]) - 6)
    return [
        replace(disc, lines=tuple((fit(t, wide, _SMALL, b), c, b) for t, c, b in disc.lines))
        for disc in discs
    ]


__all__ = [
    "Given", "as_graph", "numbers", "picture", "places", "radius", "ring", "sentence",
    "service_map", "under",
]  # fmt: skip
