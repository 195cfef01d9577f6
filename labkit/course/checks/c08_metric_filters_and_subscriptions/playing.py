"""A day and a night of payments: fourteen episodes, and when Mara's mailbox heard of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from labkit.core.clock import MINUTE as MINUTE_US
from labkit.core.clock import to_datetime, to_us
from labkit.course.checks.c08_metric_filters_and_subscriptions.lines import (
    MINUTE,
    NIGHT,
    Episode,
    Pen,
    Written,
    emit,
    episodes,
    minute_of,
    usual,
)
from labkit.lab import Lab

if TYPE_CHECKING:
    from labkit.cloudwatch.records import Alarm

#: Minutes from the failure that is one too many until the page.
WITHIN = 5
#: How long after an episode a page still belongs to it.
_AFTER = 20 * MINUTE
_WRITES = timedelta(seconds=30)


@dataclass
class Heard:
    """One episode as it was played.

    Parameters
    ----------
    episode, begin, end:
        What, and when.
    lines:
        What was written in it, the usual apart.
    over:
        When the count of the last five minutes passed the limit; None when it never did.
    pages:
        When letters came to Mara.
    """

    episode: Episode
    begin: datetime
    end: datetime
    lines: list[Written] = field(default_factory=list)
    over: datetime | None = None
    pages: list[datetime] = field(default_factory=list)

    @property
    def delay(self) -> int | None:
        """Minutes from the one too many until the page."""
        if self.over is None or not self.pages:
            return None
        return max((self.pages[0] - self.over) // MINUTE, 0)

    @property
    def good(self) -> bool:
        """Heard in time, or rightly not at all."""
        if not self.episode.rings:
            return not self.pages
        return self.delay is not None and self.delay <= WITHIN

    @property
    def words(self) -> str:
        """What came of it."""
        if not self.pages:
            return "no page"
        delay = self.delay
        at = f"{self.pages[0]:%H:%M}"
        return f"page {at}" if delay is None else f"page {at}, {delay} min"


@dataclass
class Played:
    """All of it.

    Parameters
    ----------
    world:
        A replay, played to its end.
    heard:
        The episodes in order.
    begin:
        From when on.
    strays:
        Pages that belong to no episode.
    """

    world: Lab
    heard: list[Heard]
    begin: datetime
    strays: list[datetime]

    @property
    def wrong(self) -> list[Heard]:
        """Episodes that went wrong: pages for nothing first, then what was not heard."""
        bad = [one for one in self.heard if not one.good]
        return sorted(bad, key=lambda one: one.episode.rings)


def play(world: Lab, facts: Mapping[str, Any]) -> Played:
    """Let the episodes happen; the world is a replay, whose clock moves."""
    pen = Pen(facts, facts["seed"] + 11)
    begin = world.now.replace(minute=facts["minute"], second=0, microsecond=0)
    begin += timedelta(hours=1)
    at, heard = begin, []
    for episode in episodes(facts):
        calm = episode.after != NIGHT
        if calm:
            for n in range(0, episode.after, 3):
                _write(world, facts, minute_of(pen, at + n * MINUTE, usual()))
        at += episode.after * MINUTE
        one = Heard(episode, at, at + len(episode.minutes) * MINUTE)
        for n, wanted in enumerate(episode.minutes):
            written = minute_of(pen, at + n * MINUTE, wanted)
            one.lines += written
            other = minute_of(pen, at + n * MINUTE, usual()) if calm else []
            _write(world, facts, sorted([*written, *other], key=lambda line: line.at_us))
        one.over = _over(one.lines, facts["limit"])
        at = one.end
        heard.append(one)
    world.run_until(at + 2 * _AFTER)
    return Played(world, heard, begin, _deal(world, heard, begin, facts["address"]))


def _write(world: Lab, facts: Mapping[str, Any], lines: Sequence[Written]) -> None:
    minute = to_datetime(lines[0].at_us - lines[0].at_us % MINUTE_US)
    world.run_until(minute + _WRITES)
    emit(world, facts, lines)


def _over(lines: Sequence[Written], limit: int) -> datetime | None:
    """When there were first more than ``limit`` real failures within five minutes."""
    times = [one.at_us for one in lines if one.real]
    for n, at_us in enumerate(times):
        if n >= limit and at_us - times[n - limit] < 5 * MINUTE_US:
            return to_datetime(at_us)
    return None


def _deal(world: Lab, heard: Sequence[Heard], begin: datetime, address: str) -> list[datetime]:
    """Hand each page to its episode; those that are left over."""
    strays: list[datetime] = []
    for mail in world.parts.post.mails:
        told = mail.data
        at = to_datetime(mail.at_us)
        if told["to"] != address or told["confirm_token"] or at < begin:
            continue
        if told["subject"].startswith(("OK:", "INSUFFICIENT")):
            continue
        mine = next((one for one in heard if one.begin <= at < one.end + _AFTER), None)
        (strays if mine is None else mine.pages).append(at)
    return strays


# -- what an alarm saw
def readings(
    world: Lab, alarm: Alarm, first: datetime, last: datetime
) -> list[tuple[datetime, float]]:
    """What an alarm reads at each full minute, of the period that ends there; NaN for nothing."""
    import numpy as np

    if alarm.series is None:
        return []
    store = world.world.store("cloudwatch", world.account, world.region)
    ends = np.arange(to_us(first), to_us(last), MINUTE_US, dtype=np.int64)
    starts = ends - alarm.rule.period_us
    samples = world.parts.cloudwatch.evaluator.samples(
        store, alarm.series, alarm.unit, int(starts[0]), int(ends[-1])
    )
    values = alarm.rule.parsed.columns(samples, starts, ends)
    return [
        (to_datetime(at), value) for at, value in zip(ends.tolist(), values.tolist(), strict=True)
    ]


def state_at(world: Lab, alarm: Alarm, at: datetime) -> tuple[str, datetime | None]:
    """An alarm's state just before an instant, and since when."""
    before = [
        fact
        for fact in world.parts.post.changes
        if fact.data["alarm_name"] == alarm.name and fact.at_us < to_us(at)
    ]
    if not before:
        return "INSUFFICIENT_DATA", None
    return before[-1].data["state"], to_datetime(before[-1].at_us)


def changes(world: Lab, alarm: Alarm) -> list[tuple[datetime, str]]:
    """(instant, new state) of an alarm."""
    return [
        (to_datetime(fact.at_us), fact.data["state"])
        for fact in world.parts.post.changes
        if fact.data["alarm_name"] == alarm.name
    ]
