"""How traces of real programs come into a lab: a half of :class:`labkit.lab.Lab`.

An X-Ray daemon (:mod:`labkit.agents.xray_daemon`) and an OTLP receiver (:mod:`labkit.agents.otlp`)
are programs on this machine with ports of their own. What comes to them waits there until the lab's
time passes; this file is where the lab lets it in.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from labkit.controls import Identity
from labkit.core.clock import HOUR
from labkit.core.errors import LabError
from labkit.gateway.http_server import LOOPBACK, HttpServer
from labkit.gateway.wire import WireAnswer, WireRequest
from labkit.lab_state import LabState

if TYPE_CHECKING:
    from labkit.agents.xray_daemon import XRayDaemon
    from labkit.agents.xray_hosted import Daemon
    from labkit.core.call import Principal
    from labkit.core.verdict import Verdict
    from labkit.gateway.acting import Acting
    from labkit.gateway.identity import Identities
    from labkit.lab import Lab
    from labkit.otlp_door import OtlpReceiver
    from labkit.syslog_door import SyslogReceiver

#: For whom a daemon may run: services that a role of it trusts, asked in this order.
HOSTS = (
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "lambda.amazonaws.com",
    "elasticbeanstalk.amazonaws.com",
)


class Tracing(LabState):
    """``xray_daemon``, ``traced``, ``otlp``, and what lets datagrams in when time passes."""

    acting: Acting
    #: Daemons and receivers of this process, running or stopped.
    _daemons: list[XRayDaemon]
    _receivers: list[OtlpReceiver | SyslogReceiver]

    def xray_daemon(
        self,
        port: int = 2000,
        role: str | Identity | None = None,
        *,
        region_name: str | None = None,
        account_id: str | None = None,
        instance_id: str = "",
        buffer_mb: int = 64,
    ) -> XRayDaemon:
        """An X-Ray daemon on 127.0.0.1, to which the real X-Ray SDKs send.

        Parameters
        ----------
        port:
            UDP and TCP; 0 takes a free one (``daemon.address`` says which). SDKs expect 2000.
        role:
            As whom it sends: a role's name or ARN, or somebody (``lab.user("laptop")``); it needs
            what the managed policy AWSXRayDaemonWriteAccess allows. The account's learner, who may
            everything, when left out.
        region_name, account_id:
            Where it sends to; the lab's own when left out.
        instance_id:
            The EC2 instance it runs on, as its telemetry tells X-Ray; its role is the instance
            profile's when ``role`` is left out.
        buffer_mb:
            What the port holds until the lab's time passes, in megabytes (3 at least, as the
            daemon's ``--buffer-memory``); then the oldest segments make room.

        Returns
        -------
        XRayDaemon
            Running; a context manager that stops it. The lab stops it when it is closed.

        Raises
        ------
        LabError
            When the port is taken.
        """
        from labkit.agents.xray_daemon import XRayDaemon

        self._check_open()
        if buffer_mb < 3:
            raise LabError("an X-Ray daemon needs 3 MB for its buffers at least")
        account = account_id or self.account
        region = region_name or self.region
        told = self._sender(role, account, region, instance_id)
        settings = {
            "account": account, "region": region, "role": told, "instance_id": instance_id,
        }  # fmt: skip
        name = f"xray-daemon-{len(self.parts.daemons.names()) + 1}"
        home = _Home(cast("Lab", self), name)
        try:
            daemon = XRayDaemon(name, home, port, home.proxy, settings, buffer_mb * 1024 * 1024)
        except OSError as problem:
            raise LabError(
                f"port {port} can't be had for an X-Ray daemon ({problem.strerror or problem}); "
                "port=0 takes a free one, which the SDK is told by AWS_XRAY_DAEMON_ADDRESS"
            ) from None
        self._daemons.append(daemon)
        return daemon

    def _sender(
        self, role: str | Identity | None, account: str, region: str, instance_id: str
    ) -> str:
        """As whom a daemon sends: a role's ARN, somebody's key, or '' for the learner."""
        if role is None and instance_id:
            about = self.world.ports.instance_about(account, region, instance_id)
            role = about["role_arn"] or _NOBODY.format(account)
        return _role(role, account)

    def traced(
        self,
        what: str | Mapping[str, Any],
        port: int = 0,
        *,
        region_name: str | None = None,
        account_id: str | None = None,
        **more: Any,
    ) -> Traced:
        """Where a program that runs on this resource sends its segments, and who hears it there.

        A machine of a lab has no processes; a program of yours stands for the one there. When the
        set-up is right, a daemon listens at ``.address`` and sends as the resource's role; when it
        is wrong, nobody does, and the program learns nothing of it, as at work.

        Parameters
        ----------
        what, more:
            As :meth:`labkit.xray.setups.Setups.explain_setup` takes them.
        port:
            Of the daemon; 0 takes a free one.
        region_name, account_id:
            Where; the lab's own when left out.

        Raises
        ------
        LabError
            When there is no such resource, or for a Lambda function, which has its daemon built in.
        """
        self._check_open()
        account, region = account_id or self.account, region_name or self.region
        kind, found, verdict = self.parts.xray.setup(what, account, region, **more)
        if kind == "lambda":
            raise LabError("Lambda's daemon is built in: invoke the function")
        daemon = None
        mistakes = {one.rule for one in verdict.because} if not verdict.value else set()
        if mistakes <= {"permission", *(one for one in mistakes if one.startswith("remark"))}:
            role = str(found.get("role") or "") or None
            daemon = self.xray_daemon(
                port,
                role,
                region_name=region,
                account_id=account,
                instance_id=str(found.get("instance_id", "")),
            )
        return Traced(verdict, daemon)

    def otlp(
        self,
        port: int = 0,
        role: str | Identity | None = None,
        *,
        indexed: Sequence[str] = (),
        index_all: bool = False,
        region_name: str | None = None,
        account_id: str | None = None,
    ) -> OtlpReceiver:
        """A receiver for OpenTelemetry's traces and logs on 127.0.0.1: OTLP over HTTP.

        Logs go to the group and stream that the headers ``x-aws-log-group`` and
        ``x-aws-log-stream`` name; both have to be there.

        Parameters
        ----------
        port:
            0 takes a free one; SDKs expect 4318 when nobody tells them another.
        role, region_name, account_id:
            As whom and where it puts segments, as in :meth:`xray_daemon`.
        indexed:
            Attributes that become annotations, beside those that a span itself names in
            ``aws.xray.annotations``; a resource's as ``otel.resource.service.version``.
        index_all:
            Let all of them become annotations.

        Returns
        -------
        OtlpReceiver
            Running; ``traces_endpoint`` and ``logs_endpoint`` are what the SDK's exporters take.

        Raises
        ------
        LabError
            When the port is taken.
        """
        from labkit.agents.otlp_segments import Indexing
        from labkit.otlp_door import OtlpReceiver

        self._check_open()
        account = account_id or self.account
        place = (account, region_name or self.region, _role(role, account))
        try:
            receiver = OtlpReceiver(cast("Lab", self), port, place, Indexing(indexed, index_all))
        except OSError as problem:
            raise LabError(
                f"port {port} can't be had for OTLP: {problem.strerror or problem}"
            ) from None
        self._receivers.append(receiver)
        return receiver

    def syslog(
        self,
        endpoint: str,
        *,
        tcp_port: int = 0,
        udp_port: int = 0,
        region_name: str | None = None,
        account_id: str | None = None,
    ) -> SyslogReceiver:
        """The ports of a VPC endpoint for syslog, on 127.0.0.1: TCP and UDP, without TLS.

        What comes in goes to the log groups whose syslog configuration names the endpoint, when
        time passes.

        Parameters
        ----------
        endpoint:
            ``vpce-...`` of ``com.amazonaws.<region>.syslog-logs``.
        tcp_port, udp_port:
            0 takes free ones; on AWS they are 1514 and 514.
        account_id, region_name:
            Whose endpoint, and where; the lab's own when left out.

        Raises
        ------
        LabError
            When there is no such endpoint, or a port is taken.
        """
        from labkit.syslog_door import SyslogReceiver

        self._check_open()
        account, region = account_id or self.account, region_name or self.region
        service = self.parts.backing.vpc.endpoint_service(account, region, endpoint)
        if service != f"com.amazonaws.{region}.syslog-logs":
            what = f"is of {service}" if service else "is not there"
            raise LabError(f"the VPC endpoint {endpoint} {what}; syslog needs one of syslog-logs")
        try:
            receiver = SyslogReceiver(
                cast("Lab", self), endpoint, account, region, tcp_port, udp_port
            )
        except OSError as problem:
            raise LabError(f"ports for syslog can't be had: {problem.strerror}") from None
        self._receivers.append(receiver)
        return receiver

    def _trace_methods(self) -> dict[str, Callable[..., Any]]:
        """What of this stands in the journal, by name; a new world's daemons learn who they are."""
        daemons, clock = self.parts.daemons, self.world.clock
        allowed = self.world.ports.allowed
        daemons.who = who_sends(self.acting, self.identities, allowed, lambda: clock.now_us)
        return {
            "xray_daemon.start": daemons.start,
            "xray_daemon.receive": daemons.receive,
            "xray_daemon.stop": daemons.stop,
            "otlp.take": daemons.take,
            "otlp.take_logs": self._take_logs,
            "syslog.take": self.parts.logs.syslog.take,
        }

    def _take_logs(self, **given: Any) -> dict[str, int]:
        from labkit.otlp_logs import OtlpLogs

        return OtlpLogs(cast("Lab", self)).take(**given)

    def _hear(self, *, settle: bool = True) -> None:
        """Let in what has come to the ports of this process. Time is about to pass."""
        if not (self._daemons or self._receivers) or self.dispatch.busy:
            return
        for daemon in self._daemons:
            daemon.hear(settle=settle)
        for receiver in self._receivers:
            receiver.hear()

    def _close_ports(self) -> None:
        """End the daemons of a lab that is no more."""
        for daemon in self._daemons:
            daemon.abandon()
        for receiver in self._receivers:
            receiver.stop()
        self._daemons.clear()
        self._receivers.clear()


