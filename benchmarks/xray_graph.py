"""The service graph of 100,000 segments: a question, and the same after 1,000 more segments.

``python -m benchmarks.xray_graph`` prints seconds as JSON. The peer is a bare pandas group-by over
the same edges: how many, how many of each ending, and the sum of their times, by caller and callee.
It is given its columns ready made, and knows no nodes, no histograms and no aliases.
"""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measure import best, once
from labkit.xray.engine.calls import ENDED
from labkit.xray.engine.graph import Graph
from labkit.xray.engine.trace import Trace, assemble

SEGMENTS, MORE, BEGIN = 100_000, 1_000, 1_767_603_600
#: Services of a chain; each calls the next, and a table of its own.
_CHAIN = ("front", "checkout", "catalogue", "stock")
_SECOND = 1_000_000


def _trace(number: int, rng: random.Random) -> Trace:
    """Four segments, seven calls, a fifth of a second to three seconds."""
    trace_id = f"1-{BEGIN + number // 10:08x}-{number:024x}"
    start, took = BEGIN + number / 10, 0.2 + 2.8 * rng.random() ** 4
    failed = {"fault": True} if rng.random() < 0.03 else {}
    documents = []
    parent = ""
    for place, name in enumerate(_CHAIN):
        edge, this = 0.01 * place, f"{number:013x}{place:03x}"
        call, table = f"{number:013x}{place + 8:03x}", f"{number:013x}{place + 16:03x}"
        begin, end = start + edge, start + took - edge
        parts: list[dict[str, Any]] = [
            {"id": table, "name": "DynamoDB", "namespace": "aws", "start_time": begin + 0.001,
             "end_time": begin + 0.004, "aws": {"table_name": f"{name}-data"}},
        ]  # fmt: skip
        if place + 1 < len(_CHAIN):
            parts.append(
                {"id": call, "name": _CHAIN[place + 1], "namespace": "remote",
                 "start_time": begin + 0.005, "end_time": end - 0.001, **failed}
            )  # fmt: skip
        documents.append(
            {"trace_id": trace_id, "id": this, "name": name, "origin": "AWS::ECS::Container",
             "start_time": begin, "end_time": end, "subsegments": parts, **failed,
             **({"parent_id": parent} if parent else {})}
        )  # fmt: skip
        parent = call
    return assemble(trace_id, documents)


def _peer(graph: Graph) -> tuple[pd.DataFrame, Any]:
    """The graph's own edge rows as a table, and the group-by over it."""
    rows = graph._edges
    frame = pd.DataFrame(
        {"source": rows["source"], "target": rows["target"], "took": rows["took"]}
        | {f"ended_{n}": (rows["state"] == n).astype(np.int64) for n in range(ENDED)}
    )
    sums = {name: "sum" for name in frame.columns[2:]}

    def group() -> Any:
        grouped = frame.groupby(["source", "target"], sort=False)
        return grouped.agg(sums), grouped.size()

    return frame, group


def main() -> dict[str, Any]:
    """Seconds: of the first look, of a question, of the peer, of looking again."""
    rng = random.Random(1)
    many, more = SEGMENTS // len(_CHAIN), MORE // len(_CHAIN)
    made = {one.id: one for one in (_trace(n, rng) for n in range(many))}
    traces: dict[str, Trace] = dict(made)
    graph = Graph(traces.get)
    start_us, end_us = BEGIN * _SECOND, (BEGIN + 86_400) * _SECOND

    def ask() -> Any:
        return graph.graph(start_us, end_us)

    derived = once(lambda: graph.update(made))
    first = derived + once(ask)
    asked = best(ask, rounds=5)
    frame, group = _peer(graph)
    told, (sums, _) = ask(), group()
    assert sum(edge.statistics.total for edge in told.edges) == len(frame)
    assert len(sums) == len(told.edges)
    peer = best(group, rounds=5)
    late = {one.id: one for one in (_trace(many + n, rng) for n in range(more))}
    traces.update(late)

    def again() -> None:
        graph.update(late)
        ask()

    return {
        "segments": SEGMENTS, "edges": len(frame), "ask": asked, "peer": peer, "first": first,
        "again": once(again),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main()))
