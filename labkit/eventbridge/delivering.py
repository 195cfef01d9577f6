"""From a matched rule to its targets: input, role, retries, dead letters, figures.

Theory of operation
-------------------
1. An event that matches is one entry in the clock's heap, however many rules and targets it goes
   to; they get it at phase 6 of the same instant.
2. Each target gets its input (:mod:`labkit.eventbridge.engine.transform`) through the port
   ``deliver_reliably``, which tries again and keeps dead letters. A role of the target, or of the
   rule, does it; without one EventBridge itself, which the target's own policy must allow.
3. **A bus sends on once.** What came from another bus is not sent to a third one, as on AWS.
   What stays behind is written down (:mod:`labkit.eventbridge.problems`).
4. **Loops end.** An event carries the chain of what caused it. A rule whose function puts the event
   that the rule waits for would run for ever, on AWS at your expense; here it stops at 32 links,
   names the rules and says what led to what. The lab goes on.
5. Figures of ``AWS/Events`` are told as things happen, by rule: MatchedEvents, TriggeredRules,
   Invocations when a target is tried; FailedInvocations, RetryInvocationAttempts and
   InvocationsSentToDlq when a delivery has come to its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.core.clock import Phase
from labkit.core.delivery import RetryPolicy
from labkit.core.errors import ChainTooDeep
from labkit.core.facts import MAX_CHAIN, Fact
from labkit.core.jsontext import dumps, parse
from labkit.core.world import World
from labkit.eventbridge import problems
from labkit.eventbridge.engine import targets, transform
from labkit.eventbridge.engine.jsonpath import MISSING, look
from labkit.eventbridge.records import DEFAULT_BUS, Bus, Rule

if TYPE_CHECKING:
    from labkit.eventbridge.archiving import Archives
    from labkit.eventbridge.destinations import Destinations
    from labkit.eventbridge.store import Store

DELIVER = "events.deliver"
INVOKE = "events.invoke"
PRINCIPAL = "events.amazonaws.com"
NAMESPACE = "AWS/Events"

#: Members of a target that are handed to the delivery as they are.
_PARAMETERS = sorted({kind.parameters for kind in targets.KINDS if kind.parameters})


class Deliveries:
    """Hands events to the targets of rules.

    Parameters
    ----------
    world:
        The lab's; the handler ``events.deliver`` is registered here.
    destinations:
        Who knows the addresses of API destinations.
    archives:
        Where the events of archives' rules go.
    """

    def __init__(self, world: World, destinations: Destinations, archives: Archives) -> None:
        self._world = world
        self._destinations = destinations
        self._archives = archives
        self.problems = problems.Problems()
        world.clock.register(DELIVER, self._deliver)
        world.clock.register(INVOKE, self._invoke)

    # -- planning
    def plan(
        self, store: Store, bus: Bus, rules: Sequence[Rule], event: Mapping[str, Any], text: str,
        hops: int,
    ) -> None:  # fmt: skip
        """Let the targets of these rules have an event, at phase 6 of this instant."""
        clock = self._world.clock
        link = f"event {event['source']} '{event['detail-type']}' on {bus.name}"
        clock.at(
            clock.now_us,
            Phase.DELIVERIES,
            DELIVER,
            {
                "account": store.account,
                "region": store.region,
                "bus": bus.name,
                "rules": [rule.name for rule in rules],
                "event": text,
                "came_us": clock.now_us,
                "hops": hops,
            },
            cause=(*clock.cause, link),
        )

    def _deliver(self, payload: dict[str, Any]) -> None:
        """Clock handler: an event's turn has come."""
        cause = self._world.clock.cause
        store: Store = self._world.store("events", payload["account"], payload["region"])
        bus = store.buses.get(payload["bus"])
        if bus is None:
            return
        # One link before functions stop by themselves: here it is known which rule it was.
        if len(cause) >= MAX_CHAIN - 1:
            raise ChainTooDeep(self._loop(store, bus, payload["rules"], cause))
        text: str = payload["event"]
        event = parse(text)
        for name in payload["rules"]:
            rule = bus.rules.get(name)
            if rule is not None:
                self._to_rule(store, rule, event, text, payload["came_us"], payload["hops"])

    def _loop(self, store: Store, bus: Bus, names: Sequence[str], cause: Sequence[str]) -> str:
        """Write a loop down for each of its rules; what is said of it."""
        told = loop_text(bus.name, names, cause)
        for name in names:
            rule = bus.rules.get(name)
            if rule is not None:
                why = told.partition("\n")[0]
                self.problems.note(self._world.clock.now_us, rule.arn, "", problems.LOOP, why)
        return told

    def fired(self, store: Store, rule: Rule, event: Mapping[str, Any]) -> None:
        """Let the targets of a rule have the event of its schedule, now."""
        self._to_rule(store, rule, event, dumps(event), self._world.clock.now_us, 0)

    # -- one rule
    def _to_rule(
        self, store: Store, rule: Rule, event: Mapping[str, Any], text: str, came_us: int,
        hops: int,
    ) -> None:  # fmt: skip
        self.count(store, rule, "MatchedEvents")
        self.count(store, rule, "TriggeredRules")
        about = transform.About(rule.arn, rule.name, came_us)
        for target in list(rule.targets.values()):
            arn = target["Arn"]
            if rule.managed_by and self._archives.keep(store, target, event, text, came_us):
                continue
            if ":event-bus/" in arn and hops:
                why = (
                    "the event came from another bus, and EventBridge sends an event on once: let "
                    "the bus where it began send to this one"
                )
                now_us = self._world.clock.now_us
                self.problems.note(now_us, rule.arn, arn, problems.NOT_SENT_ON, why)
                continue
            self.count(store, rule, "Invocations")
            payload = transform.shape(target, event, text, about)
            if ":api-destination/" in arn and self._waits(store, rule, target, payload, text):
                continue
            self._hand(store, rule, target, payload, event)

    def _waits(
        self, store: Store, rule: Rule, target: Mapping[str, Any], payload: str, text: str
    ) -> bool:
        """Let a call of an API destination wait for its turn, when its rate is reached."""
        clock = self._world.clock
        due = self._destinations.slot(target["Arn"])
        if due <= clock.now_us:
            return False
        waiting = {
            "account": store.account,
            "region": store.region,
            "bus": rule.bus,
            "rule": rule.name,
            "target": target["Id"],
            "payload": payload,
            "event": text,
        }
        clock.at(due, Phase.DELIVERIES, INVOKE, waiting)
        return True

    def _invoke(self, payload: dict[str, Any]) -> None:
        """Clock handler: the turn of a call that waited for its rate."""
        store: Store = self._world.store("events", payload["account"], payload["region"])
        bus = store.buses.get(payload["bus"])
        rule = bus.rules.get(payload["rule"]) if bus is not None else None
        target = rule.targets.get(payload["target"]) if rule is not None else None
        if rule is not None and target is not None:
            self._hand(store, rule, target, payload["payload"], parse(payload["event"]))

    def _hand(
        self,
        store: Store,
        rule: Rule,
        target: Mapping[str, Any],
        payload: str,
        event: Mapping[str, Any],
    ) -> None:
        arn = target["Arn"]
        parameters = {name: target[name] for name in _PARAMETERS if name in target}
        if ":api-destination/" in arn:
            parameters, payload = self._destinations.addressed(target, payload)
        elif ":kinesis:" in arn:
            key = _partition_key(target, event)
            if key:
                parameters["PartitionKey"] = key
        letter = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        kind = targets.kind_of(arn)
        role = target.get("RoleArn") or (rule.role_arn if kind is None or kind.role else "")
        self._world.ports.deliver_reliably(
            arn,
            payload,
            role or PRINCIPAL,
            service=PRINCIPAL,
            source_arn=rule.arn,
            parameters=parameters or None,
            retry=_retry(target.get("RetryPolicy")),
            dead_letter_arn=letter,
            dead_letter_attributes={"RULE_ARN": rule.arn, "TARGET_ARN": arn} if letter else None,
            dead_letter_principal=PRINCIPAL if letter else "",
        )

    # -- figures
    def count(self, store: Store, rule: Rule, metric: str, value: int = 1) -> None:
        """Tell a figure of a rule."""
        self._tell(store.account, store.region, rule.bus, rule.name, metric, value)

    def _tell(
        self, account: str, region: str, bus: str, rule: str, metric: str, value: int
    ) -> None:
        dimensions = [["RuleName", rule]]
        if bus != DEFAULT_BUS:
            dimensions.insert(0, ["EventBusName", bus])
        self._world.facts.publish(
            "metric.emitted",
            account,
            region,
            {
                "namespace": NAMESPACE,
                "dimensions": dimensions,
                "metric_name": metric,
                "value": float(value),
                "unit": "Count",
            },
        )

    def on_delivery_finished(self, fact: Fact) -> None:
        """A delivery has come to its end: the figures of the rule that it was for."""
        data = fact.data
        parts = data["source_arn"].split(":", 5)
        if len(parts) != 6 or parts[2] != "events" or not parts[5].startswith("rule/"):
            return
        bus, _, rule = parts[5].removeprefix("rule/").rpartition("/")
        where = parts[4], parts[3], bus or DEFAULT_BUS, rule
        if data["attempts"] > 1:
            self._tell(*where, "RetryInvocationAttempts", data["attempts"] - 1)
        if not data["ok"]:
            self._tell(*where, "FailedInvocations", 1)
        if data["dead_letter"] == "sent":
            self._tell(*where, "InvocationsSentToDlq", 1)
        elif data["dead_letter"] == "failed":
            self._tell(*where, "InvocationsFailedToBeSentToDlq", 1)


