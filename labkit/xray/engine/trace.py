"""Traces, put together out of segment documents that arrive in any order.

How a trace is made:

1. Each document is a segment (of a service that takes part) or an independent subsegment (a piece
   of one, sent ahead). Their embedded subsegments become :class:`Span` objects, one tree for each.
2. An independent subsegment is hung under the span that its ``parent_id`` names; the segment that
   it belongs to may also bring a copy of it: the complete one of two spans of the same id wins.
3. A segment with a ``parent_id`` was called by the subsegment of that id and hangs below it.
4. A subsegment with namespace ``aws`` or ``remote`` under which no segment hangs has called
   somebody who sent nothing. X-Ray **infers** a segment for that callee from what the caller
   says: same name and times, ``"inferred": true``, an id of its own. Once the callee's segment
   arrives, it takes the inferred one's place: a trace is assembled anew when it was touched.
5. ``http.request.traced`` tells that the callee will send a segment: until it is there the trace
   is *broken*, and nothing is inferred.

Source: X-Ray developer guide, "X-Ray segment documents" (subsegments, inferred segments).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from labkit.core.kept import kept

_NOTHING: Mapping[str, Any] = {}


class Service(NamedTuple):
    """A node of the service graph: who answers.

    Parameters
    ----------
    name:
        As the map writes it.
    type:
        ``AWS::EC2::Instance``, ``AWS::DynamoDB::Table``, ``Database::SQL``, ``remote``; empty for a
        service of which nobody says where it runs.
    """

    name: str
    type: str = ""


class Span:
    """A segment, a subsegment or an inferred segment in its place in a trace.

    Parameters
    ----------
    document:
        As it was sent, JSON object.
    kind:
        ``segment``, ``subsegment`` or ``inferred``.
    trace_id:
        Of the trace.
    parent_id:
        Of the span that called it or that it is a part of; empty for none.
    """

    __slots__ = (
        "children", "document", "end", "id", "kind", "name", "parent", "parent_id", "start",
        "trace_id",
    )  # fmt: skip

    def __init__(
        self, document: Mapping[str, Any], kind: str, trace_id: str, parent_id: str
    ) -> None:
        self.document = document
        self.kind = kind
        self.trace_id = trace_id
        self.id: str = document["id"]
        self.name: str = document["name"]
        self.parent_id = parent_id
        #: Seconds since the epoch; ``end`` is None while it is in progress.
        self.start = float(document["start_time"])
        end = document.get("end_time")
        self.end: float | None = None if end is None else float(end)
        self.parent: Span | None = None
        self.children: list[Span] = []

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name} {self.id}>"

    @property
    def duration(self) -> float:
        """Seconds from start to end; 0 while in progress."""
        return 0.0 if self.end is None else self.end - self.start

    @property
    def in_progress(self) -> bool:
        """Whether no end has been told."""
        return self.end is None

    def _map(self, name: str) -> Mapping[str, Any]:
        found = self.document.get(name)
        return found if isinstance(found, dict) else _NOTHING

    @property
    def http(self) -> Mapping[str, Any]:
        """The block ``http``; empty when there is none (so are the others)."""
        return self._map("http")

    @property
    def aws(self) -> Mapping[str, Any]:
        """The block ``aws``: operation, table_name, region, request_id, ..."""
        return self._map("aws")

    @property
    def sql(self) -> Mapping[str, Any]:
        """The block ``sql``."""
        return self._map("sql")

    @property
    def request(self) -> Mapping[str, Any]:
        """``http.request``."""
        found = self.http.get("request")
        return found if isinstance(found, dict) else _NOTHING

    @property
    def response(self) -> Mapping[str, Any]:
        """``http.response``."""
        found = self.http.get("response")
        return found if isinstance(found, dict) else _NOTHING

    @property
    def status(self) -> int | None:
        """The HTTP status that was answered."""
        found = self.response.get("status")
        if isinstance(found, str) and found.isdigit():
            return int(found)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    @property
    def annotations(self) -> Mapping[str, Any]:
        """Indexed values: strings, numbers, booleans; what is none of these is left out."""
        found = self.document.get("annotations")
        if not isinstance(found, dict):
            return _NOTHING
        return {k: v for k, v in found.items() if isinstance(v, str | int | float | bool)}

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Values that are kept and not indexed."""
        return self._map("metadata")

    @property
    def user(self) -> str:
        """For whom; empty when nobody is named."""
        found = self.document.get("user")
        return found if isinstance(found, str) else ""

    @property
    def origin(self) -> str:
        """The kind of AWS resource a segment ran on; empty when it does not say."""
        found = self.document.get("origin")
        return found if isinstance(found, str) else ""

    @property
    def namespace(self) -> str:
        """``aws``, ``remote``, or empty for a subsegment of the program's own."""
        found = self.document.get("namespace")
        return found if isinstance(found, str) else ""

    @property
    def error(self) -> bool:
        """A client's error (4xx)."""
        return self.document.get("error") is True or self.throttle

    @property
    def throttle(self) -> bool:
        """Throttled (429)."""
        return self.document.get("throttle") is True

    @property
    def fault(self) -> bool:
        """A server's fault (5xx)."""
        return self.document.get("fault") is True

    @property
    def ok(self) -> bool:
        """Neither error nor fault."""
        return not (self.error or self.fault)

    @property
    def cause(self) -> Mapping[str, Any] | str:
        """Exceptions, or the id of an exception told elsewhere; empty when there is none."""
        found = self.document.get("cause")
        return found if isinstance(found, dict | str) else ""

    @property
    def exceptions(self) -> list[Mapping[str, Any]]:
        """The exceptions of the cause."""
        cause = self.cause
        found = cause.get("exceptions") if isinstance(cause, Mapping) else None
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    @property
    def traced(self) -> bool:
        """Whether the callee will send a segment of its own."""
        return self.request.get("traced") is True

    @property
    def owner(self) -> Span:
        """The segment or inferred segment that it lies in; itself when it is one."""
        one = self
        while one.kind == "subsegment" and one.parent is not None:
            one = one.parent
        return one

    def walk(self) -> Iterator[Span]:
        """Itself and all below it."""
        todo = [self]
        while todo:
            one = todo.pop()
            yield one
            todo += reversed(one.children)

    def own(self) -> Iterator[Span]:
        """Itself and its subsegments, other services' segments left out."""
        todo = [self]
        while todo:
            one = todo.pop()
            yield one
            todo += [child for child in reversed(one.children) if child.kind == "subsegment"]


