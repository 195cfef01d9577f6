"""Check 2: Lena hears of each fault by its second run, and sleeps through restarts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labkit.core.clock import to_datetime, to_us
from labkit.course.alarms_made import alarms_of, described
from labkit.course.bench import Bench
from labkit.course.checks.c09_canaries import playing, showing, situations
from labkit.course.checks.c09_canaries.playing import Played, Rehearsal
from labkit.course.checks.c09_canaries.situations import Situation
from labkit.course.checks.c09_canaries.visits import remarks
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.synthetics.engine.timing import frequency_us, next_us
from labkit.synthetics.records import Canary
from labkit.views.wording import count

#: Minutes within which Lena wants to know, and runs that may see a fault before she does.
WITHIN, RUNS = 30, 2
_MINUTE = timedelta(minutes=1)
#: When the shop restarts.
_RESTART_HOUR = 3


@dataclass
class Heard:
    """A stretch of time, and the mails that came in it."""

    name: str
    wanted: bool
    begin: datetime
    end: datetime
    question: str
    #: Ends of the runs that could see it, canary by canary; empty where no run has to.
    runs: list[list[datetime]] = field(default_factory=list)
    mails: list[datetime] = field(default_factory=list)

    @property
    def needed(self) -> int:
        """How many runs of one canary were over when the mail came."""
        return min((sum(end <= self.mails[0] for end in ends) for ends in self.runs), default=0)

    @property
    def good(self) -> bool:
        """Mail where it was wanted and soon enough, none where it was not."""
        return bool(self.mails) == self.wanted and not (self.mails and self.needed > RUNS)

    @property
    def minutes(self) -> int:
        """How long it took."""
        return (self.mails[0] - self.begin) // _MINUTE

    @property
    def words(self) -> str:
        """What came."""
        if not self.mails:
            return "no mail"
        if not self.wanted:
            return count(len(self.mails), "mail")
        told = f"mail after {self.minutes} min"
        return f"{told}, {count(self.needed, 'run')}" if self.needed else told


class Tells(Check):
    """See the head of this file."""

    title = "Lena hears of it in time, and sleeps through restarts"
    points = 3
    hints = (
        "How many runs does a restart of two minutes spoil, and how many does a fault?",
        "`SuccessPercent` in the namespace CloudWatchSynthetics, dimension CanaryName, a period as "
        "long as the schedule; `DatapointsToAlarm`, and `TreatMissingData` for a canary that says "
        "nothing any more. One alarm for each canary.",
        'for each canary: `Statistic="Average", Period=300, EvaluationPeriods=____, '
        'Threshold=100, ComparisonOperator="LessThanThreshold", TreatMissingData="____", '
        "AlarmActions=[ex.topic]`.",
    )
    alternatives = (
        "1 of 1 writes at every restart that a run meets.",
        "3 of 3 waits for a third run.",
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
        """Let a day pass: faults that the canaries see, changes, a restart, silence."""
        built = attempted.built
        if not playing.running(bench.copy):
            return NotYet(
                "No canary runs.", built, "nothing yet: an alarm hears what a canary publishes.",
                "No canary is RUNNING, so there is no datapoint and no mail.",
                "What does an alarm on a metric without datapoints say?",
            )  # fmt: skip
        found = playing.rehearse(bench)
        world = bench.replay()
        heard = _Day(world, found, bench.facts["address"]).play()
        rows = [(one.name, f"from {one.begin:%H:%M}", one.words, one.good) for one in heard]
        good = sum(one.good for one in heard)
        figure = showing.table(f"{good} of {len(heard)} told rightly", rows)
        wrong = [one for one in heard if not one.good]
        if wrong:
            one = wrong[0]
            also = "; ".join(f"{each.name}: {each.words}" for each in wrong[1:])
            return NotYet(
                f"{good} of {len(heard)} told rightly.", built, f"{one.name}.",
                _happened(one, world), one.question, figure, also=f"And {also}." if also else "",
            )  # fmt: skip
        faults = [one.minutes for one in heard if one.runs]
        if not faults:
            return NotYet(
                "Nothing to tell of.", built, f"{len(found.played)} states of the shop.",
                "Your canaries see none of the faults, so no alarm can tell of one.",
                "What would the first check say of these canaries?", figure,
            )  # fmt: skip
        return Passed(
            f"{count(len(faults), 'fault')} told of after {max(faults)} minutes at most, a dead "
            f"canary after {heard[-1].minutes}, the restart in silence.",
            why="A restart spoils one run, a fault spoils each. And a canary that says nothing "
            "is bad news, so what is missing counts as breaching.",
            built=built,
            cost=f"${len(alarms_of(world)) * 0.1:.2f} a month for the alarms.",
            alternative="2 of 3, which forgives a good run between two bad ones; or an e-mail on "
            "INSUFFICIENT_DATA in place of breaching.",
            remarks=remarks(found),
            figure=figure,
        )  # fmt: skip


def _happened(one: Heard, world: Lab) -> str:
    if not one.wanted:
        told = f"{one.words} to Lena, the first at {one.mails[0]:%H:%M}"
        return f"{told}, for {one.name}." if "restart" in one.name else f"{told}."
    if one.mails:
        return f"{one.words.capitalize()}; she wants it after {RUNS} at most."
    told = f"No mail within {WITHIN} minutes; one is wanted."
    if not any(a.actions("ALARM") and a.actions_enabled for a in alarms_of(world)):
        return f"{told} No alarm of yours has an action."
    if not one.runs:
        return f"{told} No role, no datapoint, and {WITHIN} minutes of silence."
    return told


class _Day:
    """A day of the learner's canaries, mails and all.

    Parameters
    ----------
    world:
        A replay of the learner's deeds.
    found:
        What each canary makes of each situation.
    address:
        Lena's.
    """

    def __init__(self, world: Lab, found: Rehearsal, address: str) -> None:
        self._world, self._found, self._address = world, found, address
        self._heard: list[Heard] = []
        runs = world.parts.synthetics.runs
        runs.memory, runs.replays_retries = found.memory, True

    def play(self) -> list[Heard]:
        """All of it, in the order in which it is told of."""
        world = self._world
        world.advance(minutes=40)  # an alarm that is new has its first look around
        self._stretch("an hour in which all is well", False, 60,
                      "How often is there a point to look at?")  # fmt: skip
        for one in self._found.played:
            if one.situation == situations.RESTART or not one.good:
                continue  # what the canaries get wrong, the first check is about
            if one.situation.bad:
                self._fault(one)
            elif one.situation.faults:
                self._befall(one.situation, WITHIN)
                self._stretch(one.situation.name, False, WITHIN,
                              "What has changed for a customer?")  # fmt: skip
        self._restarts()
        world.advance(minutes=40)
        # Nothing is stopped, so nothing tells of it: the canaries are RUNNING, their runs are due,
        # and Lambda may not begin them. What an alarm is left with is that no datapoint comes.
        for role in {canary.settings.role for canary in playing.running(world)}:
            _delete_role(world, role)
        self._stretch("somebody deletes their role", True, WITHIN,
                      "What does an alarm make of a canary that says nothing?")  # fmt: skip
        self._read()
        return self._heard

    def _stretch(self, name: str, wanted: bool, minutes: int, question: str) -> Heard:
        begin = self._world.now
        self._world.advance(minutes=minutes)
        one = Heard(name, wanted, begin, self._world.now, question)
        self._heard.append(one)
        return one

    def _befall(self, situation: Situation, minutes: int) -> None:
        for kind, page, size in situation.faults:
            self._world.shop.incident(kind, page, size, minutes=minutes)

    def _fault(self, one: Played) -> None:
        self._befall(one.situation, WITHIN)
        heard = self._stretch(
            one.situation.name, True, WITHIN, "Between a run that fails and a mailbox, what lies?"
        )
        seers = list(one.red) or list(one.results)
        begin, end = to_us(heard.begin), to_us(heard.end)
        for canary in playing.canaries_of(self._world):
            if canary.name in seers:
                heard.runs.append(list(_ends(canary, begin, end)))
        self._world.advance(minutes=40)

    def _restarts(self) -> None:
        """One restart for each canary, each at a run of it, from three in the morning on."""
        world = self._world
        night = world.now.replace(hour=_RESTART_HOUR, minute=0, second=0, microsecond=0)
        world.run_until(night if night > world.now else night + timedelta(days=1))
        for canary in playing.running(world):
            due = _next_run(canary, to_us(world.now + _MINUTE))
            if due is None:
                continue
            world.run_until(to_datetime(due) - _MINUTE / 2)
            self._befall(situations.RESTART, 2)
            self._stretch(f"the nightly restart at {world.now:%H:%M}", False, WITHIN,
                          "How many runs in a row can a restart of two minutes spoil?")  # fmt: skip

    def _read(self) -> None:
        """Sort the mails to Lena by when they came."""
        for mail in self._world.parts.post.mails:
            told, at = mail.data, to_datetime(mail.at_us)
            # An OK is no call; INSUFFICIENT_DATA is one design to hear of a canary that is silent.
            ours = told["to"] == self._address and not told["confirm_token"]
            if ours and told["subject"][:3] != "OK:":
                for one in self._heard:
                    if one.begin <= at < one.end:
                        one.mails.append(at)


def _delete_role(world: Lab, arn: str) -> None:
    iam, name = world.client("iam"), arn.rpartition("/")[2]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


def _next_run(canary: Canary, after_us: int) -> int | None:
    if frequency_us(canary.expression) == 0:
        return None
    return next_us(canary.expression, canary.started_us or canary.created_us, after_us)


def _ends(canary: Canary, begin_us: int, end_us: int) -> Iterable[datetime]:
    for run in canary.runs:
        if run.completed_us is not None and begin_us <= run.started_us < end_us and not run.attempt:
            yield to_datetime(run.completed_us)
