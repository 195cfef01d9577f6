"""What subscribers of a log group get: messages, gzip, and how they are cut into pieces.

A data message names the owner, the group, the stream and the filters that matched; it is JSON in
gzip. A stream gets these bytes as they are; a function gets them in base64, under
``awslogs.data``. Before it takes a stream as a destination CloudWatch Logs sends it a control
message, which a consumer has to pass over.

Source: CloudWatch Logs user guide, SubscriptionFilters (aws-semantics 3.6).
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.jsontext import dumps

#: Bytes of one message at most, in gzip. A record of a stream may have 1 MB, one of Firehose 1,000
#: KB; a function's event may have 256 KB, in base64 with a few bytes around it.
MOST_BYTES = {"kinesis": 1_000_000, "firehose": 1_000_000, "lambda": 190_000}


def data_message(
    owner: str, group: str, stream: str, filters: Sequence[str], events: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Events of one stream that matched.

    Parameters
    ----------
    owner:
        Account of the log group.
    group, stream, filters:
        Where they were written, and the names of the filters.
    events:
        ``{"id", "timestamp" (ms), "message"[, "extractedFields"]}``.
    """
    return {
        "messageType": "DATA_MESSAGE",
        "owner": owner,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": list(filters),
        "logEvents": list(events),
    }


def control_message(destination: str, now_ms: int) -> dict[str, Any]:
    """The question whether a destination is reachable; ``destination`` as a reader would say it."""
    text = f"CWL CONTROL MESSAGE: Checking health of destination {destination}."
    return {
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [{"id": "", "timestamp": now_ms, "message": text}],
    }


def packed(message: Mapping[str, Any]) -> bytes:
    """A message in gzip; the same bytes for the same message."""
    return gzip.compress(dumps(message).encode("utf-8", "replace"), 6, mtime=0)


def for_function(data: bytes) -> str:
    """The event that a Lambda function gets: JSON text."""
    return dumps({"awslogs": {"data": base64.b64encode(data).decode()}})


def pieces(message: dict[str, Any], most: int) -> list[tuple[bytes, int]]:
    """A message in gzip, in as many pieces as are needed: bytes, and the events in each.

    An event that is too large for itself goes out alone, and its target says what it thinks of it.
    """
    data, events = packed(message), message["logEvents"]
    if len(data) <= most or len(events) < 2:
        return [(data, len(events))]
    half = len(events) // 2
    return [
        *pieces({**message, "logEvents": events[:half]}, most),
        *pieces({**message, "logEvents": events[half:]}, most),
    ]
