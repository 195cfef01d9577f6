"""Active tracing: what Lambda itself sends to X-Ray of an invocation, and what its function adds.

Theory of operation
-------------------
Of a traced invocation Lambda sends two segments, and the function's SDK sends subsegments::

    AWS::Lambda                 the service: taken, queued, answered
      AWS::Lambda::Function     the environment
        Initialization          when it was made for this invocation
        Invocation              the handler; the SDK's subsegments hang here
        Overhead                what the runtime does after the answer

1. **Who decides.** A caller that traces has decided already; the decision comes with its header.
   Otherwise Lambda decides: one invocation a second, and 5 % of the others of a function; no rule
   changes that. A function whose mode is ``PassThrough`` sends nothing and passes the header on.
2. **Who may.** The function's role must be allowed ``xray:PutTraceSegments``. When it is no longer,
   there is no trace and no error.
3. **The header.** ``_X_AMZN_TRACE_ID`` names the trace and, as ``Parent``, the subsegment
   ``Invocation``. A boto3 call of the function carries it further (with the SDK: the SDK's open
   subsegment), so that a function that a function calls is in the same trace.
4. **Time.** The lab's clock stands still while functions run. Here an invocation begins when its
   caller had come so far, and its handler after the initialisation; what the SDK says is moved by
   as much.

5. **Queues** break the line: what a queue brings is a trace of its own, with links to the traces of
   those who sent the messages. (That one sampled message is enough is an approximation.)

Sources: Lambda developer guide, "Visualize Lambda function invocations using AWS X-Ray"; AWS
compute blog, "Streamlining trace sampling behavior for AWS Lambda functions" (2025).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from labkit.backing.function_environments import Function
from labkit.backing.function_figures import INIT_MS, draw
from labkit.core.call import Principal
from labkit.core.clock import SECOND
from labkit.core.traces import RATE, RESERVOIR, TraceHeader, trace_id
from labkit.core.world import World

#: What Lambda takes before and after the function, and the runtime after its answer: microseconds.
_BEFORE_US, _AFTER_US, _OVERHEAD = 3_000, 2_000, (600.0, 0.3)
#: The first line of a datagram.
_FORMAT = {"format": "json", "version": 1}


@dataclass(frozen=True, slots=True)
class Under:
    """Under which trace something is called.

    Parameters
    ----------
    header:
        What the caller sends along.
    ahead_us:
        How far the caller is ahead of the lab's clock, microseconds.
    """

    header: TraceHeader = field(default_factory=TraceHeader)
    ahead_us: int = 0


@dataclass(slots=True)
class Traced:
    """One invocation, as its trace sees it.

    Parameters
    ----------
    header:
        What the function gets as ``_X_AMZN_TRACE_ID``.
    sampled:
        Whether segments are sent.
    parent:
        Who called; empty where the trace begins.
    ids:
        Of the service's segment, the function's, and its three subsegments.
    start_us, init_us:
        When it was taken, and how long its environment took to be made.
    links:
        Traces that led here over a queue.
    """

    header: str
    sampled: bool
    root: str
    parent: str
    ids: tuple[str, ...]
    start_us: int
    init_us: int
    links: tuple[TraceHeader, ...] = ()

    def told(self) -> tuple[str, str] | None:
        """Trace and segment as the REPORT line names them; None when nothing is sent."""
        return (self.root, self.ids[1]) if self.sampled else None

    def handler_us(self) -> int:
        """When the handler begins."""
        return self.start_us + _BEFORE_US + self.init_us

    def calling(self, header: str, now_us: int, elapsed_us: int) -> Under:
        """Under which trace the function calls, when ``elapsed_us`` of its time are over."""
        said = TraceHeader.read(header or self.header)
        return Under(said, self.handler_us() - now_us + elapsed_us)


class Tracer:
    """The traces of one lab's functions.

    Parameters
    ----------
    world:
        Ids, the clock, and the port ``accept_segments``.
    seed:
        Of what is drawn.
    """

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._seed = seed
        #: Whether a role may send segments; everybody may while nobody judges.
        self.may_trace: Callable[[Principal], bool] = lambda role: True
        #: Under which trace calls are made at present.
        self.under = Under()
        #: Function -> the second of its last invocation and how many that second had.
        self._taken: dict[str, tuple[int, int]] = {}

    def begin(
        self, function: Function, role: Principal, request_id: str, attempt: int, under: Under,
        cold: str, links: Sequence[TraceHeader] = (),
    ) -> Traced:  # fmt: skip
        """An invocation begins.

        Parameters
        ----------
        cold:
            Names the environment that is made for it.
        links:
            The headers of the messages that it is invoked with: traces that it does not continue,
            but is linked to. When one of them is sampled it is sampled, too.
        """
        now_us = self._world.clock.now_us
        digits = request_id.replace("-", "")
        said = under.header
        root = said.root or trace_id(now_us, digits)
        made = self._world.ids.digest("traced", request_id, attempt, root).hex()
        made += self._world.ids.digest("traced more", request_id, attempt, root).hex()
        ids = tuple(made[16 * n : 16 * n + 16] for n in range(5))
        if any(one.sampled for one in links):
            said = TraceHeader("", "", True)
        sampled = self._decided(function, said, digits, now_us) and self.may_trace(role)
        init_us = 0
        if cold:
            init_us = int(round(draw(self._seed, INIT_MS, "init", cold), 2) * 1000)
        parent = ids[3] if sampled else digits[-16:]
        if function.tracing != "Active" and said.root:
            header = str(said)
        else:
            header = str(TraceHeader(root, parent, sampled))
        header += f";Lineage=1:{digits[:8]}:0"
        start_us = now_us + under.ahead_us
        led = tuple(one for one in links if one.sampled)
        return Traced(header, sampled, root, said.parent, ids, start_us, init_us, led)

    @contextmanager
    def calling(self, under: Under) -> Iterator[None]:
        """For a while, what is called is called under this trace."""
        before, self.under = self.under, under
        try:
            yield
        finally:
            self.under = before

    def accepted(self, function: Function, request_id: str) -> str:
        """The header of an event that is run later: all its tries are in one trace."""
        said = self.under.header
        if said.root:
            return str(said)
        if function.tracing != "Active":
            return ""
        now_us, digits = self._world.clock.now_us, request_id.replace("-", "")
        decided = self._decided(function, said, digits, now_us)
        return str(TraceHeader(trace_id(now_us, digits), "", decided))

    def _decided(self, function: Function, said: TraceHeader, digits: str, now_us: int) -> bool:
        if function.tracing != "Active":
            return False
        if said.sampled is not None:
            return said.sampled
        second = now_us // SECOND
        before, several = self._taken.get(function.arn, (-1, 0))
        several = several + 1 if before == second else 1
        self._taken[function.arn] = second, several
        luck = int(self._world.ids.digest("sampled", digits).hex()[:8], 16) / 0x1_0000_0000
        return several <= RESERVOIR or luck < RATE

    # -- what is sent
    def throttled(self, function: Function, traced: Traced, request_id: str) -> None:
        """An invocation was refused: only the service tells of it."""
        if not traced.sampled:
            return
        document = self._service(function, traced, request_id, traced.start_us + _BEFORE_US)
        document["http"]["response"]["status"] = 429
        document["error"] = document["throttle"] = True
        self._send(function, [document])

    def finish(
        self,
        function: Function,
        traced: Traced,
        request_id: str,
        duration_ms: float,
        error: dict[str, Any] | None,
        ran: bool,
        datagrams: Iterable[str],
    ) -> None:
        """An invocation is over.

        Parameters
        ----------
        duration_ms:
            What its REPORT line says.
        error:
            The error as Lambda tells it; None for one that came back.
        ran:
            Whether the handler ran: not when the environment could not be made.
        datagrams:
            What its SDK sent to the daemon.
        """
        if not traced.sampled:
            return
        begin_us = traced.handler_us()
        end_us = begin_us + int(duration_ms * 1000)
        over_us = end_us + self._overhead_us(request_id)
        service = self._service(function, traced, request_id, over_us + _AFTER_US)
        own = self._function(function, traced, request_id, over_us)
        if traced.init_us:
            own["subsegments"].append(
                _part(traced.ids[2], "Initialization", begin_us - traced.init_us, begin_us)
            )
        if ran:
            invocation = _part(traced.ids[3], "Invocation", begin_us, end_us)
            own["subsegments"] += [
                invocation, _part(traced.ids[4], "Overhead", end_us, over_us)
            ]  # fmt: skip
        if error is not None:
            service["fault"] = own["fault"] = own["subsegments"][-2 if ran else -1]["fault"] = True
            own["cause"] = _cause(traced.ids[1], error)
        moved_us = begin_us - self._world.clock.now_us
        sent = [one for text in datagrams if (one := _moved(text, moved_us)) is not None]
        self._send(function, [service, own, *sent])

    def _overhead_us(self, request_id: str) -> int:
        return int(draw(self._seed, _OVERHEAD, "overhead", request_id))

    def around_us(self, request_id: str) -> int:
        """What Lambda takes beside the function, and its caller waits for."""
        return _BEFORE_US + self._overhead_us(request_id) + _AFTER_US

    def _service(
        self, function: Function, traced: Traced, request_id: str, end_us: int
    ) -> dict[str, Any]:
        document: dict[str, Any] = {
            "trace_id": traced.root,
            "id": traced.ids[0],
            "name": function.name,
            "origin": "AWS::Lambda",
            "start_time": traced.start_us / SECOND,
            "end_time": end_us / SECOND,
            "http": {"response": {"status": 200}},
            "aws": {"request_id": request_id},
            "resource_arn": function.arn,
        }
        if traced.parent:
            document["parent_id"] = traced.parent
        if traced.links:
            document["links"] = [
                {"trace_id": one.root, "id": one.parent, "attributes": {"ReferenceType": "parent"}}
                for one in traced.links
            ]
        return document

    def _function(
        self, function: Function, traced: Traced, request_id: str, end_us: int
    ) -> dict[str, Any]:
        return {
            "trace_id": traced.root,
            "id": traced.ids[1],
            "parent_id": traced.ids[0],
            "name": function.name,
            "origin": "AWS::Lambda::Function",
            "start_time": (traced.start_us + _BEFORE_US) / SECOND,
            "end_time": end_us / SECOND,
            "aws": {
                "account_id": function.account,
                "function_arn": function.arn,
                "request_id": request_id,
            },
            "resource_arn": function.arn,
            "subsegments": [],
        }

    def _send(self, function: Function, documents: list[dict[str, Any]]) -> None:
        ports = self._world.ports
        if ports.answered("accept_segments"):
            ports.accept_segments(function.account, function.region, documents)


def _part(identity: str, name: str, start_us: int, end_us: int) -> dict[str, Any]:
    return {
        "id": identity,
        "name": name,
        "start_time": start_us / SECOND,
        "end_time": end_us / SECOND,
    }


def _cause(segment: str, error: dict[str, Any]) -> dict[str, Any]:
    told = {
        "id": segment[::-1],
        "type": str(error.get("errorType", "")),
        "message": str(error.get("errorMessage", ""))[:1000],
    }
    return {"working_directory": "/var/task", "exceptions": [told]}


def _moved(text: str, by_us: int) -> dict[str, Any] | None:
    """The document of a datagram, moved in time; None for what is none."""
    head, _, body = text.partition("\n")
    try:
        said, document = json.loads(head), json.loads(body)
    except (ValueError, RecursionError):
        return None
    if said != _FORMAT or not isinstance(document, dict):
        return None
    try:
        _move(document, by_us / SECOND)
    except OverflowError:  # a time of four hundred digits
        return None
    return document


def _move(document: dict[str, Any], by_s: float) -> None:
    """Move a document and everything in it."""
    left: list[Any] = [document]
    while left:
        one = left.pop()
        if not isinstance(one, dict):
            continue
        for name in ("start_time", "end_time"):
            if isinstance(one.get(name), int | float):
                one[name] = round(one[name] + by_s, 6)
        parts = one.get("subsegments")
        if isinstance(parts, list):
            left += parts
