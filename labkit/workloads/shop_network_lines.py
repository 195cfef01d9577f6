"""Lines of the network in front of the shop: flow log records, DNS queries, the machines' messages.

Flow log records have version 2's format, of intervals of one minute: customers at the load
balancer's two interfaces, the balancer at the machines', strangers who are rejected as on every
day, and an interface that nobody uses (NODATA). A ``scan`` is thousands of rejected records of a
few addresses, each for another port.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from labkit.core.clock import MINUTE, SECOND, to_datetime
from labkit.workloads.shop_faces import CUSTOMERS
from labkit.workloads.shop_figures import MACHINES
from labkit.workloads.shop_requests import WHY, Requests
from labkit.workloads.shop_site import (
    BALANCER,
    DNS_REGION,
    DOMAIN,
    SCANNERS,
    Lines,
    ShopSite,
    sorted_lines,
    version,
)
from labkit.workloads.shop_text import lines, pick, stamps

#: Ports that strangers try at any time, how many tries a minute, and from how many addresses.
_TRIED, _TRIES, _STRANGERS = (22, 23, 445, 3389, 5900, 8080), 4, 60
_PACKETS = 9  # of one request, both ways counted apart

_Part = tuple[np.ndarray, np.ndarray, pa.Array]


def flow_logs(site: ShopSite, served: Requests, first: int, last: int) -> Lines:
    """Flow log records of the minutes ``[first, last)``."""
    streams = (*site.balancer_interfaces, *site.machine_interfaces, site.idle_interface)
    names = tuple(f"{one}-all" for one in streams)
    book = _Records(site, streams)
    node = (served.number & np.uint64(1)).astype(np.int64)
    who = site.customers(served.number)
    size = site.whole("length", served.number, 400, 24_000) + 700
    key = (served.minute * 2 + node) * CUSTOMERS + who
    flows, count, total = _added(key, size)
    minute, node, who = flows // (2 * CUSTOMERS), flows // CUSTOMERS % 2, flows % CUSTOMERS
    port = 20_000 + (minute * 7919 + who * 131) % 40_000
    book.add(minute, node, pick(site.addresses, who), node, port, 443, count, total)
    machines = MACHINES["front"]
    key = (served.minute * 2 + (served.number & np.uint64(1)).astype(np.int64)) * machines
    flows, count, total = _added(key + served.machine, size)
    minute, node, machine = flows // (2 * machines), flows // machines % 2, flows % machines
    port = 1_024 + (minute * 31 + node * 7 + machine) % 30_000
    book.add(minute, machine + 2, pick(BALANCER, node), machine + 2, port, 8080, count, total)
    _strangers(book, site, first, last)
    idle = np.arange(first, last, dtype=np.int64) * MINUTE
    told = lines(
        f"2 {site.account} {site.idle_interface} - - - - - - - ",
        idle // SECOND, " ", idle // SECOND + 60, " - NODATA",
    )  # fmt: skip
    book.parts.append((idle, np.full(len(idle), len(streams) - 1), told))
    return sorted_lines("vpc-flow-logs", site.region, names, book.parts)


class _Records:
    """Collects flow log records."""

    def __init__(self, site: ShopSite, interfaces: tuple[str, ...]) -> None:
        self.site = site
        self.parts: list[_Part] = []
        self._interfaces = interfaces
        self._addresses = (*BALANCER, *site.machine_addresses, "10.0.0.99")

    def add(
        self,
        minute: np.ndarray,
        interface: np.ndarray,
        source: pa.Array,
        own: np.ndarray,
        port: np.ndarray,
        to: int | np.ndarray,
        count: np.ndarray,
        size: np.ndarray,
        action: str = "ACCEPT",
    ) -> None:
        """Records of flows to interfaces of the shop, one for each row."""
        ports = str(to) if isinstance(to, int) else to
        packets = count * _PACKETS if action == "ACCEPT" else count
        start_s = minute * 60 + port % 5
        texts = lines(
            f"2 {self.site.account} ",
            pick(self._interfaces, interface), " ", source, " ", pick(self._addresses, own), " ",
            port, " ", ports, " 6 ", packets, " ", size, " ",
            start_s, " ", start_s + 52, f" {action} OK",
        )  # fmt: skip
        self.parts.append((start_s * SECOND, interface, texts))


def _added(key: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different keys, how often each comes, and the sum of its sizes."""
    order = np.argsort(key, kind="stable")
    flows, begin, count = np.unique(key[order], return_index=True, return_counts=True)
    total = np.add.reduceat(size[order], begin) if len(flows) else size
    return flows, count, total


