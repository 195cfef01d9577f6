"""Where the nodes of a map stand: layers from left to right, the same places for the same graph.

1. Calls that close a ring are set aside, so that the rest has a first and a last.
2. A node's layer is the longest way to it from where requests come in.
3. A call over several layers gets a place to pass in each layer between, so that it goes round the
   nodes there and not through them.
4. Within the layers, nodes are ordered by the middle of their neighbours, forwards and backwards,
   and the order with the fewest crossings is kept.
5. Nodes are moved towards their neighbours as far as those of the same layer leave room.

Nothing is drawn by lot, and no force is simulated: those differ between processors.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

Pair = tuple[int, int]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in pixels.

    Parameters
    ----------
    points:
        Middle of each node.
    routes:
        For each call the points that it goes through, both ends included.
    layers:
        How many layers there are.
    height:
        From the first row's middle to the last one's.
    """

    points: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]
    layers: int
    height: float


def layered(
    count: int,
    pairs: Sequence[Pair],
    *,
    left: float,
    right: float,
    top: float,
    steps: Sequence[float],
    gap: float = 44.0,
) -> Layout:
    """Places for ``count`` nodes.

    Parameters
    ----------
    pairs:
        Who calls whom.
    left, right:
        The middles of the first and the last layer.
    top:
        The middle of the topmost node.
    steps:
        How much room each node needs up and down.
    gap:
        Between a node and a line that passes it.
    """
    forward = _acyclic(count, pairs)
    layer = _layers(count, forward)
    depth = max(layer, default=0) + 1
    places, chains = _passing(layer, forward)
    order = _ordered(layer + places, chains, depth)
    spaces = [*steps, *[gap] * len(places)]
    ys = _rows(order, chains, spaces)
    low = min((ys[n] for n in range(count + len(places))), default=0.0)
    high = max((ys[n] for n in range(count + len(places))), default=0.0)
    where = [*layer, *places]
    xs = _columns(where, chains, depth, left, right)

    def point(n: int) -> Point:
        return (round(xs[where[n]], 2), round(top + ys[n] - low, 2))

    routes = []
    for pair in pairs:
        chain = chains.get(pair)
        routes.append(tuple(point(n) for n in chain or pair))
    return Layout(tuple(point(n) for n in range(count)), tuple(routes), depth, high - low)


def _columns(
    where: Sequence[int], chains: dict[Pair, list[int]], depth: int, left: float, right: float
) -> list[float]:
    """How far right each layer is: wider gaps where many calls go through."""
    if depth == 1:
        return [(left + right) / 2]
    through = [0] * (depth - 1)
    for source, _ in _steps(chains):
        through[where[source]] += 1
    weights = [1 + 0.1 * min(n, 8) for n in through]
    xs = [left]
    for weight in weights:
        xs.append(xs[-1] + (right - left) * weight / sum(weights))
    return xs


def _acyclic(count: int, pairs: Sequence[Pair]) -> list[Pair]:
    """The calls without those that close a ring."""
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1])
    for component in [sorted(c) for c in networkx.strongly_connected_components(graph)]:
        ring = graph.subgraph(component).copy()
        while len(component) > 1:
            try:
                found = networkx.find_cycle(ring, sorted(ring))
            except networkx.NetworkXNoCycle:
                break
            graph.remove_edge(*found[-1][:2])
            ring.remove_edge(*found[-1][:2])
    return [pair for pair in dict.fromkeys(pairs) if graph.has_edge(*pair)]


def _layers(count: int, forward: Sequence[Pair]) -> list[int]:
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(forward)
    layer = [0] * count
    for number, nodes in enumerate(networkx.topological_generations(graph)):
        for node in nodes:
            layer[node] = number
    return layer


def _passing(
    layer: Sequence[int], forward: Sequence[Pair]
) -> tuple[list[int], dict[Pair, list[int]]]:
    """Layers of the places where long calls pass, and the chain of every call."""
    places: list[int] = []
    chains: dict[Pair, list[int]] = {}
    for source, target in forward:
        chain = [source]
        for between in range(layer[source] + 1, layer[target]):
            chain.append(len(layer) + len(places))
            places.append(between)
        chains[source, target] = [*chain, target]
    return places, chains