def loop_text(bus: str, names: Sequence[str], cause: Sequence[str]) -> str:
    """What is said of a loop: which rules, what to do, and one round of it.

    Parameters
    ----------
    bus, names:
        The bus and its rules that the last event matched.
    cause:
        The chain, oldest first.
    """
    rules = " and ".join(names)
    last = cause[-1]
    before = [index for index, link in enumerate(cause[:-1]) if link == last]
    begin = before[-1] + 1 if before else 0
    links = "\n  ".join(cause[begin:])
    return (
        f"rule {rules} of bus {bus} leads again and again to an event that it waits for; stopped "
        f"after {len(cause)} links (on AWS it would go on, at your expense). Let its pattern leave "
        f"out what its own target causes, or send that to another bus.\n"
        f"it began with {cause[0]}; one round:\n  {links}"
    )


def _partition_key(target: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """The key of a stream's record: what the path finds in the event as it came, or its id."""
    path = (target.get("KinesisParameters") or {}).get("PartitionKeyPath")
    found = look(path, event) if path else event.get("id")
    return "" if found in (MISSING, None) else str(found)[:256]


def _retry(given: Mapping[str, int] | None) -> RetryPolicy | None:
    """A target's retry policy; EventBridge's own where it says nothing."""
    if not given:
        return None
    usual = RetryPolicy()
    return RetryPolicy(
        given.get("MaximumRetryAttempts", usual.maximum_retry_attempts),
        given.get("MaximumEventAgeInSeconds", usual.maximum_age_s),
    )
