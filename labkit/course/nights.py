"""Nights: what happens at Teapot in lesson 04, so that the lesson need not build it.

::

    night = nights.forty_one(lab)    # machines, alarms, a mailbox, a group; trouble at 02:10
    lab.run_until(night.morning)
    night.again(night.begins + timedelta(days=1))    # the same trouble once more

The database stumbles three times within nine minutes; whoever waits for it stumbles along, and
five of them once more than the database itself. Twelve alarms see that, each for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from labkit.lab import Lab

MINUTE = timedelta(minutes=1)
AMI = "ami-0c55b159cbfafe1f0"

#: Minute by minute from 02:10 on: x is a minute at the limit.
_THREE, _FOUR = "xx.xx.xxx", "x.x.xx.xx"
SERVICES = {
    "database": _THREE, "cart": _FOUR, "checkout": _FOUR, "payment": _FOUR, "orders": _FOUR,
    "login": _FOUR, "catalogue": _THREE, "search": _THREE, "stock": _THREE, "mail": _THREE,
    "front": _THREE, "returns": _THREE,
}  # fmt: skip
#: The machine that is busy while a release goes out.
RUNNER = "release-runner"
GROUP = "web"


@dataclass(frozen=True)
class Night:
    """What there is after :func:`forty_one`.

    Parameters
    ----------
    lab:
        Where.
    topic:
        The ARN of the topic that writes to Mara.
    machines:
        Name -> instance id; each service has an alarm with its name.
    begins:
        02:10 of the first night.
    """

    lab: Lab
    topic: str
    machines: Mapping[str, str]
    begins: datetime

    @property
    def morning(self) -> datetime:
        """When it is over."""
        return self.begins + 35 * MINUTE

    def again(self, begins: datetime) -> None:
        """Let the services stumble from ``begins`` on, and customers come to the group."""
        for name, minutes in SERVICES.items():
            for at, mark in enumerate(minutes):
                if mark == "x":
                    self.lab.fleet.load(
                        self.machines[name], cpu=97, start=begins + at * MINUTE, minutes=1
                    )
        self.lab.fleet.group_load(GROUP, 330, start=begins, minutes=30)


def forty_one(lab: Lab) -> Night:
    """Prepare Teapot, and let the trouble come in the next night.

    Parameters
    ----------
    lab:
        A lab; what is built in it is in ``lab.mailbox`` and in the account, as if by hand.
    """
    sns, cloudwatch = lab.client("sns"), lab.client("cloudwatch")
    topic = sns.create_topic(Name="on-call")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="mara@teapot.example")
    lab.mailbox[-1].confirm()
    names = [*SERVICES, RUNNER]
    started = lab.client("ec2").run_instances(
        ImageId=AMI, InstanceType="m5.large", MinCount=len(names), MaxCount=len(names),
        Monitoring={"Enabled": True},
    )["Instances"]  # fmt: skip
    machines = {name: one["InstanceId"] for name, one in zip(names, started, strict=True)}
    for name, machine in machines.items():
        cloudwatch.put_metric_alarm(
            AlarmName="deploying" if name == RUNNER else name, Namespace="AWS/EC2",
            MetricName="CPUUtilization", Dimensions=[{"Name": "InstanceId", "Value": machine}],
            Statistic="Average", Period=60, EvaluationPeriods=1, Threshold=80,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[] if name == RUNNER else [topic],
        )  # fmt: skip
    _group(lab)
    day = lab.now.replace(hour=2, minute=10, second=0, microsecond=0)
    night = Night(lab, topic, machines, day + timedelta(days=1 if day <= lab.now else 0))
    night.again(night.begins)
    return night


def _group(lab: Lab) -> None:
    """Two web servers, five-minute metrics, two periods: what Teapot had."""
    autoscaling = lab.client("autoscaling")
    lab.client("ec2").create_launch_template(
        LaunchTemplateName=GROUP, LaunchTemplateData={"ImageId": AMI, "InstanceType": "m5.large"}
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=GROUP, MinSize=2, MaxSize=8, DesiredCapacity=2,
        LaunchTemplate={"LaunchTemplateName": GROUP, "Version": "$Latest"},
        AvailabilityZones=[f"{lab.region}a"],
    )  # fmt: skip
    policy = autoscaling.put_scaling_policy(
        AutoScalingGroupName=GROUP, PolicyName="grow", PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity", EstimatedInstanceWarmup=60,
        StepAdjustments=[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    )["PolicyARN"]  # fmt: skip
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName="web-busy", Namespace="AWS/EC2", MetricName="CPUUtilization",
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": GROUP}], Statistic="Average",
        Period=300, EvaluationPeriods=2, Threshold=70, ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[policy],
    )  # fmt: skip
    lab.fleet.group_load(GROUP, 80)
