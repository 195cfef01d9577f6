"""A burglary as the shop's logs tell it: the night of lesson 07, and the lines of such nights.

::

    burglary.put(lab)    # twelve hours of the shop's logs, and between 02:08 and 02:40 a visitor

Theory of operation. The shop writes its own million lines (``lab.shop.logs``). A :class:`Tale` adds
what somebody does whom the shop's figures do not know: visits, and flows between addresses. A visit
is a line of nginx behind the load balancer and, where it reaches a service that says something, a
line of that service with the same request id; the visits of an address in a minute are flow log
records of both directions. All of it goes into the groups and streams that the shop has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from labkit.core.clock import MINUTE, SECOND, to_datetime, to_us
from labkit.lab import Lab
from labkit.views.drawing import Drawing
from labkit.workloads.shop_site import AGENTS, BALANCER, GROUPS, ShopSite

#: The log groups in which it can be read.
ACCESS, APP, FLOWS = GROUPS["elasticbeanstalk"], GROUPS["ecs"], GROUPS["vpc-flow-logs"]
#: What a flow log sees of one request besides its answer, bytes.
_HEAD = 700
_PACKET = 1200
_WEB = 443


@dataclass(frozen=True, slots=True)
class Visit:
    """One request.

    Parameters
    ----------
    at_us:
        When it was answered, microseconds.
    address:
        Whose.
    ask:
        Method and path, ``GET /admin/export``.
    status, size:
        Of the answer, bytes.
    agent:
        The browser, as it calls itself.
    service, said:
        The service that has a line about it, and what it says; none when empty.
    more:
        Further fields of that line.
    """

    at_us: int
    address: str
    ask: str
    status: int
    size: int
    agent: str = AGENTS[0]
    service: str = ""
    said: str = ""
    more: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow log record: what went from one address to another within a minute.

    ``interface``: who saw it, a name within the shop (``db-2``); ``action`` is ACCEPT or REJECT.
    """

    at_us: int
    interface: str
    source: str
    to: str
    from_port: int
    port: int
    size: int
    action: str = "ACCEPT"


