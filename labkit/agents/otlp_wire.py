"""OTLP's requests and answers as bytes: protobuf and JSON, read into one plain :class:`Span`.

JSON is not protobuf's usual JSON: ids are hexadecimal, enums are numbers, 64-bit integers may be
texts, and fields that are not known are passed over (OTLP specification, JSON protobuf encoding).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

UNSPECIFIED, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(6)
OK, ERROR = 1, 2

_KINDS = {
    f"SPAN_KIND_{name}": number
    for number, name in enumerate(
        ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
    )
}
_CODES = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": OK, "STATUS_CODE_ERROR": ERROR}
_HEX = re.compile(r"[0-9a-fA-F]*")
#: How deep an attribute's value may be nested.
_DEEPEST = 32

Attributes = Mapping[str, Any]


class Malformed(Exception):
    """A body that is no OTLP request."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened during a span."""

    name: str
    time_ns: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Link:
    """Another span that a span has to do with."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Span:
    """One span, as it was sent.

    Parameters
    ----------
    trace_id, span_id, parent_id:
        32, 16 and 16 hexadecimal digits; the last is empty for a root span.
    kind:
        A number of OTLP: SERVER, CLIENT ...
    start_ns, end_ns:
        Nanoseconds since the epoch.
    attributes, resource:
        Plain values: text, number, bool, list, dictionary.
    status_code, status_message:
        0 unset, 1 OK, 2 ERROR.
    size:
        Bytes it took in the request; about so many in JSON.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: Attributes = field(default_factory=dict)
    resource: Attributes = field(default_factory=dict)
    status_code: int = 0
    status_message: str = ""
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()
    size: int = 0


# -- protobuf
def from_protobuf(body: bytes) -> list[Span]:
    """The spans of a binary ExportTraceServiceRequest.

    Raises
    ------
    Malformed
        When it is none.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as problem:
        raise Malformed(f"the body is no ExportTraceServiceRequest: {problem}") from None
    return [
        _span(span, resource)
        for group in request.resource_spans
        for resource in [attributes(group.resource.attributes)]
        for scope in group.scope_spans
        for span in scope.spans
    ]


def _span(span: Any, resource: Attributes) -> Span:
    return Span(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name,
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        attributes(span.attributes),
        resource,
        span.status.code,
        span.status.message,
        [Event(e.name, e.time_unix_nano, attributes(e.attributes)) for e in span.events],
        [Link(k.trace_id.hex(), k.span_id.hex(), attributes(k.attributes)) for k in span.links],
        span.ByteSize(),
    )


def attributes(pairs: Any) -> dict[str, Any]:
    """Keys and values of protobuf as a dictionary."""
    return {pair.key: value_of(pair.value, 0) for pair in pairs}


def value_of(value: Any, depth: int = 0) -> Any:
    """An AnyValue as a plain value; bytes in base 64, None for nothing."""
    which = value.WhichOneof("value")
    if which is None or depth > _DEEPEST:
        return None
    if which == "array_value":
        return [value_of(one, depth + 1) for one in value.array_value.values]
    if which == "kvlist_value":
        return {pair.key: value_of(pair.value, depth + 1) for pair in value.kvlist_value.values}
    if which == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return getattr(value, which)


# -- JSON
def from_json(body: bytes) -> list[Span]:
    """The spans of a JSON ExportTraceServiceRequest.

    Raises
    ------
    Malformed
        When it is none.
    """
    found = []
    for group in objects(written(body, "ExportTraceServiceRequest"), "resourceSpans"):
        told = group.get("resource")
        resource = json_attributes(told) if isinstance(told, dict) else {}
        for scope in objects(group, "scopeSpans"):
            found += [_json_span(span, resource) for span in objects(scope, "spans")]
    return found


def written(body: bytes, name: str) -> dict[str, Any]:
    """A request in JSON, of which ``name`` is the message.

    Raises
    ------
    Malformed
        When it is no JSON, or no object.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise Malformed(f"the body is no JSON: {problem}") from None
    if not isinstance(request, dict):
        raise Malformed(f"an {name} is a JSON object")
    return request


