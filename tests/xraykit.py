"""Traces by hand: segments as X-Ray gets them."""

from labkit.xray.engine.trace import assemble

#: The trace that hand-made segments belong to (2026-01-05T09:00:00Z).
TRACE_ID = "1-695b7e10-000000000000000000000001"
#: When it began, seconds since the epoch.
BEGUN = 1767603600


def span(name, number, start, end, parent="", **more):
    """A document of a segment or subsegment; times in seconds after the trace began."""
    document = {
        "id": number.rjust(16, "0"),
        "name": name,
        "trace_id": TRACE_ID,
        "start_time": BEGUN + start,
        **more,
    }
    if end is None:
        document["in_progress"] = True
    else:
        document["end_time"] = BEGUN + end
    if parent:
        document["parent_id"] = parent.rjust(16, "0")
    return document


def trace(*documents, trace_id=TRACE_ID):
    """A trace out of documents."""
    return assemble(trace_id, documents)
