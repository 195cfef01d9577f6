"""What Auto Scaling tells: activities, events for EventBridge, the metrics of a group.

Source: EC2 Auto Scaling user guide, "EventBridge event reference" and "CloudWatch metrics".
"""

from __future__ import annotations

import json
from typing import Any

from labkit.backing.autoscaling_groups import METRICS, Activity, naive, where_is
from labkit.backing.emitting import Emitters
from labkit.backing.moto_random import mock_random
from labkit.backing.mount import MotoWorld
from labkit.core.clock import MINUTE, Phase
from labkit.core.jsontext import dumps
from labkit.core.world import World


class Telling:
    """The part of Auto Scaling that tells what it does."""

    _moto: MotoWorld
    _world: World
    _emit: Emitters

    @property
    def _now(self) -> int:
        return self._world.clock.now_us

    def _group(self, where: dict[str, Any]) -> Any:
        raise NotImplementedError

    # -- metrics of a group
    def measure(self, group: Any, metrics: list[str]) -> None:
        """EnableMetricsCollection: none named means all of them."""
        group.metrics = list(metrics) or list(METRICS)
        group._labkit.measuring += 1
        self._measure_next(group)

    def measure_no_more(self, group: Any, metrics: list[str]) -> None:
        """DisableMetricsCollection: none named means all of them."""
        group.metrics = [name for name in group.metrics if metrics and name not in metrics]

    def _measure_next(self, group: Any) -> None:
        at_us = self._now - self._now % MINUTE + MINUTE
        payload = {**where_is(group), "serial": group._labkit.measuring}
        self._world.clock.at(at_us, Phase.DATA, "autoscaling.measure", payload)

    def _measure(self, payload: dict[str, Any]) -> None:
        """Clock handler, each full minute while a group's metrics are enabled."""
        with self._moto.working():
            group = self._group(payload)
            if group is None or not group.metrics or payload["serial"] != group._labkit.measuring:
                return
            said = {
                "GroupMinSize": group.min_size,
                "GroupMaxSize": group.max_size,
                "GroupDesiredCapacity": group.desired_capacity,
            }
            now = [state.lifecycle_state.partition(":")[0] for state in group.instance_states]
            for name in group.metrics:
                states = METRICS.get(name)
                value = said.get(name) if states is None else sum(now.count(s) for s in states)
                if value is not None:
                    self._emit.metric(
                        group.account_id,
                        group.region,
                        "AWS/AutoScaling",
                        name,
                        {"AutoScalingGroupName": group.name},
                        float(value),
                    )
            self._measure_next(group)

    # -- who is in service
    def _tell_members(self, group: Any) -> None:
        """Tell of the instances in service, if they are others than before."""
        serving = tuple(
            state.instance_id
            for state in group.instance_states
            if state.lifecycle_state == "InService"
        )
        if serving != group._labkit.serving:
            group._labkit.serving = serving
            self._emit.members(group.account_id, group.region, group.name, serving)

    # -- activities and events
    def _begin(self, group: Any, description: str, cause: str, details: dict[str, str]) -> Activity:
        activity = Activity(
            str(mock_random().uuid4()),
            group.name,
            group.arn,
            description,
            cause,
            dumps(details),
            naive(self._now),
        )
        group._labkit.activities.append(activity)
        return activity

    def _finish(self, group: Any, activity: Activity, instance_id: str, told: str) -> None:
        activity.finish(self._now)
        life = group._labkit
        if not life.starting and not life.ending and life.cooldown_us:
            life.cooldown_until_us = self._now + life.cooldown_us
            life.cooldown_us = 0
        self._tell(group, told, activity, instance_id)

    def _tell(self, group: Any, told: str, activity: Activity, instance_id: str) -> None:
        resources = [group.arn]
        if instance_id:
            resources.append(
                f"arn:aws:ec2:{group.region}:{group.account_id}:instance/{instance_id}"
            )
        leaving = "Terminate" in told
        assert activity.end_time is not None
        self._emit.event(
            group.account_id,
            group.region,
            "aws.autoscaling",
            told,
            resources,
            {
                "Description": activity.description,
                "Details": json.loads(activity.details),
                "StatusCode": "Failed" if "Unsuccessful" in told else "InProgress",
                "StatusMessage": activity.status_message or "",
                "AutoScalingGroupName": group.name,
                "ActivityId": activity.activity_id,
                "RequestId": activity.activity_id,
                "EC2InstanceId": instance_id,
                "StartTime": _stamp(activity.start_time),
                "EndTime": _stamp(activity.end_time),
                "Cause": activity.cause,
                "Origin": "AutoScalingGroup" if leaving else "EC2",
                "Destination": "EC2" if leaving else "AutoScalingGroup",
            },
        )


def _stamp(moment: Any) -> str:
    return str(moment.isoformat(timespec="milliseconds")) + "Z"
