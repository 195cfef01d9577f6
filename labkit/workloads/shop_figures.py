"""What the services of a web shop say of themselves: requests, errors, latency; orders by shop.

Theory of operation
-------------------
Five services serve Teapot's customers. Each publishes ``Requests``, ``Errors`` and ``Latency`` with
the dimension ``service``; the checkout publishes ``Orders`` with the dimension ``shop`` as well.
All of it is pulled (:mod:`labkit.core.sources`): a minute's numbers are a pure function of the
seed, the minute and the incidents that were applied.

1. **Requests** follow the hour (few customers at night, fewer on Saturdays and Sundays).
2. **Errors** are a share of the requests, worked out for each five minutes and spread over them, so
   that a quiet night has one error now and then. Payment's share is the largest: cards are declined
   every day. Nobody can tell by the *number* whether people can pay: noon has as many errors on a
   good day as the night has payments.
3. **Latency** is told as ten values a minute with their counts, so percentiles work. The nightly
   stock-taking makes everything slower for some minutes; a single straggler takes nine seconds in
   one minute of ten by day.
4. An **incident** befalls one service: ``failing`` (percent of its requests fail), ``slow`` (all of
   them take so many times as long), ``slow_share`` (percent of them wait four seconds),
   ``timeouts`` (percent of them take fifteen seconds and fail), ``bad_deploy`` and ``bad_host``
   (percent of those of one release, of one machine fail). ``slow_table`` and ``throttled_table``
   are about the table behind a service, ``bad_release`` about a release that one customer in ten
   gets, ``bad_zone`` about the machines of one availability zone. A ``scan`` shows in logs only.
   A ``retry_storm`` shows in traces only: **latency is a service's own time**; what it waits for
   the services that it calls is not in it.
5. An incident of a **page** (a banner over the button) shows in the orders alone: the request that
   a customer can't send is nobody's error. (The payment goes on counting: an approximation.)
6. What the shop logs is the same traffic (:meth:`ShopFigures.traffic`): a minute has as many lines
   with a status of 500 or more as the metric has errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.core.clock import MINUTE, to_us
from labkit.core.errors import LabError
from labkit.core.facts import Facts
from labkit.core.sources import Points, Series
from labkit.workloads.incidents import Incident
from labkit.workloads.latencies import CAUGHT_MS, SHAPE, STRAGGLER_MS
from labkit.workloads.shop_faults import stops_orders

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np

#: service -> (requests a minute in the busiest hour, usual response time in ms, percent of errors)
SERVICES = {
    "front": (2400, 60.0, 1.5),
    "catalogue": (1500, 90.0, 2.0),
    "cart": (600, 110.0, 0.4),
    "checkout": (300, 180.0, 0.5),
    "payment": (300, 220.0, 3.0),
}
METRICS = ("Requests", "Errors", "Latency")
#: How many machines (instances, tasks) serve; the payment is a function and has none.
MACHINES = {"front": 4, "catalogue": 3, "cart": 2, "checkout": 2}
#: What fails requests besides everyday's errors, in the order in which it gets its share.
FAILING = (
    "timeouts", "bad_deploy", "bad_host", "failing", "throttled_table", "bad_zone", "bad_release",
)  # fmt: skip
#: The part of a service's own time that its table takes, of those that have one.
TABLE_SHARE = {"catalogue": 0.3, "cart": 0.3, "checkout": 0.3, "payment": 0.15}
#: What service calls which: the front all but the payment, which the checkout calls.
CALLED = ("catalogue", "cart", "checkout", "payment")
#: How long a request takes that runs into its time limit, milliseconds.
TIMEOUT_MS = 15_000.0
#: Customers by hour of the day, as shares of the busiest hour.
RHYTHM = (0.10, 0.06, 0.03, 0.025, 0.025, 0.05, 0.15, 0.35, 0.60, 0.80, 0.92, 0.98,
          1.0, 0.95, 0.88, 0.85, 0.88, 0.92, 0.97, 0.98, 0.85, 0.62, 0.38, 0.20)  # fmt: skip
#: Shares of the orders, largest shop first.
SHOP_SHARES = (0.5, 0.3, 0.2)
#: Whom an incident can befall that can't befall every service.
_TARGETS: dict[str, Iterable[str]] = {
    "bad_host": MACHINES, "bad_zone": MACHINES, "scan": MACHINES, "retry_storm": CALLED,
    "slow_table": TABLE_SHARE, "throttled_table": TABLE_SHARE,
}  # fmt: skip
_WEEKEND, _DAY_MINUTES, _BLOCK = 0.75, 1440, 5
#: The stock-taking: minutes of the day, and how many times as slow.
_STOCK_TAKING, _STOCK_TAKING_SLOW = (180, 220), 1.6


@dataclass(slots=True)
class Shop:
    """One shop's metrics in one account and region.

    Parameters
    ----------
    account, region, namespace:
        Where they are found.
    shops:
        Values of the dimension ``shop``, largest first; three at most.
    services:
        Which services report here; all of them, unless one has an account of its own.
    incidents:
        What has befallen or will befall.
    changes:
        How often that has changed.
    """

    account: str
    region: str
    namespace: str
    shops: Sequence[str]
    services: Sequence[str] = tuple(SERVICES)
    incidents: list[Incident] = field(default_factory=list)
    changes: int = 0

    def series(self) -> list[Series]:
        """All its metrics."""
        found = [
            Series(self.namespace, metric, (("service", service),))
            for service in self.services
            for metric in METRICS
        ]
        if "checkout" in self.services:
            found += [Series(self.namespace, "Orders", (("shop", name),)) for name in self.shops]
        return found


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a service did in some minutes, in figures; one row for each minute.

    Parameters
    ----------
    requests, usual:
        How many requests, and how many of them failed as on every day.
    failed:
        Kind of incident -> how many failed of it.
    times, counts:
        Response times in milliseconds (a row of some values for each minute, those that ran into
        the time limit first) and how many requests had each; together as many as there were.
    """

    requests: np.ndarray
    usual: np.ndarray
    failed: Mapping[str, np.ndarray]
    times: np.ndarray
    counts: np.ndarray


