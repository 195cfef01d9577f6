"""The lines that a shipper gets: batches of Teapot's machines, some of which are in trouble.

Each line knows when it really happened (``true_ms``) and whether CloudWatch can still take it then;
the learner gets what the machine wrote: ``machine``, ``at`` (the machine's own clock) and ``text``.
Every kind of trouble is in the sample, and again, in other places, in what is played unseen.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labkit.core.clock import to_us
from labkit.views import html, text
from labkit.views.drawing import Shown
from labkit.views.timeaxis import clock_text, day_text
from labkit.views.wording import count, cut, number

#: The shipper's group, and how long it keeps.
GROUP, KEPT_DAYS = "/teapot/shop", 7
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

#: Kinds of lines: what may become of them.
USUAL, AHEAD, OFFLINE, OLD, MANY, LONG = "usual", "ahead", "offline", "old", "many", "long"
_STEPS = ("in the cart", "paid", "packed")
_TEAS = ("Assam", "Mat\u00e9", "Th\u00e9 \u00e0 la menthe", "Fr\u00fchlingskr\u00e4uter", "Oolong")


@dataclass(frozen=True)
class Line:
    """A line of a machine.

    Parameters
    ----------
    machine:
        Who wrote it.
    true_ms, at_ms:
        When it happened, and when by the machine's own clock: milliseconds since the epoch.
    text:
        What it says; no two lines of a feed are equal.
    kind:
        One of the kinds of this file.
    order:
        The order that it tells of, and which step: ``("o-17", 1)``.
    """

    machine: str
    true_ms: int
    at_ms: int
    text: str
    kind: str = USUAL
    order: tuple[str, int] | None = None

    @property
    def takeable(self) -> bool:
        """Whether CloudWatch can take it: what is too old for the group it can't."""
        return self.kind != OLD


@dataclass(frozen=True)
class Batch:
    """What the shipper is called with, and when."""

    received: datetime
    lines: tuple[Line, ...]

    def copies(self) -> list[dict[str, Any]]:
        """As the learner's function gets it."""
        return [{"machine": one.machine, "at": one.at_ms, "text": one.text} for one in self.lines]


class Lines(list[dict[str, Any]], Shown):
    """The lines of a batch as the learner sees them; a list that shows itself as a table."""

    def _table(self) -> tuple[str, list[str], list[list[str]]]:
        title = f"{count(len(self), 'line')}, in the order in which they came"
        rows = [
            [str(n), one["machine"], _when(one["at"]), cut(one["text"], 60)]
            for n, one in enumerate(self[:12])
        ]
        return title, ["no.", "machine", "at (UTC)", "text"], rows

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        title, columns, rows = self._table()
        more = f"\n{count(len(self) - 12, 'line')} more" if len(self) > 12 else ""
        return f"{title}\n{text.table(columns, rows, longest=60)}{more}"

    def _repr_html_(self) -> str:
        title, columns, rows = self._table()
        fancy = [[n, m, html.whole(at), html.mono(words)] for n, m, at, words in rows]
        note = [html.note(f"{count(len(self) - 12, 'line')} more")] if len(self) > 12 else []
        return html.card(title, html.table(columns, fancy, right=(0,)), *note, alt=title)


class Sample(list[Lines], Shown):
    """The sample's batches; shows what is in each."""

    def _table(self) -> tuple[str, list[str], list[list[str]]]:
        title = f"{count(len(self), 'call')} of the shipper, {number(sum(map(len, self)))} lines"
        rows = []
        for n, lines in enumerate(self):
            at = [one["at"] for one in lines]
            size = sum(len(one["text"].encode()) for one in lines)
            machines = sorted({one["machine"] for one in lines})
            rows.append(
                [str(n), number(len(lines)), number(size), str(len(machines)), _when(min(at)),
                 _when(max(at))]
            )  # fmt: skip
        return title, ["call", "lines", "bytes", "machines", "from (UTC)", "to"], rows

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        title, columns, rows = self._table()
        return f"{title}\n{text.table(columns, rows)}"

    def _repr_html_(self) -> str:
        title, columns, rows = self._table()
        fancy = [[*row[:4], html.whole(row[4]), html.whole(row[5])] for row in rows]
        return html.card(title, html.table(columns, fancy, right=(0, 1, 2, 3)), alt=title)


def _when(at_ms: int) -> str:
    at_us = at_ms // 60_000 * 60_000_000
    return f"{day_text(at_us)} {clock_text(at_us)}"


