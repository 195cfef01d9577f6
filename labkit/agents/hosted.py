"""Agents on the lab's own machines: a pulled source of what they would publish.

Theory of operation
-------------------
A machine of a lab has no processes, so there is nothing to run on it. What an agent there *would*
publish follows from its configuration, from what is known of the machine and from the machine's
inside (:mod:`labkit.workloads.inside`); it is computed when somebody asks, like the fleet's own
metrics. Names, units and dimensions come from the very code of the agent that runs on real machines
(:mod:`.naming`).

1. An agent is installed on an instance, or for an Auto Scaling group: then on every instance of it,
   present and future, as if its launch template's user data did so.
2. It runs while its machine runs. At each start it asks EC2 anew what the machine is (type, group).
3. It may publish while the machine's **instance profile** allows ``cloudwatch:PutMetricData``
   (the managed policy CloudWatchAgentServerPolicy). What is allowed is asked again after each call
   that changes IAM or the profile; while it is not, nothing is published, and each flush leaves a
   line in the agent's own log.
4. A stretch of ``metrics_collection_interval`` is published when the agent runs and may just before
   its end; the point bears the stretch's start and arrives at its end.
5. What it publishes are **custom metrics**, charged for each hour in which they come, and a
   PutMetricData call for each flush.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from labkit.agents.catalogue import KINDS
from labkit.agents.config import Config, Section, read
from labkit.agents.figure import Figure
from labkit.agents.hosted_logs import HostedLogs
from labkit.agents.naming import About, published
from labkit.agents.publishing import DATUMS, wanted
from labkit.core.clock import HOUR, SECOND, Clock, iso
from labkit.core.errors import LabError
from labkit.core.facts import Fact, Facts
from labkit.core.ports import Ports
from labkit.core.sources import Series
from labkit.core.usage import Usage, hours_touched
from labkit.workloads.ec2_metrics import DIMENSION, NAMESPACE
from labkit.workloads.inside import Look, things, values
from labkit.workloads.intervals import FOREVER

if TYPE_CHECKING:
    import numpy as np

    from labkit.core.sources import Points
    from labkit.workloads.fleet import Fleet
    from labkit.workloads.machine import Machine

CUSTOM = "cloudwatch.custom_metric"
PUT = "cloudwatch:PutMetricData"
GROUP_TAG = "aws:autoscaling:groupName"
#: How many lines of an agent's log are shown.
LOG_LINES = 200
#: Nobody looks further ahead.
_AHEAD_US = 3653 * 24 * HOUR

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One figure that a series is made of: whose, of which section, which thing."""

    run: Run
    section: Section
    field: str
    labels: tuple[tuple[str, str], ...]
    unit: str


@dataclass(slots=True)
class Run:
    """One run of an agent: from its start to its end with one configuration on one machine.

    Parameters
    ----------
    config, about, machine:
        What it does, where.
    start_us, end_us:
        When it runs.
    allowed:
        (from when, why it may not publish; empty when it may), in order of time.
    """

    config: Config
    about: About
    machine: Machine
    instance_type: str
    start_us: int
    end_us: int = FOREVER
    allowed: list[tuple[int, str]] = field(default_factory=list)
    series: dict[Series, list[Part]] = field(default_factory=dict)

    def publishing(self) -> Iterator[tuple[int, int]]:
        """The stretches of time in which it runs and may publish."""
        for i, (from_us, why) in enumerate(self.allowed):
            until_us = self.allowed[i + 1][0] if i + 1 < len(self.allowed) else self.end_us
            start_us, end_us = max(from_us, self.start_us), min(until_us, self.end_us)
            if not why and start_us < end_us:
                yield start_us, end_us


