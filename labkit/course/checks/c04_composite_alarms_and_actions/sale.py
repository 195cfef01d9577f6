"""Check 1: the group grows before customers have waited for six minutes, and shrinks again.

Three unseen sales in one evening and night: a sudden rush, a long climb, two waves. What counts is
how many machines there were, minute by minute, against how many the load needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

from labkit.billing.prices import table as price_table
from labkit.core.clock import MINUTE as MINUTE_US
from labkit.core.clock import to_us
from labkit.course.bench import Bench
from labkit.course.checks.c04_composite_alarms_and_actions.world import (
    DAY,
    GROUP,
    HOUR,
    MINUTE,
    Sale,
    activities,
    picture,
)
from labkit.course.outcomes import Attempted, Broken, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views.capacity import Moves, moves, reversals, waiting
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text
from labkit.views.wording import joined, number

#: Minutes that a wait may last, machines that the account may have, what is left afterwards.
LONGEST, MOST, CALM = 5, 8, 2
_READS = ("Describe", "Get", "List")
_SIGNS = {"GreaterThan": "above", "LessThan": "below"}


def sales(facts: Mapping[str, Any], now: datetime) -> list[Sale]:
    """The three sales of the next evening."""
    evening = now.replace(hour=18, minute=0, second=0, microsecond=0)
    if now > evening - HOUR:
        evening += DAY
    everyday, peak = facts["everyday"], facts["peak"]
    climb = [
        (2 * n, 2 * n + 2, everyday + (560 - everyday) * (n + 1) / 15) for n in range(15)
    ]  # fmt: skip
    return [
        Sale("a sudden rush", evening, [(4, 64, peak)], everyday),
        Sale("a climb of half an hour", evening + 3 * HOUR, [*climb, (30, 60, 560)], everyday),
        Sale("two waves", evening + 6 * HOUR, [(4, 24, 330), (48, 68, peak)], everyday),
    ]


@dataclass
class Evening:
    """What was played.

    Parameters
    ----------
    world:
        The replay.
    sales:
        What happened in it.
    """

    world: Lab
    sales: Sequence[Sale]

    @cached_property
    def machines(self) -> Moves:
        """(instant, machines in service)."""
        return moves(activities(self.world))

    def during(self, sale: Sale) -> Moves:
        """The same from a sale's first minute to an hour after its last."""
        first, last = to_us(sale.start), to_us(sale.end + HOUR)
        before = [(first, self.at(sale.start))]
        return before + [(at, value) for at, value in self.machines if first < at <= last]

    def at(self, moment: datetime) -> float:
        """How many there were."""
        us = to_us(moment)
        return next((value for at, value in reversed(self.machines) if at <= us), 0.0)

    def longest(self, sale: Sale) -> tuple[float, float]:
        """The longest wait of a sale in minutes, and all its waits together."""
        lacks = waiting(self.machines, sale.needed_us(), to_us(sale.start), to_us(sale.end))
        best = total = run = 0.0
        last = -1
        for start, end, _ in lacks:
            run = run + (end - start) if start == last else float(end - start)
            best, last, total = max(best, run), end, total + end - start
        return best / MINUTE_US, total / MINUTE_US

    def figure(self, sale: Sale, title: str) -> Drawing:
        """The group over a sale."""
        return picture(self.world, sale, title)

    @cached_property
    def alarms(self) -> list[dict[str, Any]]:
        """The alarms that run a scaling policy."""
        found = self.world.client("cloudwatch").describe_alarms()["MetricAlarms"]
        return [one for one in found if any(":scalingPolicy:" in a for a in one["AlarmActions"])]


def watched(world: Lab) -> dict[str, str]:
    """Instance id -> ``enabled`` or ``disabled``: the monitoring of the group's machines."""
    group = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
    ids = [one["InstanceId"] for one in group["AutoScalingGroups"][0]["Instances"]]
    told = world.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    return {
        one["InstanceId"]: one["Monitoring"]["State"]
        for entry in told
        for one in entry["Instances"]
    }


