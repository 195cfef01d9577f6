"""The metrics that an EC2 machine has: names, units, how often they come, what they follow.

Everything follows the CPU: a machine that works receives, sends, reads and writes. The amounts are
ours, chosen so that packets hold 500 to 1,400 bytes and disk operations move 4 KiB. What AWS
publishes when is documented:

- seven metrics come every five minutes with basic and every minute with detailed monitoring;
- the packet counts are "available for basic monitoring only": every five minutes in both;
- status checks come every minute in both, at no charge;
- CPU credits come "at a five-minute frequency only", for the burstable types (t2, t3, t3a, t4g).

Source: EC2 user guide, "CloudWatch metrics that are available for your instances"
(viewing_metrics_with_cloudwatch); aws-semantics 1.11.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from labkit.core.clock import MINUTE

NAMESPACE = "AWS/EC2"
DIMENSION = "InstanceId"

#: The period of basic monitoring, microseconds and minutes.
BASIC_US = 5 * MINUTE
BASIC_MINUTES = 5

#: What a machine does when nobody says otherwise, percent of CPU.
CALM = 20.0


class Grain(Enum):
    """How often a metric has a point."""

    MONITORING = "every five minutes, or every minute with detailed monitoring"
    MINUTE = "every minute"
    FIVE_MINUTES = "every five minutes"


@dataclass(frozen=True, slots=True)
class Metric:
    """A row of the table.

    Parameters
    ----------
    name, unit:
        As CloudWatch has them.
    grain:
        How often there is a point.
    channel:
        The noise that the amount follows; bytes and packets of one direction share theirs, so that
        a packet keeps its size.
    at_rest, per_percent:
        The amount of a minute: so much, and so much more for each percent of CPU.
    times:
        Each unit of that amount counts so many times (bytes of a disk operation).
    checks:
        The status checks of which one that fails makes the metric 1.
    """

    name: str
    unit: str
    grain: Grain = Grain.MONITORING
    channel: str = ""
    at_rest: float = 0.0
    per_percent: float = 0.0
    times: int = 1
    checks: tuple[str, ...] = ()


def _table(*rows: Metric) -> dict[str, Metric]:
    return {row.name: row for row in rows}


_CHECK, _FIVE = Grain.MINUTE, Grain.FIVE_MINUTES

#: Every metric of a machine, in the order in which they are listed.
METRICS: dict[str, Metric] = _table(
    Metric("CPUUtilization", "Percent"),
    Metric("NetworkIn", "Bytes", channel="in", at_rest=60_000, per_percent=24_000),
    Metric("NetworkOut", "Bytes", channel="out", at_rest=40_000, per_percent=61_000),
    Metric("NetworkPacketsIn", "Count", _FIVE, channel="in", at_rest=90, per_percent=31),
    Metric("NetworkPacketsOut", "Count", _FIVE, channel="out", at_rest=80, per_percent=47),
    Metric("DiskReadOps", "Count", channel="read", at_rest=4, per_percent=3),
    Metric("DiskWriteOps", "Count", channel="write", at_rest=9, per_percent=5),
    Metric("DiskReadBytes", "Bytes", channel="read", at_rest=4, per_percent=3, times=4096),
    Metric("DiskWriteBytes", "Bytes", channel="write", at_rest=9, per_percent=5, times=4096),
    Metric("StatusCheckFailed", "Count", _CHECK, checks=("instance", "system")),
    Metric("StatusCheckFailed_Instance", "Count", _CHECK, checks=("instance",)),
    Metric("StatusCheckFailed_System", "Count", _CHECK, checks=("system",)),
    Metric("CPUCreditUsage", "Count", _FIVE),
    Metric("CPUCreditBalance", "Count", _FIVE),
)

#: Those that only burstable machines have.
CREDITS = frozenset({"CPUCreditUsage", "CPUCreditBalance"})

#: The status checks that can fail.
CHECKS = ("system", "instance")
