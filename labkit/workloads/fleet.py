"""What EC2 machines do: the fleet, a pulled source of the namespace AWS/EC2.

Theory of operation
-------------------
The fleet keeps **intervals**, never points: when each machine ran and as which type, when it was
monitored in detail, what load was set for when, which checks fail (:mod:`.machine`). Figures are a
pure function of (seed, account, region, machine, metric, minute, intervals), made when somebody
asks for a stretch of time (:mod:`.ec2_points`).

1. The **minute** is the grain of everything. A minute counts when the machine runs just before its
   end. Its CPU is the mean over the minute of what was set (an incident over a load over a share
   of its group's load over the base; of two loads, the one set last) plus noise; network and disk
   follow the CPU.
2. **Detailed monitoring**: one point a minute, arriving at the minute's end. **Basic monitoring**:
   one point for each five minutes of the clock (09:10, 09:15, ...), stamped with their start: the
   mean (CPU) or the sum (bytes, counts) of those minutes that count, arriving when the five are
   over. Status checks come every minute in both; packet counts and CPU credits every five.
3. **What was told stays told.** A point that has arrived never changes and never goes. That is why
   a minute looks at the machine just *before* its end (an alarm may stop the machine at that very
   instant), why nothing can be set for a time that has passed, and why monitoring changes within
   five minutes of the clock as it does:

   ======================= ====================================================================
   basic, then detailed    the basic point covers the minutes before, and comes together with
   (from 09:12:30)         the first detailed one: 09:10 and 09:12 at 09:13, 09:13 at 09:14 ...
   detailed, then basic    five minutes that began in detail end in detail; the next five are
                           basic
   ======================= ====================================================================

4. **The slice asked for decides nothing.** A point belongs to the stretch in which its timestamp
   lies, and its value comes from all its minutes, wherever the stretch is cut. Values are summed as
   whole numbers of a small unit, so that not even the last bit depends on the cut.
5. **What may come is said too.** Points of the future are those that will come if nothing happens.
   When something does happen, the fleet tells ``metric.changed`` for the machine, and whoever
   looked ahead looks again.

A machine that was never heard of may have a load already (a lesson sets the fire before the machine
boots, a replay before the learner's first call): it waits under its id, and is taken over when the
first fact says where the machine is. A terminated machine keeps its past.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY, MINUTE, Clock, iso, to_us
from labkit.core.errors import LabError
from labkit.core.facts import Fact, Facts
from labkit.core.sources import Series
from labkit.core.usage import Usage
from labkit.workloads import usage
from labkit.workloads.ec2_metrics import CHECKS, CREDITS, DIMENSION, METRICS, NAMESPACE
from labkit.workloads.fills import FILLING, Fill, fill_key
from labkit.workloads.incidents import Incident
from labkit.workloads.intervals import FOREVER, Span
from labkit.workloads.machine import Machine

if TYPE_CHECKING:
    from labkit.core.sources import Points

#: A start may lie so far behind: between ``lab.now`` and the call that uses it, milliseconds pass.
_JUST_NOW_US = MINUTE
#: Nobody looks further ahead. A reader may ask until the year 9999; a minute there is a number too.
_AHEAD_US = 3653 * DAY

Place = tuple[str, str, str]
Shares = Sequence[tuple[int, float | None]]


class Fleet:
    """The EC2 machines of one lab, their load and their figures (see the head of this file).

    Implements :class:`labkit.core.sources.Source` and :class:`labkit.core.usage.Metered`.

    Parameters
    ----------
    seed:
        Of the noise.
    clock:
        The lab's; says what has passed and can't be changed any more.
    facts:
        Where ``metric.changed`` is told.
    """

    def __init__(self, seed: int, clock: Clock, facts: Facts) -> None:
        self._seed = seed
        self._clock = clock
        self._facts = facts
        self._machines: dict[Place, Machine] = {}
        self._by_id: dict[str, list[Machine]] = {}
        #: Of machines that nobody has heard of yet, by id.
        self._waiting: dict[str, Machine] = {}

    # -- what the fleet hears
    def on_instance_state(self, fact: Fact) -> None:
        """An instance entered a state: it has figures only while it is ``running``."""
        data = fact.data
        machine = self._placed(fact.account, fact.region, data["instance_id"])
        runs = data["state"] == "running"
        if runs == machine.runs_now:
            return  # pending, a reboot, shutting-down after stopping: nothing changes
        _turn(machine.runs, runs, fact.at_us, data["instance_type"])
        self._changed(machine)

    def on_monitoring(self, fact: Fact) -> None:
        """Monitoring of an instance became ``basic`` or ``detailed``."""
        machine = self._placed(fact.account, fact.region, fact.data["instance_id"])
        detailed = fact.data["monitoring"] == "detailed"
        if detailed == machine.is_detailed:
            return
        _turn(machine.detailed, detailed, fact.at_us)
        self._changed(machine)

    def on_recovered(self, fact: Fact) -> None:
        """An instance was recovered: its host's failures end here, told ones stay told."""
        machine = self._placed(fact.account, fact.region, fact.data["instance_id"])
        spans = machine.failing.get("system", [])
        kept = [
            span if span.end_us <= fact.at_us else replace(span, end_us=fact.at_us)
            for span in spans
            if span.start_us < fact.at_us
        ]
        if kept != spans:
            machine.failing["system"] = kept
            self._changed(machine)

    def share(self, account: str, region: str, instance_id: str, shares: Shares) -> None:
        """Let a machine do its part of a group's load from now on.

        Parameters
        ----------
        shares:
            (from, percent) ascending, the first not after now; None where the group has no load.
        """
        machine = self._placed(account, region, instance_id)
        before = len(machine.shares), machine.shares.at(self._clock.now_us)
        now_us = self._clock.now_us
        bounds = [max(start, now_us) for start, _ in shares[1:]] + [FOREVER]
        start_us = now_us
        for (_, cpu), end_us in zip(shares, bounds, strict=True):
            machine.shares.say(start_us, end_us, cpu)
            start_us = end_us
        if before != (1, None) or any(cpu is not None for _, cpu in shares):
            self._changed(machine)

    # -- what is done to it
    def load(
        self,
        instance_id: str,
        cpu: float,
        *,
        start: datetime | None = None,
        minutes: float | None = None,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Let a machine run at about ``cpu`` percent; a later call counts over earlier ones.

        Parameters
        ----------
        instance_id:
            Also one that does not run yet, or that nobody has heard of.
        cpu:
            Percent, 0 to 100.
        start:
            From when, aware; now when left out. It may lie ahead.
        minutes:
            For how long, counted from ``start``; for good when left out.
        account, region:
            Where; where the machine is known when left out.

        Raises
        ------
        LabError
            For a percentage that is none, a start that is naive or has passed, minutes that are
            not more than zero, or an id that is known elsewhere or in several places.
        """
        cpu = _percent(cpu)
        stretch = self.stretch(start, minutes)
        machine = self._machine(instance_id, account, region)
        machine.loads.say(*stretch, cpu)
        self._changed(machine)

    def base(
        self,
        instance_id: str,
        cpu: float,
        *,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Let a machine run at about ``cpu`` percent from now on, wherever no load is set.

        Parameters
        ----------
        instance_id, account, region:
            As in :meth:`load`.
        cpu:
            Percent, 0 to 100; 20 until somebody says otherwise.

        Raises
        ------
        LabError
            For a percentage that is none, or an id that is known elsewhere or in several places.
        """
        cpu = _percent(cpu)
        machine = self._machine(instance_id, account, region)
        machine.base.say(self._clock.now_us, FOREVER, cpu)
        self._changed(machine)

    def fail_check(
        self,
        instance_id: str,
        kind: str = "system",
        start: datetime | None = None,
        minutes: float | None = None,
        *,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Let a status check of a machine fail.

        Parameters
        ----------
        instance_id, start, minutes, account, region:
            As in :meth:`load`. A minute fails when the check fails just before its end.
        kind:
            ``system`` (the host) or ``instance`` (what runs on it).

        Raises
        ------
        LabError
            For another kind, and as in :meth:`load`.
        """
        if kind not in CHECKS:
            raise LabError(f"a status check is {' or '.join(map(repr, CHECKS))}, not {kind!r}")
        start_us, end_us = self.stretch(start, minutes)
        machine = self._machine(instance_id, account, region)
        machine.failing.setdefault(kind, []).append(Span(start_us, end_us))
        self._changed(machine)

    def fill(
        self,
        instance_id: str,
        what: str,
        percent: float,
        *,
        path: str = "",
        start: datetime | None = None,
        over: float = 0.0,
        minutes: float | None = None,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Let the memory or a disk of a machine fill up. EC2's own metrics show nothing of it.

        Parameters
        ----------
        instance_id, start, minutes, account, region:
            As in :meth:`load`.
        what:
            ``memory`` or ``disk``.
        percent:
            How full it becomes.
        path:
            Of a disk: any path on it (``/var/log`` is on ``/var``).
        over:
            In how many minutes it gets there, in a straight line; 0 for at once.

        Raises
        ------
        LabError
            For a percentage that is none, a path that is not absolute, and as in :meth:`load`.
        """
        percent = _percent(percent, what)
        start_us, end_us = self.stretch(start, minutes)
        if not 0 <= over < FOREVER / MINUTE:
            raise LabError(f"over is in how many minutes it fills up, 0 or more, not {over}")
        key = fill_key(what, path)
        machine = self._machine(instance_id, account, region)
        full_us = start_us + round(over * MINUTE)
        machine.fills.setdefault(key, []).append(Fill(start_us, full_us, end_us, percent))
        self._changed(machine)

    def apply(self, incident: Incident | Mapping[str, Any]) -> None:
        """Let an incident befall a machine.

        Parameters
        ----------
        incident:
            The incident, or its fields as a journal gives them back. An incident of kind ``cpu``
            counts over every load, whenever that was set: a learner's own load does not undo it.

        Raises
        ------
        LabError
            For an incident that can't be, or one that began more than a minute ago.
        """
        if not isinstance(incident, Incident):
            incident = Incident(**incident)
        end_us = FOREVER if incident.end is None else to_us(incident.end)
        start_us = self._not_passed(to_us(incident.start), end_us)
        target, _, path = incident.target.partition(":")
        machine = self._machine(target, None, None)
        if incident.kind == "cpu":
            machine.incidents.say(start_us, end_us, float(incident.size))
        elif incident.kind in FILLING:
            what, full_us = fill_key(incident.kind, path), start_us + FILLING[incident.kind]
            fill = Fill(start_us, full_us, end_us, float(incident.size), incident=True)
            machine.fills.setdefault(what, []).append(fill)
        else:
            check = incident.kind.removeprefix("status_check_")
            machine.failing.setdefault(check, []).append(Span(start_us, end_us))
        self._changed(machine)

    def stretch(self, start: datetime | None, minutes: float | None) -> tuple[int, int]:
        """From and to, microseconds, of what somebody wants to be so.

        Raises
        ------
        LabError
            For a start that is naive or has passed, or minutes that are not more than zero.
        """
        if start is not None and start.tzinfo is None:
            raise LabError("start is an aware datetime: lab.now, lab.start.replace(hour=10) ...")
        if minutes is not None and not 0 < minutes < FOREVER / MINUTE:
            raise LabError(f"minutes is how long it lasts, more than 0, not {minutes}")
        start_us = self._clock.now_us if start is None else to_us(start)
        end_us = FOREVER if minutes is None else start_us + round(minutes * MINUTE)
        return self._not_passed(start_us, end_us), end_us

    def _not_passed(self, start_us: int, end_us: int) -> int:
        """The start, or now when it was a moment ago; figures that were told stay as they are."""
        now_us = self._clock.now_us
        if start_us < now_us - _JUST_NOW_US or end_us <= now_us:
            raise LabError(
                f"{iso(start_us)} has passed, it is {iso(now_us)}: what machines did can't be "
                "changed any more"
            )
        return max(start_us, now_us)

    def runs(self, account: str, region: str, instance_id: str) -> bool:
        """Whether a machine runs."""
        machine = self._machines.get((account, region, instance_id))
        return machine is not None and machine.runs_now

    # -- which machine
    def _machine(self, instance_id: str, account: str | None, region: str | None) -> Machine:
        """The machine that a control means."""
        known = self._by_id.get(instance_id, [])
        meant = [m for m in known if account in (None, m.account) and region in (None, m.region)]
        if len(meant) == 1:
            return meant[0]
        if account is not None and region is not None:
            return self._placed(account, region, instance_id)
        if known or account is not None or region is not None:
            where = ", ".join(f"{m.account}/{m.region}" for m in known) or "nowhere yet"
            raise LabError(f"{instance_id} is known in: {where}. Name both account and region")
        waiting = self._waiting.get(instance_id)
        if waiting is None:
            waiting = self._waiting[instance_id] = Machine(instance_id, self._seed)
        return waiting

    def _placed(self, account: str, region: str, instance_id: str) -> Machine:
        """The machine of a place; whatever waits for one of its id is taken over."""
        place = (account, region, instance_id)
        machine = self._machines.get(place)
        if machine is None:
            machine = self._waiting.pop(instance_id, None) or Machine(instance_id, self._seed)
            machine.account, machine.region = account, region
            self._machines[place] = machine
            self._by_id.setdefault(instance_id, []).append(machine)
        return machine

    def _changed(self, machine: Machine) -> None:
        machine.changed()
        if machine.account:  # of a machine that waits nobody can look at anything yet
            self._facts.publish(
                "metric.changed",
                machine.account,
                machine.region,
                {"namespace": NAMESPACE, "dimension": DIMENSION, "value": machine.instance_id},
            )

    # -- what it costs
    def usage(self, start_us: int, end_us: int) -> Iterable[Usage]:
        """Instance-seconds and detailed metric-hours of ``(start_us, end_us]``."""
        return usage.usage(self._machines.values(), start_us, end_us)

    def per_hour(self, now_us: int) -> Iterable[Usage]:
        """What an hour uses as long as the machines that run now go on."""
        return usage.per_hour(self._machines.values())

    # -- the source
    def series(self, account: str, region: str, now_us: int) -> Iterable[Series]:
        """The series that have had a point by ``now_us``, machine by machine."""
        for machine in self._machines.values():
            if (machine.account, machine.region) != (account, region) or not machine.runs:
                continue
            if machine.first_arrivals is None:
                from labkit.workloads.ec2_points import first_arrivals

                machine.first_arrivals = first_arrivals(machine)
            for name, arrival_us in machine.first_arrivals.items():
                if arrival_us <= now_us:
                    yield machine.series(name)

    def has(self, account: str, region: str, series: Series) -> bool:
        """Whether ``series`` is a metric of a machine that is known in this account and region."""
        machine = self._of(account, region, series)
        return machine is not None and (series.name not in CREDITS or machine.bursts)

    def points(
        self, account: str, region: str, series: Series, start_us: int, end_us: int
    ) -> Points:
        """The points with ``start_us <= timestamp < end_us``; none of a series it does not have.

        The future is said as far as it is known now. See the head of this file.
        """
        from labkit.workloads import ec2_points

        machine = self._of(account, region, series)
        if machine is None:
            return ec2_points.nothing()
        end_us = min(end_us, self._clock.now_us + _AHEAD_US)
        return ec2_points.points(machine, series.name, start_us, end_us)

    def version(self, account: str, region: str, series: Series) -> int:
        """How often what is kept of the machine has changed; 0 for an unknown one."""
        machine = self._of(account, region, series)
        return 0 if machine is None else machine.version

    def machine(self, account: str, region: str, instance_id: str) -> Machine | None:
        """What is kept of a machine that somebody has heard of."""
        return self._machines.get((account, region, instance_id))

    def known(self, instance_id: str) -> Machine | None:
        """The same wherever it is; None when it is nowhere, or in several places."""
        found = self._by_id.get(instance_id, [])
        return found[0] if len(found) == 1 else None

    def _of(self, account: str, region: str, series: Series) -> Machine | None:
        """The machine of a series, None if it is not one of ours."""
        if (
            series.namespace != NAMESPACE
            or len(series.dimensions) != 1
            or series.dimensions[0][0] != DIMENSION
            or series.name not in METRICS
        ):
            return None
        return self._machines.get((account, region, series.dimensions[0][1]))


def _turn(spans: list[Span], on: bool, at_us: int, what: str = "") -> None:
    """Begin a span, or end the one that lasts."""
    if on:
        spans.append(Span(at_us, FOREVER, what))
    elif spans[-1].start_us == at_us:
        spans.pop()
    else:
        spans[-1] = replace(spans[-1], end_us=at_us)


def _percent(cpu: float, what: str = "cpu") -> float:
    if not 0 <= cpu <= 100:
        raise LabError(f"{what} is a percentage from 0 to 100, not {cpu}")
    return float(cpu)
