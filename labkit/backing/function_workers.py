"""Worker processes from the kernel's side: starting, waiting, serving, ending.

Theory of operation
-------------------
1. **One nursery per kernel** (``lambda_runtime/nursery.py``) forks all workers. It is started with
   the first function and leaves by itself half a minute after the last lab has closed; it dies at
   once when the kernel does, however that happens, since its socket ends.
2. **A worker** is one execution environment. Three ways lead to it: *control* (invocations there,
   log events and results back), *calls* (its boto3 calls, answered by whoever waits here), and
   *raw*, the reading end of what it writes past Python.
3. **Waiting** serves: while a function runs, the thread that invoked it answers the function's
   calls, re-entrantly, so a function may invoke functions that invoke functions.
4. **The real guard.** Time is virtual inside (``virtual_time.py``) and most time-outs are found
   there, exactly. A function that computes for ever never looks at a clock: after
   :data:`GUARD_SECONDS` of the machine's time, calls apart, it is ended and counts as timed out.
   While it wants to compute, only what the machine has given it counts: on a busy one a function
   would hang that only waits for its turn.
5. **Ending** kills the worker's process group and whatever had left it, and tells the exit status.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit.backing.lambda_runtime import frames
from labkit.core.clock import machine_seconds
from labkit.core.errors import LabError

#: How long a function may compute, in the machine's time, before it counts as hanging.
GUARD_SECONDS = 10.0

#: How often it is looked, beyond that, whether a function still waits for a processor, seconds.
_TURN_SECONDS = 0.05

#: How many messages are still heard of a function that hangs by then.
_MOST_UNHEARD = 1000

#: How long the rest of a message may take that has begun to come, seconds.
_REST_SECONDS = 5.0

#: How long the nursery stays when no lab needs it.
IDLE_SECONDS = 30.0

#: How many datagrams of an invocation are kept for X-Ray.
MOST_DATAGRAMS = 5_000

#: How much is kept of what a worker writes past Python, bytes.
_RAW_MOST = 256 * 1024

_START = (
    "import sys; sys.path.insert(0, {root!r}); "
    "from labkit.backing.lambda_runtime.nursery import main; "
    "sys.path.remove({root!r}); main({number})"
)

Serve = Callable[[dict[str, Any]], dict[str, Any]]


class Nursery:
    """The process that forks workers, as the kernel sees it. One per kernel: :data:`NURSERY`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._place: socket.socket | None = None
        self._leases = 0
        #: Where code and home directories lie while this nursery lives.
        self.base = ""

    # -- who needs it
    def lease(self) -> None:
        """A lab begins to need workers."""
        with self._lock:
            self._leases += 1

    def release(self) -> None:
        """A lab needs none any more; without any the nursery leaves after a while."""
        with self._lock:
            self._leases -= 1
            if self._leases == 0 and self._place is not None:
                with contextlib.suppress(OSError):
                    self._tell({"t": "idle", "seconds": IDLE_SECONDS}, [])

    def directory(self, name: str) -> str:
        """A fresh directory below :attr:`base`."""
        with self._lock:
            self._running()
            return tempfile.mkdtemp(prefix=f"{name}-", dir=self.base)

    # -- workers
    def spawn(self, spec: dict[str, Any], descriptors: list[int]) -> int:
        """Fork a worker that gets these file descriptors; its process id."""
        with self._lock:
            self._running()
            return int(self._ask({"t": "spawn", "spec": spec}, descriptors)["pid"])

    def end(self, pid: int) -> int:
        """End a worker and what came from it; its wait status."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                return 9  # it went with its nursery
            return int(self._ask({"t": "end", "pid": pid}, [])["status"])

    def close(self) -> None:
        """End it and everything that came from it."""
        with self._lock:
            process, self._process = self._process, None
            if self._place is not None:
                self._place.close()
                self._place = None
            if process is not None:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:  # pragma: no cover - it waits for nobody
                    process.kill()
                    process.wait()
            if self.base:
                shutil.rmtree(self.base, ignore_errors=True)
                self.base = ""

    @property
    def pid(self) -> int:
        """Its process id; 0 while there is none."""
        return 0 if self._process is None else self._process.pid

    def _running(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        if not hasattr(socket, "send_fds"):
            raise LabError(
                "functions run in worker processes that are forked, and this system can't fork"
            )
        self.base = os.path.realpath(tempfile.mkdtemp(prefix="labkit-functions-"))
        here, there = socket.socketpair()
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-c", _START.format(root=root, number=there.fileno())],
            env={
                "PATH": os.defpath,
                "LANG": "C.UTF-8",
                "TZ": "UTC",
                "HOME": self.base,
                "PYTHONHASHSEED": "0",
                "LABKIT_BASE": self.base,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[there.fileno()],
            cwd=self.base,
            start_new_session=True,
        )
        there.close()
        self._place = here

    def _tell(self, message: dict[str, Any], descriptors: list[int]) -> None:
        assert self._place is not None
        socket.send_fds(self._place, [b"."], descriptors)
        frames.send(self._place, message)

    def _ask(self, message: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        assert self._place is not None
        try:
            self._tell(message, descriptors)
            answer = frames.receive(self._place)
        except OSError as problem:
            raise LabError(f"the process that starts functions is gone: {problem}") from problem
        if answer is None:
            raise LabError("the process that starts functions is gone")
        return answer


#: The nursery of this kernel.
NURSERY = Nursery()
atexit.register(NURSERY.close)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of loading a function or of one invocation.

    Parameters
    ----------
    kind:
        ``ready``, ``init_error``, ``done``, ``error``, ``timeout``, ``exit``.
    lines:
        The log events, texts with their line ends.
    data:
        What the runtime told: ``payload``, ``error``, ``elapsed_us``, ``children``.
    status:
        Of an ``exit``: the wait status of the process.
    hung:
        Whether a ``timeout`` was the real guard's.
    """

    kind: str
    lines: list[str]
    data: dict[str, Any] = field(default_factory=dict)
    status: int = 0
    hung: bool = False


