"""Scaling policies at work: simple, step and target tracking, by hand or by an alarm.

A simple policy waits for its cooldown. A step policy counts instances that still warm up as not
there yet, so that a larger breach adds only what the first one did not. A target-tracking policy
makes its own pair of alarms: above the target for three minutes, and well below it for fifteen.

Source: EC2 Auto Scaling user guide, "Step and simple scaling policies", "Target tracking scaling
policies", "Scaling cooldowns".
"""

from __future__ import annotations

from typing import Any

from labkit.backing.emitting import Emitters
from labkit.backing.moto_autoscaling import refuse
from labkit.backing.moto_random import mock_random
from labkit.backing.mount import MotoWorld
from labkit.backing.scaling import adjusted, step_for, tracked
from labkit.core.clock import SECOND, iso
from labkit.core.ports import Delivery

#: Metric of a predefined specification -> namespace, name, statistic.
_PREDEFINED = {
    "ASGAverageCPUUtilization": ("AWS/EC2", "CPUUtilization", "Average"),
    "ASGAverageNetworkIn": ("AWS/EC2", "NetworkIn", "Average"),
    "ASGAverageNetworkOut": ("AWS/EC2", "NetworkOut", "Average"),
    "ALBRequestCountPerTarget": ("AWS/ApplicationELB", "RequestCountPerTarget", "Sum"),
}

#: The low alarm of a target-tracking policy lies this far below its target.
_LOW = 0.9


class _Alarm:
    """An alarm of a policy, as DescribePolicies shows it."""

    def __init__(self, name: str, arn: str) -> None:
        self.alarm_name = name
        self.alarm_arn = arn


