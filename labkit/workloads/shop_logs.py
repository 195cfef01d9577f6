"""What the shop logs, in seven formats: a past at once, and line by line as time passes.

Theory of operation
-------------------
The lines are made of the very requests that the shop's metrics count
(:mod:`labkit.workloads.shop_requests`), so both tell one story: where the metric ``Errors`` says
nine, nine lines of that minute have a status of 500 or more. A customer's request has one id
wherever it passes: nginx's line, the task's, the API's, and what the function says of it.

Minutes are made by themselves. A past is made in stretches, as columns; what is still to come is
told minute by minute as facts ``log.emitted``, at the minute's end. Both give the same bytes.

=================  ============================================  ================================
source             log group                                     streams
=================  ============================================  ================================
elasticbeanstalk   .../shop-front/var/log/nginx/access.log       the instances
ecs                /ecs/shop                                     shop/<service>/<task>
apigateway         /aws/apigateway/shop-payment                  one
lambda             /aws/lambda/shop-payment                      one for each environment
vpc-flow-logs      /shop/vpc-flow-logs                           <interface>-all
route53            /aws/route53/shop.teapot.example (us-east-1)  <zone>/<edge>
cloudwatch-agent   /shop/messages                                the instances
=================  ============================================  ================================
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from labkit.core.clock import MILLISECOND, MINUTE, Phase
from labkit.core.errors import LabError
from labkit.core.world import World
from labkit.workloads.shop_figures import SERVICES

if TYPE_CHECKING:
    from labkit.workloads.shop_figures import Shop, ShopFigures
    from labkit.workloads.shop_site import Lines

#: All sources, in the order in which they are written.
SOURCES = (
    "elasticbeanstalk", "ecs", "apigateway", "lambda", "vpc-flow-logs", "route53",
    "cloudwatch-agent",
)  # fmt: skip
#: Lines of a source for each request of its services, and how busy an average minute is.
_LINES = {"elasticbeanstalk": 1.0, "ecs": 1.0, "apigateway": 1.0, "lambda": 4.0,
          "vpc-flow-logs": 0.4, "route53": 0.06}  # fmt: skip
_OF_BUSIEST = 0.6
#: A past is made in stretches of so many minutes, so that memory stays bounded.
_STRETCH = 120


class ShopLogs:
    """The logs of the world's shops.

    Parameters
    ----------
    world:
        Clock, facts and ports; the handler ``shop.minute`` is registered here.
    figures:
        Whose requests are logged.
    seed:
        Of names, ids and whatever varies.
    """

    def __init__(self, world: World, figures: ShopFigures, seed: int) -> None:
        self._world = world
        self._figures = figures
        self._seed = seed
        #: (account, region) -> the sources that write there, and which beginning is meant.
        self._live: dict[tuple[str, str], tuple[str, ...]] = {}
        self._round = 0
        #: (account, region, source) -> its first written minute, and the one after the last.
        self._written: dict[tuple[str, str, str], tuple[int, int]] = {}
        world.clock.register("shop.minute", self._minute)

    def past(
        self, account: str, region: str, sources: Sequence[str], start_us: int, end_us: int
    ) -> Iterator[Lines]:
        """The lines of a stretch of time, whole minutes of it, that are not written yet.

        Parameters
        ----------
        account, region:
            Whose shop.
        sources:
            Some of :data:`SOURCES`.
        start_us, end_us:
            The stretch, microseconds: from the minute in which it begins, to the last one that is
            over at its end.

        Raises
        ------
        LabError
            When there is no shop there.
        """
        shop = self._shop(account, region)
        first, last = start_us // MINUTE, end_us // MINUTE
        stretches: dict[tuple[int, int], list[str]] = {}
        for source in sources:
            for part in self._left(account, region, source, first, last):
                stretches.setdefault(part, []).append(source)
        for source in sources:
            self._note(account, region, source, first, last)
        for (begin, end), those in sorted(stretches.items()):
            for low in range(begin, end, _STRETCH):
                high = min(low + _STRETCH, end)
                yield from lines_of(self._figures, shop, self._seed, those, low, high)

    def about(
        self, account: str, region: str, sources: Sequence[str], start_us: int, end_us: int
    ) -> int:
        """About how many lines a stretch of time has; nothing is made."""
        from labkit.workloads.shop_site import NEEDS

        shop = self._figures.shop(account, region)
        services = SERVICES if shop is None else shop.services
        busiest = sum(
            _LINES.get(source, 0.0) * SERVICES[name][0]
            for source in sources
            for name in NEEDS[source]
            if name in services
        )
        return int(busiest * _OF_BUSIEST * (end_us - start_us) / MINUTE)

    def written(self, account: str, region: str, sources: Sequence[str], at_us: int) -> bool:
        """Whether some of the sources have written about an instant already."""
        minute = at_us // MINUTE
        spans = (self._span(account, region, source) for source in sources)
        return any(low <= minute < high for low, high in spans)

    def _span(self, account: str, region: str, source: str) -> tuple[int, int]:
        """The minutes that a source has written; none when its group is gone."""
        from labkit.workloads.shop_site import DNS_REGION, GROUPS

        where, ports = DNS_REGION if source == "route53" else region, self._world.ports
        gone = ports.answered("log_group_exists") and not ports.log_group_exists(
            account, where, GROUPS[source]
        )
        if gone:
            self._written.pop((account, region, source), None)
        return self._written.get((account, region, source), (0, 0))

    def _left(
        self, account: str, region: str, source: str, first: int, last: int
    ) -> list[tuple[int, int]]:
        """What is not written of some minutes: before and after what is."""
        low, high = self._span(account, region, source)
        if low == high:
            return [(first, last)]
        parts = ((first, min(last, low)), (max(first, high), last))
        return [(begin, end) for begin, end in parts if begin < end]

    def _note(self, account: str, region: str, source: str, first: int, last: int) -> None:
        if first < last:
            low, high = self._written.get((account, region, source), (first, last))
            self._written[account, region, source] = min(low, first), max(high, last)

    def groups(self, account: str, region: str, sources: Sequence[str]) -> list[tuple[str, str]]:
        """(Region, log group) of some sources of a shop, as far as its services write there."""
        from labkit.workloads.shop_site import DNS_REGION, GROUPS

        services = self._shop(account, region).services
        return [
            (DNS_REGION if source == "route53" else region, GROUPS[source])
            for source in _written(sources, services)
        ]

    def live(self, account: str, region: str, sources: Sequence[str]) -> None:
        """Let a shop log from the present minute on, these sources and no others."""
        self._shop(account, region)
        self._live[account, region] = tuple(sources)
        self._round += 1
        if sources:
            self._wait(account, region, self._world.clock.now_us)

    def _wait(self, account: str, region: str, now_us: int) -> None:
        """Lines of a minute are there at its end."""
        begin_us = now_us // MINUTE * MINUTE
        named = {"account": account, "region": region, "round": self._round}
        self._world.clock.at(begin_us + MINUTE, Phase.DATA, "shop.minute", named, cause=())

    def _minute(self, payload: dict[str, Any]) -> None:
        """Clock handler: a minute is over."""
        account, region = payload["account"], payload["region"]
        if payload["round"] != self._round or not self._live.get((account, region)):
            return
        now_us = self._world.clock.now_us
        minute = now_us // MINUTE - 1
        shop, sources = self._shop(account, region), self._live[account, region]
        for told in lines_of(self._figures, shop, self._seed, sources, minute, minute + 1):
            self._tell(account, told)
            self._note(account, region, told.source, minute, minute + 1)
        self._wait(account, region, now_us)

    def _tell(self, account: str, told: Lines) -> None:
        """Facts, one for each stream, unless somebody deleted the group."""
        ports = self._world.ports
        if ports.answered("log_group_exists") and not ports.log_group_exists(
            account, told.region, told.group
        ):
            return
        at_ms = told.at_us // MILLISECOND * MILLISECOND
        events: dict[int, list[list[Any]]] = {}
        rows = zip(told.stream.tolist(), at_ms.tolist(), told.messages.to_pylist(), strict=True)
        for stream, at_us, text in rows:
            events.setdefault(stream, []).append([at_us, text])
        for stream in sorted(events):
            data = {
                "source": told.source,
                "log_group": told.group,
                "log_stream": told.streams[stream],
                "events": events[stream],
            }
            self._world.facts.publish("log.emitted", account, told.region, data)

    def _shop(self, account: str, region: str) -> Shop:
        shop = self._figures.shop(account, region)
        if shop is None:
            raise LabError(f"no shop reports in {account} {region}: open one (lab.shop.open())")
        return shop


def lines_of(
    figures: ShopFigures, shop: Shop, seed: int, sources: Sequence[str], first: int, last: int
) -> Iterator[Lines]:
    """The lines of some sources in the minutes ``[first, last)`` since the epoch."""
    from labkit.workloads import shop_network_lines, shop_payment_lines, shop_web_lines
    from labkit.workloads.shop_requests import requests
    from labkit.workloads.shop_site import ShopSite

    served = requests(figures, shop, seed, first, last)
    site = ShopSite(shop, seed)
    makers = {
        "elasticbeanstalk": lambda: shop_web_lines.beanstalk(site, served["front"]),
        "ecs": lambda: shop_web_lines.ecs(site, served),
        "apigateway": lambda: shop_payment_lines.apigateway(site, served["payment"]),
        "lambda": lambda: shop_payment_lines.function(site, served["payment"]),
        "vpc-flow-logs": lambda: shop_network_lines.flow_logs(
            site, served["front"], first, last
        ),
        "route53": lambda: shop_network_lines.route53(site, served["front"], first, last),
        "cloudwatch-agent": lambda: shop_network_lines.messages(
            site, served["front"], first, last
        ),
    }  # fmt: skip
    for source in _written(sources, shop.services):
        yield makers[source]()


def _written(sources: Sequence[str], services: Sequence[str]) -> list[str]:
    """Those of some sources for which a shop has the services."""
    from labkit.workloads.shop_site import NEEDS

    return [
        source
        for source in SOURCES
        if source in sources and any(name in services for name in NEEDS[source])
    ]
