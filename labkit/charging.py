"""What a lab would have cost: the half of :class:`labkit.lab.Lab` that asks all who meter."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from labkit import services
from labkit.core.clock import to_us
from labkit.core.errors import LabError
from labkit.gateway.recording import MANAGEMENT
from labkit.lab_state import LabState

if TYPE_CHECKING:
    from labkit.billing.bill import Bill


class Charging(LabState):
    """``bill``."""

    @property
    def now(self) -> datetime:
        """The virtual instant."""
        raise NotImplementedError

    def bill(
        self, *, since: datetime | None = None, month: bool = False, account: str | None = None
    ) -> Bill:
        """What this world would have cost on AWS so far, line by line, free tier included.

        Parameters
        ----------
        since:
            Only what came from this instant on (aware); the lab's whole life when left out.
        month:
            Instead: what a month of 730 hours costs if everything stays as it is now.
        account:
            Whose bill; the lab's own account when left out.

        Raises
        ------
        LabError
            For a naive ``since``, one that lies ahead, or both at once.
        """
        from labkit.billing.bill import Biller
        from labkit.billing.prices import table

        if since is not None and (month or since.tzinfo is None or since > self.now):
            raise LabError(
                "since is an aware datetime that has passed (lab.start, lab.now - timedelta(...)), "
                "and goes without month"
            )
        world, parts = self.world, self.parts
        biller = Biller(
            (
                world.meters,
                parts.cloudwatch.used,
                parts.fleet,
                parts.agents,
                parts.logs.storage,
                parts.shop_traces,
            ),
            table(),
            lambda service, operation: services.category(service, operation).kind == MANAGEMENT,
        )
        account = account or self.account
        with world.lock:
            now_us = world.clock.now_us
            if month:
                return biller.projected(account, now_us)
            start_us = world.clock.start_us if since is None else to_us(since)
            return biller.so_far(account, start_us, now_us)