class Traced:
    """A program's place: where its SDK sends, and whether anybody hears it.

    Parameters
    ----------
    verdict:
        Of the set-up.
    daemon:
        Who listens; None when nobody does.
    """

    def __init__(self, verdict: Verdict[bool], daemon: XRayDaemon | None) -> None:
        self.verdict, self.daemon = verdict, daemon
        self._nowhere = (LOOPBACK, 0)
        if daemon is None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
                free.bind((LOOPBACK, 0))
                self._nowhere = free.getsockname()

    @property
    def works(self) -> bool:
        """Whether traces arrive."""
        return self.verdict.value

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for AWS_XRAY_DAEMON_ADDRESS of the program on this machine."""
        return self.daemon.address if self.daemon is not None else self._nowhere

    @property
    def environ(self) -> dict[str, str]:
        """What the program's environment needs to send there."""
        return {"AWS_XRAY_DAEMON_ADDRESS": "{}:{}".format(*self.address)}

    def stop(self) -> None:
        """Stop the daemon, if there is one. Idempotent."""
        if self.daemon is not None:
            self.daemon.stop()

    def __enter__(self) -> Traced:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return str(self.verdict)


def _role(role: str | Identity | None, account: str) -> str:
    """A role's ARN, somebody's key, or '' for the learner."""
    if isinstance(role, Identity):
        return role.principal.access_key_id
    if role is None or role.startswith("arn:"):
        return role or ""
    return f"arn:aws:iam::{account}:role/{role}"


