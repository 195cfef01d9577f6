"""EventBridge Scheduler as the lab assembles it: when schedules fire and what happens then.

A schedule has one entry in the clock's heap, its next firing. With a flexible window the entry lies
somewhere in the window, drawn from the schedule and the moment, so that a replay draws the same.
What fires calls its target with the schedule's role; there is no other way in.

``aws:SourceArn`` is the ARN of the schedule's *group*, which is what a role's trust policy has to
name (Scheduler user guide, cross-service-confused-deputy-prevention).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from labkit.core.clock import MINUTE, Phase
from labkit.core.delivery import RetryPolicy
from labkit.core.facts import Fact
from labkit.core.jsontext import dumps
from labkit.core.world import World
from labkit.scheduler.engine import payload
from labkit.scheduler.records import Schedule
from labkit.scheduler.store import Store
from labkit.schedules import Schedule as Expression
from labkit.schedules import parse_scheduler_schedule

FIRE = "scheduler.fire"
PRINCIPAL = "scheduler.amazonaws.com"
NAMESPACE = "AWS/Scheduler"

#: Members of a target that are handed to the delivery as they are.
_PARAMETERS = ("EcsParameters", "SqsParameters", "SageMakerPipelineParameters")


@lru_cache(maxsize=4096)
def expression(text: str, zone_name: str) -> Expression:
    """A schedule expression, read once."""
    return parse_scheduler_schedule(text, zone_name)


class Scheduler:
    """The schedules of a whole lab.

    Parameters
    ----------
    world:
        Clock, ports, ids and stores; the handler ``scheduler.fire`` is registered here.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        world.remember("scheduler", lambda a, r: Store(a, r, self, world.clock.start_us))
        world.clock.register(FIRE, self._fire)

    # -- planning
    def changed(self, store: Store, schedule: Schedule) -> None:
        """Plan the next firing of a schedule that is new or another."""
        schedule.generation += 1
        if not schedule.enabled:
            return
        now_us = self._world.clock.now_us
        after_us = now_us
        if (
            schedule.start_us is not None
            and schedule.start_us > now_us
            and not self._once(schedule)
        ):
            after_us = schedule.start_us - 1
        self._plan(store, schedule, after_us)

    @staticmethod
    def _once(schedule: Schedule) -> bool:
        return str(schedule.settings["ScheduleExpression"]).startswith("at(")

    def _due(self, schedule: Schedule, after_us: int) -> int | None:
        """The first moment after ``after_us`` at which a schedule shall fire."""
        settings = schedule.settings
        when = expression(
            settings["ScheduleExpression"], settings.get("ScheduleExpressionTimezone", "UTC")
        )
        start_us = schedule.start_us
        rate = settings["ScheduleExpression"].startswith("rate(")
        if rate and start_us is not None and after_us < start_us:
            return start_us
        due = when.next_firing(after_us, schedule.modified_us if start_us is None else start_us)
        late = schedule.end_us is not None and not self._once(schedule)
        return None if due is None or (late and due > (schedule.end_us or 0)) else due

    def _plan(self, store: Store, schedule: Schedule, after_us: int) -> bool:
        """Put the next firing into the heap; whether there is one."""
        due = self._due(schedule, after_us)
        if due is None:
            return False
        told = {
            "account": store.account,
            "region": store.region,
            "group": schedule.group,
            "name": schedule.name,
            "generation": schedule.generation,
            "due_us": due,
        }
        at_us = max(due + self._late(schedule, due), self._world.clock.now_us)
        self._world.clock.at(at_us, Phase.SCHEDULES, FIRE, told, cause=())
        return True

    def _late(self, schedule: Schedule, due_us: int) -> int:
        """How long after its moment it fires: somewhere in its flexible window."""
        window_us = schedule.window_minutes * MINUTE
        if not window_us:
            return 0
        draw = self._world.ids.digest("flexible window", schedule.arn, due_us)
        return int.from_bytes(draw[:8], "big") % window_us

    # -- firing
    def _fire(self, told: dict[str, Any]) -> None:
        """Clock handler: a schedule's moment has come."""
        store: Store = self._world.store("scheduler", told["account"], told["region"])
        schedule = store.schedules.get((told["group"], told["name"]))
        if schedule is None or schedule.generation != told["generation"]:
            return
        firing = payload.Firing(
            schedule.arn, store.account, store.region, told["due_us"], self._world.ids.uuid()
        )
        self._hand(store, schedule, firing)
        more = self._plan(store, schedule, told["due_us"])
        if not more and schedule.settings.get("ActionAfterCompletion") == "DELETE":
            store.schedules.pop((schedule.group, schedule.name), None)

    def _hand(self, store: Store, schedule: Schedule, firing: payload.Firing) -> None:
        target: Mapping[str, Any] = schedule.settings["Target"]
        arn, text = target["Arn"], payload.text(target.get("Input"), firing)
        parameters = {name: target[name] for name in _PARAMETERS if name in target}
        if "KinesisParameters" in target:
            parameters["PartitionKey"] = target["KinesisParameters"]["PartitionKey"]
        if "EventBridgeParameters" in target:
            arn, text = _put_events(target, text, firing)
        letter = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        given = target.get("RetryPolicy") or {}
        usual = RetryPolicy()
        self._count(store, schedule.group, "InvocationAttemptCount")
        self._world.ports.deliver_reliably(
            arn,
            text,
            target["RoleArn"],
            service=PRINCIPAL,
            source_arn=store.groups[schedule.group].arn,
            parameters=parameters or None,
            retry=RetryPolicy(
                given.get("MaximumRetryAttempts", usual.maximum_retry_attempts),
                given.get("MaximumEventAgeInSeconds", usual.maximum_age_s),
            ),
            dead_letter_arn=letter,
            dead_letter_attributes={
                "EXECUTION_ID": firing.execution_id,
                "IS_PAYLOAD_TRUNCATED": "false",
                "SCHEDULED_TIME": firing.time,
                "SCHEDULE_ARN": schedule.arn,
                "TARGET_ARN": target["Arn"],
            }
            if letter
            else None,
            dead_letter_principal=target["RoleArn"] if letter else "",
        )

    # -- figures
    def _count(self, store: Store, group: str, metric: str, value: int = 1) -> None:
        self._world.facts.publish(
            "metric.emitted",
            store.account,
            store.region,
            {
                "namespace": NAMESPACE,
                "dimensions": [["ScheduleGroup", group]],
                "metric_name": metric,
                "value": float(value),
                "unit": "Count",
            },
        )

    def on_delivery_finished(self, fact: Fact) -> None:
        """A delivery has come to its end: the figures of the group that it was for."""
        data = fact.data
        parts = data["source_arn"].split(":", 5)
        if len(parts) != 6 or parts[2] != "scheduler":
            return
        store: Store = self._world.store("scheduler", parts[4], parts[3])
        group = parts[5].removeprefix("schedule-group/")
        if data["attempts"] > 1:
            self._count(store, group, "InvocationAttemptCount", data["attempts"] - 1)
        if not data["ok"]:
            self._count(store, group, "TargetErrorCount")
            if data["dead_letter"] == "sent":
                self._count(store, group, "InvocationsSentToDeadLetterCount")
            elif data["dead_letter"] == "failed":
                self._count(store, group, "InvocationsFailedToBeSentToDeadLetterCount")
            else:
                self._count(store, group, "InvocationDroppedCount")

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values: two equal worlds have equal digests."""
        return [
            [account, region, store.digest()]
            for (account, region), store in sorted(self._world.stores("scheduler").items())
        ]


def _put_events(target: Mapping[str, Any], text: str, firing: payload.Firing) -> tuple[str, str]:
    """The target of an event bus: a PutEvents of the role, with the input as the detail."""
    told = target["EventBridgeParameters"]
    entry = {
        "Source": told["Source"],
        "DetailType": told["DetailType"],
        "Detail": text if "Input" in target else "{}",
        "EventBusName": target["Arn"],
        "Resources": [firing.schedule_arn],
    }
    return "arn:aws:scheduler:::aws-sdk:eventbridge:putEvents", dumps({"Entries": [entry]})
