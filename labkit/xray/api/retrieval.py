"""Traces out of CloudWatch Logs: StartTraceRetrieval and what goes with it.

With Transaction Search every span is kept and only a share of the traces is indexed.
BatchGetTraces does not find the others; a retrieval does, after a while.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import DAY, SECOND
from labkit.core.jsontext import dumps
from labkit.xray.api.requests import invalid, not_found, page, readable, service_of, span_of
from labkit.xray.api.traces import documents
from labkit.xray.engine.spans import span_documents
from labkit.xray.engine.trace import Trace
from labkit.xray.records import LOGS, RETRIEVALS, Retrieval
from labkit.xray.store import Held, XRayStore

#: How long a retrieval runs, by the trace (an approximation), and how long its token is good.
PER_TRACE_US, KEPT_US = SECOND // 10, DAY
_PAGE, _SPANS = 5, 100


def start_trace_retrieval(
    call: Call, /, *, TraceIds: Sequence[str], StartTime: datetime, EndTime: datetime
) -> dict[str, Any]:
    """Begin to fetch traces by their ids, indexed or not.

    Raises
    ------
    AwsError
        InvalidRequestException without ids, or where segments do not go to CloudWatch Logs.
    """
    if not TraceIds:
        raise invalid("TraceIds cannot be empty")
    if service_of(call).settings(call.store).destination != LOGS:
        raise invalid("Trace retrieval needs CloudWatchLogs as trace segment destination")
    readable(call)
    start_us, end_us = span_of(StartTime, EndTime, 30 * DAY)
    ids = list(dict.fromkeys(TraceIds))
    token = call.ids.hex(64)
    store: XRayStore = call.store
    ready_us = call.now_us + PER_TRACE_US * len(ids)
    store.of(RETRIEVALS)[token] = Retrieval(token, ids, start_us, end_us, ready_us)
    return {"RetrievalToken": token}


def _retrieval(call: Call, token: str) -> Retrieval:
    store: XRayStore = call.store
    found: Retrieval | None = store.of(RETRIEVALS).get(token)
    if found is None or call.now_us > found.ready_us + KEPT_US:
        raise not_found("The retrieval token was not found")
    return found


def _status(call: Call, retrieval: Retrieval) -> str:
    if retrieval.cancelled:
        return "CANCELLED"
    return "RUNNING" if call.now_us < retrieval.ready_us else "COMPLETE"


def _found(call: Call, retrieval: Retrieval) -> list[tuple[Held, Trace]]:
    """The traces of a retrieval that is complete and whose times are within its range."""
    if _status(call, retrieval) != "COMPLETE":
        return []
    store: XRayStore = call.store
    found = []
    for trace_id in retrieval.trace_ids:
        held, trace = store.held(trace_id), store.trace(trace_id)
        if held is None or trace is None:
            continue
        if retrieval.start_us <= held.time_us <= retrieval.end_us:
            found.append((held, trace))
    return found


def list_retrieved_traces(
    call: Call,
    /,
    *,
    RetrievalToken: str,
    TraceFormat: str = "XRAY",
    NextToken: str | None = None,
) -> dict[str, Any]:
    """The traces of a retrieval, five on a page: segment documents, or spans (``OTEL``)."""
    retrieval = _retrieval(call, RetrievalToken)
    rows, more = page(_found(call, retrieval), NextToken, _PAGE)
    return {
        "RetrievalStatus": _status(call, retrieval),
        "TraceFormat": TraceFormat,
        "Traces": [_told(held, trace, TraceFormat) for held, trace in rows],
        **more,
    }


def _told(held: Held, trace: Trace, form: str) -> Mapping[str, Any]:
    if form == "OTEL":
        spans = [{"Id": each["spanId"], "Document": dumps(each)} for each in span_documents(trace)]
    else:
        spans = documents(held, trace)
    return {"Id": trace.id, "Duration": round(trace.duration, 6), "Spans": spans[:_SPANS]}


def cancel_trace_retrieval(call: Call, /, *, RetrievalToken: str) -> dict[str, Any]:
    """Give a retrieval up.

    Raises
    ------
    AwsError
        InvalidRequestException when it is complete already, ResourceNotFoundException.
    """
    retrieval = _retrieval(call, RetrievalToken)
    if _status(call, retrieval) == "COMPLETE":
        raise invalid("The retrieval is complete")
    retrieval.cancelled = True
    return {}


def get_retrieved_traces_graph(
    call: Call, /, *, RetrievalToken: str, NextToken: str | None = None
) -> dict[str, Any]:
    """The service graph of the traces of a retrieval."""
    from labkit.xray.engine.graph import graph_of

    retrieval = _retrieval(call, RetrievalToken)
    traces = [trace for _, trace in _found(call, retrieval)]
    services = graph_of(traces).response(call.account)
    rows, more = page([{"Service": one, "Links": []} for one in services], NextToken, 1_000)
    return {"RetrievalStatus": _status(call, retrieval), "Services": rows, **more}


OPERATIONS = {
    "StartTraceRetrieval": start_trace_retrieval,
    "ListRetrievedTraces": list_retrieved_traces,
    "CancelTraceRetrieval": cancel_trace_retrieval,
    "GetRetrievedTracesGraph": get_retrieved_traces_graph,
}
