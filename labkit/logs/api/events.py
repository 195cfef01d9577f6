"""Log events: put them in, read a stream, read a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labkit.core.call import Call
from labkit.logs.api.requests import group_of, invalid, service_of, stream_of
from labkit.logs.engine.batch import MOST_BYTES, OVERHEAD, Refused, admit
from labkit.logs.records import DELIVERY, INFREQUENT_ACCESS, LogGroup, event_id

#: Milliseconds that stand for "no bound": times of the API are not negative.
_EVER = 2**61


def put_log_events(
    call: Call,
    /,
    *,
    logGroupName: str,
    logStreamName: str,
    logEvents: Sequence[Mapping[str, Any]],
    sequenceToken: str | None = None,
    entity: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Put a batch into a stream; the answer says which events were passed over."""
    group = group_of(call, logGroupName)
    stream = stream_of(group, logStreamName)
    times = [event["timestamp"] for event in logEvents]
    texts = [event["message"] for event in logEvents]
    sizes = [len(t) if t.isascii() else len(t.encode("utf-8", "replace")) for t in texts]
    try:
        found = admit(times, sizes, call.now_us // 1000, group.oldest_ms(call.now_us))
    except Refused as refused:
        raise invalid(str(refused)) from None
    service_of(call).accept(
        group,
        stream,
        times[found.start : found.end],
        texts[found.start : found.end],
        call.request_id,
    )
    answer: dict[str, Any] = {"nextSequenceToken": f"{group.events.next_seq:056d}"}
    if found.rejected:
        answer["rejectedLogEventsInfo"] = found.rejected
    return answer


def _readable(group: LogGroup) -> None:
    if group.log_class in (INFREQUENT_ACCESS, DELIVERY):
        raise invalid(
            f"Log groups of class {group.log_class} cannot be read so; use Logs Insights."
        )


def _range(group: LogGroup, call: Call, start: int | None, end: int | None) -> tuple[int, int]:
    oldest = group.oldest_ms(call.now_us)
    return max(start if start is not None else -_EVER, oldest, -_EVER), (
        end if end is not None else _EVER
    )


def get_log_events(
    call: Call,
    /,
    *,
    logGroupName: str | None = None,
    logGroupIdentifier: str | None = None,
    logStreamName: str,
    startTime: int | None = None,
    endTime: int | None = None,
    nextToken: str | None = None,
    limit: int = 10_000,
    startFromHead: bool = False,
    unmask: bool = False,
) -> dict[str, Any]:
    """A page of one stream, the newest when nothing else is said. Tokens are never missing: the end
    is reached when a token comes back as it was given."""
    group = group_of(call, logGroupName, logGroupIdentifier)
    stream = stream_of(group, logStreamName)
    _readable(group)
    low, high = _range(group, call, startTime, endTime)
    seqs = group.events.seqs(low, high, [stream.index])
    if nextToken is None:
        first, forward = (0, True) if startFromHead else (len(seqs), False)
    else:
        first, forward = _place(nextToken, group, seqs)
    rows: list[dict[str, Any]] = []
    size = 0
    places = range(first, len(seqs)) if forward else range(first - 1, -1, -1)
    for place in places:
        row = group.events.row(int(seqs[place]))
        assert row is not None
        size += len(row.message.encode("utf-8", "replace")) + OVERHEAD
        if len(rows) >= limit or (rows and size > MOST_BYTES):
            break
        rows.append(
            {"timestamp": row.at_ms, "message": row.message, "ingestionTime": row.ingested_ms}
        )
    if not forward:
        rows.reverse()
    begin = first if forward else first - len(rows)
    return {
        "events": rows,
        "nextForwardToken": _token("f", group, seqs, begin + len(rows)),
        "nextBackwardToken": _token("b", group, seqs, begin),
    }


def _token(way: str, group: LogGroup, seqs: Any, place: int) -> str:
    """Where to go on: behind (f) or before (b) an event, which keeps its meaning as events come."""
    if way == "f":
        row = group.events.row(int(seqs[place - 1])) if place else None
    else:
        row = group.events.row(int(seqs[place])) if place < len(seqs) else None
    at, seq = (row.at_ms, row.seq) if row else (0, -1)
    ends = "0" if row else "1"
    return f"{way}/3{at + 10**15:016d}{seq + 1:038d}{ends}"


def _place(token: str, group: LogGroup, seqs: Any) -> tuple[int, bool]:
    way, _, digits = token.partition("/")
    if way not in ("f", "b") or len(digits) != 56 or not digits.isdigit():
        raise invalid("The specified nextToken is invalid.")
    forward = way == "f"
    if digits[-1] == "1":
        return (0, True) if forward else (len(seqs), False)
    at, seq = int(digits[1:17]) - 10**15, int(digits[17:55]) - 1
    held = group.events.row(seq)
    if held is None or held.at_ms != at:
        raise invalid("The specified nextToken is invalid.")
    found = np.nonzero(seqs == seq)[0]
    if len(found):
        place = int(found[0])
        return (place + 1, True) if forward else (place, False)
    # The event has expired meanwhile: everything that is left is newer.
    return (0, forward)


def filter_log_events(
    call: Call,
    /,
    *,
    logGroupName: str | None = None,
    logGroupIdentifier: str | None = None,
    logStreamNames: Sequence[str] = (),
    logStreamNamePrefix: str | None = None,
    startTime: int | None = None,
    endTime: int | None = None,
    filterPattern: str = "",
    nextToken: str | None = None,
    limit: int = 10_000,
    interleaved: bool = True,
    unmask: bool = False,
    startFromHead: bool = True,
) -> dict[str, Any]:
    """Events of a group that match a pattern, over all its streams, in the order of time."""
    group = group_of(call, logGroupName, logGroupIdentifier)
    _readable(group)
    if logStreamNames and logStreamNamePrefix:
        raise invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    for name in logStreamNames:
        stream_of(group, name)
    streams = [
        stream.index
        for name, stream in group.streams.items()
        if (not logStreamNames or name in logStreamNames)
        and name.startswith(logStreamNamePrefix or "")
    ]
    low, high = _range(group, call, startTime, endTime)
    seqs = group.events.seqs(low, high, streams)
    first = _after(nextToken, group, seqs)
    matches = service_of(call).matcher(filterPattern)
    rows: list[dict[str, Any]] = []
    size = 0
    place = first
    for place in range(first, len(seqs)):
        row = group.events.row(int(seqs[place]))
        assert row is not None
        if not matches(row.message):
            continue
        size += len(row.message.encode("utf-8", "replace")) + OVERHEAD
        if len(rows) >= limit or (rows and size > MOST_BYTES):
            break
        rows.append(
            {
                "logStreamName": group.by_index[row.stream].name,
                "timestamp": row.at_ms,
                "message": row.message,
                "ingestionTime": row.ingested_ms,
                "eventId": event_id(row.at_ms, row.seq),
            }
        )
    else:
        place = len(seqs)
    answer: dict[str, Any] = {"events": rows, "searchedLogStreams": []}
    if place < len(seqs):
        answer["nextToken"] = _after_token(group, int(seqs[place - 1])) if place else None
    return {name: value for name, value in answer.items() if value is not None}


def _after_token(group: LogGroup, seq: int) -> str:
    row = group.events.row(seq)
    assert row is not None
    return f"after-{row.at_ms + 10**15:016d}-{row.seq}"


def _after(token: str | None, group: LogGroup, seqs: Any) -> int:
    if not token:
        return 0
    parts = token.split("-")
    if len(parts) != 3 or parts[0] != "after" or not (parts[1].isdigit() and parts[2].isdigit()):
        raise invalid("The specified nextToken is invalid.")
    row = group.events.row(int(parts[2]))
    if row is None or row.at_ms != int(parts[1]) - 10**15:
        raise invalid("The specified nextToken is invalid.")
    found = np.nonzero(seqs == row.seq)[0]
    return int(found[0]) + 1 if len(found) else 0


OPERATIONS = {
    "PutLogEvents": put_log_events,
    "GetLogEvents": get_log_events,
    "FilterLogEvents": filter_log_events,
}
