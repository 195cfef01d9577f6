"""Seams of EC2: moto's instances, told to move by the lab's clock.

moto's ``Instance`` jumps: it is running the moment it is made and stopped the moment it is told to
stop. The hooks sit on moto's *models* and not on the API's operations, because Auto Scaling, fleets
and CloudFormation start and stop instances below the dispatch. Each hook does moto's own work
first and then hands the instance to the mounted world's listener (``ec2.py``), which puts it into
the state AWS would show and schedules the next one. With no listener moto is as it was.

Repaired on the way, since lessons meet it: RunInstances starts MaxCount machines and not MinCount,
in the default subnet with the default security group when it is told no other; the network
interface made for a machine goes with it, and its address with that; stopping what is stopped
answers its real state; operations on an instance in the wrong state are refused as AWS refuses
them, all or none; unknown ids are all named (moto names one of them).
"""

from __future__ import annotations

import copy
import json
import re
import sys
from importlib import resources
from types import ModuleType
from typing import Any, Protocol

from labkit.backing.moto_random import digest, mock_random
from labkit.backing.moto_seams import listener, mounted, seam


class Ec2Listener(Protocol):
    """What the hooks tell, and whom."""

    def launched(self, instance: Any) -> None:
        """moto made an instance."""

    def starting(self, instance: Any, previous: str) -> None:
        """moto started a stopped instance."""

    def stopping(self, instance: Any, previous: str) -> None:
        """moto stopped a running instance."""

    def terminating(self, instance: Any, previous: str) -> None:
        """moto terminated an instance."""

    def rebooting(self, instance: Any) -> None:
        """moto rebooted a running instance."""

    def monitoring(self, instance: Any) -> None:
        """Detailed monitoring was switched on or off."""

    def checks_pass(self, instance: Any) -> bool:
        """Whether the status checks of a running instance have come to an end yet."""


def _listener() -> Any:
    return listener("ec2")


# -- the life of an instance ----------------------------------------------------------------------
@seam("moto.ec2.models.instances")
def _hook_instances(module: ModuleType) -> None:
    instance = module.Instance
    start, stop, terminate, reboot = (
        instance.start,
        instance.stop,
        instance.terminate,
        instance.reboot,
    )

    def started(self: Any) -> Any:
        ec2 = _listener()
        if ec2 is None:
            return start(self)
        if self.state in ("pending", "running"):
            return copy.copy(self._state)
        previous = start(self)
        ec2.starting(self, previous.name)
        return previous

    def stopped(self: Any) -> Any:
        ec2 = _listener()
        if ec2 is None:
            return stop(self)
        if self.state in ("stopping", "stopped"):
            return copy.copy(self._state)
        previous = stop(self)
        ec2.stopping(self, previous.name)
        return previous

    def terminated(self: Any) -> Any:
        ec2 = _listener()
        if ec2 is None:
            return terminate(self)
        if self.state in ("shutting-down", "terminated"):
            return copy.copy(self._state)
        previous = terminate(self)
        ec2.terminating(self, previous.name)
        return previous

    def rebooted(self: Any) -> None:
        reboot(self)
        ec2 = _listener()
        if ec2 is not None:
            ec2.rebooting(self)

    instance.start, instance.stop = started, stopped
    instance.terminate, instance.reboot = terminated, rebooted
    for name in ("instance_status", "system_status"):
        setattr(instance, name, _status(getattr(instance, name).fget))


def _status(passed: Any) -> property:
    def status(self: Any) -> Any:
        ec2 = _listener()
        if ec2 is None or self.state_code != 16 or ec2.checks_pass(self):
            return passed(self)
        return {
            "Details": [{"Name": "reachability", "Status": "initializing"}],
            "Status": "initializing",
        }

    return property(status)


@seam("moto.ec2.models.instances")
def _hook_backend(module: ModuleType) -> None:
    backend = module.InstanceBackend
    run_instances, by_ids = backend.run_instances, backend.get_reservations_by_instance_ids

    def run(
        self: Any,
        image_id: str,
        count: int,
        user_data: Any,
        security_group_names: list[str],
        **kwargs: Any,
    ) -> Any:
        ec2 = _listener()
        if ec2 is not None:
            _put_into_default_vpc(self, security_group_names, kwargs)
        reservation = run_instances(
            self, image_id, count, user_data, security_group_names, **kwargs
        )
        if ec2 is not None:
            for instance in reservation.instances:
                if not kwargs.get("nics"):
                    for nic in instance.nics.values():
                        nic.delete_on_termination = True
                ec2.launched(instance)
        return reservation

    def reservations(self: Any, instance_ids: list[str], filters: Any = None) -> Any:
        if _listener() is not None:
            self.get_multi_instances_by_id(instance_ids)
        return by_ids(self, instance_ids, filters)

    backend.run_instances = run
    backend.get_reservations_by_instance_ids = reservations


