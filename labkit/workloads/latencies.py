"""Latencies: response times of a service, every request of every minute, pulled when asked.

Theory of operation
-------------------
A service handles some hundred requests a minute, fewer at night and at weekends. A minute's
response times are told as about ten values with their counts (:data:`SHAPE`), so that averages and
percentiles of any period come out as those of single requests would.

What a minute holds is a pure function of (seed, metric, minute) and of the incidents applied:

1. a level: the usual response time, a few percent up or down, a little more by day than by night;
2. **hitches**, which harm nobody for long: the restart at 03:00 takes two slow minutes, and now and
   then a minute or two are slow, or two minutes are missing. At most one falls into an hour, in its
   middle, so two of them are never closer than twenty minutes;
3. a **straggler** in one minute of ten by day: one single request that takes ages;
4. incidents, on top of it all.

Points arrive at the end of their minute. Incidents are applied before the world's clock moves (a
replay does); no alarm is decided anew for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from labkit.core.clock import MINUTE, to_us
from labkit.core.errors import LabError
from labkit.core.sources import Points, Series

if TYPE_CHECKING:
    import numpy as np

    from labkit.workloads.incidents import Incident

#: (times the usual response time, share of the requests), quickest first; the shares make 1.
SHAPE = ((0.45, 0.10), (0.65, 0.20), (0.85, 0.20), (1.05, 0.20), (1.3, 0.15), (1.6, 0.09),
         (2.0, 0.04), (2.4, 0.02))  # fmt: skip
#: Requests per minute by hour of the day, as shares of the busiest.
RHYTHM = (0.14, 0.09, 0.06, 0.05, 0.05, 0.07, 0.15, 0.32, 0.55, 0.78, 0.92, 0.98,
          1.0, 0.94, 0.88, 0.86, 0.88, 0.92, 0.96, 0.98, 0.88, 0.66, 0.42, 0.25)  # fmt: skip
_WEEKEND = 0.6
#: What a request takes that is caught in a ``slow_share``, and a straggler: milliseconds.
CAUGHT_MS, STRAGGLER_MS = 4_000.0, 9_000.0
#: How many times as slow a hitch is.
HITCH = 9.0
_RESTART_HOUR = 3
_HOUR_MINUTES, _DAY_MINUTES = 60, 1440
#: Chances of an hour: one slow minute; two; two missing ones.
_CHANCES = (("slow minute", 1, 0.030), ("two slow minutes", 2, 0.011), ("gap", 2, 0.010))


@dataclass(frozen=True, slots=True)
class Hitch:
    """A short spell that harms nobody.

    Parameters
    ----------
    kind:
        ``restart``, ``slow minute``, ``two slow minutes``, ``gap``.
    minute, minutes:
        Its first minute since the epoch, and how many.
    """

    kind: str
    minute: int
    minutes: int


@dataclass(slots=True)
class Service:
    """A service whose response times are a metric.

    Parameters
    ----------
    account, region, series:
        Under which metric its response times are found.
    usual_ms:
        The usual response time: about the average, in milliseconds.
    busiest:
        Requests a minute in the busiest hour of a weekday.
    """

    account: str
    region: str
    series: Series
    usual_ms: float
    busiest: float
    incidents: list[Incident] = field(default_factory=list)


class Latencies:
    """The response times of the world's services: a pulled source.

    Parameters
    ----------
    seed:
        Decides levels, hitches and stragglers.
    """

    #: The incidents that can befall a service.
    KINDS: ClassVar[frozenset[str]] = frozenset({"slow", "slow_share", "silence"})

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._services: dict[tuple[str, str, Series], Service] = {}

    def add(self, service: Service) -> None:
        """A service that reports from now on, and always has."""
        self._services[service.account, service.region, service.series] = service

    def apply(self, incident: Incident) -> None:
        """Let an incident befall the service that it names.

        Raises
        ------
        LabError
            When there is none of that name.
        """
        for service in self._services.values():
            if incident.target == f"{service.series.namespace} {service.series.name}":
                service.incidents.append(incident)
                return
        raise LabError(f"no metric is called {incident.target!r} here")

    # -- the source
    def series(self, account: str, region: str, now_us: int) -> Iterable[Series]:
        """The metrics of the account's services."""
        return [key[2] for key in self._services if key[:2] == (account, region)]

    def has(self, account: str, region: str, series: Series) -> bool:
        """Whether ``series`` is the metric of a service."""
        return (account, region, series) in self._services

    def version(self, account: str, region: str, series: Series) -> int:
        """Changes with every incident."""
        return len(self._services[account, region, series].incidents)

    def hitches(
        self, account: str, region: str, series: Series, first: int, last: int
    ) -> list[Hitch]:
        """The hitches that begin in a stretch of minutes since the epoch, in order."""
        return self._hitches(self._services[account, region, series], first, last)

    def points(
        self, account: str, region: str, series: Series, start_us: int, end_us: int
    ) -> Points:
        """The response times of all minutes that begin in the stretch, in milliseconds."""
        import numpy as np

        service = self._services[account, region, series]
        first, last = -(-start_us // MINUTE), max(-(-end_us // MINUTE), -(-start_us // MINUTE))
        minutes = np.arange(first, last, dtype=np.int64)
        factor, share, here = self._befallen(service, first, last)
        level = service.usual_ms * (1 + 0.1 * self._noise(service, "level", first, last))
        by_hour = np.array(RHYTHM)[minutes // _HOUR_MINUTES % 24]
        level *= (0.92 + 0.12 * by_hour) * factor
        weekend = np.where((minutes // _DAY_MINUTES + 3) % 7 >= 5, _WEEKEND, 1.0)
        noise = 1 + 0.08 * self._noise(service, "requests", first, last)
        requests = np.maximum(np.floor(service.busiest * by_hour * weekend * noise), 1.0)
        values = np.empty((len(minutes), len(SHAPE) + 2))
        counts = np.zeros_like(values)
        upto = np.floor(
            requests[:, None] * np.cumsum([share for _, share in SHAPE])[None, :] + 1e-9
        )
        counts[:, 0] = upto[:, 0]
        counts[:, 1:-2] = upto[:, 1:] - upto[:, :-1]
        values[:, :-2] = level[:, None] * np.array([times for times, _ in SHAPE])[None, :]
        # Whoever is caught in an incident would have been served about as usual.
        caught = np.minimum(np.ceil(requests * share / 100), counts[:, 3])
        counts[:, 3] -= caught
        values[:, -2], counts[:, -2] = CAUGHT_MS, caught
        values[:, -1] = STRAGGLER_MS
        straggles = self._noise(service, "straggler", first, last) < -0.8
        counts[:, -1] = straggles & (requests >= 200)
        counts[~here] = 0
        keep = counts > 0
        stamps = np.broadcast_to((minutes * MINUTE)[:, None], counts.shape)[keep]
        return Points(stamps, values[keep], stamps + MINUTE, "Milliseconds", counts[keep])

    def _noise(self, service: Service, what: str, first: int, last: int) -> np.ndarray:
        from labkit.workloads.noise import key_of, uniform

        series = service.series
        key = key_of(self._seed, service.account, service.region, str(series), what)
        return uniform(key, first, last)

    def _befallen(
        self, service: Service, first: int, last: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each minute: how many times as slow, percent caught, whether it is told at all."""
        import numpy as np

        factor, share = np.ones(last - first), np.zeros(last - first)
        here = np.ones(last - first, dtype=bool)
        for hitch in self._hitches(service, first - _HOUR_MINUTES, last):
            place = slice(
                max(hitch.minute - first, 0), max(hitch.minute + hitch.minutes - first, 0)
            )
            if hitch.kind == "gap":
                here[place] = False
            else:
                factor[place] = HITCH
        for incident in service.incidents:
            begin = to_us(incident.start) // MINUTE - first
            end = last - first if incident.end is None else to_us(incident.end) // MINUTE - first
            place = slice(max(begin, 0), max(end, 0))
            if incident.kind == "slow":
                factor[place] = incident.size
            elif incident.kind == "slow_share":
                share[place] = incident.size
            else:
                here[place] = False
        return factor, share, here

    def _hitches(self, service: Service, first: int, last: int) -> list[Hitch]:
        low, high = first // _HOUR_MINUTES, -(-last // _HOUR_MINUTES)
        chance = self._noise(service, "hitch", low, high).tolist()
        places = self._noise(service, "hitch minute", low, high).tolist()
        found = []
        for hour, drawn, where in zip(range(low, high), chance, places, strict=True):
            of_day, begin = hour % 24, hour * _HOUR_MINUTES
            if of_day == _RESTART_HOUR:
                found.append(Hitch("restart", begin, 2))
                continue
            minute = begin + 30 + int(where * 20)
            if of_day == _RESTART_HOUR - 1:
                continue
            left = (drawn + 1) / 2
            for kind, minutes, part in _CHANCES:
                left -= part
                if left < 0:
                    found.append(Hitch(kind, minute, minutes))
                    break
        return [hitch for hitch in found if first <= hitch.minute < last]
