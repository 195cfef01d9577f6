"""What machines cost: the time they run, and the metrics of detailed monitoring.

- An instance is charged by the second while it is ``running``, at least a minute each time
  (EC2, Linux on demand).
- Detailed monitoring is charged as metrics: the seven that then come each minute, in each hour of
  the clock in which the machine ran monitored so (aws-semantics 1.11, 12).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from labkit.core.clock import MINUTE, SECOND
from labkit.core.usage import Usage, hours_touched
from labkit.workloads.ec2_metrics import METRICS, Grain

if TYPE_CHECKING:
    from labkit.workloads.machine import Machine

DETAILED = "ec2.detailed_metric"
INSTANCE = "ec2.instance."

#: How many metrics detailed monitoring changes.
DETAILED_METRICS = sum(metric.grain is Grain.MONITORING for metric in METRICS.values())


def usage(machines: Iterable[Machine], start_us: int, end_us: int) -> Iterator[Usage]:
    """Instance-seconds by type and detailed metric-hours of ``(start_us, end_us]``."""
    for machine in machines:
        place = (machine.account, machine.region)
        seconds: dict[str, int] = {}
        for run in machine.runs:
            used = _seconds(run.start_us, run.end_us, end_us)
            used -= _seconds(run.start_us, run.end_us, start_us)
            seconds[run.what] = seconds.get(run.what, 0) + used
        for kind, used in seconds.items():
            if used:
                yield Usage(INSTANCE + kind, *place, Fraction(used))
        spans = list(_monitored(machine))
        hours = hours_touched(spans, end_us) - hours_touched(spans, start_us)
        if hours:
            yield Usage(DETAILED, *place, Fraction(hours))


def per_hour(machines: Iterable[Machine]) -> Iterator[Usage]:
    """What an hour uses as long as the machines that run now go on."""
    for machine in machines:
        if machine.runs_now:
            place = (machine.account, machine.region)
            yield Usage(INSTANCE + machine.runs[-1].what, *place, Fraction(3600))
            if machine.is_detailed:
                yield Usage(DETAILED, *place, Fraction(DETAILED_METRICS))


def _seconds(start_us: int, end_us: int, until_us: int) -> int:
    """Seconds charged before ``until_us`` of one run: begun seconds, a minute at least."""
    if until_us <= start_us:
        return 0
    ran_us = min(end_us, until_us) - start_us
    return -(-max(ran_us, MINUTE) // SECOND)


def _monitored(machine: Machine) -> Iterator[tuple[int, int, int]]:
    """The stretches in which the machine ran and was monitored in detail."""
    for run in machine.runs:
        for span in machine.detailed:
            start_us, end_us = max(run.start_us, span.start_us), min(run.end_us, span.end_us)
            if start_us < end_us:
                yield start_us, end_us, DETAILED_METRICS
