"""What X-Ray remembers for one account and Region.

Segments are kept as the objects that were sent, by trace. A trace is assembled when somebody asks
for it and kept until another of its segments arrives. Times are kept twice, by minute: of the
trace (its id's time; that of its first segment when the id's is no time, as of an OpenTelemetry
id) and of its last change. What pulled sources have is taken in a minute at a time, when somebody
asks about that minute (:meth:`XRayStore.pull`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY, MINUTE, SECOND
from labkit.xray.engine.document import NEWEST_S, trace_time
from labkit.xray.engine.trace import Trace, assemble

if TYPE_CHECKING:
    from labkit.xray.service import XRay

#: How long traces are kept, microseconds.
KEPT = 30 * DAY


@dataclass(slots=True)
class Held:
    """The segments of one trace.

    Parameters
    ----------
    time_us:
        The trace's time.
    updated_us:
        When the last segment arrived.
    documents:
        By the id of the segment (or independent subsegment).
    revision:
        How often it has changed.
    trace:
        Assembled; None since it changed.
    indexed:
        Whether it is found by queries: of what goes to CloudWatch Logs only a share is.
    """

    time_us: int
    updated_us: int
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    revision: int = 0
    trace: Trace | None = None
    indexed: bool = True


class XRayStore:
    """Traces, and what else hangs on the account and Region.

    Parameters
    ----------
    account, region:
        Whose and where.
    service:
        The X-Ray that it belongs to.
    """

    def __init__(self, account: str, region: str, service: XRay) -> None:
        self.account, self.region, self.service = account, region, service
        self._held: dict[str, Held] = {}
        self._by_time: dict[int, set[str]] = {}
        self._by_update: dict[int, set[str]] = {}
        self._pulled: set[int] = set()
        self._pruned_us = 0
        #: Traces that have changed since the service graph looked last, in order.
        self.touched: dict[str, None] = {}
        #: How often anything arrived or was forgotten: what was found before is stale by then.
        self.changes = 0
        #: What the last question of several pages found, by the question.
        self.found: dict[tuple[Any, ...], Any] = {}
        #: Things by kind and name (groups, sampling rules, insights, ...), kept for their owners.
        self.kept: dict[str, dict[str, Any]] = {}

    def of(self, kind: str) -> dict[str, Any]:
        """Things of a kind by their name, kept here for their owner."""
        return self.kept.setdefault(kind, {})

    def arn(self, resource: str) -> str:
        """The ARN of something here."""
        return f"arn:aws:xray:{self.region}:{self.account}:{resource}"

    # -- in
    def put(self, document: Mapping[str, Any], now_us: int) -> bool:
        """Keep a document; whether it is the first of its trace.

        Of two documents with the same id the complete one stays; of two complete ones the later.
        """
        trace_id = document["trace_id"]
        held = self._held.get(trace_id)
        new = held is None
        if held is None:
            time_us = _time_of(document, now_us)
            held = self._held[trace_id] = Held(time_us, now_us)
            self._by_time.setdefault(time_us // MINUTE, set()).add(trace_id)
            self._by_update.setdefault(now_us // MINUTE, set()).add(trace_id)
        elif held.updated_us // MINUTE != now_us // MINUTE:
            self._by_update[held.updated_us // MINUTE].discard(trace_id)
            self._by_update.setdefault(now_us // MINUTE, set()).add(trace_id)
        held.updated_us = now_us
        before = held.documents.get(document["id"])
        if before is None or document.get("in_progress") is not True or "end_time" not in before:
            held.documents[document["id"]] = document
        held.revision += 1
        held.trace = None
        self.changes += 1
        self.touched[trace_id] = None
        return new

    def pull(self, start_us: int, end_us: int) -> None:
        """Take in what pulled sources have of requests that came within ``[start, end)``.

        Whole minutes, each once, and nothing that has not happened yet.
        """
        sources = self.service.sources(self.account, self.region)
        if not sources:
            return
        now_us = self.service.world.clock.now_us
        first = max(start_us, now_us - KEPT) // MINUTE
        last = min(-(-end_us // MINUTE), now_us // MINUTE)
        begin = None
        for minute in range(first, last + 1):
            wanted = minute < last and minute not in self._pulled
            if wanted and begin is None:
                begin = minute
            elif not wanted and begin is not None:
                self._take(begin, minute)
                begin = None

    def pull_again(self, start_us: int, end_us: int) -> None:
        """Pulled sources have more to tell of a time than they had: forget that it was pulled."""
        self._pulled -= set(range(start_us // MINUTE, -(-end_us // MINUTE)))

    def _take(self, first: int, last: int) -> None:
        self._pulled.update(range(first, last))
        for source in self.service.sources(self.account, self.region):
            found = source.segments(self.account, self.region, first * MINUTE, last * MINUTE)
            self.service.take(self, found)

    # -- out
    def held(self, trace_id: str) -> Held | None:
        """The segments of a trace, None when there is none or it is too old."""
        found = self._held.get(trace_id)
        if found is None or found.time_us < self.service.world.clock.now_us - KEPT:
            return None
        return found

    def time_us(self, trace_id: str) -> int:
        """The time of a trace that is there."""
        return self._held[trace_id].time_us

    def trace(self, trace_id: str) -> Trace | None:
        """A trace, put together; None when there is none."""
        held = self.held(trace_id)
        if held is None:
            return None
        if held.trace is None:
            held.trace = assemble(trace_id, held.documents.values(), held.revision)
        return held.trace

    def traces(self, start_us: int, end_us: int, by: str = "TraceId") -> list[Trace]:
        """The traces of a span of time, newest first.

        Parameters
        ----------
        start_us, end_us:
            From and up to, both included.
        by:
            ``TraceId`` (the trace's own time), ``Event`` (its last change) or ``Service`` (the end
            of any of its segments).
        """
        self.pull(start_us, end_us + 1)
        self.prune()
        if by == "Event":
            ids = self._within(self._by_update, start_us, end_us, lambda held: held.updated_us)
        else:
            # A segment ends within the six hours that a query spans, or it is another trace's.
            early = start_us - (6 * 60 * MINUTE if by == "Service" else 0)
            ids = self._within(self._by_time, early, end_us, lambda held: held.time_us)
        found = [self.trace(trace_id) for trace_id in ids if self._held[trace_id].indexed]
        traces = [one for one in found if one is not None]
        if by == "Service":
            low, high = start_us / SECOND, end_us / SECOND
            traces = [
                one
                for one in traces
                if any(s.end is not None and low <= s.end <= high for s in one.segments)
            ]
        return traces

    def _within(
        self,
        index: Mapping[int, Iterable[str]],
        start_us: int,
        end_us: int,
        time: Callable[[Held], int],
    ) -> list[str]:
        first, last = start_us // MINUTE, end_us // MINUTE
        minutes: Iterable[int] = range(first, last + 1)
        if last - first > len(index):
            minutes = [minute for minute in index if first <= minute <= last]
        found = []
        for minute in minutes:
            for trace_id in index.get(minute, ()):
                at_us = time(self._held[trace_id])
                if start_us <= at_us <= end_us:
                    found.append((at_us, trace_id))
        found.sort(reverse=True)
        return [trace_id for _, trace_id in found]

    def prune(self) -> None:
        """Forget what is older than 30 days; at most once a day of the clock."""
        now_us = self.service.world.clock.now_us
        if now_us - self._pruned_us < DAY:
            return
        self._pruned_us = now_us
        for minute in [m for m in self._by_time if (m + 1) * MINUTE <= now_us - KEPT]:
            for trace_id in self._by_time.pop(minute):
                held = self._held.pop(trace_id)
                self._by_update[held.updated_us // MINUTE].discard(trace_id)
                self.touched[trace_id] = None
                self.changes += 1
        self._pulled = {m for m in self._pulled if (m + 1) * MINUTE > now_us - KEPT}

    def digest(self) -> list[Any]:
        """All of it as plain values."""
        return [
            sorted([t, h.time_us, h.updated_us, h.revision, h.indexed, sorted(h.documents)]
                   for t, h in self._held.items()),
            sorted((kind, sorted((n, repr(v)) for n, v in held.items()))
                   for kind, held in self.kept.items() if held),
        ]  # fmt: skip


def _time_of(document: Mapping[str, Any], now_us: int) -> int:
    """A trace's time: of its id, unless that is no time (OpenTelemetry's ids are random)."""
    at_us = trace_time(document["trace_id"]) * SECOND
    start_us = int(document["start_time"] * SECOND)
    if abs(at_us - start_us) <= NEWEST_S * SECOND:
        return at_us
    return start_us
