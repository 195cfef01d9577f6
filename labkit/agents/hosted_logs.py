"""Log files of the lab's own machines, and what the agents there send of them.

A machine of a lab has no disk, but what is written to its files can be said
(``lab.fleet.write_log``), and an agent whose configuration names such a file sends it on. The very
engine that follows real files reads them (:mod:`labkit.agents.tail`): stamps, events of several
lines, filters, rotation are the same.

1. Bytes are kept whether an agent runs or not, as on a disk; an agent that comes later reads them
   from the start. One that was stopped goes on where it was.
2. The agent looks each ``force_flush_interval`` (5 seconds) as long as there is something to read,
   and sends what it found at that instant; a minute after it was refused.
3. It may send while its machine's role allows ``logs:PutLogEvents`` and ``logs:CreateLogStream``,
   and ``logs:CreateLogGroup`` where the group is missing. While it may not, the lines wait in their
   file and each look that could not send is a line of the agent's own log; once it may, they go.
4. Nothing is sent while the machine or the agent is stopped.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from labkit.agents.log_file import LogFile, filled
from labkit.agents.tail import Identity, LogEvent, Seen, Tail
from labkit.core.clock import SECOND, Clock, Phase, to_datetime, to_us
from labkit.core.errors import LabError
from labkit.core.facts import Facts
from labkit.core.ports import Ports

if TYPE_CHECKING:
    from labkit.agents.hosted import Run

SOURCE = "cloudwatch-agent"
_NEEDED = ("logs:CreateLogStream", "logs:PutLogEvents")
#: How many events wait for a permission; older ones are given up.
_WAITING = 50_000
#: How long an agent waits that was refused, seconds; and how many lines of its log are kept.
_REFUSED_S, _SAID = 60, 200


@dataclass(slots=True)
class _File:
    identity: Identity
    data: bytearray = field(default_factory=bytearray)
    changed_us: int = 0


@dataclass(slots=True)
class _Disk:
    """The files of one machine, by path; and what reads them."""

    files: dict[str, _File] = field(default_factory=dict)
    by_identity: dict[Identity, _File] = field(default_factory=dict)
    tails: dict[LogFile, Tail] = field(default_factory=dict)
    unsent: dict[LogFile, list[LogEvent]] = field(default_factory=dict)
    #: Whether a look is on the clock.
    waits: bool = False

    def new(self, path: str) -> _File:
        made = _File((1, len(self.by_identity) + 1))
        self.files[path] = self.by_identity[made.identity] = made
        return made

    def seen(self, pattern: re.Pattern[str]) -> list[Seen]:
        return [
            Seen(path, one.identity, len(one.data), one.changed_us)
            for path, one in sorted(self.files.items())
            if pattern.fullmatch(path)
        ]

    def read(self, identity: Identity, offset: int) -> bytes:
        found = self.by_identity.get(identity)
        return b"" if found is None else bytes(found.data[offset:])


class HostedLogs:
    """The log files of a lab's machines.

    Parameters
    ----------
    clock, facts, ports:
        The lab's; the handler ``agents.look`` is registered here.
    """

    def __init__(self, clock: Clock, facts: Facts, ports: Ports) -> None:
        self._clock = clock
        self._facts = facts
        self._ports = ports
        self._disks: dict[str, _Disk] = {}
        #: Instance id -> the run of its agent that goes on now.
        self._runs: dict[str, Run] = {}
        #: Instance id -> (microseconds, line) of the agent's own log.
        self.said: dict[str, list[tuple[int, str]]] = {}
        clock.register("agents.look", self._look)

    def write(
        self, instance_id: str, path: str, lines: Sequence[str], *, rotate: bool = False
    ) -> None:
        """Write lines to a file of a machine.

        Parameters
        ----------
        instance_id, path:
            Which; an absolute path.
        lines:
            Without line ends.
        rotate:
            Whether the file is renamed to ``<path>.1`` first, and begun anew.

        Raises
        ------
        LabError
            For a path that is not absolute.
        """
        if not path.startswith("/"):
            raise LabError(f"a file of a machine has an absolute path, not {path!r}")
        disk = self._disks.setdefault(instance_id, _Disk())
        if rotate and path in disk.files:
            disk.files[f"{path}.1"] = disk.files.pop(path)
        file = disk.files.get(path) or disk.new(path)
        file.data += "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        file.changed_us = self._clock.now_us
        self._wait(instance_id)

    # -- told by Agents
    def started(self, instance_id: str, run: Run) -> None:
        """An agent begins to run."""
        self._runs[instance_id] = run
        self._wait(instance_id)

    def ended(self, instance_id: str) -> None:
        """An agent does not run any more."""
        self._runs.pop(instance_id, None)

    def _wait(self, instance_id: str, seconds: int = 0) -> None:
        run, disk = self._runs.get(instance_id), self._disks.get(instance_id)
        if run is None or disk is None or disk.waits or not run.config.logs:
            return
        disk.waits = True
        at_us = self._clock.now_us + (seconds or run.config.log_flush_s) * SECOND
        self._clock.at(at_us, Phase.DATA, "agents.look", {"instance_id": instance_id}, cause=())

    def _look(self, payload: dict[str, Any]) -> None:
        """Clock handler: an agent looks at its files."""
        instance_id = payload["instance_id"]
        disk = self._disks[instance_id]
        disk.waits = False
        run = self._runs.get(instance_id)
        if run is None:
            return
        now = to_datetime(self._clock.now_us)
        again = False
        for file in run.config.logs:
            tail = disk.tails.get(file) or disk.tails.setdefault(file, Tail(file, UTC))
            before = [(one["offset"], len(one["lines"])) for one in tail.state()]
            found = tail.look(disk.seen(_pattern(file.pattern)), disk.read, now)
            after = [(one["offset"], len(one["lines"])) for one in tail.state()]
            tail.finished.clear()
            waiting = (disk.unsent.pop(file, []) + found)[-_WAITING:]
            if waiting and not self._send(run, file, waiting):
                disk.unsent[file] = waiting
            # What may still go on is let go by a look that finds nothing new.
            again = again or before != after or file in disk.unsent
        if again:
            self._wait(instance_id, _REFUSED_S if disk.unsent else 0)

    def _send(self, run: Run, file: LogFile, events: Sequence[LogEvent]) -> bool:
        """Tell of events; False, and a line of the agent's log, when the role may not."""
        machine, now_us = run.machine, self._clock.now_us
        account, region = machine.account, machine.region
        values = {**run.about.placeholders(), "date": f"{to_datetime(now_us):%Y-%m-%d}"}
        group, stream = filled(file.group, values), filled(file.stream, values)
        known = self._ports.log_group_exists(account, region, group)
        why = self._refused(machine, group, () if known else ("logs:CreateLogGroup",))
        if why:
            said = self.said.setdefault(machine.instance_id, [])
            said.append((now_us, f"E! cloudwatchlogs: {why}"))
            del said[:-_SAID]
            return False
        self._ports.ensure_log_group(account, region, group, file.retention_days or None)
        data = {
            "source": SOURCE,
            "log_group": group,
            "log_stream": stream,
            "events": [[to_us(one.at), one.text] for one in events],
        }
        self._facts.publish("log.emitted", account, region, data)
        return True

    def _refused(self, machine: Any, group: str, more: Sequence[str]) -> str:
        about = self._ports.instance_about(machine.account, machine.region, machine.instance_id)
        role = about["role_arn"]
        if not role:
            return "code: EC2RoleRequestError, message: no EC2 instance role found"
        arn = (
            f"arn:aws:logs:{machine.region}:{machine.account}:log-group:{group}:log-stream:"
            f"{machine.instance_id}"
        )
        for action in (*more, *_NEEDED):
            if not self._ports.allowed(role, action, arn):
                return (
                    f"code: AccessDeniedException, message: {role} is not authorized to perform: "
                    f"{action} on resource: {arn}"
                )
        return ""


def _pattern(glob: str) -> re.Pattern[str]:
    """A file's pattern as the agent reads it: ``*`` stays in its folder, ``**`` goes below."""
    parts = [
        ".*" if part == "**" else fnmatch.translate(part)[4:-3].replace(".*", "[^/]*")
        for part in re.split(r"(\*\*)", glob)
    ]
    return re.compile("".join(parts))
