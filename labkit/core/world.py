"""The parts that every world has, bundled: what the gateway and the services stand on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from labkit.core.clock import Clock
from labkit.core.facts import Facts
from labkit.core.ids import Ids
from labkit.core.journal import Journal
from labkit.core.ports import Ports
from labkit.core.usage import Meters


class World:
    """One world's clock, facts, ports, ids, journal, meters, stores and lock.

    Parameters
    ----------
    seed:
        Decides every id of the world.
    start_us:
        First instant, microseconds since the epoch.
    """

    def __init__(self, seed: int, start_us: int) -> None:
        self.seed = seed
        self.clock = Clock(start_us)
        self.facts = Facts(self.clock)
        self.ports = Ports()
        self.ids = Ids(seed)
        self.journal = Journal()
        self.meters = Meters(start_us)
        # One lock around the dispatch. Without it eight threads that put fifty points each lose
        # about half of them between a read and a write of the same series.
        self.lock = threading.RLock()
        #: Operation -> what its call does before it waits for the lock, given the parameters:
        #: StopQuery would else wait for the very query that it is to end.
        self.urgent: dict[tuple[str, str], Callable[[Mapping[str, Any]], None]] = {}
        self._makers: dict[str, Callable[[str, str], Any]] = {}
        self._stores: dict[tuple[str, str, str], Any] = {}

    def remember(self, service: str, maker: Callable[[str, str], Any]) -> None:
        """Let ``maker(account, region)`` build what ``service`` remembers, when first asked."""
        self._makers[service] = maker

    def store(self, service: str, account: str, region: str) -> Any:
        """What ``service`` remembers for an account and region; None for one that has no store."""
        key = (service, account, region)
        try:
            return self._stores[key]
        except KeyError:
            maker = self._makers.get(service)
            if maker is None:
                return None
            made = self._stores[key] = maker(account, region)
            return made

    def stores(self, service: str) -> dict[tuple[str, str], Any]:
        """All stores of a service that exist, by (account, region)."""
        return {(a, r): store for (s, a, r), store in self._stores.items() if s == service}
