"""Filter expressions over 100,000 traces: a million predicate evaluations.

The expression has ten simple predicates, none of which decides before the last: each trace costs
ten. The peer is the same condition written by hand in Python over the segment documents, root
looked up once for each trace. Both must agree. ``python -m benchmarks.xray_filters`` prints seconds
as JSON: of a first look at traces nobody has asked about yet, and of every later one.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.measure import best, once
from labkit.core import collector
from labkit.xray.engine.filters import parse
from labkit.xray.engine.trace import Trace, assemble

TRACES = 100_000
PREDICATES = 10
EXPRESSION = (
    "ok !fault !throttle responsetime > 0.01 duration < 60 http.status != 500 http.status >= 200 "
    'http.method = "GET" http.url CONTAINS "/api/" http.url ENDSWITH "7"'
)
SERVICES = 'service("checkout") { fault }'


def traces() -> list[Trace]:
    """A root that calls checkout, which faults once in fifty."""
    found = []
    for n in range(TRACES):
        trace_id = f"1-695b7e10-{n:024x}"
        root, call, other = f"{n:016x}", f"{n + 2**40:016x}", f"{n + 2**41:016x}"
        start = 1767603600.0 + n / 100
        url = f"http://shop.example/api/item/{n}"
        documents: list[dict[str, Any]] = [
            {"id": root, "trace_id": trace_id, "name": "front", "start_time": start,
             "end_time": start + 0.02 + n % 7 / 10,
             "http": {"request": {"method": "GET", "url": url}, "response": {"status": 200}},
             "subsegments": [{"id": call, "name": "checkout", "namespace": "remote",
                              "start_time": start, "end_time": start + 0.01}]},
            {"id": other, "trace_id": trace_id, "parent_id": call, "name": "checkout",
             "start_time": start, "end_time": start + 0.01, "fault": n % 50 == 0},
        ]  # fmt: skip
        found.append(assemble(trace_id, documents))
    return found


def by_hand(trace: Trace) -> bool:
    """The expression in plain Python."""
    root = trace.root
    if root is None:
        return False
    document = root.document
    if document.get("error") or document.get("fault") or document.get("throttle"):
        return False
    took = document["end_time"] - document["start_time"]
    status = document["http"]["response"]["status"]
    url = document["http"]["request"]["url"]
    return (
        took > 0.01
        and trace.end - trace.start < 60
        and status != 500
        and status >= 200
        and document["http"]["request"]["method"] == "GET"
        and "/api/" in url
        and url.endswith("7")
    )


def main() -> dict[str, float]:
    """Seconds of each, with Python's collector as every lab has it."""
    collector.ease()
    held = traces()
    wanted, services = parse(EXPRESSION), parse(SERVICES)
    naive = best(lambda: [one for one in held if by_hand(one)], rounds=3)
    first = once(lambda: wanted.select(held))
    again = best(lambda: wanted.select(held), rounds=3)
    if wanted.select(held) != [one for one in held if by_hand(one)]:
        raise AssertionError("the peer asks something else")
    first_services = once(lambda: services.select(held))
    again_services = best(lambda: services.select(held), rounds=3)
    return {
        "first": first, "again": again, "naive": naive, "evaluations": TRACES * PREDICATES,
        "services first": first_services, "services again": again_services,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main()))