def _tries(per_minute: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """The minute of each try, and a number of its own for hashes."""
    several = per_minute.astype(np.int64)
    minute = np.repeat(np.arange(first, first + len(several), dtype=np.int64), several)
    place = np.arange(len(minute)) - np.repeat(np.cumsum(several) - several, several)
    return minute, (minute.astype(np.uint64) << np.uint64(20)) | place.astype(np.uint64)


def _strangers(book: _Records, site: ShopSite, first: int, last: int) -> None:
    minute, number = _tries(np.full(last - first, float(_TRIES)), first)
    node = (number & np.uint64(1)).astype(np.int64)
    rows = len(minute)
    source = lines(
        pa.array(["192.0.2."] * rows, pa.string()), site.whole("stranger", number, 1, _STRANGERS)
    )
    tried = np.array(_TRIED)[site.whole("tried", number, 0, len(_TRIED))]
    port = site.whole("from port", number, 30_000, 60_000)
    ones = np.ones(rows, dtype=np.int64)
    book.add(minute, node, source, node, port, tried, ones, ones * 44, "REJECT")
    minute, number = _tries(site.sizes("scan", "front", first, last), first)
    if not len(minute):
        return
    node = (number & np.uint64(1)).astype(np.int64)
    source = pick(SCANNERS, site.whole("scanner", number, 0, len(SCANNERS)))
    port = site.whole("scan from port", number, 30_000, 60_000)
    tried = site.whole("scanned", number, 1, 65_536)
    ones = np.ones(len(minute), dtype=np.int64)
    book.add(minute, node, source, node, port, tried, ones, ones * 44, "REJECT")


#: Edges of Route 53 and the resolvers that ask there.
_EDGES = ("FRA56-C1", "DUB56-P2", "IAD89-P1")
_RESOLVERS = tuple(f"198.51.100.{200 + n}" for n in range(24))
#: One request of so many comes after a question for the name.
_ASKS_ONE_IN = 16
_STRANGE_NAMES = ("admin", "vpn", "test", "dev", "staging", "jenkins", "git", "mail")


def route53(site: ShopSite, served: Requests, first: int, last: int) -> Lines:
    """The query log of the shop's zone: customers' questions, and a scan's for other names."""
    names = tuple(f"{site.zone}/{edge}" for edge in _EDGES)
    asks = np.flatnonzero(site.whole("asks", served.number, 0, _ASKS_ONE_IN) == 0)
    number, at_us = served.number[asks], served.start_us[asks]
    resolver = site.customers(number) % len(_RESOLVERS)
    wrong = site.share("typing", number) < 0.01
    edge = resolver % len(_EDGES)
    texts = lines(
        "1.0 ", stamps(at_us), f" {site.zone} ",
        pick([DOMAIN, f"wwww.{DOMAIN}"], wrong.astype(np.int64)),
        pick([" A ", " AAAA "], (site.share("kind", number) < 0.35).astype(np.int64)),
        pick(["NOERROR", "NXDOMAIN"], wrong.astype(np.int64)),
        pick([" UDP ", " TCP "], (site.share("carrier", number) < 0.02).astype(np.int64)),
        pick(_EDGES, edge), " ", pick(_RESOLVERS, resolver),
        pick([" -", " 203.0.113.0/24"], (site.share("subnet", number) < 0.3).astype(np.int64)),
    )  # fmt: skip
    parts: list[_Part] = [(at_us, edge, texts)]
    minute, number = _tries(np.ceil(site.sizes("scan", "front", first, last) / 20), first)
    if len(minute):
        at_us = minute * MINUTE + site.whole("asked at", number, 0, 60_000) * 1000
        edge = site.whole("asked where", number, 0, len(_EDGES))
        texts = lines(
            "1.0 ", stamps(at_us), f" {site.zone} ",
            pick(_STRANGE_NAMES, site.whole("strange", number, 0, len(_STRANGE_NAMES))),
            f".{DOMAIN} A NXDOMAIN UDP ", pick(_EDGES, edge), f" {SCANNERS[0]} -",
        )  # fmt: skip
        parts.append((at_us, edge, texts))
    return sorted_lines("route53", DNS_REGION, names, parts)


def messages(site: ShopSite, served: Requests, first: int, last: int) -> Lines:
    """``/var/log/messages`` of the machines, as the agent there sends it: few lines, one by one."""
    told: list[tuple[int, int, str]] = []
    scan = site.sizes("scan", "front", first, last)
    bad = np.unique(served.minute[served.why == WHY.index("bad_host")])
    for minute in bad.tolist():
        text = "nginx[1187]: write() failed (28: No space left on device) while buffering"
        told.append((minute * MINUTE + 31 * SECOND, served.bad_machine, text))
    for machine in range(len(site.instances)):
        for minute in range(first + -(first - machine) % 10, last, 10):
            text = f"CROND[{2000 + minute % 30_000}]: (root) CMD (/usr/local/bin/report-health)"
            told.append((minute * MINUTE + SECOND, machine, text))
        for place in np.flatnonzero(scan).tolist():
            minute = first + place
            for n in range(1 + minute % 3):
                port = 30_000 + (minute * 37 + n * 211 + machine) % 30_000
                text = (
                    f"sshd[{3000 + (minute + n) % 20_000}]: Failed password for root from "
                    f"{SCANNERS[n]} port {port} ssh2"
                )
                told.append((minute * MINUTE + (7 + 17 * n) * SECOND, machine, text))
    for service in MACHINES:
        number = 0
        for start, end, _ in site.spans("bad_deploy", service):
            for minute, what in ((start, "goes live"), (end, "is taken back")):
                number += 1
                release = version(number if what == "goes live" else number - 1)
                if first <= minute < last:
                    text = f"deploy[811]: release {release} of {service} {what}"
                    told.append((minute * MINUTE, 0, text))
    told.sort()
    at_us = np.array([one[0] for one in told], dtype=np.int64)
    hosts = [f"ip-{one.replace('.', '-')}" for one in site.machine_addresses]
    texts = [
        f"{to_datetime(at):%b} {to_datetime(at).day:2d} {to_datetime(at):%H:%M:%S} "
        f"{hosts[machine]} {text}"
        for at, machine, text in told
    ]
    stream = np.array([one[1] for one in told], dtype=np.int64)
    parts: list[_Part] = [(at_us, stream, pa.array(texts, pa.string()))]
    return sorted_lines("cloudwatch-agent", site.region, site.instances, parts)
