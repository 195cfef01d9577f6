"""Check 2: Lena hears of lost orders and of a dead canary in time, and sleeps through restarts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from labkit.core.clock import to_datetime
from labkit.course.alarms_made import alarms_of, described
from labkit.course.bench import Bench
from labkit.course.checks.c09_canaries import playing
from labkit.course.checks.c09_canaries.playing import MINUTE
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views.wording import count

#: Minutes within which Lena wants to know.
WITHIN = 30
#: Restarts are played at ten places of any ten minutes: each schedule meets some of them.
_RESTARTS, _APART = 10, 31


@dataclass
class Heard:
    """A stretch of time, and the mails that came in it."""

    name: str
    wanted: bool
    begin: datetime
    end: datetime
    mails: list[datetime]
    question: str

    @property
    def good(self) -> bool:
        """Mail where it was wanted, none where it was not."""
        return bool(self.mails) == self.wanted

    @property
    def words(self) -> str:
        """What came."""
        if not self.mails:
            return "no mail"
        late = (self.mails[0] - self.begin) // MINUTE
        return f"mail after {late} min" if self.wanted else count(len(self.mails), "mail")


class Tells(Check):
    """See the head of this file."""

    title = "Lena hears of it in time, and sleeps through restarts"
    points = 3
    hints = (
        "How many runs does a restart of two minutes spoil, and how many do lost orders?",
        "`SuccessPercent` in the namespace CloudWatchSynthetics, dimension CanaryName, a period as "
        "long as the schedule; `DatapointsToAlarm`, and `TreatMissingData` for a canary that says "
        "nothing any more.",
        '`Statistic="Average", Period=300, EvaluationPeriods=____, Threshold=100, '
        'ComparisonOperator="LessThanThreshold", TreatMissingData="____", '
        "AlarmActions=[ex.topic]`.",
    )
    alternatives = (
        "1 of 1 writes at every restart that a run meets.",
        "A canary that does not run publishes nothing, and nothing is not below 100.",
        "A period shorter than the schedule has gaps between runs, and breaching gaps ring.",
    )
    cell = "alarm"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The alarms, in one line."""
        found = alarms_of(bench.copy)
        return Attempted(" and ".join(described(one) for one in found)) if found else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was handed over."""
        return NotAttempted(
            "Nothing has been built yet: there is no alarm.",
            start="`SuccessPercent` of your canary, in the namespace CloudWatchSynthetics.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play restarts, lost orders, and a canary that is stopped."""
        world = bench.replay()
        heard = _play(world, bench.facts["address"])
        rows = [(one.name, f"from {one.begin:%H:%M}", one.words, one.good) for one in heard]
        good = sum(one.good for one in heard)
        figure = playing.table(f"{good} of {len(heard)} told rightly", rows)
        wrong = [one for one in heard if not one.good]
        if wrong:
            one = wrong[0]
            also = "; ".join(f"{each.name}: {each.words}" for each in wrong[1:])
            acting = [a for a in alarms_of(world) if a.actions("ALARM") and a.actions_enabled]
            happened = f"{one.words.capitalize()} within {WITHIN} minutes; one is wanted."
            if not one.wanted:
                happened = f"{one.words} to Lena, the first at {one.mails[0]:%H:%M}."
            elif not acting:
                happened += " No alarm of yours has an action."
            return NotYet(
                f"{good} of {len(heard)} told rightly.", attempted.built, f"{one.name}.",
                happened, one.question, figure, also=f"And {also}." if also else "",
            )  # fmt: skip
        delays = [(one.mails[0] - one.begin) // MINUTE for one in heard if one.wanted]
        return Passed(
            f"Lost orders after {delays[0]} minutes, a dead canary after {delays[1]}, "
            f"{_RESTARTS} restarts in silence.",
            why="A restart spoils one run, lost orders spoil each. And a canary that says nothing "
            "is bad news, so what is missing counts as breaching.",
            built=attempted.built,
            cost="$0.10 a month for the alarm.",
            alternative="2 of 3, which forgives a good run between two bad ones; or an e-mail on "
            "INSUFFICIENT_DATA in place of breaching.",
            figure=figure,
        )  # fmt: skip


def _play(world: Lab, address: str) -> list[Heard]:
    world.advance(minutes=40)  # an alarm that is new has its first look around
    heard = []

    def stretch(name: str, wanted: bool, minutes: int, question: str) -> None:
        begin = world.now
        world.advance(minutes=minutes)
        heard.append(Heard(name, wanted, begin, world.now, [], question))

    stretch("an hour in which all is well", False, 60, "How often is there a point to look at?")
    begin = world.now
    for _ in range(_RESTARTS):
        world.shop.incident("page_error", "site", 503, minutes=2)
        world.advance(minutes=_APART)
    heard.append(Heard("ten restarts of two minutes", False, begin, world.now, [],
                       "How many runs in a row can a restart of two minutes spoil?"))  # fmt: skip
    world.shop.incident("page_empty", "api", minutes=WITHIN)
    stretch("orders are lost", True, WITHIN, "Between a run that fails and a mailbox, what lies?")
    world.advance(minutes=40)
    synthetics = world.client("synthetics")
    for canary in playing.canaries_of(world):
        if canary.state == "RUNNING":
            synthetics.stop_canary(Name=canary.name)
    stretch("somebody stops the canary", True, WITHIN,
            "What does an alarm make of a canary that says nothing?")  # fmt: skip
    for mail in world.parts.post.mails:
        told, at = mail.data, to_datetime(mail.at_us)
        # An OK is no call; INSUFFICIENT_DATA is one design to hear of a canary that is silent.
        if told["to"] == address and not told["confirm_token"] and told["subject"][:3] != "OK:":
            for one in heard:
                if one.begin <= at < one.end:
                    one.mails.append(at)
    return heard
