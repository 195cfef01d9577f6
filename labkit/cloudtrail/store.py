"""Event history: the management events of one account and Region, of the last 90 days.

Recording happens on every management call and costs two appends: an entry keeps the fact as it was
told, and the record is made when somebody looks. Nothing here changes or removes an entry, except
for age. Entries lie in order of time, since facts are told in order of time; a look-up goes
through them from the newest end and stops when its page is full.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING

from labkit.cloudtrail.engine.lookup import Match, everything
from labkit.cloudtrail.records import Event
from labkit.core.clock import DAY
from labkit.core.facts import Fact

if TYPE_CHECKING:
    from labkit.cloudtrail.service import CloudTrail

#: How long event history goes back (quotas.toml, history.days).
RETENTION_US = 90 * DAY

_when = attrgetter("at_us")

#: Entries that are too old are dropped once in so many appends.
_SWEEP = 4096


class History:
    """What CloudTrail remembers for an account and Region.

    Parameters
    ----------
    account, region:
        Whose history it is.
    service:
        The CloudTrail that it belongs to.
    """

    def __init__(self, account: str, region: str, service: CloudTrail) -> None:
        self.account = account
        self.region = region
        self.service = service
        self._facts: list[Fact] = []
        self._times = array("q")
        self._first = 0  # the number of the oldest entry that is still here
        self._room = _SWEEP

    def __len__(self) -> int:
        return len(self._facts)

    @property
    def end(self) -> int:
        """The number that the next entry will get."""
        return self._first + len(self._facts)

    # -- writing
    def append(self, fact: Fact) -> None:
        """Write an entry down; the only way to change a history."""
        at_us = fact.at_us
        times = self._times
        if times and at_us < times[-1]:
            self._insert(fact)
            return
        self._facts.append(fact)
        times.append(at_us)
        self._room -= 1
        if not self._room:
            self._sweep(at_us)

    def _insert(self, fact: Fact) -> None:
        # A prepared past may be told out of order. Entries behind it move up by one number, so
        # pages that somebody is leafing through meanwhile may repeat one.
        place = bisect_right(self._times, fact.at_us)
        self._facts.insert(place, fact)
        self._times.insert(place, fact.at_us)

    def extend(self, facts: Sequence[Fact]) -> None:
        """Write many entries down at once, in order of time: a prepared past."""
        if not facts:
            return
        if self._times and facts[0].at_us < self._times[-1]:
            # Entries behind the new ones get other numbers, as in :meth:`_insert`.
            self._facts = list(merge(self._facts, facts, key=_when))
            self._times = array("q", map(_when, self._facts))
            return
        self._facts.extend(facts)
        self._times.extend(map(_when, facts))

    def _sweep(self, now_us: int) -> None:
        self._room = _SWEEP
        gone = bisect_left(self._times, now_us - RETENTION_US)
        if gone:
            del self._facts[:gone]
            del self._times[:gone]
            self._first += gone

    # -- reading
    def newest_first(
        self,
        from_us: int,
        to_us: int,
        matches: Match = everything,
        *,
        before: int | None = None,
    ) -> Iterator[Event]:
        """Entries with ``from_us <= at_us < to_us`` that match, the newest first.

        Parameters
        ----------
        from_us, to_us:
            The stretch of time.
        matches:
            The test of a look-up attribute.
        before:
            Only entries with a smaller number: where the page before ended.
        """
        times, facts, first = self._times, self._facts, self._first
        low = bisect_left(times, from_us)
        high = bisect_left(times, to_us)
        if before is not None:
            high = min(high, before - first)
        for place in range(high - 1, low - 1, -1):
            fact = facts[place]
            if matches(fact.data):
                yield Event(first + place, fact)
