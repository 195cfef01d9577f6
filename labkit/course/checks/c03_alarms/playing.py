"""Playing a learner's alarms: ten incidents, ten quiet weeks, and what Mara's mailbox says.

Two replays of the learner's deeds. In the first the incidents happen; the second runs for ten weeks
in which nothing does. A page is an e-mail to Mara that does not say OK. Nothing here asks how an
alarm is set: what is read of it, is read to explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from labkit.cloudwatch.alarm_grid import Row
from labkit.core.clock import MINUTE as MINUTE_US
from labkit.core.clock import to_datetime, to_us
from labkit.course import alarms_made
from labkit.course.bench import Bench
from labkit.course.checks.c03_alarms.incidents import DAY, MINUTE, SERIES, Trouble, troubles
from labkit.views.wording import number

if TYPE_CHECKING:
    from labkit.cloudwatch.records import Alarm
    from labkit.core.facts import Fact
    from labkit.lab import Lab

MARA = "mara@teapot.example"
#: The ticket's limit: minutes until the page.
WITHIN = 7
WEEKS = 10
#: A page that comes later than this after an incident's end has nothing to do with it.
AFTER = timedelta(minutes=20)


def alarms_of(lab: Lab) -> list[Alarm]:
    """The metric alarms of a lab, those on the checkout first."""
    return sorted(alarms_made.alarms_of(lab), key=lambda one: one.series != SERIES)


def described(alarm: Alarm) -> str:
    """``checkout-slow``, p99, 60 s, 3 of 5, above 1,500 ms, missing data: breaching."""
    rule = alarm.rule
    words = {"GreaterThanThreshold": "above", "GreaterThanOrEqualToThreshold": "at or above",
             "LessThanThreshold": "below", "LessThanOrEqualToThreshold": "at or below"}  # fmt: skip
    limit = words.get(rule.comparison)
    told = [
        f"`{alarm.name}`", rule.expression or rule.statistic, f"{rule.period_us // 1_000_000} s",
        f"{rule.needed} of {rule.evaluation_periods}",
        f"{limit} {number(rule.threshold)} ms" if limit else "outside of its band",
        f"missing data: {rule.treat_missing_data}",
    ]  # fmt: skip
    if rule.low_samples == "ignore":
        told.append("low samples: ignore")
    if alarm.series is not None and alarm.series != SERIES:
        told.append(f"on {alarm.series.namespace} {alarm.series.name}")
    return ", ".join(told)


def pages(world: Lab, since: datetime, to: str | None = MARA) -> list[Fact]:
    """The pages to an address (to anybody when None) from an instant on."""
    return [
        mail
        for mail in world.parts.post.mails
        if not mail.data["confirm_token"]
        and mail.at_us >= to_us(since)
        and not mail.data["subject"].startswith("OK:")
        and to in (None, mail.data["to"])
    ]


def delays_of(world: Lab, found: Sequence[Trouble], begin: datetime, to: str) -> list[int | None]:
    """Minutes until the page to an address, for each incident; None when none came."""
    mails = pages(world, begin, to)
    out: list[int | None] = []
    for trouble in found:
        first, last = to_us(trouble.begin), to_us(trouble.end + AFTER)
        at = next((mail.at_us for mail in mails if first <= mail.at_us < last), None)
        out.append(None if at is None else max(at - to_us(trouble.since), 0) // MINUTE_US)
    return out


@dataclass
class Played:
    """What came of it.

    Parameters
    ----------
    bench:
        The judge's.
    stormy, quiet:
        The two replays.
    troubles:
        The incidents.
    begin:
        From when on both are looked at.
    """

    bench: Bench
    stormy: Lab
    quiet: Lab
    troubles: Sequence[Trouble]
    begin: datetime

    @cached_property
    def alarm(self) -> Alarm:
        """The learner's alarm on the checkout; their first one when there is none."""
        return alarms_of(self.stormy)[0]

    @cached_property
    def delays(self) -> list[int | None]:
        """Minutes until the page, for each incident; None when none came."""
        return delays_of(self.stormy, self.troubles, self.begin, MARA)

    @cached_property
    def false_pages(self) -> list[datetime]:
        """When a page came in the quiet weeks."""
        return [to_datetime(mail.at_us) for mail in pages(self.quiet, self.begin)]

    @cached_property
    def weeks(self) -> list[int]:
        """False pages in each quiet week."""
        out = [0] * WEEKS
        for at in self.false_pages:
            out[(at - self.begin) // (7 * DAY)] += 1
        return out

    @cached_property
    def row(self) -> Row:
        """Both, for the grid."""
        return Row(self.alarm.name, self.delays, self.weeks)

    @property
    def heard(self) -> int:
        """How many incidents were heard in time."""
        return self.row.heard(WITHIN)

    def changes(self, world: Lab, first: datetime, last: datetime) -> list[tuple[datetime, str]]:
        """(instant, new state) of the learner's alarm between two instants."""
        return [
            (to_datetime(fact.at_us), fact.data["state"])
            for fact in world.parts.post.changes
            if fact.data["alarm_name"] == self.alarm.name
            and to_us(first) <= fact.at_us < to_us(last)
        ]

    def state_at(self, world: Lab, at: datetime) -> tuple[str, datetime | None]:
        """The learner's alarm's state just before an instant, and since when."""
        before = self.changes(world, self.begin - 4000 * DAY, at)
        return (before[-1][1], before[-1][0]) if before else ("INSUFFICIENT_DATA", None)

    def minutes(self, world: Lab, first: datetime, last: datetime) -> list[tuple[datetime, float]]:
        """The alarm's statistic for each minute between two instants; NaN for a silent one."""
        import numpy as np

        store = world.world.store("cloudwatch", world.account, world.region)
        evaluator = world.parts.cloudwatch.evaluator
        starts = np.arange(to_us(first), to_us(last), MINUTE_US, dtype=np.int64)
        samples = evaluator.samples(store, SERIES, None, to_us(first), to_us(last))
        values = self.alarm.rule.parsed.columns(samples, starts, starts + MINUTE_US)
        return [
            (to_datetime(at), value)
            for at, value in zip(starts.tolist(), values.tolist(), strict=True)
        ]

    def marks(self, values: Sequence[tuple[datetime, float]]) -> list[tuple[datetime, str]]:
        """``X`` breaching, ``0`` fine, ``-`` silent, for each minute."""
        import numpy as np

        from labkit.cloudwatch.engine.columns import compare
        from labkit.cloudwatch.engine.evaluation import BANDS

        column = np.array([value for _, value in values])
        rule = self.alarm.rule
        if rule.expression or rule.comparison in BANDS:
            bad = column > self.bench.facts["limit"]  # what an expression makes of it is its own
        else:
            bad = compare(rule, column)
        return [
            (at, "-" if value != value else "X" if breaching else "0")
            for (at, value), breaching in zip(values, bad.tolist(), strict=True)
        ]


def play(bench: Bench) -> Played:
    """Play both, in a second or two."""
    found = troubles(bench.lab, bench.facts)
    begin = bench.lab.now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    stormy = bench.replay(
        incidents=[spell for one in found for spell in one.spells],
        until=found[-1].end + AFTER + 10 * MINUTE,
    )
    quiet = bench.replay(until=begin + 7 * WEEKS * DAY)
    return Played(bench, stormy, quiet, found, begin)
