"""What EC2 machines do, as a pulled source of the namespace AWS/EC2.

Theory of operation
-------------------
The fleet keeps **intervals**, never points: when each machine ran, when it was monitored in detail,
which loads were set, which checks fail. Its figures are a pure function of (seed, machine, metric,
minute, intervals), made when somebody asks for a stretch of time:

1. The **minute** is the grain. A minute counts when the machine runs at its end.
2. CPU of a minute is the load that was set for it (the one set last wins) or the machine's
   base, with a little noise. Network and disk follow the CPU.
3. **Detailed monitoring**: a point per minute, which arrives at the minute's end.
   **Basic monitoring**: a point per five minutes of the clock (09:10, 09:15, ...), the mean (CPU)
   or the sum (bytes, counts) of those minutes in it that count, arriving when they are over. AWS
   does not say whether such a point carries its minutes' extremes; here it is one value.
   Status checks come every minute in both.
4. Where monitoring changes within five minutes, the basic point covers the basic minutes, and the
   detailed points of those five minutes arrive together with it, so that arrivals never go back.

A five-minute point is decided by its whole five minutes, wherever the stretch asked for is cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from labkit.core.clock import MINUTE, Clock, to_us
from labkit.core.errors import LabError
from labkit.core.facts import Fact, Facts
from labkit.core.sources import Points, Series
from labkit.workloads.incidents import Incident

if TYPE_CHECKING:
    import numpy as np

NAMESPACE = "AWS/EC2"
BASIC_US = 5 * MINUTE
FOREVER = 2**62

#: What a machine does when nobody says otherwise, percent, and how far noise takes it.
CALM = 20.0
CALM_NOISE = 1.5
LOAD_NOISE = 0.8

#: metric -> (unit, how five minutes are put together, amount per percent of CPU and minute,
#: amount at rest per minute)
METRICS: dict[str, tuple[str, str, float, float]] = {
    "CPUUtilization": ("Percent", "mean", 1.0, 0.0),
    "NetworkIn": ("Bytes", "sum", 24_000.0, 60_000.0),
    "NetworkOut": ("Bytes", "sum", 61_000.0, 40_000.0),
    "NetworkPacketsIn": ("Count", "sum", 31.0, 90.0),
    "NetworkPacketsOut": ("Count", "sum", 47.0, 80.0),
    "DiskReadOps": ("Count", "sum", 3.0, 4.0),
    "DiskWriteOps": ("Count", "sum", 5.0, 9.0),
    "DiskReadBytes": ("Bytes", "sum", 12_288.0, 16_384.0),
    "DiskWriteBytes": ("Bytes", "sum", 20_480.0, 36_864.0),
}
CHECKS = {
    "StatusCheckFailed": ("instance", "system"),
    "StatusCheckFailed_Instance": ("instance",),
    "StatusCheckFailed_System": ("system",),
}

#: [start, end) in microseconds, the end FOREVER while it lasts.
Interval = tuple[int, int]


@dataclass(slots=True)
class Machine:
    """What is kept of one instance."""

    instance_id: str
    account: str = ""
    region: str = ""
    bases: list[tuple[int, int, float]] = field(default_factory=list)
    running: list[Interval] = field(default_factory=list)
    detailed: list[Interval] = field(default_factory=list)
    loads: list[tuple[int, int, float]] = field(default_factory=list)
    failing: dict[str, list[Interval]] = field(default_factory=dict)
    version: int = 0


class Fleet:
    """The machines of one lab (see the head of this file).

    Parameters
    ----------
    seed:
        Of the noise.
    clock, facts:
        The lab's.
    """

    def __init__(self, seed: int, clock: Clock, facts: Facts) -> None:
        self._seed = seed
        self._clock = clock
        self._facts = facts
        self._machines: dict[str, Machine] = {}

    # -- what the fleet hears
    def on_instance_state(self, fact: Fact) -> None:
        """An instance entered a state."""
        machine = self._machine(fact.data["instance_id"])
        machine.account, machine.region = fact.account, fact.region
        runs = bool(machine.running) and machine.running[-1][1] == FOREVER
        if fact.data["state"] == "running" and not runs:
            machine.running.append((fact.at_us, FOREVER))
        elif fact.data["state"] not in ("running", "pending") and runs:
            machine.running[-1] = (machine.running[-1][0], fact.at_us)
        else:
            return
        self._changed(machine)

    def on_monitoring(self, fact: Fact) -> None:
        """Monitoring of an instance became basic or detailed."""
        machine = self._machine(fact.data["instance_id"])
        machine.account, machine.region = fact.account, fact.region
        detailed = bool(machine.detailed) and machine.detailed[-1][1] == FOREVER
        if fact.data["monitoring"] == "detailed" and not detailed:
            machine.detailed.append((fact.at_us, FOREVER))
        elif fact.data["monitoring"] == "basic" and detailed:
            machine.detailed[-1] = (machine.detailed[-1][0], fact.at_us)
        else:
            return
        self._changed(machine)

    # -- what is done to it
    def load(
        self,
        instance_id: str,
        cpu: float,
        *,
        start: datetime | None = None,
        minutes: float | None = None,
    ) -> None:
        """Let a machine run at about ``cpu`` percent.

        Parameters
        ----------
        instance_id:
            Also one that does not run yet.
        cpu:
            0 to 100.
        start:
            Aware; now when left out. It may lie ahead, never behind.
        minutes:
            How long; for good when left out.

        Raises
        ------
        LabError
            For a percentage that is none, or a start in the past.
        """
        if not 0 <= cpu <= 100:
            raise LabError(f"cpu is a percentage from 0 to 100, not {cpu}")
        machine = self._machine(instance_id)
        machine.loads.append((*self._span(start, minutes), float(cpu)))
        self._changed(machine)

    def base(self, instance_id: str, cpu: float) -> None:
        """Let a machine idle at about ``cpu`` percent from now on, where no load is set.

        Raises
        ------
        LabError
            For a percentage that is none.
        """
        if not 0 <= cpu <= 100:
            raise LabError(f"cpu is a percentage from 0 to 100, not {cpu}")
        machine = self._machine(instance_id)
        machine.bases.append((self._clock.now_us, FOREVER, float(cpu)))
        self._changed(machine)

    def fail_check(
        self,
        instance_id: str,
        kind: str = "system",
        *,
        start: datetime | None = None,
        minutes: float | None = None,
    ) -> None:
        """Let the ``system`` or the ``instance`` status check of a machine fail.

        Raises
        ------
        LabError
            For another kind, or a start in the past.
        """
        if kind not in ("system", "instance"):
            raise LabError(f"a status check is 'system' or 'instance', not {kind!r}")
        machine = self._machine(instance_id)
        machine.failing.setdefault(kind, []).append(self._span(start, minutes))
        self._changed(machine)

    def apply(self, incident: Incident) -> None:
        """Let an incident happen."""
        minutes = (incident.end - incident.start).total_seconds() / 60
        if incident.kind == "cpu":
            self.load(incident.target, incident.size, start=incident.start, minutes=minutes)
        else:
            kind = incident.kind.removeprefix("status_check_")
            self.fail_check(incident.target, kind, start=incident.start, minutes=minutes)

    def _span(self, start: datetime | None, minutes: float | None) -> Interval:
        now_us = self._clock.now_us
        if start is not None and start.tzinfo is None:
            raise LabError("start is an aware datetime: lab.now, lab.start.replace(hour=10)")
        start_us = now_us if start is None else to_us(start)
        if start_us < now_us - MINUTE:
            raise LabError("start lies in the past; figures that were told can't be taken back")
        if minutes is not None and minutes <= 0:
            raise LabError(f"minutes must be more than 0, not {minutes}")
        end_us = FOREVER if minutes is None else start_us + round(minutes * MINUTE)
        return start_us, end_us

    def _machine(self, instance_id: str) -> Machine:
        found = self._machines.get(instance_id)
        if found is None:
            found = self._machines[instance_id] = Machine(instance_id)
        return found

    def _changed(self, machine: Machine) -> None:
        machine.version += 1
        if machine.account:
            self._facts.publish(
                "metric.changed",
                machine.account,
                machine.region,
                {"namespace": NAMESPACE, "dimension": "InstanceId", "value": machine.instance_id},
            )

    # -- the source
    def series(self, account: str, region: str, now_us: int) -> Iterable[Series]:
        """The series that have had a point by ``now_us``."""
        for machine in self._of(account, region):
            first = min((start for start, _ in machine.running), default=FOREVER)
            if first > now_us:
                continue
            for name in (*METRICS, *CHECKS):
                series = Series(NAMESPACE, name, (("InstanceId", machine.instance_id),))
                points = self.points(
                    account, region, series, first - BASIC_US, min(now_us, first + 2 * BASIC_US)
                )
                if len(points.arrivals) and points.arrivals[0] <= now_us:
                    yield series

    def _of(self, account: str, region: str) -> Iterator[Machine]:
        for machine in self._machines.values():
            if (machine.account, machine.region) == (account, region):
                yield machine

    def _find(self, account: str, region: str, series: Series) -> Machine | None:
        if series.namespace != NAMESPACE or len(series.dimensions) != 1:
            return None
        name, value = series.dimensions[0]
        machine = self._machines.get(value) if name == "InstanceId" else None
        if machine is None or (machine.account, machine.region) != (account, region):
            return None
        return machine

    def has(self, account: str, region: str, series: Series) -> bool:
        """Whether ``series`` is one of a machine of this account and region."""
        known = series.name in METRICS or series.name in CHECKS
        return known and self._find(account, region, series) is not None

    def version(self, account: str, region: str, series: Series) -> int:
        """A number that changes with what is kept of the machine."""
        machine = self._find(account, region, series)
        return machine.version if machine else 0

    def points(
        self, account: str, region: str, series: Series, start_us: int, end_us: int
    ) -> Points:
        """The points of a series with ``start_us <= timestamp < end_us``."""
        import numpy as np

        machine = self._find(account, region, series)
        unit = METRICS[series.name][0] if series.name in METRICS else "Count"
        if machine is None or not machine.running or end_us <= start_us:
            none = np.empty(0, dtype=np.int64)
            return Points(none, np.empty(0), none, unit)
        # Whole five-minute buckets: a basic point is decided by all its minutes.
        first = start_us // BASIC_US * 5
        last = -(-end_us // BASIC_US) * 5
        minutes, stamps, ends = _minutes(first, last)
        runs = _within(machine.running, ends)
        if series.name in CHECKS:
            values = np.zeros(len(minutes))
            for kind in CHECKS[series.name]:
                values[_within(machine.failing.get(kind, []), ends)] = 1.0
            stamps, shown, arrivals = stamps[runs], values[runs], ends[runs]
        else:
            values = self._minute_values(machine, series.name, minutes)
            detailed = _within(machine.detailed, ends)
            together = METRICS[series.name][1]
            stamps, shown, arrivals = _points(stamps, ends, values, runs, detailed, together)
        if len(stamps) and (stamps[0] < start_us or stamps[-1] >= end_us):
            low, high = np.searchsorted(stamps, (start_us, end_us))
            stamps, shown, arrivals = stamps[low:high], shown[low:high], arrivals[low:high]
        return Points(stamps, shown, arrivals, unit)

    def _minute_values(self, machine: Machine, name: str, minutes: np.ndarray) -> np.ndarray:
        import numpy as np

        from labkit.workloads.noise import key_of, uniform

        cpu = np.full(len(minutes), CALM)
        swing = np.full(len(minutes), CALM_NOISE)
        begin_us, end_of_all_us = int(minutes[0]) * MINUTE, int(minutes[-1] + 1) * MINUTE
        for start_us, end_us, percent in (*machine.bases, *machine.loads):
            if start_us >= end_of_all_us or end_us <= begin_us:
                continue
            # A minute has the load that was on at its start.
            first = max(-((begin_us - start_us) // MINUTE), 0)
            last = min(-((begin_us - end_us) // MINUTE), len(minutes))
            cpu[first:last] = percent
            # Noise never leaves 0..100: near an end there is less of it.
            swing[first:last] = min(LOAD_NOISE, percent, 100.0 - percent)
        cpu += swing * uniform(key_of(self._seed, machine.instance_id, "cpu"), minutes)
        if name == "CPUUtilization":
            rounded: np.ndarray = np.round(cpu, 4)
            return rounded
        _, _, per_percent, at_rest = METRICS[name]
        noise = uniform(key_of(self._seed, machine.instance_id, name), minutes)
        amount: np.ndarray = np.round((cpu * per_percent + at_rest) * (1 + 0.05 * noise))
        return amount


@lru_cache(maxsize=16)
def _minutes(first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minutes ``first`` to ``last``, their starts and their ends in microseconds, read-only.

    A thousand alarms ask their machines for the same day one after the other.
    """
    import numpy as np

    minutes = np.arange(first, last, dtype=np.int64)
    made = (minutes, minutes * MINUTE, (minutes + 1) * MINUTE)
    for column in made:
        column.flags.writeable = False
    return made