@dataclass
class Tale:
    """What happens beside the shop's own traffic.

    Parameters
    ----------
    seed:
        Of request ids.
    """

    seed: int
    visits: list[Visit] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    def put(self, lab: Lab) -> None:
        """Write its lines into the groups of a lab whose shop has written logs."""
        shop = lab.parts.shop.shop(lab.account, lab.region)
        assert shop is not None
        site = ShopSite(shop, lab.noise_seed)
        access, told = [], []
        for number, one in enumerate(self._ordered()):
            request = self._id(number)
            machine = site.instances[number % len(site.instances)]
            access.append((one.at_us, machine, _access_line(one, request, number)))
            if one.service:
                task = f"shop/{one.service}/{site.tasks('catalogue', 0)[0][::-1]}"
                told.append((one.at_us, task, _app_line(one, request, number)))
        _import(lab, ACCESS, access)
        _import(lab, APP, told)
        lines = [_flow_line(site, one, place) for place, one in enumerate(self.records())]
        _import(lab, FLOWS, lines)

    def records(self) -> list[Flow]:
        """All that the flow log sees: the flows, and the visits as the balancer's interfaces do."""
        return [*self.flows, *_of_visits(self._ordered())]

    def _ordered(self) -> list[Visit]:
        return sorted(self.visits, key=lambda one: one.at_us)

    def _id(self, number: int) -> str:
        text = blake2b(f"{self.seed}/{number}".encode(), digest_size=16).hexdigest()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _import(lab: Lab, group: str, lines: Sequence[tuple[int, str, str]]) -> None:
    """Lines (microseconds, stream, text) as a past of a group."""
    ordered = sorted(lines, key=lambda one: one[0])
    streams = sorted({stream for _, stream, _ in ordered})
    lab.parts.logs.import_lines(
        lab.account, lab.region, group, streams, [at_us // 1000 for at_us, _, _ in ordered],
        [text for _, _, text in ordered], [streams.index(stream) for _, stream, _ in ordered],
    )  # fmt: skip


def _took_ms(number: int) -> int:
    return 18 + number * 37 % 90


def _access_line(one: Visit, request: str, number: int) -> str:
    when = to_datetime(one.at_us)
    took = _took_ms(number)
    return (
        f"{BALANCER[number % 2]} - - [{when:%d/%b/%Y:%H:%M:%S} +0000] "
        f'"{one.ask} HTTP/1.1" {one.status} {one.size} "-" "{one.agent}" "{one.address}" '
        f"{took / 1000:.3f} {request}"
    )


def _app_line(one: Visit, request: str, number: int) -> str:
    level = "ERROR" if one.status >= 500 else "WARN" if one.status >= 400 else "INFO"
    method, _, path = one.ask.partition(" ")
    line = {
        "time": to_datetime(one.at_us).isoformat(timespec="milliseconds")[:23] + "Z",
        "level": level, "service": one.service,
        "version": "2.3.1", "requestId": request, "clientIp": one.address, "method": method,
        "path": path.partition("?")[0], "status": one.status, "ms": _took_ms(number),
        **dict(one.more), "message": one.said,
    }  # fmt: skip
    return json.dumps(line, separators=(",", ":"))


def _of_visits(visits: Sequence[Visit]) -> list[Flow]:
    """The visits of each address in each minute, as the balancer's interfaces see them."""
    held: dict[tuple[int, int, str], list[int]] = {}
    for number, one in enumerate(visits):
        key = (one.at_us // MINUTE, number % 2, one.address)
        held.setdefault(key, []).append(one.size)
    found = []
    for (minute, node, address), sizes in held.items():
        at_us, port = minute * MINUTE + (port_of(address) + minute) % 5 * SECOND, port_of(address)
        name, own = f"balancer-{node}", BALANCER[node]
        found.append(Flow(at_us, name, address, own, port, _WEB, _HEAD * len(sizes)))
        answered = sum(sizes) + _HEAD * len(sizes)
        found.append(Flow(at_us, name, own, address, _WEB, port, answered))
    return found


def port_of(address: str) -> int:
    """A port of a visitor's own."""
    return 20_000 + sum(int(part) * 31**n for n, part in enumerate(address.split("."))) % 40_000


def _flow_line(site: ShopSite, one: Flow, place: int) -> tuple[int, str, str]:
    kind, _, number = one.interface.rpartition("-")
    if kind == "balancer":
        interface = site.balancer_interfaces[int(number)]
    else:
        interface = "eni-0" + site.digits("interface", one.interface, size=16)
    start_s = one.at_us // SECOND
    packets = max(1, one.size // _PACKET)
    text = (
        f"2 {site.account} {interface} {one.source} {one.to} {one.from_port} {one.port} 6 "
        f"{packets} {one.size} {start_s} {start_s + 52 + place % 5} {one.action} OK"
    )
    return start_s * SECOND, f"{interface}-all", text


# -- lesson 07's night
#: Who came in the night to Monday, and as whom.
VISITOR, ACCOUNT = "192.0.2.77", "lena"
#: The machine that sent something out, and its address.
MACHINE, MACHINE_ADDRESS = "db-2", "10.0.1.42"
_PROBED = (
    "/.env", "/.git/config", "/wp-login.php", "/phpmyadmin/", "/backup.zip", "/server-status",
    "/config.json", "/old/", "/db.sql", "/cgi-bin/", "/api/v1/users", "/.aws/credentials",
)  # fmt: skip
_AGENT = AGENTS[2]
_TRIED = ("admin", "root", "mara", "tomas", "lena")


def put(lab: Lab) -> dict[str, int]:
    """Let the shop have written logs for twelve hours, with a visitor between 02:08 and 02:40.

    Parameters
    ----------
    lab:
        A lab at nine o'clock in the morning.

    Returns
    -------
    Log group -> how many lines it has.
    """
    lab.shop.logs(hours=12, live=False)
    night(lab.now.replace(hour=2, minute=0, second=0, microsecond=0)).put(lab)
    store = lab.parts.logs.store(lab.account, lab.region)
    return {group.name: len(group.events) for group in store.groups()}


def night(two: datetime) -> Tale:
    """What the visitor does from eight minutes after ``two`` o'clock on."""
    tale, begin = Tale(7), to_us(two)

    def at(minute: float, number: int = 0) -> int:
        """Microseconds: never on a full second, as in life."""
        return begin + int(minute * MINUTE) + (number * 137 % 900 + 40) * 1000

    def ask(at_us: int, what: str, status: int, size: int, *line: Any) -> None:
        tale.visits.append(Visit(at_us, VISITOR, what, status, size, _AGENT, *line))

    for n in range(46):
        tale.flows.append(
            Flow(at(8, n) + n * 2 * SECOND, f"balancer-{n % 2}", VISITOR, BALANCER[n % 2],
                 40_000 + n * 131, (22, 23, 3306, 3389, 5432, 8080)[n % 6], 44, "REJECT")
        )  # fmt: skip
    for n in range(84):
        ask(at(10 + n * 5 / 84, n), f"GET {_PROBED[n % len(_PROBED)]}", 404, 153)
    for n in range(96):
        ask(at(15 + n * 5 / 96, n), "GET /search?q=teapot%27--", 500, 170,
            "catalogue", "query failed: unterminated quoted string")  # fmt: skip
    for n in range(88):
        who = (("user", _TRIED[n % len(_TRIED)]),)
        ask(at(22 + n / 8, n), "POST /admin/login", 401, 58, "admin", "wrong password", who)
    who = (("user", ACCOUNT),)
    ask(at(33, 3), "POST /admin/login", 200, 412, "admin", "signed in", who)
    sent = (*who, ("orders", 18_431), ("target", VISITOR))
    ask(at(33.4, 5), "GET /admin/export", 200, 24_117_248, "admin", "export started", sent)
    for n in range(7):
        size = 201_326_592 + n * 1_048_583
        tale.flows.append(
            Flow(at(34 + n), MACHINE, MACHINE_ADDRESS, VISITOR, 38_200 + n, _WEB, size)
        )
    return tale


def hour(lab: Lab) -> dict[str, datetime]:
    """From two to three o'clock of that night, as ``lab.logs.query`` takes a range."""
    two = lab.start.replace(hour=2, minute=0)
    return {"start": two, "end": two + timedelta(hours=1)}


# -- the lesson's control
_LINE = (
    'parse @message \'* - - [*] "* * *" * * "*" "*" "*" *\' as node, t, verb, path, proto, '
    "status, size, referer, agent, ip, rest"
)
#: What can be asked: words -> the query and its group.
QUESTIONS = {
    "who asked most": (f"{_LINE} | stats count(*) as n by ip | sort n desc | limit 5", ACCESS),
    "what the visitor asked for": (
        f"{_LINE} | filter ip = '{VISITOR}' | stats count(*) as n by status | sort n desc",
        ACCESS,
    ),
    "errors, every five minutes": (
        "filter @message like 'ERROR' | stats count(*) as errors by bin(5m)",
        APP,
    ),
    "what is new": ('parse @message \'"message":"*"\' as said | pattern said | diff', APP),
    "who was rejected": (
        "filter action = 'REJECT' | stats count(*) as tries by srcAddr | sort tries desc | limit 5",
        FLOWS,
    ),
    "what left for the visitor": (
        f"filter dstAddr = '{VISITOR}' | stats sum(bytes) as bytes by srcAddr | sort bytes desc",
        FLOWS,
    ),
}


def asking(lab: Lab) -> Callable[..., Drawing]:
    """One of :data:`QUESTIONS` about some minutes from 02:08 on, as a picture for a control."""
    begin = hour(lab)["start"] + timedelta(minutes=8)

    def ask(question: str, minutes: int) -> Drawing:
        """The answer as it draws itself."""
        text, group = QUESTIONS[question]
        end = begin + timedelta(minutes=minutes)
        found: Drawing = lab.logs.query(text, group, start=begin, end=end).drawing
        return found

    return ask
