"""Exercise 00: one alarm, on the right machine, that reaches somebody.

Two machines with similar names. The replay plays one hot hour and three calm days, in which the
other machine works hard at lunch; what counts is what arrives in the on-call mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.cloudwatch import views
from labkit.core.clock import to_us
from labkit.course.bench import Bench
from labkit.course.outcomes import Attempted, Broken, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check, Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import START, Lab
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count, number
from labkit.workloads.incidents import Incident

WITHIN = timedelta(minutes=10)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_AMI = "ami-0c55b159cbfafe1f0"
_OPERATORS = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at or above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at or below",
}


def _clock(moment: datetime) -> str:
    return clock_text(to_us(moment.replace(second=0, microsecond=0)))


def _day(moment: datetime) -> str:
    return day_text(to_us(moment))


@dataclass
class Week:
    """What was played, and what came of it.

    Parameters
    ----------
    world:
        The replay.
    facts:
        The learner's.
    fire:
        When the hot hour begins.
    """

    world: Lab
    facts: Mapping[str, Any]
    fire: datetime

    @property
    def alarms(self) -> list[dict[str, Any]]:
        """The account's alarms, in order."""
        found: list[dict[str, Any]] = self.world.client("cloudwatch").describe_alarms()[
            "MetricAlarms"
        ]
        return found

    def letters(self, start: datetime, end: datetime) -> list[Any]:
        """What reached the on-call address in a stretch, confirmations left out."""
        return [
            mail
            for mail in self.world.mailbox
            if start <= mail.at < end and not mail.confirm_token and mail.to == self.facts["oncall"]
            and not mail.subject.startswith("OK")
        ]  # fmt: skip

    def reds(self, name: str, start: datetime, end: datetime) -> list[datetime]:
        """When an alarm turned red in a stretch."""
        items = self.world.client("cloudwatch").describe_alarm_history(
            AlarmName=name, HistoryItemType="StateUpdate"
        )["AlarmHistoryItems"]
        return sorted(
            item["Timestamp"]
            for item in items
            if item["HistorySummary"].endswith("to ALARM") and start <= item["Timestamp"] < end
        )

    def figure(self, title: str, alarm: Mapping[str, Any], start: datetime, hours: int) -> Drawing:
        """Both machines, the threshold, the alarm's states and the e-mails."""
        # Periods are counted from the start that is asked for: on fives, as the points are.
        start -= timedelta(minutes=start.minute % 5)
        end = start + timedelta(hours=hours)
        fire = (self.fire, self.fire + timedelta(hours=1), "the fire")
        client = self.world.client("cloudwatch")
        queries = [
            {"Id": f"m{n}", "Label": name, "MetricStat": {"Stat": "Average", "Period": 300,
             "Metric": {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization",
                        "Dimensions": [{"Name": "InstanceId", "Value": machine}]}}}
            for n, (name, machine) in enumerate(sorted(self.world.handles["instances"].items()))
        ]  # fmt: skip
        answer = client.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=end)
        return views.metric(
            answer, title=title, threshold=alarm.get("Threshold"), unit="Percent", period=300,
            comparison=alarm["ComparisonOperator"], mails=self.letters(start, end),
            states=client.describe_alarm_history(AlarmName=alarm["AlarmName"]),
            incidents=[fire] if start <= self.fire < end else [],
            start=start, end=end,
        )  # fmt: skip


