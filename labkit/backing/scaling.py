"""How many instances a scaling policy wants, and which ones go: arithmetic only.

Source: EC2 Auto Scaling user guide, "Step and simple scaling policies", "Target tracking scaling
policies", "Configure termination policies".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


def adjusted(capacity: int, kind: str, adjustment: int, minimum_change: int | None = None) -> int:
    """The capacity that an adjustment leads to, limits of the group not counted.

    Parameters
    ----------
    capacity:
        The present one.
    kind:
        ``ChangeInCapacity``, ``ExactCapacity`` or ``PercentChangeInCapacity``. A percentage is
        rounded towards zero, but never to zero: 10 % of 4 is 1.
    adjustment:
        Instances, or percent.
    minimum_change:
        ``MinAdjustmentMagnitude``: how many instances a percentage changes at least.
    """
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return capacity + adjustment
    change = capacity * adjustment / 100
    whole = math.trunc(change) or (0 if change == 0 else int(math.copysign(1, change)))
    if minimum_change and whole and abs(whole) < minimum_change:
        whole = int(math.copysign(minimum_change, whole))
    return capacity + whole


def step_for(
    value: float, threshold: float, steps: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The step whose interval holds the breach (value less threshold); None when none does.

    Above the threshold an interval holds its lower bound and not its upper one; below it is the
    other way round. A bound that is left out is infinite.
    """
    breach = value - threshold
    for step in steps:
        low = float(step.get("MetricIntervalLowerBound", -math.inf))
        high = float(step.get("MetricIntervalUpperBound", math.inf))
        inside = low < breach <= high if high <= 0 else low <= breach < high
        if inside:
            return step
    return None


def tracked(capacity: int, value: float, target: float, scale_in: bool) -> int:
    """The capacity at which a metric that is shared out evenly would lie at its target."""
    if target <= 0:
        return capacity
    # A hair of floating point must not start a machine.
    wanted = math.ceil(round(capacity * value / target, 6))
    if wanted >= capacity:
        return wanted
    return max(wanted, 0) if scale_in else capacity


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance that could be terminated on scale in.

    Parameters
    ----------
    instance_id, zone:
        Which one, and in which Availability Zone.
    launched_us:
        When it was launched.
    outdated:
        Whether it comes from another launch configuration or template than the group has now.
    """

    instance_id: str
    zone: str
    launched_us: int
    outdated: bool = False


def chosen(candidates: Sequence[Candidate], policies: Sequence[str], count: int) -> list[str]:
    """The instances that go, in the order of their going.

    First the zone with the most instances is emptied; in it the group's termination policies
    decide. ``Default`` prefers instances of an old launch configuration, then the oldest.
    Policies that look at prices or billing hours count as ``Default``.
    """
    left = list(candidates)
    gone: list[str] = []
    while left and len(gone) < count:
        zones = Counter(one.zone for one in left)
        most = max(zones.values())
        here = [one for one in left if zones[one.zone] == most]
        for policy in policies or ("Default",):
            here = _narrowed(here, policy)
        one = min(here, key=lambda one: (one.launched_us, one.instance_id))
        left.remove(one)
        gone.append(one.instance_id)
    return gone


def _narrowed(here: list[Candidate], policy: str) -> list[Candidate]:
    if policy == "NewestInstance":
        newest = max(one.launched_us for one in here)
        return [one for one in here if one.launched_us == newest]
    if policy == "OldestInstance":
        oldest = min(one.launched_us for one in here)
        return [one for one in here if one.launched_us == oldest]
    return [one for one in here if one.outdated] or here


def zone_for(zones: Sequence[str], taken: Sequence[str]) -> int:
    """The place in ``zones`` where the next instance goes: where the group has the fewest."""
    count = Counter(taken)
    return min(range(len(zones)), key=lambda place: (count[zones[place]], place))
