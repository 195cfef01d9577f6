"""The pictures of a lab's X-Ray: one line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labkit.core.clock import HOUR, MINUTE
from labkit.core.errors import LabError
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.views.drawing import Drawing
    from labkit.xray.engine.service_graph import ServiceGraph
    from labkit.xray.engine.trace import Trace
    from labkit.xray.graphs import Graphs
    from labkit.xray.records import Group
    from labkit.xray.store import XRayStore
    from labkit.xray.views.map_widget import Explorer

#: An instant: an aware datetime, or an ISO text.
Moment = Any


class Pictures:
    """Views of traces and of the service graph, read past the API.

    ``start`` and ``end`` are aware datetimes or ISO texts: the last hour when left out. ``group``
    is the name of one of the account's groups. Account and Region are the lab's own.
    """

    world: World
    account: str
    region: str
    graphs: Graphs

    def store(self, account: str, region: str) -> XRayStore:
        """What is remembered for an account and Region."""
        raise NotImplementedError

    def members(
        self, store: XRayStore, group: Group | None, traces: Sequence[Trace]
    ) -> list[Trace]:
        """Those of some traces that belong to a group."""
        raise NotImplementedError

    # -- values
    def service_graph(
        self, start: Moment = None, end: Moment = None, group: str | None = None
    ) -> ServiceGraph:
        """The service graph as a value: what :meth:`service_map` draws."""
        start_us, end_us = self._span(start, end)
        store = self.store(self.account, self.region)
        return self.graphs.services(store, start_us, end_us, self._group(group))

    def traces(
        self, start: Moment = None, end: Moment = None, group: str | None = None
    ) -> list[Trace]:
        """Traces as values, the newest first."""
        start_us, end_us = self._span(start, end)
        store = self.store(self.account, self.region)
        return self.members(store, self._group(group), store.traces(start_us, end_us - 1))

    # -- pictures
    def service_map(
        self,
        start: Moment = None,
        end: Moment = None,
        group: str | None = None,
        *,
        usual: tuple[Moment, Moment] | None = None,
    ) -> Drawing:
        """Who calls whom, how fast, how it ended, and who is at fault.

        Parameters
        ----------
        start, end, group:
            See :class:`Pictures`.
        usual:
            From and to of a usual time: what was so then does not stand out.
        """
        from labkit.xray.views.service_map import service_map

        then = None if usual is None else self.service_graph(*usual, group)
        return service_map(self.service_graph(start, end, group), then)

    def map_change(
        self,
        before: tuple[Moment, Moment],
        after: tuple[Moment, Moment],
        group: str | None = None,
    ) -> Drawing:
        """Two maps as one: what is slower, fails, is new or gone; each (start, end)."""
        from labkit.xray.views.map_change import map_change

        return map_change(self.service_graph(*before, group), self.service_graph(*after, group))

    def waterfall(self, trace_id: str) -> Drawing:
        """One trace: who worked when, who waited, where nobody records anything.

        Raises
        ------
        LabError
            When there is no such trace.
        """
        from labkit.xray.views.waterfall import waterfall

        trace = self.store(self.account, self.region).trace(trace_id)
        if trace is None:
            raise LabError(f"there is no trace {trace_id}: sampled out, expired, or not arrived")
        return waterfall(trace)

    def histogram(
        self,
        service: str,
        start: Moment = None,
        end: Moment = None,
        group: str | None = None,
        *,
        caller: str | None = None,
    ) -> Drawing:
        """Response times of a service by its name; with ``caller`` as that one sees them.

        Raises
        ------
        LabError
            When nobody of that name was seen.
        """
        from labkit.xray.views.histogram import histogram

        graph = self.service_graph(start, end, group)
        place = self._place(graph, service)
        if caller is None:
            return histogram(graph.nodes[place])
        source = self._place(graph, caller)
        times: dict[float, int] = {}
        for edge in graph.into(place):
            if edge.source == source:
                for value, count in edge.times:
                    times[value] = times.get(value, 0) + count
        return histogram(tuple(sorted(times.items())), f"{service}, as {caller} sees it")

    def affected(
        self,
        filter_expression: str = "",
        start: Moment = None,
        end: Moment = None,
        group: str | None = None,
    ) -> Drawing:
        """Users and annotations of the requests that were hit, against all others.

        Parameters
        ----------
        filter_expression:
            Which were hit (``service("checkout") { fault }``); left out: those in which anything
            failed or was throttled.
        start, end, group:
            See :class:`Pictures`.
        """
        from labkit.xray.filtering import groups, read
        from labkit.xray.views.affected import affected

        traces = self.traces(start, end, group)
        if not filter_expression:
            return affected(traces)
        store = self.store(self.account, self.region)
        hit = read(filter_expression).select(traces, groups(store), store.account)
        return affected(traces, {one.id for one in hit}, what=f"match {filter_expression}")

    def bottlenecks(
        self, start: Moment = None, end: Moment = None, group: str | None = None
    ) -> Drawing:
        """What part of a request's time is each service's own."""
        from labkit.xray.views.bottlenecks import bottlenecks

        return bottlenecks(self.traces(start, end, group))

    def explore(
        self,
        start: Moment = None,
        end: Moment = None,
        group: str | None = None,
        *,
        minutes: int = 5,
    ) -> Explorer:
        """The map to click on, with a slider through the time in steps of some minutes."""
        from labkit.views.timeaxis import when
        from labkit.xray.views.map_widget import Explorer, Window

        start_us, end_us = self._span(start, end)
        step_us = minutes * MINUTE
        first = start_us // step_us * step_us
        windows: dict[str, tuple[int, int]] = {}
        for at in range(first, end_us, step_us):
            name = " to ".join(when(us, first, end_us) for us in (at, at + step_us))
            windows[name] = (at, at + step_us)
        store = self.store(self.account, self.region)
        found = self._group(group)

        def look(name: str) -> Window:
            low, high = windows[name]
            traces = self.members(store, found, store.traces(low, high - 1))
            return Window(self.graphs.services(store, low, high, found), traces)

        return Explorer(list(windows), look)

    # -- what they read
    def _span(self, start: Moment, end: Moment) -> tuple[int, int]:
        from labkit.views.timeaxis import instant

        end_us = self.world.clock.now_us + 1 if end is None else instant(end)
        return (end_us - HOUR if start is None else instant(start)), end_us

    def _group(self, name: str | None) -> Group | None:
        from labkit.xray.records import DEFAULT_GROUP, GROUPS

        if name is None:
            return None
        held = self.store(self.account, self.region).of(GROUPS)
        if name in held:
            found: Group = held[name]
            return found
        if name == DEFAULT_GROUP:
            return None
        raise LabError(
            f"there is no group {name!r}; there are: {', '.join(sorted(held)) or 'none'}"
        )

    @staticmethod
    def _place(graph: ServiceGraph, name: str) -> int:
        place = graph.find(name)
        if place is None:
            known = ", ".join(node.name for node in graph.nodes if not node.client) or "nobody"
            raise LabError(f"nobody called {name!r} was seen; there were: {known}")
        return place