class FlashSale(Check):
    """Grow in time, stay within eight, go home afterwards."""

    title = "no wait longer than 5 minutes, never more than 8 machines, 2 again within the hour"
    points = 3
    hints = (
        "The rush begins at 18:04. When does the first point exist that is hot through and "
        "through, and when does the machine exist that it asked for?",
        "How often EC2 sends is said by monitoring: `MonitorInstances` for machines that run, "
        "`Monitoring` in the launch template for those that come. How many machines join at once "
        "is said by `StepAdjustments`; who sends them home, by a second policy and its own alarm.",
        'put_scaling_policy(AutoScalingGroupName="web", PolicyType="StepScaling", '
        'AdjustmentType="ChangeInCapacity", EstimatedInstanceWarmup=60, StepAdjustments=['
        '{"MetricIntervalLowerBound": 0, "ScalingAdjustment": ____}]), then put_metric_alarm('
        'Dimensions=[{"Name": "AutoScalingGroupName", "Value": "web"}], Period=____, '
        "AlarmActions=[its PolicyARN])",
    )
    alternatives = (
        "A period of 60 s over basic monitoring finds a point every fifth minute: nothing is "
        "faster until the metric is.",
        "With basic monitoring the alarm stays red on stale news, and its policy runs each minute: "
        "late first, then too many.",
        "High and low thresholds that nearly meet let the group breathe: each machine that joins "
        "makes the others look idle.",
    )
    cell = "sale"

    # -- what there is
    def attempt(self, bench: Bench) -> Attempted | None:
        """Policies and alarms, in one line; None before anything was done to the group."""
        policies = bench.copy.client("autoscaling").describe_policies(AutoScalingGroupName=GROUP)
        if policies["ScalingPolicies"]:
            return Attempted(self.described(bench.copy, policies["ScalingPolicies"]))
        done = [entry for entry in bench.lab.world.journal if self.changes(entry.name)]
        if any(not entry.error for entry in done):
            return Attempted("`web`: no scaling policy.")
        return Attempted("") if done else None

    @staticmethod
    def changes(name: str) -> bool:
        """Whether a journal's line is about scaling, and no question."""
        service, _, operation = name.partition(":")
        return service == "autoscaling" and not operation.startswith(_READS)

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nobody scales."""
        return NotAttempted(
            "Nothing has been built yet: the group `web` has no scaling policy.",
            start='the metric: `CPUUtilization` under the one dimension `AutoScalingGroupName`, '
            "and how often it has a point.",
        )  # fmt: skip

    def described(self, world: Lab, policies: Sequence[Mapping[str, Any]]) -> str:
        """One line: what watches, how often there is a point, what is done."""
        alarms = [
            f"`{one['AlarmName']}` {number(one.get('Threshold', 0))} % "
            f"({self.sign(one)}, {one.get('DatapointsToAlarm', one['EvaluationPeriods'])} of "
            f"{one['EvaluationPeriods']} x {one['Period']} s)"
            for one in Evening(world, ()).alarms
        ]
        states = set(watched(world).values())
        monitoring = "detailed" if states == {"enabled"} else "basic"
        monitoring = "basic and detailed" if len(states) > 1 else monitoring
        kinds = [f"`{one['PolicyName']}` ({one['PolicyType']})" for one in policies]
        return (
            f"policies {joined(kinds)}; alarms {joined(alarms) or 'none'}; {monitoring} monitoring."
        )

    @staticmethod
    def sign(alarm: Mapping[str, Any]) -> str:
        """``above`` or ``below``."""
        operator = alarm["ComparisonOperator"]
        return next((word for start, word in _SIGNS.items() if operator.startswith(start)), "")

    # -- what it does
    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Three sales; the first thing that goes wrong is shown."""
        if not attempted.built:
            return self.refused(bench)
        played = sales(bench.facts, bench.lab.now)
        world = bench.replay(seed=bench.facts["seed"])
        for sale in played:
            sale.happen(world)
        world.run_until(played[-1].end + HOUR)
        evening = Evening(world, played)
        for place, sale in enumerate(played, 1):
            said = f"sale {place} of {len(played)}, {sale.name}, from {self.clock(sale)} on."
            outcome = self.one(evening, sale, attempted, said)
            if outcome is not None:
                return outcome
        return self.passed(evening, attempted)

    def one(self, evening: Evening, sale: Sale, attempted: Attempted, said: str) -> NotYet | None:
        """What went wrong in one sale."""
        longest, _ = evening.longest(sale)
        if longest > LONGEST:
            return self.waited(evening, sale, attempted, said, longest)
        steps = evening.during(sale)
        most = max(value for _, value in steps)
        if most > MOST:
            at = next(at for at, value in steps if value > MOST)
            finding = f"{number(most)} machines in {sale.name}; {MOST} is the limit."
            return NotYet(
                finding, attempted.built, said,
                f"The ninth joined at {clock_text(at)}. The load needed "
                f"{number(max(v for _, v in sale.need))} at most.",
                "Who says how large the group may become, whatever its policies ask for?",
                evening.figure(sale, finding.removesuffix(".")),
            )  # fmt: skip
        turns = reversals(steps)
        if turns > 2 * sale.waves + 1:  # a wave is two turns; one change of mind is forgiven
            changes = len(steps) - 1
            finding = f"{changes} changes in {sale.name}: the group breathes."
            return NotYet(
                finding, attempted.built, said,
                f"It turned from growing to shrinking or back {turns} times, with customers who "
                "came and went once or twice. "
                + self.meeting(evening),
                "One machine joins, and the others' CPU falls to what your low alarm calls idle: "
                "how far apart do the two have to be?",
                evening.figure(sale, finding.removesuffix(".")),
            )  # fmt: skip
        left = evening.at(sale.end + HOUR)
        if left > CALM:
            return self.stayed(evening, sale, attempted, said, left)
        return None

    def meeting(self, evening: Evening) -> str:
        """Where the two alarms stand."""
        told = [
            f"`{one['AlarmName']}` is red {self.sign(one)} {number(one['Threshold'])} %"
            for one in evening.alarms
            if "Threshold" in one
        ]
        return joined(told) + "." if told else ""

    def waited(
        self, evening: Evening, sale: Sale, attempted: Attempted, said: str, longest: float
    ) -> NotYet:
        """Customers waited too long: say what the group knew, and when."""
        joined_at = self.first_joined(evening, sale)
        basic = "disabled" in watched(evening.world).values()
        short = [one for one in evening.alarms if one["Period"] < 300]
        wait = f"{number(round(longest, 2))} minutes of waiting"
        if joined_at is None:
            finding = f"Nobody came to help: {wait}."
            if not evening.alarms:
                happened = "No alarm runs a scaling policy: nobody asked for machines."
                question = "Who tells Auto Scaling that the group is too small?"
            elif basic and short:
                happened = (
                    f"`{short[0]['AlarmName']}` looks at periods of {short[0]['Period']} s. The "
                    "machines have basic monitoring: your alarm saw a point every fifth minute, "
                    "and nothing in the four between."
                )
                question = "Does a shorter period make EC2 send more often?"
            else:
                happened = "No alarm of yours that runs a policy turned red in this sale."
                question = "Which metric did your alarm look at while the group stood at 100 %?"
        elif basic:
            finding = f"First new machine at {joined_at}; {wait}."
            happened = (
                "The machines have basic monitoring: the first five minutes that were hot from end "
                "to end were over when the sale was long under way. Then the alarm stayed red on "
                f"the same news, and its policy ran each minute: "
                f"{number(self.most(evening, sale))} machines for a load of "
                f"{number(max(v for _, v in sale.need))}."
            )
            question = "When does the first full hot point exist, and how could it exist sooner?"
        else:
            finding = f"First new machine at {joined_at}; {wait}."
            happened = (
                f"From {self.began(sale)} on the load needed {number(max(v for _, v in sale.need))}"
                f" machines; the group had that many {number(round(longest, 2))} minutes later."
            )
            question = "How many points does your alarm wait for, and how many machines does one "
            question += "run of its policy bring?"
        return NotYet(
            finding, attempted.built, said, happened, question,
            evening.figure(sale, finding.removesuffix(".")),
        )  # fmt: skip

    def first_joined(self, evening: Evening, sale: Sale) -> str | None:
        """When the first machine joined in a sale, as one says it."""
        steps = evening.during(sale)
        for (_, before), (at, after) in pairwise(steps):
            if after > before and at < to_us(sale.end):
                return clock_text(at - at % MINUTE_US)
        return None

    @staticmethod
    def most(evening: Evening, sale: Sale) -> float:
        """The largest group of a sale."""
        return max(value for _, value in evening.during(sale))

    @staticmethod
    def clock(sale: Sale) -> str:
        """``18:00``."""
        return clock_text(to_us(sale.start))

    @staticmethod
    def began(sale: Sale) -> str:
        """When its first customers came."""
        return clock_text(to_us(sale.start + sale.pieces[0][0] * MINUTE))

    def stayed(
        self, evening: Evening, sale: Sale, attempted: Attempted, said: str, left: float
    ) -> NotYet:
        """The customers went, the machines stayed."""
        after = clock_text(to_us(sale.end + HOUR))
        finding = f"{after}: {number(left)} machines for a load of {number(sale.everyday / 100)}."
        shrinks = any(self.sign(one) == "below" for one in evening.alarms)
        hour = float(price_table().row("ec2.instance.m5.large").tiers[0].price)
        happened = (
            f"The last customers went at {clock_text(to_us(sale.end))}. An hour later "
            f"{number(left)} machines were in service, where {CALM} do: "
            f"${hour * (left - CALM):.2f} for each hour until somebody notices."
        )
        question = (
            "What does the CPU of each machine fall to when the sale is over, and is that below "
            "your low threshold until two are left?"
            if shrinks
            else "Who sends machines home?"
        )
        return NotYet(
            finding, attempted.built, said, happened, question,
            evening.figure(sale, finding.removesuffix(".")),
        )  # fmt: skip

    def refused(self, bench: Bench) -> Broken:
        """Calls were made, and refused."""
        entry = [e for e in bench.lab.world.journal if e.error and self.changes(e.name)][-1]
        operation = entry.name.split(":")[-1]
        return Broken(
            f"The group has no policy: {operation} was refused.",
            error=f"{operation} answered {entry.error}",
            where="the cell that called it; AWS's text stands below that cell.",
        )

    def passed(self, evening: Evening, attempted: Attempted) -> Passed:
        """All three."""
        waits = [evening.longest(sale)[0] for sale in evening.sales]
        worst = evening.sales[waits.index(max(waits))]
        most = max(self.most(evening, sale) for sale in evening.sales)
        tracking = "TargetTracking" in attempted.built
        metric = float(price_table().row("ec2.detailed_metric").tiers[0].price)
        return Passed(
            f"Three sales, no wait longer than {number(round(max(waits), 2))} minutes, "
            f"{number(most)} machines at most, two again within the hour.",
            why="The metric has a point each minute, so the alarm knows a minute or two after the "
            "customers came; one run of the policy brings several machines; and the low alarm is "
            "far enough from the high one that a machine that joins is not sent home again.",
            built=attempted.built,
            cost=f"detailed monitoring is seven metrics, ${7 * metric:.2f} a month, for each "
            "machine that runs all month; those of the sale pay for their hours only.",
            alternative="step scaling reacts a minute or two sooner, and you choose the steps."
            if tracking
            else "a target tracking policy on ASGAverageCPUUtilization makes both alarms itself; "
            "it waits for three points, and takes a quarter of an hour before it shrinks.",
            figure=evening.figure(
                worst, f"{worst.name[0].upper()}{worst.name[1:]}: customers waited "
                f"{number(round(max(waits), 2))} minutes at the longest",
            ),
        )  # fmt: skip
