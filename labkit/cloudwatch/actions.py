"""What alarms do when they change: the actions, their history, and who may keep them from acting.

Between a change and its actions stand, in this order: the suppressor of a composite alarm
(:mod:`.composites`), ``ActionsEnabled``, a warm-up, and mute rules (:mod:`.mutes`). Muted actions
are done when the muting ends, if the alarm is still in the state in which they were muted.

Auto Scaling actions alone run again, each minute in which the alarm stays in its state.

Source: CloudWatch user guide, "Alarm actions" and "How alarm mute rules work" (aws-semantics 2.5,
2.6, 2.8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import notification
from labkit.cloudwatch.records import Alarm, AnyAlarm, HistoryItem, Muted
from labkit.core.clock import MINUTE, Phase
from labkit.core.jsontext import dumps

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.store import Store
    from labkit.core.ports import Delivery
    from labkit.core.world import World

PRINCIPAL = "cloudwatch.amazonaws.com"
#: Who invokes functions for alarms, which a function's policy must allow.
OF_FUNCTIONS = "lambda.alarms.cloudwatch.amazonaws.com"
ACT = "cloudwatch.act"


class Actions:
    """Runs the actions of alarms (see the head of this file).

    Parameters
    ----------
    world:
        Clock and ports of the lab.
    service:
        Whose alarms they are.
    """

    def __init__(self, world: World, service: CloudWatch) -> None:
        self._clock = world.clock
        self._ports = world.ports
        self._service = service
        world.clock.register(ACT, self._act)

    def start(
        self,
        store: Store,
        alarm: AnyAlarm,
        old_state: str,
        changed_us: int,
        *,
        after_mute: bool = False,
    ) -> None:
        """Run the actions of the state that an alarm is in, unless something keeps it from acting.

        Parameters
        ----------
        store, alarm:
            Which alarm.
        old_state, changed_us:
            The state before, and when it was left.
        after_mute:
            Whether they were muted until now.
        """
        alarm.muted = None
        if not alarm.actions_enabled or not alarm.actions(alarm.state):
            return
        if isinstance(alarm, Alarm) and alarm.warm_until_us > self._clock.now_us:
            return
        if self._service.mutes.holds(store, alarm):
            alarm.muted = Muted(alarm.state, old_state, changed_us)
            return
        payload = {
            "account": alarm.account,
            "region": alarm.region,
            "alarm": alarm.name,
            "state": alarm.state,
            "old_state": old_state,
            "changed_us": changed_us,
            **({"after_mute": True} if after_mute else {}),
        }
        self._clock.at(self._clock.now_us, Phase.ACTIONS, ACT, payload)

    def unmuted(self, store: Store, alarm: AnyAlarm) -> None:
        """Nobody mutes an alarm any more: what was muted is done, if its state is still the same.

        Configuration counts as it is now: actions that were added meanwhile run, others do not.
        """
        muted = alarm.muted
        if muted is None or self._service.mutes.muting(store, alarm.name):
            return
        alarm.muted = None
        if muted.state == alarm.state and muted.changed_us == alarm.transitioned_us:
            self.start(store, alarm, muted.old_state, muted.changed_us, after_mute=True)

    def _act(self, payload: dict[str, Any]) -> None:
        """Clock handler: run the actions of one change."""
        store = self._service.store(payload["account"], payload["region"])
        alarm = store.any_alarm(payload["alarm"])
        if alarm is None:  # deleted between its change and its action
            return
        changed_us = payload["changed_us"]
        repeated = payload.get("repeated", False)
        if repeated and (alarm.state != payload["state"] or alarm.transitioned_us != changed_us):
            return
        asked = alarm.actions(payload["state"])
        scaling = [arn for arn in asked if ":scalingPolicy:" in arn]
        held = repeated and (
            not alarm.actions_enabled or bool(self._service.mutes.muting(store, alarm.name))
        )
        if not held:
            self._run(store, alarm, payload, scaling if repeated else asked)
        if scaling:
            again = {**payload, "repeated": True}
            self._clock.at(self._clock.now_us + MINUTE, Phase.ACTIONS, ACT, again, cause=())

    def _run(self, store: Store, alarm: AnyAlarm, payload: dict[str, Any], arns: list[str]) -> None:
        old_state, changed_us = payload["old_state"], payload["changed_us"]
        document = dumps(
            notification.message(
                alarm, old_state, changed_us, after_mute=payload.get("after_mute", False)
            )
        )
        texts = {
            "email": notification.letter(alarm, old_state, changed_us),
            "sms": notification.subject(alarm),
        }
        for arn in arns:
            delivery = self._deliver(alarm, arn, document, texts, payload)
            told = "Successfully executed" if delivery.ok else "Failed to execute"
            data = {
                "actionState": "Succeeded" if delivery.ok else "Failed",
                "stateUpdateTimestamp": changed_us // 1_000,
                "notificationResource": arn,
                "publishedMessage": dumps({"default": document, **texts}) if delivery.ok else None,
                "error": None if delivery.ok else f"{delivery.code}: {delivery.message}",
            }
            now_us = self._clock.now_us
            line = f"{told} action {arn}"
            store.note(HistoryItem(now_us, alarm.name, "Action", line, dumps(data), alarm.type))

    def _deliver(
        self,
        alarm: AnyAlarm,
        arn: str,
        document: str,
        texts: dict[str, str],
        payload: dict[str, Any],
    ) -> Delivery:
        invokes = ":function:" in arn
        if invokes:
            document = dumps(
                notification.invocation(alarm, payload["old_state"], payload["changed_us"])
            )
        told: dict[str, Any] = {"AlarmName": alarm.name, "Threshold": None, "Value": None}
        if isinstance(alarm, Alarm):
            told["Threshold"] = alarm.config.get("Threshold")
            told["InstanceId"] = dict(alarm.dimensions).get("InstanceId", "")
            if ":scalingPolicy:" in arn:
                told["Value"] = self._newest(alarm)
        return self._ports.deliver(
            arn,
            document,
            OF_FUNCTIONS if invokes else PRINCIPAL,
            subject=notification.subject(alarm),
            by_protocol=texts,
            parameters=told,
            source_arn=alarm.arn,
            source_account=alarm.account,
        )

    def _newest(self, alarm: Alarm) -> float | None:
        """The newest value that an alarm looks at: what a step policy chooses its step by."""
        counted = self._service.evaluation(alarm).counted
        return counted[-1].value if counted else None
