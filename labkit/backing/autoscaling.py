"""Auto Scaling: groups that keep their size on the lab's clock.

Theory of operation
-------------------
A group wants ``desired`` instances; whatever changes either side (an operation, a policy, an
instance that dies) ends in :meth:`AutoScaling._settle`, which starts or ends the difference::

    launch  ──> Pending ──running──> (Pending:Wait while a hook holds it) ──> InService
    end     ──> (Terminating:Wait while a hook holds it) ──> Terminating ──terminated──> gone

Instances are launched at moto's models, below the dispatch, and live the life that ``ec2.py`` gives
every instance; its facts ``instance.state`` move them on here. Each start and end is an *activity*,
with AWS's sentences for its cause, and an event for EventBridge when it is over.

A health check looks at a group at the next full minute after one of its instances stopped being
what it was: stopped, terminated or called unhealthy it is ended and replaced. Nothing ticks while
nothing happens, except the metrics of a group that has them enabled.

Hooks are in ``autoscaling_hooks.py``, activities, events and metrics in ``autoscaling_telling.py``,
policies in ``autoscaling_policies.py``, their arithmetic in ``scaling.py``.

Source: EC2 Auto Scaling user guide ("Instance lifecycle", "Health checks", "Lifecycle hooks",
"CloudWatch metrics for your groups", "EventBridge event reference") and API reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.backing.autoscaling_groups import REPLACED, Activity, Life, at, where_is
from labkit.backing.autoscaling_hooks import LAUNCHING, TERMINATING, Hooks
from labkit.backing.autoscaling_policies import Policies
from labkit.backing.autoscaling_telling import Telling
from labkit.backing.emitting import Emitters
from labkit.backing.moto_autoscaling import refuse
from labkit.backing.mount import MotoWorld
from labkit.backing.scaling import Candidate, chosen, zone_for
from labkit.core.clock import MINUTE, Phase, to_us
from labkit.core.facts import Fact
from labkit.core.world import World

_TAG = "aws:autoscaling:groupName"
_HERE = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")
_ALIVE = ("pending", "running")
_RETRY_US = 60 * MINUTE


class AutoScaling(Policies, Hooks, Telling):
    """The Auto Scaling groups of a lab.

    Parameters
    ----------
    moto:
        moto's world of the lab.
    world:
        Clock and ports; the handlers ``autoscaling.check``, ``.hook`` and ``.measure`` are
        registered here.
    emit:
        How events, metrics and alarms leave.
    seed:
        Called before anything is drawn outside a request.
    """

    def __init__(
        self, moto: MotoWorld, world: World, emit: Emitters, seed: Callable[[], None]
    ) -> None:
        self._moto = moto
        self._world = world
        self._emit = emit
        self._seed = seed
        moto.listen("autoscaling", self)
        world.clock.register("autoscaling.check", self._check)
        world.clock.register("autoscaling.hook", self._hook_over)
        world.clock.register("autoscaling.measure", self._measure)

    # -- told by moto's models
    def check_size(self, desired: Any, low: Any, high: Any) -> None:
        """Refuse sizes that do not go together."""
        low, high = int(low), int(high)
        if low > high:
            raise refuse(
                "ValidationError",
                f"Max bound, {high}, must be greater than or equal to min bound, {low}",
            )
        if desired is not None and not low <= int(desired) <= high:
            raise refuse(
                "ValidationError",
                f"Desired capacity:{desired} must be between the specified min size:{low} and max "
                f"size:{high}",
            )

    def created(self, group: Any) -> None:
        """A new group: start its instances."""
        group._labkit = Life()
        wanted = group.desired_capacity
        group._labkit.desired = wanted
        self._settle(
            group,
            "a user request created an AutoScalingGroup changing the desired capacity from 0 to "
            f"{wanted}.",
        )

    def resized(self, group: Any) -> None:
        """moto was told another desired capacity, by whatever operation."""
        life = getattr(group, "_labkit", None)
        if life is None:  # it is being made
            return
        before, wanted = life.desired, group.desired_capacity
        life.desired = wanted
        call = self._moto.call
        if call is not None and call.operation == "UpdateAutoScalingGroup":
            why = (
                f"a user request update of AutoScalingGroup constraints to min: {group.min_size}, "
                f"max: {group.max_size}, desired: {wanted} changing the desired capacity from "
                f"{before} to {wanted}."
            )
        else:
            why = (
                "a user request explicitly set group desired capacity changing the desired "
                f"capacity from {before} to {wanted}."
            )
        self._settle(group, why)
        self._tell_members(group)

    def set_capacity(self, group: Any, wanted: int, honor_cooldown: bool) -> None:
        """SetDesiredCapacity."""
        for bound, wrong, word in (
            (group.min_size, wanted < group.min_size, "below min"),
            (group.max_size, wanted > group.max_size, "above max"),
        ):
            if wrong:
                raise refuse(
                    "ValidationError",
                    f"New SetDesiredCapacity value {wanted} is {word} value {bound} for the "
                    "AutoScalingGroup.",
                )
        self._respect_cooldown(group, honor_cooldown)
        group.set_desired_capacity(wanted)

    def deleting(self, group: Any) -> None:
        """A group goes, and its policies and hooks with it."""
        group._labkit.measuring += 1
        if group._labkit.serving:
            self._emit.members(group.account_id, group.region, group.name, ())
        backend = group.autoscaling_backend
        for key, policy in list(backend.policies.items()):
            if policy.auto_scaling_group_name == group.name:
                self.policy_gone(backend.policies.pop(key))
        for key, hook in list(backend.lifecycle_hooks.items()):
            if hook.auto_scaling_group_name == group.name:
                del backend.lifecycle_hooks[key]

    def resumed(self, group: Any) -> None:
        """Processes run again: what they have missed is made up for."""
        self._soon(group)
        self._settle(group, "a user request resumed a process.")

    def health_set(self, account: str, region: str, instance_id: str) -> None:
        """Somebody said how an instance is."""
        found = self._member(account, region, instance_id)
        if found is not None:
            self._soon(found[0])

    def terminate(self, account: str, region: str, instance_id: str, decrement: bool) -> Activity:
        """TerminateInstanceInAutoScalingGroup."""
        found = self._member(account, region, instance_id)
        if found is None:
            raise refuse(
                "ValidationError",
                f"Instance Id not found - No managed instance found for instance ID: {instance_id}",
            )
        group, state = found
        life = group._labkit
        before = group.desired_capacity
        why = f"instance {instance_id} was taken out of service in response to a user request"
        if decrement:
            if before <= group.min_size:
                raise refuse(
                    "ValidationError",
                    f"Currently, desiredSize equals minSize ({group.min_size}). Terminating "
                    "instance without replacement will violate group's min size constraint. Either "
                    "set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
                )
            group.desired_capacity = life.desired = before - 1
            why += f", shrinking the capacity from {before} to {before - 1}"
        activity = self._end(group, state, at(self._now, why + "."))
        self._settle(
            group,
            REPLACED,
        )
        return activity

    def activities(
        self, account: str, region: str, name: str | None, ids: list[str]
    ) -> list[Activity]:
        """The activities of a group, or of all groups, newest first."""
        backend = self._moto.backend("autoscaling", account, region)
        return [
            activity
            for group in backend.autoscaling_groups.values()
            if name in (None, group.name)
            for activity in reversed(group._labkit.activities)
            if not ids or activity.activity_id in ids
        ]

    # -- a group gets the size it wants
    @property
    def _now(self) -> int:
        return self._world.clock.now_us

    def _settle(self, group: Any, why: str) -> list[str]:
        """Start or end the difference between desired and present instances; the started ones."""
        here = [state for state in group.instance_states if state.lifecycle_state in _HERE]
        wanted = group.desired_capacity or 0
        if len(here) < wanted and "Launch" not in group._suspended_processes:
            sentence = f"{at(self._now, why)}  " + at(
                self._now,
                "an instance was started in response to a difference between desired "
                f"and actual capacity, increasing the capacity from {len(here)} to {wanted}.",
            )
            if why == REPLACED:
                sentence = at(self._now, why)
            started = [self._launch(group, sentence) for _ in range(wanted - len(here))]
            return [one for one in started if one]
        if len(here) > wanted and "Terminate" not in group._suspended_processes:
            self._shrink(group, here, wanted, why)
        return []

    def _shrink(self, group: Any, here: list[Any], wanted: int, why: str) -> None:
        candidates = [
            Candidate(
                state.instance_id,
                state.availability_zone,
                to_us(state.instance.launch_time),
                getattr(state, "_labkit_source", None) != _source(group),
            )
            for state in here
            if not state.protected_from_scale_in
        ]
        gone = chosen(candidates, group.termination_policies, len(here) - wanted)
        states = {state.instance_id: state for state in here}
        for instance_id in gone:
            cause = "  ".join(
                [
                    at(self._now, why),
                    at(
                        self._now,
                        "an instance was taken out of service in response to a difference "
                        "between desired and actual capacity, shrinking the capacity from "
                        f"{len(here)} to {len(here) - len(gone)}.",
                    ),
                    at(self._now, f"instance {instance_id} was selected for termination."),
                ]
            )
            self._end(group, states[instance_id], cause)

    def _launch(self, group: Any, cause: str) -> str:
        """Start one instance where the group has the fewest; its id, '' when EC2 refuses."""
        from moto.autoscaling.models import InstanceState
        from moto.core.exceptions import ServiceException

        ec2 = group.autoscaling_backend.ec2_backend
        if group.vpc_zone_identifier:
            subnets = [ec2.get_subnet(one.strip()) for one in group.vpc_zone_identifier.split(",")]
        else:
            every = ec2.describe_subnets()
            subnets = [
                next((s for s in every if s.availability_zone == zone and s.default_for_az), None)
                for zone in group.availability_zones
            ]
        zones = [
            s.availability_zone if s else z
            for s, z in zip(subnets, group.availability_zones, strict=False)
        ]
        taken = [s.availability_zone for s in group.instance_states if s.lifecycle_state in _HERE]
        place = zone_for(zones, taken)
        subnet_id = subnets[place].id if subnets[place] is not None else None
        details = {"Subnet ID": subnet_id or "", "Availability Zone": zones[place]}
        try:
            instance = self._run(group, zones[place], subnet_id)
        except ServiceException as problem:
            activity = self._begin(group, "Launching a new EC2 instance.", cause, details)
            activity.finish(
                self._now, "Failed", f"{problem.message} Launching EC2 instance failed."
            )
            self._tell(group, "EC2 Instance Launch Unsuccessful", activity, "")
            self._try_again(group)
            return ""
        state: Any = InstanceState(
            instance,
            lifecycle_state="Pending",
            protected_from_scale_in=group.new_instances_protected_from_scale_in,
        )
        state._labkit_source = _source(group)
        group.instance_states.append(state)
        group._labkit.failures = 0
        group._labkit.starting[instance.id] = self._begin(
            group, f"Launching a new EC2 instance: {instance.id}", cause, details
        )
        return str(instance.id)

    def _run(self, group: Any, zone: str, subnet_id: str | None) -> Any:
        from moto.ec2.utils import filter_iam_instance_profiles

        config, template = group.launch_config, group.ec2_launch_template
        tags = group.get_propagated_tags()
        tags[_TAG] = group.name
        tags.update(group.instance_tags)
        monitored = bool(config is not None and config.instance_monitoring_enabled)
        profile = str((config.iam_instance_profile if config else "") or "")
        wanted: dict[str, Any] | None = None
        if template is not None:
            version = group.launch_template_version
            wanted = {"LaunchTemplateId": template.id, "Version": version}
            data = template.get_version(version).data
            monitored = str(data.get("Monitoring", {}).get("Enabled", "")).lower() == "true"
            named = data.get("IamInstanceProfile", {})
            profile = str(named.get("Arn") or named.get("Name") or "")
        ec2 = group.autoscaling_backend.ec2_backend
        if profile:  # one that is not there fails the launch, before there is an instance
            arn, name = (profile, None) if ":" in profile else (None, profile)
            filter_iam_instance_profiles(ec2.account_id, ec2.partition, arn, name)
        reservation = ec2.run_instances(
            group.image_id,
            1,
            group.user_data,
            group.security_groups,
            instance_type=group.instance_type,
            tags={"instance": tags},
            placement=zone,
            launch_config=config,
            launch_template=wanted,
            is_instance_type_default=False,
            associate_public_ip=config.associate_public_ip_address if config else None,
            subnet_id=subnet_id,
            key_name=config.key_name if config else None,
            monitoring_state="enabled" if monitored else "disabled",
        )
        instance = reservation.instances[0]
        instance.autoscaling_group = group
        if profile:  # moto's groups forget it
            ec2.associate_iam_instance_profile(instance.id, name, arn)
        return instance

    def _try_again(self, group: Any) -> None:
        """A launch failed: again after a minute, two, four, up to an hour."""
        life = group._labkit
        wait = min(MINUTE << min(life.failures, 10), _RETRY_US)
        life.failures += 1
        self._schedule(group, self._now + wait)

    def _end(self, group: Any, state: Any, cause: str) -> Activity:
        """Take an instance out of service and end it, once no hook holds it."""
        instance = state.instance
        details = {
            "Subnet ID": getattr(instance, "subnet_id", None) or "",
            "Availability Zone": state.availability_zone,
        }
        life = group._labkit
        life.starting.pop(instance.id, None)
        life.waits.pop(instance.id, None)
        life.warming_us.pop(instance.id, None)
        life.warm_until_us.pop(instance.id, None)
        activity = self._begin(group, f"Terminating EC2 instance: {instance.id}", cause, details)
        life.ending[instance.id] = activity
        if not self._hold(group, state, TERMINATING, "Terminating:Wait"):
            self._end_for_good(group, state)
        self._tell_members(group)
        group.autoscaling_backend.update_attached_elbs(group.name)
        return activity

    def _end_for_good(self, group: Any, state: Any) -> None:
        state.lifecycle_state = "Terminating"
        instance = state.instance
        if instance.state == "terminated":
            self._gone(group, state)
        elif instance.state != "shutting-down":
            instance.ec2_backend.terminate_instances([instance.id])

    def _gone(self, group: Any, state: Any) -> None:
        life = group._labkit
        group.instance_states = [one for one in group.instance_states if one is not state]
        activity = life.ending.pop(state.instance_id, None)
        if activity is not None:
            self._finish(group, activity, state.instance_id, "EC2 Instance Terminate Successful")

    # -- told by EC2, and by the clock
    def on_instance_state(self, fact: Fact) -> None:
        """An instance entered a state: ``instance.state``."""
        if _TAG not in fact.data["tags"]:
            return
        self._seed()
        with self._moto.working():
            found = self._member(fact.account, fact.region, fact.data["instance_id"])
            if found is None:
                return
            group, state = found
            now = fact.data["state"]
            if now == "running" and state.lifecycle_state == "Pending":
                if not self._hold(group, state, LAUNCHING, "Pending:Wait"):
                    self._in_service(group, state)
            elif now == "terminated" and state.lifecycle_state == "Terminating":
                self._gone(group, state)
            elif now not in _ALIVE and state.lifecycle_state in _HERE:
                self._soon(group)

    def _in_service(self, group: Any, state: Any) -> None:
        state.lifecycle_state = "InService"
        life = group._labkit
        warm_us = life.warming_us.pop(state.instance_id, 0)
        if warm_us:
            life.warm_until_us[state.instance_id] = self._now + warm_us
        activity = life.starting.pop(state.instance_id, None)
        if activity is not None:
            self._finish(group, activity, state.instance_id, "EC2 Instance Launch Successful")
        self._tell_members(group)
        backend = group.autoscaling_backend
        backend.update_attached_elbs(group.name)
        backend.update_attached_target_groups(group.name)

    def _soon(self, group: Any) -> None:
        """Look at the health of a group at the next full minute."""
        if not group._labkit.checking:
            group._labkit.checking = True
            self._schedule(group, self._now - self._now % MINUTE + MINUTE)

    def _schedule(self, group: Any, at_us: int) -> None:
        self._world.clock.at(at_us, Phase.SCHEDULES, "autoscaling.check", where_is(group))

    def _check(self, payload: dict[str, Any]) -> None:
        """Clock handler: end and replace the instances that are not well."""
        self._seed()
        with self._moto.working():
            group = self._group(payload)
            if group is None:
                return
            group._labkit.checking = False
            off = group._suspended_processes
            if "HealthCheck" not in off and "ReplaceUnhealthy" not in off:
                for state in list(group.instance_states):
                    if state.lifecycle_state in _HERE:
                        self._judge(group, state)
            self._settle(
                group,
                REPLACED,
            )

    def _judge(self, group: Any, state: Any) -> None:
        if state.instance.state not in _ALIVE:
            why = "an EC2 health check indicating it has been terminated or stopped."
        elif state.health_status == "Unhealthy":
            why = "a user health-check."
        else:
            return
        state.health_status = "Unhealthy"
        self._end(
            group,
            state,
            at(self._now, f"an instance was taken out of service in response to {why}"),
        )

    # -- looking up
    def _group(self, where: dict[str, Any]) -> Any:
        backend = self._moto.backend("autoscaling", where["account"], where["region"])
        return backend.autoscaling_groups.get(where["group"])

    def _member(self, account: str, region: str, instance_id: str) -> Any:
        """The group of an instance, and its state there; None when it is in none."""
        backend = self._moto.backend("autoscaling", account, region)
        for group in backend.autoscaling_groups.values():
            for state in group.instance_states:
                if state.instance_id == instance_id:
                    return group, state
        return None


def _source(group: Any) -> str:
    """What the group launches from at present."""
    if group.ec2_launch_template is not None:
        return f"{group.ec2_launch_template.id}:{group.launch_template_version}"
    return str(getattr(group, "launch_configuration_name", ""))
