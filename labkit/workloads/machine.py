"""Machine: what the fleet keeps of one EC2 instance. Intervals, never points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labkit.core.sources import Series
from labkit.workloads.cpu_credits import BURSTABLE, Purse
from labkit.workloads.ec2_metrics import CALM, CREDITS, DIMENSION, METRICS, NAMESPACE
from labkit.workloads.fills import Fill
from labkit.workloads.intervals import Span, Steps, stacked

if TYPE_CHECKING:
    import numpy as np


@dataclass(slots=True)
class Machine:
    """What is kept of one instance.

    Parameters
    ----------
    instance_id:
        Its id.
    seed:
        Of the noise.
    account, region:
        Where it is; empty until the fleet hears of it.
    runs:
        When it ran, in order of time; ``what`` is the instance type.
    detailed:
        When detailed monitoring was on, in order of time.
    base:
        Percent of CPU when nothing else is said.
    shares:
        Percent of CPU that its part of a group's load makes; None where it has none.
    loads:
        Percent of CPU that somebody set; None where nobody did.
    incidents:
        Percent of CPU that an incident brings, whatever is set; None where there is none.
    failing:
        Status check -> when it fails.
    fills:
        ``memory``, or ``disk`` and a mount point (``disk /var``) -> how it fills up.
    version:
        How often any of this has changed.
    """

    instance_id: str
    seed: int
    account: str = ""
    region: str = ""
    runs: list[Span] = field(default_factory=list)
    detailed: list[Span] = field(default_factory=list)
    base: Steps[float] = field(default_factory=lambda: Steps(CALM))
    shares: Steps[float | None] = field(default_factory=lambda: Steps(None))
    loads: Steps[float | None] = field(default_factory=lambda: Steps(None))
    incidents: Steps[float | None] = field(default_factory=lambda: Steps(None))
    failing: dict[str, list[Span]] = field(default_factory=dict)
    fills: dict[str, list[Fill]] = field(default_factory=dict)
    version: int = 0

    # What follows from the above, made when first asked for and forgotten at each change.
    #: Credits at each midnight, the first one that of the day of its first run.
    midnights: list[Purse] = field(default_factory=list)
    #: Metric -> when its first point arrives.
    first_arrivals: dict[str, int] | None = None
    _levels: Steps[float] | None = None
    _level_columns: tuple[np.ndarray, np.ndarray] | None = None
    _keys: dict[str, np.uint64] = field(default_factory=dict)

    @property
    def levels(self) -> Steps[float]:
        """Percent of CPU over time: incidents over loads over shares over the base."""
        if self._levels is None:
            self._levels = stacked(self.base, self.shares, self.loads, self.incidents)
        return self._levels

    @property
    def level_columns(self) -> tuple[np.ndarray, np.ndarray]:
        """The pieces of :attr:`levels` as arrays: int64 from when, float64 percent."""
        if self._level_columns is None:
            import numpy as np

            times, figures = self.levels.columns()
            self._level_columns = np.array(times, dtype=np.int64), np.array(figures, dtype=float)
        return self._level_columns

    @property
    def runs_now(self) -> bool:
        """Whether it runs."""
        return bool(self.runs) and self.runs[-1].lasts

    @property
    def is_detailed(self) -> bool:
        """Whether detailed monitoring is on."""
        return bool(self.detailed) and self.detailed[-1].lasts

    @property
    def bursts(self) -> bool:
        """Whether it has ever run as a burstable type."""
        return any(run.what in BURSTABLE for run in self.runs)

    def names(self) -> list[str]:
        """The metrics that it has."""
        bursts = self.bursts
        return [name for name in METRICS if bursts or name not in CREDITS]

    def series(self, name: str) -> Series:
        """One of its metrics."""
        return Series(NAMESPACE, name, ((DIMENSION, self.instance_id),))

    def key(self, channel: str) -> np.uint64:
        """The key of the noise of one channel."""
        found = self._keys.get(channel)
        if found is None:
            from labkit.workloads.noise import key_of

            found = key_of(self.seed, self.account, self.region, self.instance_id, channel)
            self._keys[channel] = found
        return found

    def changed(self) -> None:
        """Something that is kept has changed."""
        self.version += 1
        self._levels = self._level_columns = None
        self.first_arrivals = None
        self.midnights.clear()
