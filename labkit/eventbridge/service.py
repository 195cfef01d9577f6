"""EventBridge as the lab assembles it: what arrives on a bus, and whom it reaches.

Events come from three sides, and from there on all go the same way (:meth:`EventBridge.arrive`):

- programs put them (``PutEvents``), on any bus;
- AWS's own services tell them as facts, each of which a pure function of
  :mod:`labkit.eventbridge.engine.sources` turns into an event of the account's default bus;
- rules of other buses, accounts and Regions send them on (the port ``put_on_bus``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.delivery import Delivery
from labkit.core.facts import Fact
from labkit.core.jsontext import dumps, parse
from labkit.core.world import World
from labkit.eventbridge.archiving import Archives
from labkit.eventbridge.connecting import Connecting
from labkit.eventbridge.delivering import Deliveries
from labkit.eventbridge.destinations import Destinations
from labkit.eventbridge.endpoints import Endpoints
from labkit.eventbridge.engine import envelope
from labkit.eventbridge.engine.sources import api_call, emitted, instance_state, sign_in
from labkit.eventbridge.partners import Partners
from labkit.eventbridge.records import ALL_CALLS, DEFAULT_BUS, Bus
from labkit.eventbridge.scheduling import Schedules
from labkit.eventbridge.showing import Showing
from labkit.eventbridge.store import Store

#: What every event has, and TestEventPattern asks for.
_MEMBERS = ("id", "account", "source", "time", "region", "detail-type")


class EventBridge(Showing):
    """Buses and rules of a whole lab.

    Parameters
    ----------
    world:
        Clock, facts, ports and stores of the lab.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        world.remember("events", lambda a, r: Store(a, r, self, world.clock.start_us))
        self.archives = Archives(world, self)
        self.destinations = Destinations(world)
        self.connecting = Connecting(world, self.destinations)
        self.deliveries = Deliveries(world, self.destinations, self.archives)
        self.schedules = Schedules(world, self.deliveries)
        self.partners = Partners(self)
        self.endpoints = Endpoints(self)

    def store(self, account: str, region: str) -> Store:
        """What EventBridge remembers there."""
        store: Store = self._world.store("events", account, region)
        return store

    # -- events
    def arrive(
        self,
        store: Store,
        bus: Bus,
        event: dict[str, Any],
        *,
        hops: int = 0,
        reads: bool = False,
        only: frozenset[str] = frozenset(),
    ) -> None:
        """An event has come onto a bus: whoever waits for it will have it.

        Parameters
        ----------
        store, bus, event:
            Where, and the whole event.
        hops:
            How many buses it has been sent on from.
        reads:
            Whether it tells of a call that only reads: for rules that want all calls.
        only:
            ARNs of the rules that may have it (a replay's); all when empty.
        """
        self._tell(store, bus, event)
        if store.quiet(bus.name):
            return
        rules = store.matching(bus.name, event)
        if reads:
            rules = [rule for rule in rules if rule.state == ALL_CALLS]
        if only:
            rules = [rule for rule in rules if rule.arn in only]
        if rules:
            self.deliveries.plan(store, bus, rules, event, dumps(event), int(hops))

    def _tell(self, store: Store, bus: Bus, event: Mapping[str, Any]) -> None:
        if self._world.ports.events_watched(bus.arn):
            told = {"bus": bus.name, "event": event}
            self._world.facts.publish("event.put", store.account, store.region, told)

    def read_event(self, text: str) -> dict[str, Any] | None:
        """An event of its JSON text; None when it is none, or lacks what every event has."""
        try:
            event = parse(text)
        except ValueError:
            return None
        if not isinstance(event, dict) or any(name not in event for name in _MEMBERS):
            return None
        return event

    def put_on_bus(self, bus_arn: str, event: Mapping[str, Any], source_arn: str) -> Delivery:
        """The port ``put_on_bus``: what another bus's rule sends on."""
        _, _, _, region, account, resource = bus_arn.split(":", 5)
        store, name = self.store(account, region), resource.removeprefix("event-bus/")
        bus = store.buses.get(name)
        if bus is None:
            return Delivery(
                False, "ResourceNotFoundException", False, f"Event bus {name} does not exist."
            )
        if any(member not in event for member in _MEMBERS):
            return Delivery(
                False, "InvalidJson", False, "What the input was made into is no event any more."
            )
        self.arrive(store, bus, dict(event), hops=1)
        return Delivery(True)

    # -- what AWS's services tell
    def _from_aws(
        self, told: envelope.Told, account: str, region: str, at_us: int, event_id: str = ""
    ) -> None:
        if not self._wanted(account, region):
            return
        store = self.store(account, region)
        bus = store.buses[DEFAULT_BUS]
        event = envelope.event(
            told,
            event_id=event_id or self._world.ids.uuid(),
            account=account,
            region=region,
            at_us=at_us,
        )
        self.arrive(store, bus, event, reads=told.reads)

    def _wanted(self, account: str, region: str) -> bool:
        """Whether anybody would see an event on the default bus.

        Asked before the event is made: an alarm words its reasons when somebody reads them, and a
        thousand alarms whose changes nobody wants would spend most of their time on words.
        """
        store = self.store(account, region)
        bus = store.buses[DEFAULT_BUS]
        return not store.quiet(DEFAULT_BUS) or self._world.ports.events_watched(bus.arn)

    def on_event_emitted(self, fact: Fact) -> None:
        """A service has an event: S3, Auto Scaling, alarms."""
        if not self._wanted(fact.account, fact.region):
            return
        self._from_aws(emitted.told(fact.data), fact.account, fact.region, fact.at_us)

    def on_instance_state(self, fact: Fact) -> None:
        """An instance entered a state."""
        told = instance_state.told(fact.data, fact.account, fact.region)
        if told is not None:
            self._from_aws(told, fact.account, fact.region, fact.at_us)

    def on_call_finished(self, fact: Fact) -> None:
        """An API call came back: an event where a trail logs it."""
        ports = self._world.ports
        region = ports.trail_logs(fact) if ports.answered("trail_logs") else ""
        if region and self._wanted(fact.account, region):
            told = api_call.told(ports.call_record(fact))
            self._from_aws(told, fact.account, region, fact.at_us)

    def on_sign_in(self, fact: Fact) -> None:
        """Somebody signed in to the console: an event where a trail logs it."""
        ports = self._world.ports
        region = ports.trail_logs(fact) if ports.answered("trail_logs") else ""
        if region and self._wanted(fact.account, region):
            told = sign_in.told(ports.call_record(fact))
            self._from_aws(told, fact.account, region, fact.at_us)

    def on_service_event(self, fact: Fact) -> None:
        """A service did something by itself: an event where a trail logs it."""
        self.on_call_finished(fact)

    # -- questions
    def policy(self, arn: str) -> tuple[str, str] | None:
        """The resource policy that guards a bus or a rule: its name and JSON text."""
        _, _, _, region, account, resource = arn.split(":", 5)
        store = self._world.stores("events").get((account, region))
        if store is None:
            return None
        kind, _, name = resource.partition("/")
        if kind == "rule":
            name = name.rpartition("/")[0] or DEFAULT_BUS
        bus = store.buses.get(name) if kind in ("rule", "event-bus") else None
        if bus is None or not bus.policy:
            return None
        text = dumps({"Version": "2012-10-17", "Statement": bus.policy})
        return f"policy of event bus {name}", text

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values: two equal worlds have equal digests."""
        return [
            [account, region, store.digest()]
            for (account, region), store in sorted(self._world.stores("events").items())
        ]
