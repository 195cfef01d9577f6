"""The feed of chapter 01: logins of a web shop, minute by minute, on time and late.

Pure functions of the learner's facts and a seed. Only ``Random.random`` is used: its sequence is
promised to be the same in every version of Python.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from random import Random
from typing import Any

from labkit.core.clock import to_us
from labkit.views import html
from labkit.views.drawing import Shown
from labkit.views.timeaxis import clock_text, day_text

Login = dict[str, Any]
#: (shop, or None for all shops; minute) -> logins
Counts = Counter[tuple[str | None, datetime]]

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Batch:
    """The logins that came in within one minute.

    Parameters
    ----------
    received:
        When they came in: the end of that minute.
    logins:
        ``at``, ``shop``, ``version``, ``session_id``; ``at`` is when the login happened.
    """

    received: datetime
    logins: tuple[Login, ...]

    def copies(self) -> list[Login]:
        """The logins as the learner's function gets them: its own, to do with as it likes."""
        return [dict(login) for login in self.logins]


class Feed(Sequence[Batch], Shown):
    """Batches in order of time; shows itself as a summary."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._batches = tuple(batch for batch in batches if batch.logins)

    def __getitem__(self, index: Any) -> Any:
        return self._batches[index]

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def logins(self) -> list[Login]:
        """All logins, in the order in which they came in."""
        return [login for batch in self._batches for login in batch.logins]

    def counts(self) -> Counts:
        """How many logins happened in each minute: by shop, and over all shops."""
        out: Counts = Counter()
        for login in self.logins:
            minute = minute_of(login["at"])
            out[login["shop"], minute] += 1
            out[None, minute] += 1
        return out

    def late(self) -> Iterator[tuple[Batch, list[Login]]]:
        """The batches that hold logins of more than an hour ago, with those."""
        for batch in self._batches:
            old = [one for one in batch.logins if batch.received - one["at"] > timedelta(hours=1)]
            if old:
                yield batch, old

    def rows(self) -> list[tuple[str, str]]:
        """What there is to see, as (what, text)."""
        first, last = self._batches[0], self._batches[-1]
        busy = max(self._batches, key=lambda batch: len(batch.logins) - len(_late(batch)))
        rows = [
            ("came in", f"{_when(first.received)} to {_clock(last.received)}"),
            ("logins", f"{len(self.logins)} in {len(self)} batches, one batch a minute"),
            ("busiest", f"{len(busy.logins)} at {_clock(busy.logins[0]['at'])}"),
        ]
        for batch, old in self.late():
            days = ", ".join(_days(old))
            rows.append(("late", f"{len(old)} of {days}, came in at {_clock(batch.received)}"))
        one = first.logins[0]
        rows.append(("one login", ", ".join(f"{key}={_value(one[key])}" for key in one)))
        return rows

    def __str__(self) -> str:
        return "\n".join(f"{what:<10}{said}" for what, said in self.rows())

    def _repr_html_(self) -> str:
        rows = [[html.element("b", html.whole(what)), said] for what, said in self.rows()]
        return html.card("The sample", html.table([], rows), alt="The sample")


def _late(batch: Batch) -> list[Login]:
    return [one for one in batch.logins if batch.received - one["at"] > timedelta(hours=1)]


def _days(logins: Sequence[Login]) -> list[str]:
    """The days on which they happened, oldest first."""
    return list(dict.fromkeys(_day(at) for at in sorted(login["at"] for login in logins)))


def _clock(moment: datetime) -> str:
    return clock_text(to_us(minute_of(moment)))


def _day(moment: datetime) -> str:
    return day_text(to_us(moment))


def _when(moment: datetime) -> str:
    return f"{_day(moment)} {_clock(moment)}"


def _value(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


def minute_of(moment: datetime) -> datetime:
    """The start of the minute that holds an instant."""
    return moment.replace(second=0, microsecond=0)


class Shops:
    """Makes logins for one learner.

    Parameters
    ----------
    facts:
        The learner's: ``shops``, ``versions``, ``late_shop``.
    seed:
        Other logins for another seed.
    """

    def __init__(self, facts: Mapping[str, Any], seed: int) -> None:
        self.facts = facts
        self.random = Random(seed)

    def _below(self, n: int) -> int:
        return int(self.random.random() * n)

    def login(self, at: datetime, shop: str = "") -> Login:
        """One login at an instant, in some shop when none is named."""
        shops, versions = self.facts["shops"], self.facts["versions"]
        return {
            "at": at,
            "shop": shop or shops[self._below(len(shops))],
            "version": versions[self._below(len(versions))],
            "session_id": f"s-{self._below(16**8):08x}",
        }

    def _how_many(self, rate: float) -> int:
        """A Poisson draw."""
        limit, product, n = exp(-rate), self.random.random(), 0
        while product > limit:
            product *= self.random.random()
            n += 1
        return n

    def at_minute(self, minute: datetime, how_many: int, shop: str = "") -> list[Login]:
        """Logins spread over one minute, in order."""
        seconds = sorted(self.random.random() * 60 for _ in range(how_many))
        return [self.login(minute + timedelta(seconds=int(s)), shop) for s in seconds]

    def late(self, first: datetime, minutes: int, how_many: int) -> list[Login]:
        """Logins of the late shop, spread over some minutes of another day, in order."""
        spread = sorted(self.random.random() * minutes * 60 for _ in range(how_many))
        shop = self.facts["late_shop"]
        return [self.login(first + timedelta(seconds=int(s)), shop) for s in spread]

    def feed(
        self,
        start: datetime,
        minutes: int,
        rate: float,
        spikes: Mapping[datetime, int],
        late: Mapping[datetime, Sequence[Login]] | None = None,
    ) -> Feed:
        """A stretch of batches.

        Parameters
        ----------
        start, minutes:
            From when, how long.
        rate:
            Logins a minute, on average; nights are calmer when the stretch is a day.
        spikes:
            minute -> how many logins it has instead.
        late:
            minute -> logins of long ago that come in within it as well.
        """
        batches = []
        for number in range(minutes):
            minute = start + number * _MINUTE
            calm = 0.25 if minutes > 12 * 60 and not 6 <= minute.hour < 23 else 1.0
            how_many = spikes.get(minute) or self._how_many(rate * calm)
            logins = [*(late or {}).get(minute, ()), *self.at_minute(minute, how_many)]
            batches.append(Batch(minute + _MINUTE, tuple(logins)))
        return Feed(batches)


def with_one_too_old(
    shops: Shops, facts: Mapping[str, Any], start: datetime, recent: int, old: int
) -> list[Login]:
    """Late logins of a Saturday and of 13 days ago, and one of 15 days ago in their midst.

    They share no minute with Friday's late logins: what is lost can be told apart by its minute.
    """
    saturday = facts["friday"] + _DAY
    return [
        *shops.late(saturday, 60, recent // 2),
        *shops.late(start.replace(hour=14) - 15 * _DAY, 1, 1),
        *shops.late(start.replace(hour=11) - 13 * _DAY, 90, old),
        *shops.late(saturday + _HOUR, 60, recent - recent // 2),
    ]