class RingsForTheFire(Check):
    """Ten minutes, the right machine, the right mailbox, and quiet otherwise."""

    title = "an e-mail within ten minutes of a fire, none on a calm day"
    points = 3
    hints = (
        "Which two things must be true before an e-mail can arrive? And which of the two machines "
        "is your alarm about?",
        '`Dimensions=[{"Name": "InstanceId", "Value": ...}]` picks the machine, `AlarmActions` '
        "names the topic; and a subscription has a state: look into `ex.lab.mailbox`.",
        'put_metric_alarm(Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average", '
        'Period=300, EvaluationPeriods=1, Threshold=____, ComparisonOperator="GreaterThan'
        'Threshold", Dimensions=[{"Name": "InstanceId", "Value": ____}], AlarmActions=[topic])',
    )
    alternatives = (
        "A threshold at 50 rings on calm days: they reach nearly 60.",
        "Two periods of five minutes are ten minutes of fire before the second point, and the "
        "first one is seldom whole.",
        "An alarm without `AlarmActions` turns red and tells nobody; so does one whose topic has "
        "nobody who said yes.",
    )
    cell = "alarm"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The alarm, in one line."""
        alarms = bench.copy.client("cloudwatch").describe_alarms()["MetricAlarms"]
        if alarms:
            return Attempted(self.described(bench, alarms[-1]))
        refused = [entry for entry in bench.lab.world.journal if entry.error]
        return Attempted("") if refused else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """No alarm."""
        return NotAttempted(
            "Nothing has been built yet: the account has no alarm.",
            start="the way to the mailbox: a topic, and a subscription of "
            f"`{bench.facts['oncall']}`.",
        )

    def described(self, bench: Bench, alarm: Mapping[str, Any]) -> str:
        """One line: ``cpu-high``, Average CPUUtilization of night-report, 5 minutes, above 80."""
        names = {machine: name for name, machine in bench.handles["instances"].items()}
        whose = ", ".join(names.get(d["Value"], d["Value"]) for d in alarm["Dimensions"])
        operator = _OPERATORS.get(alarm["ComparisonOperator"], alarm["ComparisonOperator"])
        periods = alarm["EvaluationPeriods"]
        return (
            f"`{alarm['AlarmName']}`: {alarm.get('Statistic', 'statistic')} {alarm['MetricName']} "
            f"of {whose or 'no machine'}, {alarm['Period']} s, "
            f"{alarm.get('DatapointsToAlarm', periods)} of {periods}, {operator} "
            f"{number(alarm['Threshold'])}, {count(len(alarm['AlarmActions']), 'action')}."
        )

    def play(self, bench: Bench) -> Week:
        """The learner's deeds, then a hot hour tomorrow and three calm days."""
        facts, machines = bench.facts, bench.handles["instances"]
        mine, twin = machines["night-report"], machines["order-report"]
        tomorrow = (bench.lab.now + _DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        fire = tomorrow.replace(hour=facts["hour"], minute=facts["minute"])
        incidents = [Incident("cpu", mine, fire, fire + timedelta(hours=1), facts["hot"])]
        for n in (1, 2, 3):
            day = tomorrow + n * _DAY
            busy = day.replace(hour=9)
            incidents.append(Incident("cpu", mine, busy, busy + timedelta(hours=8), facts["calm"]))
            lunch = day.replace(hour=12)
            incidents.append(Incident("cpu", twin, lunch, lunch + timedelta(hours=1), 93))
        world = bench.replay(incidents=incidents, seed=facts["seed"], until=tomorrow + 4 * _DAY)
        return Week(world, facts, fire)

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Who was told, when, and about what."""
        if not attempted.built:
            return self.refused(bench)
        week = self.play(bench)
        fire, end = week.fire, week.fire + timedelta(hours=1)
        hot = number(bench.facts["hot"])
        said = (
            f"{_day(fire)}, {_clock(fire)}: night-report runs at {hot} % for "
            f"an hour. Then three calm days at up to {number(bench.facts['calm'])} %, while "
            "order-report works hard at lunch."
        )
        told = week.letters(fire, end)
        calm = week.letters(end, week.world.now)
        early = week.letters(fire.replace(hour=0, minute=0), fire)
        if not told:
            return self.untold(week, attempted, said)
        after = told[0].at - fire
        if after > WITHIN:
            minutes = round(after.total_seconds() / 60)
            return NotYet(
                f"The e-mail came {minutes} minutes after the fire began.", attempted.built, said,
                f"It was written at {_clock(told[0].at)}; Mara asked for {WITHIN.seconds // 60}.",
                "How many points does your alarm wait for, and when does the last of them come?",
                week.figure(f"The e-mail came {minutes} minutes into the fire", week.alarms[-1],
                            fire - timedelta(minutes=30), 2),
            )  # fmt: skip
        if calm or early:
            return self.woken(week, attempted, said, [*early, *calm])
        minutes = round(after.total_seconds() / 60)
        return Passed(
            f"An e-mail {minutes} minutes into the fire, none in three calm days.",
            why="The alarm watches one machine by its InstanceId, its threshold lies between the "
            "calm days and the fire, it waits for one point, and its topic has a subscriber who "
            "said yes. Each of the four can be right alone and still nobody is told.",
            built=attempted.built,
            cost=self.cost(week),
            alternative="detailed monitoring and a period of 60 s: told some minutes sooner, for "
            "seven metrics more.",
            remarks=self.remarks(week),
            figure=week.figure(
                f"The e-mail came {minutes} minutes into the fire", week.alarms[-1],
                fire - timedelta(minutes=30), 2,
            ),
        )  # fmt: skip

    def cost(self, week: Week) -> str:
        """What the alarms cost in a month, from the bill of the replayed world."""
        bill = week.world.bill(month=True)
        try:
            line = bill["cloudwatch.alarm"]
        except KeyError:
            return ""
        alarms = len(week.alarms)
        price = float(line.price.tiers[0].price)
        return f"{count(alarms, 'alarm')} at ${price:.2f} a month; the free tier holds ten."

    def remarks(self, week: Week) -> tuple[str, ...]:
        """What could be better."""
        several = len(week.alarms)
        return (f"There are {several} alarms; one does it.",) if several > 1 else ()

    def refused(self, bench: Bench) -> Broken:
        """Calls were made, and what they were for was refused."""
        entry = [one for one in bench.lab.world.journal if one.error][-1]
        operation = entry.name.split(":")[-1]
        return Broken(
            f"There is no alarm: {operation} was refused.",
            error=f"{operation} answered {entry.error}",
            where="the cell that called it; AWS's text stands below that cell.",
            means=self.means(entry.error),
        )

    def means(self, code: str) -> str:
        """What the usual refusals mean here."""
        return {
            "ValidationError": "a parameter of the alarm has a value that CloudWatch refuses.",
            "InvalidParameter": "SNS does not know this protocol, or this topic.",
        }.get(code, "")

    def untold(self, week: Week, attempted: Attempted, said: str) -> NotYet:
        """No letter in the hot hour: say how far the news got."""
        fire, end = week.fire, week.fire + timedelta(hours=1)
        red = [(alarm, week.reds(alarm["AlarmName"], fire, end)) for alarm in week.alarms]
        rang = [(alarm, at[0]) for alarm, at in red if at]
        if rang:
            return self.unheard(week, attempted, said, *rang[0])
        alarm = week.alarms[-1]
        machines = week.world.handles["instances"]
        watched = [d["Value"] for d in alarm["Dimensions"]]
        begin = fire - timedelta(minutes=30)
        if machines["order-report"] in watched:
            finding = "Nobody was told: the alarm watches the other machine."
            happened = (
                f"order-report is {machines['order-report']}; the hot machine was night-report, "
                f"{machines['night-report']}."
            )
            question = "Which dimension picks the machine, and which one did you pick?"
        elif machines["night-report"] not in watched:
            finding = "Nobody was told: the alarm watches no machine."
            happened = f"It stood in {alarm['StateValue']} all the time: no such metric has points."
            question = "What is the whole name of the CPU metric of night-report?"
        elif alarm["ComparisonOperator"].startswith("LessThan"):
            finding = "Red on every calm hour, green in the fire."
            happened = (
                f"At {number(week.facts['hot'])} % nothing is below {number(alarm['Threshold'])}."
            )
            question = "Read the comparison aloud: is that what you want to be woken for?"
        else:
            finding = "The alarm slept through the fire."
            happened = (
                f"An hour at {number(week.facts['hot'])} %, and the alarm asks for "
                f"{number(alarm['Threshold'])} in {count(alarm['EvaluationPeriods'], 'period')} of "
                f"{alarm['Period']} s."
            )
            question = "Would this alarm notice an hour at 85 %?"
        return NotYet(
            finding, attempted.built, said, happened, question,
            week.figure(f"{finding.removesuffix('.')}", alarm, begin, 2),
        )  # fmt: skip

    def unheard(
        self, week: Week, attempted: Attempted, said: str, alarm: Mapping[str, Any], at: datetime
    ) -> NotYet:
        """It turned red, and no letter came."""
        waiting = [mail for mail in week.world.mailbox if mail.confirm_token]
        others = sorted({m.to for m in week.world.mailbox if m.at >= at and not m.confirm_token})
        finding = f"It turned red at {_clock(at)}, and nobody was told."
        if not alarm["AlarmActions"]:
            happened = "The alarm has no action: there is nobody whom it could tell."
            question = "Whom does CloudWatch ask to write the letter?"
        elif others:
            happened = f"A letter went to {', '.join(others)}; Mara reads {week.facts['oncall']}."
            question = "Whose mailbox is at the end of your topic?"
        elif waiting:
            happened = (
                "The alarm's history says that its action ran. The mailbox holds a letter that has "
                f"not been answered: *{waiting[0].subject}*."
            )
            question = "What does SNS need before it sends anything to an address?"
        else:
            happened = "Its action ran, and the topic has no subscription."
            question = "Who listens to your topic?"
        return NotYet(
            finding, attempted.built, said, happened, question,
            week.figure(finding.removesuffix("."), alarm, week.fire - timedelta(minutes=30), 2),
        )  # fmt: skip

    def woken(self, week: Week, attempted: Attempted, said: str, letters: Sequence[Any]) -> NotYet:
        """Letters outside the fire."""
        first = letters[0]
        same_day = [mail for mail in letters if mail.at.date() == first.at.date()]
        day = _day(first.at)
        alarm = week.alarms[-1]
        start = first.at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
        finding = f"{count(len(letters), 'e-mail')} on calm days."
        return NotYet(
            finding, attempted.built, said,
            f"The first at {_clock(first.at)} on {day}, a calm day; {len(same_day)} on that day. "
            "In the fire itself the e-mail came in time.",
            "How hot does night-report get when all is well, and where is your threshold?",
            week.figure(f"A calm day, and an e-mail at {_clock(first.at)}", alarm, start, 4),
        )  # fmt: skip


class StartHere(Task):
    """See the head of this file."""

    chapter = "00_start_here"
    title = "The order machine has a twin"
    minutes = 10
    start = START - 10 * _MINUTE
    checks = (RingsForTheFire(),)

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """The on-call address, and the hour, minute and heat of the fire."""
        team = variant.pick("team", ("oncall", "night", "watch", "standby"))
        return {
            "seed": variant.seed() % 1_000_000,
            "oncall": f"{team}@teapot.example",
            "hour": variant.number("hour", 10, 20),
            "minute": variant.pick("minute", (12, 22, 32, 42)),
            "hot": variant.number("hot", 94, 98),
            "calm": variant.number("calm", 55, 58),
            "base": variant.number("base", 28, 40),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Two machines, running since ten minutes ago."""
        ec2 = lab.client("ec2")
        machines = {}
        for name in ("night-report", "order-report"):
            tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
            started = ec2.run_instances(
                ImageId=_AMI,
                InstanceType="m5.large",
                MinCount=1,
                MaxCount=1,
                TagSpecifications=tags,
            )
            machines[name] = started["Instances"][0]["InstanceId"]
            lab.fleet.base(machines[name], facts["base"])
        lab.run_until(START)
        return {"instances": machines, "oncall": facts["oncall"]}

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Mara wants."""
        return Ticket(
            who="Mara, on-call lead",
            text="night-report has caught fire twice, and both times a customer told me.\n"
            f"I want an e-mail at {facts['oncall']} within 10 minutes when it runs above 80 % for "
            "real. Its calm days stay below 60. Do not wake me on a calm day.\n"
            "order-report is its twin and works hard at lunch. That is fine.\n"
            "Tonight is my first night off in a month. Before six, please.",
            deliver="An alarm on the right machine, and its way to the mailbox. Build with boto3 "
            "or `%aws`; the check plays a hot hour and three calm days.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """Machines, address, lab."""
        return {
            "ex.instances": '`{"night-report": "i-...", "order-report": "i-..."}`, both running',
            "ex.oncall": f"`{facts['oncall']}`",
            "ex.lab": "the lab: `ex.lab.mailbox`, `ex.lab.advance(minutes=30)`",
        }


TASK = StartHere()
