"""The service graph as values: services, who calls whom, how often and how it ended.

The same values are read back from what ``get_service_graph`` answers (:func:`read`), so that a view
of a lab and a view of a response are one. Of a request that ended in several ways at once one
counts: a fault before a throttle, a throttle before another error (an approximation: AWS does not
say how it counts a segment with ``error`` and ``fault``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from labkit.core.clock import to_datetime, to_us

#: The type of the node that stands for those who call from outside.
CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Statistics:
    """How requests ended.

    Parameters
    ----------
    ok, error, throttle, fault:
        How many: without a fault, 4xx without 429, 429, 5xx.
    seconds:
        The sum of their response times.
    """

    ok: int = 0
    error: int = 0
    throttle: int = 0
    fault: int = 0
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """All requests."""
        return self.ok + self.error + self.throttle + self.fault

    @property
    def average(self) -> float:
        """Seconds that one took on average; 0 when there was none."""
        return self.seconds / self.total if self.total else 0.0

    def share(self, *names: str) -> float:
        """What part of them ended so: ``share("fault", "throttle")``."""
        found: int = sum(getattr(self, name) for name in names)
        return found / self.total if self.total else 0.0

    def __add__(self, other: Statistics) -> Statistics:
        return Statistics(
            self.ok + other.ok,
            self.error + other.error,
            self.throttle + other.throttle,
            self.fault + other.fault,
            self.seconds + other.seconds,
        )

    def response(self) -> dict[str, Any]:
        """As ``SummaryStatistics`` of the API."""
        return {
            "OkCount": self.ok,
            "ErrorStatistics": {
                "ThrottleCount": self.throttle,
                "OtherCount": self.error,
                "TotalCount": self.throttle + self.error,
            },
            "FaultStatistics": {"OtherCount": self.fault, "TotalCount": self.fault},
            "TotalCount": self.total,
            "TotalResponseTime": round(self.seconds, 6),
        }


#: Response times: (seconds, how many), ascending.
Histogram = tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """Who calls whom: places of the two nodes in :attr:`ServiceGraph.nodes`.

    Parameters
    ----------
    source, target:
        The caller and the callee.
    statistics, times:
        As the caller sees it.
    aliases:
        Names under which the caller knows the callee.
    asynchronous:
        The callee took it up later, on its own: ``EdgeType`` is ``link``.
    ages:
        Of an asynchronous edge: seconds that events were old when they were received.
    start, end:
        Seconds since the epoch, of the first and the last call.
    """

    source: int
    target: int
    statistics: Statistics = field(default_factory=Statistics)
    times: Histogram = ()
    aliases: tuple[str, ...] = ()
    asynchronous: bool = False
    ages: Histogram = ()
    start: float = 0.0
    end: float = 0.0


@dataclass(frozen=True, slots=True)
class Node:
    """A service.

    Parameters
    ----------
    name, type:
        Who it is: type ``client`` for callers from outside.
    statistics:
        As it sees its own requests; of an inferred one as its callers see them.
    durations:
        From a request's beginning until all work for it was done.
    times:
        Until it was answered.
    root:
        Requests come in here.
    inferred:
        It sends no segments itself.
    account:
        Twelve digits; empty when unknown.
    """

    name: str
    type: str = ""
    statistics: Statistics = field(default_factory=Statistics)
    durations: Histogram = ()
    times: Histogram = ()
    root: bool = False
    inferred: bool = False
    account: str = ""
    start: float = 0.0
    end: float = 0.0

    @property
    def client(self) -> bool:
        """Whether it stands for callers from outside."""
        return self.type == CLIENT


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """A service graph of a stretch of time.

    Parameters
    ----------
    nodes, edges:
        Edges name nodes by their place.
    start, end:
        The stretch, seconds since the epoch.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    start: float = 0.0
    end: float = 0.0

    def out(self, place: int) -> list[Edge]:
        """Calls that a node makes."""
        return [edge for edge in self.edges if edge.source == place]

    def into(self, place: int) -> list[Edge]:
        """Calls that come to a node."""
        return [edge for edge in self.edges if edge.target == place]

    def find(self, name: str, type: str | None = None) -> int | None:
        """The place of a service; of several of that name the one that is no client."""
        found = [
            place
            for place, node in enumerate(self.nodes)
            if node.name == name and (type is None or node.type == type)
        ]
        return min(found, key=lambda place: (self.nodes[place].client, place), default=None)

    @property
    def awaited(self) -> set[int]:
        """Places of the nodes that somebody outside waits for: not only reached later."""
        into = {edge.target for edge in self.edges}
        todo = [
            place
            for place, node in enumerate(self.nodes)
            if node.client or node.root or place not in into
        ]
        found = set(todo)
        while todo:
            for edge in self.out(todo.pop()):
                if not edge.asynchronous and edge.target not in found:
                    found.add(edge.target)
                    todo.append(edge.target)
        return found

    @property
    def customers(self) -> Statistics:
        """What those saw who call from outside."""
        total = Statistics()
        for edge in self.edges:
            if self.nodes[edge.source].client:
                total += edge.statistics
        return total

    def response(self, account: str = "") -> list[dict[str, Any]]:
        """``Services`` as the API answers them; ``account`` is that of segments that name none."""
        return [self._service(place, node, account) for place, node in enumerate(self.nodes)]

    def _service(self, place: int, node: Node, account: str) -> dict[str, Any]:
        found: dict[str, Any] = {"ReferenceId": place, "Name": node.name, "Names": [node.name]}
        if node.root:
            found["Root"] = True
        owner = node.account or ("" if node.inferred or node.client else account)
        if owner:
            found["AccountId"] = owner
        if node.type:
            found["Type"] = node.type
        found["State"] = "unknown" if node.inferred or node.client else "active"
        found["StartTime"], found["EndTime"] = _moment(node.start), _moment(node.end)
        found["Edges"] = [self._edge(edge) for edge in self.out(place)]
        if not node.client:
            found["SummaryStatistics"] = node.statistics.response()
            found["DurationHistogram"] = _histogram(node.durations)
            found["ResponseTimeHistogram"] = _histogram(node.times)
        return found

    def _edge(self, edge: Edge) -> dict[str, Any]:
        target = self.nodes[edge.target]
        found: dict[str, Any] = {
            "ReferenceId": edge.target,
            "StartTime": _moment(edge.start),
            "EndTime": _moment(edge.end),
            "SummaryStatistics": edge.statistics.response(),
            "ResponseTimeHistogram": _histogram(edge.times),
            "Aliases": [
                {"Name": name, "Names": [name], "Type": target.type} for name in edge.aliases
            ],
        }
        if edge.asynchronous:
            found["EdgeType"] = "link"
            found["ReceivedEventAgeHistogram"] = _histogram(edge.ages)
        return found


