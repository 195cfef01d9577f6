"""Insights: when the faults of a service are more than its noise.

AWS does not say how X-Ray finds an anomaly. **This detector is our own approximation**; the shapes
of what it finds are X-Ray's. What is documented is kept: only faults are looked at, services that
suffer from the same cause are one insight, its root cause is the anomalous service furthest
downstream (an outside one or a table as well as one's own), and it is looked at again until it
closes (developer guide, "Using X-Ray insights").

1. Requests and failures of each service are counted by the minute. A failure is a fault; of a
   service that sends no segments itself (a table) a throttled call too.
2. What is usual is learnt slowly: counts older than the window flow into the usual share, and are
   half forgotten after twelve hours. A service that is new has a share of one in two hundred.
   Minutes of an insight teach nothing. Nothing is judged before fifteen minutes are known, of
   the hour before insights were switched on (without its outliers) or from then on.
3. The **noise band** of ``n`` requests at the usual share ``p``: ``n p`` and four standard
   deviations of a binomial count, a little wider where counts are small. A service is anomalous
   when the failures of the last three minutes are above the band, at least five, and at least 2 %
   of its requests and twice the usual share.
4. An insight is ACTIVE from the first anomalous minute on and CLOSED after five minutes in which
   nothing was anomalous.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, sqrt

from labkit.xray.engine.trace import Service

ACTIVE, CLOSED = "ACTIVE", "CLOSED"


@dataclass(frozen=True, slots=True)
class Settings:
    """How unusual is decided.

    Parameters
    ----------
    learning, window, quiet, again:
        Minutes: that have to be known first; that are judged together; without an anomaly until
        an insight closes; between two events of an insight that goes on.
    least, share:
        Failures, and the part of the requests, below which nothing is anomalous.
    deviations:
        The half width of the noise band.
    prior, weight:
        The usual share of a service that is new, and for how many requests it stands.
    memory:
        What is kept of the usual counts from one minute to the next.
    """

    learning: int = 15
    window: int = 3
    quiet: int = 5
    again: int = 5
    least: int = 5
    share: float = 0.02
    deviations: float = 4.0
    prior: float = 0.005
    weight: float = 200.0
    memory: float = 0.5 ** (1 / 720)


USUAL = Settings()


@dataclass(slots=True)
class Count:
    """Requests, and how many of them failed."""

    total: float = 0
    failed: float = 0

    @property
    def share(self) -> float:
        """What part failed."""
        return self.failed / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Band:
    """What is to be expected: failures from ``low`` to ``high``, at the usual share."""

    low: int
    high: int
    share: float


def band(usual: Count, requests: float, settings: Settings = USUAL) -> Band:
    """The noise band of a number of requests.

    >>> band(Count(10_000, 40), 1_000)
    Band(low=0, high=14, share=0.004...)
    """
    share = (usual.failed + settings.prior * settings.weight) / (usual.total + settings.weight)
    middle = requests * share
    # One more on either side of the root and of the width: small counts are skewed.
    width = settings.deviations * sqrt(requests * share * (1 - share) + 1) + 1
    return Band(max(0, floor(middle - width)), ceil(middle + width), share)


@dataclass(frozen=True, slots=True)
class Event:
    """An insight as it was looked at once.

    Parameters
    ----------
    minute:
        When that was: the first minute that was not looked at.
    state:
        ACTIVE or CLOSED.
    anomalous:
        Services outside their noise, the worst first.
    """

    minute: int
    state: str
    anomalous: tuple[Service, ...]


@dataclass(slots=True)
class Insight:
    """An incident, from its first minute on.

    Parameters
    ----------
    start:
        The first minute with more failures than are usual.
    found:
        The minute after which it was found.
    last:
        The last minute that was anomalous.
    cause:
        The service at fault.
    events:
        As it was looked at.
    """

    start: int
    found: int
    last: int
    cause: Service
    state: str = ACTIVE
    events: list[Event] = field(default_factory=list)
    #: How much each service exceeded its band at worst.
    excess: dict[Service, float] = field(default_factory=dict)

    @property
    def anomalous(self) -> tuple[Service, ...]:
        """Every service that was outside its noise, the worst first."""
        return tuple(sorted(self.excess, key=lambda one: (-self.excess[one], one)))

    @property
    def end(self) -> int | None:
        """The first minute after it; None while it goes on."""
        return self.last + 1 if self.state == CLOSED else None


class Detector:
    """Watches the services of one group.

    Parameters
    ----------
    settings:
        How unusual is decided.
    """

    def __init__(self, settings: Settings = USUAL) -> None:
        self.settings = settings
        self.usual: dict[Service, Count] = {}
        self.open: Insight | None = None
        self._recent: deque[dict[Service, Count]] = deque()
        self._known = 0

    def band(self, service: Service, requests: float) -> Band:
        """The noise band of a service for a number of requests."""
        return band(self.usual.get(service, Count()), requests, self.settings)

    def learn(self, past: Mapping[Service, Sequence[Count]]) -> None:
        """What happened before: counts by minute. Minutes outside the noise are no example."""
        for service in sorted(past):
            minutes = [one for one in past[service] if one.total]
            self._known = max(self._known, len(minutes))
            if not minutes:
                continue
            middle = sorted(one.share for one in minutes)[len(minutes) // 2]
            usual = Count(10_000, 10_000 * middle)
            known = self.usual.setdefault(service, Count())
            for one in minutes:
                if one.failed <= band(usual, one.total, self.settings).high:
                    known.total += one.total
                    known.failed += one.failed

    def minute(
        self,
        minute: int,
        counts: Mapping[Service, Count],
        calls: Iterable[tuple[Service, Service]] = (),
    ) -> tuple[Insight, Event] | None:
        """A minute is over.

        Parameters
        ----------
        minute:
            Since the epoch.
        counts:
            Of every service that had a request in it.
        calls:
            Who calls whom: (caller, callee).

        Returns
        -------
        tuple[Insight, Event] | None
            The insight that began, went on or ended, when there is something to record.
        """
        self._recent.append(dict(counts))
        if counts:
            self._known += 1
        excess = self._anomalous() if self._known > self.settings.learning else {}
        found = self._judge(minute, excess, list(calls))
        while len(self._recent) >= self.settings.window:
            self._learn(self._recent.popleft(), excess)
        return found

    def _window(self) -> dict[Service, Count]:
        found: dict[Service, Count] = {}
        for counts in self._recent:
            for service, one in counts.items():
                known = found.setdefault(service, Count())
                known.total += one.total
                known.failed += one.failed
        return found

    def _anomalous(self) -> dict[Service, float]:
        """Services outside their noise, and by how many failures."""
        found = {}
        for service, one in sorted(self._window().items()):
            usual = self.band(service, one.total)
            if (
                one.failed > usual.high
                and one.failed >= self.settings.least
                and one.share >= max(self.settings.share, 2 * usual.share)
            ):
                found[service] = one.failed - usual.high
        return found

    def _judge(
        self, minute: int, excess: dict[Service, float], calls: list[tuple[Service, Service]]
    ) -> tuple[Insight, Event] | None:
        held = self.open
        if held is None:
            if not excess:
                return None
            cause = furthest(excess, calls)
            held = self.open = Insight(self._since(minute, excess), minute, minute, cause)
        elif not excess and minute - held.last >= self.settings.quiet:
            held.state, self.open = CLOSED, None
            return self._record(held, minute, excess)
        if excess:
            held.last = minute
            for service, amount in excess.items():
                held.excess[service] = max(held.excess.get(service, 0.0), amount)
            held.cause = furthest(held.excess, calls)
        last = held.events[-1] if held.events else None
        changed = last is None or (bool(excess) and set(last.anomalous) != set(excess))
        if changed or (last is not None and minute + 1 - last.minute >= self.settings.again):
            return self._record(held, minute, excess)
        return None

    def _record(
        self, held: Insight, minute: int, excess: dict[Service, float]
    ) -> tuple[Insight, Event]:
        ordered = tuple(sorted(excess, key=lambda one: (-excess[one], one)))
        event = Event(minute + 1, held.state, ordered)
        held.events.append(event)
        return held, event

    def _since(self, minute: int, excess: dict[Service, float]) -> int:
        """The first minute of the window in which one of the services failed unusually often."""
        first = minute - len(self._recent) + 1
        for place, counts in enumerate(self._recent):
            for service in excess:
                one = counts.get(service, Count())
                usual = self.band(service, one.total).share
                if one.failed > 2 and one.share >= max(self.settings.share, 3 * usual):
                    return first + place
        return minute

    def _learn(self, counts: Mapping[Service, Count], excess: Mapping[Service, float]) -> None:
        """Minutes that leave the window become what is usual, unless an insight is open."""
        for one in self.usual.values():
            one.total *= self.settings.memory
            one.failed *= self.settings.memory
        if self.open is not None or excess:
            return
        for service, one in counts.items():
            known = self.usual.setdefault(service, Count())
            known.total += one.total
            known.failed += one.failed


def furthest(excess: Mapping[Service, float], calls: list[tuple[Service, Service]]) -> Service:
    """The anomalous service furthest downstream: it calls no other anomalous one, the worst such.

    Services that call each other in a ring have nobody last: then the worst of all.
    """
    last = [
        one for one in excess
        if not any(a == one and b in excess and b != one for a, b in calls)
    ]  # fmt: skip
    return min(last or excess, key=lambda one: (-excess[one], one))


__all__ = [
    "ACTIVE", "CLOSED", "USUAL", "Band", "Count", "Detector", "Event", "Insight", "Settings",
    "band", "furthest",
]  # fmt: skip
