"""What a service graph says: which node is at fault, or where the time goes.

Faults and waits are inherited upstream: the entry point is red and slow whenever anybody behind it
is. So the guilty one is not the reddest but the one whose failures **its own calls do not
explain**, and not the slowest but the one whose time its calls do not explain.

1. A node's own failures are its faults and throttles without the failures of the calls that it
   makes. A node that sends no segments also has the errors (4xx) that its callers failed with.
   Calls that failed for their caller and not for the callee are **lost between** them.
2. Failures stand out from 3 % of the requests and 5 of them on (from a tenth of them when there are
   few). With a graph of usual times: when there are twice as many as usual. Of several places the
   one counts whose failures exceed 2 % by most, or one behind it that fails at least half as much.
3. Waits stand out when an average request, or one in twenty, takes a second or more; with a graph
   of usual times, when an average request takes half as long again as usual.

The numbers are ours: AWS's map draws rings and leaves the judgement to the reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from labkit.xray.engine.service_graph import Edge, Histogram, ServiceGraph, Statistics

FAILURES, SLOW, BETWEEN, CALM, EMPTY = "failures", "slow", "between", "calm", "empty"
_SHARE, _NOISE, _MANY, _LONG, _GROWN = 0.03, 0.02, 5, 1.0, 1.5


@dataclass(frozen=True, slots=True)
class Finding:
    """What stands out.

    Parameters
    ----------
    kind:
        ``failures``, ``slow``, ``between`` (a call takes longer than its callee says), ``calm`` or
        ``empty``.
    node:
        Place of the guilty node; of ``between`` the callee.
    edge:
        Of ``between``: the call.
    count, share:
        Failures that are the node's own: how many, and what part of its requests.
    seconds:
        How much of a customer's request is its own time, on average.
    customer:
        Seconds that a customer's request takes, on average.
    inherited:
        Places of the nodes that only pass its failures on.
    """

    kind: str
    node: int | None = None
    edge: Edge | None = None
    count: int = 0
    share: float = 0.0
    seconds: float = 0.0
    customer: float = 0.0
    inherited: tuple[int, ...] = ()


def find(graph: ServiceGraph, usual: ServiceGraph | None = None) -> Finding:
    """What stands out in a graph, against usual times when these are given."""
    customers = graph.customers
    if not any(not node.client for node in graph.nodes):
        return Finding(EMPTY)
    failing = _failing(graph, usual)
    if failing is not None:
        return failing
    slow = _slow(graph, usual, customers)
    return slow or Finding(CALM, customer=customers.average)


def own_failures(graph: ServiceGraph, place: int) -> int:
    """How many requests of a node failed on their own account."""
    node = graph.nodes[place]
    if node.client:
        return 0
    stats = node.statistics
    failed = stats.fault + stats.throttle
    explained = sum(
        edge.statistics.fault + edge.statistics.throttle + edge.statistics.error
        for edge in graph.out(place)
        if not edge.asynchronous
    )
    if node.inferred and stats.error:
        callers = sum(graph.nodes[edge.source].statistics.fault for edge in graph.into(place))
        failed += min(stats.error, max(0, callers - failed))
    return max(0, failed - explained)


def lost(graph: ServiceGraph, edge: Edge) -> int:
    """How many calls failed for the caller alone: the callee knows nothing of them."""
    node = graph.nodes[edge.target]
    if node.inferred or edge.asynchronous or graph.nodes[edge.source].client:
        return 0
    seen = edge.statistics
    calls = sum(one.statistics.total for one in graph.into(edge.target)) or 1
    known = (node.statistics.fault + node.statistics.throttle) * seen.total / calls
    return max(0, seen.fault + seen.throttle - ceil(known))


def _failing(graph: ServiceGraph, usual: ServiceGraph | None) -> Finding | None:
    """The place that fails most, or one behind it that fails nearly as much."""
    found: dict[int, tuple[float, Finding]] = {}
    for place, node in enumerate(graph.nodes):
        tried: list[tuple[Edge | None, int, int]] = [
            (None, own_failures(graph, place), node.statistics.total)
        ]
        tried += [(e, lost(graph, e), e.statistics.total) for e in graph.into(place)]
        for edge, count, total in tried:
            share = count / total if total else 0.0
            if share < _SHARE or count < max(1.0, min(_MANY, total / 10)):
                continue
            if share < 2 * _usual_share(graph, usual, place, edge):
                continue
            excess = count - _NOISE * total
            if place not in found or excess > found[place][0]:
                found[place] = excess, _failure(graph, place, edge, count, share)
    if not found:
        return None
    worst = max(found, key=lambda place: (found[place][0], -place))
    seen = {worst}
    while below := (_below(graph, worst) & set(found)) - seen:
        # Who stands between may hide a failure: a function that returns an error has not failed.
        last = max(below, key=lambda place: (found[place][0], -place))
        if found[last][0] < 0.5 * found[worst][0]:
            break
        worst = last
        seen.add(last)
    return found[worst][1]


def _failure(
    graph: ServiceGraph, place: int, edge: Edge | None, count: int, share: float
) -> Finding:
    each = 0.0 if edge is None else between(graph, edge) / (graph.customers.total or 1)
    inherited = _inherited(graph, place) if edge is None else ()
    kind = FAILURES if edge is None else BETWEEN
    return Finding(kind, place, edge, count, share, each, graph.customers.average, inherited)


def _below(graph: ServiceGraph, place: int) -> set[int]:
    """Nodes that one waits for, directly or not."""
    found: set[int] = set()
    todo = [place]
    while todo:
        for edge in graph.out(todo.pop()):
            if not edge.asynchronous and edge.target not in found and edge.target != place:
                found.add(edge.target)
                todo.append(edge.target)
    return found


def _usual_share(
    graph: ServiceGraph, usual: ServiceGraph | None, place: int, edge: Edge | None
) -> float:
    """What part of the same requests failed in usual times."""
    if usual is None:
        return 0.0
    node = graph.nodes[place]
    then = usual.find(node.name, node.type)
    if then is None:
        return 0.0
    if edge is None:
        return own_failures(usual, then) / max(1, usual.nodes[then].statistics.total)
    caller = graph.nodes[edge.source]
    for one in usual.into(then):
        source = usual.nodes[one.source]
        if (source.name, source.type) == (caller.name, caller.type):
            return lost(usual, one) / max(1, one.statistics.total)
    return 0.0


def _inherited(graph: ServiceGraph, place: int) -> tuple[int, ...]:
    """Nodes that wait for the guilty one, directly or not, and fail too, the nearest first."""
    found: list[int] = []
    todo, seen = [place], {place}
    while todo:
        for edge in graph.into(todo.pop(0)):
            node = graph.nodes[edge.source]
            if edge.source in seen or edge.asynchronous or node.client:
                continue
            seen.add(edge.source)
            todo.append(edge.source)
            if node.statistics.share("fault", "throttle") >= _SHARE / 2:
                found.append(edge.source)
    return tuple(found)


def _slow(graph: ServiceGraph, usual: ServiceGraph | None, customers: Statistics) -> Finding | None:
    if not customers.total:
        return None
    if usual is not None and usual.customers.total:
        if customers.average < _GROWN * usual.customers.average:
            return None
    elif customers.average < _LONG and late(_client_times(graph), 0.95) < _LONG:
        return None
    best: Finding | None = None
    awaited = graph.awaited
    for place, node in enumerate(graph.nodes):
        if node.client or place not in awaited:
            continue
        found: list[tuple[str, Edge | None, float]] = [(SLOW, None, _own(graph, place))]
        found += [
            (BETWEEN, edge, between(graph, edge))
            for edge in graph.into(place)
            if not graph.nodes[edge.source].client
        ]
        for kind, edge, seconds in found:
            each = seconds / customers.total - _usually(graph, usual, place, kind, edge)
            if best is None or each > best.seconds:
                best = Finding(kind, place, edge, seconds=each, customer=customers.average)
    grown = customers.average - (usual.customers.average if usual is not None else 0.0)
    return best if best is not None and best.seconds >= 0.4 * grown else None


def _usually(
    graph: ServiceGraph, usual: ServiceGraph | None, place: int, kind: str, edge: Edge | None
) -> float:
    """The same seconds of a customer's request, in usual times."""
    if usual is None or not usual.customers.total:
        return 0.0
    node = graph.nodes[place]
    then = usual.find(node.name, node.type)
    if then is None:
        return 0.0
    if kind == SLOW or edge is None:
        return _own(usual, then) / usual.customers.total
    caller = graph.nodes[edge.source]
    source = usual.find(caller.name, caller.type)
    seconds = sum(between(usual, one) for one in usual.into(then) if one.source == source)
    return seconds / usual.customers.total


