"""The load of an Auto Scaling group: so much work, shared by however many machines there are.

Theory of operation
-------------------
A group's load is a figure over time, in percent of *one* machine: 240 % keep three machines at
80 %. At any moment it is shared evenly by the machines that are in service and run; none gives more
than 100 %, and what is left over are customers who wait.

This closes the loop. The load raises the metric, the metric the alarm, the alarm runs the policy,
the policy starts machines, and these lower the metric by taking their shares. Nothing here ticks:
whenever the members, or the load, change, every machine is told what it will do *from then on*
(:meth:`Fleet.share`), as steps up to the end of time. What machines did before stays as it was, and
alarms that had looked ahead look again, since the fleet tells ``metric.changed``.

A load may be set before its group is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from labkit.core.clock import Clock, to_us
from labkit.core.errors import LabError
from labkit.core.facts import Fact
from labkit.workloads.fleet import Fleet
from labkit.workloads.intervals import FOREVER, Steps

#: What one machine can do, percent.
FULL = 100.0

Place = tuple[str, str, str]


@dataclass(slots=True)
class GroupLoad:
    """What is kept of one group.

    Parameters
    ----------
    total:
        Percent of one machine that there is to do; None where nobody said.
    in_service:
        The machines that Auto Scaling has in service.
    waiting:
        Percent of one machine that nobody could do, over time.
    """

    total: Steps[float | None] = field(default_factory=lambda: Steps(None))
    in_service: tuple[str, ...] = ()
    waiting: Steps[float] = field(default_factory=lambda: Steps(0.0))


class GroupLoads:
    """The loads of a lab's groups (see the head of this file).

    Parameters
    ----------
    fleet:
        Whose machines do the work.
    clock:
        The lab's.
    """

    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet = fleet
        self._clock = clock
        self._groups: dict[Place, GroupLoad] = {}
        self._group_of: dict[Place, Place] = {}

    # -- what it hears
    def on_members(self, fact: Fact) -> None:
        """Others are in service now: ``group.members``."""
        place = (fact.account, fact.region, fact.data["group"])
        group = self._groups.setdefault(place, GroupLoad())
        left = set(group.in_service)
        group.in_service = tuple(fact.data["in_service"])
        for machine in group.in_service:
            self._group_of[fact.account, fact.region, machine] = place
        for machine in sorted(left - set(group.in_service)):
            self._group_of.pop((fact.account, fact.region, machine), None)
            self._fleet.share(fact.account, fact.region, machine, [(0, None)])
        self._spread(place, group)

    def on_instance_state(self, fact: Fact) -> None:
        """A member stopped, or runs again: it gives nothing, or gives its share."""
        place = self._group_of.get((fact.account, fact.region, fact.data["instance_id"]))
        if place is not None:
            self._spread(place, self._groups[place])

    # -- what is done to it
    def load(
        self,
        group: str,
        total_cpu: float,
        *,
        start: datetime | None = None,
        minutes: float | None = None,
        account: str,
        region: str,
    ) -> None:
        """Give a group work; a later call counts over earlier ones.

        Parameters
        ----------
        group:
            The Auto Scaling group's name; it need not be there yet.
        total_cpu:
            Percent of one machine, 0 or more: 240 is what three machines do at 80 percent.
        start, minutes:
            From when (now when left out) and for how long (for good when left out).
        account, region:
            Where.

        Raises
        ------
        LabError
            For a negative figure, and as in :meth:`Fleet.load`.
        """
        if not 0 <= total_cpu < float("inf"):
            raise LabError(f"total_cpu is percent of one machine, 0 or more, not {total_cpu}")
        start_us, end_us = self._fleet.stretch(start, minutes)
        place = (account, region, group)
        found = self._groups.setdefault(place, GroupLoad())
        found.total.say(start_us, end_us, float(total_cpu))
        self._spread(place, found)

    def waiting(self, group: str, at: datetime | None, account: str, region: str) -> float:
        """What nobody can do at a moment (now when left out), in percent of one machine.

        Raises
        ------
        LabError
            For a group that nobody gave work.
        """
        found = self._groups.get((account, region, group))
        if found is None:
            raise LabError(f"{group!r} has no load: lab.fleet.group_load({group!r}, total_cpu=...)")
        return found.waiting.at(self._clock.now_us if at is None else to_us(at))

    # -- sharing it out
    def _spread(self, place: Place, group: GroupLoad) -> None:
        """Tell every machine in service what it does from now on."""
        account, region, _ = place
        now_us = self._clock.now_us
        working = [m for m in group.in_service if self._fleet.runs(account, region, m)]
        times, totals = group.total.columns()
        pieces = [
            (max(start, now_us), total)
            for start, end, total in zip(times, [*times[1:], None], totals, strict=True)
            if end is None or end > now_us
        ]
        if all(total is None for _, total in pieces) and not len(group.total) > 1:
            return
        shares: list[tuple[int, float | None]] = []
        for place_in, (start, total) in enumerate(pieces):
            end = pieces[place_in + 1][0] if place_in + 1 < len(pieces) else FOREVER
            share = None if total is None or not working else min(total / len(working), FULL)
            shares.append((start, share))
            group.waiting.say(start, end, max((total or 0.0) - FULL * len(working), 0.0))
        for machine in group.in_service:
            mine = shares if machine in working else [(now_us, None)]
            self._fleet.share(account, region, machine, mine)
