"""What a filter expression is asked of: a trace, a segment, a call, an element of a root cause.

Every keyword is an attribute (``http.status`` is ``http_status``), so that the same small function
tests it wherever it stands. An attribute is worked out when it is first asked for and kept; the
subject of a trace is kept with the trace, which is put together anew when a segment arrives.

Where the value of a keyword comes from:

=================  ==========================  ======================  ===========================
keyword            of a trace                  in service's braces     in edge's braces
=================  ==========================  ======================  ===========================
ok ... fault       the root segment            the segment             the caller's subsegment
responsetime       the root segment            the segment             the caller's subsegment
duration           first start to last end     start to the last end   as in service, of the call
                                               below it
http.*             the root segment            the segment             the caller's subsegment, then
                                                                       the callee
user ... arn       any segment                 the segment             the callee's segment
annotation         any segment, subsegment     it, its subsegments     the call's, then both ends'
=================  ==========================  ======================  ===========================

An edge's figures come from the caller, as on the service map. Where no subsegment stands between
two segments, the callee tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from labkit.core.kept import kept
from labkit.xray.engine.filters.elements import Element, Values, elements_of, texts
from labkit.xray.engine.trace import Service, Span, Trace, service_of

#: Annotations of a trace that are indexed, and what their keys are made of.
INDEXED = 50
_KEY = re.compile(r"[A-Za-z0-9_.]+")


class Requested:
    """What can be asked of a request, whoever was asked."""

    @kept
    def http_url(self) -> Values:
        """URL asked for."""
        return self._requested("url")

    @kept
    def http_method(self) -> Values:
        """Method of the request."""
        return self._requested("method")

    @kept
    def http_useragent(self) -> Values:
        """The caller's program."""
        return self._requested("user_agent")

    @kept
    def http_clientip(self) -> Values:
        """The caller's address."""
        return self._requested("client_ip")

    def _requested(self, member: str) -> Values:
        """Texts under a member of ``http.request``."""
        raise NotImplementedError


class Spanned(Requested):
    """What segments and calls have in common.

    Parameters
    ----------
    span:
        Whose times and flags count.
    whole:
        The trace's subject.
    """

    def __init__(self, span: Span, whole: TraceSubject) -> None:
        self.span = span
        self.whole = whole

    @kept
    def error(self) -> bool:
        """A client's error, throttling included."""
        return self.span.error

    @kept
    def throttle(self) -> bool:
        """Throttled."""
        return self.span.throttle

    @kept
    def fault(self) -> bool:
        """A server's fault."""
        return self.span.fault

    @kept
    def ok(self) -> bool:
        """None of these."""
        return not (self.error or self.throttle or self.fault)

    @kept
    def partial(self) -> bool:
        """Still in progress, or its callee's segment has been announced and is not there."""
        return any(one.end is None or (one.traced and not _called(one)) for one in self.span.own())

    @kept
    def responsetime(self) -> float | None:
        """Seconds from start to end."""
        return None if self.span.end is None else _lasted(self.span.start, self.span.end)

    @kept
    def duration(self) -> float:
        """Seconds from its start to the last end below it."""
        ends = [one.end for one in self.span.walk() if one.end is not None]
        return _lasted(self.span.start, max(ends, default=self.span.start))

    @kept
    def http_status(self) -> int | None:
        """Status of the answer."""
        return self.span.status

    def _requested(self, member: str) -> Values:
        return texts([self.span.request.get(member)])


