"""OTLP into a lab: a receiver with a port of its own, and the paths of a served lab.

A request is answered by the thread of its connection. It enters the lab at an instant of its own,
like a call over HTTP, and its client learns what X-Ray said. When the lab is busy for longer than a
moment (a function that runs *in* the lab sends its spans, and the lab waits for that function),
waiting for each other would never end: the request is then taken on trust, and its spans enter the
lab when time passes next.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.agents.otlp import PATH, Counters, Receiver, denied
from labkit.agents.otlp_logs import PATH as LOGS_PATH
from labkit.agents.otlp_logs import Counters as LogCounters
from labkit.agents.otlp_logs import LogsReceiver
from labkit.agents.otlp_segments import Indexing
from labkit.core.errors import AwsError, LabClosed
from labkit.core.jsontext import dumps
from labkit.gateway.http_server import LOOPBACK, HttpServer
from labkit.gateway.wire import WireAnswer, WireRequest
from labkit.gateway.wire_services import scope_of
from labkit.otlp_logs import LogDoor, take_otlp_logs

if TYPE_CHECKING:
    from labkit.lab import Lab

#: How long a request waits for a lab that is busy, seconds.
PATIENCE_S = 2.0

#: Account, Region, role or key.
Place = tuple[str, str, str]


class Door:
    """Hands documents to a lab, from any thread."""

    def __init__(self, lab: Lab, place: Place) -> None:
        self._lab, self._place = lab, place
        self._waiting: deque[list[str]] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """Documents that were taken on trust and have not entered the lab."""
        return sum(map(len, self._waiting))

    def __call__(self, documents: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """What X-Ray handed back as unprocessed; nothing when that can't be known yet.

        Raises
        ------
        Refused
            What X-Ray answered instead.
        """
        texts = [dumps(one) for one in documents]
        world = self._lab.world
        if not world.lock.acquire(timeout=PATIENCE_S):
            self._waiting.append(texts)
            return ()
        try:
            return self._put(texts)
        except AwsError as error:
            raise denied(error.status, error.code, error.message) from None
        except LabClosed as problem:
            raise denied(503, "ServiceUnavailable", str(problem)) from None
        finally:
            world.lock.release()

    def enter(self) -> list[str]:
        """Let in what was taken on trust; what went wrong, as lines."""
        told = []
        while self._waiting:
            texts = self._waiting.popleft()
            try:
                unprocessed = self._put(texts)
            except AwsError as error:
                told.append(f"{len(texts)} segments were refused: {error.code}: {error.message}")
            else:
                told += [f"unprocessed: {one}" for one in unprocessed]
        return told

    def _put(self, texts: list[str]) -> list[Mapping[str, Any]]:
        account, region, role = self._place
        found: list[Mapping[str, Any]] = self._lab._do(
            "otlp.take", documents=texts, account=account, region=region, role=role
        )
        return found


class OtlpReceiver:
    """A receiver with its port open, or stopped; a context manager that stops it.

    Parameters
    ----------
    lab:
        Where spans go.
    port:
        0 takes a free one.
    place:
        Account, Region, and as whom.
    indexing:
        Which attributes become annotations.

    Raises
    ------
    OSError
        When the port is taken.
    """

    def __init__(self, lab: Lab, port: int, place: Place, indexing: Indexing) -> None:
        self._door = Door(lab, place)
        self._receiver = Receiver(self._door, indexing)
        self._log_door = LogDoor(lab, place)
        self._logs = LogsReceiver(self._log_door, place[1])
        self._server = HttpServer(self._handle, port, most_body=64 * 1024 * 1024)
        self._server.start()
        self.running = True

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return LOOPBACK, self._server.port

    @property
    def url(self) -> str:
        """For ``OTEL_EXPORTER_OTLP_ENDPOINT``, to which exporters add the path."""
        return self._server.url

    @property
    def traces_endpoint(self) -> str:
        """For ``OTLPSpanExporter(endpoint=...)``."""
        return self._server.url + PATH

    @property
    def logs_endpoint(self) -> str:
        """For ``OTLPLogExporter(endpoint=..., headers={"x-aws-log-group": ..., ...})``."""
        return self._server.url + LOGS_PATH

    @property
    def counters(self) -> Counters:
        """Of traces: requests, spans, segments."""
        return self._receiver.counters

    @property
    def log_counters(self) -> LogCounters:
        """Of logs: requests, records."""
        return self._logs.counters

    @property
    def log(self) -> list[str]:
        """What was refused, and why: of traces, then of logs, oldest first."""
        return [*self._receiver.lines, *self._logs.lines]

    def hear(self) -> None:
        """Let in what was taken on trust while the lab was busy."""
        self._receiver.lines.extend(self._door.enter())
        self._logs.lines.extend(self._log_door.enter())

    def stop(self) -> None:
        """Close the port. Idempotent."""
        self._server.stop()
        self.running = False

    def __enter__(self) -> OtlpReceiver:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        c = self.counters
        what = "at" if self.running else "stopped; it was at"
        return (
            f"<OTLP receiver {what} {self.traces_endpoint}: {c.spans} spans in {c.requests} "
            f"requests, {c.segments} segments, {c.rejected} rejected; "
            f"{self._logs.counters.records} log records>"
        )

    def _handle(self, request: WireRequest) -> WireAnswer:
        path = request.target.partition("?")[0]
        if path.rstrip("/") == LOGS_PATH:
            return WireAnswer(*self._logs.answer(request.method, request.headers, request.body))
        told = self._receiver.answer(request.method, path, request.headers, request.body)
        return WireAnswer(*told)


def is_otlp(request: WireRequest) -> bool:
    """Whether a request to a served lab is one for an OTLP endpoint."""
    path = request.target.partition("?")[0].rstrip("/")
    if request.method != "POST" or path not in (PATH, LOGS_PATH):
        return False
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("application/x-protobuf", "application/json")


def take_otlp(lab: Lab, request: WireRequest) -> WireAnswer:
    """Answer ``/v1/traces`` and ``/v1/logs`` for whoever signed, else the learner.

    On AWS they are paths of ``xray.<region>.amazonaws.com`` and ``logs.<region>.amazonaws.com``.
    """
    scope = scope_of(request.headers, {})
    who = lab.identities.by_key(scope.access_key_id)
    host = request.headers.get("host", "").split(".")
    named = host[1] if len(host) > 3 and host[0] in ("xray", "logs") else ""
    place = (who.account, scope.region or named or lab.region, who.access_key_id)
    path = request.target.partition("?")[0]
    if path.rstrip("/") == LOGS_PATH:
        return take_otlp_logs(lab, request, place)
    receiver = Receiver(Door(lab, place))
    return WireAnswer(*receiver.answer(request.method, path, request.headers, request.body))
