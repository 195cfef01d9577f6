"""What the two log groups of exercise 08 hold: kinds of lines, an hour of them, a day of them.

The web shop writes JSON among plain text, the tills in the shops write words. In both there are
payments that failed for good (these count), attempts that are tried again, the load test's, a black
tea called Glorious Failure, and the debug module's echo of each failure in lower case.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from labkit.core.clock import SECOND, to_us
from labkit.lab import Lab

MINUTE = timedelta(minutes=1)
WEB, TILL = "web", "till"
GROUPS = (WEB, TILL)
TEA = "Glorious Failure"

#: Kinds of lines; of each there is one in either group.
REAL, RETRY, LOAD, PRODUCT, ECHO, PAID, OTHER = (
    "failed for good", "tried again", "load test", "the tea", "echo", "paid", "something else",
)  # fmt: skip
KINDS = (REAL, RETRY, LOAD, PRODUCT, ECHO, PAID, OTHER)


@dataclass(frozen=True)
class Written:
    """A line with what it is.

    Parameters
    ----------
    at_us:
        When.
    where:
        ``web`` or ``till``.
    kind:
        One of :data:`KINDS`.
    text:
        The line.
    """

    at_us: int
    where: str
    kind: str
    text: str

    @property
    def real(self) -> bool:
        """Whether it is a payment that failed for good."""
        return self.kind == REAL


@dataclass
class Pen:
    """Writes lines of any kind, each with an order number of its own.

    Parameters
    ----------
    facts:
        The learner's names.
    seed:
        Of amounts, tills and words.
    """

    facts: Mapping[str, Any]
    seed: int
    _drawn: random.Random = field(init=False)
    _number: int = field(init=False)

    def __post_init__(self) -> None:
        self._drawn = random.Random(self.seed)
        self._number = 10_000 + self.seed % 5_000

    def write(self, where: str, kind: str, at_us: int) -> Written:
        """One line."""
        self._number += 1
        order, amount = f"o-{self._number}", f"{self._drawn.randrange(390, 9900) / 100:.2f}"
        make = self._web if where == WEB else self._till
        return Written(at_us, where, kind, make(kind, at_us, order, amount))

    def _web(self, kind: str, at_us: int, order: str, amount: str) -> str:
        drawn = self._drawn
        client = self.facts["loadtest"] if kind == LOAD else drawn.choice(("web", "app", "kiosk"))
        if kind == OTHER:
            return drawn.choice(
                (
                    "INFO GET /teas/glorious-failure 200 12 ms",
                    f"INFO load {drawn.randrange(5, 95) / 100:.2f} of 4 workers",
                    "INFO final stock count written",
                )
            )
        forms: dict[str, dict[str, Any]] = {
            REAL: {"level": "ERROR", "event": "PaymentFailed", "final": True},
            LOAD: {"level": "ERROR", "event": "PaymentFailed", "final": True},
            RETRY: {"level": "WARN", "event": "PaymentFailed", "final": False},
            ECHO: {"level": "DEBUG", "event": "paymentfailed", "final": True},
            PRODUCT: {"level": "INFO", "event": "Ordered", "item": TEA},
            PAID: {"level": "INFO", "event": "Paid", "final": True},
        }
        return json.dumps(
            {**forms[kind], "client": client, "order": order, "amount": float(amount)},
            separators=(",", ":"),
        )

    def _till(self, kind: str, at_us: int, order: str, amount: str) -> str:
        drawn = self._drawn
        till = self.facts["testtill"] if kind == LOAD else f"till-{drawn.randrange(1, 9)}"
        second = at_us // SECOND % 86_400
        clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        # A bank that gives a reason adds a word, and sometimes three.
        why = drawn.choice(("", " declined", ' "no such card"'))
        words = {
            REAL: f"ERROR PaymentFailed final {order} {amount}{why}",
            LOAD: f"ERROR PaymentFailed final {order} {amount}{why}",
            RETRY: f"WARN PaymentFailed retry {order} {amount}",
            ECHO: f"DEBUG paymentfailed final {order} {amount}",
            PRODUCT: f'INFO Sold "{TEA}" {order} {amount}',
            PAID: f"INFO Paid final {order} {amount}",
            OTHER: "INFO drawer opened, load 2 rolls of paper",
        }[kind]
        return f"{clock} {till} {words}"


#: What stands in a minute: (where, kind) -> how many.
Minute = Mapping[tuple[str, str], int]


def minute_of(pen: Pen, at: datetime, wanted: Minute) -> list[Written]:
    """The lines of one minute, mixed, in its first half."""
    begin = to_us(at)
    order = [key for key, many in wanted.items() for _ in range(many)]
    random.Random(f"{pen.seed}/{begin}").shuffle(order)
    step = 28 * SECOND // max(len(order), 1)
    return [
        pen.write(where, kind, begin + n * step // 1000 * 1000)
        for n, (where, kind) in enumerate(order)
    ]


def emit(lab: Lab, facts: Mapping[str, Any], lines: Sequence[Written]) -> None:
    """Let the containers write lines, now."""
    for where in GROUPS:
        events = [[one.at_us, one.text] for one in lines if one.where == where]
        if events:
            lab.world.facts.publish(
                "log.emitted", lab.account, lab.region,
                {"source": "ecs", "log_group": facts[where],
                 "log_stream": f"{where}/{facts['task']}", "events": events},
            )  # fmt: skip


def usual(where: str = "") -> Minute:
    """A minute in which nothing happens; of one group when it is named."""
    calm = {PAID: 2, OTHER: 1}
    return {(one, kind): n for one in GROUPS if where in ("", one) for kind, n in calm.items()}


def sample(facts: Mapping[str, Any], start: datetime) -> list[Written]:
    """The hour before the lesson's now: every kind, in both groups, a little of each."""
    pen = Pen(facts, facts["seed"])
    out = []
    for n in range(0, 60, 2):
        more: dict[tuple[str, str], int] = {}
        for where in GROUPS:
            more[where, KINDS[n // 2 % len(KINDS)]] = 1 + (n % 4 == 0)
        out += minute_of(pen, start + n * MINUTE, {**usual(), **more})
    return out


def dozen(facts: Mapping[str, Any], where: str) -> list[Written]:
    """Twelve lines of a group to try a pattern on: every kind, the real ones in every form."""
    pen = Pen(facts, facts["seed"] + 7)
    at_us = to_us(datetime.fromisoformat("2026-01-05T08:17:00+00:00"))
    kinds = [REAL, PAID, RETRY, PRODUCT, REAL, LOAD, ECHO, OTHER, REAL, OTHER, RETRY, OTHER]
    return [pen.write(where, kind, at_us + n * 3 * SECOND) for n, kind in enumerate(kinds)]


# -- what is played unseen
@dataclass(frozen=True)
class Episode:
    """Something that happens to payments.

    Parameters
    ----------
    name:
        What a colleague would call it.
    minutes:
        What stands in each of its minutes beside the usual.
    rings:
        Whether Mara wants to be woken.
    after:
        Quiet minutes before it.
    """

    name: str
    minutes: tuple[Minute, ...]
    rings: bool
    after: int = 34

    def total(self, *kinds: str) -> int:
        """How many lines of some kinds it has."""
        return sum(n for one in self.minutes for (_, kind), n in one.items() if kind in kinds)


def _spread(total: int, minutes: int) -> list[int]:
    """A total over some minutes, as evenly as whole numbers allow."""
    return [total * (n + 1) // minutes - total * n // minutes for n in range(minutes)]


def _over(where: str, kind: str, counts: Sequence[int]) -> list[dict[tuple[str, str], int]]:
    return [{(where, kind): n} for n in counts]


def _both(*parts: Sequence[Minute]) -> tuple[Minute, ...]:
    """Several rows of minutes laid above each other."""
    longest = max(map(len, parts))
    out: list[Minute] = []
    for n in range(longest):
        minute: dict[tuple[str, str], int] = {}
        for part in parts:
            if n < len(part):
                minute |= part[n]
        out.append(minute)
    return tuple(out)


#: The silence of the night, in minutes: the last episodes lie in it.
NIGHT = 150


def episodes(facts: Mapping[str, Any]) -> list[Episode]:
    """Eight bursts and six near misses, in order; the last two bursts lie in a silent night."""
    limit = facts["limit"]
    half = limit * 6 // 10
    real = [
        Episode("the web shop's bank is down", tuple(_over(WEB, REAL, _spread(limit + 22, 4))),
                True),
        Episode("the tills' card network is down",
                tuple(_over(TILL, REAL, _spread(limit + 14, 4))), True),
        Episode("both at once, neither of them over the limit alone",
                _both(_over(WEB, REAL, _spread(half, 3)), _over(TILL, REAL, _spread(half, 3))),
                True),
        Episode("two bad minutes", tuple(_over(WEB, REAL, [limit * 6 // 10, limit * 5 // 10])),
                True),
        Episode("a slow one, over all five minutes",
                tuple(_over(TILL, REAL, _spread(limit + 6, 5))), True),
        Episode("retries among it", _both(_over(WEB, REAL, _spread(limit + 9, 4)),
                                          _over(WEB, RETRY, _spread(limit, 4))), True),
    ]  # fmt: skip
    misses = [
        Episode(f"exactly {limit} in five minutes", tuple(_over(TILL, REAL, _spread(limit, 5))),
                False),
        Episode(f"{limit + 10} in half an hour", tuple(_over(WEB, REAL, _spread(limit + 10, 30))),
                False),
        Episode("the load test",
                _both(_over(WEB, LOAD, _spread(3 * limit, 5)),
                      _over(TILL, LOAD, _spread(limit, 5))),
                False),
        Episode("retries that succeed",
                _both(_over(WEB, RETRY, _spread(2 * limit, 5)),
                      _over(TILL, RETRY, _spread(limit, 5)),
                      _over(WEB, PAID, _spread(2 * limit, 5))), False),
        Episode(f"everybody buys {TEA}",
                _both(_over(WEB, PRODUCT, _spread(2 * limit, 5)),
                      _over(TILL, PRODUCT, _spread(limit + 30, 5))), False),
        Episode("echoes",
                _both(_over(WEB, REAL, _spread(half, 5)), _over(WEB, ECHO, _spread(half, 5)),
                      _over(TILL, ECHO, _spread(half, 5))), False),
    ]  # fmt: skip
    mixed = [*real, *misses]
    random.Random(facts["seed"] + 3).shuffle(mixed)
    night = [
        Episode("in a silent night", tuple(_over(WEB, REAL, _spread(limit + 18, 4))), True, NIGHT),
        Episode("once more in the same night", tuple(_over(TILL, REAL, _spread(limit + 16, 4))),
                True, NIGHT),
    ]  # fmt: skip
    return [*mixed, *night]
