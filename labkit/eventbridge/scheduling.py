"""Rules that fire by the clock.

A schedule has one entry in the clock's heap, its next firing; when it fires it plans the one after.
A rule that was changed meanwhile has another generation, and the firing planned before does
nothing. What fires goes to the rule's own targets, not over the bus: no other rule sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.core.clock import Phase
from labkit.core.world import World
from labkit.eventbridge.engine import envelope, firing
from labkit.eventbridge.engine.sources import scheduled
from labkit.eventbridge.records import DEFAULT_BUS, Rule

if TYPE_CHECKING:
    from labkit.eventbridge.delivering import Deliveries
    from labkit.eventbridge.store import Store

FIRE = "events.fire"


class Schedules:
    """The schedules of all rules of a lab.

    Parameters
    ----------
    world:
        The clock, where the handler ``events.fire`` is registered.
    deliveries:
        Who hands events to targets.
    """

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._world = world
        self._deliveries = deliveries
        #: A rule's ARN -> the expression that its planned firing follows.
        self._planned: dict[str, str] = {}
        world.clock.register(FIRE, self._fire)

    def changed(self, store: Store, rule: Rule, *, gone: bool = False) -> None:
        """Plan a rule's next firing anew, when its schedule or its state is another."""
        wanted = rule.schedule if rule.enabled and not gone else ""
        if self._planned.get(rule.arn, "") == wanted:
            return
        rule.generation += 1
        self._planned[rule.arn] = wanted
        if wanted:
            now_us = self._world.clock.now_us
            self._plan(store.account, store.region, rule, now_us, now_us)

    def _plan(self, account: str, region: str, rule: Rule, since_us: int, after_us: int) -> None:
        """Put the next firing into the heap, if there is one."""
        due = firing.next_us(rule.schedule, since_us, after_us)
        if due is not None:
            payload = {
                "account": account,
                "region": region,
                "rule": rule.name,
                "generation": rule.generation,
                "since_us": since_us,
            }
            self._world.clock.at(due, Phase.SCHEDULES, FIRE, payload, cause=())

    def _fire(self, payload: dict[str, Any]) -> None:
        """Clock handler: a schedule came round."""
        store: Store = self._world.store("events", payload["account"], payload["region"])
        rule = store.buses[DEFAULT_BUS].rules.get(payload["rule"])
        if rule is None or rule.generation != payload["generation"]:
            return
        now_us = self._world.clock.now_us
        if rule.targets:
            event = envelope.event(
                scheduled.told(rule.arn),
                event_id=self._world.ids.uuid(),
                account=store.account,
                region=store.region,
                at_us=now_us,
            )
            self._deliveries.fired(store, rule, event)
        due = firing.next_us(rule.schedule, payload["since_us"], now_us)
        if due is not None:
            self._world.clock.again(due)
