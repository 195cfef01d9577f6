"""When composite alarms change: a child changes, and its parents are judged in the same instant.

Theory of operation
-------------------
1. A child's change (phase 3 of an instant, or a call) plans a judgement of each of its parents for
   phase 4 of the same instant. A parent that changes does the same for its own parents: phase 4
   again, in the order of the changes, so a chain of any depth is through before actions start.
2. The judgement names the child whose change asked for it. Of two children that change together
   the first tips the scales, and the other one finds the state as it is.
3. A composite alarm that depends on itself, over however many others, is not judged at all.
4. The actions of a change go through the suppressor (:mod:`.engine.suppression`) first; the ends
   of its periods stand in the clock's heap and carry a generation number, since a period may be
   over for another reason by then.

Source: CloudWatch user guide, "Combining alarms" (aws-semantics 2.7, 11.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.composite_alarm import CompositeAlarm
from labkit.cloudwatch.engine import suppression
from labkit.cloudwatch.engine.alarm_rule import Judgement
from labkit.cloudwatch.engine.suppression import Suppression
from labkit.cloudwatch.notification import offset_time
from labkit.cloudwatch.records import ALARM, AnyAlarm, HistoryItem, Why
from labkit.core.clock import Phase, to_datetime
from labkit.core.jsontext import dumps

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.store import Store
    from labkit.core.world import World

JUDGE, EXPIRE = "cloudwatch.judge", "cloudwatch.suppression"


class Composites:
    """Judges composite alarms and holds their actions back (see the head of this file).

    Parameters
    ----------
    world:
        The lab's clock, on which judgements and the ends of periods stand.
    service:
        Changes states and starts actions.
    """

    def __init__(self, world: World, service: CloudWatch) -> None:
        self._clock = world.clock
        self._service = service
        world.clock.register(JUDGE, self._judge)
        world.clock.register(EXPIRE, self._expire)

    # -- what happens
    def configured(self, store: Store, alarm: CompositeAlarm, new: bool) -> None:
        """A composite alarm was made or changed: it is judged in this instant."""
        self._plan(store, alarm, "created" if new else "updated", "")

    def child_changed(self, store: Store, child: AnyAlarm) -> None:
        """An alarm is in another state: judge those that watch it, tell those it suppresses."""
        for parent in depending_on(store, child.name):
            if child.name in parent.children.values():
                self._plan(store, parent, "child", child.name)
            if parent.suppressor == child.name:
                self._suppressor_moved(store, parent, child.state == ALARM)

    def _plan(self, store: Store, alarm: CompositeAlarm, why: str, child: str) -> None:
        payload = {
            "account": store.account,
            "region": store.region,
            "alarm": alarm.name,
            "why": why,
            "child": child,
        }
        self._clock.at(self._clock.now_us, Phase.COMPOSITES, JUDGE, payload)

    # -- judging
    def judgement(self, store: Store, alarm: CompositeAlarm) -> Judgement:
        """What the rule comes to with the children as they are."""
        states = {
            reference: found.state
            for reference, name in alarm.children.items()
            if (found := store.any_alarm(name)) is not None
        }
        return alarm.rule.judge(states)

    def _judge(self, payload: dict[str, Any]) -> None:
        """Clock handler: judge one composite alarm."""
        store = self._service.store(payload["account"], payload["region"])
        alarm = store.composites.get(payload["alarm"])
        if alarm is None or in_cycle(store, alarm.name):
            return
        state = self.judgement(store, alarm).state
        if state != alarm.state:
            self._service.change_state(store, alarm, state, self._why(store, alarm, payload, state))

    def _why(self, store: Store, alarm: CompositeAlarm, payload: dict[str, Any], state: str) -> Why:
        child = store.any_alarm(payload["child"]) if payload["child"] else None
        if child is None:
            every = [store.any_alarm(name) for name in alarm.watches]
            known = [one for one in every if one is not None]
            text = f"{alarm.arn} was {payload['why']} and its alarm rule evaluates to {state}"
        else:
            known = [child]
            moment = to_datetime(child.transitioned_us).strftime("%A %d %B, %Y %H:%M:%S UTC")
            text = f"{child.arn} transitioned to {child.state} at {moment}"
        told = [
            {
                "arn": one.arn,
                "state": {"value": one.state, "timestamp": offset_time(one.transitioned_us)},
            }
            for one in known
        ]
        data = dumps({"triggeringAlarms": told})
        # StateReasonData holds 4,000 characters; a hundred children with long names are more.
        while len(data) > 4000 and told:
            told.pop()
            data = dumps({"triggeringAlarms": told})
        return Why(text, data)

    # -- suppressing
    def changed(self, store: Store, alarm: CompositeAlarm, old_state: str) -> None:
        """A composite alarm is in another state: act, or wait for its suppressor."""
        alarm.acted_from = old_state
        now_us = self._clock.now_us
        self._enter(
            store,
            alarm,
            suppression.changed(now_us, self._suppressed(store, alarm), alarm.wait_us),
        )

    def suppressor_set(self, store: Store, alarm: CompositeAlarm) -> None:
        """Another suppressor was given to an alarm, or none."""
        suppressed = self._suppressed(store, alarm)
        self._enter(store, alarm, suppression.replaced(alarm.suppression, suppressed))

    def _suppressed(self, store: Store, alarm: CompositeAlarm) -> bool:
        found = store.any_alarm(alarm.suppressor) if alarm.suppressor else None
        return found is not None and found.state == ALARM

    def _suppressor_moved(self, store: Store, alarm: CompositeAlarm, in_alarm: bool) -> None:
        now_us = self._clock.now_us
        after = suppression.suppressor_changed(
            alarm.suppression, now_us, in_alarm, alarm.extension_us
        )
        self._enter(store, alarm, after)

    def _enter(self, store: Store, alarm: CompositeAlarm, after: Suppression) -> None:
        before = alarm.suppression
        if after == before and not after.acts:
            return
        alarm.suppression = after
        if (after.by, after.until_us) != (before.by, before.until_us):
            alarm.generation += 1
        if after.until_us and after.until_us != before.until_us:
            where = {"account": store.account, "region": store.region, "alarm": alarm.name}
            self._clock.at(
                after.until_us,
                Phase.COMPOSITES,
                EXPIRE,
                {**where, "generation": alarm.generation},
                cause=(),
            )
        acts = alarm.actions_enabled and bool(alarm.actions(alarm.state))
        if after.by and after.waits and acts and (after.by != before.by or not before.waits):
            self._note(store, alarm, after)
        if after.acts:
            alarm.suppression = after.done()
            self._service.actions.start(store, alarm, alarm.acted_from, alarm.transitioned_us)

    def _note(self, store: Store, alarm: CompositeAlarm, held: Suppression) -> None:
        data = {
            "actionState": "Suppressed",
            "stateUpdateTimestamp": alarm.transitioned_us // 1_000,
            "actionsSuppressedBy": held.by,
            "actionsSuppressor": alarm.suppressor,
            "error": None,
        }
        store.note(
            HistoryItem(
                self._clock.now_us, alarm.name, "Action", held.reason, dumps(data), alarm.type
            )
        )

    def _expire(self, payload: dict[str, Any]) -> None:
        """Clock handler: a WaitPeriod or ExtensionPeriod may be over."""
        store = self._service.store(payload["account"], payload["region"])
        alarm = store.composites.get(payload["alarm"])
        if alarm is not None and alarm.generation == payload["generation"]:
            self._enter(store, alarm, suppression.expired(alarm.suppression, self._clock.now_us))


# -- who depends on whom
def parents_of(store: Store, name: str) -> list[CompositeAlarm]:
    """The composite alarms whose rule names an alarm."""
    return [one for one in depending_on(store, name) if name in one.children.values()]


def depending_on(store: Store, name: str) -> list[CompositeAlarm]:
    """The composite alarms that need an alarm, in their rule or as their suppressor."""
    if not store.composites:
        return []
    if store.dependents is None:
        # Asked at every change of every alarm, and changed by hardly any call.
        found: dict[str, list[str]] = {}
        for one in store.composites.values():
            for needed in dict.fromkeys((*one.children.values(), one.suppressor)):
                found.setdefault(needed, []).append(one.name)
        store.dependents = found
    return [store.composites[one] for one in store.dependents.get(name, ())]


def in_cycle(store: Store, name: str) -> bool:
    """Whether an alarm depends on itself, through whatever rules."""
    todo, seen = [name], set()
    while todo:
        alarm = store.composites.get(todo.pop())
        for child in alarm.watches if alarm is not None else ():
            if child == name:
                return True
            if child not in seen:
                seen.add(child)
                todo.append(child)
    return False
