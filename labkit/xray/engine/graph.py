"""The service graph, counted from traces; asked again it looks at what has changed alone.

Theory of operation
-------------------
1. A trace is turned into rows once: a row for each segment (own or inferred) with the node that it
   belongs to, and a row for each call with the two nodes. **Node data come from the service's own
   segment, edge data from the caller's subsegment**: a caller that waits 900 ms for a callee that
   answers in 40 ms is seen as exactly that. Where a segment calls directly, without a subsegment
   (a load balancer, API Gateway, the service side of Lambda), edge and node have the same data.
2. The rows of all traces stand in columns. A trace that was touched has its old rows struck out
   (state ``GONE``) and new ones appended; when half of a table is struck out it is packed.
3. A question is a mask over the columns (time, traces of a group) and one ``bincount`` for each
   figure. Times are kept as whole microseconds, whose sums are exact: the answer does not depend
   on the order in which traces came.
4. Whether a trace belongs to a group is decided once for each trace and expression.

A row counts when it began within the asked time, a request that has not ended counts nowhere but
its node is there (approximations: AWS says neither).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from labkit.xray.engine.calls import ENDED, GONE, PENDING, SECOND, calls_of, micros
from labkit.xray.engine.columns import Column, Columns, bounds, counts, histograms, sums
from labkit.xray.engine.service_graph import (
    CLIENT,
    Edge,
    Node,
    ServiceGraph,
    Statistics,
)
from labkit.xray.engine.trace import Service, Trace, service_of


class Graph:
    """The graph of one account and Region.

    Parameters
    ----------
    find:
        A trace by its id, for links to other traces; None when it is not kept.
    """

    def __init__(self, find: Callable[[str], Trace | None] = lambda _: None) -> None:
        self._find = find
        self._services: dict[Service, int] = {}
        self._aliases: dict[str, int] = {"": 0}
        self._accounts: dict[str, int] = {"": 0}
        self._slots: dict[str, int] = {}
        #: Rows of a slot: first and last in both tables.
        self._rows: dict[int, tuple[int, int, int, int]] = {}
        self._waiting: dict[str, set[str]] = {}
        self._nodes = Columns(
            slot="i4", node="i4", state="i1", start="i8", end="i8", took="i8", done="i8",
            root="?", inferred="?", account="i4",
        )  # fmt: skip
        self._edges = Columns(
            slot="i4", source="i4", target="i4", state="i1", start="i8", end="i8", took="i8",
            alias="i4", later="?", age="i8",
        )  # fmt: skip
        self._begun = Columns(at="i8")
        self._members: dict[str, Column] = {}
        self._struck = 0

    @property
    def rows(self) -> int:
        """Rows that count."""
        return self._nodes.size + self._edges.size - self._struck

    @property
    def services(self) -> tuple[Service, ...]:
        """Every service that was ever seen, by its number."""
        return tuple(self._services)

    # -- what changes
    def update(self, changed: Iterable[str]) -> None:
        """Derive some traces anew; one that :attr:`find` does not know any more is dropped."""
        todo = list(dict.fromkeys(changed))
        nodes: list[tuple[int | bool, ...]] = []
        edges: list[tuple[int | bool, ...]] = []
        for trace_id in todo:
            slot = self._slots.get(trace_id)
            if slot is None:
                slot = self._slots[trace_id] = len(self._slots)
                self._begun.append([(0,)])
            else:
                self._strike(slot)
            trace = self._find(trace_id)
            for known in self._members.values():
                if slot < len(known):
                    known[slot] = -1
            if trace is None:
                self._rows.pop(slot, None)
                continue
            self._begun["at"][slot] = micros(trace.start)
            before = len(nodes), len(edges)
            self._derive(slot, trace, nodes, edges)
            self._rows[slot] = (
                self._nodes.size + before[0], self._nodes.size + len(nodes),
                self._edges.size + before[1], self._edges.size + len(edges),
            )  # fmt: skip
            # Whoever was set off by this trace can be drawn now.
            todo += [one for one in sorted(self._waiting.pop(trace_id, ())) if one in self._slots]
        self._nodes.append(nodes)
        self._edges.append(edges)
        if self._struck > 1_000 and 2 * self._struck > self._nodes.size + self._edges.size:
            self._pack()

    def _derive(
        self,
        slot: int,
        trace: Trace,
        nodes: list[tuple[int | bool, ...]],
        edges: list[tuple[int | bool, ...]],
    ) -> None:
        rows = calls_of(trace)
        number = self._number
        for service, state, start, end, took, done, root, inferred, account in rows.nodes:
            where = self._accounts.setdefault(account, len(self._accounts))
            nodes.append(
                (slot, number(service), state, start, end, took, done, root, inferred, where)
            )
        for caller, callee, state, start, end, took, alias, later, age in rows.edges:
            named = self._aliases.setdefault(alias, len(self._aliases))
            edges.append(
                (
                    slot, number(caller), number(callee), state, start, end, took, named, later,
                    age,
                )
            )  # fmt: skip
        for callee, start, end, took, state, other, span_id in rows.links:
            source = self._linked(trace, other, span_id)
            if source is not None:
                caller, sent = source
                age = max(0, start - sent)
                edges.append(
                    (slot, number(caller), number(callee), state, start, end, took, 0, True, age)
                )

    def _linked(self, trace: Trace, other: str, span_id: str) -> tuple[Service, int] | None:
        """Who sent the event that set a trace off, and when."""
        told = trace if other == trace.id else self._find(other)
        span = told.spans.get(span_id) if told is not None else None
        if span is None:
            self._waiting.setdefault(other, set()).add(trace.id)
            return None
        for child in span.children:
            if child.kind == "inferred":
                return service_of(child), micros(span.start)
        owner = span.owner
        return (service_of(owner), micros(span.start)) if owner.kind != "subsegment" else None

    def _number(self, service: Service) -> int:
        return self._services.setdefault(service, len(self._services))

    def _strike(self, slot: int) -> None:
        old = self._rows.pop(slot, None)
        if old is None:
            return
        first, last, begin, until = old
        self._nodes["state"][first:last] = GONE
        self._edges["state"][begin:until] = GONE
        self._struck += last - first + until - begin

    def _pack(self) -> None:
        moved = [
            (table.keep(table["state"] != GONE), table.size) for table in (self._nodes, self._edges)
        ]

        def place(which: int, row: int) -> int:
            places, size = moved[which]
            return int(places[row]) if row < len(places) else size

        self._rows = {
            slot: (
                place(0, a), place(0, a) + b - a, place(1, c), place(1, c) + d - c,
            )
            for slot, (a, b, c, d) in self._rows.items()
        }  # fmt: skip
        self._struck = 0

    # -- which traces
    def among(
        self,
        expression: str,
        matches: Callable[[Trace], bool],
        start_us: int,
        end_us: int,
    ) -> Column:
        """Which slots' traces match, decided for traces that began in [start, end) and not yet.

        A trace that lasts long has rows beyond its beginning: an hour before ``start`` is looked
        at too.
        """
        known = self._members.get(expression)
        size = len(self._slots)
        if known is None or len(known) < size:
            grown = np.full(max(size, 1), -1, dtype=np.int8)
            if known is not None:
                grown[: len(known)] = known
            self._members[expression] = known = grown
        begun = self._begun["at"]
        open_ = (known[:size] < 0) & (begun >= start_us - 3_600 * SECOND) & (begun < end_us)
        if open_.any():
            names = list(self._slots)
            for slot in np.flatnonzero(open_).tolist():
                trace = self._find(names[slot])
                known[slot] = trace is not None and matches(trace)
        return known[:size] > 0

    def only(self, trace_ids: Iterable[str]) -> Column:
        """Which slots are these traces'."""
        found = np.zeros(len(self._slots), dtype=bool)
        for trace_id in trace_ids:
            if trace_id in self._slots:
                found[self._slots[trace_id]] = True
        return found

    # -- questions
    def graph(self, start_us: int, end_us: int, among: Column | None = None) -> ServiceGraph:
        """The service graph of [start, end), of some traces (:meth:`among`) or of all.

        Parameters
        ----------
        start_us, end_us:
            Microseconds since the epoch.
        among:
            Booleans by slot.
        """
        own = self._asked(self._nodes, start_us, end_us, among)
        called = self._asked(self._edges, start_us, end_us, among)
        nodes = self._node_values(own)
        edges, pairs = self._edge_values(called)
        present = set(nodes) | {number for pair in pairs for number in pair[:2]}
        services = self.services
        order = sorted(
            present,
            key=lambda n: (
                services[n].type == CLIENT, not (n in nodes and nodes[n].root), services[n]
            ),
        )  # fmt: skip
        places = {number: place for place, number in enumerate(order)}
        missing = [number for number in order if number not in nodes]
        spans = {
            number: [edge for edge, pair in zip(edges, pairs, strict=True) if number in pair[:2]]
            for number in missing
        }
        for number in missing:
            service, seen = services[number], spans[number]
            nodes[number] = Node(
                *service, inferred=True,
                start=min(edge.start for edge in seen), end=max(edge.end for edge in seen),
            )  # fmt: skip
        told = [
            Edge(
                places[source], places[target], edge.statistics, edge.times, edge.aliases,
                edge.asynchronous, edge.ages, edge.start, edge.end,
            )
            for edge, (source, target, _) in zip(edges, pairs, strict=True)
        ]  # fmt: skip
        told.sort(key=lambda edge: (edge.source, edge.target, edge.asynchronous))
        return ServiceGraph(
            tuple(nodes[number] for number in order), tuple(told),
            start_us / SECOND, end_us / SECOND,
        )  # fmt: skip

    def minutes(
        self, start_us: int, end_us: int, period_us: int, among: Column | None = None
    ) -> Mapping[Service, Column]:
        """For each service: requests by period (a row) and how they ended (a column: OK to FAULT).

        Parameters
        ----------
        start_us, end_us, period_us:
            Periods begin at ``start_us``.
        among:
            Booleans by slot.
        """
        periods = -(-(end_us - start_us) // period_us)
        rows = self._asked(self._nodes, start_us, end_us, among, ended=True)
        services = self.services
        when = (self._nodes["start"][rows] - start_us) // period_us
        keys = self._nodes["node"][rows] * periods + when
        found = counts(keys, self._nodes["state"][rows], len(services) * periods, ENDED)
        cube = found.reshape(len(services), periods, ENDED)
        present = np.flatnonzero(cube.any(axis=(1, 2)))
        return {services[n]: cube[n] for n in present.tolist()}

    def series(
        self,
        start_us: int,
        end_us: int,
        period_us: int,
        *,
        services: Iterable[Service] = (),
        pairs: Iterable[tuple[Service, Service]] | None = None,
        among: Column | None = None,
    ) -> list[tuple[int, Statistics, tuple[tuple[float, int], ...]]]:
        """Figures by period: (begin, statistics, response times), periods without a request too.

        Parameters
        ----------
        start_us, end_us, period_us:
            Periods begin at ``start_us``.
        services:
            The nodes that are taken together.
        pairs:
            The edges that are taken together, instead of nodes: (caller, callee).
        among:
            Booleans by slot.
        """
        table = self._nodes if pairs is None else self._edges
        rows = self._asked(table, start_us, end_us, among, ended=True)
        if pairs is None:
            wanted = [self._services[one] for one in services if one in self._services]
            rows = rows[np.isin(table["node"][rows], wanted)]
        else:
            many = len(self._services)
            wanted = [
                self._services[a] * many + self._services[b]
                for a, b in pairs
                if a in self._services and b in self._services
            ]
            codes = table["source"][rows].astype(np.int64) * many + table["target"][rows]
            rows = rows[np.isin(codes, wanted)]
        periods = -(-(end_us - start_us) // period_us)
        when = (table["start"][rows] - start_us) // period_us
        figures = _figures(when, table["state"][rows], table["took"][rows], periods)
        times = histograms(when, table["took"][rows], periods)
        return [(start_us + n * period_us, figures[n], times.get(n, ())) for n in range(periods)]

    # -- how
    def _asked(
        self, table: Columns, start_us: int, end_us: int, among: Column | None, ended: bool = False
    ) -> Column:
        begun = table["start"]
        mask = (begun >= start_us) & (begun < end_us) & (table["state"] < (PENDING + (not ended)))
        if among is not None:
            mask &= among[table["slot"]]
        return np.flatnonzero(mask)

    def _node_values(self, rows: Column) -> dict[int, Node]:
        table, many = self._nodes, len(self._services)
        number, state = table["node"][rows], table["state"][rows]
        start, end = bounds(number, table["start"][rows], table["end"][rows], many)
        present = np.flatnonzero(np.bincount(number, minlength=many)[:many]).tolist()
        roots, own = np.zeros(many, dtype=bool), np.zeros(many, dtype=bool)
        roots[number[table["root"][rows]]] = True
        own[number[~table["inferred"][rows]]] = True
        accounts = np.zeros(many, dtype=np.int32)
        accounts[number] = table["account"][rows]
        over = state != PENDING
        number, state = number[over], state[over]
        took, done = table["took"][rows][over], table["done"][rows][over]
        figures = _figures(number, state, took, many)
        times = histograms(number, took, many)
        durations = times if np.array_equal(took, done) else histograms(number, done, many)
        names, services = list(self._accounts), self.services
        return {
            n: Node(
                *services[n], figures[n], durations.get(n, ()), times.get(n, ()),
                bool(roots[n]), not own[n], names[accounts[n]],
                int(start[n]) / SECOND, int(end[n]) / SECOND,
            )
            for n in present
        }  # fmt: skip

    def _edge_values(self, rows: Column) -> tuple[list[Edge], list[tuple[int, int, bool]]]:
        table, many = self._edges, max(1, len(self._services))
        later = table["later"][rows]
        codes = (table["source"][rows].astype(np.int64) * many + table["target"][rows]) * 2 + later
        found, key = _numbered(codes, 2 * many * many)
        size = len(found)
        start, end = bounds(key, table["start"][rows], table["end"][rows], size)
        named = table["alias"][rows]
        aliases: dict[int, set[int]] = {}
        if named.any():
            both = np.unique(key[named > 0] * np.int64(len(self._aliases)) + named[named > 0])
            for code in both.tolist():
                aliases.setdefault(code // len(self._aliases), set()).add(code % len(self._aliases))
        ages = histograms(key[later], table["age"][rows][later], size)
        state = table["state"][rows]
        over = state != PENDING
        key, state, took = key[over], state[over], table["took"][rows][over]
        figures = _figures(key, state, took, size)
        times = histograms(key, took, size)
        names = list(self._aliases)
        edges, pairs = [], []
        for n, code in enumerate(found.tolist()):
            source, target = divmod(code // 2, many)
            pairs.append((source, target, bool(code % 2)))
            edges.append(
                Edge(
                    source, target, figures[n], times.get(n, ()),
                    tuple(sorted(names[alias] for alias in aliases.get(n, ()))),
                    bool(code % 2), ages.get(n, ()), int(start[n]) / SECOND,
                    int(end[n]) / SECOND,
                )
            )  # fmt: skip
        return edges, pairs


def graph_of(traces: Iterable[Trace]) -> ServiceGraph:
    """The service graph of some traces alone, whenever they were."""
    known = {one.id: one for one in traces}
    graph = Graph(known.get)
    graph.update(known)
    if not known:
        return ServiceGraph()
    start = min(one.start for one in known.values())
    end = max(one.end for one in known.values())
    return graph.graph(round(start * SECOND), round(end * SECOND) + 1)


def _figures(keys: Column, states: Column, took: Column, groups: int) -> list[Statistics]:
    found = counts(keys, states, groups, ENDED).tolist()
    seconds = sums(keys, took, groups).tolist()
    return [
        Statistics(ok, error, throttle, fault, took / SECOND)
        for (ok, error, throttle, fault), took in zip(found, seconds, strict=True)
    ]


def _numbered(codes: Column, most: int) -> tuple[Column, Column]:
    """The different codes, ascending, and for each row which of them it has."""
    if most > 4 * len(codes) + 100_000:
        found, key = np.unique(codes, return_inverse=True)
        return found, key
    present = np.bincount(codes, minlength=most) > 0
    found = np.flatnonzero(present)
    return found, (np.cumsum(present) - 1)[codes]


__all__ = ["Graph", "graph_of"]
