"""Bill: what a stretch of a world's life would have cost on AWS, or what a month like now would.

Asks whoever meters (:class:`labkit.core.usage.Metered`), month by month, and has
:mod:`labkit.billing.pricing` price it. The bill shows itself as a picture and as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from labkit.billing import pricing
from labkit.billing.prices import PriceTable
from labkit.billing.pricing import Line, Period
from labkit.core.clock import HOUR, to_datetime, to_us
from labkit.core.usage import Metered, Usage
from labkit.views.drawing import Shown

if TYPE_CHECKING:
    from labkit.views.drawing import Drawing

#: A month "if it stays like this": as AWS's own calculators count one.
MONTH_HOURS = 730

MANAGEMENT = "cloudtrail.management_event"


@dataclass(frozen=True, eq=False, repr=False)
class Bill(Shown):
    """What something costs, line by line.

    Parameters
    ----------
    account:
        Whose bill.
    start, end:
        The stretch.
    month:
        Whether it is the projection of a month.
    lines:
        Item by item.
    as_of, region:
        Of the price table.
    """

    account: str
    start: datetime
    end: datetime
    month: bool
    lines: tuple[Line, ...]
    as_of: str
    region: str

    @property
    def exact(self) -> Fraction:
        """The total in dollars, unrounded."""
        return pricing.total(self.lines)

    @property
    def total(self) -> Decimal:
        """The total in dollars, to ten decimals."""
        return pricing.decimal(self.exact)

    def __getitem__(self, item: str) -> Line:
        """The line of an item of the price table (``bill["cloudwatch.custom_metric"]``)."""
        for line in self.lines:
            if line.price.item == item:
                return line
        raise KeyError(
            f"{item!r} is not on this bill; there are: {[x.price.item for x in self.lines]}"
        )

    @property
    def drawing(self) -> Drawing:
        """The bill as a picture."""
        from labkit.billing.views import bill

        return bill(self)

    def _repr_html_(self) -> str:
        return self.drawing.html

    def __str__(self) -> str:
        from labkit.billing.views import text

        return text(self)


@dataclass(frozen=True)
class Biller:
    """Makes bills out of what the services meter.

    Parameters
    ----------
    metered:
        Everybody who can say what was used.
    table:
        The prices.
    managed:
        Whether a call, by service and operation, is a management event.
    """

    metered: Sequence[Metered]
    table: PriceTable
    managed: Callable[[str, str], bool]

    def so_far(self, account: str, start_us: int, end_us: int) -> Bill:
        """The bill of ``(start_us, end_us]``; earlier usage of the same month has been billed."""
        periods = []
        for first_us, next_us in months(start_us, end_us):
            stop_us = min(end_us, next_us)
            before = self._used(account, first_us, max(start_us, first_us))
            until = self._used(account, first_us, stop_us)
            periods.append(Period((next_us - first_us) // HOUR, before, until))
        return self._bill(account, start_us, end_us, False, periods)

    def projected(self, account: str, now_us: int) -> Bill:
        """The bill of a month of 730 hours in which everything stays as it is."""
        found = [u for m in self.metered for u in m.per_hour(now_us)]
        hourly = self._items(account, found)
        until = {item: used * MONTH_HOURS for item, used in hourly.items()}
        end_us = now_us + MONTH_HOURS * HOUR
        return self._bill(account, now_us, end_us, True, [Period(MONTH_HOURS, {}, until)])

    def _bill(
        self, account: str, start_us: int, end_us: int, month: bool, periods: Sequence[Period]
    ) -> Bill:
        made = tuple(pricing.lines(self.table, periods))
        start, end = to_datetime(start_us), to_datetime(end_us)
        return Bill(account, start, end, month, made, self.table.as_of, self.table.region)

    def _used(self, account: str, start_us: int, end_us: int) -> dict[str, Fraction]:
        found = [u for m in self.metered for u in m.usage(start_us, end_us)]
        return self._items(account, found)

    def _items(self, account: str, found: Iterable[Usage]) -> dict[str, Fraction]:
        """Usage by item of the price table, all Regions together."""
        used: dict[str, Fraction] = {}
        for usage in found:
            if usage.account != account:
                continue
            service, colon, operation = usage.item.partition(":")
            if colon and self.managed(service, operation):
                used[MANAGEMENT] = used.get(MANAGEMENT, pricing.ZERO) + usage.quantity
            item = self.table.item_of(usage.item)
            if item is not None:
                used[item] = used.get(item, pricing.ZERO) + usage.quantity
        return used


def months(start_us: int, end_us: int) -> list[tuple[int, int]]:
    """The calendar months (UTC) that ``[start_us, end_us)`` touches: first instant, next one's."""
    found = []
    moment = to_datetime(start_us)
    year, month = moment.year, moment.month
    while True:
        first_us = to_us(datetime(year, month, 1, tzinfo=UTC))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        next_us = to_us(datetime(year, month, 1, tzinfo=UTC))
        found.append((first_us, next_us))
        if next_us >= end_us:
            return found
