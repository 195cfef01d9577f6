"""Operations of Auto Scaling that moto lacks or answers otherwise; see ``moto_autoscaling``.

Each is a function of what is asked, put in moto's place when its module is loaded. With no world
mounted moto's own answer comes, where it has one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from labkit.backing.moto_autoscaling import policy_key, refuse
from labkit.backing.moto_seams import listener, mounted, seam


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under way.

    Parameters
    ----------
    response:
        moto's object for it.
    stock:
        What moto itself would answer.
    """

    response: Any
    stock: Callable[[], Any]

    @property
    def scaling(self) -> Any:
        """Who decides what happens (``autoscaling.py``)."""
        return listener("autoscaling")

    @property
    def backend(self) -> Any:
        """What moto keeps of the account and Region."""
        return self.response.autoscaling_backend

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter as it came."""
        return self.response._get_param(name, default)

    def number(self, name: str, default: Any = None) -> Any:
        """A parameter, an int."""
        return self.response._get_int_param(name, default)

    def flag(self, name: str, default: Any = None) -> Any:
        """A parameter, a bool."""
        return self.response._get_bool_param(name, default)

    def group(self) -> Any:
        """The group that is named; ValidationError without one."""
        name = self.get("AutoScalingGroupName")
        found = self.backend.autoscaling_groups.get(name)
        if found is None:
            raise refuse(
                "ValidationError", f"AutoScalingGroup name not found - no such group: {name}"
            )
        return found


Answer = Callable[[Asked], Any]
_OPERATIONS: dict[str, Answer] = {}


def operation(answer: Answer) -> Answer:
    """Let the decorated function answer the operation of its name (without the underscore)."""
    _OPERATIONS[answer.__name__.removeprefix("_")] = answer
    return answer


def _result(values: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(values)


@operation
def _describe_scaling_activities(asked: Asked) -> Any:
    activities = asked.scaling.activities(
        asked.response.current_account,
        asked.response.region,
        asked.get("AutoScalingGroupName"),
        asked.get("ActivityIds", []),
    )
    most = asked.number("MaxRecords", 100)
    start = int(asked.get("NextToken") or 0)
    more = str(start + most) if start + most < len(activities) else None
    return _result({"Activities": activities[start : start + most], "NextToken": more})


@operation
def _set_desired_capacity(asked: Asked) -> None:
    asked.scaling.set_capacity(
        asked.group(),
        asked.number("DesiredCapacity"),
        asked.flag("HonorCooldown", False),
    )


@operation
def _create_launch_configuration(asked: Asked) -> Any:
    name = asked.get("LaunchConfigurationName")
    known = asked.backend.launch_configurations
    if name in known:
        raise refuse(
            "AlreadyExists",
            "Launch Configuration by this name already exists - A launch configuration "
            f"already exists with the name {name}",
        )
    answer = asked.stock()
    if asked.get("InstanceMonitoring.Enabled") is None:
        # Made by the API a launch configuration has detailed monitoring, unless told no.
        known[name].instance_monitoring_enabled = True
    return answer


@operation
def _update_auto_scaling_group(asked: Asked) -> Any:
    answer = asked.stock()
    group = asked.group()
    group.default_cooldown = asked.number("DefaultCooldown", group.default_cooldown)
    group.termination_policies = asked.get("TerminationPolicies", group.termination_policies)
    return answer


@operation
def _put_scaling_policy(asked: Asked) -> Any:
    asked.stock()
    name, group = asked.get("PolicyName"), asked.get("AutoScalingGroupName")
    policy = asked.backend.policies[policy_key(group, name)]
    return _result({"PolicyARN": policy.arn, "Alarms": policy.alarms})


@operation
def _execute_policy(asked: Asked) -> None:
    name = asked.get("PolicyName")
    policies = asked.backend.policies
    policy = policies.get(policy_key(asked.get("AutoScalingGroupName") or "", name))
    if policy is None:
        policy = next((one for one in policies.values() if name in (one.arn, one.name)), None)
    if policy is None:
        raise refuse("ValidationError", f"Policy not found: {name}")
    asked.scaling.execute(
        policy,
        asked.get("MetricValue"),
        asked.get("BreachThreshold"),
        asked.flag("HonorCooldown", False),
    )


@operation
def _delete_policy(asked: Asked) -> None:
    name = asked.get("PolicyName")
    group = asked.get("AutoScalingGroupName")
    policies = asked.backend.policies
    for key, policy in list(policies.items()):
        mine = group in (None, policy.auto_scaling_group_name)
        if name == policy.arn or (name == policy.name and mine):
            asked.scaling.policy_gone(policies.pop(key))


@operation
def _delete_auto_scaling_group(asked: Asked) -> None:
    group = asked.group()
    if group.instance_states and not asked.flag("ForceDelete", False):
        raise refuse(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot "
            "instance request(s) still in the group.",
        )
    asked.backend.delete_auto_scaling_group(group.name)


@operation
def _disable_metrics_collection(asked: Asked) -> None:
    asked.scaling.measure_no_more(asked.group(), asked.get("Metrics", []))


@operation
def _put_lifecycle_hook(asked: Asked) -> None:
    group = asked.group()
    hook = asked.backend.create_lifecycle_hook(
        name=asked.get("LifecycleHookName"),
        as_name=group.name,
        transition=asked.get("LifecycleTransition"),
        timeout=asked.number("HeartbeatTimeout"),
        result=asked.get("DefaultResult"),
    )
    hook.role_arn = asked.get("RoleARN")
    hook.notification_target_arn = asked.get("NotificationTargetARN")
    hook.notification_metadata = asked.get("NotificationMetadata")


@operation
def _complete_lifecycle_action(asked: Asked) -> None:
    asked.scaling.complete(
        asked.group(),
        asked.get("LifecycleHookName"),
        asked.get("InstanceId"),
        asked.get("LifecycleActionToken"),
        asked.get("LifecycleActionResult"),
    )


@operation
def _record_lifecycle_action_heartbeat(asked: Asked) -> None:
    asked.scaling.heartbeat(
        asked.group(),
        asked.get("LifecycleHookName"),
        asked.get("InstanceId"),
        asked.get("LifecycleActionToken"),
    )


def _instead(response: type[Any], name: str, answer: Answer) -> Callable[[Any], Any]:
    stock = getattr(response, name, None)

    def call(self: Any) -> Any:
        if mounted() is None and stock is not None:
            return stock(self)
        from moto.core.responses import EmptyResult

        return answer(Asked(self, lambda: stock(self))) or EmptyResult()  # type: ignore[misc]

    return call


# A seam is put in at once where moto is loaded already, so what it uses stands above it.
@seam("moto.autoscaling.responses")
def _put_in(module: ModuleType) -> None:
    for name, answer in _OPERATIONS.items():
        setattr(
            module.AutoScalingResponse, name, _instead(module.AutoScalingResponse, name, answer)
        )