class ShopFigures:
    """The figures of the world's shops: a pulled source.

    Parameters
    ----------
    seed:
        Decides all that varies.
    facts:
        Where ``metric.changed`` is told when an incident comes up.
    """

    #: The incidents that can befall a service.
    KINDS: ClassVar[frozenset[str]] = frozenset(
        {*FAILING, "slow", "slow_share", "slow_table", "retry_storm", "scan"}
    )

    def __init__(self, seed: int, facts: Facts) -> None:
        self._seed = seed
        self._facts = facts
        self._shops: list[Shop] = []
        self._of: dict[tuple[str, str, Series], Shop] = {}
        self._incidents: list[Incident] = []
        #: Of pages: the services know nothing of them.
        self._pages: list[Incident] = []

    def open(
        self,
        account: str,
        region: str,
        namespace: str = "Shop",
        shops: Sequence[str] = ("berlin", "bremen"),
        services: Sequence[str] | None = None,
    ) -> None:
        """A shop that reports from now on, and always has.

        Raises
        ------
        LabError
            For a service that there is not, or more shops than three.
        """
        chosen = tuple(SERVICES) if services is None else tuple(services)
        unknown = [name for name in chosen if name not in SERVICES]
        if unknown or not 1 <= len(shops) <= len(SHOP_SHARES):
            raise LabError(
                f"a shop has services among {', '.join(SERVICES)} and one to three names; "
                f"not {', '.join(unknown) or len(shops)}"
            )
        made = Shop(account, region, namespace, tuple(shops), chosen, list(self._incidents))
        made.incidents += self._pages
        self._shops.append(made)
        for one in made.series():
            self._of[account, region, one] = made

    def knows(self, incident: Incident) -> bool:
        """Whether an incident is about one of the shop's services."""
        return incident.kind in self.KINDS and incident.target in _TARGETS.get(
            incident.kind, SERVICES
        )

    def apply(self, incident: Incident | Mapping[str, Any]) -> None:
        """Let an incident befall a service, in every account in which it reports.

        Raises
        ------
        LabError
            When there is no such service.
        """
        if not isinstance(incident, Incident):
            incident = Incident(**incident)
        if not self.knows(incident):
            raise LabError(
                f"{incident.kind} of {incident.target!r} can't befall the shop: it has the "
                f"services {', '.join(SERVICES)} and the incidents {', '.join(sorted(self.KINDS))}"
            )
        self._incidents.append(incident)
        for shop in self._shops:
            shop.incidents.append(incident)
        self._tell(incident, orders=incident.target == "payment")

    def mend(self, before: Incident, after: Incident) -> None:
        """Put one incident in the place of another of the same service: it has an end now."""
        self._incidents[self._incidents.index(before)] = after
        for shop in self._shops:
            shop.incidents[shop.incidents.index(before)] = after
        self._tell(after, orders=after.target == "payment")

    def hinder(self, incident: Incident) -> None:
        """Let an incident of a page keep customers from buying; others are passed over.

        A request that a browser never sends is missing nowhere but among the orders.
        """
        if stops_orders(incident):
            self._pages.append(incident)
            for shop in self._shops:
                shop.incidents.append(incident)
            self._tell(incident, orders=True)

    def _tell(self, incident: Incident, *, orders: bool) -> None:
        """What befalls the shops is another: whoever looked ahead looks again."""
        for shop in self._shops:
            shop.changes += 1
            changed = [("service", incident.target)] if self.knows(incident) else []
            changed += [("shop", name) for name in shop.shops if orders]
            for dimension, value in changed:
                self._facts.publish(
                    "metric.changed", shop.account, shop.region,
                    {"namespace": shop.namespace, "dimension": dimension, "value": value},
                )  # fmt: skip

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What has befallen or will befall the services."""
        return tuple(self._incidents)

    def past(self, kind: str, service: str, start: datetime, end: datetime, size: float) -> None:
        """An incident of the time before the world began: a prepared world has one."""
        self.apply(Incident(kind, service, start, end, size))

    # -- the source
    def series(self, account: str, region: str, now_us: int) -> Iterable[Series]:
        """The metrics of the account's shops."""
        return [one for (whose, where, one) in self._of if (whose, where) == (account, region)]

    def has(self, account: str, region: str, series: Series) -> bool:
        """Whether ``series`` is a metric of a shop."""
        return (account, region, series) in self._of

    def version(self, account: str, region: str, series: Series) -> int:
        """Changes with every incident."""
        return self._of[account, region, series].changes

    def points(
        self, account: str, region: str, series: Series, start_us: int, end_us: int
    ) -> Points:
        """The minutes that begin in the stretch."""
        import numpy as np

        shop = self._of[account, region, series]
        first = -(-start_us // MINUTE)
        last = max(-(-end_us // MINUTE), first)
        # Whole blocks of five minutes are worked out, then cut.
        low, high = first - first % _BLOCK, last + -last % _BLOCK
        cut = slice(first - low, last - low)
        _, value = series.dimensions[0]
        counts = None
        if series.name == "Latency":
            stamps, values, counts = self._latency(shop, value, low, high, cut)
            return Points(stamps, values, stamps + MINUTE, "Milliseconds", counts)
        if series.name == "Requests":
            values = self._requests(shop, value, low, high)
        elif series.name == "Errors":
            values = self._errors(shop, value, low, high)
        else:
            values = self._orders(shop, value, low, high)
        stamps = np.arange(first, last, dtype=np.int64) * MINUTE
        return Points(stamps, values[cut], stamps + MINUTE, "Count")

    def _noise(self, what: str, service: str, first: int, last: int) -> np.ndarray:
        from labkit.workloads.noise import key_of, uniform

        return uniform(key_of(self._seed, "shop", service, what), first, last)

    def _requests(self, shop: Shop, service: str, low: int, high: int) -> np.ndarray:
        import numpy as np

        minutes = np.arange(low, high, dtype=np.int64)
        rhythm = np.array(RHYTHM)
        hour, part = minutes // 60 % 24, minutes % 60 / 60
        level = rhythm[hour] * (1 - part) + rhythm[(hour + 1) % 24] * part
        # The epoch began on a Thursday.
        weekend = np.where((minutes // _DAY_MINUTES + 3) % 7 >= 5, _WEEKEND, 1.0)
        noise = 1 + 0.06 * self._noise("requests", service, low, high)
        return np.maximum(np.floor(SERVICES[service][0] * level * weekend * noise), 1.0)

    def _errors(self, shop: Shop, service: str, low: int, high: int) -> np.ndarray:
        requests = self._requests(shop, service, low, high)
        errors = self._usual(service, requests, low, high)
        for more in self._failed(shop, service, requests, errors, low, high).values():
            errors = errors + more
        return errors

    def _usual(self, service: str, requests: np.ndarray, low: int, high: int) -> np.ndarray:
        """How many requests fail in each minute when nothing is wrong."""
        import numpy as np

        blocks = requests.reshape(-1, _BLOCK)
        expected = blocks.sum(axis=1) * SERVICES[service][2] / 100
        drawn = (self._noise("errors", service, low // _BLOCK, high // _BLOCK) + 1) / 2
        several = np.floor(expected + drawn)
        begin = (self._noise("which minute", service, low // _BLOCK, high // _BLOCK) + 1) / 2
        share = np.cumsum(blocks, axis=1) / blocks.sum(axis=1)[:, None]
        upto = np.floor(several[:, None] * share + begin[:, None])
        usual = np.diff(upto, axis=1, prepend=np.floor(begin)[:, None]).reshape(-1)
        return np.minimum(usual, requests)

    def _failed(
        self, shop: Shop, service: str, requests: np.ndarray, usual: np.ndarray, low: int, high: int
    ) -> dict[str, np.ndarray]:
        """How many requests fail of each incident; no request fails twice."""
        import numpy as np

        found: dict[str, np.ndarray] = {}
        left = requests - usual
        befallen = {one.kind for one in shop.incidents if one.target == service}
        for kind in FAILING:
            if kind in befallen:
                size = self._befallen(shop, service, kind, low, high)
                if kind == "bad_release":
                    meant = self._of_release(shop, service, requests, size, low)
                else:
                    meant = np.floor(self._meant(kind, service, requests) * size / 100 + 0.5)
                found[kind] = np.minimum(meant, left)
                left = left - found[kind]
        return found

    def _meant(self, kind: str, service: str, requests: np.ndarray) -> np.ndarray:
        """The requests among which an incident of a kind has its share."""
        from labkit.workloads.shop_faces import ZONES, bad_zone

        if kind not in ("bad_host", "bad_zone"):
            return requests
        machines = range(MACHINES[service])
        bad = [n for n in machines if n % len(ZONES) == bad_zone(self._seed)]
        return requests // len(machines) * (len(bad) if kind == "bad_zone" else 1)

    def _of_release(
        self, shop: Shop, service: str, requests: np.ndarray, size: np.ndarray, low: int
    ) -> np.ndarray:
        """How many requests are of customers with the bad release, and fail of it."""
        import numpy as np

        from labkit.workloads.shop_faces import numbers, of_bad_release

        several = np.where(size > 0, requests, 0).astype(np.int64)
        row = np.repeat(np.arange(len(several)), several)
        first = self._first(shop, service, low, low + len(several))
        place = np.arange(len(row)) - np.repeat(np.cumsum(several) - several, several) + first[row]
        failing = of_bad_release(self._seed, service, numbers(low + row, place), size[row])
        return np.bincount(row[failing], minlength=len(several)).astype(np.float64)

    def _first(self, shop: Shop, service: str, low: int, high: int) -> np.ndarray:
        """The first of a service's requests among all numbers of each minute."""
        import numpy as np

        from labkit.workloads.shop_faces import first_places

        counts = {
            name: self._requests(shop, name, low, high).astype(np.int64) for name in shop.services
        }
        return first_places(counts, high - low)[service]

    def _orders(self, shop: Shop, name: str, low: int, high: int) -> np.ndarray:
        import numpy as np

        paid = self._requests(shop, "payment", low, high)
        paid = paid - self._errors(shop, "payment", low, high)
        drawn = (self._noise("orders", name, low, high) + 1) / 2
        orders = np.floor(paid * SHOP_SHARES[list(shop.shops).index(name)] + drawn)
        for one in shop.incidents:
            if stops_orders(one):
                orders[self._minutes(one, low, high)] = 0
        return orders

    def _latency(
        self, shop: Shop, service: str, low: int, high: int, cut: slice
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Timestamps, values in milliseconds, and how many requests had each."""
        import numpy as np

        minutes = np.arange(low, high, dtype=np.int64)[cut]
        values, counts = self._times(shop, service, low, high, cut)
        keep = counts > 0
        stamps = np.broadcast_to((minutes * MINUTE)[:, None], counts.shape)[keep]
        return stamps, values[keep], counts[keep]

    def _times(
        self, shop: Shop, service: str, low: int, high: int, cut: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        """Response times and their counts, a row for each minute: time limit, usual ones, caught,
        straggler (one more than there are requests)."""
        import numpy as np

        minutes = np.arange(low, high, dtype=np.int64)[cut]
        requests = self._requests(shop, service, low, high)
        usual = self._usual(service, requests, low, high)
        failed = self._failed(shop, service, requests, usual, low, high)
        requests = requests[cut]
        timed = failed["timeouts"][cut] if "timeouts" in failed else np.zeros_like(requests)
        level = SERVICES[service][1] * (1 + 0.1 * self._noise("level", service, low, high)[cut])
        of_day = minutes % _DAY_MINUTES
        begin, end = _STOCK_TAKING
        level *= np.where((of_day >= begin) & (of_day < end), _STOCK_TAKING_SLOW, 1.0)
        slow = self._befallen(shop, service, "slow", low, high)[cut]
        level *= np.where(slow > 0, slow, 1.0)
        if service in TABLE_SHARE:
            slow = self._befallen(shop, service, "slow_table", low, high)[cut]
            level *= np.where(slow > 0, 1 + TABLE_SHARE[service] * (slow - 1), 1.0)
        values = np.empty((len(minutes), len(SHAPE) + 3))
        counts = np.zeros_like(values)
        values[:, 0], counts[:, 0] = TIMEOUT_MS, timed
        quick = requests - timed
        upto = np.floor(quick[:, None] * np.cumsum([share for _, share in SHAPE]) + 1e-9)
        counts[:, 1:-2] = np.diff(upto, axis=1, prepend=0)
        counts[:, 4] += quick - upto[:, -1]
        values[:, 1:-2] = level[:, None] * np.array([times for times, _ in SHAPE])
        share = self._befallen(shop, service, "slow_share", low, high)[cut]
        caught = np.minimum(np.ceil(requests * share / 100), counts[:, 4])
        counts[:, 4] -= caught
        values[:, -2], counts[:, -2] = CAUGHT_MS, caught
        values[:, -1] = STRAGGLER_MS
        straggles = self._noise("straggler", service, low, high)[cut] < -0.8
        counts[:, -1] = straggles & (requests >= 150)
        return values, counts

    def shop(self, account: str, region: str) -> Shop | None:
        """The shop that reports in an account and Region; the first of several."""
        here = (one for one in self._shops if (one.account, one.region) == (account, region))
        return next(here, None)

    def traffic(self, shop: Shop, service: str, first: int, last: int) -> Traffic:
        """What a service does in the minutes ``[first, last)`` since the epoch."""
        import numpy as np

        low, high = first - first % _BLOCK, last + -last % _BLOCK
        cut = slice(first - low, last - low)
        requests = self._requests(shop, service, low, high)
        usual = self._usual(service, requests, low, high)
        failed = self._failed(shop, service, requests, usual, low, high)
        times, counts = self._times(shop, service, low, high, cut)
        # The straggler is one of the requests here, instead of one of the most frequent time.
        straggler = np.minimum(counts[:, -1], counts[:, 4])
        counts[:, 4] -= straggler
        counts[:, -1] = straggler
        return Traffic(
            requests[cut], usual[cut], {kind: n[cut] for kind, n in failed.items()}, times, counts
        )

    def _befallen(self, shop: Shop, service: str, kind: str, low: int, high: int) -> np.ndarray:
        """The size of the incident of a kind in each minute, 0 where there is none."""
        import numpy as np

        size = np.zeros(high - low)
        for one in shop.incidents:
            if (one.kind, one.target) == (kind, service):
                size[self._minutes(one, low, high)] = one.size
        return size

    def _minutes(self, one: Incident, low: int, high: int) -> slice:
        """The places of an incident's minutes among the minutes ``[low, high)``."""
        begin = to_us(one.start) // MINUTE - low
        end = high - low if one.end is None else to_us(one.end) // MINUTE - low
        return slice(max(begin, 0), max(end, 0))
