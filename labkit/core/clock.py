"""Virtual time: the one clock of a lab, and the only file that may read the machine's.

Theory of operation
-------------------
Time is an integer, microseconds since 1970-01-01T00:00:00Z. Nothing ticks: the clock holds a heap
of what is due, and moves from one due instant to the next.

1. **What is due.** An entry is ``(time, phase, sequence, handler, payload text, cause)``.
   Handlers are registered by name and payloads are JSON text, never closures, so that what is
   due can be printed, saved and compared between two worlds.
2. **Order at one instant** is decided, not accidental: phase first, then the order of scheduling.

   ===== ============================================================
   phase what happens
   ===== ============================================================
   0     state: an instance finishes booting, a subscription is confirmed
   1     data: points and log lines arrive
   2     retention and roll-up
   3     metric alarms evaluate
   4     composite alarms evaluate
   5     actions start
   6     deliveries arrive
   7     schedules fire, canaries run
   ===== ============================================================

   Work scheduled *for the present instant and an earlier phase* (a canary, phase 7, publishes a
   metric, phase 1) can't run in a phase that is over: it runs one millisecond later.
3. **A learner's outermost call** opens an instant of its own: one millisecond passes before the
   operation, and all eight phases of the new instant lie ahead, so what the call causes (the
   alarm's e-mail after ``set_alarm_state``) is there on the learner's next line. Such an instant
   is never a whole second, so no alarm tick ever shares it.
4. **Forecasters** look ahead instead of ticking. A thousand alarms over a week would be ten
   million heap entries; instead the alarm evaluator answers "when does the next of you change
   state, not later than ...?" and the clock jumps there. ``next_due`` must be cheap when nothing
   has changed, since it is asked at every step.
5. **Interrupts** (Ctrl-C) land between two events, never inside one: a handler that has published
   half of its facts would leave a world that no replay could reproduce.

Real time (for the Live mode and for benchmarks) is read here and nowhere else.
"""

from __future__ import annotations

import heapq
import signal
import threading
import time as _time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from types import FrameType
from typing import Any, Protocol

from labkit.core.errors import ClockError, WiringError
from labkit.core.jsontext import dumps, loads

SECOND = 1_000_000
MILLISECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Handler = Callable[[dict[str, Any]], None]
Cause = tuple[str, ...]
#: Time, phase, sequence, handler name, payload as JSON text, cause.
_Entry = tuple[int, int, int, str, str, Cause]


class Phase(IntEnum):
    """What happens in which order at one instant (see the table at the head of this file)."""

    STATE = 0
    DATA = 1
    RETENTION = 2
    ALARMS = 3
    COMPOSITES = 4
    ACTIONS = 5
    DELIVERIES = 6
    SCHEDULES = 7


class Forecaster(Protocol):
    """Something that can say when it will next have work, without ticking there."""

    phase: Phase

    def next_due(self, limit_us: int) -> int | None:
        """The earliest instant not later than ``limit_us`` at which there is work, else None."""

    def run(self, now_us: int) -> None:
        """Do the work that is due at ``now_us``."""


