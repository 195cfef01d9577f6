"""Two service maps as one: what has changed from the one time to the other.

What takes at least half as long again is drawn thick and red, what became faster green; all that
stayed as it was steps back. The same numbers stand on both sides of each arrow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from labkit.views import theme
from labkit.views.drawing import Drawing
from labkit.views.text import table
from labkit.views.wording import figures
from labkit.xray.engine import finding as findings
from labkit.xray.engine.finding import Finding
from labkit.xray.engine.service_graph import Edge, Node, ServiceGraph, Statistics
from labkit.xray.views.mapsheet import ENDINGS, QUIET, Arrow, Disc, Words
from labkit.xray.views.service_map import Given, as_graph, picture, radius, ring, under
from labkit.xray.views.words import called, kind, percent, took

_GROWN, _SHRUNK = 1.5, 1 / 1.5
#: Below this many seconds a change of times is none.
_LITTLE = 0.005
_BETTER = ENDINGS["ok"][0]


def map_change(before: Given, after: Given) -> Drawing:
    """What has changed between two service graphs.

    Parameters
    ----------
    before, after:
        Graphs, or what ``get_service_graph`` answered: of stretches that may differ in length.
    """
    old, new = as_graph(before), as_graph(after)
    whole = _union(old, new)
    found = findings.find(new, old)
    title = _title(old, new, found)
    if not whole.nodes:
        return Drawing(title, title, {"services": [], "calls": []}, body=f"<div>{title}</div>")
    services = [_service(old, new, node) for node in whole.nodes if not node.client]
    calls = [_call(old, new, whole, edge) for edge in whole.edges]
    rows = [
        [
            one["name"], _both(one["before_seconds"], one["after_seconds"]),
            _shares(one["before_failed"], one["after_failed"]), one["change"],
        ]
        for one in services
    ]  # fmt: skip
    text = "\n".join([title, table(["service", "average", "failed or throttled", "change"], rows)])
    guilty = new.nodes[found.node] if found.node is not None else None
    most = max((node.statistics.total for node in whole.nodes), default=0)
    discs = [_disc(old, new, node, guilty, found, most) for node in whole.nodes]
    arrows = [_arrow(edge, told) for edge, told in zip(whole.edges, calls, strict=True)]
    data = {"finding": found.kind, "guilty": guilty.name if guilty else None,
            "services": services, "calls": calls}  # fmt: skip
    below = " against ".join(text for text in (under(new), under(old)) if text)
    words = "thick red: takes longer than before; green: less"
    return Drawing(title, text, data, svg=picture(title, discs, arrows, below, words))


def _union(old: ServiceGraph, new: ServiceGraph) -> ServiceGraph:
    """The later graph with what only the earlier one has behind it, without its figures."""
    nodes: list[Node] = list(new.nodes)
    places: dict[int, int] = {}
    for place, node in enumerate(old.nodes):
        there = new.find(node.name, node.type)
        if there is None:
            nodes.append(replace(node, statistics=Statistics()))
            there = len(nodes) - 1
        places[place] = there
    edges = list(new.edges)
    known = {(edge.source, edge.target) for edge in edges}
    for edge in old.edges:
        pair = places[edge.source], places[edge.target]
        if pair not in known:
            edges.append(replace(edge, source=pair[0], target=pair[1], statistics=Statistics()))
    return ServiceGraph(tuple(nodes), tuple(edges), new.start, new.end)


def _stats(graph: ServiceGraph, node: Node) -> Statistics | None:
    place = graph.find(node.name, node.type)
    return None if place is None else graph.nodes[place].statistics


def _edge_stats(graph: ServiceGraph, source: Node, target: Node) -> Statistics | None:
    a, b = graph.find(source.name, source.type), graph.find(target.name, target.type)
    for edge in graph.edges:
        if (edge.source, edge.target) == (a, b):
            return edge.statistics
    return None


def _change(old: Statistics | None, new: Statistics | None) -> str:
    """``new``, ``gone``, ``slower``, ``faster``, ``failing`` or nothing."""
    if old is None or not old.total:
        return "new" if new is not None and new.total else ""
    if new is None or not new.total:
        return "gone"
    then, now = old.share("fault", "throttle"), new.share("fault", "throttle")
    if now >= 0.02 and now > 2 * then:
        return "failing"
    if abs(new.average - old.average) < _LITTLE:
        return ""
    if new.average >= _GROWN * old.average:
        return "slower"
    return "faster" if new.average <= _SHRUNK * old.average else ""


def _plain(old: Statistics | None, new: Statistics | None) -> dict[str, Any]:
    return {
        "change": _change(old, new),
        "before_seconds": figures(old.average) if old is not None and old.total else None,
        "after_seconds": figures(new.average) if new is not None and new.total else None,
        "before_failed": figures(old.share("fault", "throttle")) if old is not None else None,
        "after_failed": figures(new.share("fault", "throttle")) if new is not None else None,
    }


def _service(old: ServiceGraph, new: ServiceGraph, node: Node) -> dict[str, Any]:
    return {"name": node.name, "type": node.type, **_plain(_stats(old, node), _stats(new, node))}


def _call(old: ServiceGraph, new: ServiceGraph, whole: ServiceGraph, edge: Edge) -> dict[str, Any]:
    source, target = whole.nodes[edge.source], whole.nodes[edge.target]
    told = _plain(_edge_stats(old, source, target), _edge_stats(new, source, target))
    return {"from": source.name, "client": source.client, "to": target.name, **told}


def _both(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return took(after if after is not None else before or 0.0)
    if abs(before - after) < max(_LITTLE, 0.1 * before) or took(before) == took(after):
        return took(after)
    return f"{took(before)} \u2192 {took(after)}"


def _shares(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return percent(after if after is not None else before or 0.0)
    a, b = percent(before), percent(after)
    return b if a == b else f"{a} \u2192 {b}"


def _title(old: ServiceGraph, new: ServiceGraph, found: Finding) -> str:
    if not new.nodes and not old.nodes:
        return "No request was traced in either time."
    if not new.nodes:
        return "No request was traced any more."
    if found.node is not None:
        node = new.nodes[found.node]
        then = _stats(old, node)
        name = called(node)
        name = name[0].upper() + name[1:] if name.startswith("the ") else name
        if found.kind == findings.FAILURES:
            before = then.share("fault", "throttle") if then is not None else 0.0
            verb = "throttles" if node.statistics.throttle > node.statistics.fault else "fails"
            return (
                f"{name} {verb} {percent(found.share)} of its requests; before {percent(before)}."
            )
        customers = f"a request takes {took(new.customers.average)} instead of " + took(
            old.customers.average
        )
        if found.kind == findings.BETWEEN and found.edge is not None:
            source = new.nodes[found.edge.source].name
            if found.count:
                return (
                    f"{percent(found.share)} of {source}'s calls to {node.name} never get there "
                    f"any more; {customers}."
                )
            return f"{source} waits longer for {called(node)} than that takes; {customers}."
        if then is not None and then.total:
            return (
                f"{name} takes {took(node.statistics.average)} instead of {took(then.average)}; "
                f"{customers}."
            )
        return f"{name} is new and slow; {customers}."
    changed = [
        f"{node.name} is {change}"
        for node in _union(old, new).nodes
        if not node.client
        for change in [_change(_stats(old, node), _stats(new, node))]
        if change in ("new", "gone")
    ]
    return f"{'; '.join(changed)}." if changed else "Nothing has changed much."


def _disc(
    old: ServiceGraph, new: ServiceGraph, node: Node, guilty: Node | None, found: Finding, most: int
) -> Disc:
    if node.client:
        return Disc("", (("clients", theme.INK, True),), 20.0)
    then, now = _stats(old, node), _stats(new, node)
    told = _plain(then, now)
    lines: list[Words] = [(node.name, theme.INK, True), (kind(node.type), theme.MUTED, False)]
    shown = _both(told["before_seconds"], told["after_seconds"])
    colour = theme.ERRORS if told["change"] == "slower" else (
        _BETTER if told["change"] == "faster" else theme.MUTED
    )  # fmt: skip
    lines.append((shown, colour, told["change"] == "slower"))
    if told["change"] == "failing":
        lines.append((f"{percent(told['after_failed'] or 0.0)} failed", theme.ERRORS, True))
        lines.append((f"before {percent(told['before_failed'] or 0.0)}", theme.MUTED, False))
    if told["change"] in ("new", "gone"):
        lines.append((told["change"], theme.INCIDENT_INK, True))
    tag = ""
    if guilty is not None and (node.name, node.type) == (guilty.name, guilty.type):
        tag = {"failures": "at fault", "slow": "this has changed"}.get(found.kind, "")
    stats = now if now is not None else Statistics()
    rings = ring(stats) if told["change"] == "failing" or not stats.total else ((1.0, QUIET),)
    return Disc("", tuple(lines), radius(stats.total, most), rings, tag)


def _arrow(edge: Edge, told: dict[str, Any]) -> Arrow:
    change = told["change"]
    width, colour = 1.4, QUIET
    if change in ("slower", "failing"):
        before, after = told["before_seconds"] or 0.0, told["after_seconds"] or 0.0
        times = after / before if before else 8.0
        width, colour = min(6.0, 2.4 + 0.4 * times), theme.ERRORS
    elif change == "faster":
        colour = _BETTER
    shown = _both(told["before_seconds"], told["after_seconds"])
    bold = change in ("slower", "failing")
    ink = theme.INK if bold else theme.MUTED
    lines: list[Words] = [(part, ink, bold) for part in shown.split(" \u2192 ")]
    if len(lines) == 2:
        lines = [(f"{lines[0][0]} \u2192", theme.MUTED, False), lines[1]]
    dashed = edge.asynchronous or change == "gone"
    return Arrow(edge.source, edge.target, round(width, 2), colour, tuple(lines), dashed)


__all__ = ["map_change"]
