"""Segments and the daemon's telemetry: what comes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import to_us
from labkit.xray.api.requests import readable, service_of
from labkit.xray.records import TELEMETRY
from labkit.xray.store import XRayStore

#: Telemetry records that are kept for views, newest last.
_KEPT = 1_000


def put_trace_segments(call: Call, /, *, TraceSegmentDocuments: Sequence[str]) -> dict[str, Any]:
    """Take segment documents; those that are not taken come back with a code.

    Raises
    ------
    AwsError
        InvalidRequestException when the account's KMS key can't be used.
    """
    readable(call)
    refused = service_of(call).accept(call.account, call.region, TraceSegmentDocuments, call.now_us)
    return {"UnprocessedTraceSegments": refused}


def put_telemetry_records(
    call: Call,
    /,
    *,
    TelemetryRecords: Sequence[Mapping[str, Any]],
    EC2InstanceId: str = "",
    Hostname: str = "",
    ResourceARN: str = "",
) -> dict[str, Any]:
    """What a daemon tells of itself: ``lab.xray.view_daemons()`` shows it."""
    store: XRayStore = call.store
    who = ResourceARN or EC2InstanceId or Hostname or call.principal.arn
    held = store.of(TELEMETRY).setdefault(who, [])
    for record in TelemetryRecords:
        held.append({**record, "Timestamp": to_us(record["Timestamp"])})
    del held[:-_KEPT]
    return {}


OPERATIONS = {
    "PutTraceSegments": put_trace_segments,
    "PutTelemetryRecords": put_telemetry_records,
}
