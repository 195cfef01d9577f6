"""Root causes of a trace: where a fault, an error or the waiting comes from, and the way to it.

A cause is a way through the trace as ``GetTraceSummaries`` tells it: the services from where the
request came in to where it went wrong, and in each of them the segment and the subsegments on the
way, with the exceptions that they recorded.

- **Fault**: every span with ``fault`` below which none has one is a cause. When such a span failed
  because a call of it was refused or throttled (an error, not a fault), the way goes on to that
  call: the table that throttled is the cause, not the program that gave up.
- **Error**: the same with ``error``; faults are not looked at.
- **Response time**: from the root on always to the longest part, as long as that takes at least
  half the time of what it is part of. ``Coverage`` is the part of the root's time that an entity
  takes.

AWS documents the shapes and not how the ways are found: these rules are an approximation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from labkit.xray.engine.trace import Span, Trace, service_of

#: Causes of a kind at most.
MOST = 10
#: What part of a span's time the next one on the way takes at least.
_PART = 0.5


def fault(trace: Trace) -> list[dict[str, Any]]:
    """``FaultRootCauses`` of a summary."""
    found: list[Span] = []
    for span in _deepest(trace, lambda one: one.fault):
        below = [one for one in span.walk() if one is not span and one.error]
        found += [one for one in below if not any(o.error for o in _under(one))] or [span]
    hurt = trace.root is not None and trace.root.fault
    return _distinct(_cause(span, hurt, _failed) for span in _unique(found))


def error(trace: Trace) -> list[dict[str, Any]]:
    """``ErrorRootCauses`` of a summary."""
    found = _deepest(trace, lambda one: one.error and not one.fault)
    hurt = trace.root is not None and trace.root.error
    return _distinct(_cause(span, hurt, _failed) for span in found)


def response_time(trace: Trace) -> list[dict[str, Any]]:
    """``ResponseTimeRootCauses`` of a summary; none while the root is in progress."""
    root = trace.root
    if root is None or root.end is None or not root.duration:
        return []
    span = root
    while True:
        parts = [one for one in span.children if one.start < (span.end or one.start)]
        longest = max(parts, key=lambda one: (_within(one, span), one.id), default=None)
        if longest is None or _within(longest, span) < _PART * span.duration:
            break
        span = longest
    whole = root.duration

    def entity(one: Span) -> dict[str, Any]:
        return {"Coverage": round(min(1.0, one.duration / whole), 6)}

    return [_cause(span, True, entity)]


def last_service(cause: Mapping[str, Any]) -> Mapping[str, Any]:
    """The service at which a cause ends: where it went wrong."""
    services = cause.get("Services") or [{}]
    last: Mapping[str, Any] = services[-1]
    return last


def _within(one: Span, whole: Span) -> float:
    """Seconds of a part that lie in the whole."""
    if one.end is None or whole.end is None:
        return 0.0
    return max(0.0, min(one.end, whole.end) - max(one.start, whole.start))


def _under(span: Span) -> Iterable[Span]:
    return (one for one in span.walk() if one is not span)


def _deepest(trace: Trace, bad: Callable[[Span], bool]) -> list[Span]:
    """Bad spans below which there is none, in the order of time."""
    found = [one for one in trace.spans.values() if bad(one) and not any(map(bad, _under(one)))]
    return sorted(found, key=lambda one: (one.start, one.id))


def _unique(spans: Iterable[Span]) -> list[Span]:
    return list({one.id: one for one in spans}.values())


def _failed(span: Span) -> dict[str, Any]:
    """What an entity of a failure tells."""
    return {
        "Exceptions": [
            {
                name: str(one[key])
                for name, key in (("Name", "type"), ("Message", "message"))
                if one.get(key)
            }
            for one in span.exceptions
        ]
    }


def _cause(
    span: Span, client_impacting: bool, told: Callable[[Span], dict[str, Any]]
) -> dict[str, Any]:
    """The way from the root to a span."""
    way: list[Span] = []
    above: Span | None = span
    while above is not None:
        way.append(above)
        above = above.parent
    services: list[dict[str, Any]] = []
    for one in reversed(way):
        if one.kind != "subsegment" or not services:
            services.append(_service(one))
        entity = {"Name": one.name, **told(one)}
        if one.kind == "subsegment" and one.namespace in ("aws", "remote"):
            entity["Remote"] = True
        services[-1]["EntityPath"].append(entity)
    return {"Services": services, "ClientImpacting": client_impacting}


def _service(span: Span) -> dict[str, Any]:
    name, kind = service_of(span) if span.kind != "subsegment" else (span.name, "")
    account = span.aws.get("account_id")
    return {
        "Name": name,
        "Names": [name],
        **({"Type": kind} if kind else {}),
        **({"AccountId": account} if isinstance(account, str) else {}),
        "EntityPath": [],
        "Inferred": span.kind == "inferred",
    }


def _distinct(causes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each cause once: three tries that failed alike are one."""
    found: list[dict[str, Any]] = []
    for cause in causes:
        if cause not in found and len(found) < MOST:
            found.append(cause)
    return found


__all__ = ["MOST", "error", "fault", "last_service", "response_time"]