@seam("moto.ec2.models.instances")
def _refuse_by_state(module: ModuleType) -> None:
    backend = module.InstanceBackend
    start_instances = backend.start_instances
    stop_instances = backend.stop_instances
    reboot_instances = backend.reboot_instances

    def start(self: Any, instance_ids: list[str]) -> Any:
        _refuse(
            self,
            instance_ids,
            {"stopping", "shutting-down", "terminated"},
            "IncorrectInstanceState",
            "The instance '{id}' is not in a state from which it can be started.",
        )
        return start_instances(self, instance_ids)

    def stop(self: Any, instance_ids: list[str]) -> Any:
        _refuse(
            self,
            instance_ids,
            {"pending", "shutting-down", "terminated"},
            "IncorrectInstanceState",
            "This instance '{id}' is not in a state from which it can be stopped.",
        )
        return stop_instances(self, instance_ids)

    def reboot(self: Any, instance_ids: list[str]) -> Any:
        _refuse(
            self,
            instance_ids,
            {"pending", "stopping", "stopped", "shutting-down", "terminated"},
            "IncorrectState",
            "Cannot reboot instance {id} that is currently in {state} state.",
        )
        return reboot_instances(self, instance_ids)

    backend.start_instances, backend.stop_instances = start, stop
    backend.reboot_instances = reboot


def _put_into_default_vpc(
    backend: Any, security_group_names: list[str], kwargs: dict[str, Any]
) -> None:
    """Where AWS puts a machine that is told no place: the default subnet and group.

    moto gives such a machine an address out of thin air, as in EC2-Classic, and no group.
    """
    nics = kwargs.get("nics") or []
    if nics or kwargs.get("subnet_id") or kwargs.get("launch_template"):
        return
    subnets = backend.get_default_subnets()
    subnet = subnets.get(kwargs.get("placement") or f"{backend.region_name}a")
    if subnet is None:
        return
    kwargs["subnet_id"] = subnet.id
    if not security_group_names and not kwargs.get("security_group_ids"):
        group = backend.get_security_group_from_name("default", subnet.vpc_id)
        if group is not None:
            kwargs["security_group_ids"] = [group.id]


def _refuse(backend: Any, ids: list[str], states: set[str], code: str, message: str) -> None:
    """Refuse the whole request when one instance is in a wrong state: AWS does all or nothing."""
    if _listener() is None:
        return
    from moto.ec2.exceptions import EC2ClientError

    for instance in backend.get_multi_instances_by_id(ids):
        if instance.state in states:
            raise EC2ClientError(code, message.format(id=instance.id, state=instance.state))


# -- answers --------------------------------------------------------------------------------------
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@seam("moto.ec2.responses.instances")
def _run_as_many_as_asked(module: ModuleType) -> None:
    response = module.InstanceResponse
    run_instances = response.run_instances

    def run(self: Any) -> Any:
        if _listener() is not None:
            # moto reads MinCount alone. AWS starts as many as it has room for, up to MaxCount,
            # and a lab always has room.
            most = self.params.get("MaxCount")
            if most is not None:
                self.params["MinCount"] = max(int(most), int(self.params.get("MinCount", 1)))
            # boto3 fills ClientToken from the machine's own chance when the caller gave none, and
            # DescribeInstances shows it: two runs of one notebook would differ.
            if _UUID4.fullmatch(self.params.get("ClientToken") or ""):
                self.params["ClientToken"] = str(mock_random().uuid4())
        answer = run_instances(self)
        if _listener() is not None:
            given = {key: self._get_param(f"IamInstanceProfile.{key.title()}")
                     for key in ("name", "arn")}  # fmt: skip
            for instance in answer.result.instances[1:]:  # moto gives it to the first alone
                for key, value in given.items():
                    if value:
                        self.ec2_backend.associate_iam_instance_profile(
                            instance.id, **{f"iam_instance_profile_{key}": value}
                        )
        return answer

    response.run_instances = run


