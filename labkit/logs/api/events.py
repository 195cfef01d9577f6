"""Log events: put them in, read a stream, read a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labkit.core.call import Call
from labkit.logs.api.keys import check_readable
from labkit.logs.api.requests import group_of, invalid, service_of, stream_of
from labkit.logs.engine.batch import MOST_BYTES, OVERHEAD, Refused, admit, clean, size_of
from labkit.logs.engine.pattern import Pattern
from labkit.logs.events import Row
from labkit.logs.masking import masked, shown_as_kept
from labkit.logs.records import DELIVERY, INFREQUENT_ACCESS, LogGroup, event_id

#: Milliseconds that stand for "no bound": times of the API are not negative.
_EVER = 2**61
#: Events that one page of FilterLogEvents looks at, and how many of them at once.
_SCANNED, _STEP = 100_000, 4096
#: From when on FilterLogEvents reads backwards: 2024-01-01 (API reference, startFromHead).
_HEAD_MS = 1_704_067_200_000


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
    texts = [clean(event["message"]) for event in logEvents]
    sizes = [size_of(text) for text in texts]
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
        sizes[found.start : found.end],
    )
    answer: dict[str, Any] = {"nextSequenceToken": f"{group.events.next_seq:056d}"}
    if found.rejected:
        answer["rejectedLogEventsInfo"] = found.rejected
    return answer


def _readable(call: Call, group: LogGroup) -> None:
    check_readable(call, group)
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
    _readable(call, group)
    low, high = _range(group, call, startTime, endTime)
    seqs = group.events.seqs(low, high, [stream.index])
    if nextToken is None:
        first, forward = (0, True) if startFromHead else (len(seqs), False)
    else:
        first, forward = _place(nextToken, group, seqs)
    chosen = seqs[first : first + limit] if forward else seqs[max(first - limit, 0) : first]
    found = group.events.rows(chosen)
    found = _fitting(found if forward else found[::-1])
    if not forward:
        found.reverse()
    rows = [
        {
            "timestamp": row.at_ms,
            "message": _text(group, row, unmask),
            "ingestionTime": row.ingested_ms,
        }
        for row in found
    ]
    begin = first if forward else first - len(rows)
    return {
        "events": rows,
        "nextForwardToken": _token("f", group, seqs, begin + len(rows)),
        "nextBackwardToken": _token("b", group, seqs, begin),
    }


def _fitting(found: list[Row]) -> list[Row]:
    """As many events as a page of 1 MB holds, one at least."""
    size = 0
    for count, row in enumerate(found):
        size += size_of(row.message) + OVERHEAD
        if count and size > MOST_BYTES:
            return found[:count]
    return found


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
    _readable(call, group)
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
    whole = len(streams) == len(group.streams)
    seqs = group.events.seqs(low, high, None if whole else streams)
    forward = nextToken[0] != "b" if nextToken else startFromHead
    if not forward:
        if startTime is None or startTime < _HEAD_MS:
            raise invalid("startFromHead can be false only with a startTime from 2024 on.")
        seqs = seqs[::-1]
    first = _after(nextToken, group, seqs)
    wanted = service_of(call).pattern(filterPattern) if filterPattern.strip() else None
    found, place = _search(group, seqs, first, limit, wanted, unmask)
    answer: dict[str, Any] = {
        "events": [_shown(group, row, unmask) for row in found],
        "searchedLogStreams": [],
    }
    if place < len(seqs):
        answer["nextToken"] = _after_token(group, int(seqs[place - 1]), forward)
    return answer


def _search(
    group: LogGroup, seqs: Any, first: int, limit: int, wanted: Pattern | None, unmask: bool
) -> tuple[list[Row], int]:
    """The matching events of one page from a place on, and the place behind the last one seen.

    A page looks at no more than :data:`_SCANNED` events; so it can be empty though more will come,
    as AWS's can. A pattern looks at what the reader sees: else whoever may not unmask would find
    out what is behind the asterisks by asking for it.
    """
    plain = unmask or shown_as_kept(group)
    found: list[Row] = []
    size, place = 0, first
    end = min(first + _SCANNED, len(seqs))
    step = limit if wanted is None else _STEP
    while place < end and len(found) < limit:
        rows = group.events.rows(seqs[place : min(place + step, end)])
        texts = [row.message if plain else _text(group, row, False) for row in rows]
        hits = None if wanted is None else wanted.mask(texts)
        for count, row in enumerate(rows):
            if hits is not None and not hits[count]:
                continue
            size += size_of(row.message) + OVERHEAD
            if len(found) >= limit or (found and size > MOST_BYTES):
                return found, place + count
            found.append(row)
        place += len(rows)
    return found, place


def _text(group: LogGroup, row: Row, unmask: bool) -> str:
    return masked(group, row.at_ms, row.message, unmask, row.ingested_ms)


def _shown(group: LogGroup, row: Row, unmask: bool) -> dict[str, Any]:
    return {
        "logStreamName": group.by_index[row.stream].name,
        "timestamp": row.at_ms,
        "message": _text(group, row, unmask),
        "ingestionTime": row.ingested_ms,
        "eventId": event_id(row.at_ms, row.seq),
    }


def _after_token(group: LogGroup, seq: int, forward: bool) -> str:
    row = group.events.row(seq)
    assert row is not None
    return f"{'after' if forward else 'before'}-{row.at_ms + 10**15:016d}-{row.seq}"


def _after(token: str | None, group: LogGroup, seqs: Any) -> int:
    if not token:
        return 0
    parts = token.split("-")
    if (
        len(parts) != 3
        or parts[0] not in ("after", "before")
        or not (parts[1].isdecimal() and parts[2].isdecimal() and len(parts[2]) < 19)
    ):
        raise invalid("The specified nextToken is invalid.")
    row = group.events.row(int(parts[2]))
    if row is None or row.at_ms != int(parts[1]) - 10**15:
        raise invalid("The specified nextToken is invalid.")
    place = np.nonzero(seqs == row.seq)[0]
    if len(place):
        return int(place[0]) + 1
    # The event has expired meanwhile: what is left is newer, so nothing of it was seen.
    return 0 if parts[0] == "after" else len(seqs)


OPERATIONS = {
    "PutLogEvents": put_log_events,
    "GetLogEvents": get_log_events,
    "FilterLogEvents": filter_log_events,
}
