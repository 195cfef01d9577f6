"""Event history: the management events of one account and Region, of the last 90 days.

Recording happens on every management call and costs three appends: an entry keeps the fact as it
was told, and the record is made when somebody looks. Nothing here changes or removes an entry,
except for age. Entries lie in order of time; a look-up goes through them from the newest end and
stops when its page is full.

An entry is a number that says where its call is: in the list of facts that were told, or in a row
of an imported past (:class:`labkit.cloudtrail.past.Past`), whose calls never become objects unless
somebody reads them. So a month of a big company is columns, and what happens since then is facts,
and a look-up sees one order of time.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from labkit.cloudtrail.engine.lookup import Match, everything
from labkit.cloudtrail.past import Past
from labkit.cloudtrail.records import Event
from labkit.core.clock import DAY, MINUTE
from labkit.core.facts import Fact

if TYPE_CHECKING:
    import numpy as np

    from labkit.cloudtrail.service import CloudTrail

K = TypeVar("K")
#: Fields of a call -> the series that it counts in.
SeriesOf = Callable[[Mapping[str, Any]], Sequence[K]]

#: How long event history goes back (quotas.toml, history.days).
RETENTION_US = 90 * DAY

#: Entries that are too old are dropped once in so many appends.
_SWEEP = 4096

#: An entry's number is ``past << _ROWS | row``; past 0 are the facts that were told.
_ROWS = 40
_ROW = (1 << _ROWS) - 1

#: Entries that a look-up over a past tests at once: few at first, since a page is soon full.
_FIRST_CHUNK, _LARGEST_CHUNK = 512, 1 << 17


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
        self._told: list[Fact | None] = []
        self._dropped = 0  # so many facts were at the front of `_told` before
        self._pasts: list[Past] = []
        self._where = array("q")  # of each entry, in order of time
        self._times = array("q")
        self._first = 0  # the number of the oldest entry that is still here
        self._room = _SWEEP

    def __len__(self) -> int:
        return len(self._times)

    @property
    def end(self) -> int:
        """The number that the next entry will get."""
        return self._first + len(self._times)

    # -- writing
    def append(self, fact: Fact) -> None:
        """Write an entry down."""
        at_us = fact.at_us
        times = self._times
        told = self._told
        where = self._dropped + len(told)
        told.append(fact)
        if times and at_us < times[-1]:
            # A prepared past may be told out of order. Entries behind it move up by one number, so
            # pages that somebody is leafing through meanwhile may repeat one.
            place = bisect_right(times, at_us)
            self._where.insert(place, where)
            times.insert(place, at_us)
            return
        self._where.append(where)
        times.append(at_us)
        self._room -= 1
        if not self._room:
            self._sweep(at_us)

    def extend(self, past: Past, rows: np.ndarray) -> None:
        """Write rows of a past down at once, in order of time."""
        import numpy as np

        if not len(rows):
            return
        self._pasts.append(past)
        where = rows.astype(np.int64) | (len(self._pasts) << _ROWS)
        times = np.asarray(past.calls.at_us, np.int64)[rows]
        if self._times:
            # What was here comes first at the same instant. Entries behind get other numbers.
            times = np.concatenate([np.array(self._times, np.int64), times])
            where = np.concatenate([np.array(self._where, np.int64), where])
            order = np.argsort(times, kind="stable")
            times, where = times[order], where[order]
        self._times, self._where = array("q"), array("q")
        self._times.frombytes(times.tobytes())
        self._where.frombytes(where.tobytes())

    def _sweep(self, now_us: int) -> None:
        self._room = _SWEEP
        gone = bisect_left(self._times, now_us - RETENTION_US)
        if not gone:
            return
        told = self._told
        for where in self._where[:gone]:
            if where <= _ROW:
                told[where - self._dropped] = None
        empty = next((n for n, fact in enumerate(told) if fact is not None), len(told))
        del told[:empty]
        self._dropped += empty
        del self._times[:gone]
        del self._where[:gone]
        self._first += gone

    # -- rates
    @property
    def oldest_us(self) -> int | None:
        """When the oldest entry was made; None when there is none."""
        return self._times[0] if self._times else None

    def rates(
        self, series_of: SeriesOf[K], before_us: int
    ) -> dict[K, tuple[np.ndarray, np.ndarray]]:
        """Calls by minute of each series, of the entries before an instant.

        Parameters
        ----------
        series_of:
            Fields of a call -> the series that it counts in.
        before_us:
            Later entries are left out, and those of the instant.

        Returns
        -------
        dict
            Series -> minutes since the epoch, ascending, and the calls of each (int64).
        """
        import numpy as np

        high = bisect_left(self._times, before_us)
        times = np.frombuffer(self._times[:high], np.int64)
        where = np.frombuffer(self._where[:high], np.int64)
        minutes: dict[K, list[np.ndarray]] = {}
        for number, past in enumerate(self._pasts, 1):
            mine = np.flatnonzero(where >> _ROWS == number)
            deeds = past.deed[where[mine] & _ROW]
            for which in np.unique(deeds).tolist():
                at = times[mine[deeds == which]] // MINUTE
                for series in series_of(past.calls.deeds[which]._asdict()):
                    minutes.setdefault(series, []).append(at)
        for place in np.flatnonzero(where >> _ROWS == 0).tolist():
            for series in series_of(self._fact(int(where[place])).data):
                minutes.setdefault(series, []).append(times[place : place + 1] // MINUTE)
        return {
            series: np.unique(np.concatenate(parts), return_counts=True)
            for series, parts in minutes.items()
        }

    def calls_of(
        self, series: K, series_of: SeriesOf[K], from_us: int, to_us: int
    ) -> Iterator[Fact]:
        """Calls of one series with ``from_us <= at_us < to_us``."""
        matches = Match(lambda data: series in series_of(data), "deed")
        for event in self.newest_first(from_us, to_us, matches):
            yield event.fact

    # -- reading
    def _fact(self, where: int) -> Fact:
        if where > _ROW:
            return self._pasts[(where >> _ROWS) - 1].fact(where & _ROW)
        fact = self._told[where - self._dropped]
        assert fact is not None
        return fact

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
        times, first = self._times, self._first
        low = bisect_left(times, from_us)
        high = bisect_left(times, to_us)
        if before is not None:
            high = min(high, before - first)
        if self._pasts and matches is not everything:
            for place in self._matching(low, high, matches):
                yield Event(first + place, self._fact(self._where[place]))
            return
        test = matches.test
        for place in range(high - 1, low - 1, -1):
            fact = self._fact(self._where[place])
            if test(fact.data):
                yield Event(first + place, fact)

    def times(self, from_us: int, to_us: int, matches: Match = everything) -> list[int]:
        """When the entries of :meth:`newest_first` happened, without making them; oldest first."""
        low, high = bisect_left(self._times, from_us), bisect_left(self._times, to_us)
        if matches is everything:
            return self._times[low:high].tolist()
        if self._pasts:
            return [self._times[place] for place in self._matching(low, high, matches)][::-1]
        return [one.fact.at_us for one in self.newest_first(from_us, to_us, matches)][::-1]

    def _matching(self, low: int, high: int, matches: Match) -> Iterator[int]:
        """Places of matching entries among told facts and pasts, the newest first."""
        import numpy as np

        known: dict[int, Any] = {}
        size = _FIRST_CHUNK
        while high > low:
            start = max(low, high - size)
            where = np.frombuffer(self._where[start:high], np.int64)
            hits = np.zeros(len(where), bool)
            source = where >> _ROWS
            for number in np.unique(source).tolist():
                places = np.flatnonzero(source == number)
                if number == 0:
                    for place in places.tolist():
                        hits[place] = matches.test(self._fact(int(where[place])).data)
                else:
                    rows = where[places] & _ROW
                    hits[places] = self._answers(self._pasts[number - 1], rows, matches, known)
            for place in np.flatnonzero(hits)[::-1].tolist():
                yield start + place
            high, size = start, min(size * 4, _LARGEST_CHUNK)

    @staticmethod
    def _answers(past: Past, rows: np.ndarray, matches: Match, known: dict[int, Any]) -> np.ndarray:
        import numpy as np

        if matches.about == "id":
            answers = past.ending_in(matches.tail, rows)
            for place in np.flatnonzero(answers).tolist():
                answers[place] = matches.test(past.fact(int(rows[place])).data)
            return answers
        made = known.get(id(past))
        if made is None:
            made = known[id(past)] = past.verdicts(matches)
        found: np.ndarray = made[(past.deed if matches.about == "deed" else past.caller)[rows]]
        return found
