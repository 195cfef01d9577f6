"""Where and when widgets are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import queries
from labkit.cloudwatch.engine.dashboard.times import automatic_period, instant_us
from labkit.cloudwatch.sharing import Shared, shared_with
from labkit.core.clock import MINUTE, SECOND
from labkit.core.ports import Ports

if TYPE_CHECKING:
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.store import Store


@dataclass(frozen=True, slots=True)
class Frame:
    """A dashboard's account, range of time, and how it treats periods.

    Parameters
    ----------
    service, ports:
        Whose metrics and alarms; who answers what CloudWatch does not know itself.
    account, region:
        The dashboard's account; the Region of widgets that name none.
    now_us, start_us, end_us:
        The instant, and the range shown.
    automatic:
        Whether periods follow the range (``periodOverride`` ``auto``).
    """

    service: CloudWatch
    ports: Ports
    account: str
    region: str
    now_us: int
    start_us: int
    end_us: int
    automatic: bool = True

    def narrowed(self, properties: Mapping[str, Any]) -> Frame:
        """The same with a widget's own ``start`` and ``end``."""
        start = properties.get("start")
        if not isinstance(start, str):
            return self
        end = properties.get("end")
        start_us = instant_us(start, self.now_us)
        end_us = instant_us(end, self.now_us) if isinstance(end, str) else self.now_us
        if start_us is None or end_us is None or start_us >= end_us:
            return self
        return replace(self, start_us=start_us, end_us=end_us)

    def period(self, wanted: int | None) -> int:
        """The period in seconds in which a metric is read."""
        if self.automatic:
            return automatic_period(self.end_us - self.start_us, wanted or 300)
        return wanted or 300

    def store(self, region: str) -> Store:
        """What the dashboard's account has in a Region."""
        return self.service.store(self.account, region)

    def shared(self, region: str) -> list[Shared]:
        """What other accounts share with the dashboard's in a Region."""
        return shared_with(self.service, self.ports, self.account, region)

    def seen(self, account: str, region: str) -> Store | None:
        """The store of an account, None for one that shares nothing with the dashboard's."""
        if account == self.account:
            return self.store(region)
        for one in self.shared(region):
            if one.store.account == account:
                return one.store
        return None

    def asked(self, region: str, *, live: bool, minutes: int = 0) -> queries.Asked:
        """The request for a widget's queries in one Region.

        Parameters
        ----------
        live:
            Whether the minute that is not over yet is shown too.
        minutes:
            The labels' time zone, minutes ahead of UTC.
        """
        end_us = self.end_us
        this_second = self.now_us - self.now_us % SECOND
        if not live:
            end_us = min(end_us, self.now_us - self.now_us % MINUTE)
        elif end_us >= this_second:
            end_us = this_second + SECOND  # as GetMetricData does: see requests.visible_end

        def bounds(period: int) -> tuple[int, int]:
            step = period * SECOND
            start = self.start_us - self.start_us % step
            return start, max(end_us, start + 1)

        return queries.Asked(
            self.service, self.store(region), self.now_us, bounds, end_us, minutes,
            lambda: self.shared(region),
        )  # fmt: skip