def _within(intervals: Iterable[Interval], ends: np.ndarray) -> np.ndarray:
    """Which of the instants ``ends`` (ascending) lie in an interval, its end included."""
    import numpy as np

    inside = np.zeros(len(ends), dtype=bool)
    for start_us, end_us in intervals:
        if start_us < ends[0] and end_us >= ends[-1]:
            inside[:] = True
            break
        first = np.searchsorted(ends, start_us, side="right")
        last = np.searchsorted(ends, end_us, side="right")
        inside[first:last] = True
    return inside


def _points(
    stamps: np.ndarray,
    ends: np.ndarray,
    values: np.ndarray,
    runs: np.ndarray,
    detailed: np.ndarray,
    together: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Timestamps, values and arrivals of whole five-minute buckets of minutes."""
    import numpy as np

    if bool(detailed.all()):
        if bool(runs.all()):
            return stamps, values, ends
        return stamps[runs], values[runs], ends[runs]
    basic = (runs & ~detailed).reshape(-1, 5)
    counts = basic.sum(axis=1)
    some = counts > 0
    amounts = np.where(basic, values.reshape(-1, 5), 0.0).sum(axis=1)
    if together == "mean":
        amounts[some] = amounts[some] / counts[some]
    buckets = stamps[::5]
    bucket_ends = buckets + BASIC_US
    shown = runs & detailed
    if not shown.any():
        return buckets[some], np.round(amounts[some], 4), bucket_ends[some]
    # A detailed point of a bucket that also has a basic one arrives together with it.
    waits = np.repeat(np.where(some, bucket_ends, 0), 5)
    starts = np.concatenate([buckets[some], stamps[shown]])
    points = np.concatenate([np.round(amounts[some], 4), values[shown]])
    arrivals = np.concatenate([bucket_ends[some], np.maximum(ends, waits)[shown]])
    order = np.argsort(starts, kind="stable")
    return starts[order], points[order], arrivals[order]
