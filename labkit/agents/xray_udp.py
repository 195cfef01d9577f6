"""A UDP port of this machine, read by a thread as fast as datagrams come.

The system keeps about ninety datagrams of a kilobyte that nobody has read, and drops what comes
then, without a word to anybody. So a thread does nothing but read them into a queue, whatever the
lab is busy with; the queue is bounded too, and when it is full the oldest go (counted).

**Who reads the queue must know that everything sent so far is in it.** A learner's line sends a
segment and the next one lets time pass: in between lies a socket. :meth:`Datagrams.settle` sends
the port a datagram of its own and waits until the thread has come upon it; whatever was sent
before, by this process, lies before it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque

LOOPBACK = "127.0.0.1"
#: The longest datagram of UDP over IPv4 has 65,507 bytes.
LONGEST = 65_536
#: What the port may hold unread, by default: 64 MB, or a million datagrams.
BUFFER_BYTES = 64 * 1024 * 1024

_KERNEL_BYTES = 4 * 1024 * 1024
_SENTINEL = b"\x00labkit: all before this?\x00"
#: How long to wait before the sentinel is sent again, seconds, and how often.
_SETTLE_S, _SETTLE_TRIES = 0.05, 1200


class Datagrams:
    """What comes to a UDP port.

    Parameters
    ----------
    port:
        0 takes any free one.
    buffer_bytes:
        How much is kept until somebody takes it.

    Raises
    ------
    OSError
        When the port is taken.
    """

    def __init__(self, port: int = 0, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            with contextlib.suppress(OSError):  # as much as the system gives
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BYTES)
            self._socket.bind((LOOPBACK, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._limit = buffer_bytes
        self._lock = threading.Lock()
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._spilled = 0
        self._seen = threading.Event()
        self._token = b""
        self._tokens = 0
        self._closing = False
        self._thread = threading.Thread(target=self._read, name="labkit-udp", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many datagrams nobody has taken yet."""
        return len(self._queue)

    def take(self) -> tuple[list[bytes], int]:
        """What has come since the last time, in order, and how many there was no room for."""
        with self._lock:
            found, self._queue = list(self._queue), deque()
            self._bytes = 0
            spilled, self._spilled = self._spilled, 0
        return found, spilled

    def settle(self) -> bool:
        """Wait until everything that this process has sent so far is in the queue.

        False when that can't be told: the reader is gone, or nothing came through for a minute. A
        busy machine may well take seconds to let it run; what it has not read by then would come
        into the lab at another instant, and not at all for who stops the daemon now.
        """
        if self._closing:
            return True
        self._tokens += 1
        self._token = _SENTINEL + str(self._tokens).encode()
        self._seen.clear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(_SETTLE_TRIES):  # a full port drops the sentinel like anything else
                with contextlib.suppress(OSError):
                    sender.sendto(self._token, (LOOPBACK, self.port))
                if self._seen.wait(_SETTLE_S):
                    return True
                if not self._thread.is_alive():
                    break
        return False

    def close(self) -> None:
        """Close the port, once what was sent before has been read. Idempotent."""
        if self._closing:
            return
        self.settle()
        self._closing = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the reader where the system does so
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        ):
            sender.sendto(_SENTINEL, (LOOPBACK, self.port))
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        receive = self._socket.recv
        while not self._closing:
            try:
                datagram = receive(LONGEST)
            except OSError:
                if self._closing:
                    return
                continue
            if not datagram:
                continue
            if datagram.startswith(_SENTINEL):
                if datagram == self._token:
                    self._seen.set()
                continue
            with self._lock:
                self._queue.append(datagram)
                self._bytes += len(datagram)
                while self._bytes > self._limit and len(self._queue) > 1:
                    self._bytes -= len(self._queue.popleft())
                    self._spilled += 1
