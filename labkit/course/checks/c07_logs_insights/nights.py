"""The nights of exercise 07: who is about, what they do, and what the logs say of it.

A night is eight hours of the shop's own traffic with some people in it. One of them, on a night
that is not quiet, is the intruder: refused many times at ``/admin/login``, let in at last.
Everybody else looks like that in one respect: the canary has more requests, a customer with an old
bookmark more 404, a scanner more refusals; somebody who forgot a password is refused often and let
in elsewhere, and the staff is refused once or twice, let in, and exports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from labkit.core.clock import MINUTE, SECOND, to_us
from labkit.course.burglary import Flow, Tale, Visit
from labkit.lab import Lab
from labkit.workloads.shop_site import AGENTS, BALANCER, SCANNERS

#: From ten in the evening to six.
HOURS = 8
#: Who writes in the learner's night; three of them are asked.
SOURCES = ("elasticbeanstalk", "ecs", "vpc-flow-logs", "apigateway", "lambda")
ACCOUNTS = ("lena", "tomas", "jonas", "mara", "chiara")
LOGIN = "POST /admin/login"
CANARY = "10.0.4.17"
_BACKUP = "198.18.0.10"
_MACHINES = ("10.0.1.41", "10.0.1.42", "10.0.0.43", "10.0.0.44")
_PROBED = ("/.env", "/.git/config", "/wp-login.php", "/phpmyadmin/", "/db.sql", "/server-status")


@dataclass
class Night:
    """One night.

    Parameters
    ----------
    begin:
        Ten in the evening.
    tale:
        What happens beside the shop's own traffic.
    people:
        Address -> who that is, for messages.
    intruder:
        The address; "" on a quiet night.
    account, since_us:
        As whom the intruder was let in, and when.
    left:
        Our address -> bytes that it sent to the intruder.
    """

    begin: datetime
    tale: Tale
    people: dict[str, str] = field(default_factory=dict)
    intruder: str = ""
    account: str = ""
    since_us: int = 0
    left: dict[str, int] = field(default_factory=dict)

    @property
    def end(self) -> datetime:
        """Six in the morning."""
        return self.begin + timedelta(hours=HOURS)

    @property
    def name(self) -> str:
        """``the night to Sunday 11 Jan``."""
        return f"the night to {self.end:%A} {self.end.day} {self.end:%b}"

    def who(self, address: str) -> str:
        """Who an address is, in words."""
        if address in BALANCER:
            return "a node of our own load balancer: every request comes through it"
        return self.people.get(address, "one of the shop's customers")

    def at(self, when_us: int) -> Visit | None:
        """What the intruder asked for at an instant, within a second."""
        mine = [one for one in self.tale.visits if one.address == self.intruder]
        near = min(mine, key=lambda one: abs(one.at_us - when_us), default=None)
        return near if near is not None and abs(near.at_us - when_us) <= SECOND else None


def night(begin: datetime, facts: Mapping[str, Any], number: int, *, quiet: bool = False) -> Night:
    """The learner's night (``number`` 0) or another one.

    Parameters
    ----------
    begin:
        Ten in the evening, aware.
    facts:
        The learner's.
    number:
        Which: each has other people at other addresses.
    quiet:
        Whether the intruder stays at home.
    """
    return _Writer(begin, facts, number).write(quiet)


class _Writer:
    """Writes one night."""

    def __init__(self, begin: datetime, facts: Mapping[str, Any], number: int) -> None:
        self._dice = Random(f"{facts['seed']}/{number}")
        self._export = facts["export"]
        self._start_us = to_us(begin)
        self._told = Night(begin, Tale(facts["seed"] * 10 + number))
        used = {int(address.rpartition(".")[2]) for address in SCANNERS}
        free = [n for n in range(100, 255) if n not in used]
        self._addresses = [f"192.0.2.{free.pop(self._whole(0, len(free)))}" for _ in range(6)]

    def _whole(self, low: int, high: int) -> int:
        """A whole number in ``[low, high)``."""
        return low + int(self._dice.random() * (high - low))

    def _visit(
        self, at_us: int, address: str, ask: str, status: int, size: int, **more: Any
    ) -> int:
        """One request about then; when it was answered."""
        at_us += self._whole(20, 960) * 1000
        agent = AGENTS[sum(map(ord, address)) % len(AGENTS)]
        self._told.tale.visits.append(Visit(at_us, address, ask, status, size, agent, **more))
        return at_us

    def _admin(self, at_us: int, address: str, ask: str, status: int, user: str, said: str) -> int:
        """A request that the admin pages answer."""
        more = (("user", user),) if user else ()
        size = self._whole(300, 900) if status == 200 else 58
        return self._visit(
            at_us, address, ask, status, size, service="admin", said=said, more=more
        )  # fmt: skip

    def write(self, quiet: bool) -> Night:
        """The whole night."""
        intruder, lost, forgetter, scanner, office, home = self._addresses
        self._canary()
        self._lost(lost)
        self._forgetter(forgetter)
        self._scanner(scanner)
        first = self._whole(0, len(ACCOUNTS))
        for place, address in enumerate((office, home)):
            self._staff(address, ACCOUNTS[(first + place) % len(ACCOUNTS)])
        self._backup()
        if not quiet:
            self._intruder(intruder, ACCOUNTS[(first + 2) % len(ACCOUNTS)])
        return self._told

    def _canary(self) -> None:
        asked = range(0, HOURS * 60 * MINUTE, 10 * SECOND)
        for at_us in asked:
            self._visit(self._start_us + at_us, CANARY, "GET /", 200, 5_120)
        self._told.people[CANARY] = (
            f"our own canary: {len(asked):,} requests, one every ten seconds, each of them "
            "answered with 200"
        )

    def _lost(self, address: str) -> None:
        count, product = self._whole(340, 420), self._whole(1400, 1900)
        begin = self._start_us + self._whole(20, 60) * MINUTE
        for n in range(count):
            self._visit(begin + n * 40 * SECOND, address, f"GET /product/{product}", 404, 153)
        self._told.people[address] = (
            f"a customer with an old bookmark: {count} times 404, and never anything else"
        )

    def _forgetter(self, address: str) -> None:
        count = self._whole(26, 40)
        begin = self._start_us + self._whole(10, 300) * MINUTE
        for n in range(count):
            self._visit(begin + n * 20 * SECOND, address, "POST /login", 401, 58)
        self._visit(begin + count * 20 * SECOND, address, "POST /login", 200, 512)
        self._told.people[address] = (
            f"a customer who forgot a password: refused {count} times at /login, the shop's own "
            "sign-in, then let in"
        )

    def _scanner(self, address: str) -> None:
        count = self._whole(140, 180)
        begin = self._start_us + self._whole(30, 240) * MINUTE
        for n in range(count):
            at_us = begin + n * 25 * SECOND
            self._admin(at_us, address, LOGIN, 401, "admin", "wrong password")
        self._told.people[address] = (
            f"somebody who tried the admin pages {count} times and was never let in"
        )

    def _staff(self, address: str, user: str) -> None:
        at_us = self._start_us + self._whole(5, 330) * MINUTE
        self._admin(at_us, address, "GET /admin/login", 200, "", "form shown")
        wrong = self._whole(1, 4)
        for n in range(wrong):
            self._admin(at_us + (n + 1) * 15 * SECOND, address, LOGIN, 401, user, "wrong password")
        at_us += (wrong + 1) * 15 * SECOND
        self._admin(at_us, address, LOGIN, 200, user, "signed in")
        for _ in range(self._whole(18, 30)):
            at_us += self._whole(20, 90) * SECOND
            self._admin(at_us, address, "GET /admin/orders", 200, user, "orders shown")
        self._admin(at_us + 30 * SECOND, address, f"GET {self._export}", 200, user, "export sent")
        self._told.people[address] = (
            f"{user} of our own staff: mistyped {'once' if wrong == 1 else f'{wrong} times'}, "
            "then at work in the admin pages"
        )

    def _backup(self) -> None:
        for n in range(40):
            at_us = self._start_us + (240 + n) * MINUTE
            self._flow(at_us, _MACHINES[1], _BACKUP, 443, self._whole(90, 110) * 1_000_000)

    def _flow(self, at_us: int, source: str, to: str, port: int, size: int, **more: str) -> None:
        name = f"machine-{source.rpartition('.')[2]}"
        self._told.tale.flows.append(
            Flow(at_us, name, source, to, 38_000 + self._whole(0, 900), port, size, **more)
        )

    def _intruder(self, address: str, account: str) -> None:
        told = self._told
        told.intruder, told.account = address, account
        at_us = self._start_us + self._whole(90, 260) * MINUTE
        probes = self._whole(45, 60)
        for n in range(probes):
            what = _PROBED[n % len(_PROBED)]
            self._visit(at_us + n * 3 * SECOND, address, f"GET {what}", 404, 153)
        at_us += probes * 3 * SECOND + 20 * SECOND
        self._admin(at_us, address, "GET /admin/login", 200, "", "form shown")
        tries = self._whole(34, 64)
        for n in range(tries):
            user = ACCOUNTS[n % len(ACCOUNTS)]
            at_us += self._whole(5, 14) * SECOND
            self._admin(at_us, address, LOGIN, 401, user, "wrong password")
        at_us += 11 * SECOND
        told.since_us = self._admin(at_us, address, LOGIN, 200, account, "signed in")
        for _ in range(self._whole(5, 9)):
            at_us += self._whole(8, 30) * SECOND
            self._admin(at_us, address, "GET /admin/orders", 200, account, "orders shown")
        for _ in range(3):
            at_us += self._whole(15, 40) * SECOND
            more = (("user", account), ("orders", self._whole(2_000, 9_000)))
            self._visit(
                at_us, address, f"GET {self._export}", 200, self._whole(4, 9) * 1_000_000 + 417,
                service="admin", said="export sent", more=more,
            )  # fmt: skip
        self._takes(address, at_us)
        again = at_us + self._whole(40, 60) * MINUTE
        self._admin(again, address, LOGIN, 200, account, "signed in")
        for n in range(3):
            self._admin(again + (n + 1) * 40 * SECOND, address, "GET /admin/orders", 200, account,
                        "orders shown")  # fmt: skip
        for one in told.tale.records():
            if one.to == address and one.action == "ACCEPT":
                told.left[one.source] = told.left.get(one.source, 0) + one.size
        told.people[address] = "the intruder"

    def _takes(self, address: str, at_us: int) -> None:
        """What goes out past the balancer: two machines send, one is stopped."""
        main = self._whole(0, len(_MACHINES))
        other, stopped = (_MACHINES[(main + n) % len(_MACHINES)] for n in (1, 2))
        begin = at_us // MINUTE * MINUTE + 2 * MINUTE
        for n in range(self._whole(6, 11)):
            size = self._whole(150_000_000, 220_000_000)
            self._flow(begin + n * MINUTE, _MACHINES[main], address, 443, size)
        for n in range(3):
            size = self._whole(14_000_000, 30_000_000)
            self._flow(begin + (4 + n) * MINUTE, other, address, 443, size)
        for n in range(9):
            self._flow(begin + n * MINUTE, stopped, address, 6667, 44, action="REJECT")


def write(lab: Lab, told: Night, sources: Sequence[str] = SOURCES) -> None:
    """Put a night into a lab at six in the morning: the shop's lines, and the tale's."""
    lab.shop.logs(hours=HOURS, sources=sources, live=False)
    told.tale.put(lab)


@contextmanager
def world(seed: int, told: Night, sources: Sequence[str]) -> Iterator[Lab]:
    """A lab on the morning after a night, closed at the end."""
    lab = Lab(seed, told.end, active=False)
    try:
        write(lab, told, sources)
        yield lab
    finally:
        lab.close()
