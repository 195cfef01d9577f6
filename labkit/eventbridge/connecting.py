"""OAuth connections fetch their first token a moment after they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.core.clock import Phase
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.eventbridge.destinations import Destinations
    from labkit.eventbridge.store import Store

AUTHORIZE = "events.authorize"


class Connecting:
    """Authorises OAuth connections on the clock.

    Parameters
    ----------
    world:
        The clock, where the handler ``events.authorize`` is registered.
    destinations:
        Who fetches tokens.
    """

    def __init__(self, world: World, destinations: Destinations) -> None:
        self._world = world
        self._destinations = destinations
        world.clock.register(AUTHORIZE, self._authorize)

    def later(self, account: str, region: str, name: str) -> None:
        """Let a connection ask for its token when the call that made it is over."""
        clock = self._world.clock
        payload = {"account": account, "region": region, "connection": name}
        clock.at(clock.now_us, Phase.DELIVERIES, AUTHORIZE, payload)

    def _authorize(self, payload: dict[str, Any]) -> None:
        """Clock handler: a connection asks for its token."""
        store: Store = self._world.store("events", payload["account"], payload["region"])
        connection = store.connections.get(payload["connection"])
        if connection is not None and connection.state == "AUTHORIZING":
            self._destinations.authorize(connection)