class Trace:
    """One trace, as far as it has arrived.

    Parameters
    ----------
    trace_id:
        Its id.
    spans:
        Every span by its id.
    revision:
        How often the trace has changed.
    """

    def __init__(self, trace_id: str, spans: dict[str, Span], revision: int = 1) -> None:
        self.id = trace_id
        self.spans = spans
        self.revision = revision
        #: As filter expressions see it, when one has asked.
        self.subject: Any = None
        #: Segments and inferred segments in the order in which they began.
        self.segments = sorted(
            (one for one in spans.values() if one.kind != "subsegment"),
            key=lambda one: (one.start, one.kind == "inferred", one.id),
        )

    def __repr__(self) -> str:
        return f"<trace {self.id} of {len(self.spans)} spans>"

    @kept
    def root(self) -> Span | None:
        """The segment that nobody called; the earliest when its caller has not arrived."""
        first = None
        for one in self.segments:
            if one.kind == "segment":
                if not one.parent_id:
                    return one
                first = first or one
        return first

    @kept
    def loose(self) -> list[Span]:
        """Spans whose parent has not arrived, the root not among them."""
        return [
            one
            for one in self.spans.values()
            if one.parent is None and one.parent_id and one is not self.root
        ]

    @kept
    def start(self) -> float:
        """When the first span began, seconds since the epoch."""
        return min([one.start for one in self.spans.values()], default=0.0)

    @kept
    def end(self) -> float:
        """When the last span ended, as far as is known."""
        return max(
            [one.start if one.end is None else one.end for one in self.spans.values()], default=0.0
        )

    @property
    def duration(self) -> float:
        """Seconds from the first start to the last end."""
        return self.end - self.start

    @kept
    def response_time(self) -> float:
        """Seconds that the caller waited: the root segment's."""
        return 0.0 if self.root is None else self.root.duration

    @kept
    def partial(self) -> bool:
        """Whether something is missing: in progress, a callee announced, a parent not there."""
        if any(one.end is None for one in self.spans.values()) or self.loose:
            return True
        return any(one.traced and not _called(one) for one in self.spans.values())

    @kept
    def services(self) -> list[Service]:
        """The services that took part, in the order in which they began."""
        return list(dict.fromkeys(service_of(one) for one in self.segments))


def _called(span: Span) -> bool:
    return any(child.kind != "subsegment" for child in span.children)


