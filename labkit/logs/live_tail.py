"""Live Tail: sessions that are told of lines as they come in.

A session has an update for each second, empty or not. More than 500 lines in a second are sampled:
an even choice of them is shown, and the update says so. After three hours the session is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import HOUR, MINUTE
from labkit.core.errors import AwsError
from labkit.core.world import World
from labkit.logs.engine.pattern import Pattern
from labkit.logs.records import STANDARD, Accepted, LogGroup

#: Lines of one update; lines that are kept while nobody asks.
MOST_SHOWN, MOST_KEPT = 500, 5_000
LONGEST_US = 3 * HOUR


@dataclass(slots=True)
class Session:
    """A Live Tail under way.

    ``streams``: names, or prefixes, of the streams; all when both are empty.
    """

    account: str
    id: str
    groups: list[LogGroup]
    pattern: Pattern
    begun_us: int
    streams: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    kept: list[dict[str, Any]] = field(default_factory=list)
    missed: int = 0
    #: Who is told of each line at once, instead of an update each second.
    tell: Callable[[Mapping[str, Any]], None] | None = None

    def wants(self, batch: Accepted) -> bool:
        """Whether the lines of a stream are looked at."""
        if not any(group is batch.group for group in self.groups):
            return False
        name = batch.stream.name
        if self.streams:
            return name in self.streams
        return not self.prefixes or name.startswith(self.prefixes)


class LiveTail:
    """The sessions of a lab.

    Parameters
    ----------
    world:
        Clock, ids and meters.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.sessions: dict[str, Session] = {}

    def on_accepted(self, batch: Accepted) -> None:
        """A batch was taken: the sessions that want it keep what matches."""
        if batch.group.log_class != STANDARD:
            return
        for session in self.sessions.values():
            if session.wants(batch):
                self._keep(session, batch)

    @staticmethod
    def _keep(session: Session, batch: Accepted) -> None:
        for at_ms, text in zip(batch.timestamps_ms, batch.messages, strict=True):
            if not session.pattern.matches(text):
                continue
            line = {
                "logStreamName": batch.stream.name,
                "logGroupIdentifier": batch.group.log,
                "message": text,
                "timestamp": at_ms,
                "ingestionTime": batch.ingested_ms,
            }
            if session.tell is not None:
                session.tell(line)
            elif len(session.kept) >= MOST_KEPT:
                session.missed += 1
            else:
                session.kept.append(line)

    def begin(
        self,
        account: str,
        groups: Sequence[LogGroup],
        pattern: Pattern,
        streams: Sequence[str] = (),
        prefixes: Sequence[str] = (),
    ) -> Session:
        """A new session; it hears of lines from now on."""
        now_us = self._world.clock.now_us
        session = Session(
            account, self._world.ids.uuid(), list(groups), pattern, now_us, tuple(streams),
            tuple(prefixes),
        )  # fmt: skip
        self.sessions[session.id] = session
        return session

    def events(self, session: Session, started: dict[str, Any]) -> Stream:
        """What the session's stream gives: the start, then an update for each second.

        None stands for a second that has to pass. An error ends the stream after three hours.
        """
        return Stream(self._told(session, started), lambda: self.end(session))

    def _told(self, session: Session, started: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
        yield {"sessionStart": started}
        while True:
            yield None
            if self._world.clock.now_us - session.begun_us >= LONGEST_US:
                raise AwsError("SessionTimeoutException", "Session Timed out.")
            yield {"sessionUpdate": update(session)}

    def end(self, session: Session) -> None:
        """The session is over; its minutes are charged.

        When somebody stops looking stands in no journal, so the minutes are kept with the reads: a
        world that is opened again takes them from there, and a replay, in which nobody looks, does
        not count a minute for each session that was begun.
        """
        if self.sessions.pop(session.id, None) is None:
            return
        now_us = self._world.clock.now_us
        minutes = max(1, -(-(now_us - session.begun_us) // MINUTE))
        region = session.groups[0].region
        self._world.meters.count_read("logs.live_tail", session.account, region, now_us, minutes)


class Stream:
    """The events of a session; whoever lets go of it ends the session, also when it was never read.

    A generator of which nothing was asked ends without running its ``finally``: such a session
    would go on for ever.
    """

    def __init__(self, events: Iterator[dict[str, Any] | None], end: Callable[[], None]) -> None:
        self._events, self._end = events, end

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> dict[str, Any] | None:
        try:
            return next(self._events)
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """End the session. Idempotent."""
        self._end()

    def __del__(self) -> None:
        self._end()


def update(session: Session) -> dict[str, Any]:
    """The lines since the last update, sampled when they are too many."""
    lines, session.kept = session.kept, []
    sampled = bool(session.missed) or len(lines) > MOST_SHOWN
    session.missed = 0
    if len(lines) > MOST_SHOWN:
        lines = [lines[place * len(lines) // MOST_SHOWN] for place in range(MOST_SHOWN)]
    return {"sessionMetadata": {"sampled": sampled}, "sessionResults": lines}
