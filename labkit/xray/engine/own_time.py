"""Whose time it is: what part of a wait is a service's own, and what it waits for others itself.

Of a segment its **own** time is what is left when every call that it makes is taken out; calls at
the same time are counted once (the union of their intervals). What a caller waits for a call beyond
what the callee says of itself lies **between** them: connections, queues, retries, the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labkit.xray.engine.service_graph import ServiceGraph, folded
from labkit.xray.engine.trace import Service, Span, Trace, service_of


@dataclass(slots=True)
class OwnTime:
    """The time of one service, sums over its requests, in seconds.

    Parameters
    ----------
    service:
        Who.
    requests:
        How many were counted: those that have ended.
    total:
        From request to answer.
    own:
        The part in which it waited for nobody.
    between:
        What its callers waited for it beyond ``total``.
    inferred:
        Only callers tell of it: what lies between is in ``own``.
    later:
        Nobody outside waits for it: it begins when the request has been answered.
    """

    service: Service
    requests: int = 0
    total: float = 0.0
    own: float = 0.0
    between: float = 0.0
    inferred: bool = False
    later: bool = False

    @property
    def waiting(self) -> float:
        """The part in which it waited for others."""
        return self.total - self.own


def covered(intervals: Iterable[tuple[float, float]], start: float, end: float) -> float:
    """Seconds of [start, end] that the intervals cover together.

    >>> covered([(1, 3), (2, 4), (6, 9)], 0, 8)
    5.0
    """
    seconds, reached = 0.0, start
    for first, last in sorted(intervals):
        first, last = max(first, reached), min(last, end)
        if last > first:
            seconds += last - first
            reached = last
    return seconds


def calls_of(span: Span) -> list[Span]:
    """The subsegments of a segment that are calls to others."""
    return [
        part
        for part in span.own()
        if part is not span
        and (
            part.namespace in ("aws", "remote")
            or any(c.kind != "subsegment" for c in part.children)
        )
    ]


def own_seconds(span: Span) -> float:
    """Seconds of a segment that are its own; 0 while it is in progress."""
    if span.end is None:
        return 0.0
    # Lambda, the service, has its function's segment below it with no subsegment between them.
    called = [*calls_of(span), *(one for one in span.children if one.kind != "subsegment")]
    waits = [(call.start, call.end) for call in called if call.end is not None]
    return span.duration - covered(waits, span.start, span.end)


def own_times(traces: Iterable[Trace]) -> list[OwnTime]:
    """Own times of every service, exact, the one with the most own time first."""
    found: dict[Service, OwnTime] = {}
    for trace in traces:
        for span in trace.segments:
            if span.end is None:
                continue
            service = service_of(span)
            one = found.get(service) or found.setdefault(
                service, OwnTime(service, inferred=True, later=True)
            )
            one.requests += 1
            one.total += span.duration
            one.own += own_seconds(span)
            if span.kind == "segment":
                one.inferred = False
            if trace.root is None or span.start < (trace.root.end or span.end):
                one.later = False
            call = span.parent
            if call is None or call.kind != "subsegment" or call.end is None:
                continue
            if span.start < call.end:  # one that was taken up later kept nobody waiting
                one.between += max(0.0, call.duration - span.duration)
    return ordered(_folded(found.values()))


def _folded(found: Iterable[OwnTime]) -> list[OwnTime]:
    """Calls that never arrived (see ``folded`` of the service graph) were lost on the way."""
    every = list(found)
    own = {one.service.name: one for one in every if not one.inferred}
    kept = []
    for one in every:
        twin = own.get(one.service.name)
        if twin is not None and one.inferred and one.service.type == "remote":
            twin.between += one.total
        else:
            kept.append(one)
    return kept


def of_graph(graph: ServiceGraph) -> list[OwnTime]:
    """The same from sums alone: edges in minus edges out.

    Calls made at the same time are counted each here, so a service that calls several at once
    appears to have less time of its own than it has: traces tell more (:func:`own_times`).
    """
    graph = folded(graph)
    found, awaited = [], graph.awaited
    for place, node in enumerate(graph.nodes):
        if node.client:
            continue
        waited = [edge for edge in graph.into(place) if not edge.asynchronous]
        total = node.statistics.seconds
        if node.inferred and not node.statistics.total:
            total = sum(edge.statistics.seconds for edge in waited)
        out = sum(e.statistics.seconds for e in graph.out(place) if not e.asynchronous)
        between = sum(
            max(0.0, e.statistics.seconds - e.statistics.total * node.statistics.average)
            for e in waited
            if not graph.nodes[e.source].client
        )
        found.append(
            OwnTime(
                Service(node.name, node.type), node.statistics.total, total,
                max(0.0, total - out), 0.0 if node.inferred else between, node.inferred,
                place not in awaited,
            )
        )  # fmt: skip
    return ordered(found)


def ordered(found: Iterable[OwnTime]) -> list[OwnTime]:
    """The one with the most time of its own first; those that nobody waits for at the end."""
    return sorted(found, key=lambda one: (one.later, -round(one.own + one.between, 6), one.service))


def longest_gap(span: Span) -> tuple[float, float] | None:
    """The longest stretch of a segment that none of its subsegments covers, if it has any."""
    if span.end is None:
        return None
    parts: Sequence[Span] = [part for part in span.own() if part is not span]
    if not parts:
        return None
    reached, best = span.start, (0.0, 0.0)
    for part in sorted(parts, key=lambda one: one.start):
        if part.start - reached > best[1] - best[0]:
            best = (reached, min(part.start, span.end))
        if part.end is not None:
            reached = max(reached, part.end)
    if span.end - reached > best[1] - best[0]:
        best = (reached, span.end)
    return best if best[1] > best[0] else None


__all__ = [
    "OwnTime", "calls_of", "covered", "longest_gap", "of_graph", "ordered", "own_seconds",
    "own_times",
]  # fmt: skip
