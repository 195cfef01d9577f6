"""Log streams: make, show, delete."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import (
    PROTECTED,
    exists,
    group_of,
    invalid,
    page,
    service_of,
    shown,
    stream_of,
    validation,
)
from labkit.logs.records import LogStream
from labkit.logs.store import LogStore


def create_log_stream(call: Call, /, *, logGroupName: str, logStreamName: str) -> dict[str, Any]:
    """A new stream of a group."""
    group = group_of(call, logGroupName)
    if logStreamName in group.streams:
        raise exists("The specified log stream already exists")
    store: LogStore = call.store
    store.add_stream(group, logStreamName, call.now_us)
    return {}


def delete_log_stream(call: Call, /, *, logGroupName: str, logStreamName: str) -> dict[str, Any]:
    """Delete a stream and its events."""
    group = group_of(call, logGroupName)
    stream = stream_of(group, logStreamName)
    if group.deletion_protection:
        raise validation(PROTECTED.format("stream of a log group"))
    service_of(call).storage.deleted(group, stream)
    group.events.drop_stream(stream.index)
    del group.streams[logStreamName]
    return {}


def told(stream: LogStream) -> dict[str, Any]:
    """A row of DescribeLogStreams. ``storedBytes`` is 0 since 2019, as in AWS."""
    return shown(
        {
            "logStreamName": stream.name,
            "creationTime": stream.created_us // 1000,
            "firstEventTimestamp": stream.first_ms,
            "lastEventTimestamp": stream.last_ms,
            "lastIngestionTime": stream.ingested_ms,
            "uploadSequenceToken": f"{stream.index + 1:056d}" if stream.last_ms else None,
            "arn": stream.arn,
            "storedBytes": 0,
        }
    )


def describe_log_streams(
    call: Call,
    /,
    *,
    logGroupName: str | None = None,
    logGroupIdentifier: str | None = None,
    logStreamNamePrefix: str | None = None,
    orderBy: str = "LogStreamName",
    descending: bool = False,
    nextToken: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """The streams of a group, by name or by their last event."""
    group = group_of(call, logGroupName, logGroupIdentifier)
    if orderBy == "LastEventTime" and logStreamNamePrefix:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    found = [s for n, s in sorted(group.streams.items()) if n.startswith(logStreamNamePrefix or "")]
    if orderBy == "LastEventTime":
        found.sort(key=lambda stream: (stream.last_ms or 0, stream.name))
    if descending:
        found.reverse()
    rows, more = page(found, limit, nextToken)
    return {"logStreams": [told(stream) for stream in rows], **more}


OPERATIONS = {
    "CreateLogStream": create_log_stream,
    "DeleteLogStream": delete_log_stream,
    "DescribeLogStreams": describe_log_streams,
}
