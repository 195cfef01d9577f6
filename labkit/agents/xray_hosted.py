"""The X-Ray daemons of a lab: each a relay on the lab's clock, sending as its role.

What a daemon hears comes in through :meth:`Daemons.receive`, a method of the journal: the documents
stand there with their instant, so a saved world has its traces again when it is opened, without a
socket. Everything else follows by the clock: batches, retries, telemetry.

A daemon's calls are nested ones (port ``call_as``): they are made while the clock runs, take no
millisecond, and are made again by a replay. The role's policies are asked at each call, so a policy
that is mended counts from the next batch on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from labkit.agents.xray_relay import BATCH, Failure, Relay
from labkit.agents.xray_shift import Offsets
from labkit.core.clock import Phase
from labkit.core.errors import AwsError, LabError

if TYPE_CHECKING:
    from labkit.core.call import Principal
    from labkit.core.clock import Clock
    from labkit.core.ports import Ports

DUE = "xray_daemon.due"

#: Role's ARN, user's access key or '' for the learner; account -> who that is. Raises AwsError.
Who = Callable[[str, str], "Principal"]


@dataclass(slots=True)
class Daemon:
    """One daemon: as whom and where it sends, and its relay."""

    name: str
    account: str
    region: str
    role: str
    instance_id: str
    relay: Relay
    #: When the clock will wake it; None when it will not.
    woken_us: int | None = None


class Daemons:
    """The X-Ray daemons of a lab.

    Parameters
    ----------
    clock, ports:
        The lab's.
    """

    def __init__(self, clock: Clock, ports: Ports) -> None:
        self._clock, self._ports = clock, ports
        self._daemons: dict[str, Daemon] = {}
        #: Shared by whatever takes traces in.
        self.offsets = Offsets()
        #: Says who a role is; set by the lab.
        self.who: Who | None = None
        clock.register(DUE, self._on_due)

    def __getitem__(self, name: str) -> Daemon:
        try:
            return self._daemons[name]
        except KeyError:
            raise LabError(f"{name} belongs to a world that is no more") from None

    def names(self) -> list[str]:
        """Every daemon that was started, in order."""
        return list(self._daemons)

    def digest(self) -> list[Any]:
        """What a world remembers of its daemons, as plain values."""
        return [
            [one.name, one.role, asdict(one.relay.counters), one.relay.waiting, one.relay.running]
            for one in self._daemons.values()
        ]

    # -- what is done; each stands in the journal
    def start(
        self, name: str, account: str, region: str, role: str = "", instance_id: str = ""
    ) -> None:
        """Start a daemon, or start one again that was stopped: then it goes on with what it had.

        Parameters
        ----------
        name:
            Of the daemon, chosen by who starts it.
        account, region:
            Where it sends to.
        role:
            As whom: a role's ARN or a user's access key; the account's learner when empty.
        instance_id:
            Of the EC2 instance it stands for, as telemetry tells it.
        """
        now_us = self._clock.now_us
        daemon = self._daemons.get(name)
        if daemon is None:
            relay = Relay(
                lambda documents: self._put(name, documents),
                lambda records: self._report(name, records),
                now_us,
            )
            daemon = self._daemons[name] = Daemon(name, account, region, role, instance_id, relay)
            relay.tell(now_us, "Info", "Initializing AWS X-Ray daemon")
            relay.tell(now_us, "Info", f"Using region: {region}")
        else:
            daemon.account, daemon.region, daemon.role = account, region, role
            daemon.relay.start(now_us)
        self._plan(daemon)

    def receive(
        self,
        name: str,
        documents: Sequence[str] = (),
        refused: Mapping[str, int] | None = None,
        spilled: int = 0,
    ) -> None:
        """Hand a daemon what came to its port.

        Parameters
        ----------
        name:
            Which daemon.
        documents:
            Of datagrams whose headers were good, in order.
        refused:
            Why datagrams were dropped at the door -> how many.
        spilled:
            For how many there was no room.
        """
        daemon, now_us = self._daemons[name], self._clock.now_us
        for why, count in (refused or {}).items():
            daemon.relay.refuse(why, now_us, count)
        if spilled:
            daemon.relay.spill(spilled, now_us)
        if documents:
            move = self.offsets.moved
            daemon.relay.receive([move(one, now_us) for one in documents], now_us)
        self._plan(daemon)

    def stop(self, name: str) -> None:
        """End a daemon: it sends what it has; what can't be sent waits for the next start."""
        self._daemons[name].relay.stop(self._clock.now_us)

    def take(
        self, documents: Sequence[str], account: str, region: str, role: str = ""
    ) -> list[Mapping[str, Any]]:
        """Hand documents on at once, as an OTLP receiver does: what came back as unprocessed.

        Raises
        ------
        AwsError
            What X-Ray answered instead.
        """
        now_us = self._clock.now_us
        moved = [self.offsets.moved(one, now_us) for one in documents]
        found: list[Mapping[str, Any]] = []
        for begin in range(0, len(moved), BATCH):
            given = {"TraceSegmentDocuments": moved[begin : begin + BATCH]}
            answer = self._call(role, account, region, "PutTraceSegments", given)
            found += answer.get("UnprocessedTraceSegments", ())
        return found

    # -- the clock
    def _plan(self, daemon: Daemon) -> None:
        due_us = daemon.relay.due_us()
        if due_us is None:
            return
        due_us = max(due_us, self._clock.now_us)
        if daemon.woken_us is None or due_us < daemon.woken_us:
            daemon.woken_us = due_us
            self._clock.at(due_us, Phase.DATA, DUE, {"name": daemon.name}, cause=())

    def _on_due(self, payload: dict[str, Any]) -> None:
        daemon = self._daemons[payload["name"]]
        daemon.woken_us = None
        daemon.relay.run(self._clock.now_us)
        self._plan(daemon)

    # -- the calls
    def principal(self, name: str) -> Principal:
        """Who a daemon is.

        Raises
        ------
        AwsError
            When its role can't be had.
        """
        daemon = self._daemons[name]
        return self.principal_of(daemon.role, daemon.account)

    def principal_of(self, role: str, account: str) -> Principal:
        """Who a role is, a user's key, or with '' the account's learner.

        Raises
        ------
        AwsError
            When the role can't be had.
        """
        if self.who is None:
            raise LabError("nobody says who a daemon is")
        return self.who(role, account)

    def _put(self, name: str, documents: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        answer = self._sent(name, "PutTraceSegments", {"TraceSegmentDocuments": list(documents)})
        found: Sequence[Mapping[str, Any]] = answer.get("UnprocessedTraceSegments", ())
        return found

    def _report(self, name: str, records: Sequence[Mapping[str, Any]]) -> None:
        given: dict[str, Any] = {"TelemetryRecords": [dict(one) for one in records]}
        if self._daemons[name].instance_id:
            given["EC2InstanceId"] = self._daemons[name].instance_id
        self._sent(name, "PutTelemetryRecords", given)

    def _sent(self, name: str, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        one = self._daemons[name]
        try:
            return self._call(one.role, one.account, one.region, operation, given)
        except AwsError as error:
            raise Failure(error.code, error.message, error.status) from None

    def _call(
        self, role: str, account: str, region: str, operation: str, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        who = self.principal_of(role, account)
        return self._ports.call_as(who, "xray", operation, given, region)