def assemble(trace_id: str, documents: Iterable[Mapping[str, Any]], revision: int = 1) -> Trace:
    """A trace out of its documents, in whatever order they came.

    Parameters
    ----------
    trace_id:
        Of all of them.
    documents:
        Checked (:func:`labkit.xray.engine.document.read`); of two with the same id the complete
        one counts, of two complete ones the later.
    """
    spans: dict[str, Span] = {}
    for document in documents:
        kind = "subsegment" if document.get("type") == "subsegment" else "segment"
        _add(spans, document, kind, trace_id)
    for one in spans.values():
        above = spans.get(one.parent_id)
        if above is not None and not _inside(above, one):
            one.parent = above
            above.children.append(one)
    for one in list(spans.values()):
        calls = one.kind == "subsegment" and one.namespace in ("aws", "remote")
        if calls and not one.traced and not _called(one):
            _infer(spans, one)
    for one in spans.values():
        if len(one.children) > 1:
            one.children.sort(key=lambda child: (child.start, child.id))
    return Trace(trace_id, spans, revision)


def _inside(one: Span, other: Span) -> bool:
    """Whether ``one`` is ``other`` or below it: documents of a broken program may go in a ring."""
    above: Span | None = one
    while above is not None:
        if above is other:
            return True
        above = above.parent
    return False


def _add(spans: dict[str, Span], document: Mapping[str, Any], kind: str, trace_id: str) -> None:
    """The spans of a document; an embedded subsegment's parent is the one that it lies in."""
    todo = [(document, kind, document.get("parent_id") or "")]
    while todo:
        one, what, parent_id = todo.pop()
        span = Span(one, what, trace_id, parent_id)
        held = spans.get(span.id)
        if held is None or span.end is not None or held.end is None:
            spans[span.id] = span
        todo += [(sub, "subsegment", span.id) for sub in reversed(one.get("subsegments") or ())]


def _infer(spans: dict[str, Span], caller: Span) -> None:
    """A segment for the callee of ``caller``, who sent nothing."""
    digest = blake2b(f"{caller.trace_id}/{caller.id}".encode(), digest_size=8).hexdigest()
    if digest in spans:
        return
    document: dict[str, Any] = {
        "id": digest,
        "name": caller.name,
        "trace_id": caller.trace_id,
        "parent_id": caller.id,
        "start_time": caller.document["start_time"],
        "inferred": True,
    }
    if caller.end is None:
        document["in_progress"] = True
    else:
        document["end_time"] = caller.document["end_time"]
    for name in ("http", "aws", "sql", "error", "throttle", "fault", "cause"):
        if name in caller.document:
            document[name] = caller.document[name]
    origin = _origin(caller)
    if origin:
        document["origin"] = origin
    span = Span(document, "inferred", caller.trace_id, caller.id)
    span.parent = caller
    caller.children.append(span)
    spans[digest] = span


#: A member of ``aws`` that names a resource -> what the type ends in, by service.
_RESOURCES = (
    ("table_name", "Table"),
    ("queue_url", "Queue"),
    ("bucket_name", "Bucket"),
    ("topic_arn", "Topic"),
    ("stream_name", "Stream"),
    ("function_name", "Function"),
)
#: How SDKs name a service -> how its type is written.
_SPELLED = {
    "dynamodb": "DynamoDB", "s3": "S3", "sqs": "SQS", "sns": "SNS", "lambda": "Lambda",
    "kinesis": "Kinesis", "firehose": "Firehose", "events": "Events", "sts": "STS",
    "secretsmanager": "SecretsManager", "ssm": "SSM", "stepfunctions": "StepFunctions",
}  # fmt: skip


def _origin(caller: Span) -> str:
    """The type of a callee of which only the caller tells."""
    if caller.namespace == "remote":
        return "Database::SQL" if caller.sql else "remote"
    service = _SPELLED.get(caller.name.lower(), caller.name)
    for member, kind in _RESOURCES:
        if caller.aws.get(member):
            return f"AWS::{service}::{kind}"
    return f"AWS::{service}"


def resource_name(span: Span) -> str:
    """The AWS resource that a call is about: a table's, queue's, bucket's name; or empty."""
    aws = span.aws
    for member, _ in _RESOURCES:
        found = aws.get(member)
        if isinstance(found, str) and found:
            return found.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return ""


def service_of(span: Span) -> Service:
    """The node of the service graph that a segment or inferred segment belongs to.

    A call to AWS goes to a resource: the node is the table, not DynamoDB.
    """
    if span.kind == "inferred":
        return Service(resource_name(span) or span.name, span.origin)
    return Service(span.name, span.origin)
