"""Lines of what serves the shop's pages: nginx on Beanstalk's machines, tasks on ECS.

nginx's combined format behind a load balancer, with the time taken and the request's id behind::

    10.0.0.11 - - [05/Jan/2026:09:00:03 +0000] "GET /product/1041 HTTP/1.1" 200 5123 "-"
    "Mozilla/5.0 ..." "203.0.113.9" 0.062 7f6c3c0e-...

The tasks write one JSON object a line, and a traceback of several lines when a release is broken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.core.clock import MILLISECOND
from labkit.workloads.shop_requests import WHY, Requests
from labkit.workloads.shop_site import (
    AGENTS,
    BALANCER,
    Lines,
    ShopSite,
    sorted_lines,
    version,
)
from labkit.workloads.shop_text import decimals, lines, pick, stamps, times_of_day

if TYPE_CHECKING:
    import pyarrow as pa

#: What the front answers, by why it failed (:data:`WHY`): two statuses each.
_FAILED = (
    (200, 200), (500, 502), (504, 504), (500, 500), (500, 500), (503, 503), (503, 503), (503, 503),
    (500, 500),
)  # fmt: skip
#: What a broken release's requests fail of.
BROKEN = (WHY.index("bad_deploy"), WHY.index("bad_release"))
ASKED = ("POST /checkout", "POST /cart", "GET /product/", "GET /", "GET /search?q=teapot")
_OF_ROUTE = np.array([0, 1, 2])


def statuses(site: ShopSite, served: Requests, fine: np.ndarray) -> np.ndarray:
    """The HTTP status of each request: ``fine`` unless it failed."""
    table = np.array(_FAILED)
    coin = site.whole("status", served.number, 0, 2)
    return np.where(served.why == 0, fine, table[served.why, coin])


def pages(site: ShopSite, served: Requests) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the front was asked: a row of :data:`ASKED`, which product (0 for none, 1 for number
    1000), and the status of its answer."""
    number = served.number
    odd = site.share("page", number)
    asked = _OF_ROUTE[served.route]
    browsing = served.route == 2
    asked = np.where(browsing & (odd > 0.90), 3, asked)
    asked = np.where(browsing & (odd < 0.12), 4, asked)
    lost = (asked == 2) & (odd > 0.88)
    fine = np.where(lost, 404, np.where(served.route == 0, 303, 200))
    product = np.where(asked == 2, site.whole("product", number, 1, 401), 0)
    return asked, product, statuses(site, served, fine)


def lengths(site: ShopSite, number: np.ndarray, status: np.ndarray) -> np.ndarray:
    """How many bytes the front answered."""
    return np.where(status >= 400, 153 + status % 7, site.whole("length", number, 400, 24_000))


def beanstalk(site: ShopSite, served: Requests) -> Lines:
    """nginx's access log of the front."""
    number = served.number
    asked, product, status = pages(site, served)
    shown = pick(["", *map(str, range(1000, 1400))], product)
    who = site.customers(number)
    messages = lines(
        pick(BALANCER, (number & np.uint64(1)).astype(np.int64)),
        " - - [",
        times_of_day(served.end_us, "%d/%b/%Y:%H:%M:", " +0000"),
        '] "',
        pick(ASKED, asked),
        shown,
        ' HTTP/1.1" ',
        status,
        " ",
        lengths(site, number, status),
        ' "-" "',
        pick(AGENTS, who % len(AGENTS)),
        '" "',
        pick(site.addresses, who),
        '" ',
        decimals(served.ms.astype(np.int64), 3),
        " ",
        site.request_ids(number),
    )
    parts = [(served.end_us, served.machine, messages)]
    return sorted_lines("elasticbeanstalk", site.region, site.instances, parts)


#: service -> method, path, status and message when all is well, everyday's error.
WORK = {
    "catalogue": ("GET", "/products", 200, "product shown", "the search index was busy"),
    "cart": ("POST", "/carts", 200, "cart changed", "could not store the cart"),
    "checkout": ("POST", "/orders", 201, "order placed", "the payment was not made"),
}
_MESSAGES = {
    "timeouts": "no answer within 15 s, given up",
    "bad_deploy": "KeyError: 'eur'",
    "bad_host": "no space left on device",
    "failing": "connection refused by the database",
    "throttled_table": "ProvisionedThroughputExceededException after 3 tries",
    "bad_zone": "no route to host",
    "bad_release": "KeyError: 'eur'",
}


def ecs(site: ShopSite, served: dict[str, Requests]) -> Lines:
    """What the tasks of catalogue, cart and checkout write to their standard output."""
    streams: list[str] = []
    parts: list[tuple[np.ndarray, np.ndarray, pa.Array]] = []
    for service, (method, path, good, well, usual) in WORK.items():
        if service not in served:
            continue
        those = served[service]
        release = site.releases_of(service, those.number)
        several = sorted(set(release.tolist())) or [0]
        stream = np.zeros(len(those), dtype=np.int64)
        for one in several:
            mine = release == one
            stream[mine] = len(streams) + those.machine[mine]
            streams += [f"shop/{service}/{task}" for task in site.tasks(service, one)]
        status = statuses(site, those, np.full(len(those), good))
        said = [well, usual, *(_MESSAGES[kind] for kind in WHY[2:])]
        ids = site.request_ids(those.number)
        messages = lines(
            '{"time":"',
            stamps(those.end_us),
            pick(['","level":"INFO"', '","level":"ERROR"'], (those.why > 0).astype(np.int64)),
            f',"service":"{service}","version":"',
            pick([version(one) for one in range(several[-1] + 1)], release),
            '","requestId":"',
            ids,
            f'","method":"{method}","path":"{path}","status":',
            status,
            ',"ms":',
            those.ms.astype(np.int64),
            ',"customer":"c-',
            1000 + site.customers(those.number),
            '","message":"',
            pick(said, those.why.astype(np.int64)),
            '"}',
        )
        parts.append((those.end_us, stream, messages))
        broken = np.flatnonzero(np.isin(those.why, BROKEN))
        if len(broken):
            at_us = those.end_us[broken] + MILLISECOND
            trace = lines(stamps(at_us), " ERROR requestId=", ids.take(broken), _trace(service))
            parts.append((at_us, stream[broken], trace))
    return sorted_lines("ecs", site.region, tuple(streams), parts)


def _trace(service: str) -> str:
    return (
        "\nTraceback (most recent call last):\n"
        f'  File "/app/{service}/server.py", line 61, in answer\n'
        "    return handle(request)\n"
        f'  File "/app/{service}/prices.py", line 87, in total\n'
        '    return sum(item["eur"] for item in items)\n'
        "KeyError: 'eur'"
    )