@seam("moto.ec2.responses.instances")
def _tell_both_states(module: ModuleType) -> None:
    response = module.InstanceResponse
    start, stop, terminate = (
        response.start_instances,
        response.stop_instances,
        response.terminate_instances,
    )

    def changed(self: Any, pairs: list[Any], member: str) -> Any:
        return module.ActionResult(
            {
                member: [
                    {
                        "InstanceId": instance.id,
                        "CurrentState": {"Code": instance.state_code, "Name": instance.state},
                        "PreviousState": previous,
                    }
                    for instance, previous in pairs
                ]
            }
        )

    def started(self: Any) -> Any:
        if _listener() is None:
            return start(self)
        self.error_on_dryrun()
        pairs = self.ec2_backend.start_instances(self._get_param("InstanceIds", []))
        return changed(self, pairs, "StartingInstances")

    def stopped(self: Any) -> Any:
        if _listener() is None:
            return stop(self)
        self.error_on_dryrun()
        pairs = self.ec2_backend.stop_instances(self._get_param("InstanceIds", []))
        return changed(self, pairs, "StoppingInstances")

    def terminated(self: Any) -> Any:
        if _listener() is None:
            return terminate(self)
        self.error_on_dryrun()
        ids = self._get_param("InstanceIds", [])
        pairs = self.ec2_backend.terminate_instances(ids)
        # Only who has been loaded can have registered instances; moto would import both here.
        for name in ("autoscaling", "elbv2"):
            models = sys.modules.get(f"moto.{name}.models")
            if models is not None:
                backends = getattr(models, f"{name}_backends")
                backends[self.current_account][self.region].notify_terminate_instances(ids)
        return changed(self, pairs, "TerminatingInstances")

    response.start_instances, response.stop_instances = started, stopped
    response.terminate_instances = terminated


@seam("moto.ec2.responses.monitoring")
def _hook_monitoring(module: ModuleType) -> None:
    """MonitorInstances and UnmonitorInstances, which moto does not have."""
    from moto.core.responses import ActionResult

    def switch(self: Any, on: bool, fall_back: Any) -> Any:
        ec2 = _listener()
        if ec2 is None:
            return fall_back(self)
        self.error_on_dryrun()
        answers = []
        for instance in self.ec2_backend.get_multi_instances_by_id(
            self._get_param("InstanceIds", [])
        ):
            state = "enabled" if on else "disabled"
            if instance.monitored != on:
                instance.monitoring_state = state
                ec2.monitoring(instance)
                state = "pending" if on else "disabling"
            answers.append({"InstanceId": instance.id, "Monitoring": {"State": state}})
        return ActionResult({"InstanceMonitorings": answers})

    off, on = module.Monitoring.unmonitor_instances, module.Monitoring.monitor_instances
    module.Monitoring.monitor_instances = lambda self: switch(self, True, on)
    module.Monitoring.unmonitor_instances = lambda self: switch(self, False, off)


# -- machine images -------------------------------------------------------------------------------
@seam("moto.ec2.models.amis")
def _hook_images(module: ModuleType) -> None:
    """A short list of believable images instead of moto's 1,300, which take 50 ms per region."""
    load = module.AmiBackend._load_amis

    def _load_amis(self: Any) -> None:
        if mounted() is None:
            load(self)
            return
        for image in images(self.region_name):
            image["creation_date"] = module.parse_timestamp(image["creation_date"])
            self.amis[image["ami_id"]] = module.Ami(self, **image)

    module.AmiBackend._load_amis = _load_amis


def images(region: str) -> list[dict[str, Any]]:
    """The public machine images of a region, as moto's ``Ami`` takes them.

    Ids differ from region to region as they do in AWS, and are the same in every world.
    """
    text = (resources.files("labkit.backing") / "amis.json").read_text(encoding="utf-8")
    listed: list[dict[str, Any]] = json.loads(text)
    return [
        {
            **image,
            "ami_id": "ami-0" + digest("ami", region, image["name"]).hex()[:16],
            "owner_alias": "amazon",
            "public": True,
            "image_location": f"amazon/{image['name']}",
            "image_type": "machine",
            "hypervisor": "xen",
            "virtualization_type": "hvm",
            "root_device_type": "ebs",
            "sriov": "simple",
            "state": "available",
        }
        for image in listed
    ]
