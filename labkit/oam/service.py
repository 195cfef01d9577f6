"""Observability Access Manager as the lab assembles it, and what it answers to CloudWatch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.core.sharing import Linked
from labkit.core.world import World
from labkit.oam.engine.filter import parse
from labkit.oam.records import METRICS, Link, Sink
from labkit.oam.store import Store

_TERMS = {METRICS: "Namespace"}


class Oam:
    """Sinks and links of a whole lab."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.remember("oam", lambda account, region: Store(account, region, self))

    def sink(self, arn: str) -> Sink | None:
        """The sink of an ARN, whoever owns it."""
        parts = arn.split(":", 5)
        if len(parts) < 6:
            return None
        store: Store = self._world.store("oam", parts[4], parts[3])
        return store.sinks.get(arn)

    def attached(self, sink_arn: str) -> list[Link]:
        """The links to a sink, in order of the accounts."""
        return [
            link
            for _, store in sorted(self._world.stores("oam").items())
            for link in store.links.values()
            if link.sink_arn == sink_arn
        ]

    def linked_accounts(self, account: str, region: str, kind: str = METRICS) -> Sequence[Linked]:
        """The port ``linked_accounts``: who shares data of a kind with this account."""
        store: Store = self._world.store("oam", account, region)
        return [
            Linked(
                link.account, link.label, parse(link.filter(kind), _TERMS.get(kind, "LogGroupName"))
            )
            for arn in store.sinks
            for link in self.attached(arn)
            if kind in link.types
        ]

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values."""
        return [
            [place, repr(list(store.sinks.values())), repr(list(store.links.values()))]
            for place, store in sorted(self._world.stores("oam").items())
        ]
