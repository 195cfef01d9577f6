"""OTLP's logs: requests as a program's exporter sends them, and the events that Logs keeps of them.

AWS's endpoint ``https://logs.<region>.amazonaws.com/v1/logs`` takes OTLP over HTTP, binary or JSON,
plain or gzip, into the group and the stream that two headers name. What of a record lies in a group
is JSON of its own: attributes are plain objects instead of OTLP's lists of keys and values, and
resource and scope stand in each event.

Limits (CloudWatch user guide, OTLP endpoints): 20 MB and 10,000 records a request, 16 KB for a
resource with its scope, times from 14 days ago to two hours ahead, 24 hours from the first to the
last; one record of a request may be larger than 1 MB, and the excess becomes large log objects. In
Regions without large log objects a request ends at 1 MB.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.agents.otlp import (
    EXHAUSTED,
    INVALID,
    JSON,
    LINES,
    UNAVAILABLE,
    Answer,
    Refused,
    content_type,
    items,
    kind_of,
    refusal,
)
from labkit.agents.otlp_wire import (
    Malformed,
    attributes,
    hexadecimal,
    json_attributes,
    json_value,
    number,
    objects,
    text,
    value_of,
    written,
)
from labkit.core.jsontext import dumps

PATH = "/v1/logs"
GROUP, STREAM = "x-aws-log-group", "x-aws-log-stream"
MOST_BYTES, MOST_PLAIN = 20 * 1024 * 1024, 1024 * 1024
MOST_RECORDS = 10_000
MOST_ABOUT = 16 * 1024
#: Where records may be larger than 1 MB.
LARGE_REGIONS = frozenset(
    {
        "us-east-1", "us-east-2", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-1",
        "ap-southeast-2", "ap-south-1", "ap-northeast-1",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One record: when it was, nanoseconds since the epoch, and the event that is kept of it."""

    time_ns: int
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rejected:
    """How many records of a request were not kept, by why; as the answer's message says it."""

    too_old: int = 0
    too_new: int = 0
    expired: int = 0

    @property
    def count(self) -> int:
        """All of them."""
        return self.too_old + self.too_new + self.expired

    def __str__(self) -> str:
        told = {
            "tooOldLogEventCount": self.too_old,
            "tooNewLogEventCount": self.too_new,
            "expiredLogEventCount": self.expired,
        }
        return json.dumps({name: count for name, count in told.items() if count})


#: Group, stream, records -> what was not kept. Raises :class:`Refused`.
Give = Callable[[str, str, Sequence[Record]], Rejected]


@dataclass(slots=True)
class Counters:
    """What a receiver has done."""

    requests: int = 0
    refused: int = 0
    records: int = 0
    rejected: int = 0