class Policies:
    """The part of Auto Scaling that decides how many instances a group wants."""

    _moto: MotoWorld
    _emit: Emitters
    _seed: Any

    @property
    def _now(self) -> int:
        raise NotImplementedError

    def _settle(self, group: Any, why: str) -> list[str]:
        raise NotImplementedError

    # -- told by moto's models
    def policy_put(self, policy: Any, former: Any) -> None:
        """A policy was put, in the place of ``former`` if there was one."""
        backend = policy.autoscaling_backend
        name = policy.auto_scaling_group_name
        if name not in backend.autoscaling_groups:
            raise refuse("ValidationError", f"Group {name} not found")
        if former is not None:
            policy._labkit_arn = former.arn
        else:
            policy._labkit_arn = (
                f"arn:aws:autoscaling:{backend.region_name}:{backend.account_id}:scalingPolicy:"
                f"{mock_random().uuid4()}:autoScalingGroupName/{name}:policyName/{policy.name}"
            )
        known = getattr(former, "alarms", [])
        policy.alarms = []
        if policy.policy_type == "TargetTrackingScaling":
            policy.alarms = self._own_alarms(policy, known)
        elif known:
            self.policy_gone(former)

    def policy_gone(self, policy: Any) -> None:
        """A policy was deleted; the alarms it made go too."""
        names = [alarm.alarm_name for alarm in getattr(policy, "alarms", [])]
        if names:
            backend = policy.autoscaling_backend
            self._emit.delete_alarms(backend.account_id, backend.region_name, names)

    def _own_alarms(self, policy: Any, known: list[_Alarm]) -> list[_Alarm]:
        backend = policy.autoscaling_backend
        group = policy.auto_scaling_group_name
        metric = _metric(policy)
        target = _target(policy)
        made = []
        for place, (side, comparison, periods, threshold) in enumerate(
            (
                ("High", "GreaterThanThreshold", 3, target),
                ("Low", "LessThanThreshold", 15, target * _LOW),
            )
        ):
            name = (
                known[place].alarm_name
                if place < len(known)
                else f"TargetTracking-{group}-Alarm{side}-{mock_random().uuid4()}"
            )
            arn = self._emit.put_alarm(
                backend.account_id,
                backend.region_name,
                {
                    **metric,
                    "AlarmName": name,
                    "AlarmDescription": "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy "
                    f"{policy.arn}.",
                    "AlarmActions": [policy.arn],
                    "ComparisonOperator": comparison,
                    "EvaluationPeriods": periods,
                    "Period": 60,
                    "Threshold": threshold,
                },
            )
            made.append(_Alarm(name, arn))
        return made

    # -- running a policy
    def execute(self, policy: Any, value: Any, threshold: Any, honor_cooldown: bool) -> None:
        """ExecutePolicy: somebody runs a policy by hand."""
        group = self._group_of(policy)
        if policy.policy_type == "TargetTrackingScaling":
            raise refuse(
                "ValidationError", "Policies of type TargetTrackingScaling can't be executed."
            )
        step = policy.policy_type == "StepScaling"
        if step != (value is not None and threshold is not None):
            raise refuse(
                "ValidationError",
                "MetricValue and BreachThreshold are given for a step policy, and for no other.",
            )
        self._respect_cooldown(group, honor_cooldown and not step)
        self._run_policy(
            group,
            policy,
            float(value) if step else None,
            float(threshold) if step else None,
            f"a user request executed policy {policy.name}",
        )

    def act(
        self, policy_arn: str, *, alarm_name: str, value: float | None, threshold: float | None
    ) -> Delivery:
        """Run a policy for an alarm (port ``scaling_action``).

        Returns
        -------
        Delivery
            Not ok when there is no such policy or the group does not listen to alarms; ok, with a
            message, when the policy finds nothing to do.
        """
        parts = policy_arn.split(":")
        if len(parts) < 6 or parts[2] != "autoscaling":
            return Delivery(False, "ValidationError", False, f"{policy_arn} is no scaling policy")
        self._seed()
        with self._moto.working():
            backend = self._moto.backend("autoscaling", parts[4], parts[3])
            policy = next((p for p in backend.policies.values() if p.arn == policy_arn), None)
            if policy is None:
                return Delivery(False, "ValidationError", False, f"no policy {policy_arn}")
            group = self._group_of(policy)
            if "AlarmNotification" in group._suspended_processes:
                return Delivery(
                    False,
                    "ScalingProcessSuspended",
                    False,
                    f"{group.name} does not listen to alarms: AlarmNotification is suspended",
                )
            if policy.policy_type == "SimpleScaling" and group._labkit.cooling(self._now):
                return Delivery(True, "", False, f"{group.name} is in its cooldown: nothing done")
            why = f"a monitor alarm {alarm_name} in state ALARM triggered policy {policy.name}"
            done = self._run_policy(group, policy, value, threshold, why)
            return Delivery(True, "", False, "" if done else "the capacity stays as it is")

    def _group_of(self, policy: Any) -> Any:
        groups = policy.autoscaling_backend.autoscaling_groups
        group = groups.get(policy.auto_scaling_group_name)
        if group is None:
            raise refuse("ValidationError", f"Group {policy.auto_scaling_group_name} not found")
        return group

    def _respect_cooldown(self, group: Any, honor: bool) -> None:
        if honor and group._labkit.cooling(self._now):
            until = iso(group._labkit.cooldown_until_us)
            raise refuse(
                "ScalingActivityInProgress",
                f"Scaling activity blocked by cooldown of {group.name} (until {until}).",
            )

    def _run_policy(
        self, group: Any, policy: Any, value: float | None, threshold: float | None, why: str
    ) -> bool:
        """Bring the group to what the policy wants; whether that is a change."""
        life = group._labkit
        desired = group.desired_capacity
        warming = life.warming(self._now)
        wanted = self._wanted(policy, desired, warming, value, threshold)
        wanted = min(max(wanted, group.min_size), group.max_size)
        if policy.policy_type != "SimpleScaling" and warming and wanted < desired:
            return False  # nothing is taken away while something is still starting
        if wanted == desired:
            return False
        group.desired_capacity = life.desired = wanted
        if policy.policy_type == "SimpleScaling":
            life.cooldown_us = int(policy.cooldown or group.default_cooldown) * SECOND
        started = self._settle(
            group, f"{why} changing the desired capacity from {desired} to {wanted}."
        )
        if policy.policy_type != "SimpleScaling":
            warm = int(policy.estimated_instance_warmup or group.default_cooldown) * SECOND
            life.warming_us.update(dict.fromkeys(started, warm))
        return True

    @staticmethod
    def _wanted(
        policy: Any, desired: int, warming: int, value: float | None, threshold: float | None
    ) -> int:
        base = desired - warming
        if policy.policy_type == "TargetTrackingScaling":
            target = _target(policy)
            shrinks = not getattr(policy.target_tracking_configuration, "DisableScaleIn", False)
            if value is None:
                return desired
            wanted = tracked(base, value, target, str(shrinks).lower() == "true")
            return max(wanted, desired) if value >= target else wanted
        least = int(policy.min_adjustment_magnitude or 0)
        if policy.policy_type == "SimpleScaling":
            return adjusted(desired, policy.adjustment_type, policy.scaling_adjustment, least)
        at = threshold or 0.0
        step = step_for(at if value is None else value, at, policy.step_adjustments)
        if step is None:
            return desired
        change = int(step["ScalingAdjustment"])
        wanted = adjusted(base, policy.adjustment_type, change, least)
        grows = policy.adjustment_type != "ExactCapacity" and change > 0
        return max(wanted, desired) if grows else wanted


def _target(policy: Any) -> float:
    return float(policy.target_tracking_configuration.TargetValue)


def _metric(policy: Any) -> dict[str, Any]:
    """The metric of a target-tracking policy, in PutMetricAlarm's words."""
    settings = vars(policy.target_tracking_configuration)
    predefined = settings.get("PredefinedMetricSpecification")
    if predefined:
        kind = predefined["PredefinedMetricType"]
        namespace, name, statistic = _PREDEFINED[kind]
        dimensions = {"AutoScalingGroupName": policy.auto_scaling_group_name}
        if namespace == "AWS/ApplicationELB":
            balancer, _, target_group = str(predefined.get("ResourceLabel", "")).partition(
                "/targetgroup/"
            )
            dimensions = {"LoadBalancer": balancer, "TargetGroup": f"targetgroup/{target_group}"}
        listed = [{"Name": key, "Value": one} for key, one in sorted(dimensions.items())]
        return {
            "Namespace": namespace,
            "MetricName": name,
            "Statistic": statistic,
            "Dimensions": listed,
        }
    given = settings["CustomizedMetricSpecification"]
    if "MetricName" not in given:
        raise NotImplementedError("target tracking of metric math comes with metric-math alarms")
    return {
        name: given[name]
        for name in ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit")
        if given.get(name)
    }
