"""What a learner holds: other identities, the machines, and what a stretch of time brought.

Each control that changes the world goes through the lab, which gives it an instant and writes it
into the journal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.core.clock import to_datetime
from labkit.core.facts import Fact

if TYPE_CHECKING:
    from labkit.core.call import Principal
    from labkit.lab import Lab


@dataclass(frozen=True)
class Elapsed:
    """What a stretch of time brought; shows itself in one line.

    ``seconds`` is the real time it took; it is not shown, since it differs from run to run.
    """

    start: datetime
    end: datetime
    changes: tuple[Fact, ...]
    mails: int
    evaluations: int
    seconds: float = field(compare=False, repr=False)

    def __repr__(self) -> str:
        same_day = self.start.date() == self.end.date()
        end = self.end.strftime("%H:%M:%S" if same_day else "%a %d %b %H:%M:%S")
        what = [
            f"{fact.data['alarm_name']} {fact.data['previous_state']} -> {fact.data['state']} at "
            f"{to_datetime(fact.at_us):%H:%M:%S}"
            for fact in self.changes[:3]
        ]
        if len(self.changes) > 3:
            more = len(self.changes) - 3
            what.append(f"{more} more alarm change{'s' if more > 1 else ''}")
        if self.mails:
            what.append(f"{self.mails} e-mail" + ("s" if self.mails > 1 else ""))
        told = "; ".join(what) or "nothing to tell"
        return f"{self.start.strftime('%a %d %b %H:%M:%S')} -> {end}: {told}"


class Identity:
    """Somebody who may call: a user, a role's session, the root user.

    ``identity.client("s3")`` is a boto3 client whose calls are theirs.
    """

    def __init__(self, lab: Lab, principal: Principal) -> None:
        self._lab = lab
        self.principal = principal

    @property
    def arn(self) -> str:
        """The ARN that CloudTrail shows."""
        return self.principal.arn

    def client(self, service: str, region_name: str | None = None, **kwargs: Any) -> Any:
        """A boto3 client that calls as this identity."""
        return self._lab._client(service, region_name, self.principal, **kwargs)

    def __repr__(self) -> str:
        return f"<{self.principal.kind} {self.arn}>"


class AgentLog(list[str]):
    """Lines of an agent's own log; shows itself as they stand in the file."""

    def __repr__(self) -> str:
        return "\n".join(self)


