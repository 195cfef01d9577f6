"""The service graphs of a lab: one for each account and Region, brought up to date when asked.

The graph itself (:mod:`labkit.xray.engine.graph`) knows no store: here it is told which traces
have changed since it looked last, and which belong to a group.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labkit.core.clock import MINUTE

if TYPE_CHECKING:
    from labkit.xray.engine.graph import Graph
    from labkit.xray.engine.service_graph import ServiceGraph
    from labkit.xray.engine.trace import Trace
    from labkit.xray.records import Group
    from labkit.xray.store import XRayStore

#: What a request sets off may begin later than the request: so much earlier ones are looked at too.
_BEFORE = 5 * MINUTE


class Graphs:
    """Service graphs, by account and Region."""

    def __init__(self) -> None:
        self._graphs: dict[tuple[str, str], Graph] = {}

    def of(self, store: XRayStore, start_us: int, end_us: int) -> Graph:
        """The graph of an account and Region, up to date for [start, end)."""
        from labkit.xray.engine.graph import Graph

        store.pull(start_us - _BEFORE, end_us)
        store.prune()
        place = store.account, store.region
        graph = self._graphs.get(place)
        if graph is None:
            graph = self._graphs[place] = Graph(store.trace)
        if store.touched:
            changed = list(store.touched)
            store.touched.clear()
            graph.update(changed)
        return graph

    def services(
        self, store: XRayStore, start_us: int, end_us: int, group: Group | None = None
    ) -> ServiceGraph:
        """The service graph of [start, end), of a group's traces when one is given."""
        graph = self.of(store, start_us, end_us)
        return graph.graph(start_us, end_us, self.among(store, graph, start_us, end_us, group))

    def among(
        self, store: XRayStore, graph: Graph, start_us: int, end_us: int, group: Group | None
    ) -> Any:
        """Which traces are a group's, as the graph takes it; None for all of them.

        A group's expression applies to traces since it was set.
        """
        if group is None or not (group.filter_expression or group.since_us):
            return None
        key = f"{group.since_us} {group.filter_expression}"
        return graph.among(key, _test(store, group), start_us, end_us)


def _test(store: XRayStore, group: Group) -> Callable[[Trace], bool]:
    from labkit.xray.filtering import groups, read

    wanted = read(group.filter_expression) if group.filter_expression else None
    known = groups(store)

    def belongs(trace: Trace) -> bool:
        if store.time_us(trace.id) < group.since_us:
            return False
        return wanted is None or wanted.matches(trace, known, store.account)

    return belongs
