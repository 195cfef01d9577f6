"""The shop as its logs see it: machines, addresses, tasks, log groups, customers, releases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from labkit.core.clock import MINUTE, to_us
from labkit.workloads import noise, shop_faces
from labkit.workloads.shop_figures import MACHINES, Shop

if TYPE_CHECKING:
    import pyarrow as pa

#: Source -> its log group. The DNS queries' is in us-east-1, wherever the shop is, as AWS has it.
GROUPS = {
    "elasticbeanstalk": "/aws/elasticbeanstalk/shop-front/var/log/nginx/access.log",
    "ecs": "/ecs/shop",
    "apigateway": "/aws/apigateway/shop-payment",
    "lambda": "/aws/lambda/shop-payment",
    "vpc-flow-logs": "/shop/vpc-flow-logs",
    "route53": "/aws/route53/shop.teapot.example",
    "cloudwatch-agent": "/shop/messages",
}
#: Source -> the services of which it writes.
NEEDS = {
    "elasticbeanstalk": ("front",),
    "ecs": ("catalogue", "cart", "checkout"),
    "apigateway": ("payment",),
    "lambda": ("payment",),
    "vpc-flow-logs": ("front",),
    "route53": ("front",),
    "cloudwatch-agent": ("front",),
}
DNS_REGION = "us-east-1"
DOMAIN = "shop.teapot.example"
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/143.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15",
    "TeapotApp/5.2 (Android 16)",
)
#: Who scans: addresses for documentation, as all that are strange here.
SCANNERS = ("192.0.2.66", "192.0.2.67", "192.0.2.180")
#: The two nodes of the load balancer in front of the machines: their addresses.
BALANCER = ("10.0.0.11", "10.0.1.11")


@dataclass(frozen=True)
class Lines:
    """Lines of one source: one log group, in order of time.

    Parameters
    ----------
    source, region, group:
        Who writes, where to.
    streams, stream:
        Names of log streams, and for each line its row there.
    at_us, messages:
        When, microseconds, ascending; and what.
    """

    source: str
    region: str
    group: str
    streams: tuple[str, ...]
    stream: np.ndarray
    at_us: np.ndarray
    messages: pa.Array

    def __len__(self) -> int:
        return len(self.at_us)


class ShopSite:
    """Names of what a shop consists of, and what is hashed of its requests.

    Parameters
    ----------
    shop:
        Whose.
    seed:
        Of names and hashes.
    """

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.account, self.region = shop.account, shop.region
        self._seed = seed
        machines = range(MACHINES["front"])
        self.instances = tuple("i-0" + self.digits("instance", n, size=16) for n in machines)
        self.machine_addresses = tuple(f"10.0.{n % 2}.{20 + n}" for n in machines)
        self.machine_interfaces = tuple(self._interface("machine", n) for n in machines)
        self.balancer_interfaces = tuple(self._interface("balancer", n) for n in range(2))
        self.idle_interface = self._interface("bastion", 0)
        self.zone = "Z" + self.digits("zone", size=20).upper()
        self.addresses = tuple(
            f"{net}.{n}" for net in ("203.0.113", "198.51.100") for n in range(1, 255)
        )

    # -- where the parts are, as traces name them
    @cached_property
    def api_host(self) -> str:
        """The host name of the payment's API."""
        return f"{self.digits('api', size=10)}.execute-api.{self.region}.amazonaws.com"

    @cached_property
    def stage_arn(self) -> str:
        """The ARN of the stage ``prod`` of the payment's API."""
        api = self.digits("api", size=10)
        return f"arn:aws:apigateway:{self.region}::/restapis/{api}/stages/prod"

    def arn(self, service: str, rest: str) -> str:
        """The ARN of something of the shop's account and Region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def zone_of(self, machine: int) -> str:
        """The availability zone of a machine."""
        return self.region + shop_faces.ZONES[machine % len(shop_faces.ZONES)]

    def digits(self, *names: object, size: int) -> str:
        """Hexadecimal digits for a name: the same in every world of the seed."""
        text = "/".join(map(str, (self._seed, self.account, self.region, *names)))
        return blake2b(text.encode(), digest_size=(size + 1) // 2).hexdigest()[:size]

    def _interface(self, *names: object) -> str:
        return "eni-0" + self.digits("interface", *names, size=16)

    # -- hashed
    def bits(self, what: str, numbers: np.ndarray) -> np.ndarray:
        """64 random bits for each number."""
        return noise.bits(noise.key_of(self._seed, "shop", what), numbers)

    def share(self, what: str, numbers: np.ndarray) -> np.ndarray:
        """A random number in [0, 1) for each number."""
        return noise.share(noise.key_of(self._seed, "shop", what), numbers)

    def whole(self, what: str, numbers: np.ndarray, low: int, high: int) -> np.ndarray:
        """A random whole number in ``[low, high)`` for each number."""
        return (low + self.share(what, numbers) * (high - low)).astype(np.int64)

    def request_ids(self, numbers: np.ndarray) -> pa.Array:
        """The id of each request, the same in all services."""
        from labkit.workloads.shop_text import uuids

        return uuids(self.bits("id", numbers), self.bits("id, second half", numbers))

    def invocation_ids(self, numbers: np.ndarray) -> pa.Array:
        """The id of each invocation of the payment's function."""
        from labkit.workloads.shop_text import uuids

        return uuids(self.bits("invocation", numbers), self.bits("invocation, rest", numbers))

    def customers(self, numbers: np.ndarray) -> np.ndarray:
        """Who it is: some come often, most seldom."""
        return shop_faces.customers(self._seed, numbers)

    # -- by incidents
    def sizes(self, kind: str, target: str, first: int, last: int) -> np.ndarray:
        """The size of an incident in each minute, 0 where there is none."""
        found = np.zeros(last - first)
        for start, end, size in self.spans(kind, target):
            found[max(start - first, 0) : max(min(end, last) - first, 0)] = size
        return found

    def spans(self, kind: str, target: str) -> list[tuple[int, int, float]]:
        """(first minute, minute after it, size) of the incidents of a kind, in order of time."""
        found = []
        for one in self.shop.incidents:
            if (one.kind, one.target) == (kind, target):
                end = 1 << 40 if one.end is None else to_us(one.end) // MINUTE
                found.append((to_us(one.start) // MINUTE, end, one.size))
        return sorted(found)

    def releases(self, service: str, minute: np.ndarray) -> np.ndarray:
        """How often another release of a service went live by each minute: odd ones are bad."""
        found = np.zeros(len(minute), dtype=np.int64)
        for start, end, _ in self.spans("bad_deploy", service):
            found += (minute >= start).astype(np.int64) + (minute >= end)
        return found

    def releases_of(self, service: str, number: np.ndarray) -> np.ndarray:
        """The release that serves each request: one customer in ten gets a bad one early."""
        minute = (number >> shop_faces.PLACE).astype(np.int64)
        found = self.releases(service, minute)
        for start, end, _ in self.spans("bad_release", service):
            here = np.flatnonzero((minute >= start) & (minute < end) & (found % 2 == 0))
            who = self.customers(number[here])
            found[here] += shop_faces.with_release(self._seed, service, who)
        return found

    def tasks(self, service: str, release: int) -> list[str]:
        """The ids of a service's tasks; each release has new ones."""
        names = range(MACHINES[service])
        return [self.digits("task", service, release, n, size=32) for n in names]

    def environment(self, block: int, place: int) -> str:
        """32 digits of an execution environment of the payment's function."""
        return self.digits("environment", block, place, size=32)


def version(release: int) -> str:
    """The version that a release carries: what is taken back is the one before."""
    return f"2.{3 + (release + 1) // 2}.0" if release % 2 else "2.3.1"


def sorted_lines(
    source: str,
    region: str,
    streams: tuple[str, ...],
    parts: list[tuple[np.ndarray, np.ndarray, pa.Array]],
) -> Lines:
    """Lines of one source in order of time, out of (instants, streams, messages)."""
    import pyarrow as pa

    if not parts:
        nothing = np.empty(0, dtype=np.int64)
        parts = [(nothing, nothing, pa.array([], pa.string()))]
    at_us = np.concatenate([part[0] for part in parts])
    stream = np.concatenate([np.asarray(part[1], dtype=np.int32) for part in parts])
    messages = pa.chunked_array([part[2] for part in parts]).combine_chunks()
    order = np.argsort(at_us, kind="stable")
    return Lines(
        source, region, GROUPS[source], streams, stream[order], at_us[order],
        messages.take(pa.array(order)),
    )  # fmt: skip
