"""The world of exercise 02: three machines, a group of one, a role, a topic; and what is true."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.cloudwatch import views
from labkit.core.clock import MINUTE, to_datetime, to_us
from labkit.lab import Lab
from labkit.views.drawing import Drawing

ROLE = "teapot-machine"
POLICY = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
ADDRESS = "mara@teapot.example"
IMAGE = "ami-0c55b159cbfafe1f0"
LIMIT = 85.0

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def prepare(lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Start the machines and let two minutes pass; the handles."""
    iam, ec2, sns = lab.client("iam"), lab.client("ec2"), lab.client("sns")
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=POLICY)
    iam.create_instance_profile(InstanceProfileName=ROLE)
    iam.add_role_to_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
    profile = {"Name": ROLE}
    machines = {}
    for name in facts["names"]:
        started = ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.small", MinCount=1, MaxCount=1,
            IamInstanceProfile=profile,
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}
            ],
        )  # fmt: skip
        machines[name] = started["Instances"][0]["InstanceId"]
    ec2.create_launch_template(
        LaunchTemplateName=facts["group"],
        LaunchTemplateData={
            "ImageId": IMAGE, "InstanceType": "t3.small", "IamInstanceProfile": profile,
        },
    )  # fmt: skip
    lab.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=facts["group"], MinSize=1, MaxSize=1, DesiredCapacity=1,
        LaunchTemplate={"LaunchTemplateName": facts["group"]},
        AvailabilityZones=[f"{lab.region}a"],
    )  # fmt: skip
    topic = sns.create_topic(Name="on-call")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ADDRESS)
    lab.mailbox[-1].confirm()
    lab.advance(minutes=2)
    for name in facts["names"]:
        lab.fleet.base(machines[name], cpu=12)
    return {"machines": machines, "group": facts["group"], "topic": topic}


def of_group(world: Lab, group: str) -> str:
    """The machine that is in service in a group now; empty without one."""
    answer = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    found = answer["AutoScalingGroups"][0]["Instances"]
    there = [one["InstanceId"] for one in found if one["LifecycleState"] == "InService"]
    return there[-1] if there else ""


@dataclass(frozen=True)
class Trouble:
    """Something that fills up on a machine, and what became of it.

    Parameters
    ----------
    who, instance_id:
        The machine, as the ticket calls it.
    what, path:
        ``memory``, or ``disk`` and where.
    start, crossed:
        When it began, and when it went over the limit.
    levels:
        (minute, percent), from before it began until it was over.
    mails:
        The letters that came with ALARM from its beginning until ten minutes after the crossing.
    replaced:
        When the machine came in another one's place; None for one that was there before.
    """

    who: str
    instance_id: str
    what: str
    path: str
    start: datetime
    crossed: datetime
    levels: Sequence[tuple[datetime, float]]
    mails: Sequence[Any]
    replaced: datetime | None = None

    @property
    def thing(self) -> str:
        """``memory of web-3``, ``/var of web-2``."""
        return f"{self.path or 'memory'} of {self.who}"

    @property
    def heard(self) -> bool:
        """Whether a letter came in time."""
        return bool(self.mails)

    def figure(self, title: str) -> Drawing:
        """How it filled up, the limit, the letters."""
        return views.metric(
            {self.thing: ([at for at, _ in self.levels], [level for _, level in self.levels])},
            threshold=LIMIT, unit="Percent", period=60, mails=list(self.mails), title=title,
        )  # fmt: skip


def levels(
    world: Lab, instance_id: str, what: str, path: str, start: datetime, end: datetime
) -> list[tuple[datetime, float]]:
    """How full it truly was, minute by minute, whether anybody measured it or not."""
    import numpy as np

    from labkit.workloads.inside import MOUNTS, Look

    machine = world.parts.fleet.machine(world.account, world.region, instance_id)
    assert machine is not None
    first, last = to_us(start) // MINUTE, to_us(end) // MINUTE
    times = np.arange(first, last, dtype=np.int64) * MINUTE
    look = Look(machine, times + MINUTE, MINUTE, machine.runs[-1].what)
    if what == "memory":
        found = look.memory
    else:
        found = look.disk(next(mount for mount in MOUNTS if mount.path == path))
    return list(zip(map(to_datetime, times.tolist()), found.tolist(), strict=True))


def alarming(world: Lab, start: datetime, end: datetime) -> list[Any]:
    """The letters that say ALARM within a stretch of time."""
    return [
        mail for mail in world.mailbox
        if start <= mail.at <= end and mail.subject.startswith("ALARM")
    ]  # fmt: skip


def cause(
    world: Lab,
    who: str,
    instance_id: str,
    what: str,
    path: str,
    *,
    replaced: datetime | None = None,
    size: float = 97.0,
    over: float = 30.0,
) -> Trouble:
    """Let something fill up from now on for two hours, and see who writes.

    Parameters
    ----------
    world:
        A world of the judge's own.
    size, over:
        How full it becomes, and in how many minutes.
    """
    start = world.now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if what == "memory":
        world.fleet.fill_memory(instance_id, size, start=start, over=over, minutes=90)
    else:
        world.fleet.fill_disk(instance_id, size, path, start=start, over=over, minutes=90)
    end = start + timedelta(hours=2)
    world.run_until(end)
    seen = levels(world, instance_id, what, path, start - timedelta(minutes=10), end)
    crossed = next(at for at, level in seen if level > LIMIT and at >= start)
    mails = alarming(world, start, crossed + timedelta(minutes=11))
    return Trouble(who, instance_id, what, path, start, crossed, seen, mails, replaced)
