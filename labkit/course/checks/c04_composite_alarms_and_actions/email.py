"""Check 2: one e-mail for each database failure, none for anything else.

Six things go wrong on two unseen days, two of them around the announced deploy at 16:00. What
counts is what arrives in the on-call mailbox, and when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.billing.prices import table as price_table
from labkit.cloudwatch import views
from labkit.core.clock import to_us
from labkit.course.bench import Bench
from labkit.course.checks.c04_composite_alarms_and_actions.world import (
    BEHIND,
    DATABASE,
    DAY,
    DEPLOYER,
    DEPLOYING,
    HOUR,
    MINUTE,
    SERVICES,
    Failure,
    hot,
)
from labkit.course.outcomes import Attempted, Broken, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text
from labkit.views.wording import count, joined

WITHIN = timedelta(minutes=10)
_READS = ("Describe", "Get", "List", "SetAlarmState")


def failures(facts: Mapping[str, Any], now: datetime) -> list[Failure]:
    """The six, in order of time; the first day is the one after ``now``."""
    first = (now + DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    minute = facts["minute"]

    def at(hour: int, past: int, day: int = 0) -> datetime:
        return first + day * DAY + hour * HOUR + past * MINUTE

    night = at(facts["hour"], minute)
    alone, after, flap = at(6, minute), at(9, minute), at(12, minute)
    deploy, late = at(16, 0), at(16, 0, 1)
    end, late_end = deploy + 30 * MINUTE, late + 50 * MINUTE
    return [
        Failure("db", "the database fails, and all that wait for it a minute later",
                night, night + 40 * MINUTE,
                (*hot(DATABASE, night, night + 40 * MINUTE),
                 *hot(BEHIND, night + MINUTE, night + 40 * MINUTE)), 1, night),
        Failure("cart", "the cart alone fails, the database is well", alone, alone + 40 * MINUTE,
                (*hot(["cart"], alone, alone + 40 * MINUTE),), 0, alone),
        Failure("after", "one of the two database machines fails, the cart needs an hour longer",
                after, after + 80 * MINUTE,
                (*hot(DATABASE[:1], after, after + 20 * MINUTE),
                 *hot(["cart"], after + MINUTE, after + 80 * MINUTE)), 1, after),
        Failure("stutter", "the database stutters, a bad minute, a good one, and then falls",
                flap, flap + 24 * MINUTE,
                (*hot(DATABASE[:1], flap, flap + MINUTE),
                 *hot(DATABASE[:1], flap + 2 * MINUTE, flap + 3 * MINUTE),
                 *hot(DATABASE, flap + 4 * MINUTE, flap + 24 * MINUTE)), 1, flap),
        Failure("deploy", "a deploy from 16:00 to 16:30; the database warms up until 16:32",
                deploy, end + 10 * MINUTE,
                (*hot([DEPLOYER], deploy, end), *hot(DATABASE, deploy + 4 * MINUTE,
                                                     end + 2 * MINUTE),
                 *hot(BEHIND, deploy + 5 * MINUTE, end - MINUTE)), 0, deploy),
        Failure("overrun", "a deploy that takes until 16:50; the database fails at 16:20 and does "
                "not come back", late, late_end + 40 * MINUTE,
                (*hot([DEPLOYER], late, late_end),
                 *hot(DATABASE, late + 20 * MINUTE, late_end + 40 * MINUTE)), 1, late_end),
    ]  # fmt: skip


@dataclass
class Days:
    """What was played.

    Parameters
    ----------
    world:
        The replay.
    oncall:
        The address that counts.
    topic:
        The world's own topic.
    failures:
        What happened.
    """

    world: Lab
    oncall: str
    topic: str
    failures: Sequence[Failure]

    def letters(self, one: Failure) -> list[Any]:
        """The e-mails of a failure, oldest first; an all-clear is no page."""
        last = one.end + 20 * MINUTE
        return [
            mail for mail in self.world.mailbox
            if one.start <= mail.at < last and mail.to == self.oncall and not mail.confirm_token
            and not mail.subject.startswith("OK")
        ]  # fmt: skip

    def composites(self) -> list[dict[str, Any]]:
        """The account's composite alarms."""
        return composites(self.world)

    def figure(self, one: Failure, title: str) -> Drawing:
        """The alarms that changed, with the learner's own below, and the e-mails."""
        cloudwatch = self.world.client("cloudwatch")
        start, end = one.start - 10 * MINUTE, one.end + 20 * MINUTE
        names = [*DATABASE, "cart", DEPLOYING, *(c["AlarmName"] for c in self.composites())]
        states = {}
        for name in names[:8]:
            answer = cloudwatch.describe_alarm_history(
                AlarmName=name, HistoryItemType="StateUpdate", MaxRecords=100,
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            )  # fmt: skip
            if answer["AlarmHistoryItems"]:
                states[name] = answer
        name = "cart" if one.key == "cart" else DATABASE[0]
        asked = {
            "Namespace": "AWS/EC2", "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "InstanceId", "Value": self.world.handles["machines"][name]}],
        }  # fmt: skip
        query = {"Id": "m", "Label": f"CPU of {name}",
                 "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Average"}}  # fmt: skip
        curve = cloudwatch.get_metric_data(
            MetricDataQueries=[query], StartTime=start, EndTime=end, ScanBy="TimestampAscending"
        )
        return views.metric(
            curve, threshold=80, unit="Percent", period=60, states=states,
            mails=self.letters(one), start=start, end=end, title=title,
        )  # fmt: skip