class SegmentSubject(Spanned):
    """A segment of a service, inferred ones included."""

    @kept
    def service(self) -> Service:
        """The node of the service graph."""
        return service_of(self.span)

    @kept
    def name(self) -> Values:
        """Of its service."""
        return (self.service.name,)

    @kept
    def type(self) -> Values:
        """Of its service."""
        return texts([self.service.type])

    @property
    def account(self) -> str:
        """Whose service it is."""
        told = self.span.aws.get("account_id")
        return str(told) if told else self.whole.account

    @kept
    def root(self) -> bool:
        """Whether the trace begins with it."""
        return self.span is self.whole.trace.root

    @kept
    def inferred(self) -> bool:
        """Whether only its caller tells of it."""
        return self.span.kind == "inferred"

    @kept
    def user(self) -> Values:
        """For whom."""
        return texts([self.span.user])

    @kept
    def availabilityzone(self) -> Values:
        """Where it ran."""
        return texts([_machine(self.span).get("availability_zone")])

    @kept
    def instance_id(self) -> Values:
        """The instance it ran on."""
        return texts([_machine(self.span).get("instance_id")])

    @kept
    def resource_arn(self) -> Values:
        """The AWS resource that it is of."""
        aws = self.span.aws
        return texts([self.span.document.get("resource_arn"), aws.get("resource_arn"),
                       aws.get("function_arn"), aws.get("topic_arn")])  # fmt: skip

    @kept
    def message(self) -> Values:
        """Messages of the exceptions in it and its subsegments."""
        return texts(e.get("message") for one in self.span.own() for e in one.exceptions)

    @kept
    def annotations(self) -> dict[str, Values]:
        """Key -> values, of it and its subsegments; those that the trace's index has."""
        found = _annotations(self.span.own())
        return {key: found[key] for key in found if key in self.whole.annotations}


class EdgeSubject(Spanned):
    """A call of one service to another.

    Parameters
    ----------
    link:
        The caller's subsegment; the callee's own segment when there is none.
    source, destination:
        The segments at both ends; no source when the caller is a client.
    """

    def __init__(
        self,
        link: Span,
        source: SegmentSubject | None,
        destination: SegmentSubject,
        whole: TraceSubject,
    ) -> None:
        super().__init__(link, whole)
        self.source = source
        self.destination = destination

    @kept
    def caller(self) -> Service:
        """Who calls: a client bears the name of the service that it calls."""
        if self.source is None:
            return Service(self.destination.service.name, "client")
        return self.source.service

    @kept
    def partial(self) -> bool:
        """Still in progress, or the callee's segment has been announced and is not there."""
        one = self.span
        return one.end is None or (one.traced and not _called(one)) or self.destination.partial

    @kept
    def inferred(self) -> bool:
        """Whether the callee sent nothing."""
        return self.destination.inferred

    @kept
    def http_status(self) -> int | None:
        """Status that the caller got."""
        told = self.span.status
        return self.destination.http_status if told is None else told

    def _requested(self, member: str) -> Values:
        return super()._requested(member) or self.destination._requested(member)

    @property
    def user(self) -> Values:
        """For whom."""
        return self.destination.user

    @property
    def availabilityzone(self) -> Values:
        """Where the callee ran."""
        return self.destination.availabilityzone

    @property
    def instance_id(self) -> Values:
        """The instance that the callee ran on."""
        return self.destination.instance_id

    @property
    def resource_arn(self) -> Values:
        """The AWS resource called."""
        return self.destination.resource_arn

    @kept
    def annotations(self) -> dict[str, Values]:
        """Of the call, and of both ends."""
        found = {**_annotations([self.span])}
        for end in (self.destination, self.source):
            for key, values in ({} if end is None else end.annotations).items():
                found[key] = (*found.get(key, ()), *values)
        return found