class Agents:
    """The agents of a lab's machines (a source of metrics, and metered).

    Parameters
    ----------
    fleet:
        Knows the machines.
    clock, facts, ports:
        The lab's.
    """

    def __init__(self, fleet: Fleet, clock: Clock, facts: Facts, ports: Ports) -> None:
        self._fleet = fleet
        self._clock = clock
        self._facts = facts
        self._ports = ports
        #: The files of the machines, and what agents send of them.
        self.files = HostedLogs(clock, facts, ports)
        #: Instance id or group name -> the configuration that is installed.
        self._wanted: dict[str, Config] = {}
        #: Instance id -> what its last state fact said: image and group.
        self._seen: dict[str, tuple[str, str]] = {}
        self._runs: dict[str, list[Run]] = {}
        self._index: dict[tuple[str, str, Series], list[Part]] = {}
        self._version = 0

    # -- what is done
    def install(self, target: str, config: str | Mapping[str, Any]) -> None:
        """Install an agent, or give an installed one another configuration (``fetch-config``).

        Parameters
        ----------
        target:
            An instance id, or the name of an Auto Scaling group.
        config:
            amazon-cloudwatch-agent.json: its text, or the parsed document.

        Raises
        ------
        ConfigError
            For a configuration that the agent can't run with.
        LabError
            When there is no such instance.
        """
        decided = read(config)
        if target.startswith("i-") and target not in self._seen:
            raise LabError(f"there is no instance {target} here to put an agent on")
        self._wanted[target] = decided
        for instance_id, (_, group) in list(self._seen.items()):
            if target in (instance_id, group):
                self._start(instance_id)

    def remove(self, target: str) -> None:
        """Stop the agent of an instance or a group; what it published stays."""
        self._wanted.pop(target, None)
        for instance_id, (_, group) in list(self._seen.items()):
            if target in (instance_id, group) and self._config(instance_id) is None:
                self._end(instance_id)

    # -- what it hears
    def on_instance_state(self, fact: Fact) -> None:
        """A machine started or stopped, and its agent with it."""
        data = fact.data
        instance_id = data["instance_id"]
        self._seen[instance_id] = (data["image_id"], data["tags"].get(GROUP_TAG, ""))
        runs = data["state"] == "running"
        current = self._current(instance_id)
        if runs and current is None and self._config(instance_id) is not None:
            self._start(instance_id)
        elif not runs and current is not None:
            self._end(instance_id)

    def on_call_finished(self, fact: Fact) -> None:
        """Permissions may have changed."""
        data = fact.data
        if not self._runs or data["read_only"]:
            return
        profile = "InstanceProfile" in data["operation"]
        if data["service"] == "iam" or (data["service"] == "ec2" and profile):
            for instance_id in self._runs:
                run = self._current(instance_id)
                if run is not None:
                    self._ask(run)

    def on_metric_changed(self, fact: Fact) -> None:
        """What a machine does has changed, and so has what its agent will say."""
        data = fact.data
        if data["namespace"] == NAMESPACE and data["dimension"] == DIMENSION:
            for run in self._runs.get(data["value"], ())[-1:]:
                self._tell(run)

    # -- starting and ending
    def _config(self, instance_id: str) -> Config | None:
        group = self._seen.get(instance_id, ("", ""))[1]
        return self._wanted.get(instance_id) or (self._wanted.get(group) if group else None)

    def _current(self, instance_id: str) -> Run | None:
        runs = self._runs.get(instance_id)
        return runs[-1] if runs and runs[-1].end_us == FOREVER else None

    def _start(self, instance_id: str) -> None:
        config, machine = self._config(instance_id), self._fleet.known(instance_id)
        if config is None or machine is None or not machine.runs_now:
            return
        self._end(instance_id)
        image_id, group = self._seen[instance_id]
        there = self._ports.instance_about(machine.account, machine.region, instance_id)
        instance_type = machine.runs[-1].what
        about = About(
            there["hostname"], instance_id, image_id, instance_type, group, there["ip_address"]
        )
        run = Run(config, about, machine, instance_type, self._clock.now_us)
        self._list(run)
        self._runs.setdefault(instance_id, []).append(run)
        self.files.started(instance_id, run)
        self._ask(run)
        self._tell(run)

    def _end(self, instance_id: str) -> None:
        run = self._current(instance_id)
        if run is None:
            return
        run.end_us = self._clock.now_us
        self.files.ended(instance_id)
        self._tell(run)

    def _list(self, run: Run) -> None:
        place = (run.machine.account, run.machine.region)
        for section in run.config.sections:
            for one in section.measurements:
                for labels in things(section.name, run.instance_type):
                    if not wanted(section, Figure(section.name, one.field, labels, 0.0)):
                        continue
                    part = Part(run, section, one.field, labels, one.unit)
                    for where in published(run.config, section, one.field, labels, run.about):
                        series = Series(run.config.namespace, one.name, where)
                        run.series.setdefault(series, []).append(part)
        for series, parts in run.series.items():
            self._index.setdefault((*place, series), []).extend(parts)

    def _ask(self, run: Run) -> None:
        """Whether it may publish, from now on."""
        machine = run.machine
        about = self._ports.instance_about(machine.account, machine.region, machine.instance_id)
        role = about["role_arn"]
        why = ""
        if not role:
            why = "code: EC2RoleRequestError, message: no EC2 instance role found"
        elif not self._ports.allowed(role, PUT, "*"):
            session = f"{role.rpartition('/')[2]}/{machine.instance_id}"
            why = (
                f"code: AccessDenied, message: User: arn:aws:sts::{machine.account}:assumed-role/"
                f"{session} is not authorized to perform: {PUT} because no identity-based policy "
                f"allows the {PUT} action"
            )
        if not run.allowed or run.allowed[-1][1] != why:
            run.allowed.append((self._clock.now_us, why))
            self._tell(run)

    def _tell(self, run: Run) -> None:
        """Whoever looked ahead at what it publishes looks again."""
        self._version += 1
        named: dict[tuple[str, str], None] = {}
        for series in run.series:
            pairs = dict(series.dimensions)
            for name in (DIMENSION, "host", "AutoScalingGroupName", *pairs, ""):
                if name in pairs or not name:
                    named[name, pairs.get(name, "")] = None
                    break
        for dimension, value in named:
            self._facts.publish(
                "metric.changed",
                run.machine.account,
                run.machine.region,
                {
                    "namespace": run.config.namespace,
                    "dimension": dimension,
                    "value": value,
                },
            )

    # -- what is there
    def running(self) -> dict[str, int]:
        """Instance id -> how many metrics its agent is set to publish, of those that run now."""
        current = {one: self._current(one) for one in self._runs}
        return {one: len(run.series) for one, run in current.items() if run is not None}

    def published(self) -> list[Series]:
        """The series that are published now, each once."""
        return [
            series for (_, _, series), parts in self._index.items()
            if any(_publishes(one.run) for one in parts)
        ]  # fmt: skip

    # -- its own log
    def log(self, instance_id: str) -> list[str]:
        """The last lines of an agent's own log, as the file on the machine would have them.

        Raises
        ------
        LabError
            When no agent was ever installed there.
        """
        runs = self._runs.get(instance_id)
        if not runs:
            raise LabError(f"no agent has run on {instance_id}")
        lines: list[str] = []
        for run in runs:
            lines += self._lines(run)
        lines += [f"{_when(at_us)} {what}" for at_us, what in self.files.said.get(instance_id, ())]
        return sorted(lines, key=lambda line: line[:20])[-LOG_LINES:]

    def write_log(
        self, instance_id: str, path: str, lines: Sequence[str], rotate: bool = False
    ) -> None:
        """Write lines to a file of a machine; agents that follow it send them on.

        Raises
        ------
        LabError
            When there is no such instance, or the path is not absolute.
        """
        if instance_id not in self._seen:
            raise LabError(f"there is no instance {instance_id} here to write to")
        self.files.write(instance_id, path, lines, rotate=rotate)

    def _lines(self, run: Run) -> list[str]:
        lines = [f"{_when(run.start_us)} I! Starting AmazonCloudWatchAgent"]
        lines += [f"{_when(run.start_us)} W! {warning}" for warning in run.config.warnings]
        flush_us = run.config.flush_s * SECOND
        until_us = min(run.end_us, self._clock.now_us)
        # An agent that only follows files publishes no metrics, so nothing is refused.
        for i, (from_us, why) in enumerate(run.allowed if run.series else ()):
            if not why:
                if i:
                    lines.append(f"{_when(from_us)} I! cloudwatch: publishing")
                continue
            stop_us = run.allowed[i + 1][0] if i + 1 < len(run.allowed) else until_us
            first_us = (max(from_us, run.start_us) // flush_us + 1) * flush_us
            count = max(0, (min(stop_us, until_us) - first_us) // flush_us + 1)
            begin = max(0, count - LOG_LINES)
            lines += [
                f"{_when(first_us + n * flush_us)} E! cloudwatch: {why}"
                for n in range(begin, count)
            ]
        if run.end_us <= self._clock.now_us:
            lines.append(f"{_when(run.end_us)} I! Stopping AmazonCloudWatchAgent")
        return lines

    # -- the source
    def series(self, account: str, region: str, now_us: int) -> Iterable[Series]:
        """The series that have had a point by ``now_us``."""
        for (owner, where, series), parts in self._index.items():
            if (owner, where) == (account, region) and any(_began(one, now_us) for one in parts):
                yield series

    def has(self, account: str, region: str, series: Series) -> bool:
        """Whether an agent publishes ``series``, or did."""
        return (account, region, series) in self._index

    def points(
        self, account: str, region: str, series: Series, start_us: int, end_us: int
    ) -> Points:
        """The points with ``start_us <= timestamp < end_us``, several of one time in a roll-up."""
        import numpy as np

        from labkit.core.sources import Points
        from labkit.workloads.ec2_points import nothing

        parts = self._index.get((account, region, series), [])
        end_us = min(end_us, self._clock.now_us + _AHEAD_US)
        columns = [found for one in parts for found in _columns(one, start_us, end_us)]
        if not columns:
            return nothing(parts[0].unit if parts else "None")
        stamps, figures, arrivals = (
            np.concatenate(column) for column in zip(*columns, strict=True)
        )
        if len(columns) > 1:
            order = np.lexsort((arrivals, stamps))
            stamps, figures = stamps[order], figures[order]
            arrivals = np.maximum.accumulate(arrivals[order])
        return Points(stamps, figures, arrivals, parts[0].unit)

    def version(self, account: str, region: str, series: Series) -> int:
        """A number that changes with every agent and machine."""
        parts = self._index.get((account, region, series), [])
        return self._version + sum(one.run.machine.version for one in parts)

    # -- what it costs
    def usage(self, start_us: int, end_us: int) -> Iterator[Usage]:
        """Metric-hours and PutMetricData calls of ``(start_us, end_us]``."""
        hours: dict[Place, int] = {}
        for (account, region, _), parts in self._index.items():
            spans = sorted(
                (from_us, until_us, 1)
                for run in {id(one.run): one.run for one in parts}.values()
                for from_us, until_us in run.publishing()
            )
            found = hours_touched(spans, end_us) - hours_touched(spans, start_us)
            hours[account, region] = hours.get((account, region), 0) + found
        for place, count in hours.items():
            if count:
                yield Usage(CUSTOM, *place, Fraction(count))
        for run in [run for runs in self._runs.values() for run in runs]:
            calls = _flushes(run, end_us) - _flushes(run, start_us)
            if calls:
                yield Usage(PUT, run.machine.account, run.machine.region, Fraction(calls))

    def per_hour(self, now_us: int) -> Iterator[Usage]:
        """What an hour uses as long as the agents that publish now go on."""
        counts: dict[Place, int] = {}
        for (account, region, _), parts in self._index.items():
            if any(_publishes(one.run) for one in parts):
                counts[account, region] = counts.get((account, region), 0) + 1
        for place, count in counts.items():
            yield Usage(CUSTOM, *place, Fraction(count))
        for run in [run for runs in self._runs.values() for run in runs if _publishes(run)]:
            calls = HOUR // (run.config.flush_s * SECOND) * _calls(run)
            yield Usage(PUT, run.machine.account, run.machine.region, Fraction(calls))


def _publishes(run: Run) -> bool:
    return run.end_us == FOREVER and bool(run.allowed) and not run.allowed[-1][1]


def _calls(run: Run) -> int:
    return -(-len(run.series) // DATUMS)


def _flushes(run: Run, until_us: int) -> int:
    flush_us = run.config.flush_s * SECOND
    return sum(
        max(min(end_us, until_us) // flush_us - start_us // flush_us, 0) * _calls(run)
        for start_us, end_us in run.publishing()
    )


def _began(part: Part, now_us: int) -> bool:
    step_us = part.section.interval_s * SECOND
    for start_us, end_us in part.run.publishing():
        first_us = (start_us // step_us + 1) * step_us
        if first_us <= min(end_us, now_us):
            return True
    return False


def _columns(
    part: Part, start_us: int, end_us: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Timestamps, values and arrivals of one figure, for each stretch in which it is published."""
    import numpy as np

    step_us = part.section.interval_s * SECOND
    for from_us, until_us in part.run.publishing():
        first = max(from_us // step_us, -(-start_us // step_us))
        last = min(until_us // step_us, -(-end_us // step_us))
        if part.field in KINDS[part.section.name].counters:
            first = max(first, part.run.start_us // step_us + 1)  # the first look says nothing
        if first >= last:
            continue
        stamps = np.arange(first, last, dtype=np.int64) * step_us
        arrivals = stamps + step_us
        look = Look(part.run.machine, arrivals, step_us, part.run.instance_type)
        yield stamps, values(look, part.section.name, part.field, part.labels), arrivals


def _when(at_us: int) -> str:
    return iso(at_us - at_us % SECOND)