@dataclass(slots=True)
class LogsReceiver:
    """Answers OTLP requests with logs.

    Parameters
    ----------
    give:
        Hands records on.
    region:
        Decides whether records may be larger than 1 MB.
    """

    give: Give
    region: str = "us-east-1"
    counters: Counters = field(default_factory=Counters)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))

    def answer(self, method: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Status, headers and body of the answer to one request; never raises.

        ``headers``: names in lower case.
        """
        kind = kind_of(headers)
        self.counters.requests += 1
        try:
            records = self._read(method, headers, kind, body)
            group, stream = (_named(headers, name) for name in (GROUP, STREAM))
            rejected = self.give(group, stream, records) if records else Rejected()
        except Refused as problem:
            self.counters.refused += 1
            self.lines.append(f"{problem.status} {problem.why}")
            return refusal(problem, kind)
        self.counters.records += len(records)
        self.counters.rejected += rejected.count
        if rejected.count:
            self.lines.append(f"200 {rejected.count} of {len(records)} rejected: {rejected}")
        return 200, content_type(kind), _answered(rejected, as_json=kind == JSON)

    def _read(
        self, method: str, headers: Mapping[str, str], kind: str, body: bytes
    ) -> list[Record]:
        if method != "POST":
            raise Refused(405, INVALID, "logs are sent by POST")
        most = MOST_BYTES if self.region in LARGE_REGIONS else MOST_PLAIN
        read = from_json if kind == JSON else from_protobuf
        return items("records", read, kind, headers, body, MOST_RECORDS, most)


def denied(status: int, code: str, message: str) -> Refused:
    """What Logs answered to a receiver, as its client shall see it."""
    why = f"{code}: {message}"
    if code == "AccessDeniedException":
        return Refused(403, 7, why)
    if status == 429 or "Throttl" in code:
        return Refused(429, EXHAUSTED, why)
    return Refused(503, UNAVAILABLE, why) if status >= 500 else Refused(400, INVALID, why)


def _named(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise Refused(400, INVALID, f"the header {name} is missing")
    return value


# -- what is kept of a record
def _about(resource: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """Resource and scope, which stand in each of their events.

    Raises
    ------
    Malformed
        When they are larger than 16 KB.
    """
    about = {"resource": {"attributes": resource}, "scope": scope}
    size = len(dumps(about).encode())
    if size > MOST_ABOUT:
        raise Malformed(f"a resource and its scope of {size:,} bytes, {MOST_ABOUT:,} at most")
    return about


def _scope(name: str, version: str, given: Mapping[str, Any]) -> dict[str, Any]:
    told = {"name": name, "version": version, "attributes": given}
    return {key: value for key, value in told.items() if value}


def _record(about: Mapping[str, Any], members: Mapping[str, Any], body: Any) -> Record:
    """An event of the members of a record; those that say nothing are left out."""
    event = {**about}
    for name, value in members.items():
        if name == "attributes":
            if body is not None:
                event["body"] = body
            event[name] = value
        elif value:
            event[name] = value
    return Record(members["timeUnixNano"] or members["observedTimeUnixNano"], event)


# -- protobuf
def from_protobuf(body: bytes) -> list[Record]:
    """The records of a binary ExportLogsServiceRequest.

    Raises
    ------
    Malformed
        When it is none.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as problem:
        raise Malformed(f"the body is no ExportLogsServiceRequest: {problem}") from None
    found = []
    for group in request.resource_logs:
        resource = attributes(group.resource.attributes)
        for one in group.scope_logs:
            given = one.scope
            scope = _scope(given.name, given.version, attributes(given.attributes))
            about = _about(resource, scope)
            found += [_binary(about, record) for record in one.log_records]
    return found


def _binary(about: Mapping[str, Any], record: Any) -> Record:
    return _record(
        about,
        {
            "timeUnixNano": record.time_unix_nano,
            "observedTimeUnixNano": record.observed_time_unix_nano,
            "severityNumber": int(record.severity_number),
            "severityText": record.severity_text,
            "attributes": attributes(record.attributes),
            "droppedAttributesCount": record.dropped_attributes_count,
            "flags": record.flags,
            "traceId": record.trace_id.hex(),
            "spanId": record.span_id.hex(),
            "eventName": getattr(record, "event_name", ""),
        },
        value_of(record.body),
    )


# -- JSON
def from_json(body: bytes) -> list[Record]:
    """The records of a JSON ExportLogsServiceRequest.

    Raises
    ------
    Malformed
        When it is none.
    """
    found = []
    for group in objects(written(body, "ExportLogsServiceRequest"), "resourceLogs"):
        resource = json_attributes(_object(group, "resource"))
        for one in objects(group, "scopeLogs"):
            given = _object(one, "scope")
            scope = _scope(text(given, "name"), text(given, "version"), json_attributes(given))
            about = _about(resource, scope)
            found += [_written(about, record) for record in objects(one, "logRecords")]
    return found


def _object(tree: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = tree.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"{name} is an object")
    return value


def _written(about: Mapping[str, Any], record: Mapping[str, Any]) -> Record:
    severity = record.get("severityNumber", 0)
    if not isinstance(severity, int) or isinstance(severity, bool) or not 0 <= severity <= 24:
        raise Malformed("severityNumber is one of the numbers 0 to 24")
    return _record(
        about,
        {
            "timeUnixNano": number(record, "timeUnixNano"),
            "observedTimeUnixNano": number(record, "observedTimeUnixNano"),
            "severityNumber": severity,
            "severityText": text(record, "severityText"),
            "attributes": json_attributes(record),
            "droppedAttributesCount": number(record, "droppedAttributesCount"),
            "flags": number(record, "flags"),
            "traceId": hexadecimal(record, "traceId"),
            "spanId": hexadecimal(record, "spanId"),
            "eventName": text(record, "eventName"),
        },
        json_value(record.get("body"), 0),
    )


# -- answers
def _answered(rejected: Rejected, *, as_json: bool) -> bytes:
    """An ExportLogsServiceResponse; with a partial success when records were rejected."""
    if as_json:
        told = {"rejectedLogRecords": rejected.count, "errorMessage": str(rejected)}
        return json.dumps({"partialSuccess": told} if rejected.count else {}).encode()
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

    answer = ExportLogsServiceResponse()
    if rejected.count:
        answer.partial_success.rejected_log_records = rejected.count
        answer.partial_success.error_message = str(rejected)
    return bytes(answer.SerializeToString())