def to_us(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime; a naive one is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def to_datetime(us: int) -> datetime:
    """The aware UTC datetime of an instant in microseconds."""
    return _EPOCH + timedelta(microseconds=us)


def iso(us: int, *, millis: bool = False) -> str:
    """``2026-01-05T09:00:00Z``; with ``millis`` ``2026-01-05T09:00:00.000Z``."""
    text = (
        to_datetime(us)
        .replace(tzinfo=None)
        .isoformat(timespec="milliseconds" if millis else "seconds")
    )
    return text + "Z"


def machine_now_us() -> int:
    """The machine's own time, for the live mode and the benchmarks; never for a world's state."""
    return _time.time_ns() // 1_000


def machine_seconds() -> float:
    """The machine's monotonic clock in seconds, for measuring how long work really took."""
    return _time.perf_counter()


class Clock:
    """The virtual time of one lab.

    Parameters
    ----------
    start_us:
        The first instant, microseconds since the epoch.
    """

    def __init__(self, start_us: int) -> None:
        self.now_us = start_us
        self.start_us = start_us
        self.cause: Cause = ()
        self.running = False
        self.steps = 0
        self.before_event: Callable[[str], None] = lambda key: None
        #: Told of each event that is over, for whoever waits.
        self.watch: Callable[[int], None] | None = None
        #: Ends the event that runs, where it can end in the middle; Ctrl-C asks for it.
        self.interrupt: Callable[[], None] | None = None
        #: Every phase of every instant up to here is over.
        self.passed_us = start_us - 1
        self._phase = -1
        self._sequence = 0
        self._heap: list[_Entry] = []
        self._handlers: dict[str, Handler] = {}
        self._forecasters: list[Forecaster] = []
        #: The entry whose handler runs.
        self._entry: _Entry | None = None

    @property
    def phase(self) -> int:
        """The phase that runs at present; -1 at the beginning of an instant."""
        return self._phase

    # -- what is due
    def register(self, name: str, handler: Handler) -> None:
        """Make ``handler`` known under ``name``; entries refer to it by that name."""
        if name in self._handlers:
            raise WiringError(f"two handlers are called {name!r}")
        self._handlers[name] = handler

    def forecast(self, forecaster: Forecaster) -> None:
        """Ask ``forecaster`` from now on when it will next have work."""
        self._forecasters.append(forecaster)

    def at(
        self,
        time_us: int,
        phase: Phase,
        handler: str,
        payload: dict[str, Any] | None = None,
        *,
        cause: Cause | None = None,
    ) -> None:
        """Let ``handler`` run at ``time_us`` in ``phase``.

        ``cause`` is the chain of facts behind it; the chain in force when left out. Work that
        repeats by itself (a schedule that plans its next firing) passes ``cause=()``, else its
        chain would grow with every round until it is taken for a loop.
        """
        if time_us < self.now_us:
            raise ClockError(
                f"time can't go backwards: {handler} is due {iso(time_us)}, "
                f"now is {iso(self.now_us)}"
            )
        if handler not in self._handlers:
            raise WiringError(f"no handler is called {handler!r}")
        if time_us == self.now_us and phase < self._phase:
            time_us += MILLISECOND
        self._sequence += 1
        entry = (
            time_us,
            int(phase),
            self._sequence,
            handler,
            dumps(payload or {}),
            self.cause if cause is None else cause,
        )
        heapq.heappush(self._heap, entry)

    def again(self, time_us: int) -> None:
        """Let the entry that runs at present run again, later, with the same payload.

        What repeats by itself asks for this at each round: half a million rounds of a year need no
        half a million encodings of one payload. The round begins without a cause.

        Parameters
        ----------
        time_us:
            After this instant.

        Raises
        ------
        ClockError
            When no entry runs, or the instant is not later than now.
        """
        if self._entry is None or time_us <= self.now_us:
            raise ClockError(f"nothing that runs now can run again at {iso(time_us)}")
        _, phase, _, name, text, _ = self._entry
        self._sequence += 1
        heapq.heappush(self._heap, (time_us, phase, self._sequence, name, text, ()))

    def pending(self) -> list[tuple[int, int, str, str]]:
        """What is due, in order: (time, phase, handler, payload text). For people and tests."""
        return [(t, p, name, text) for t, p, _, name, text, _ in sorted(self._heap)]

    # -- time passes
    def open_instant(self, at_us: int | None = None) -> int:
        """Let one millisecond pass and open a new instant for a learner's call.

        Everything due before the new instant runs first. ``at_us`` names the instant (replay);
        left out it is the next millisecond that is not a whole second.
        """
        if at_us is None:
            at_us = self.now_us + MILLISECOND
            if at_us % SECOND == 0:
                at_us += MILLISECOND
        elif at_us <= self.now_us:
            raise ClockError(
                f"time can't go backwards: {iso(at_us)} is not after {iso(self.now_us)}"
            )
        self._run_through(at_us - 1)
        self.now_us = at_us
        self.passed_us = at_us - 1
        self._phase = -1
        return at_us

    def drain_instant(self) -> None:
        """Run all eight phases of the present instant; what comes later waits."""
        self._run_through(self.now_us)
        self.passed_us = self.now_us
        self._phase = -1

    def run_until(self, target_us: int) -> None:
        """Let time pass until ``target_us``, running everything due on the way, it included."""
        if self.running:
            raise ClockError(
                "the clock is already running: advance() can't be called from inside an event"
            )
        if target_us < self.now_us:
            raise ClockError(
                f"time can't go backwards: {iso(target_us)} is before now, {iso(self.now_us)}"
            )
        self._run_through(target_us)
        self.now_us = self.passed_us = target_us
        self._phase = -1

    def next_due(self, limit_us: int) -> int | None:
        """The earliest instant with work not later than ``limit_us``, else None."""
        due = self._next(limit_us)
        return due[0] if due else None

    def _next(self, limit_us: int) -> tuple[int, int, Forecaster | None] | None:
        best: tuple[int, int, Forecaster | None] | None = None
        if self._heap and self._heap[0][0] <= limit_us:
            best = (self._heap[0][0], self._heap[0][1], None)
        for forecaster in self._forecasters:
            time_us = forecaster.next_due(best[0] if best else limit_us)
            if time_us is None:
                continue
            if best is None or (time_us, forecaster.phase) < best[:2]:
                best = (time_us, int(forecaster.phase), forecaster)
        return best

    def _run_through(self, limit_us: int) -> None:
        if self.running:
            raise ClockError("the clock is already running")
        if not self._heap and not self._forecasters:
            return
        due = self._next(limit_us)
        if due is None:
            return
        with _interrupts_between_events(self) as interrupted:
            while due is not None:
                self._step(*due)
                if self.watch is not None:
                    self.watch(self.now_us)
                if interrupted():
                    raise KeyboardInterrupt
                due = self._next(limit_us)

    def _step(self, time_us: int, phase: int, forecaster: Forecaster | None) -> None:
        if time_us > self.now_us:
            self.now_us = time_us
            self.passed_us = time_us - 1
        self._phase = phase
        self.steps += 1
        self.running = True
        try:
            if forecaster is not None:
                self.cause = ()
                self.before_event(f"{self.now_us}|{phase}")
                forecaster.run(self.now_us)
            else:
                entry = self._entry = heapq.heappop(self._heap)
                _, _, _, name, text, cause = entry
                self.cause = cause
                # The key names what happens and when, not its sequence number: an extra incident
                # in a replay shifts sequence numbers and must not shift anybody's ids.
                self.before_event(f"{self.now_us}|{name}|{text}")
                self._handlers[name](loads(text))
        finally:
            self.running = False
            self.cause = ()
            self._entry = None


@contextmanager
def _interrupts_between_events(clock: Clock) -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back while an event runs; the loop asks between two events.

    An event that takes long and can stop in the middle says how by ``clock.interrupt``.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if clock.interrupt is not None:
            clock.interrupt()

    previous = signal.getsignal(signal.SIGINT)
    if not callable(previous):
        yield lambda: False
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, previous)