class Worker:
    """One worker process.

    Parameters
    ----------
    spec:
        What ``lambda_runtime.bootstrap.run`` wants to know.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self._control, control = socket.socketpair()
        self._calls, calls = socket.socketpair()
        self._raw, raw = os.pipe()
        os.set_blocking(self._raw, False)
        try:
            self.pid = NURSERY.spawn(spec, [control.fileno(), calls.fileno(), raw])
        except BaseException:
            self.pid = 0
            self._close()
            raise
        finally:
            control.close()
            calls.close()
            os.close(raw)
        #: What was sent to the X-Ray daemon since the last invocation began.
        self.datagrams: list[str] = []
        self._selector = selectors.DefaultSelector()
        for place in (self._control, self._calls, self._raw):
            self._selector.register(place, selectors.EVENT_READ)

    @property
    def alive(self) -> bool:
        """Whether it was not ended yet."""
        return self.pid != 0

    def invoke(self, message: dict[str, Any], serve: Serve, guard_seconds: float) -> Outcome:
        """Let the function run once; what came of it."""
        self.datagrams = []
        with contextlib.suppress(OSError):  # a worker that died meanwhile is found by waiting
            frames.send(self._control, {"t": "invoke", **message})
        return self.wait(serve, guard_seconds)

    def wait(self, serve: Serve, guard_seconds: float) -> Outcome:
        """Serve the worker until it tells what came of what it does; end it if it does not."""
        lines: list[str] = []
        raw: list[bytes] = []
        deadline = machine_seconds() + guard_seconds
        before, _ = _work(self.pid)
        unheard = _MOST_UNHEARD
        try:
            while True:
                left = deadline - machine_seconds()
                if left <= 0:
                    used, wants = _work(self.pid)
                    unheard -= not wants
                    heard = unheard <= 0 or not self._has_told()
                    if used >= before + guard_seconds or (heard and not wants):
                        self.end()
                        return Outcome("timeout", lines + _texts(raw), hung=True)
                    left = _TURN_SECONDS
                ready = {key.fileobj for key, _ in self._selector.select(left)}
                if self._raw in ready:
                    self._read_raw(raw)
                if self._calls in ready:
                    began = machine_seconds()
                    self._serve_call(serve)
                    deadline += machine_seconds() - began
                if self._control in ready:
                    outcome = self._control_message(lines, left)
                    if outcome is not None:
                        self._read_raw(raw)
                        lines += _texts(raw)
                        return outcome
        except BaseException:
            self.end()  # nobody knows what it would do next
            raise

    def _has_told(self) -> bool:
        """Whether there is something that was not heard yet: maybe its end, in time."""
        told = {key.fileobj for key, _ in self._selector.select(0)}
        return bool(told & {self._control, self._calls})

    def _control_message(self, lines: list[str], left: float) -> Outcome | None:
        self._control.settimeout(max(left, _REST_SECONDS))
        try:
            message = frames.receive(self._control)
        except (frames.BrokenFrame, TimeoutError):
            message = None
        finally:
            if self.alive:
                self._control.settimeout(None)
        if message is None:
            return Outcome("exit", lines, status=self.end())
        if message["t"] == "line":
            lines.append(str(message.get("text", "")))
            return None
        if message["t"] == "datagram":
            if len(self.datagrams) < MOST_DATAGRAMS:
                self.datagrams.append(str(message.get("text", "")))
            return None
        return Outcome(str(message["t"]), lines, message)

    def _serve_call(self, serve: Serve) -> None:
        self._calls.settimeout(5)
        try:
            message = frames.receive(self._calls)
        except (frames.BrokenFrame, TimeoutError):
            message = None
        finally:
            self._calls.settimeout(None)
        if message is None:
            self._selector.unregister(self._calls)
            return
        answer = serve(message)
        with contextlib.suppress(OSError):
            frames.send(self._calls, answer)

    def _read_raw(self, raw: list[bytes]) -> None:
        if not self.alive:
            return
        for _ in range(16):  # whoever writes without end is read in turns with everything else
            try:
                data = os.read(self._raw, 65_536)
            except BlockingIOError:
                return
            if not data:
                with contextlib.suppress(KeyError):
                    self._selector.unregister(self._raw)
                return
            if sum(map(len, raw)) < _RAW_MOST:
                raw.append(data)

    def end(self) -> int:
        """End the process and everything that came from it; its wait status. Idempotent."""
        if not self.alive:
            return 0
        status = NURSERY.end(self.pid)
        self.pid = 0
        self._close()
        return status

    def _close(self) -> None:
        selector = getattr(self, "_selector", None)
        if selector is not None:
            selector.close()
        self._control.close()
        self._calls.close()
        os.close(self._raw)


def _work(pid: int) -> tuple[float, bool]:
    """Processor seconds of a process, and whether one of its threads has something to compute.

    Where the system does not tell, it has had enough.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            told = file.read().rpartition(b")")[2].split()
        used = (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat", "rb") as file:
                if file.read().rpartition(b")")[2].split()[0] in (b"R", b"D"):
                    return used, True
        return used, False
    except (OSError, ValueError, IndexError):
        return math.inf, False


def _texts(raw: list[bytes]) -> list[str]:
    """Bytes written past Python, as log events."""
    text = b"".join(raw)[:_RAW_MOST].decode("utf-8", "replace")
    return [line + "\n" for line in text.split("\n") if line]