def objects(tree: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The objects of a list that may be left out."""
    given = tree.get(name)
    if given is None:
        return
    if not isinstance(given, list):
        raise Malformed(f"{name} is a list")
    for one in given:
        if not isinstance(one, dict):
            raise Malformed(f"{name} is a list of objects")
        yield one


def _json_span(span: Mapping[str, Any], resource: Attributes) -> Span:
    status = span.get("status")
    told = status if isinstance(status, dict) else {}
    return Span(
        hexadecimal(span, "traceId"),
        hexadecimal(span, "spanId"),
        hexadecimal(span, "parentSpanId"),
        text(span, "name"),
        _enum(span, "kind", _KINDS),
        number(span, "startTimeUnixNano"),
        number(span, "endTimeUnixNano"),
        json_attributes(span),
        resource,
        _enum(told, "code", _CODES),
        text(told, "message"),
        [
            Event(text(e, "name"), number(e, "timeUnixNano"), json_attributes(e))
            for e in objects(span, "events")
        ],
        [
            Link(hexadecimal(k, "traceId"), hexadecimal(k, "spanId"), json_attributes(k))
            for k in objects(span, "links")
        ],
        len(json.dumps(span)),
    )


def text(tree: Mapping[str, Any], name: str) -> str:
    """A text, empty when it is left out."""
    value = tree.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{name} is a text")
    return value


def hexadecimal(tree: Mapping[str, Any], name: str) -> str:
    """An id in small letters."""
    value = text(tree, name)
    if not _HEX.fullmatch(value):
        raise Malformed(f"{name} is hexadecimal, not {value[:40]!r}")
    return value.lower()


def number(tree: Mapping[str, Any], name: str) -> int:
    """A number that is not negative, maybe written as a text; 0 when it is left out."""
    value = tree.get(name, 0)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 21:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Malformed(f"{name} is a whole number, not negative")
    return value


def _enum(tree: Mapping[str, Any], name: str, names: Mapping[str, int]) -> int:
    value = tree.get(name, 0)
    if isinstance(value, str):
        value = names.get(value, -1)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < len(names):
        raise Malformed(f"{name} is one of the numbers 0 to {len(names) - 1}")
    return value


def json_attributes(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The ``attributes`` of an object as a dictionary."""
    return {
        text(one, "key"): json_value(one.get("value"), 0) for one in objects(tree, "attributes")
    }


def json_value(value: Any, depth: int) -> Any:
    """An AnyValue in JSON as a plain value, None for nothing."""
    if not isinstance(value, dict) or depth > _DEEPEST:
        return None
    for which, given in value.items():
        if which == "intValue":
            try:
                return int(given)
            except (TypeError, ValueError):
                raise Malformed("intValue is a number") from None
        if which == "doubleValue":
            try:
                return float(given)
            except (TypeError, ValueError):
                raise Malformed("doubleValue is a number") from None
        if which in ("stringValue", "bytesValue") and not isinstance(given, str):
            raise Malformed(f"{which} is a text")
        if which in ("stringValue", "boolValue", "bytesValue"):
            return given
        if which == "arrayValue" and isinstance(given, dict):
            return [json_value(one, depth + 1) for one in objects(given, "values")]
        if which == "kvlistValue" and isinstance(given, dict):
            return {
                text(one, "key"): json_value(one.get("value"), depth + 1)
                for one in objects(given, "values")
            }
    return None


# -- answers
def answered(rejected: int, why: str, *, as_json: bool) -> bytes:
    """An ExportTraceServiceResponse; with a partial success when spans were rejected."""
    if as_json:
        told = {"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": why}}
        return json.dumps(told if rejected else {}).encode()
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    answer = ExportTraceServiceResponse()
    if rejected:
        answer.partial_success.rejected_spans = rejected
        answer.partial_success.error_message = why
    return bytes(answer.SerializeToString())


def refused(code: int, why: str, *, as_json: bool) -> bytes:
    """A google.rpc.Status, which is how OTLP words what went wrong."""
    if as_json:
        return json.dumps({"code": code, "message": why}).encode()
    text = why.encode()
    head = bytes([0x08, code]) if code else b""  # field 1, a small number; field 2, a text
    return head + b"\x12" + _length(len(text)) + text


def _length(size: int) -> bytes:
    found = bytearray()
    while size >= 0x80:
        found.append(size & 0x7F | 0x80)
        size >>= 7
    found.append(size)
    return bytes(found)
