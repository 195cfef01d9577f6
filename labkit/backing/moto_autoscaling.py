"""Seams of Auto Scaling: moto keeps what is configured, labkit decides what happens.

moto starts and stops instances in the middle of an operation and calls each of them in service at
once. Here every change of a group's size comes to the mounted world's listener
(``autoscaling.py``), which starts and stops instances, waits for them, writes activities and tells
events. moto's groups, launch configurations, policies and hooks stay where they are.

Added, since moto lacks it: activities, cooldowns, hooks that hold an instance, metrics that can be
disabled, policies of the same name in two groups, and AWS's refusals.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from labkit.backing.moto_seams import listener, seam


def _listener() -> Any:
    return listener("autoscaling")


def refuse(code: str, message: str) -> Exception:
    """An error as moto raises it."""
    from moto.autoscaling.exceptions import AutoscalingClientError

    return AutoscalingClientError(code, message)


@seam("moto.autoscaling.models")
def _hook_groups(module: ModuleType) -> None:
    group = module.FakeAutoScalingGroup
    resize, collect = group.set_desired_capacity, group.enable_metrics_collection

    def set_desired_capacity(self: Any, new_capacity: int | None) -> None:
        scaling = _listener()
        if scaling is None:
            resize(self, new_capacity)
            return
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        scaling.resized(self)

    def enable_metrics_collection(self: Any, metrics: list[str] | None) -> None:
        collect(self, metrics)
        scaling = _listener()
        if scaling is not None:
            scaling.measure(self, metrics or [])

    group.set_desired_capacity = set_desired_capacity
    group.enable_metrics_collection = enable_metrics_collection


@seam("moto.autoscaling.models")
def _hook_sizes(module: ModuleType) -> None:
    backend = module.AutoScalingBackend
    create, delete = backend.create_auto_scaling_group, backend.delete_auto_scaling_group
    change = backend.update_auto_scaling_group

    def create_auto_scaling_group(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        scaling = _listener()
        if scaling is None:
            return create(self, name, *args, **kwargs)
        if name in self.autoscaling_groups:
            raise refuse(
                "AlreadyExists",
                "AutoScalingGroup by this name already exists - A group with the name "
                f"{name} already exists",
            )
        scaling.check_size(kwargs.get("desired_capacity"), kwargs["min_size"], kwargs["max_size"])
        made = create(self, name, *args, **kwargs)
        scaling.created(made)
        return made

    def update_auto_scaling_group(self: Any, name: str, **kwargs: Any) -> Any:
        scaling, known = _listener(), self.autoscaling_groups.get(name)
        if scaling is not None and known is not None:
            given = (kwargs.get("min_size"), kwargs.get("max_size"))
            low, high = (
                now if new is None else new
                for new, now in zip(given, (known.min_size, known.max_size), strict=True)
            )
            wanted = kwargs.get("desired_capacity")
            scaling.check_size(wanted, low, high)
            if wanted is None:  # moto counts instances that are on their way out
                kept = min(max(known.desired_capacity, low), high)
                kwargs["desired_capacity"] = kept
        return change(self, name, **kwargs)

    def delete_auto_scaling_group(self: Any, group_name: str) -> None:
        scaling = _listener()
        known = self.autoscaling_groups.get(group_name) if scaling is not None else None
        if known is not None:
            scaling.deleting(known)
        delete(self, group_name)

    backend.create_auto_scaling_group = create_auto_scaling_group
    backend.update_auto_scaling_group = update_auto_scaling_group
    backend.delete_auto_scaling_group = delete_auto_scaling_group


@seam("moto.autoscaling.models")
def _hook_instances(module: ModuleType) -> None:
    backend = module.AutoScalingBackend
    told_of, resume = backend.notify_terminate_instances, backend.resume_processes
    sick, end = backend.set_instance_health, backend.terminate_instance

    def notify_terminate_instances(self: Any, instance_ids: list[str]) -> None:
        # The health check finds out, within a minute.
        if _listener() is None:
            told_of(self, instance_ids)

    def set_instance_health(self: Any, instance_id: str, health_status: str) -> None:
        sick(self, instance_id, health_status)
        if _listener() is not None:
            _listener().health_set(self.account_id, self.region_name, instance_id)

    def terminate_instance(self: Any, instance_id: str, should_decrement: bool) -> Any:
        if _listener() is None:
            return end(self, instance_id, should_decrement)
        return _listener().terminate(
            self.account_id, self.region_name, instance_id, should_decrement
        )

    def resume_processes(self: Any, group_name: str, scaling_processes: list[str]) -> None:
        resume(self, group_name, scaling_processes)
        if _listener() is not None:
            _listener().resumed(self.autoscaling_groups[group_name])

    backend.notify_terminate_instances = notify_terminate_instances
    backend.set_instance_health = set_instance_health
    backend.terminate_instance = terminate_instance
    backend.resume_processes = resume_processes


@seam("moto.autoscaling.models")
def _hook_policies(module: ModuleType) -> None:
    backend = module.AutoScalingBackend
    policy = module.FakeScalingPolicy
    put_policy, arn = backend.put_scaling_policy, policy.arn.fget

    def put_scaling_policy(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        scaling = _listener()
        if scaling is None:
            return put_policy(self, name, *args, **kwargs)
        others = self.policies
        self.policies = {}
        try:
            made = put_policy(self, name, *args, **kwargs)
        finally:
            self.policies = others
        key = policy_key(made.auto_scaling_group_name, name)
        scaling.policy_put(made, others.get(key))
        others[key] = made
        return made

    def policy_arn(self: Any) -> str:
        known: str = getattr(self, "_labkit_arn", "") or arn(self)
        return known

    backend.put_scaling_policy = put_scaling_policy
    policy.arn = property(policy_arn)
    policy.policy_arn = property(policy_arn)


def policy_key(group_name: str, name: str) -> str:
    """Under which a policy is kept: names are the group's own."""
    return f"{group_name}\x1f{name}"
