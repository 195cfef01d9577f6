"""The shop's site in a lab: what befalls its pages, and a server once somebody visits."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from labkit.core.clock import Clock
from labkit.core.errors import LabError
from labkit.workloads.incidents import PAGE_KINDS, Incident
from labkit.workloads.shop_faults import PAGES, SITE, SiteSnapshot, about_pages, snapshot
from labkit.workloads.shop_pages import Till
from labkit.workloads.shop_site import DOMAIN
from labkit.workloads.shop_web import ShopWeb


class ShopVisits:
    """The shop as visitors find it.

    Parameters
    ----------
    clock:
        What time it is.
    seed:
        Of the draws, as the shop's figures.
    others:
        The incidents of the shop's services, which pages show as well.
    """

    #: The name under which canaries visit.
    host = DOMAIN

    def __init__(self, clock: Clock, seed: int, others: Callable[[], Iterable[Incident]]) -> None:
        self._clock, self._seed, self._others = clock, seed, others
        self._incidents: list[Incident] = []
        self._web: ShopWeb | None = None

    def knows(self, incident: Incident) -> bool:
        """Whether an incident is about the shop's pages."""
        return about_pages(incident)

    def apply(self, incident: Incident | Mapping[str, Any]) -> None:
        """Let an incident befall a page.

        Raises
        ------
        LabError
            When there is no such page.
        """
        one = incident if isinstance(incident, Incident) else Incident(**incident)
        if not about_pages(one):
            raise LabError(
                f"{one.kind} of {one.target!r} can't befall the shop's pages: there are "
                f"{', '.join(PAGES)} and {SITE}, and the incidents {', '.join(PAGE_KINDS)}"
            )
        self._incidents.append(one)

    def now(self) -> SiteSnapshot:
        """The shop's pages at the lab's present."""
        every = [*self._others(), *self._incidents]
        return snapshot(every, self._clock.now_us, self._seed)

    @property
    def web(self) -> ShopWeb:
        """The running server; it starts with the first visit."""
        if self._web is None:
            self._web = web = ShopWeb(self.now)
            # A lab that nobody closes shall not leave its threads behind.
            self._end = weakref.finalize(self, web.close)
        return self._web

    def hold(self, site: SiteSnapshot) -> AbstractContextManager[Till]:
        """Show one snapshot for the time of a visit."""
        return self.web.hold(site)

    def close(self) -> None:
        """End the server; the next visit starts another."""
        if self._web is not None:
            self._end()
            self._web = None
