"""A trace as rows of the service graph: a row for each segment, a row for each call."""

from __future__ import annotations

from typing import NamedTuple

from labkit.xray.engine.service_graph import CLIENT
from labkit.xray.engine.trace import Service, Span, Trace, service_of

#: How a request ended; PENDING has not, GONE is a row that no longer counts.
OK, ERROR, THROTTLE, FAULT, PENDING, GONE = range(6)
#: How many of these are states in which a request has ended.
ENDED = 4
SECOND = 1_000_000


def state_of(span: Span) -> int:
    """How a span ended: OK, ERROR, THROTTLE, FAULT, or PENDING while it has not."""
    document = span.document
    if span.end is None:
        return PENDING
    if document.get("fault") is True:
        return FAULT
    if document.get("throttle") is True:
        return THROTTLE
    return ERROR if document.get("error") is True else OK


def micros(seconds: float) -> int:
    """Whole microseconds, in which times are kept."""
    return round(seconds * SECOND)


class Calls(NamedTuple):
    """The rows of a trace.

    Parameters
    ----------
    nodes:
        (service, state, start, end, answered after, done after, root, inferred, account): times in
        microseconds.
    edges:
        (caller, callee, state, start, end, took, alias, asynchronous, age).
    links:
        (callee, start, end, took, state, trace id, span id) of what it was set off by elsewhere.
    """

    nodes: list[tuple[Service, int, int, int, int, int, bool, bool, str]]
    edges: list[tuple[Service, Service, int, int, int, int, str, bool, int]]
    links: list[tuple[Service, int, int, int, int, str, str]]


def calls_of(trace: Trace) -> Calls:
    """A trace as rows: see the head of :mod:`labkit.xray.engine.graph`."""
    rows = Calls([], [], [])
    services = {span.id: service_of(span) for span in trace.segments}
    for span in trace.segments:
        service, state = services[span.id], state_of(span)
        start = micros(span.start)
        end = start if span.end is None else micros(span.end)
        done = end
        for part in span.own() if span.children else ():
            if part.end is not None and part.end > (span.end or 0):
                done = max(done, micros(part.end))
        inferred = span.kind == "inferred"
        account = span.aws.get("account_id") if "aws" in span.document else ""
        root = not span.parent_id
        rows.nodes.append(
            (
                service, state, start, end, end - start, done - start, root, inferred,
                account if isinstance(account, str) else "",
            )
        )  # fmt: skip
        parent, links = span.parent, span.document.get("links")
        if parent is None:
            if root and not links:  # what a link set off nobody outside has called
                caller = Service(service.name, CLIENT)
                rows.edges.append((caller, service, state, start, end, end - start, "", False, 0))
        else:
            owner = parent.owner
            if owner.kind != "subsegment":
                rows.edges.append(_edge(services[owner.id], service, span, parent))
        for link in links if isinstance(links, list) else ():
            if isinstance(link, dict) and isinstance(link.get("trace_id"), str):
                rows.links.append(
                    (
                        service, start, end, end - start, state, link["trace_id"],
                        str(link.get("id", "")),
                    )
                )  # fmt: skip
    return rows


def _edge(
    caller: Service, callee: Service, span: Span, parent: Span
) -> tuple[Service, Service, int, int, int, int, str, bool, int]:
    seen = parent if parent.kind == "subsegment" else span
    start = micros(seen.start)
    end = start if seen.end is None else micros(seen.end)
    later = parent.end is not None and span.kind == "segment" and span.start >= parent.end
    alias = ""
    if seen is parent and parent.namespace != "aws" and parent.name != callee.name:
        alias = parent.name
    age = max(0, micros(span.start) - start) if later else 0
    return caller, callee, state_of(seen), start, end, end - start, alias, later, age


__all__ = [
    "ENDED", "ERROR", "FAULT", "GONE", "OK", "PENDING", "SECOND", "THROTTLE", "Calls", "calls_of",
    "micros", "state_of",
]  # fmt: skip