def _own(graph: ServiceGraph, place: int) -> float:
    out = sum(e.statistics.seconds for e in graph.out(place) if not e.asynchronous)
    return max(0.0, graph.nodes[place].statistics.seconds - out)


def between(graph: ServiceGraph, edge: Edge) -> float:
    """Seconds that callers waited beyond what the callee says; 0 where only they tell of it."""
    node = graph.nodes[edge.target]
    if node.inferred or edge.asynchronous:
        return 0.0
    return max(0.0, edge.statistics.seconds - edge.statistics.total * node.statistics.average)


def _client_times(graph: ServiceGraph) -> Histogram:
    found: dict[float, int] = {}
    for edge in graph.edges:
        if graph.nodes[edge.source].client:
            for value, count in edge.times:
                found[value] = found.get(value, 0) + count
    return tuple(sorted(found.items()))


def late(times: Histogram, share: float) -> float:
    """The time within which this share of the requests was answered; 0 for none."""
    total = sum(count for _, count in times)
    seen = 0
    for value, count in times:
        seen += count
        if seen >= share * total:
            return value
    return 0.0


__all__ = [
    "BETWEEN", "CALM", "EMPTY", "FAILURES", "SLOW", "Finding", "between", "find", "late", "lost",
    "own_failures",
]  # fmt: skip
