"""A trace as OpenTelemetry spans: what ListRetrievedTraces answers in format ``OTEL``.

Segments and subsegments become spans of kind SERVER, CLIENT (a call to somebody) and INTERNAL;
inferred segments are X-Ray's own idea and become none.
"""

from __future__ import annotations

from typing import Any

from labkit.xray.engine.trace import Span, Trace


def span_documents(trace: Trace) -> list[dict[str, Any]]:
    """The spans of a trace in the order in which they began."""
    own = [one for one in trace.spans.values() if one.kind != "inferred"]
    return [_span(one) for one in sorted(own, key=lambda one: (one.start, one.id))]


def _span(span: Span) -> dict[str, Any]:
    kind = "SERVER" if span.kind == "segment" else "CLIENT" if span.namespace else "INTERNAL"
    parent = span.parent
    told: dict[str, Any] = {
        "traceId": span.trace_id.replace("-", "")[1:],
        "spanId": span.id,
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": round(span.start * 1e6) * 1000,
        "status": {"code": "ERROR" if span.fault else "UNSET"},
        "attributes": _attributes(span),
        "resource": {"attributes": {"service.name": span.owner.name}},
    }
    if span.end is not None:
        told["endTimeUnixNano"] = round(span.end * 1e6) * 1000
    if parent is not None or span.parent_id:
        told["parentSpanId"] = parent.id if parent is not None else span.parent_id
    if span.exceptions:
        told["events"] = [
            {
                "name": "exception",
                "attributes": {
                    "exception.type": one.get("type", ""),
                    "exception.message": one.get("message", ""),
                },
            }
            for one in span.exceptions
        ]
    return told


def _attributes(span: Span) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in (
        ("http.request.method", span.request.get("method")),
        ("url.full", span.request.get("url")),
        ("http.response.status_code", span.status),
        ("rpc.method", span.aws.get("operation")),
        ("db.query.text", span.sql.get("sanitized_query")),
        ("enduser.id", span.user or None),
        ("aws.local.service", span.owner.name),
    ):
        if value is not None:
            told[name] = value
    told.update(span.annotations)
    return told
