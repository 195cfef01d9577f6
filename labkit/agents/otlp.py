"""An OTLP receiver: programs with an OpenTelemetry SDK send their spans, X-Ray gets segments.

::

    receiver = lab.otlp()                                        # 127.0.0.1, a free port
    OTLPSpanExporter(endpoint=receiver.traces_endpoint)          # the real SDK's exporter

It stands where a collector or the CloudWatch agent stands beside an application, and answers as
AWS's own endpoint ``https://xray.<region>.amazonaws.com/v1/traces`` does: OTLP over HTTP, binary or
JSON, plain or gzip; 5 MB and 10,000 spans a request, 200 KB a span, times from 14 days ago to two
hours ahead (CloudWatch user guide, OTLP endpoints). A request beyond its limits is refused whole,
single spans beyond theirs are told in a *partial success*, as OTLP has it.

What a span becomes is said in :mod:`.otlp_segments`.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from labkit.agents.otlp_segments import Indexing, documents
from labkit.agents.otlp_wire import (
    Malformed,
    Span,
    answered,
    from_json,
    from_protobuf,
    refused,
)

PATH = "/v1/traces"
MOST_BYTES = 5 * 1024 * 1024
MOST_SPANS = 10_000
SPAN_BYTES = 200 * 1024
#: Lines of its log that are kept.
LINES = 500

PROTOBUF, JSON = "application/x-protobuf", "application/json"
#: Of google.rpc.Code.
INVALID, DENIED, EXHAUSTED, UNAVAILABLE = 3, 7, 8, 14

T = TypeVar("T")
Answer = tuple[int, dict[str, str], bytes]
#: Documents -> what X-Ray handed back as unprocessed. Raises :class:`Refused`.
Give = Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]]


class Refused(Exception):
    """A request that is not taken: HTTP status, code of google.rpc, and why."""

    def __init__(self, status: int, code: int, why: str) -> None:
        super().__init__(why)
        self.status, self.code, self.why = status, code, why


def denied(status: int, code: str, message: str) -> Refused:
    """What X-Ray answered to a receiver, as its client shall see it."""
    if status in (401, 403):
        return Refused(status, DENIED, f"{code}: {message}")
    if status == 429 or "Throttl" in code:
        return Refused(429, EXHAUSTED, f"{code}: {message}")
    return Refused(503 if status >= 500 else 400, UNAVAILABLE, f"{code}: {message}")


@dataclass(slots=True)
class Counters:
    """What a receiver has done."""

    requests: int = 0
    refused: int = 0
    spans: int = 0
    rejected: int = 0
    segments: int = 0


@dataclass(slots=True)
class Receiver:
    """Answers OTLP requests.

    Parameters
    ----------
    give:
        Hands documents on.
    indexing:
        Which attributes become annotations.
    """

    give: Give
    indexing: Indexing = field(default_factory=Indexing)
    counters: Counters = field(default_factory=Counters)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Status, headers and body of the answer to one request; never raises.

        ``headers``: names in lower case.
        """
        kind = kind_of(headers)
        self.counters.requests += 1
        try:
            spans = self._read(method, path, headers, kind, body)
            rejected, why = self._take(spans)
        except Refused as problem:
            self.counters.refused += 1
            self.lines.append(f"{problem.status} {problem.why}")
            return refusal(problem, kind)
        if rejected:
            self.lines.append(f"200 {rejected} of {len(spans)} spans rejected: {why}")
        return 200, content_type(kind), answered(rejected, why, as_json=kind == JSON)

    def _read(
        self, method: str, path: str, headers: Mapping[str, str], kind: str, body: bytes
    ) -> list[Span]:
        if path.rstrip("/") != PATH:
            raise Refused(404, 5, f"traces go to {PATH}")
        if method != "POST":
            raise Refused(405, INVALID, "traces are sent by POST")
        read = from_json if kind == JSON else from_protobuf
        return items("spans", read, kind, headers, body, MOST_SPANS)

    def _take(self, spans: Sequence[Span]) -> tuple[int, str]:
        """Hand spans on; how many were rejected, and why the first of them was."""
        self.counters.spans += len(spans)
        made: list[dict[str, Any]] = []
        rejected, why = 0, ""
        for span in spans:
            try:
                if span.size > SPAN_BYTES:
                    raise ValueError(f"{span.size:,} bytes, {SPAN_BYTES:,} at most")
                made += documents(span, self.indexing)
            except ValueError as problem:
                rejected += 1
                why = why or f"span {span.span_id or '?'}: {problem}"
        unprocessed = self.give(made) if made else ()
        for one in unprocessed:
            what = one.get("Message") or one.get("ErrorCode") or "unprocessed"
            why = why or f"span {one.get('Id', '?')}: {what}"
        rejected += len(unprocessed)
        self.counters.rejected += rejected
        self.counters.segments += len(made) - len(unprocessed)
        return rejected, why


def kind_of(headers: Mapping[str, str]) -> str:
    """The media type of a request, in lower case."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def content_type(kind: str) -> dict[str, str]:
    """The head of an answer: JSON is answered in JSON, all else in protobuf."""
    return {"content-type": JSON if kind == JSON else PROTOBUF}


def refusal(problem: Refused, kind: str) -> Answer:
    """The answer to a request that is not taken."""
    told = content_type(kind)
    if problem.status == 405:
        told["allow"] = "POST"
    if problem.status in (429, 503):
        told["retry-after"] = "1"
    return problem.status, told, refused(problem.code, problem.why, as_json=kind == JSON)


def items(
    what: str,
    read: Callable[[bytes], list[T]],
    kind: str,
    headers: Mapping[str, str],
    body: bytes,
    most: int,
    most_bytes: int = MOST_BYTES,
) -> list[T]:
    """The spans or records of a request, at most so many, in a body of at most so many bytes.

    Raises
    ------
    Refused
        When the body is of another kind, too long, or not to be read.
    """
    if kind not in (PROTOBUF, JSON):
        raise Refused(415, INVALID, f"{PROTOBUF} and {JSON} are understood, not {kind!r}")
    try:
        found = read(plain(headers.get("content-encoding", "").strip().lower(), body, most_bytes))
    except Malformed as problem:
        raise Refused(400, INVALID, str(problem)) from None
    if len(found) > most:
        raise Refused(400, INVALID, f"{len(found):,} {what} in one request, {most:,} at most")
    return found


def plain(encoding: str, body: bytes, most: int = MOST_BYTES) -> bytes:
    """A body without its compression, which must not hide how long it is.

    Raises
    ------
    Refused
        When it is longer than ``most`` bytes, or cannot be unpacked.
    """
    if encoding in ("", "identity", "none"):
        found = body
    elif encoding == "gzip":
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            found = inflater.decompress(body, most + 1)
        except zlib.error as problem:
            raise Refused(400, INVALID, f"the body is not gzip: {problem}") from None
        if len(found) <= most and not inflater.eof:
            raise Refused(400, INVALID, "the body is gzip that was cut off")
    else:
        raise Refused(415, INVALID, f"gzip or nothing, not {encoding!r}")
    if len(found) > most:
        raise Refused(413, INVALID, f"more than {most:,} bytes in one request")
    return found
