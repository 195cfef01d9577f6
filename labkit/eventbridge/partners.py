"""Partners: sources of events outside AWS, offered to customers' accounts.

A partner (Zendesk, Datadog) has an AWS account of its own, in which it makes an event source *for*
a customer's account. There the source is PENDING until the customer makes a bus of the same name;
from then on what the partner puts arrives. Who does nothing for two weeks loses the offer.

Source: EventBridge user guide, eb-saas; botocore events/CreatePartnerEventSource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY
from labkit.eventbridge.records import EventSource

if TYPE_CHECKING:
    from labkit.eventbridge.service import EventBridge
    from labkit.eventbridge.store import Store

_OFFER_US = 14 * DAY


class Partners:
    """Both sides of partner event sources.

    Parameters
    ----------
    service:
        Knows the accounts' stores.
    """

    def __init__(self, service: EventBridge) -> None:
        self._service = service

    def offer(self, store: Store, name: str, account: str, now_us: int) -> EventSource:
        """Make a source of a partner's for an account."""
        store.offered.setdefault(name, set()).add(account)
        source = EventSource(
            name,
            f"arn:aws:events:{store.region}::event-source/{name}",
            now_us,
            now_us + _OFFER_US,
        )
        self._service.store(account, store.region).sources[name] = source
        return source

    def withdraw(self, store: Store, name: str, account: str) -> None:
        """Take a source away again: its events come no more."""
        accounts = store.offered.get(name, set())
        accounts.discard(account)
        if not accounts:
            store.offered.pop(name, None)
        source = self._service.store(account, store.region).sources.get(name)
        if source is not None:
            source.state = "DELETED"

    def state(self, source: EventSource, now_us: int) -> str:
        """A source's state now: an offer that nobody took for two weeks is gone."""
        if source.state == "PENDING" and now_us >= source.expires_us:
            source.state = "DELETED"
        return source.state

    def spread(self, store: Store, event: dict[str, Any]) -> None:
        """Let a partner's event arrive on the bus of each account that takes its source."""
        for account in sorted(store.offered.get(event["source"], ())):
            home = self._service.store(account, store.region)
            source = home.sources.get(event["source"])
            bus = home.buses.get(event["source"])
            if bus is not None and source is not None and source.state == "ACTIVE":
                self._service.arrive(home, bus, {**event, "account": account})
