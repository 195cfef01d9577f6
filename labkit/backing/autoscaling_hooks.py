"""Lifecycle hooks: an instance waits on its way in or out until somebody says go on.

Source: EC2 Auto Scaling user guide, "Amazon EC2 Auto Scaling lifecycle hooks".
"""

from __future__ import annotations

from typing import Any

from labkit.backing.autoscaling_groups import REPLACED, Activity, Wait, at, where_is
from labkit.backing.emitting import Emitters
from labkit.backing.moto_autoscaling import refuse
from labkit.backing.moto_random import mock_random
from labkit.backing.mount import MotoWorld
from labkit.core.clock import SECOND, Phase
from labkit.core.jsontext import dumps
from labkit.core.world import World

PRINCIPAL = "autoscaling.amazonaws.com"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


class Hooks:
    """The part of Auto Scaling that lets instances wait."""

    _moto: MotoWorld
    _world: World
    _emit: Emitters
    _seed: Any

    @property
    def _now(self) -> int:
        return self._world.clock.now_us

    def _group(self, where: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _settle(self, group: Any, why: str) -> list[str]:
        raise NotImplementedError

    def _end(self, group: Any, state: Any, cause: str) -> Activity:
        raise NotImplementedError

    def _end_for_good(self, group: Any, state: Any) -> None:
        raise NotImplementedError

    def _in_service(self, group: Any, state: Any) -> None:
        raise NotImplementedError

    def _hold(self, group: Any, state: Any, transition: str, waiting: str) -> bool:
        """Let the hooks of a transition hold an instance; False when there are none."""
        hooks = [
            hook
            for hook in group.autoscaling_backend.lifecycle_hooks.values()
            if hook.auto_scaling_group_name == group.name
            and hook.lifecycle_transition == transition
        ]
        if not hooks:
            return False
        state.lifecycle_state = waiting
        for hook in hooks:
            self._wait(group, state, hook)
        return True

    def _wait(self, group: Any, state: Any, hook: Any) -> None:
        until_us = self._now + int(hook.heartbeat_timeout) * SECOND
        wait = Wait(str(mock_random().uuid4()), hook, until_us)
        group._labkit.waits.setdefault(state.instance_id, []).append(wait)
        self._world.clock.at(
            until_us,
            Phase.SCHEDULES,
            "autoscaling.hook",
            {**where_is(group), "instance": state.instance_id, "token": wait.token},
        )
        detail = {
            "LifecycleActionToken": wait.token,
            "AutoScalingGroupName": group.name,
            "LifecycleHookName": hook.name,
            "EC2InstanceId": state.instance_id,
            "LifecycleTransition": hook.lifecycle_transition,
        }
        if getattr(hook, "notification_metadata", None):
            detail["NotificationMetadata"] = hook.notification_metadata
        kind = "launch" if hook.lifecycle_transition == LAUNCHING else "terminate"
        self._emit.event(
            group.account_id,
            group.region,
            "aws.autoscaling",
            f"EC2 Instance-{kind} Lifecycle Action",
            [group.arn],
            detail,
        )
        if getattr(hook, "notification_target_arn", None):
            arn, text = hook.notification_target_arn, dumps(detail)

            def deliver() -> None:
                self._world.ports.deliver(arn, text, PRINCIPAL)

            self._moto.afterwards(deliver)

    def complete(
        self, group: Any, hook: str, instance_id: str | None, token: str | None, result: str
    ) -> None:
        """CompleteLifecycleAction: ``CONTINUE`` or ``ABANDON``."""
        found, wait = self._waiting(group, hook, instance_id, token)
        self._release(group, found, wait, result)

    def heartbeat(self, group: Any, hook: str, instance_id: str | None, token: str | None) -> None:
        """RecordLifecycleActionHeartbeat: the hook's time begins anew."""
        found, wait = self._waiting(group, hook, instance_id, token)
        wait.until_us = self._now + int(wait.hook.heartbeat_timeout) * SECOND
        self._world.clock.at(
            wait.until_us,
            Phase.SCHEDULES,
            "autoscaling.hook",
            {**where_is(group), "instance": found, "token": wait.token},
        )

    def _waiting(
        self, group: Any, hook: str, instance_id: str | None, token: str | None
    ) -> tuple[str, Wait]:
        for held, waits in group._labkit.waits.items():
            for wait in waits:
                if wait.hook.name == hook and (held == instance_id or wait.token == token):
                    return held, wait
        raise refuse(
            "ValidationError",
            f"No active Lifecycle Action found with instance ID {instance_id or token}",
        )

    def _hook_over(self, payload: dict[str, Any]) -> None:
        """Clock handler: nobody completed the action; the hook's default result counts."""
        self._seed()
        with self._moto.working():
            group = self._group(payload)
            waits = [] if group is None else group._labkit.waits.get(payload["instance"], [])
            for wait in waits:
                if wait.token == payload["token"] and wait.until_us <= self._now:
                    self._release(group, payload["instance"], wait, wait.hook.default_result)
                    return

    def _release(self, group: Any, instance_id: str, wait: Wait, result: str) -> None:
        life = group._labkit
        waits = life.waits.get(instance_id, [])
        waits.remove(wait)
        state = next(one for one in group.instance_states if one.instance_id == instance_id)
        starts = wait.hook.lifecycle_transition == LAUNCHING
        if result != "ABANDON" and waits:
            return
        life.waits.pop(instance_id, None)
        if not starts:
            self._end_for_good(group, state)
        elif result == "ABANDON":
            why = (
                "an instance was taken out of service in response to a lifecycle action that was "
                f"abandoned at hook {wait.hook.name}."
            )
            self._end(group, state, at(self._now, why))
            self._settle(
                group,
                REPLACED,
            )
        else:
            self._in_service(group, state)
