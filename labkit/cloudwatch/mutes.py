"""Alarm mute rules: times in which alarms change and do nothing about it.

Whether a rule is active is a pure question of its schedule and the clock. Only the *ends* of its
windows stand in the clock's heap: then the alarms that it muted do what they missed, if they are
still in the state in which they missed it and no other rule is active. An end comes after the
alarms of its instant were evaluated: one that goes back to OK at 02:00 does not ring for the ALARM
that a window up to 02:00 had muted.

A rule that is deleted, changed or loses a target ends its window at once.

Source: botocore cloudwatch/PutAlarmMuteRule; CloudWatch user guide, "How alarm mute rules work".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.engine.mute_schedule import MuteSchedule
from labkit.cloudwatch.events import Muting
from labkit.cloudwatch.records import AnyAlarm, HistoryItem
from labkit.core.clock import Phase, to_datetime
from labkit.core.jsontext import dumps

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.store import Store
    from labkit.core.world import World

UNMUTE = "cloudwatch.unmute"


@dataclass(slots=True)
class MuteRule:
    """An alarm mute rule.

    Parameters
    ----------
    name, arn, description:
        Its identity, and what it is for.
    given:
        Rule as PutAlarmMuteRule had it.
    schedule:
        The same, parsed.
    targets:
        Names of the alarms that it mutes.
    start_us, expire_us:
        From when and until when it counts at all; None for no limit.
    updated_us:
        When it was last put.
    created_us:
        When it was made: of several active ones the newest is told of.
    generation:
        How often it was put: the end of a window of an older configuration is passed over.
    tags:
        Its tags.
    """

    name: str
    arn: str
    description: str | None
    given: dict[str, Any]
    schedule: MuteSchedule
    targets: tuple[str, ...]
    start_us: int | None
    expire_us: int | None
    updated_us: int
    created_us: int
    generation: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    def window(self, now_us: int) -> tuple[int, int] | None:
        """The window that ``now_us`` lies in, cut to the rule's own life; None when not active."""
        if self.start_us is not None and now_us < self.start_us:
            return None
        if self.expire_us is not None and now_us >= self.expire_us:
            return None
        found = self.schedule.window(now_us)
        if found is None:
            return None
        start, end = found
        if self.start_us is not None:
            start = max(start, self.start_us)
        return start, end if self.expire_us is None else min(end, self.expire_us)

    def status(self, now_us: int) -> str:
        """SCHEDULED, ACTIVE or EXPIRED."""
        if self.window(now_us) is not None:
            return "ACTIVE"
        if self.expire_us is not None and now_us >= self.expire_us:
            return "EXPIRED"
        coming = self.schedule.next_start(now_us)
        return "EXPIRED" if coming is None else "SCHEDULED"

    def next_end(self, now_us: int) -> int | None:
        """When the present window ends, or the next one; None when none will come."""
        found = self.window(now_us)
        if found is not None:
            return found[1]
        after = now_us if self.start_us is None else max(now_us, self.start_us - 1)
        coming = self.schedule.next_start(after)
        if self.start_us is not None and self.start_us > now_us:
            inside = self.schedule.window(self.start_us)
            coming = inside[0] if inside is not None else coming
        if coming is None or (self.expire_us is not None and coming >= self.expire_us):
            return None
        end = coming + self.schedule.duration_us
        return end if self.expire_us is None else min(end, self.expire_us)

    def describe(self, now_us: int) -> dict[str, Any]:
        """What GetAlarmMuteRule and, with fewer members, ListAlarmMuteRules show."""
        shown: dict[str, Any] = {
            "Name": self.name,
            "AlarmMuteRuleArn": self.arn,
            "Description": self.description,
            "Rule": self.given,
            "MuteTargets": {"AlarmNames": list(self.targets)},
            "StartDate": None if self.start_us is None else to_datetime(self.start_us),
            "ExpireDate": None if self.expire_us is None else to_datetime(self.expire_us),
            "Status": self.status(now_us),
            "LastUpdatedTimestamp": to_datetime(self.updated_us),
            "MuteType": "RECURRING" if self.schedule.recurring else "ONE_TIME",
        }
        return {key: value for key, value in shown.items() if value is not None}


class Mutes:
    """Who is muted, and what happens when the muting ends.

    Parameters
    ----------
    world:
        The lab's clock.
    service:
        Runs the actions that were missed.
    """

    def __init__(self, world: World, service: CloudWatch) -> None:
        self._clock = world.clock
        self._service = service
        world.clock.register(UNMUTE, self._end)

    def muting(self, store: Store, name: str) -> list[MuteRule]:
        """The active rules that target an alarm, newest first."""
        if not store.mute_rules:
            return []
        now_us = self._clock.now_us
        found = [
            rule
            for rule in store.mute_rules.values()
            if name in rule.targets and rule.window(now_us) is not None
        ]
        return sorted(found, key=lambda rule: rule.created_us, reverse=True)

    def window(self, store: Store, name: str) -> Muting | None:
        """The newest active rule on an alarm, with its window."""
        for rule in self.muting(store, name):
            found = rule.window(self._clock.now_us)
            assert found is not None
            return Muting(rule.arn, *found)
        return None

    def holds(self, store: Store, alarm: AnyAlarm) -> bool:
        """Whether a rule keeps an alarm from acting now; if so its history says by which."""
        rules = self.muting(store, alarm.name)
        if not rules:
            return False
        newest, others = rules[0], len(rules) - 1
        line = f"Actions muted by alarm mute rule {newest.name}"
        if others:
            line += f" and {others} other active mute rule{'s' if others > 1 else ''}"
        data = {
            "actionState": "Muted",
            "stateUpdateTimestamp": alarm.transitioned_us // 1_000,
            "mutedByArn": newest.arn,
            "otherActiveMuteRules": others,
            "error": None,
        }
        store.note(
            HistoryItem(self._clock.now_us, alarm.name, "Action", line, dumps(data), alarm.type)
        )
        return True

    def put(self, store: Store, rule: MuteRule) -> None:
        """A rule was made or changed: whom it mutes no more acts at once."""
        before = store.mute_rules.get(rule.name)
        released: Sequence[str] = ()
        if before is not None:
            rule.generation = before.generation + 1
            released = before.targets
        store.mute_rules[rule.name] = rule
        self._release(store, released)
        self._plan(store, rule)

    def drop(self, store: Store, name: str) -> None:
        """A rule is gone: whom it muted acts at once."""
        rule = store.mute_rules.pop(name, None)
        if rule is not None:
            self._release(store, rule.targets)

    def _release(self, store: Store, names: Sequence[str]) -> None:
        for name in names:
            alarm = store.any_alarm(name)
            if alarm is not None:
                self._service.actions.unmuted(store, alarm)

    def _plan(self, store: Store, rule: MuteRule) -> None:
        end_us = rule.next_end(self._clock.now_us)
        if end_us is None:
            return
        where = {"account": store.account, "region": store.region, "rule": rule.name}
        payload = {**where, "created_us": rule.created_us, "generation": rule.generation}
        self._clock.at(end_us, Phase.COMPOSITES, UNMUTE, payload, cause=())

    def _end(self, payload: dict[str, Any]) -> None:
        """Clock handler: a window of a rule is over."""
        store = self._service.store(payload["account"], payload["region"])
        rule = store.mute_rules.get(payload["rule"])
        if rule is None or (rule.created_us, rule.generation) != (
            payload["created_us"],
            payload["generation"],
        ):
            return
        self._release(store, rule.targets)
        self._plan(store, rule)
