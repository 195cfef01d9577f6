"""The shop's traces: the requests of its metrics and logs, as the segments that its parts send.

Theory of operation
-------------------
Traces are pulled (:mod:`labkit.core.traces`). What is made of a minute are its requests
(:mod:`labkit.workloads.shop_requests`): who came when, how long each service took, what failed and
where. Each part tells its side of it, as it would tell X-Ray:

================  ===============================================  ================================
who               what it sends                                    whom it calls
================  ===============================================  ================================
load balancer     nothing: it adds the header with ``Root``        front
front             a segment (Elastic Beanstalk)                    catalogue, cart or checkout
catalogue, cart   a segment each (ECS)                             a table, the SQL database
checkout          a segment (ECS)                                  payment, table, SQL, SNS, SQS
shop-payment/prod a segment (API Gateway's stage)                  the function
shop-payment      two segments (Lambda's, and the function's)      the acquirer, a table
packing           a trace of its own, linked: it reads the queue   nobody
================  ===============================================  ================================

1. **Who decides.** The first that can: the front, for a request of a customer. What it decided
   goes along in the header, which ``metadata`` shows as each had it. A request that did not come
   through the front is another program's (a few are): these have decided not to trace.
2. **Two kinds of time.** The figures and the log lines of a service tell its *own* time. Its
   segment lasts longer by what it waits for the services that it calls: five lines that are all
   fast may be one slow request. Of those who call nobody both are the same.
3. **Instants** are the logs': a segment begins when its request came in.
4. **Failures** are the logs' too, with the same status. The front answers many a customer kindly
   while the checkout behind it has failed, as its log has it.
5. An incident is seen where it is: the table's subsegment is slow or throttled, the database does
   not answer, the acquirer refuses; a caller gets no connection and tries again.

Execution environments of the payment's function are made ready ahead, so no request here shows an
``Initialization``; functions that run in the lab do.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from labkit.core.clock import HOUR, MINUTE
from labkit.core.traces import Sampling, all_of_them, without_rules
from labkit.core.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from labkit.core.traces import Arrivals
    from labkit.workloads.shop_figures import Shop, ShopFigures
    from labkit.workloads.shop_site import ShopSite
    from labkit.workloads.shop_trace_rows import Rows
    from labkit.workloads.traced_places import TracedPlaces

_FOREVER = 1 << 62
#: Traces are counted in stretches of so many minutes.
_STRETCH = 60


@dataclass(slots=True)
class _Span:
    """A stretch of time in which a shop sends traces: of all requests, or of sampled ones."""

    start_us: int
    end_us: int
    everything: bool


class ShopTraces:
    """The traces of the world's shops: a pulled source, and metered.

    Whether somebody has looked at a trace makes no difference to the bill: those that nobody has
    asked for are counted (and the counts kept), not made.

    Parameters
    ----------
    figures:
        Whose requests are traced.
    seed:
        Of ids and of whatever varies.
    """

    def __init__(self, figures: ShopFigures, seed: int) -> None:
        self._figures = figures
        self._seed = seed
        #: Says which requests are traced; the lab connects X-Ray's rules here.
        self.sampling: Sampling = without_rules
        #: Where the shop's services run, and so whose segments arrive.
        self.places: TracedPlaces | None = None
        self._spans: dict[tuple[str, str], list[_Span]] = {}
        #: How many traces began in each minute, as far as anybody has asked.
        self._counts: dict[tuple[str, str], dict[int, int]] = {}

    def begin(
        self, account: str, region: str, start_us: int, now_us: int, everything: bool, live: bool
    ) -> None:
        """Let a shop send traces from an instant on.

        Parameters
        ----------
        account, region:
            Whose shop.
        start_us, now_us:
            From when on, and the present; what was said of times before the present stays.
        everything:
            Whether all requests are traced, whatever the rules say.
        live:
            Whether it goes on after the present.
        """
        spans = self._spans.setdefault((account, region), [])
        self._counts.pop((account, region), None)
        first = min([one.start_us for one in spans] + [now_us])
        for one in spans:
            one.end_us = min(one.end_us, now_us)
        if start_us < first:
            spans.append(_Span(start_us, first, everything))
        if live:
            spans.append(_Span(now_us, _FOREVER, everything))

    def told(self, account: str, region: str, at_us: int) -> bool:
        """Whether requests of an instant are traced already."""
        spans = self._spans.get((account, region), ())
        return any(one.start_us <= at_us < one.end_us for one in spans)

    def segments(
        self, account: str, region: str, start_us: int, end_us: int
    ) -> list[dict[str, Any]]:
        """The documents of the requests that came in within ``[start_us, end_us)``."""
        from labkit.workloads.shop_segments import documents

        made = [
            document
            for site, found in self._chosen(account, region, start_us, end_us)
            for document in documents(site, found)
        ]
        places = self.places
        return [one for one in made if places.heard(account, region, one)] if places else made

    def _chosen(
        self, account: str, region: str, start_us: int, end_us: int
    ) -> Iterator[tuple[ShopSite, dict[str, Rows]]]:
        shop = self._figures.shop(account, region)
        for one in sorted(self._spans.get((account, region), ()), key=lambda one: one.start_us):
            low, high = max(start_us, one.start_us), min(end_us, one.end_us)
            if shop is not None and low < high:
                sampling = all_of_them if one.everything else self.sampling
                yield self._between(shop, low, high, sampling)

    def arrivals(self, account: str, region: str, start_us: int, end_us: int) -> list[Arrivals]:
        """The requests that came in within ``[start_us, end_us)`` and that rules decided about."""
        shop = self._figures.shop(account, region)
        seen: list[Arrivals] = []

        def see(account: str, region: str, some: Arrivals) -> np.ndarray:
            seen.append(some)
            return self.sampling(account, region, some)

        for one in sorted(self._spans.get((account, region), ()), key=lambda one: one.start_us):
            low, high = max(start_us, one.start_us), min(end_us, one.end_us)
            if shop is not None and low < high and not one.everything:
                self._between(shop, low, high, see)
        return seen

    def _between(
        self, shop: Shop, start_us: int, end_us: int, sampling: Sampling
    ) -> tuple[ShopSite, dict[str, Rows]]:
        from labkit.workloads.shop_requests import requests
        from labkit.workloads.shop_site import ShopSite
        from labkit.workloads.shop_trace_rows import chosen

        first, last = start_us // MINUTE, -(-end_us // MINUTE)
        served = requests(self._figures, shop, self._seed, first, last)
        site = ShopSite(shop, self._seed)
        return site, chosen(site, served, sampling, start_us, end_us)

    # -- metered
    def usage(self, start_us: int, end_us: int) -> Iterator[Usage]:
        """The traces of the minutes that ended within ``(start_us, end_us]``."""
        for (account, region), spans in self._spans.items():
            first = max(start_us, min(one.start_us for one in spans)) // MINUTE
            last = end_us // MINUTE
            if first < last:
                many = sum(self._counted(account, region, first, last))
                yield Usage("xray.recorded", account, region, Fraction(many))

    def per_hour(self, now_us: int) -> Iterator[Usage]:
        """As many as in the last hour, where it goes on."""
        for used in self.usage(now_us - HOUR, now_us):
            if self.told(used.account, used.region, now_us):
                yield used

    def _counted(self, account: str, region: str, first: int, last: int) -> list[int]:
        """How many traces began in each of the minutes ``[first, last)``."""
        import numpy as np

        known = self._counts.setdefault((account, region), {})
        for low in range(first, last, _STRETCH):
            high = min(low + _STRETCH, last)
            if all(minute in known for minute in range(low, high)):
                continue
            many = np.zeros(high - low, dtype=np.int64)
            for _, found in self._chosen(account, region, low * MINUTE, high * MINUTE):
                for rows in found.values():
                    began = rows.minute[rows.called < 0] - low
                    many += np.bincount(began, minlength=high - low)
                    if rows.service == "checkout":  # whose orders are packed in traces of their own
                        packed = rows.minute[rows.status < 300] - low
                        many += np.bincount(packed, minlength=high - low)
            known.update(zip(range(low, high), many.tolist(), strict=True))
        return [known[minute] for minute in range(first, last)]
