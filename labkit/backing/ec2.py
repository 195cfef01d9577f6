"""EC2 instances that live on the lab's clock.

::

    RunInstances ──> pending ──15 s──> running ──StopInstances──> stopping ──20 s──> stopped
                        ^                 │                                            │
                        └──────────────── │ ───────────── StartInstances ──────────────┘
                                          │
       (from any state) TerminateInstances└──> shutting-down ──15 s──> terminated ──1 h──> gone

The times are ours, chosen within what AWS documents as "typically": fixed, so that a lesson can say
them. Each arrow is a fact ``instance.state``; a reboot tells ``running`` after ``running``. Status
checks say ``initializing`` for the first two minutes of running.

A scheduled transition carries the number of moves its instance had made when it was scheduled: an
instance stopped and terminated within twenty seconds does not become ``stopped`` afterwards.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from labkit.backing.mount import MotoWorld
from labkit.core.clock import HOUR, MINUTE, SECOND, Clock, Phase, to_datetime, to_us
from labkit.core.facts import Facts
from labkit.core.ports import Delivery

#: Codes of the states, from EC2's API reference (InstanceState).
STATE_CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}

#: How long an instance stays in a passing state, microseconds, and what comes then.
PASSING = {
    "pending": (15 * SECOND, "running"),
    "stopping": (20 * SECOND, "stopped"),
    "shutting-down": (15 * SECOND, "terminated"),
}

#: Status checks take this long after an instance is running.
CHECKS_US = 2 * MINUTE

#: A terminated instance stays visible this long (EC2 user guide: "usually within an hour").
FORGOTTEN_US = HOUR

_BY_USER = ("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown")


class Ec2:
    """The life of a lab's instances.

    Parameters
    ----------
    world:
        moto's world of the lab.
    clock:
        Drives the transitions; the handlers ``ec2.arrive`` and ``ec2.forget`` are registered here.
    facts:
        Where ``instance.state`` and ``instance.monitoring`` are told.
    """

    def __init__(self, world: MotoWorld, clock: Clock, facts: Facts) -> None:
        self._world = world
        self._clock = clock
        self._facts = facts
        world.listen("ec2", self)
        clock.register("ec2.arrive", self._arrive)
        clock.register("ec2.forget", self._forget)

    # -- told by moto's models (moto_ec2.Ec2Listener) ---------------------------------------------
    def launched(self, instance: Any) -> None:
        """A new instance: pending, and its monitoring if it is detailed."""
        if instance.virtualization_type == "paravirtual":  # moto's guess for an unknown image
            instance.virtualization_type = "hvm"
        instance.launch_time = _second(instance.launch_time)
        self._enter(instance, "pending", "")
        if instance.monitored:
            self.monitoring(instance)

    def starting(self, instance: Any, previous: str) -> None:
        """A stopped instance starts; its launch time is now, as in AWS."""
        instance.launch_time = _second(to_datetime(self._clock.now_us).replace(tzinfo=None))
        self._enter(instance, "pending", previous)

    def stopping(self, instance: Any, previous: str) -> None:
        """A running instance stops."""
        self._enter(instance, "stopping", previous)

    def terminating(self, instance: Any, previous: str) -> None:
        """An instance is being terminated."""
        self._enter(instance, "shutting-down", previous)

    def rebooting(self, instance: Any) -> None:
        """A running instance reboots: it stays running, and whoever draws its load hears of it."""
        instance.state_reason = None
        self._tell_state(instance, "running")

    def monitoring(self, instance: Any) -> None:
        """Monitoring became detailed or basic."""
        data = {
            "instance_id": instance.id,
            "monitoring": "detailed" if instance.monitored else "basic",
        }
        self._publish("instance.monitoring", instance, data)

    def checks_pass(self, instance: Any) -> bool:
        """Whether a running instance has been running for two minutes."""
        since: int | None = getattr(instance, "_labkit_running_us", None)
        return since is None or self._clock.now_us - since >= CHECKS_US

    # -- transitions ------------------------------------------------------------------------------
    def _enter(self, instance: Any, state: str, previous: str) -> None:
        instance._state.name = state
        instance._state.code = STATE_CODES[state]
        instance._labkit_moves = moves = getattr(instance, "_labkit_moves", 0) + 1
        self._give_reason(instance, state)
        where = {
            "account": instance.ec2_backend.account_id,
            "region": instance.ec2_backend.region_name,
            "instance_id": instance.id,
        }
        if state == "running":
            instance._labkit_running_us = self._clock.now_us
        if state in PASSING:
            wait_us, then = PASSING[state]
            self._clock.at(
                self._clock.now_us + wait_us,
                Phase.STATE,
                "ec2.arrive",
                {**where, "state": then, "moves": moves},
            )
        if state == "terminated":
            self._clock.at(self._clock.now_us + FORGOTTEN_US, Phase.RETENTION, "ec2.forget", where)
        self._tell_state(instance, previous)

    def _give_reason(self, instance: Any, state: str) -> None:
        from moto.ec2.models.instances import StateReason

        if state == "pending":
            instance.state_reason = StateReason("pending", "pending")
            instance._reason = ""
        elif state == "running":
            instance.state_reason = None
            instance._reason = ""
        elif state in ("stopping", "shutting-down"):
            code, message = _BY_USER
            instance.state_reason = StateReason(message, code)
            when = to_datetime(self._clock.now_us).strftime("%Y-%m-%d %H:%M:%S GMT")
            instance._reason = f"User initiated ({when})"

    def _arrive(self, payload: dict[str, Any]) -> None:
        """Clock handler: an instance arrives in the state it was on the way to."""
        with self._world.working():
            instance = self._find(payload)
            if instance is None or instance._labkit_moves != payload["moves"]:
                return
            self._enter(instance, payload["state"], instance.state)

    def _forget(self, payload: dict[str, Any]) -> None:
        """Clock handler: a terminated instance disappears from DescribeInstances."""
        with self._world.working():
            backend = self._world.backend("ec2", payload["account"], payload["region"])
            for reservation_id, reservation in list(backend.reservations.items()):
                kept = [i for i in reservation.instances if i.id != payload["instance_id"]]
                if kept:
                    reservation.instances = kept
                else:
                    del backend.reservations[reservation_id]

    def _find(self, payload: dict[str, Any]) -> Any:
        backend = self._world.backend("ec2", payload["account"], payload["region"])
        return backend.get_instance_by_id(payload["instance_id"])

    # -- facts ------------------------------------------------------------------------------------
    def _tell_state(self, instance: Any, previous: str) -> None:
        data = {
            "instance_id": instance.id,
            "state": instance.state,
            "previous_state": previous,
            "instance_type": instance.instance_type,
            "image_id": instance.image_id,
            "launched_us": to_us(instance.launch_time),
            "tags": {tag["key"]: tag["value"] for tag in instance.get_tags()},
        }
        self._publish("instance.state", instance, data)

    def _publish(self, kind: str, instance: Any, data: dict[str, Any]) -> None:
        backend = instance.ec2_backend
        account, region = backend.account_id, backend.region_name
        self._world.afterwards(lambda: self._facts.publish(kind, account, region, data))

    # -- the port instance_about ------------------------------------------------------------------
    def about(self, account: str, region: str, instance_id: str) -> dict[str, str]:
        """What an instance can learn of itself (port ``instance_about``)."""
        with self._world.held():
            backend = self._world.backend("ec2", account, region)
            found = next((one for one in backend.all_instances() if one.id == instance_id), None)
            if found is None:
                return {"hostname": "", "ip_address": "", "role_arn": ""}
            association = backend.iam_instance_profile_associations.get(instance_id)
            role = ""
            if association is not None:
                roles = association.iam_instance_profile.roles
                role = str(roles[0].arn) if roles else ""
            return {
                "hostname": str(found.private_dns_name).partition(".")[0],
                "ip_address": str(found.private_ip),
                "role_arn": role,
            }

    # -- the port instance_action -----------------------------------------------------------------
    def act(self, account: str, region: str, instance_id: str, action: str) -> Delivery:
        """Stop, terminate, reboot or recover an instance for an alarm (port ``instance_action``).

        Parameters
        ----------
        action:
            ``stop``, ``terminate``, ``reboot`` or ``recover``; a recovery is a reboot on new
            hardware, which heals what was wrong with the old one.

        Returns
        -------
        Delivery
            EC2's own error code when it refuses; ``UnsupportedAction`` for another word.
        """
        names = {
            "stop": "stop_instances",
            "terminate": "terminate_instances",
            "reboot": "reboot_instances",
            "recover": "reboot_instances",
        }
        if action not in names:
            return Delivery(
                False, "UnsupportedAction", False, f"no EC2 action is called {action!r}"
            )
        with self._world.working():
            from moto.core.exceptions import ServiceException

            backend = self._world.backend("ec2", account, region)
            try:
                getattr(backend, names[action])([instance_id])
            except ServiceException as problem:
                return Delivery(False, problem.code, False, problem.message)
            if action == "recover":
                data = {"instance_id": instance_id}
                self._publish("instance.recovered", backend.get_instance(instance_id), data)
        return Delivery(True)

    def instances(self, account: str, region: str) -> list[dict[str, Any]]:
        """The instances of an account and region: id, state, type, image, monitoring, tags.

        A look without an API call: no millisecond, no record, nothing drawn.
        """
        with self._world.held():
            backend = self._world.backend("ec2", account, region)
            return [
                {
                    "instance_id": instance.id,
                    "state": instance.state,
                    "instance_type": instance.instance_type,
                    "image_id": instance.image_id,
                    "launched_us": to_us(instance.launch_time),
                    "monitoring": "detailed" if instance.monitored else "basic",
                    "tags": {tag["key"]: tag["value"] for tag in instance.get_tags()},
                }
                for instance in backend.all_instances()
            ]


def _second(moment: Any) -> Any:
    """EC2 tells times in whole seconds."""
    return moment - timedelta(microseconds=moment.microsecond)