#: What an instance without a profile has: a role that is not there.
_NOBODY = "arn:aws:iam::{}:role/no-instance-profile"


class _Home:
    """A lab, as a daemon sees it."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab, self._name = lab, name

    def state(self, name: str) -> Daemon:
        """The relay behind a daemon."""
        return self._lab.parts.daemons[name]

    def do(self, what: str, /, **arguments: Any) -> None:
        """A method of the journal."""
        self._lab._do(f"xray_daemon.{what}", **arguments)

    def draw(self, daemon: XRayDaemon) -> Any:
        """The drawing."""
        from labkit.views.xray_daemon import daemon_view

        c, settings = daemon.counters, daemon.settings
        return daemon_view(
            address="{}:{}".format(*daemon.address),
            running=daemon.running,
            role=settings["role"],
            region=settings["region"],
            counters=daemon.state(),
            lines=list(daemon.log)[-6:],
            refused=bool(c.lost),
        )

    def proxy(self, port: int) -> HttpServer:
        """The TCP side: hands every request on to X-Ray, as the daemon's role."""
        return HttpServer(self._ask, port, idle=30.0, most_body=1024 * 1024, most_connections=64)

    def _ask(self, request: WireRequest) -> WireAnswer:
        from labkit.xray_proxy import ask

        lab = self._lab
        with lab.world.lock:
            state, now_us = self.state(self._name), lab.world.clock.now_us
            what = f"Received request on HTTP Proxy server : {request.target}"
            state.relay.tell(now_us, "Debug", what)
            daemons = lab.parts.daemons
            told = ask(lab.dispatch, request, lambda: daemons.principal(self._name), state.region)
            if told.status >= 400:
                code = told.headers.get("x-amzn-errortype", "")
                state.relay.tell(
                    now_us,
                    "Error",
                    f"HTTP Proxy server: {request.target} was answered {told.status} {code}: "
                    f"{told.body[:300].decode('utf-8', 'replace')}",
                )
            return told


def who_sends(
    acting: Acting,
    identities: Identities,
    allowed: Callable[[str, str, str], bool],
    now_us: Callable[[], int],
) -> Callable[[str, str], Principal]:
    """Says as whom a daemon calls: a function of role and account.

    A role is assumed for the service whose machines it trusts, or, when it trusts none, by the
    account's learner, as a daemon on premises does with ``--role-arn``.
    """
    sessions: dict[str, tuple[Principal, int]] = {}

    def who(role: str, account: str) -> Principal:
        if not role:
            return identities.learner(account)
        if not role.startswith("arn:"):
            return identities.by_key(role)
        held = sessions.get(role)
        if held is not None and held[1] > now_us():
            return held[0]
        # Asked before, as a service that a role does not trust would leave a record of its attempt.
        host = next((one for one in HOSTS if allowed(one, "sts:AssumeRole", role)), "")
        if host:
            session = acting.assume(role, host, {})
            sessions[role] = (session, now_us() + HOUR)
            return session
        given = {"RoleArn": role, "RoleSessionName": "xray-daemon"}
        learner = identities.learner(account)
        answer = acting.call(learner, "sts", "AssumeRole", given, "us-east-1", {})
        session = identities.by_key(answer["Credentials"]["AccessKeyId"])
        sessions[role] = (session, now_us() + HOUR)
        return session

    return who