def composites(world: Lab) -> list[dict[str, Any]]:
    """The composite alarms of a world."""
    answer = world.client("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm"])
    found: list[dict[str, Any]] = answer["CompositeAlarms"]
    return found


class OneEmail(Check):
    """One cause, one e-mail."""

    title = "one e-mail for each database failure, none for a deploy that ends well"
    points = 3
    hints = (
        "When the database falls, which alarms are red, and which of them has to tell you? And "
        "when it falls while a deploy runs, at what moment do you want to know?",
        "A composite alarm looks at the states of others: `AlarmRule`. Those below may stay red "
        "and say nothing. `ActionsSuppressor` names an alarm that keeps it quiet; the wait period "
        "holds an action back before, the extension period after.",
        'put_composite_alarm(AlarmName="database", AlarmRule=\'ALARM("db-primary") OR ____\', '
        'AlarmActions=[ex.topic], ActionsSuppressor="deploying", ActionsSuppressorWaitPeriod=____, '
        "ActionsSuppressorExtensionPeriod=____)",
    )
    alternatives = (
        "`AND NOT ALARM(deploying)` in the rule is a suppressor without patience: the composite "
        "turns red in the minute in which the deploy ends, warm-up or not.",
        "A mute rule keeps to the clock; a deploy that overruns is paged at the end of the window.",
        "Disabling the actions at 16:00 and enabling them at 16:30 loses what happened between: "
        "actions run when a state changes, and an alarm that is red already does not change.",
    )
    cell = "database"

    # -- what there is
    def attempt(self, bench: Bench) -> Attempted | None:
        """The composite alarms and who else writes, in one line."""
        done = [entry for entry in bench.lab.world.journal if self.changes(entry)]
        if composites(bench.copy) or any(not entry.error for entry in done):
            return Attempted(self.described(bench.copy))
        return Attempted("") if done else None

    @staticmethod
    def changes(entry: Any) -> bool:
        """Whether a journal's line is about alarms, and not about scaling."""
        service, _, operation = entry.name.partition(":")
        if service != "cloudwatch" or operation.startswith(_READS):
            return False
        return "scalingPolicy" not in str(getattr(entry, "params", ""))

    def untouched(self, bench: Bench) -> NotAttempted:
        """As Mara left it."""
        return NotAttempted(
            "Nothing has been built yet: the account has no composite alarm, and "
            f"{len(SERVICES)} alarms write to {bench.facts['oncall']}.",
            start="two alarms that speak of the database: `ex.machines` names them, and an alarm "
            "is called like its machine.",
        )  # fmt: skip

    def described(self, world: Lab) -> str:
        """One line."""
        told = []
        for one in composites(world):
            text = f"`{one['AlarmName']}`: `{one['AlarmRule']}`"
            if one.get("ActionsSuppressor"):
                text += (
                    f", suppressed by `{one['ActionsSuppressor'].rpartition(':')[2]}`, wait "
                    f"{one['ActionsSuppressorWaitPeriod']} s, extension "
                    f"{one['ActionsSuppressorExtensionPeriod']} s"
                )
            told.append(text)
        alarms = world.client("cloudwatch").describe_alarms(AlarmNames=list(SERVICES))
        loud = [a for a in alarms["MetricAlarms"] if a["ActionsEnabled"] and a["AlarmActions"]]
        told.append(f"{len(loud)} of {len(SERVICES)} alarms below have an action")
        return "; ".join(told) + "."

    # -- what it does
    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Two days, six failures; the first that goes wrong is shown."""
        if not attempted.built:
            return self.refused(bench)
        played = failures(bench.facts, bench.lab.now)
        world = bench.replay(seed=bench.facts["seed"])
        for one in played:
            one.happen(world, bench.handles["machines"])
        world.run_until(played[-1].end + HOUR)
        days = Days(world, bench.facts["oncall"], bench.handles["topic"], played)
        wrong = [(place, one) for place, one in enumerate(played, 1) if not self.right(days, one)]
        if not wrong:
            return self.passed(days, attempted)
        place, one = wrong[0]
        said = f"failure {place} of {len(played)}, {clock(one.start)}: {one.name}."
        finding, happened, question = self.told(days, one)
        others = [f"failure {number} at {clock(other.start)}" for number, other in wrong[1:]]
        return NotYet(
            finding, attempted.built, said, happened, question,
            days.figure(one, finding.removesuffix(".")),
            also=f"Not as Mara wants it either: {joined(others)}." if others else "",
        )  # fmt: skip

    @staticmethod
    def right(days: Days, one: Failure) -> bool:
        """As many e-mails as it is worth, in time."""
        letters = days.letters(one)
        if len(letters) != one.wanted:
            return False
        return not letters or one.since <= letters[0].at <= one.since + WITHIN

    def told(self, days: Days, one: Failure) -> tuple[str, str, str]:
        """Finding, what happened, and the question, for a failure that went wrong."""
        letters = days.letters(one)
        below = [mail for mail in letters if names(mail, SERVICES)]
        if len(letters) > 1 and below:
            return self.from_below(one, letters, below)
        if not letters:
            return self.silence(days, one)
        first = letters[0].at
        if one.key == "cart":
            return (
                "The cart alone was reported as the database.",
                f"{letters[0].subject} at {clock(first)}, while both database machines were well.",
                "Which alarms are red when the database fails, and which only then?",
            )
        if one.key == "stutter" and len(letters) > 1:
            return (
                f"{count(len(letters), 'e-mail')} for one failure.",
                f"At {joined([clock(mail.at) for mail in letters])}: your alarm went red, green "
                "and red again with the database's first bad minutes, and each time it told.",
                "How long does an alarm have to stay red before it is worth an e-mail?",
            )
        if one.key == "deploy":
            return self.in_deploy(one, first)
        if one.key == "overrun" and first < one.since:
            return (
                f"{clock(first)}: a page in the middle of a deploy.",
                f"The deploy ran until {clock(one.since)}, twenty minutes longer than announced, "
                "and your alarm spoke while it was still running.",
                "Does what keeps your alarm quiet look at the clock, or at the deploy?",
            )
        if len(letters) > 1:
            return (
                f"{count(len(letters), 'e-mail')} for one failure.",
                f"At {joined([clock(mail.at) for mail in letters])}.",
                "Which of your alarms tell of the same cause?",
            )
        late = round((first - one.since) / MINUTE)
        return (
            f"The e-mail came {late} minutes late.",
            f"It was due from {clock(one.since)} on, for ten minutes; it came at {clock(first)}.",
            "How long do your periods hold an action back, and what is the shortest that would do?",
        )

    @staticmethod
    def in_deploy(one: Failure, first: datetime) -> tuple[str, str, str]:
        """A page for a deploy that ended well."""
        end = one.start + 30 * MINUTE
        if first < end:
            return (
                f"{clock(first)}: a page during the deploy.",
                "The deploy was announced, the database was back two minutes after its end, and "
                "Mara was called nevertheless.",
                "Which alarm knows that a deploy is running, and how can yours listen to it?",
            )
        return (
            f"{clock(first)}: a page for a database that was warming up.",
            f"The deploy ended at {clock(end)}; the database was well at "
            f"{clock(end + 2 * MINUTE)}. Your alarm spoke in between.",
            "How long after a deploy may the database be slow before it is a failure?",
        )

    @staticmethod
    def from_below(
        one: Failure, letters: Sequence[Any], below: Sequence[Any]
    ) -> tuple[str, str, str]:
        """The children still write."""
        other = len(letters) - len(below)
        who = sorted({names(mail, SERVICES) for mail in below})
        shown = [*who[:3], f"{len(who) - 3} more"] if len(who) > 4 else who
        text = f"{joined(shown)} wrote as well"
        return (
            f"{count(len(letters), 'e-mail')}, {len(below)} of them from below.",
            f"{text}; {count(other, 'letter')} came from the alarm that you built.",
            "What may an alarm do that is looked at by another one: change its state, or tell?",
        )

    def silence(self, days: Days, one: Failure) -> tuple[str, str, str]:
        """Nobody was told of something that is worth an e-mail."""
        finding = f"Nobody was told: {one.name.split(',')[0]}."
        made = days.composites()
        if not made:
            happened = "The account has no composite alarm, and those below tell nobody any more."
            return finding, happened, "Who tells you now that the database is down?"
        red = [alarm["AlarmName"] for alarm in made if self.reds(days, alarm["AlarmName"], one)]
        if not red:
            happened = f"`{made[0]['AlarmRule']}` was not true for a minute of it."
            return finding, happened, "Must both machines be down before the database is?"
        happened = f"`{red[0]}` was red and wrote to nobody at {days.oncall}."
        if one.key == "overrun":
            happened += " It was red already when the deploy ended."
        question = "What makes an alarm act: being red, or turning red?"
        return finding, happened, question

    @staticmethod
    def reds(days: Days, name: str, one: Failure) -> list[datetime]:
        """When an alarm turned red in a failure."""
        answer = days.world.client("cloudwatch").describe_alarm_history(
            AlarmName=name, HistoryItemType="StateUpdate", AlarmTypes=["CompositeAlarm"],
            StartDate=one.start, EndDate=one.end + HOUR,
        )  # fmt: skip
        return [
            item["Timestamp"]
            for item in answer["AlarmHistoryItems"]
            if item["HistorySummary"].endswith("to ALARM")
        ]

    def refused(self, bench: Bench) -> Broken:
        """Calls were made, and refused."""
        entry = [e for e in bench.lab.world.journal if e.error and self.changes(e)][-1]
        operation = entry.name.split(":")[-1]
        return Broken(
            f"There is no composite alarm: {operation} was refused.",
            error=f"{operation} answered {entry.error}",
            where="the cell that called it; AWS's text stands below that cell.",
            means=self.means(entry.error),
        )

    def means(self, code: str) -> str:
        """What the usual refusals mean here."""
        return {
            "ValidationError": "CloudWatch refuses the rule or one of the parameters: a child that "
            "is not there, a suppressor without both of its periods, an action that composite "
            "alarms can't have.",
        }.get(code, "")

    def passed(self, days: Days, attempted: Attempted) -> Passed:
        """All six."""
        made = days.composites()
        price = float(price_table().row("cloudwatch.alarm_composite").tiers[0].price)
        overrun = days.failures[-1]
        letter = days.letters(overrun)[0]
        when, red = clock(letter.at), clock(overrun.hot[-1][1] + MINUTE)
        clear = any(alarm["OKActions"] for alarm in made)
        return Passed(
            "Six failures: four e-mails for the four that are worth one, none for the others.",
            why="The rule names what only a failing database turns red, and one alarm tells. While "
            "a deploy runs the action waits, and it is the state at the end of the waiting that "
            f"counts: the deploy that went wrong was paged at {when}, for a database that had been "
            f"red since {red}.",
            built=attempted.built,
            cost=f"{count(len(made), 'composite alarm')} at ${price:.2f} a month; those below cost "
            "what they did.",
            alternative="alarms of your own on the two machines, 3 of 3 minutes, and a composite "
            "that waits no longer than it must: the stutter ends below, for a minute or two more.",
            remarks=("The all-clears arrive as e-mails too.",) if clear else (),
            figure=days.figure(overrun, f"The deploy ended at {clock(overrun.since)}, the database "
                               f"stayed red: one e-mail, at {when}"),
        )  # fmt: skip


def clock(moment: datetime) -> str:
    """``16:05``."""
    return clock_text(to_us(moment.replace(second=0, microsecond=0)))


def names(mail: Any, among: Sequence[str]) -> str:
    """Which of these alarms a letter is about; empty for another."""
    return next((name for name in among if f'"{name}"' in mail.subject), "")
