"""An X-Ray daemon on this machine: its UDP port, its TCP proxy, and the relay behind both.

::

    with lab.xray_daemon() as daemon:           # 127.0.0.1:2000, as every SDK expects it
        ...                                     # a program with an SDK sends segments
        lab.advance(seconds=1)                  # a partial batch goes out within a second
    daemon.log                                  # what it did, and what X-Ray refused
    daemon.view()                               # the way of a segment, with numbers

Theory of operation
-------------------
The port is read by a thread into a queue (:mod:`.xray_udp`); nothing else happens in that thread.
What is in the queue enters the lab when time passes: ``advance``, ``run_until``, a sleep, or the
live clock. Until then it lies on the wire, as the lab's clock stands still. So the order in which
things happen in the lab does not depend on threads.

The proxy answers at the same number of TCP: an SDK asks it for sampling rules and targets without a
signature, and the daemon asks X-Ray in its own name. It takes no virtual time: an SDK polls by the
machine's clock, and must not push the lab's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from labkit.agents.xray_relay import Counters, opened
from labkit.agents.xray_udp import BUFFER_BYTES, LOOPBACK, Datagrams
from labkit.core.errors import LabError

if TYPE_CHECKING:
    from labkit.agents.xray_hosted import Daemon

#: Levels of the log, the wordiest first.
LEVELS = ("debug", "info", "warn", "error")
#: How many documents one entry of the journal holds.
AT_ONCE = 5_000


class Lines(list[str]):
    """Lines of a log; shows itself as they stand in the file."""

    def __repr__(self) -> str:
        return "\n".join(self)


class Proxy(Protocol):
    """The daemon's TCP side: an HTTP server on a port."""

    def start(self) -> object:
        """Begin to answer."""

    def stop(self) -> None:
        """Close the port."""


class Home(Protocol):
    """Where a daemon's relay lives: a lab."""

    def state(self, name: str) -> Daemon:
        """The relay and what it is."""

    def do(self, what: str, /, **arguments: Any) -> None:
        """``start``, ``receive`` or ``stop``, as an instant of its own."""

    def draw(self, daemon: XRayDaemon) -> Any:
        """The drawing of a daemon."""


