"""What EventBridge remembers for one account and Region."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from labkit.eventbridge.matching import Index
from labkit.eventbridge.records import (
    DEFAULT_BUS,
    ApiDestination,
    Archive,
    Bus,
    Connection,
    Endpoint,
    EventSource,
    Replay,
    Rule,
)

if TYPE_CHECKING:
    from labkit.eventbridge.service import EventBridge


class Store:
    """Buses with their rules, archives, connections and the rest.

    Parameters
    ----------
    account, region:
        Whose and where.
    service:
        The EventBridge that it belongs to.
    now_us:
        When the default bus came to be.
    """

    def __init__(self, account: str, region: str, service: EventBridge, now_us: int) -> None:
        self.account = account
        self.region = region
        self.service = service
        self.buses: dict[str, Bus] = {}
        self.archives: dict[str, Archive] = {}
        self.replays: dict[str, Replay] = {}
        self.connections: dict[str, Connection] = {}
        self.destinations: dict[str, ApiDestination] = {}
        self.endpoints: dict[str, Endpoint] = {}
        #: Partner event sources: those offered to this account, and those this account offers to
        #: others (name -> accounts).
        self.sources: dict[str, EventSource] = {}
        self.offered: dict[str, set[str]] = {}
        self._indexes: dict[str, Index] = {}
        self.add_bus(Bus(DEFAULT_BUS, self.arn(f"event-bus/{DEFAULT_BUS}"), now_us, now_us))

    def arn(self, resource: str) -> str:
        """The ARN of something of EventBridge's here."""
        return f"arn:aws:events:{self.region}:{self.account}:{resource}"

    def rule_arn(self, bus: str, name: str) -> str:
        """A rule's ARN, which names the bus unless it is the default one."""
        return self.arn(f"rule/{name}" if bus == DEFAULT_BUS else f"rule/{bus}/{name}")

    # -- buses and rules
    def add_bus(self, bus: Bus) -> None:
        """Remember a bus."""
        self.buses[bus.name] = bus
        self._indexes[bus.name] = Index()

    def drop_bus(self, name: str) -> None:
        """Forget a bus; nothing happens when there is none."""
        self.buses.pop(name, None)
        self._indexes.pop(name, None)

    def put_rule(self, rule: Rule) -> None:
        """Remember a rule, new or changed."""
        self.buses[rule.bus].rules[rule.name] = rule
        self.index(rule)

    def drop_rule(self, rule: Rule) -> None:
        """Forget a rule."""
        self.buses[rule.bus].rules.pop(rule.name, None)
        self._indexes[rule.bus].drop(rule.name)

    def index(self, rule: Rule) -> None:
        """Let events find a rule, or no longer, as its state says."""
        index = self._indexes[rule.bus]
        if rule.pattern and rule.enabled:
            index.put(rule.name, rule.pattern)
        else:
            index.drop(rule.name)

    def matching(self, bus: str, event: dict[str, Any]) -> list[Rule]:
        """The enabled rules of a bus that match an event, in the order of their names."""
        rules = self.buses[bus].rules
        return [rules[name] for name in sorted(self._indexes[bus].match(event))]

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values."""
        kept = (
            self.buses,
            self.archives,
            self.replays,
            self.connections,
            self.destinations,
            self.endpoints,
            self.sources,
        )
        things = [[asdict(one) for _, one in sorted(table.items())] for table in kept]  # type: ignore[call-overload]
        return [*things, {name: sorted(accounts) for name, accounts in self.offered.items()}]

    def quiet(self, bus: str) -> bool:
        """Whether no enabled rule of a bus has a pattern: nothing there could match."""
        return not self._indexes[bus]
