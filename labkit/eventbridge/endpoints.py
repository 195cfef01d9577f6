"""Global endpoints: which Region's bus an event goes to.

An endpoint names two buses of one name in two Regions. Events go to the first as long as the
Route 53 health check holds. A lab's health checks never fail, so there is no failing over here;
with replication they go to both, as on AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.eventbridge.records import Endpoint

if TYPE_CHECKING:
    from labkit.eventbridge.service import EventBridge
    from labkit.eventbridge.store import Store


class Endpoints:
    """Routes the events of global endpoints.

    Parameters
    ----------
    service:
        Knows the Regions' stores.
    """

    def __init__(self, service: EventBridge) -> None:
        self._service = service

    def route(self, store: Store, endpoint: Endpoint) -> list[Store]:
        """The stores whose buses an event for an endpoint goes to."""
        if endpoint.replication != "ENABLED":
            return [store]
        other = endpoint.routing["FailoverConfig"]["Secondary"]["Route"]
        return [store, self._service.store(store.account, other)]
