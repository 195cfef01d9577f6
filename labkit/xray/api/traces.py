"""Traces: BatchGetTraces and GetTraceSummaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.core.call import Call
from labkit.core.clock import SECOND, to_datetime
from labkit.core.jsontext import dumps
from labkit.xray.api.requests import invalid, page, readable, span_of
from labkit.xray.engine import causes
from labkit.xray.engine.summary import summary
from labkit.xray.engine.trace import Trace
from labkit.xray.store import Held, XRayStore

if TYPE_CHECKING:
    from labkit.xray.engine.filters import Filter

#: Ids of one request, summaries of one page, bytes of a trace's documents that are shown.
MOST_IDS, PAGE, MOST_BYTES = 5, 100, 500 * 1024


def documents(held: Held, trace: Trace) -> list[dict[str, str]]:
    """The documents of a trace as the API shows them: segments by start, inferred ones too.

    Independent subsegments stand beside the segments, as they were sent.
    """
    ids = [one.id for one in trace.segments]
    ids += [each for each in held.documents if each not in set(ids)]
    found = []
    for each in ids:
        document = held.documents.get(each)
        if document is None:
            document = trace.spans[each].document
        found.append({"Id": each, "Document": dumps(document)})
    return found


def batch_get_traces(
    call: Call, /, *, TraceIds: Sequence[str], NextToken: str | None = None
) -> dict[str, Any]:
    """Whole traces by their ids.

    Raises
    ------
    AwsError
        InvalidRequestException for more than five ids, or a KMS key that can't be used.
    """
    if len(TraceIds) > MOST_IDS:
        raise invalid(f"Too many trace IDs: {len(TraceIds)}, at most {MOST_IDS} in one request")
    readable(call)
    store: XRayStore = call.store
    traces, unprocessed = [], []
    for trace_id in dict.fromkeys(TraceIds):
        trace, held = store.trace(trace_id), store.held(trace_id)
        if trace is None or held is None or not held.indexed:
            unprocessed.append(trace_id)
            continue
        shown, size, cut = [], 0, False
        for one in documents(held, trace):
            size += len(one["Document"])
            if size > MOST_BYTES:
                cut = True
                break
            shown.append(one)
        traces.append(
            {
                "Id": trace_id,
                "Duration": round(trace.duration, 6),
                "LimitExceeded": cut,
                "Segments": shown,
            }
        )
    store.service.world.meters.count(
        "xray.retrieved", call.account, call.region, call.now_us, len(traces)
    )
    return {"Traces": traces, "UnprocessedTraceIds": unprocessed}


def filter_of(expression: str | None) -> Filter | None:
    """A filter expression, read.

    Raises
    ------
    AwsError
        InvalidRequestException that names the position.
    """
    if not expression or not expression.strip():
        return None
    from labkit.xray.engine.filters import FilterError
    from labkit.xray.filtering import read

    try:
        return read(expression)
    except FilterError as problem:
        raise invalid(f"Invalid input symbol: {problem}") from None


def get_trace_summaries(
    call: Call,
    /,
    *,
    StartTime: datetime,
    EndTime: datetime,
    TimeRangeType: str = "TraceId",
    Sampling: bool = False,
    SamplingStrategy: Mapping[str, Any] | None = None,
    FilterExpression: str | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """Summaries of the traces of at most six hours, newest first, a hundred on a page.

    ``Sampling`` without a strategy looks at every trace here: AWS decides itself how many it looks
    at. ``SamplingStrategy`` FixedRate looks at that share of the traces, PartialScan stops after
    as many as its value says.

    Raises
    ------
    AwsError
        InvalidRequestException.
    """
    start_us, end_us = span_of(StartTime, EndTime)
    wanted = filter_of(FilterExpression)
    readable(call)
    store: XRayStore = call.store
    strategy = SamplingStrategy if Sampling else None
    asked = (start_us, end_us, TimeRangeType, FilterExpression, str(strategy or ""))
    held: Found | None = store.found.get(asked) if NextToken else None
    if held is None or held.changes != store.changes:
        held = _found(store, start_us, end_us, TimeRangeType, strategy, wanted)
        store.found.clear()
        if len(held.chosen) > PAGE:
            store.found[asked] = held
    rows, more = page(held.chosen, NextToken, PAGE)
    if not NextToken:
        store.service.world.meters.count(
            "xray.retrieved", call.account, call.region, call.now_us, held.processed
        )
    return {
        "TraceSummaries": [_summary(store, one, call.account, TimeRangeType) for one in rows],
        "ApproximateTime": to_datetime(end_us),
        "TracesProcessedCount": held.processed,
        **more,
    }


@dataclass(frozen=True, slots=True)
class Found:
    """What a question found, kept for the pages after the first.

    ``changes``: how often the store had changed by then; ``processed``: traces looked at.
    """

    changes: int
    processed: int
    chosen: Sequence[Trace]


def _found(
    store: XRayStore,
    start_us: int,
    end_us: int,
    by: str,
    strategy: Mapping[str, Any] | None,
    wanted: Filter | None,
) -> Found:
    traces = store.traces(start_us, end_us, by)
    if strategy:
        traces = _some(traces, strategy)
    if wanted is None:
        return Found(store.changes, len(traces), traces)
    from labkit.xray.filtering import groups

    return Found(store.changes, len(traces), wanted.select(traces, groups(store), store.account))


def _some(traces: list[Trace], strategy: Mapping[str, Any]) -> list[Trace]:
    value = float(strategy.get("Value") or 0)
    if strategy.get("Name") == "FixedRate":
        if not 0 < value <= 1:
            raise invalid("SamplingStrategy.Value of FixedRate is between 0 and 1")
        return traces[:: max(round(1 / value), 1)]
    if value < 0:
        raise invalid("SamplingStrategy.Value cannot be negative")
    return traces[: int(value)] if value >= 1 else traces[: -(-len(traces) // 10)]


def _summary(store: XRayStore, trace: Trace, account: str, by: str) -> dict[str, Any]:
    told = summary(trace, account)
    told["StartTime"] = to_datetime(round(told["StartTime"] * SECOND))
    told["FaultRootCauses"] = causes.fault(trace)
    told["ErrorRootCauses"] = causes.error(trace)
    told["ResponseTimeRootCauses"] = causes.response_time(trace)
    held = store.held(trace.id)
    if by == "Event" and held is not None:
        told["MatchedEventTime"] = to_datetime(held.updated_us)
    return told


OPERATIONS = {
    "BatchGetTraces": batch_get_traces,
    "GetTraceSummaries": get_trace_summaries,
}
