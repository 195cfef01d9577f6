"""What an X-Ray daemon does with what it hears: checks, batches, sends on, tries again, reports.

Theory of operation
-------------------
No socket, no clock, no boto3: whoever runs a daemon hands in what came, says what time it is, and
asks :meth:`Relay.due_us` when to come back. In a lab that is an entry of the virtual clock; in
``labkit xray-daemon`` it is the machine's time.

1. A datagram is a header of JSON, a line feed, and a document. A header is good when its format is
   ``json`` in whatever case and its version is 1. What has no document or another header is counted
   as rejected and dropped, and so is what is no UTF-8.
2. Documents gather to batches of 50. A timer of one second is started again by each sending and by
   each of its own rounds; when it ends, what has gathered goes out. So a lone segment waits for a
   second at most, usually less.
3. A batch that fails in a way that can pass (throttled, 5xx, nobody there) is tried three times
   more. Then, or when it was refused for good (AccessDenied), it is **dropped**, with a line in the
   log: the program that sent it never learns. After ten failures in a row the next batches wait, up
   to 30 s.
4. While it waits at most 20 batches queue up; the oldest make room (*spill-over*).
5. Each minute in which something came or went wrong is told to X-Ray by PutTelemetryRecords. A
   record that X-Ray does not take is told again with the next one.
6. Stopping sends what is there. What can't be sent then, but could be later, is kept and goes out
   when the daemon starts again: it said nothing to anybody about having lost it.

Source: the public source of aws-xray-daemon (batch processor, processor, telemetry). Ours: one
sender where AWS's daemon has eight; the delays of the three further attempts; the middle of the
range where AWS's daemon draws its delay; a minute without traffic is not reported again.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.clock import MILLISECOND, SECOND, iso

BATCH = 50
IDLE_US = SECOND
QUEUE = 20
TELEMETRY_US = 60 * SECOND
#: A document is as long as X-Ray takes it, at most.
DOCUMENT_BYTES = 64 * 1024
#: Records of telemetry that are kept while they can't be sent, and how many a request takes.
RECORDS, RECORDS_AT_ONCE = 30, 10
#: Lines of the log that are kept.
LINES = 1_000

_RETRIES_US = (100 * MILLISECOND, 200 * MILLISECOND, 400 * MILLISECOND)
_PATIENT, _LONGEST_S = 10, 30
_THROTTLED = frozenset(
    {"ThrottledException", "ThrottlingException", "Throttling", "TooManyRequestsException",
     "RequestLimitExceeded", "SlowDown"}
)  # fmt: skip


class Failure(Exception):
    """X-Ray did not take a request.

    Parameters
    ----------
    code, message:
        AWS's own; ``RequestError`` when nobody answered.
    status:
        Of HTTP; 0 when nobody answered.
    """

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status

    @property
    def passing(self) -> bool:
        """Whether it may be otherwise in a moment."""
        return self.status == 0 or self.status >= 500 or self.code in _THROTTLED


def opened(datagram: bytes) -> tuple[str, str]:
    """The document of a datagram, and why there is none ('' when there is one)."""
    header, separator, body = datagram.partition(b"\n")
    if not separator or not body:
        return "", "Missing header or segment"
    if header != b'{"format":"json","version":1}':  # as Python's and .NET's SDKs have it
        try:
            told = {str(key).lower(): value for key, value in json.loads(header).items()}
        except (ValueError, AttributeError, RecursionError):
            told = {}
        version = told.get("version")
        if str(told.get("format", "")).lower() != "json" or version != 1 or version is True:
            return "", "Invalid header"
    if len(body) > DOCUMENT_BYTES:
        return "", "Segment too large"
    try:
        return body.decode("utf-8"), ""
    except UnicodeDecodeError:
        return "", "Segment is not UTF-8"


@dataclass(slots=True)
class Counters:
    """What a daemon has done since it was made; all are numbers of segments but where said."""

    #: Datagrams, good and bad.
    received: int = 0
    #: Dropped at the door, or handed back by X-Ray as unprocessed.
    rejected: int = 0
    #: Dropped because there was no room.
    spilled: int = 0
    #: In batches that X-Ray took.
    sent: int = 0
    #: Of those, what X-Ray could not use.
    unprocessed: int = 0
    #: In batches that X-Ray refused until they were given up.
    lost: int = 0
    #: Batches that X-Ray took, and attempts that failed.
    batches: int = 0
    failures: int = 0
    #: Telemetry records sent.
    records: int = 0


#: Name in a telemetry record -> attribute of the counters.
_REPORTED = {
    "SegmentsReceivedCount": "received",
    "SegmentsSentCount": "sent",
    "SegmentsSpilloverCount": "spilled",
    "SegmentsRejectedCount": "rejected",
}
_ERRORS = (
    "TimeoutCount", "ConnectionRefusedCount", "HTTPCode4XXCount", "HTTPCode5XXCount",
    "UnknownHostCount", "OtherCount",
)  # fmt: skip


class Relay:
    """A daemon without its socket.

    Parameters
    ----------
    put:
        Makes PutTraceSegments with these documents: what came back as unprocessed. Raises
        :class:`Failure`.
    report:
        Makes PutTelemetryRecords. Raises :class:`Failure`.
    now_us:
        When it starts.
    batch, idle_us, queue:
        As in the theory above.
    """

    def __init__(
        self,
        put: Callable[[Sequence[str]], Sequence[Mapping[str, Any]]],
        report: Callable[[Sequence[Mapping[str, Any]]], None],
        now_us: int,
        *,
        batch: int = BATCH,
        idle_us: int = IDLE_US,
        queue: int = QUEUE,
    ) -> None:
        self._put, self._report = put, report
        self._batch_size, self._idle_us, self._queue = batch, idle_us, queue
        self.counters = Counters()
        self.lines: deque[str] = deque(maxlen=LINES)
        #: How many lines it has written, those that are not kept any more included.
        self.told = 0
        self.running = False
        self._gathered: list[str] = []
        self._outgoing: deque[list[str]] = deque()
        #: The round of the timer: it ends a second after this, and each second from there on.
        self._round_us = now_us
        self._sends_us: int | None = None
        self._attempts = self._failures = 0
        self._not_before_us = 0
        self._reports_us: int | None = None
        self._reported: dict[str, int] = dict.fromkeys(_REPORTED, 0)
        self._errors: dict[str, int] = {}
        self._records: deque[dict[str, Any]] = deque(maxlen=RECORDS)
        #: Whether something came that the next record of telemetry tells of.
        self._news = False
        self._started_us = now_us
        self.start(now_us)

    @property
    def waiting(self) -> int:
        """How many segments it has and has not sent yet."""
        return len(self._gathered) + sum(map(len, self._outgoing))

    # -- life
    def start(self, now_us: int) -> None:
        """Begin, or begin again; what was left is sent first."""
        self.running = True
        self._started_us = self._round_us = now_us
        self._not_before_us = now_us
        if self._gathered:
            self._sends_us = now_us
        if self._news:
            self._plan_report(now_us)

    def stop(self, now_us: int) -> None:
        """Send what is there, and the last telemetry; what can't be sent now is kept."""
        self._enqueue(now_us)
        self._not_before_us = now_us
        self._send(now_us, last=True)
        self._tell_telemetry(now_us)
        self.running = False

    # -- what comes
    def receive(self, documents: Sequence[str], now_us: int) -> None:
        """Take documents whose headers were good."""
        self.counters.received += len(documents)
        for document in documents:
            self._gathered.append(document)
            if len(self._gathered) >= self._batch_size:
                self._enqueue(now_us)
                self._send(now_us)
        if self._gathered and self._sends_us is None:
            rounds = (now_us - self._round_us) // self._idle_us + 1
            self._sends_us = self._round_us + rounds * self._idle_us
        self._plan_report(now_us)
        self._send(now_us)

    def refuse(self, why: str, now_us: int, count: int = 1) -> None:
        """Count datagrams that were dropped at the door, and say why."""
        self.counters.received += count
        self.counters.rejected += count
        times = f" ({count} times)" if count > 1 else ""
        self.tell(now_us, "Warn", f"{why}{times}")
        self._plan_report(now_us)

    def spill(self, count: int, now_us: int) -> None:
        """Count datagrams for which there was no room before anybody looked at them."""
        self.counters.received += count
        self.counters.spilled += count
        what = "Segment buffer is full. Dropping oldest segment document."
        self.tell(now_us, "Warn", what if count == 1 else f"{what} ({count} times)")
        self._plan_report(now_us)

    # -- what is due
    def due_us(self) -> int | None:
        """When :meth:`run` has work next; None while there is none in sight."""
        if not self.running:
            return None
        due = [one for one in (self._sends_us, self._reports_us) if one is not None]
        if self._outgoing:
            due.append(self._not_before_us)
        return min(due, default=None)

    def run(self, now_us: int) -> None:
        """Do what is due at ``now_us``."""
        if not self.running:
            return
        if self._sends_us is not None and self._sends_us <= now_us:
            self._enqueue(now_us)
        self._send(now_us)
        if self._reports_us is not None and self._reports_us <= now_us:
            self._tell_telemetry(now_us)

    def tell(self, now_us: int, level: str, what: str) -> None:
        """Write a line into the daemon's log."""
        self.told += 1
        self.lines.append(f"{iso(now_us)} [{level}] {what}")

    # -- sending
    def _enqueue(self, now_us: int) -> None:
        if not self._gathered:
            return
        if len(self._outgoing) >= self._queue:
            dropped = self._outgoing.popleft()
            self._attempts = 0
            self.counters.spilled += len(dropped)
            self.tell(now_us, "Warn", f"Spilling over {len(dropped)} segments")
        self._outgoing.append(self._gathered)
        self._gathered = []
        self._round_us = now_us
        self._sends_us = None

    def _send(self, now_us: int, *, last: bool = False) -> None:
        """Send batches, oldest first, until one must wait.

        ``last``: the daemon ends, so nobody waits; each batch has this one attempt more.
        """
        tried = 0
        while tried < len(self._outgoing) and (last or now_us >= self._not_before_us):
            batch = self._outgoing[0]
            try:
                unprocessed = self._put(batch)
            except Failure as failure:
                self._failed(batch, failure, now_us, last)
                tried += last and failure.passing
                continue
            self._outgoing.popleft()
            self._attempts = self._failures = 0
            self._sent(batch, unprocessed, now_us)

    def _sent(self, batch: list[str], unprocessed: Sequence[Mapping[str, Any]], now: int) -> None:
        self.counters.batches += 1
        self.counters.sent += len(batch)
        if not unprocessed:
            self.tell(now, "Info", f"Successfully sent batch of {len(batch)} segments")
            return
        self.counters.unprocessed += len(unprocessed)
        self.counters.rejected += len(unprocessed)
        self.tell(
            now,
            "Info",
            f"Sent batch of {len(batch)} segments but had {len(unprocessed)} Unprocessed segments",
        )
        for one in unprocessed:
            told = ", ".join(
                f'{name}: "{one[name]}"' for name in ("ErrorCode", "Id", "Message") if one.get(name)
            )
            self.tell(now, "Error", f"Unprocessed segment: {{ {told} }}")

    def _failed(self, batch: list[str], failure: Failure, now_us: int, last: bool) -> None:
        self.counters.failures += 1
        self._count_error(failure)
        self._plan_report(now_us)
        if failure.passing and last:
            self._outgoing.rotate(-1)
            self.tell(now_us, "Warn", f"{len(batch)} segments wait for the next start: {failure}")
            return
        if failure.passing and self._attempts < len(_RETRIES_US):
            self._not_before_us = now_us + _RETRIES_US[self._attempts]
            self._attempts += 1
            return
        self._outgoing.popleft()
        self._attempts = 0
        self._failures += 1
        self.counters.lost += len(batch)
        delay_s = backoff_s(self._failures)
        self.tell(now_us, "Error", f"Sending segment batch failed with: {failure}")
        self.tell(now_us, "Warn", f"Delaying sending of additional batches by {delay_s} seconds")
        self._not_before_us = now_us + delay_s * SECOND

    def _count_error(self, failure: Failure) -> None:
        name = "ConnectionRefusedCount" if failure.status == 0 else "OtherCount"
        if failure.status >= 500:
            name = "HTTPCode5XXCount"
        elif failure.status >= 400:
            name = "HTTPCode4XXCount"
        self._errors[name] = self._errors.get(name, 0) + 1

    # -- telemetry
    def _plan_report(self, now_us: int) -> None:
        self._news = True
        if self._reports_us is None:
            rounds = (now_us - self._started_us) // TELEMETRY_US + 1
            self._reports_us = self._started_us + rounds * TELEMETRY_US

    def _tell_telemetry(self, now_us: int) -> None:
        self._reports_us = None
        if self._news:
            self._news = False
            counts = {name: getattr(self.counters, of) for name, of in _REPORTED.items()}
            record: dict[str, Any] = {
                name: counts[name] - self._reported[name] for name in _REPORTED
            }
            record["Timestamp"] = now_us / SECOND
            record["BackendConnectionErrors"] = {
                name: self._errors.get(name, 0) for name in _ERRORS
            }
            self._reported, self._errors = counts, {}
            self._records.append(record)
        while self._records:
            some = list(self._records)[:RECORDS_AT_ONCE]
            try:
                self._report(some)
            except Failure as failure:
                self._count_error(failure)
                self.tell(
                    now_us,
                    "Debug",
                    f"Failed to send telemetry {len(self._records)} record(s). Re-queue records. "
                    f"{failure}",
                )
                break
            self.counters.records += len(some)
            for _ in some:
                self._records.popleft()


def backoff_s(failures: int) -> int:
    """Seconds to wait after so many batches in a row were given up: none up to ten."""
    if failures <= _PATIENT:
        return 0
    return min(_LONGEST_S, 2 ** min(failures - _PATIENT, 10) // 2)
