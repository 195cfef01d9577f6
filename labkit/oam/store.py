"""What Observability Access Manager remembers for one account and Region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.oam.records import Link, Sink

if TYPE_CHECKING:
    from labkit.oam.service import Oam


class Store:
    """One account's sink and links in one Region, by their ARNs."""

    def __init__(self, account: str, region: str, service: Oam) -> None:
        self.account = account
        self.region = region
        self.service = service
        self.sinks: dict[str, Sink] = {}
        self.links: dict[str, Link] = {}
