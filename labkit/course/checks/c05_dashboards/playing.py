"""The days that are played to the learner's screen: five incidents, and two days without any."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labkit.core.clock import to_us
from labkit.course.bench import Bench
from labkit.course.checks.c05_dashboards.screen import (
    Band,
    Screen,
    Signal,
    bands,
    signals,
)
from labkit.lab import Lab
from labkit.views.board.values import Board
from labkit.views.timeaxis import clock_text, day_text
from labkit.workloads.incidents import Incident

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: Lena looks so long after it began: that is when customers call.
LOOKS = 40 * MINUTE
#: A signal that begins further from an incident's beginning does not tell since when.
WITHIN = 10 * MINUTE


@dataclass(frozen=True)
class Trouble:
    """One of the five.

    Parameters
    ----------
    number, what:
        Which one, and what customers say of it.
    incident:
        What befalls whom.
    buying:
        Whether it is about buying (else about waiting).
    """

    number: int
    what: str
    incident: Incident
    buying: bool

    @property
    def service(self) -> str:
        """The service that it befalls."""
        return self.incident.target

    @property
    def start(self) -> datetime:
        """When it begins."""
        return self.incident.start

    @property
    def said(self) -> str:
        """``incident 2 of 5, Wed 7 Jan 16:10: one checkout in fifty waits four seconds``."""
        at = to_us(self.start)
        return f"incident {self.number} of 5, {day_text(at)} {clock_text(at)}: {self.what}"


FEW, ALL = 2, 5


def troubles(bench: Bench) -> list[Trouble]:
    """The five, in order of time, from the day after the learner's now."""
    facts = bench.facts
    # Incident minutes come from the variant; the third is at night, the others by day.
    first = (bench.lab.now + DAY).replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    noon, tea = facts["noon"], facts["tea"]

    def one(
        number: int, what: str, kind: str, service: str, size: float, day: int, at: timedelta,
        buying: bool = False,
    ) -> Trouble:  # fmt: skip
        start = first + day * DAY + at
        return Trouble(
            number, what, Incident(kind, service, start, start + 90 * MINUTE, size), buying
        )

    return [
        one(1, "one customer in twelve can't pay", "failing", "payment", 100 / 12, 0,
            12 * HOUR + noon * MINUTE, True),
        one(2, "one checkout in fifty waits four seconds", "slow_share", "checkout", 2.0, 0,
            17 * HOUR + tea * MINUTE),
        one(3, "at night, nobody can pay", "failing", "payment", 100.0, 1,
            2 * HOUR + facts["night"] * MINUTE, True),
        one(4, "one page of the catalogue in eight is an error", "failing", "catalogue", 12.5, 1,
            14 * HOUR + tea * MINUTE, True),
        one(5, "every checkout takes six times as long", "slow", "checkout", 6.0, 2,
            11 * HOUR + noon * MINUTE),
    ]  # fmt: skip


@dataclass
class Seen:
    """What a screen showed at one look.

    Parameters
    ----------
    trouble:
        Of which incident.
    board, signals:
        What was on it, and what of that an eye catches since the incident began.
    early:
        Lines that were beyond their mark already before: (tile, line) -> since when.
    """

    trouble: Trouble
    board: Board
    signals: list[Signal]
    early: dict[tuple[int, int], int]


@dataclass
class Week:
    """All that was played.

    Parameters
    ----------
    bench:
        The judge's.
    with_troubles:
        Whether the incidents were played, or the quiet days alone.
    """

    bench: Bench
    with_troubles: bool = True
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        bench = self.bench
        self.troubles = troubles(bench)
        midnight = self.troubles[0].start.replace(hour=0, minute=0)
        self.quiet_days = [midnight - DAY]
        if not self.with_troubles:
            self.quiet_days.append(midnight + (6 - midnight.weekday()) * DAY)  # a Sunday
        incidents = [one.incident for one in self.troubles] if self.with_troubles else []
        # The learner may have let time pass already: the first day begins after that.
        self.world: Lab = bench.replay(
            incidents=incidents, seed=bench.facts["seed"], until=self.quiet_days[0] + DAY
        )
        self.screen = Screen(self.world)
        self.days: list[Board] = []
        for day in self.quiet_days:
            if self.world.now < day + DAY:
                self.world.run_until(day + DAY)
            self.days.append(self.screen.read(to_us(day), to_us(day + DAY)))
        self.quiet: dict[tuple[int, int], Band] = bands(self.days)
        if self.with_troubles:
            self._look()

    def _look(self) -> None:
        for one in self.troubles:
            self.world.run_until(one.start + LOOKS)
            board = self.screen.now()
            start, end = to_us(one.start), to_us(self.world.now)
            there = signals(board, self.quiet)
            caught = [s for s in there if max(s.upto_us, s.at_us) > start]
            caught += [
                Signal(tile, -1, board.tiles[tile].title, name, at)
                for tile, name, at in self.screen.alarm_reds(start, end)
                if at >= start and not any(s.tile == tile and s.line == -1 for s in caught)
            ]
            early = {
                (s.tile, s.line): s.at_us
                for s in reversed(there)
                if max(s.upto_us, s.at_us) <= start
            }
            self.seen.append(Seen(one, board, caught, early))