def _steps(chains: dict[Pair, list[int]]) -> list[Pair]:
    return [step for chain in chains.values() for step in itertools.pairwise(chain)]


def _ordered(where: Sequence[int], chains: dict[Pair, list[int]], depth: int) -> list[list[int]]:
    """The nodes of each layer from above."""
    order = [[n for n, layer in enumerate(where) if layer == number] for number in range(depth)]
    steps = _steps(chains)
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for a, b in steps:
        above.setdefault(b, []).append(a)
        below.setdefault(a, []).append(b)
    best, fewest = [list(row) for row in order], _crossings(order, steps)
    for turn in range(12):
        ahead = turn % 2 == 0
        neighbours = above if ahead else below
        place = {n: i for row in order for i, n in enumerate(row)}
        for number in range(depth) if ahead else range(depth - 1, -1, -1):
            row = order[number]

            row.sort(key=partial(_middle, neighbours, place))
            place.update({n: i for i, n in enumerate(row)})
        crossings = _crossings(order, steps)
        if crossings < fewest:
            best, fewest = [list(row) for row in order], crossings
    return best


def _middle(neighbours: dict[int, list[int]], place: dict[int, int], n: int) -> tuple[float, int]:
    """Where a node would like to be in its layer: in the middle of its neighbours."""
    near = neighbours.get(n)
    if not near:
        return (float(place[n]), place[n])
    return (sum(place[m] for m in near) / len(near), place[n])


def _crossings(order: Sequence[Sequence[int]], steps: Sequence[Pair]) -> int:
    place = {n: (number, i) for number, row in enumerate(order) for i, n in enumerate(row)}
    found = 0
    drawn = [(place[a], place[b]) for a, b in steps]
    for i, (a, b) in enumerate(drawn):
        for c, d in drawn[i + 1 :]:
            if a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0:
                found += 1
    return found


def _rows(
    order: Sequence[Sequence[int]], chains: dict[Pair, list[int]], spaces: Sequence[float]
) -> dict[int, float]:
    """How far down each node is."""
    near: dict[int, list[int]] = {}
    for a, b in _steps(chains):
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    ys: dict[int, float] = {}
    for row in order:
        _spread(row, dict.fromkeys(row, 0.0), spaces, ys)
    for turn in range(8):
        for row in order if turn % 2 == 0 else order[::-1]:
            wanted = {n: _mean([ys[m] for m in near.get(n, ())] or [ys[n]]) for n in row}
            _spread(row, wanted, spaces, ys)
    return ys


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 3)


def _spread(
    row: Sequence[int], wanted: dict[int, float], spaces: Sequence[float], ys: dict[int, float]
) -> None:
    """Places near those that are wanted, in the given order, none nearer than it may be."""
    blocks: list[tuple[list[int], float]] = []
    for n in row:
        blocks.append(([n], wanted[n]))
        while len(blocks) > 1:
            (upper, y), (lower, z) = blocks[-2], blocks[-1]
            ends = _ends(upper, spaces)
            apart = (spaces[upper[-1]] + spaces[lower[0]]) / 2
            if z - _ends(lower, spaces)[0] - (y + ends[1]) >= apart:
                break
            merged = [*upper, *lower]
            offsets = _offsets(merged, spaces)
            middle = _mean([wanted[m] - offsets[m] for m in merged])
            blocks[-2:] = [(merged, middle)]
    for nodes, y in blocks:
        offsets = _offsets(nodes, spaces)
        for n in nodes:
            ys[n] = y + offsets[n]


def _offsets(nodes: Sequence[int], spaces: Sequence[float]) -> dict[int, float]:
    """How far each node of a block is from the block's middle."""
    at, found = 0.0, {}
    for i, n in enumerate(nodes):
        if i:
            at += (spaces[nodes[i - 1]] + spaces[n]) / 2
        found[n] = at
    return {n: y - at / 2 for n, y in found.items()}


def _ends(nodes: Sequence[int], spaces: Sequence[float]) -> tuple[float, float]:
    """How far a block reaches above and below its middle, from node to node."""
    offsets = _offsets(nodes, spaces)
    return -offsets[nodes[0]], offsets[nodes[-1]]


__all__ = ["Layout", "layered"]