class FleetControls:
    """What a learner can do to the machines of a lab: each is written into the journal."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def load(
        self,
        instance_id: str,
        cpu: float,
        *,
        start: datetime | None = None,
        minutes: float | None = None,
    ) -> None:
        """Let a machine run at about ``cpu`` percent.

        From ``start`` (now when left out), for ``minutes`` (for good when left out).
        """
        self._lab._do("fleet.load", instance_id=instance_id, cpu=cpu, start=start, minutes=minutes)

    def base(self, instance_id: str, cpu: float) -> None:
        """Let a machine idle at about ``cpu`` percent when no load is set."""
        self._lab._do("fleet.base", instance_id=instance_id, cpu=cpu)

    def fail_check(
        self,
        instance_id: str,
        kind: str = "system",
        *,
        start: datetime | None = None,
        minutes: float | None = None,
    ) -> None:
        """Let the ``system`` or ``instance`` status check of a machine fail."""
        self._lab._do(
            "fleet.fail_check", instance_id=instance_id, kind=kind, start=start, minutes=minutes
        )

    def group_load(
        self,
        group: str,
        total_cpu: float,
        *,
        start: datetime | None = None,
        minutes: float | None = None,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Give an Auto Scaling group work, which its machines in service share evenly.

        Parameters
        ----------
        group:
            The group's name; it need not be there yet.
        total_cpu:
            Percent of one machine: 240 is what three machines do at 80 percent.
        start, minutes:
            From when (now when left out) and for how long (for good when left out).
        account, region:
            Where; the lab's own when left out.
        """
        lab = self._lab
        lab._do(
            "fleet.group_load", group=group, total_cpu=total_cpu, start=start, minutes=minutes,
            account=account or lab.account, region=region or lab.region,
        )  # fmt: skip

    def waiting(
        self,
        group: str,
        at: datetime | None = None,
        *,
        account: str | None = None,
        region: str | None = None,
    ) -> float:
        """The part of a group's load that its machines can't do, in percent of one machine.

        ``at`` is a moment that has passed, aware; now when left out.
        """
        lab = self._lab
        loads = lab.parts.group_loads
        return loads.waiting(group, at, account or lab.account, region or lab.region)

    def fill_memory(
        self,
        instance_id: str,
        percent: float,
        *,
        start: datetime | None = None,
        over: float | None = None,
        minutes: float | None = None,
    ) -> None:
        """Let a machine's memory fill up to ``percent``. EC2's own metrics show nothing of it.

        From ``start`` (now when left out), in a straight line ``over`` so many minutes (at once),
        for ``minutes`` in all (until the machine stops).
        """
        self._fill(instance_id, "memory", percent, start, over, minutes)

    def fill_disk(
        self,
        instance_id: str,
        percent: float,
        path: str = "/",
        *,
        start: datetime | None = None,
        over: float | None = None,
        minutes: float | None = None,
    ) -> None:
        """Let the file system that ``path`` is on fill up to ``percent``, as :meth:`fill_memory`.

        Machines have ``/`` and ``/var``, and what a Linux has besides.
        """
        self._fill(instance_id, "disk", percent, start, over, minutes, path=path)

    def _fill(
        self,
        instance_id: str,
        what: str,
        percent: float,
        start: datetime | None,
        over: float | None,
        minutes: float | None,
        **more: Any,
    ) -> None:
        given = {"start": start, "over": over, "minutes": minutes}
        more |= {name: value for name, value in given.items() if value is not None}
        self._lab._do("fleet.fill", instance_id=instance_id, what=what, percent=percent, **more)

    def agent(self, target: str, config: str | Mapping[str, Any] | None) -> None:
        """Run a CloudWatch agent on a machine, or give it another configuration.

        Parameters
        ----------
        target:
            An instance id, or the name of an Auto Scaling group: every instance of it, also one
            that comes later.
        config:
            amazon-cloudwatch-agent.json, as text or parsed; None stops the agent.

        Raises
        ------
        LabError
            For a configuration that the agent can't run with, with the place of each problem.
        """
        if config is None:
            self._lab._do("fleet.remove_agent", target=target)
        else:
            text = config if isinstance(config, str) else json.dumps(config)
            self._lab._do("fleet.agent", target=target, config=text)

    def write_log(self, instance_id: str, path: str, *lines: str, rotate: bool = False) -> None:
        """Let a program on a machine write lines to a log file.

        An agent there whose configuration names the file sends them to CloudWatch Logs some seconds
        later; without one they stay where they are.

        Parameters
        ----------
        instance_id, path:
            Which machine, which file (``/var/log/app.log``).
        lines:
            Without line ends.
        rotate:
            Whether the file is renamed to ``<path>.1`` first, and begun anew.

        Raises
        ------
        LabError
            When there is no such instance, or the path is not absolute.
        """
        self._lab._do(
            "fleet.write_log", instance_id=instance_id, path=path, lines=list(lines), rotate=rotate
        )

    def agent_log(self, instance_id: str) -> AgentLog:
        """The last lines of an agent's own log: why nothing arrives stands there."""
        return AgentLog(self._lab.parts.agents.log(instance_id))

    def __repr__(self) -> str:
        return (
            "<fleet: load(instance, cpu), base(instance, cpu), fail_check(instance, kind), "
            "group_load(group, total_cpu), waiting(group), "
            "fill_memory(instance, percent), fill_disk(instance, percent, path), "
            "agent(instance, config), agent_log(instance), write_log(instance, path, *lines)>"
        )
