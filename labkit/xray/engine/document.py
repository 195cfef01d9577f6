"""Segment documents: what X-Ray takes, and how it says no.

A document that is refused comes back in ``UnprocessedTraceSegments`` with a code. Two codes have
been seen from AWS (``InvalidTraceId``, ``MissingId``), each with the message ``Invalid segment.
ErrorCode: <code>``; the others are named after them here (an approximation). Whatever is optional
and odd is no reason to refuse: programs in the field send much that the format does not know.

Source: X-Ray developer guide, "X-Ray segment documents"; botocore ``xray/PutTraceSegments``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from labkit.core import jsontext

#: A document's size at most, bytes; the model of a trace is 500 KB in all.
MOST_BYTES = 64 * 1024
#: How deep subsegments may be nested; X-Ray names no limit (an approximation).
MOST_DEPTH = 100
#: How old a trace id's time may be and how far ahead, seconds (30 days are kept).
OLDEST_S, NEWEST_S = 30 * 86400, 86400

_ID = re.compile(r"[0-9a-fA-F]{16}\Z")
_TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}\Z")
_W3C_ID = re.compile(r"[0-9a-fA-F]{32}\Z")
_SIGNS = frozenset("_.:/%&#=+\\-@ ")
_NAME_LENGTH = 200


class Refused(Exception):
    """A document is not taken.

    Parameters
    ----------
    segment_id:
        The document's id, empty when none can be read.
    code:
        X-Ray's word.
    why:
        What is wrong, for a person: which field, and what it has.
    """

    def __init__(self, segment_id: str, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.segment_id, self.code, self.why = segment_id, code, why

    def told(self) -> dict[str, str]:
        """The entry of UnprocessedTraceSegments."""
        told = {"ErrorCode": self.code, "Message": f"Invalid segment. ErrorCode: {self.code}"}
        return {"Id": self.segment_id, **told} if self.segment_id else told


def read(text: str | bytes | Mapping[str, Any], now_s: float | None = None) -> dict[str, Any]:
    """The document of a text, checked; its trace id in X-Ray's style.

    Parameters
    ----------
    text:
        JSON text, or the object itself.
    now_s:
        The present instant, seconds since the epoch: the time in a classic trace id is compared
        with it. Not compared when left out.

    Raises
    ------
    Refused
        With the code that PutTraceSegments answers.
    """
    if isinstance(text, Mapping):
        document: Any = dict(text)
    else:
        size = len(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else len(text)
        if size > MOST_BYTES:
            why = f"the document has {size} bytes, {MOST_BYTES} at most"
            raise Refused(_id_in(text), "SegmentTooLarge", why)
        try:
            document = jsontext.parse(text)
        except (ValueError, RecursionError) as problem:
            raise Refused("", "ParseError", f"no JSON: {problem}") from None
    if not isinstance(document, dict):
        raise Refused("", "ParseError", "a segment document is a JSON object")
    _check(document, now_s)
    return document


def _id_in(text: str | bytes) -> str:
    found = re.search(r'"id"\s*:\s*"([0-9a-fA-F]{16})"', text if isinstance(text, str) else "")
    return found[1] if found else ""


def _check(document: dict[str, Any], now_s: float | None) -> None:
    if "id" not in document:
        raise Refused("", "MissingId", "id is missing")
    segment_id = document["id"]
    if not isinstance(segment_id, str) or not _ID.match(segment_id):
        known = segment_id if isinstance(segment_id, str) else ""
        raise Refused(known[:64], "InvalidId", f"id {segment_id!r} is not 16 hexadecimal digits")
    if "trace_id" not in document:
        raise Refused(segment_id, "MissingTraceId", "trace_id is missing")
    document["trace_id"] = _trace_id(segment_id, document["trace_id"])
    parent = document.get("parent_id")
    if parent is not None and not (isinstance(parent, str) and _ID.match(parent)):
        why = f"parent_id {parent!r} is not 16 hexadecimal digits"
        raise Refused(segment_id, "InvalidParentId", why)
    if document.get("type") == "subsegment" and not parent:
        why = "a subsegment that is sent by itself names its parent_id"
        raise Refused(segment_id, "MissingParentId", why)
    todo: list[tuple[Any, int]] = [(document, 0)]
    while todo:
        one, depth = todo.pop()
        if not isinstance(one, dict):
            raise Refused(segment_id, "InvalidSubsegments", "a subsegment is a JSON object")
        if depth > MOST_DEPTH:
            why = f"subsegments are nested deeper than {MOST_DEPTH}"
            raise Refused(segment_id, "InvalidSubsegments", why)
        _check_part(segment_id, one)
        subsegments = one.get("subsegments") or ()
        if not isinstance(subsegments, list | tuple):
            raise Refused(segment_id, "InvalidSubsegments", "subsegments is a list")
        todo += [(each, depth + 1) for each in subsegments]
    if now_s is not None and stale(document, now_s):
        why = f"the trace's time, {trace_time(document['trace_id'])}, is not of the last 30 days"
        raise Refused(segment_id, "InvalidTraceId", why)


def _trace_id(segment_id: str, given: Any) -> str:
    if isinstance(given, str) and _W3C_ID.match(given):
        return f"1-{given[:8]}-{given[8:]}"
    if not isinstance(given, str) or not _TRACE_ID.match(given):
        why = f"trace_id {given!r} is not like 1-5f84c7a5-e7d1852db8c4fd35d88bf49a"
        raise Refused(segment_id, "InvalidTraceId", why)
    return given


def trace_time(trace_id: str) -> int:
    """The time in a trace id, seconds since the epoch."""
    return int(trace_id[2:10], 16)


def stale(document: Mapping[str, Any], now_s: float) -> bool:
    """Whether a trace id's time is out of what X-Ray keeps, though its segment is of now.

    An OpenTelemetry id is random: its first digits are no time. So an id whose time is far from
    now is refused only when the segment's own time is as far off.
    """
    times = (trace_time(document["trace_id"]), float(document["start_time"]))
    return all(not now_s - OLDEST_S <= at <= now_s + NEWEST_S for at in times)


def _check_part(segment_id: str, one: dict[str, Any]) -> None:
    own = one.get("id")
    if not isinstance(own, str) or not _ID.match(own):
        code = "MissingId" if own is None else "InvalidId"
        raise Refused(segment_id, code, f"a subsegment's id {own!r} is not 16 hexadecimal digits")
    name = one.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Refused(segment_id, "MissingName", "name is missing")
    if len(name) > _NAME_LENGTH or not all(sign.isalnum() or sign in _SIGNS or sign.isspace()
                                           for sign in name):  # fmt: skip
        why = f"name {name[:40]!r} is longer than 200 signs or has others than _.:/%&#=+\\-@"
        raise Refused(segment_id, "InvalidName", why)
    start = one.get("start_time")
    if start is None:
        raise Refused(segment_id, "MissingStartTime", f"start_time of {name!r} is missing")
    if not _number(start):
        raise Refused(segment_id, "InvalidStartTime", f"start_time {start!r} is no number")
    end, open_ = one.get("end_time"), one.get("in_progress")
    if end is None and open_ is not True:
        why = f"{name!r} has neither an end_time nor in_progress: true"
        raise Refused(segment_id, "MissingEndTime", why)
    if end is not None:
        if not _number(end) or end < start:
            why = f"end_time {end!r} is no number, or before start_time {start!r}"
            raise Refused(segment_id, "InvalidEndTime", why)
        if open_ is True:
            raise Refused(segment_id, "InvalidEndTime", "end_time and in_progress exclude another")


def _number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 <= value < 1e11
    )


def parts(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A document and all subsegments in it."""
    todo = [document]
    while todo:
        one = todo.pop()
        yield one
        todo += one.get("subsegments") or ()
