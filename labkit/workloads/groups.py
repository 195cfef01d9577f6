"""What the machines of an Auto Scaling group do together: AWS/EC2 by ``AutoScalingGroupName``.

EC2 publishes the figures of a group's instances a second time under the group's name. Nothing is
computed for it: the group's series holds the points of every machine that is or was in the group,
several for one time, and statistics do the rest (the average of a group is the average over its
points). The machines' own rules hold: basic monitoring gives a point for each five minutes.

A machine belongs to a group by the tag that Auto Scaling gives it when it starts it, for good: what
it did stays the group's when it is gone.

Source: EC2 user guide, "CloudWatch metrics that are available for your instances", dimensions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from labkit.core.facts import Fact, Facts
from labkit.core.sources import Series
from labkit.workloads.ec2_metrics import BASIC_US, CREDITS, DIMENSION, METRICS, NAMESPACE
from labkit.workloads.fleet import Fleet

if TYPE_CHECKING:
    from labkit.core.sources import Points

#: The dimension of a group's series, and the tag that tells a machine's group.
GROUP = "AutoScalingGroupName"
TAG = "aws:autoscaling:groupName"

#: Credits are an instance's own; AWS publishes them by instance only.
_SHARED = frozenset(METRICS) - CREDITS


class Groups:
    """The groups' figures (a :class:`labkit.core.sources.Source`).

    Parameters
    ----------
    fleet:
        Who knows the machines.
    facts:
        Where ``metric.changed`` is told for the groups.
    """

    def __init__(self, fleet: Fleet, facts: Facts) -> None:
        self._fleet = fleet
        self._facts = facts
        #: Machines of each group, in the order in which they were first heard of.
        self._members: dict[tuple[str, str, str], dict[str, None]] = {}
        self._group_of: dict[tuple[str, str, str], str] = {}

    def on_instance_state(self, fact: Fact) -> None:
        """An instance entered a state; its tags tell its group."""
        group = fact.data["tags"].get(TAG)
        if group is None:
            return
        machine = fact.data["instance_id"]
        self._group_of[fact.account, fact.region, machine] = group
        members = self._members.setdefault((fact.account, fact.region, group), {})
        if machine not in members:
            members[machine] = None
            self._changed(fact.account, fact.region, group)

    def on_metric_changed(self, fact: Fact) -> None:
        """What a machine will say has changed, and so has what its group will say."""
        if fact.data["namespace"] == NAMESPACE and fact.data["dimension"] == DIMENSION:
            group = self._group_of.get((fact.account, fact.region, fact.data["value"]))
            if group is not None:
                self._changed(fact.account, fact.region, group)

    def _changed(self, account: str, region: str, group: str) -> None:
        self._facts.publish(
            "metric.changed",
            account,
            region,
            {"namespace": NAMESPACE, "dimension": GROUP, "value": group},
        )

    # -- the source
    def series(self, account: str, region: str, now_us: int) -> Iterable[Series]:
        """The series of groups that have had a point by ``now_us``."""
        seen: dict[Series, None] = {}
        for one in self._fleet.series(account, region, now_us):
            group = self._group_of.get((account, region, one.dimensions[0][1]))
            if group is not None and one.name in _SHARED:
                seen[Series(NAMESPACE, one.name, ((GROUP, group),))] = None
        return list(seen)

    def has(self, account: str, region: str, series: Series) -> bool:
        """Whether ``series`` is a metric of a group that has had a machine."""
        return bool(self._parts(account, region, series))

    def points(
        self, account: str, region: str, series: Series, start_us: int, end_us: int
    ) -> Points:
        """The points of all its machines, in order of time."""
        import numpy as np

        from labkit.core.sources import Points
        from labkit.workloads.ec2_points import nothing

        # A point may come later than one that begins after it; five minutes more to the left, and
        # the same is said wherever the stretch begins.
        parts = [
            self._fleet.points(account, region, one, start_us - BASIC_US, end_us)
            for one in self._parts(account, region, series)
        ]
        if not parts:
            return nothing()
        # Those of one time come together, and those that arrive later come later.
        arrivals = np.concatenate([part.arrivals for part in parts])
        timestamps = np.concatenate([part.timestamps for part in parts])
        order = np.lexsort((arrivals, timestamps))
        values = np.concatenate([part.values for part in parts])[order]
        timestamps, arrivals = timestamps[order], np.maximum.accumulate(arrivals[order])
        inside = timestamps >= start_us
        return Points(timestamps[inside], values[inside], arrivals[inside], parts[0].unit)

    def version(self, account: str, region: str, series: Series) -> int:
        """Changes with every machine of the group, and with their number."""
        parts = self._parts(account, region, series)
        return len(parts) + sum(self._fleet.version(account, region, one) for one in parts)

    def _parts(self, account: str, region: str, series: Series) -> list[Series]:
        """The same metric of each of the group's machines; none when it is no group's series."""
        if (
            series.namespace != NAMESPACE
            or len(series.dimensions) != 1
            or series.dimensions[0][0] != GROUP
            or series.name not in _SHARED
        ):
            return []
        members = self._members.get((account, region, series.dimensions[0][1]), {})
        return [Series(NAMESPACE, series.name, ((DIMENSION, one),)) for one in members]
