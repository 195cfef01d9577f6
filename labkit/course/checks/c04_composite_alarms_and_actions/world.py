"""Teapot on a Friday: a web group, ten machines, eleven alarms, one mailbox; and what befalls it.

Everything is made of two things: the load of the group ``web``, in percent of one machine, and
machines that run hot. A service that fails runs hot, and so do those that wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.core.clock import to_us
from labkit.lab import Lab
from labkit.views import capacity
from labkit.views.drawing import Drawing

#: The Friday of the ticket, noon; the world begins ten minutes earlier.
NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

GROUP, TEMPLATE = "web", "web"
DATABASE = ("db-primary", "db-replica")
#: What waits for the database: hot a minute after it.
BEHIND = ("cart", "checkout", "catalogue", "payment", "search", "login", "orders")
SERVICES = DATABASE + BEHIND
#: The alarm that is in ALARM while a release goes out, and the machine that it watches.
DEPLOYING, DEPLOYER = "deploying", "release-runner"

_AMI = "ami-0c55b159cbfafe1f0"
_HOT = 97.0


def build(lab: Lab, oncall: str, everyday: float) -> dict[str, Any]:
    """Prepare the world; its handles.

    Parameters
    ----------
    lab:
        A lab that has just begun.
    oncall:
        Who gets the e-mails.
    everyday:
        The load of the group on an ordinary day, percent of one machine.
    """
    sns = lab.client("sns")
    topic = sns.create_topic(Name="on-call")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=oncall)
    lab.mailbox[-1].confirm()
    names = (*SERVICES, DEPLOYER)
    started = lab.client("ec2").run_instances(
        ImageId=_AMI, InstanceType="m5.large", MinCount=len(names), MaxCount=len(names),
        Monitoring={"Enabled": True},
    )  # fmt: skip
    machines = dict(
        zip(names, (one["InstanceId"] for one in started["Instances"]), strict=True)
    )  # fmt: skip
    cloudwatch = lab.client("cloudwatch")
    for name, machine in machines.items():
        runner = name == DEPLOYER
        cloudwatch.put_metric_alarm(
            AlarmName=DEPLOYING if runner else name, Namespace="AWS/EC2",
            MetricName="CPUUtilization", Dimensions=[{"Name": "InstanceId", "Value": machine}],
            Statistic="Average", Period=60, EvaluationPeriods=1, Threshold=80,
            ComparisonOperator="GreaterThanThreshold", AlarmActions=[] if runner else [topic],
        )  # fmt: skip
    _web_group(lab, everyday)
    lab.run_until(NOON)
    return {"machines": machines, "topic": topic, "oncall": oncall}


def _web_group(lab: Lab, everyday: float) -> None:
    """Two machines with basic monitoring, from a launch template, and nobody who scales them."""
    lab.client("ec2").create_launch_template(
        LaunchTemplateName=TEMPLATE,
        LaunchTemplateData={
            "ImageId": _AMI, "InstanceType": "m5.large", "Monitoring": {"Enabled": False},
        },
    )  # fmt: skip
    lab.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=GROUP, MinSize=2, MaxSize=12, DesiredCapacity=2,
        LaunchTemplate={"LaunchTemplateName": TEMPLATE, "Version": "$Latest"},
        AvailabilityZones=[f"{lab.region}a"],
    )  # fmt: skip
    lab.fleet.group_load(GROUP, everyday)


# -- sales -----------------------------------------------------------------------------------------

#: (from minute, to minute, percent of one machine), counted from the hour.
Pieces = Sequence[tuple[float, float, float]]


@dataclass(frozen=True)
class Sale:
    """One evening's load.

    Parameters
    ----------
    name:
        ``a sudden rush``.
    start:
        The full hour from which its minutes count.
    pieces:
        The load.
    everyday:
        The load before and after.
    """

    name: str
    start: datetime
    pieces: Pieces
    everyday: float

    @property
    def end(self) -> datetime:
        """When the last customers of the sale have gone."""
        return self.start + self.pieces[-1][1] * MINUTE

    @property
    def waves(self) -> int:
        """How many stretches of it there are with a lull between."""
        pairs = zip(self.pieces, self.pieces[1:], strict=False)
        return 1 + sum(after[0] > before[1] for before, after in pairs)

    def happen(self, world: Lab) -> None:
        """Let the customers come."""
        for first, last, total in self.pieces:
            world.fleet.group_load(
                GROUP, total, start=self.start + first * MINUTE, minutes=last - first
            )

    @property
    def need(self) -> list[tuple[datetime, float]]:
        """(instant, machines that the load keeps at 100 %)."""
        steps = [(self.start - HOUR, self.everyday / 100)]
        for first, last, total in self.pieces:
            begin = self.start + first * MINUTE
            if steps[-1][0] == begin:
                steps.pop()
            steps += [(begin, total / 100), (self.start + last * MINUTE, self.everyday / 100)]
        return steps

    def needed_us(self) -> list[tuple[int, float]]:
        """The same in microseconds."""
        return [(to_us(at), value) for at, value in self.need]


def activities(world: Lab) -> dict[str, Any]:
    """What happened to the group: one DescribeScalingActivities response of all pages."""
    pages = world.client("autoscaling").get_paginator("describe_scaling_activities")
    found = pages.paginate(AutoScalingGroupName=GROUP).build_full_result()
    return {"Activities": found["Activities"]}


def picture(world: Lab, sale: Sale, title: str | None = None) -> Drawing:
    """The group over one sale."""
    return capacity.capacity(
        {"your group": activities(world)}, need=sale.need, start=sale.start,
        end=sale.end + 75 * MINUTE, title=title,
    )  # fmt: skip


# -- failures --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Failure:
    """Something that goes wrong, and how many e-mails it is worth.

    Parameters
    ----------
    key:
        ``db``, ``cart``, ``cart-after``, ``stutter``, ``deploy``, ``overrun``.
    name:
        A sentence on what happens.
    start, end:
        When.
    hot:
        (machine, from, to): who runs hot.
    wanted:
        E-mails that it is worth: 1 or 0.
    since:
        From when on the ten minutes count within which the e-mail is due.
    """

    key: str
    name: str
    start: datetime
    end: datetime
    hot: tuple[tuple[str, datetime, datetime], ...]
    wanted: int
    since: datetime

    def happen(self, world: Lab, machines: Mapping[str, str]) -> None:
        """Let it happen."""
        for name, first, last in self.hot:
            minutes = (last - first) / MINUTE
            world.fleet.load(machines[name], _HOT, start=first, minutes=minutes)


def hot(names: Sequence[str], first: datetime, last: datetime) -> list[Any]:
    """Several machines, hot over the same stretch."""
    return [(name, first, last) for name in names]