class TraceSubject(Requested):
    """A trace as filter expressions see it.

    Parameters
    ----------
    trace:
        The trace.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        #: Of segments that name no account.
        self.account = ""
        #: A group's name or ARN -> what its own expression says of this trace.
        self.group: Callable[[str], bool] | None = None
        root = trace.root
        self.span = root
        self.error = root is not None and root.error
        self.throttle = root is not None and root.throttle
        self.fault = root is not None and root.fault
        self.ok = root is not None and not (self.error or self.throttle or self.fault)
        self.http_status = None if root is None else root.status
        self.responsetime: float | None = None
        if root is not None and root.end is not None:
            self.responsetime = _lasted(root.start, root.end)

    @kept
    def duration(self) -> float:
        """Seconds from the first start to the last end."""
        return _lasted(self.trace.start, self.trace.end)

    @kept
    def partial(self) -> bool:
        """Whether segments are missing or in progress."""
        return self.trace.partial

    @kept
    def inferred(self) -> bool:
        """Whether it has inferred segments."""
        return any(one.kind == "inferred" for one in self.trace.segments)

    @kept
    def _request(self) -> Mapping[str, Any]:
        return {} if self.span is None else self.span.request

    def _requested(self, member: str) -> Values:
        found = self._request.get(member)
        return (found,) if found and isinstance(found, str) else ()

    @kept
    def user(self) -> Values:
        """For whom, of all segments."""
        return self._of_segments("user")

    @kept
    def availabilityzone(self) -> Values:
        """Where segments ran."""
        return self._of_segments("availabilityzone")

    @kept
    def instance_id(self) -> Values:
        """The instances that segments ran on."""
        return self._of_segments("instance_id")

    @kept
    def resource_arn(self) -> Values:
        """The AWS resources."""
        return self._of_segments("resource_arn")

    def _of_segments(self, member: str) -> Values:
        values = (value for one in self.segments for value in getattr(one, member))
        return tuple(dict.fromkeys(values))

    @kept
    def annotations(self) -> dict[str, Values]:
        """Key -> values, of all segments and subsegments; the first 50 keys are indexed."""
        found = _annotations(span for one in self.trace.segments for span in one.own())
        return dict(list(found.items())[:INDEXED])

    @kept
    def segments(self) -> list[SegmentSubject]:
        """The segments, inferred ones included."""
        return [SegmentSubject(one, self) for one in self.trace.segments]

    @kept
    def by_name(self) -> dict[str, list[SegmentSubject]]:
        """The segments by the names of their services."""
        found: dict[str, list[SegmentSubject]] = {}
        for one in self.segments:
            found.setdefault(one.service.name, []).append(one)
        return found

    @kept
    def edges(self) -> list[EdgeSubject]:
        """The calls between services."""
        by_id = {one.span.id: one for one in self.segments}
        found = []
        for one in self.segments:
            parent = one.span.parent
            source = None if parent is None else by_id.get(parent.owner.id)
            if parent is not None and source is not None:
                link = parent if parent.kind == "subsegment" else one.span
                found.append(EdgeSubject(link, source, one, self))
        return found

    @kept
    def client_edges(self) -> list[EdgeSubject]:
        """The call that began it."""
        return [EdgeSubject(one.span, None, one, self) for one in self.segments if one.root]

    @kept
    def _causes(self) -> dict[str, Sequence[Mapping[str, Any]]]:
        return {}

    @kept
    def _rows(self) -> dict[tuple[str, str], list[list[Element]]]:
        return {}

    def causes(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """The root causes: of ``fault``, ``error`` or ``responsetime``, as the API shows them."""
        if kind not in self._causes:
            from labkit.xray.engine import causes

            ask = {"fault": causes.fault, "error": causes.error,
                   "responsetime": causes.response_time}[kind]  # fmt: skip
            self._causes[kind] = ask(self.trace)
        return self._causes[kind]

    def elements(self, kind: str, part: str) -> Sequence[list[Element]]:
        """For each root cause its services, entities or exceptions, outermost first."""
        rows = self._rows.get((kind, part))
        if rows is None:
            rows = self._rows[kind, part] = [elements_of(one, part) for one in self.causes(kind)]
        return rows


def subject_of(trace: Trace) -> TraceSubject:
    """The subject of a trace, made once for each."""
    found: TraceSubject | None = trace.subject
    if found is None:
        found = trace.subject = TraceSubject(trace)
    return found


def _lasted(start: float, end: float) -> float:
    """Seconds, to the microsecond: an epoch as a float is no finer than half of one."""
    return round(end - start, 6)


def _called(span: Span) -> bool:
    return any(child.kind != "subsegment" for child in span.children)


def _machine(span: Span) -> Mapping[str, Any]:
    found = span.aws.get("ec2")
    return found if isinstance(found, dict) else {}


def _annotations(spans: Iterable[Span]) -> dict[str, Values]:
    """Key -> the different values, in order; keys with other letters are not indexed."""
    found: dict[str, Values] = {}
    for span in spans:
        if "annotations" not in span.document:
            continue
        for key, value in span.annotations.items():
            if not _KEY.fullmatch(key):
                continue
            held = found.get(key, ())
            if not any(value is one or (type(value) is type(one) and value == one) for one in held):
                found[key] = (*held, value)
    return found
