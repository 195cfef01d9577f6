"""Syslog into a lab: ports on 127.0.0.1 that stand for those of a VPC endpoint.

TCP (on AWS port 1514) and UDP (514). There is no TLS: a certificate that clients trust for a name
of this machine can't be had. What came enters the lab when time is about to pass, as a method of
the journal with its messages, so a world that is opened again has them without a socket.

When messages cannot be delivered, connections are reset, which is all that syslog can tell a
sender; datagrams are dropped in silence.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

from labkit.agents.xray_udp import LOOPBACK, Datagrams
from labkit.core.errors import LabError
from labkit.logs.engine.syslog import MOST_TCP, MOST_UDP, frames

if TYPE_CHECKING:
    from labkit.lab import Lab

_READ = 64 * 1024
_LOOK_S = 0.05
#: Bytes of messages that wait for time to pass; beyond them TCP senders have to wait.
_MOST_WAITING = 64 * 1024 * 1024


class _Streams:
    """A TCP port and its connections, read by a thread and, for who waits, at once."""

    def __init__(self, port: int) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((LOOPBACK, port))
            self._listener.listen(64)
        except OSError:
            self._listener.close()
            raise
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._left: dict[socket.socket, bytes] = {}
        self._messages: list[bytes] = []
        self._bytes = 0
        self._opened = self._closed = self._oversized = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labkit-syslog", daemon=True)
        self._thread.start()

    def take(self) -> tuple[list[bytes], int, int, int]:
        """Messages, those that were too large, connections opened and closed, since last time.

        What a process on this machine has sent by then lies in the port, so it is read first.
        """
        with self._lock:
            while self._bytes < _MOST_WAITING and self._look():
                pass
            found, self._messages, self._bytes = self._messages, [], 0
            told = (found, self._oversized, self._opened, self._closed)
            self._opened = self._closed = self._oversized = 0
            return told

    def reset(self) -> None:
        """Reset every connection: what they sent could not be delivered."""
        with self._lock:
            for one in list(self._left):
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._drop(one)

    def close(self) -> None:
        """Close the port. Idempotent."""
        self._stop.set()
        self._thread.join()
        with self._lock:
            for one in list(self._left):
                self._drop(one)
            self._selector.close()
            self._listener.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                busy = self._bytes < _MOST_WAITING and self._look()
            if not busy:
                # Outside the lock, so that who takes does not wait for a port that is quiet.
                self._stop.wait(_LOOK_S)

    def _look(self) -> bool:
        """Read what is there; whether anything was."""
        ready = self._selector.select(0)
        for key, _ in ready:
            if key.fileobj is self._listener:
                with contextlib.suppress(OSError):
                    connection, _ = self._listener.accept()
                    connection.setblocking(False)
                    self._selector.register(connection, selectors.EVENT_READ)
                    self._left[connection] = b""
                    self._opened += 1
            else:
                assert isinstance(key.fileobj, socket.socket)
                self._receive(key.fileobj)
        return bool(ready)

    def _receive(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        found, left = frames(self._left[connection] + data)
        if not data and left:
            found, left = [*found, left.rstrip(b"\r\n\0")], b""
        if len(left) > MOST_TCP + 16:
            self._oversized, left = self._oversized + 1, b""
        self._left[connection] = left
        for one in found:
            if len(one) > MOST_TCP:
                self._oversized += 1
            elif one:
                self._messages.append(one)
                self._bytes += len(one)
        if not data:
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()
        del self._left[connection]
        self._closed += 1


class SyslogReceiver:
    """The ports of a VPC endpoint for syslog; a context manager that closes them.

    Parameters
    ----------
    lab:
        Where messages go.
    endpoint:
        ``vpce-...``.
    account, region:
        Whose endpoint, and where.
    tcp_port, udp_port:
        0 takes a free one.

    Raises
    ------
    OSError
        When a port is taken.
    """

    def __init__(
        self, lab: Lab, endpoint: str, account: str, region: str, tcp_port: int, udp_port: int
    ) -> None:
        self._lab = lab
        self._about: dict[str, Any] = {
            "account": account, "region": region, "endpoint": endpoint
        }  # fmt: skip
        self._streams = _Streams(tcp_port)
        try:
            self._datagrams = Datagrams(udp_port)
        except OSError:
            self._streams.close()
            raise
        self.running = True
        #: Messages that were delivered, and that were not.
        self.received = self.undelivered = 0

    @property
    def tcp(self) -> tuple[str, int]:
        """Host and port: ``SysLogHandler(address=receiver.tcp, socktype=SOCK_STREAM)``."""
        return LOOPBACK, self._streams.port

    @property
    def udp(self) -> tuple[str, int]:
        """Host and port: ``SysLogHandler(address=receiver.udp)``."""
        return LOOPBACK, self._datagrams.port

    def hear(self) -> None:
        """Let in what has come."""
        if not self.running:
            return
        self._datagrams.settle()
        datagrams, _ = self._datagrams.take()
        small = [one for one in datagrams if len(one) <= MOST_UDP]
        messages, oversized, opened, closed = self._streams.take()
        given = [_text(one) for one in (*messages, *small)]
        dropped = oversized + len(datagrams) - len(small)
        if not (given or dropped or opened or closed):
            return
        good = self._lab._do(
            "syslog.take", messages=given, dropped=dropped, opened=opened, closed=closed,
            **self._about,
        )  # fmt: skip
        if good:
            self.received += len(given)
        else:
            self.undelivered += len(given)
            self._streams.reset()

    def stop(self) -> None:
        """Let in what has come and close the ports. Idempotent."""
        if self.running:
            with contextlib.suppress(LabError):  # a lab that is closed takes nothing more
                if not self._lab.dispatch.busy:
                    self.hear()
            self.running = False
            self._streams.close()
            self._datagrams.close()

    def __enter__(self) -> SyslogReceiver:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        what = "at" if self.running else "stopped; it was at"
        return (
            f"<syslog of {self._about['endpoint']} {what} TCP {self.tcp[1]} and UDP "
            f"{self.udp[1]} of {LOOPBACK}: {self.received} messages delivered, "
            f"{self.undelivered} not>"
        )


def _text(data: bytes) -> str:
    return data.rstrip(b"\r\n\0").decode("utf-8", "replace") or " "