class XRayDaemon:
    """A daemon with its ports open, or stopped.

    Parameters
    ----------
    name:
        Of its relay.
    home:
        Where that is.
    port:
        UDP and TCP; 0 takes one that is free for both.
    proxy:
        Makes the TCP side on a port; raises OSError when that is taken.
    settings:
        What the relay is started with: role, region, account, instance id.
    buffer_bytes:
        How much the port holds until time passes; the oldest datagrams make room.

    Raises
    ------
    OSError
        When the port is taken.
    """

    def __init__(
        self,
        name: str,
        home: Home,
        port: int,
        proxy: Callable[[int], Proxy],
        settings: dict[str, str],
        buffer_bytes: int = BUFFER_BYTES,
    ) -> None:
        self.name, self._home, self._make_proxy = name, home, proxy
        self._settings = settings
        self._wire: Datagrams | None = None
        self._proxy: Proxy | None = None
        self._port, self._buffer_bytes = port, buffer_bytes
        self._gone = False
        self.start()

    # -- life
    def start(self) -> XRayDaemon:
        """Open the ports, at the number they had, and go on with what was left. Idempotent.

        Raises
        ------
        LabError
            When its lab was closed or begun again.
        """
        if self._gone:
            raise LabError("this daemon's lab was closed or begun again: lab.xray_daemon()")
        if self._wire is None:
            self._wire, self._proxy = _open(self._port, self._make_proxy, self._buffer_bytes)
            self._port = self._wire.port
            self._home.do("start", name=self.name, **self._settings)
            self._proxy.start()
        return self

    def stop(self) -> None:
        """Close the ports and send what is there; what can't be sent is kept. Idempotent."""
        wire, proxy = self._wire, self._proxy
        if wire is None or proxy is None:
            return
        proxy.stop()
        wire.close()
        self._take(wire)
        self._wire = self._proxy = None
        self._home.do("stop", name=self.name)

    def abandon(self) -> None:
        """Close the ports of a lab that is no more: nothing is sent."""
        self._gone = True
        if self._wire is not None and self._proxy is not None:
            self._proxy.stop()
            self._wire.close()
            self._wire = self._proxy = None

    def __enter__(self) -> XRayDaemon:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # -- what comes
    def hear(self, *, settle: bool = True) -> None:
        """Let what has come to the port enter the lab, at an instant of its own.

        ``settle``: wait first for whatever this process has sent. The lab calls this whenever
        time is about to pass.
        """
        wire = self._wire
        if wire is None:
            return
        if settle:
            wire.settle()
        if wire.waiting:
            self._take(wire)

    def _take(self, wire: Datagrams) -> None:
        datagrams, spilled = wire.take()
        documents: list[str] = []
        refused: dict[str, int] = {}
        for datagram in datagrams:
            document, why = opened(datagram)
            if why:
                refused[why] = refused.get(why, 0) + 1
            else:
                documents.append(document)
        if refused or spilled:
            self._home.do("receive", name=self.name, refused=refused, spilled=spilled)
        for begin in range(0, len(documents), AT_ONCE):
            some = documents[begin : begin + AT_ONCE]
            self._home.do("receive", name=self.name, documents=some)

    # -- what is there
    @property
    def running(self) -> bool:
        """Whether its ports are open."""
        return self._wire is not None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for ``AWS_XRAY_DAEMON_ADDRESS`` (``"127.0.0.1:2000"``)."""
        return LOOPBACK, self._port

    @property
    def environ(self) -> dict[str, str]:
        """What a program's environment needs to find this daemon."""
        return {"AWS_XRAY_DAEMON_ADDRESS": "{}:{}".format(*self.address)}

    @property
    def settings(self) -> dict[str, str]:
        """Account, region and role."""
        return dict(self._settings)

    @property
    def counters(self) -> Counters:
        """What it has done, datagrams that wait on the wire left out."""
        return self._home.state(self.name).relay.counters

    @property
    def waiting(self) -> int:
        """Segments that it has not sent yet, those on the wire included."""
        on_wire = self._wire.waiting if self._wire is not None else 0
        return self._home.state(self.name).relay.waiting + on_wire

    @property
    def log(self) -> Lines:
        """The lines of its log, oldest first; from level Info on, which is the daemon's default."""
        return self.log_at("info")

    def log_at(self, level: str) -> Lines:
        """The lines from a level on: ``debug`` (what SDKs ask, too), ``info``, ``warn``, ``error``.

        Raises
        ------
        LabError
            For another word.
        """
        if level not in LEVELS:
            raise LabError(f"the levels are {', '.join(LEVELS)}, not {level!r}")
        shown = {f"[{one.capitalize()}]" for one in LEVELS[LEVELS.index(level) :]}
        lines = self._home.state(self.name).relay.lines
        return Lines(line for line in lines if line.split(" ", 2)[1] in shown)

    def state(self) -> dict[str, Any]:
        """Its counters and what waits, as plain values."""
        return {**asdict(self.counters), "waiting": self.waiting, "running": self.running}

    def view(self) -> Any:
        """The way of a segment through this daemon, drawn, with numbers."""
        return self._home.draw(self)

    def __repr__(self) -> str:
        host, port = self.address
        what = "listens on" if self.running else "is stopped; it listened on"
        c = self.counters
        return (
            f"<X-Ray daemon {what} {host}:{port}: {c.received} received, {c.sent} sent, "
            f"{self.waiting} waiting, {c.rejected} rejected, {c.lost} lost>"
        )


def _open(
    port: int, make_proxy: Callable[[int], Proxy], buffer_bytes: int
) -> tuple[Datagrams, Proxy]:
    """Both sides on one number; a free one may be taken for TCP, then another is tried."""
    problem: OSError | None = None
    for _ in range(1 if port else 20):
        wire = Datagrams(port, buffer_bytes)
        try:
            return wire, make_proxy(wire.port)
        except OSError as error:
            problem = error
            wire.close()
    assert problem is not None
    raise problem