class Site:
    """The machines of a learner's shop, and what they write.

    Parameters
    ----------
    facts:
        The learner's.
    seed:
        Of who writes what.
    """

    def __init__(self, facts: Mapping[str, Any], seed: int) -> None:
        self._facts = facts
        self._drawn = random.Random(seed)
        self._order = seed % 400 + 100
        self._serial = 0

    def usual(self, received: datetime, orders: int = 14) -> list[Line]:
        """Ten minutes of orders: each goes over three machines, and lines overtake each other."""
        end = _ms(received) - 2_000
        machines: Sequence[str] = self._facts["machines"]
        lines = []
        for _ in range(orders):
            self._order += 1
            begin = end - self._drawn.randrange(90_000, 590_000)
            for step, at in enumerate((0, 31_000, 74_000)):
                machine = machines[(self._order + step) % len(machines)]
                order = f"o-{self._order}"
                tea = _TEAS[self._order % len(_TEAS)]
                words = f"INFO order {order} {_STEPS[step]}: {tea}"
                lines.append(self._line(machine, begin + at, words, order=(order, step)))
        self._drawn.shuffle(lines)
        return lines

    def offline(self, received: datetime) -> list[Line]:
        """A machine was without its line for two days and a half, and sends what it kept."""
        end = _ms(received)
        return [
            self._line(self._facts["offline"], end - 60 * HOUR_MS + n * HOUR_MS - n * 977,
                       f"INFO till {self._number()}: cash box counted", OFFLINE)
            for n in range(60)
        ]  # fmt: skip

    def cellar(self, received: datetime, how_many: int) -> list[Line]:
        """A machine from the cellar: lines of today, of nine days ago and of sixteen days ago."""
        end, machine = _ms(received), self._facts["offline"]
        ages = [16 * DAY_MS] * (how_many // 2) + [9 * DAY_MS] * (how_many - how_many // 2)
        lines = [
            self._line(machine, end - age + n * 1_000,
                       f"INFO till {self._number()}: found in the cellar", OLD)
            for n, age in enumerate(ages)
        ]  # fmt: skip
        lines += [
            self._line(machine, end - (n + 1) * MINUTE_MS,
                       f"INFO till {self._number()}: switched on again", OFFLINE)
            for n in range(5)
        ]  # fmt: skip
        self._drawn.shuffle(lines)
        return lines

    def many(self, received: datetime, how_many: int) -> list[Line]:
        """A sale: more lines of one machine than a call takes."""
        end, machine = _ms(received), self._facts["machines"][0]
        return [
            self._line(machine, end - 500_000 + n * 40, f"INFO hit {self._number()}", MANY)
            for n in range(how_many)
        ]

    def long(self, received: datetime, how_many: int) -> list[Line]:
        """Stack traces of a program written in French: few lines, many bytes."""
        end, machine = _ms(received), self._facts["machines"][1]
        trace = "\n  at th\u00e9.infus\u00e9.vers\u00e9(Th\u00e9i\u00e8re.java:77)" * 1_000
        return [
            self._line(machine, end - 400_000 + n * 1_000,
                       f"ERROR boiled over {self._number()}{trace}", LONG)
            for n in range(how_many)
        ]  # fmt: skip

    def _number(self) -> int:
        self._serial += 1
        return self._serial

    def _line(
        self,
        machine: str,
        true_ms: int,
        words: str,
        kind: str = USUAL,
        order: tuple[str, int] | None = None,
    ) -> Line:
        ahead = machine == self._facts["ahead_machine"]
        at = true_ms + self._facts["ahead_minutes"] * MINUTE_MS if ahead else true_ms
        return Line(machine, true_ms, at, words, AHEAD if ahead else kind, order)


def _ms(at: datetime) -> int:
    return to_us(at) // 1000


def sample(facts: Mapping[str, Any], start: datetime) -> list[Batch]:
    """Six calls that the learner can look at: one of each kind."""
    site, ten = Site(facts, facts["seed"]), timedelta(minutes=10)
    at = [start + ten * n for n in range(1, 7)]
    return [
        Batch(at[0], tuple(site.usual(at[0]))),
        Batch(at[1], tuple(site.usual(at[1]) + site.offline(at[1]))),
        Batch(at[2], tuple(site.usual(at[2]))),
        Batch(at[3], tuple(site.cellar(at[3], 6) + site.usual(at[3]))),
        Batch(at[4], tuple(site.usual(at[4]) + site.many(at[4], 10_400))),
        Batch(at[5], tuple(site.long(at[5], 40) + site.usual(at[5]))),
    ]


def unseen(facts: Mapping[str, Any], start: datetime) -> list[Batch]:
    """Eight calls of another night, across midnight."""
    site, ten = Site(facts, facts["seed"] + 1), timedelta(minutes=10)
    at = [start + ten * n for n in range(1, 9)]
    return [
        Batch(at[0], tuple(site.usual(at[0], 20))),
        Batch(at[1], tuple(site.usual(at[1]) + site.many(at[1], facts["many"]))),
        Batch(at[2], tuple(site.usual(at[2]))),
        Batch(at[3], tuple(site.offline(at[3]) + site.usual(at[3]))),
        Batch(at[4], tuple(site.long(at[4], 60))),
        Batch(at[5], tuple(site.usual(at[5], 25))),
        Batch(at[6], tuple(site.usual(at[6]) + site.cellar(at[6], facts["cellar"]))),
        Batch(at[7], tuple(site.usual(at[7]))),
    ]
