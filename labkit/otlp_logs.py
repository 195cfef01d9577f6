"""OTLP's logs into a lab: the path ``/v1/logs`` of a receiver and of a served lab.

What comes to the port becomes a method of the journal, with the events in it; it makes PutLogEvents
as whoever sent them, so permissions, throttling and what happens to lines are those of any other
batch. OTLP allows more than PutLogEvents does: records in no order, 20 MB, one record beyond 1 MB.
So they are sorted here, put in as many batches as it takes, and what is too large is cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.agents.otlp import Refused
from labkit.agents.otlp_logs import LARGE_REGIONS, LogsReceiver, Record, Rejected, denied
from labkit.core.clock import DAY, HOUR, MILLISECOND
from labkit.core.errors import AwsError, LabClosed
from labkit.core.jsontext import dumps, parse
from labkit.gateway.wire import WireAnswer, WireRequest
from labkit.logs.engine.large_objects import cut

if TYPE_CHECKING:
    from labkit.lab import Lab

#: How long a request waits for a lab that is busy, seconds.
PATIENCE_S = 2.0
#: Records that are farther away than this were stamped by another clock than the lab's.
FAR_US = 30 * DAY
AHEAD_US, BEHIND_US, SPAN_US = 2 * HOUR, 14 * DAY, 24 * HOUR
#: Of one PutLogEvents: events, and bytes with 26 added to each.
MOST_EVENTS, MOST_BYTES, OVERHEAD = 10_000, 1_048_576, 26

#: Account, Region, role or key.
Place = tuple[str, str, str]


class LogDoor:
    """Hands records to a lab, from any thread."""

    def __init__(self, lab: Lab, place: Place) -> None:
        self._lab, self._place = lab, place
        self._waiting: deque[dict[str, Any]] = deque()

    def __call__(self, group: str, stream: str, records: Sequence[Record]) -> Rejected:
        """What Logs did not keep; nothing when that can't be known yet.

        Raises
        ------
        Refused
            What Logs answered instead.
        """
        account, region, role = self._place
        given = {
            "records": [[one.time_ns, dumps(one.event)] for one in records],
            "group": group, "stream": stream, "account": account, "region": region, "role": role,
        }  # fmt: skip
        world = self._lab.world
        if not world.lock.acquire(timeout=PATIENCE_S):
            self._waiting.append(given)
            return Rejected()
        try:
            return Rejected(**self._lab._do("otlp.take_logs", **given))
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
            given = self._waiting.popleft()
            many = len(given["records"])
            try:
                rejected = Rejected(**self._lab._do("otlp.take_logs", **given))
            except (AwsError, Refused) as error:
                told.append(f"{many} records were refused: {error}")
            else:
                if rejected.count:
                    told.append(f"{rejected.count} of {many} records rejected: {rejected}")
        return told


class OtlpLogs:
    """What a lab does with records that came in.

    Parameters
    ----------
    lab:
        The lab.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def take(
        self,
        records: Sequence[tuple[int, str]],
        group: str,
        stream: str,
        account: str,
        region: str,
        role: str = "",
    ) -> dict[str, int]:
        """Put records, (nanoseconds, JSON), into a stream: how many were passed over, by why.

        Raises
        ------
        AwsError
            What PutLogEvents answered instead; InvalidParameterException when the records span
            more than 24 hours, or one is too large.
        """
        now_us = self._lab.world.clock.now_us
        events = self._placed(records, now_us)
        valid = [at for at, _ in events if now_us - BEHIND_US <= at <= now_us + AHEAD_US]
        if valid and max(valid) - min(valid) > SPAN_US:
            raise _invalid("The log records in a request cannot span more than 24 hours.")
        most = MOST_BYTES - OVERHEAD
        large = [place for place, (_, text) in enumerate(events) if len(text.encode()) > most]
        if large and (region not in LARGE_REGIONS or len(large) > 1):
            raise _invalid(f"{len(large)} log records are larger than 1 MB.")
        found = {"too_old": 0, "too_new": 0, "expired": 0}
        who = self._lab.parts.daemons.principal_of(role, account)
        target = (who, region, group, stream)
        for batch in _batches([one for place, one in enumerate(events) if place not in large]):
            _add(found, len(batch), self._put(target, batch))
        for place in large:
            _add(found, 1, self._put_large(account, target, events[place]))
        return found

    def _placed(self, records: Sequence[tuple[int, str]], now_us: int) -> list[tuple[int, str]]:
        """Records by the lab's time, in its order, (microseconds, JSON).

        A program with an SDK stamps by the machine's clock. Records of a trace that was moved are
        moved with it; the others end now, when all of a request lie farther away than any that a
        program of this time would send.
        """
        times = [ns // 1000 for ns, _ in records if ns]
        shift = now_us - max(times, default=now_us)
        if any(abs(now_us - at) <= FAR_US for at in times):
            shift = 0
        if not shift:
            placed = [(ns // 1000 if ns else now_us, text) for ns, text in records]
        else:
            placed = [self._moved(text, shift, now_us) for _, text in records]
        return sorted(placed, key=lambda one: one[0])

    def _moved(self, text: str, shift_us: int, now_us: int) -> tuple[int, str]:
        """A record of another clock: when it was by the lab's, and its JSON with that time."""
        event = parse(text)
        offset = self._lab.parts.daemons.offsets.joined(event.get("traceId"), shift_us)
        names = [name for name in ("timeUnixNano", "observedTimeUnixNano") if event.get(name)]
        for name in names:
            event[name] += offset * 1000
        return event[names[0]] // 1000 if names else now_us, dumps(event)

    def _put(
        self, target: tuple[Any, str, str, str], events: Sequence[tuple[int, str]]
    ) -> Mapping[str, int]:
        who, region, group, stream = target
        given = {
            "logGroupName": group,
            "logStreamName": stream,
            "logEvents": [{"timestamp": at // MILLISECOND, "message": text} for at, text in events],
        }
        call = self._lab.world.ports.call_as
        answer = call(who, "logs", "PutLogEvents", given, region)
        rejected: Mapping[str, int] = answer.get("rejectedLogEventsInfo", {})
        return rejected

    def _put_large(
        self, account: str, target: tuple[Any, str, str, str], event: tuple[int, str]
    ) -> Mapping[str, int]:
        at_us, whole = event
        found = cut(parse(whole), MOST_BYTES - OVERHEAD)
        if found is None:
            raise _invalid("A log record is larger than 1 MB after ten of its fields were cut.")
        rejected = self._put(target, [(at_us, found.text)])
        if not rejected:
            self._lab.parts.logs.keep_objects(account, target[1], target[2], found.objects)
        return rejected


def _batches(events: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Events in batches that PutLogEvents takes."""
    batches: list[list[tuple[int, str]]] = []
    size = MOST_BYTES + 1
    for at, text in events:
        one = len(text.encode()) + OVERHEAD
        if size + one > MOST_BYTES or len(batches[-1]) >= MOST_EVENTS:
            batches.append([])
            size = 0
        batches[-1].append((at, text))
        size += one
    return batches


def _add(found: dict[str, int], count: int, rejected: Mapping[str, int]) -> None:
    old = rejected.get("tooOldLogEventEndIndex", 0)
    found["too_old"] += old
    found["expired"] += max(rejected.get("expiredLogEventEndIndex", 0) - old, 0)
    found["too_new"] += count - rejected.get("tooNewLogEventStartIndex", count)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def take_otlp_logs(lab: Lab, request: WireRequest, place: Place) -> WireAnswer:
    """Answer ``logs.<region>.amazonaws.com/v1/logs`` of a served lab."""
    receiver = LogsReceiver(LogDoor(lab, place), place[1])
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return WireAnswer(
            401,
            {"content-type": "application/json"},
            dumps(
                {"code": 16, "message": "Bearer tokens are not in labkit: sign requests."}
            ).encode(),
        )
    return WireAnswer(*receiver.answer(request.method, request.headers, request.body))