def _moment(seconds: float) -> Any:
    return to_datetime(round(seconds * 1_000_000))


def _histogram(times: Histogram) -> list[dict[str, Any]]:
    return [{"Value": value, "Count": count} for value, count in times]


def read(response: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> ServiceGraph:
    """The graph that ``get_service_graph``, ``get_trace_graph`` or their ``Services`` tell.

    Pages of a long answer are given together: ``read(a["Services"] + b["Services"])``.
    """
    whole = response if isinstance(response, Mapping) else {"Services": list(response)}
    services = list(whole.get("Services") or ())
    places = {one["ReferenceId"]: place for place, one in enumerate(services)}
    nodes, edges = [], []
    for one in services:
        nodes.append(
            Node(
                one.get("Name", ""), one.get("Type", ""),
                _statistics(one.get("SummaryStatistics") or {}),
                _times(one.get("DurationHistogram")), _times(one.get("ResponseTimeHistogram")),
                bool(one.get("Root")), one.get("State") == "unknown",
                one.get("AccountId", ""), _seconds(one.get("StartTime")),
                _seconds(one.get("EndTime")),
            )
        )  # fmt: skip
        for edge in one.get("Edges") or ():
            if edge["ReferenceId"] not in places:
                continue
            edges.append(
                Edge(
                    places[one["ReferenceId"]], places[edge["ReferenceId"]],
                    _statistics(edge.get("SummaryStatistics") or {}),
                    _times(edge.get("ResponseTimeHistogram")),
                    tuple(alias["Name"] for alias in edge.get("Aliases") or ()),
                    edge.get("EdgeType") == "link",
                    _times(edge.get("ReceivedEventAgeHistogram")),
                    _seconds(edge.get("StartTime")), _seconds(edge.get("EndTime")),
                )
            )  # fmt: skip
    start = _seconds(whole.get("StartTime")) or min((n.start for n in nodes), default=0.0)
    end = _seconds(whole.get("EndTime")) or max((n.end for n in nodes), default=0.0)
    return ServiceGraph(tuple(nodes), tuple(edges), start, end)


def folded(graph: ServiceGraph) -> ServiceGraph:
    """The graph as a reader sees it: clients as one, calls drawn to whom they were meant for.

    X-Ray has a node of clients for each service at which requests come in. And a call that gets no
    connection is answered by nobody: X-Ray infers a second node of the callee's name, of type
    ``remote``. To a reader both are one service; the failed calls stay on the edge.
    """
    own = {node.name: n for n, node in enumerate(graph.nodes) if not (node.inferred or node.client)}
    twins = {
        n: own[node.name]
        for n, node in enumerate(graph.nodes)
        if node.type == "remote" and node.inferred and node.name in own
    }
    clients = [n for n, node in enumerate(graph.nodes) if node.client]
    twins |= {n: clients[0] for n in clients[1:]}
    if not twins:
        return graph
    kept = [n for n in range(len(graph.nodes)) if n not in twins]
    places = {n: place for place, n in enumerate(kept)}
    edges: dict[tuple[int, int, bool], Edge] = {}
    for edge in graph.edges:
        source = places[twins.get(edge.source, edge.source)]
        target = places[twins.get(edge.target, edge.target)]
        one = replace(edge, source=source, target=target)
        known = edges.get((source, target, edge.asynchronous))
        if known is not None:
            one = replace(
                known,
                statistics=known.statistics + one.statistics,
                times=_together(known.times, one.times),
                start=min(known.start, one.start),
                end=max(known.end, one.end),
            )
        edges[source, target, edge.asynchronous] = one
    nodes = tuple(graph.nodes[n] for n in kept)
    return ServiceGraph(nodes, tuple(edges.values()), graph.start, graph.end)


def _together(one: Histogram, other: Histogram) -> Histogram:
    found: dict[float, int] = {}
    for value, count in (*one, *other):
        found[value] = found.get(value, 0) + count
    return tuple(sorted(found.items()))


def _statistics(told: Mapping[str, Any]) -> Statistics:
    errors, faults = told.get("ErrorStatistics") or {}, told.get("FaultStatistics") or {}
    return Statistics(
        int(told.get("OkCount", 0)),
        int(errors.get("OtherCount", 0)),
        int(errors.get("ThrottleCount", 0)),
        int(faults.get("TotalCount", 0)),
        float(told.get("TotalResponseTime", 0.0)),
    )


def _times(told: Iterable[Mapping[str, Any]] | None) -> Histogram:
    return tuple(sorted((float(one["Value"]), int(one["Count"])) for one in told or ()))


def _seconds(moment: Any) -> float:
    if moment is None:
        return 0.0
    return float(moment) if isinstance(moment, int | float) else to_us(moment) / 1_000_000


__all__ = ["CLIENT", "Edge", "Histogram", "Node", "ServiceGraph", "Statistics", "folded", "read"]
