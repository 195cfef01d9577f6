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

from labkit.backing.moto_seams import listener, mounted, seam


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
def _hook_backend(module: ModuleType) -> None:
    backend = module.AutoScalingBackend
    create, delete = backend.create_auto_scaling_group, backend.delete_auto_scaling_group
    told_of, put_policy = backend.notify_terminate_instances, backend.put_scaling_policy
    sick, end = backend.set_instance_health, backend.terminate_instance

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

    def delete_auto_scaling_group(self: Any, group_name: str) -> None:
        scaling = _listener()
        known = self.autoscaling_groups.get(group_name) if scaling is not None else None
        if known is not None:
            scaling.deleting(known)
        delete(self, group_name)

    def notify_terminate_instances(self: Any, instance_ids: list[str]) -> None:
        # The health check finds out, within a minute.
        if _listener() is None:
            told_of(self, instance_ids)

    def put_scaling_policy(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        scaling = _listener()
        if scaling is None:
            return put_policy(self, name, *args, **kwargs)
        others = self.policies
        self.policies = {}
        try:
            policy = put_policy(self, name, *args, **kwargs)
        finally:
            self.policies = others
        key = policy_key(policy.auto_scaling_group_name, name)
        scaling.policy_put(policy, others.get(key))
        others[key] = policy
        return policy

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

    change, resume = backend.update_auto_scaling_group, backend.resume_processes

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

    def resume_processes(self: Any, group_name: str, scaling_processes: list[str]) -> None:
        resume(self, group_name, scaling_processes)
        if _listener() is not None:
            _listener().resumed(self.autoscaling_groups[group_name])

    backend.update_auto_scaling_group = update_auto_scaling_group
    backend.resume_processes = resume_processes
    backend.create_auto_scaling_group = create_auto_scaling_group
    backend.delete_auto_scaling_group = delete_auto_scaling_group
    backend.notify_terminate_instances = notify_terminate_instances
    backend.put_scaling_policy = put_scaling_policy
    backend.set_instance_health = set_instance_health
    backend.terminate_instance = terminate_instance

    arn = module.FakeScalingPolicy.arn.fget

    def policy_arn(self: Any) -> str:
        known: str = getattr(self, "_labkit_arn", "") or arn(self)
        return known

    module.FakeScalingPolicy.arn = property(policy_arn)
    module.FakeScalingPolicy.policy_arn = property(policy_arn)


def policy_key(group_name: str, name: str) -> str:
    """Under which a policy is kept: names are the group's own."""
    return f"{group_name}\x1f{name}"


@seam("moto.autoscaling.responses")
def _hook_operations(module: ModuleType) -> None:
    from moto.core.responses import ActionResult, EmptyResult

    response = module.AutoScalingResponse

    def group_of(self: Any) -> Any:
        name = self._get_param("AutoScalingGroupName")
        found = self.autoscaling_backend.autoscaling_groups.get(name)
        if found is None:
            raise refuse(
                "ValidationError", f"AutoScalingGroup name not found - no such group: {name}"
            )
        return found

    def operation(name: str) -> Any:
        def register(answer: Any) -> Any:
            stock = getattr(response, name, None)

            def call(self: Any) -> Any:
                if mounted() is None and stock is not None:
                    return stock(self)
                return answer(self, _listener()) or EmptyResult()

            setattr(response, name, call)
            return answer

        return register

    @operation("describe_scaling_activities")
    def describe_scaling_activities(self: Any, scaling: Any) -> Any:
        activities = scaling.activities(
            self.current_account,
            self.region,
            self._get_param("AutoScalingGroupName"),
            self._get_param("ActivityIds", []),
        )
        most = self._get_int_param("MaxRecords", 100)
        start = int(self._get_param("NextToken") or 0)
        more = str(start + most) if start + most < len(activities) else None
        return ActionResult({"Activities": activities[start : start + most], "NextToken": more})

    @operation("set_desired_capacity")
    def set_desired_capacity(self: Any, scaling: Any) -> None:
        scaling.set_capacity(
            group_of(self),
            self._get_int_param("DesiredCapacity"),
            self._get_bool_param("HonorCooldown", False),
        )

    configure, change, put = (
        response.create_launch_configuration,
        response.update_auto_scaling_group,
        response.put_scaling_policy,
    )

    @operation("create_launch_configuration")
    def create_launch_configuration(self: Any, scaling: Any) -> Any:
        name = self._get_param("LaunchConfigurationName")
        known = self.autoscaling_backend.launch_configurations
        if name in known:
            raise refuse(
                "AlreadyExists",
                "Launch Configuration by this name already exists - A launch configuration "
                f"already exists with the name {name}",
            )
        answer = configure(self)
        if self._get_param("InstanceMonitoring.Enabled") is None:
            # Made by the API a launch configuration has detailed monitoring, unless told no.
            known[name].instance_monitoring_enabled = True
        return answer

    @operation("update_auto_scaling_group")
    def update_auto_scaling_group(self: Any, scaling: Any) -> Any:
        answer = change(self)
        group = group_of(self)
        group.default_cooldown = self._get_int_param("DefaultCooldown", group.default_cooldown)
        group.termination_policies = self._get_param(
            "TerminationPolicies", group.termination_policies
        )
        return answer

    @operation("put_scaling_policy")
    def put_scaling_policy(self: Any, scaling: Any) -> Any:
        put(self)
        name, group = self._get_param("PolicyName"), self._get_param("AutoScalingGroupName")
        policy = self.autoscaling_backend.policies[policy_key(group, name)]
        return ActionResult({"PolicyARN": policy.arn, "Alarms": policy.alarms})

    @operation("execute_policy")
    def execute_policy(self: Any, scaling: Any) -> None:
        name = self._get_param("PolicyName")
        policies = self.autoscaling_backend.policies
        policy = policies.get(policy_key(self._get_param("AutoScalingGroupName") or "", name))
        if policy is None:
            policy = next((one for one in policies.values() if name in (one.arn, one.name)), None)
        if policy is None:
            raise refuse("ValidationError", f"Policy not found: {name}")
        scaling.execute(
            policy,
            self._get_param("MetricValue"),
            self._get_param("BreachThreshold"),
            self._get_bool_param("HonorCooldown", False),
        )

    @operation("delete_policy")
    def delete_policy(self: Any, scaling: Any) -> None:
        name = self._get_param("PolicyName")
        group = self._get_param("AutoScalingGroupName")
        policies = self.autoscaling_backend.policies
        for key, policy in list(policies.items()):
            mine = group in (None, policy.auto_scaling_group_name)
            if name == policy.arn or (name == policy.name and mine):
                scaling.policy_gone(policies.pop(key))

    @operation("delete_auto_scaling_group")
    def delete_auto_scaling_group(self: Any, scaling: Any) -> None:
        group = group_of(self)
        if group.instance_states and not self._get_bool_param("ForceDelete", False):
            raise refuse(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot "
                "instance request(s) still in the group.",
            )
        self.autoscaling_backend.delete_auto_scaling_group(group.name)

    @operation("disable_metrics_collection")
    def disable_metrics_collection(self: Any, scaling: Any) -> None:
        scaling.measure_no_more(group_of(self), self._get_param("Metrics", []))

    @operation("put_lifecycle_hook")
    def put_lifecycle_hook(self: Any, scaling: Any) -> None:
        group = group_of(self)
        hook = self.autoscaling_backend.create_lifecycle_hook(
            name=self._get_param("LifecycleHookName"),
            as_name=group.name,
            transition=self._get_param("LifecycleTransition"),
            timeout=self._get_int_param("HeartbeatTimeout"),
            result=self._get_param("DefaultResult"),
        )
        hook.role_arn = self._get_param("RoleARN")
        hook.notification_target_arn = self._get_param("NotificationTargetARN")
        hook.notification_metadata = self._get_param("NotificationMetadata")

    @operation("complete_lifecycle_action")
    def complete_lifecycle_action(self: Any, scaling: Any) -> None:
        scaling.complete(
            group_of(self),
            self._get_param("LifecycleHookName"),
            self._get_param("InstanceId"),
            self._get_param("LifecycleActionToken"),
            self._get_param("LifecycleActionResult"),
        )

    @operation("record_lifecycle_action_heartbeat")
    def record_lifecycle_action_heartbeat(self: Any, scaling: Any) -> None:
        scaling.heartbeat(
            group_of(self),
            self._get_param("LifecycleHookName"),
            self._get_param("InstanceId"),
            self._get_param("LifecycleActionToken"),
        )
