"""Scripts' processes, forked from one that has imported their library already.

Theory of operation
-------------------
Each run has a process of its own. To start Python and to import selenium takes a third of a second
of processor time, more than an HTTP canary does, and the same each time. So a *fork server* (as of
``multiprocessing``, or Android's zygote) imports once and forks for each run. What is a run's own
stays so: process, group, environment, folder, limits, open files. No script runs in the server.

What it could get wrong, and why it does not:

- A script that brings a module ``certifi`` would get the server's. The server refuses to fork when
  a name in the archive is one that it has imported, and the process is started as usual.
- ``/proc/<pid>/environ`` of a fork shows what its server was started with, so the mark of a run is
  not in it. The process carries it in its *name* instead (:func:`.processes.name_of`), which its
  own forks inherit; and what it starts gets it in the environment as before.
- A process that has ended keeps its number until the runner asks how it ended, as a child of the
  runner's own would: the runner ends groups by number.

Linux only: elsewhere (macOS), system libraries forbid a fork without exec.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from labkit.synthetics.runner import processes

_ROOT = str(Path(__file__).parents[3])
_START = (
    "import sys; sys.path.insert(0, {root!r}); "
    "from labkit.synthetics.runner.forking import main; "
    "sys.path.remove({root!r}); main({place})"
)
#: How long a server may take for an answer, seconds of the machine's time. It takes milliseconds,
#: and a second once; afterwards a script is started as usual, so that nothing hangs.
_LONGEST_SECONDS = 60.0
#: As a script's process that is started as usual.
SWITCHES = ("-s", "-P")


class Forked:
    """A script's process; what :class:`subprocess.Popen` has of it and the runner asks for.

    Parameters
    ----------
    pid:
        Its number, and its group's.
    stdout:
        What it writes.
    report:
        Where the server tells how it ended.
    """

    def __init__(self, pid: int, stdout: IO[bytes], report: socket.socket) -> None:
        self.pid, self.stdout = pid, stdout
        self._report = report
        self._status: int | None = None

    def wait(self) -> int:
        """Wait for its end: the exit status, or the negative number of a signal."""
        if self._status is None:
            told = b""
            with contextlib.suppress(OSError), self._report as report:
                report.send(b"?")
                told = report.recv(64)
            self._status = int(told or b"-9")  # the server is gone, and so is the process
        return self._status


class ForkServer:
    """Starts scripts' processes; its own starts with the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._place: socket.socket | None = None
        self._given_up = sys.platform != "linux"

    def start(
        self,
        environment: Mapping[str, str],
        folder: str,
        sockets: tuple[socket.socket, socket.socket],
        files: Iterable[str],
        *,
        browser: bool,
    ) -> Forked | None:
        """Start a process that is :func:`.child.main`; None when it has to be started as usual.

        Parameters
        ----------
        environment, folder:
            Its variables, and where it starts.
        sockets:
            Control and calls.
        files:
            Names of the archive's files.
        browser:
            Whether the script starts a browser.
        """
        mark = environment[processes.MARK]
        message = json.dumps({
            "environment": dict(environment), "folder": folder, "browser": browser,
            "names": sorted({_module(one) for one in files}),
            "name": processes.name_of(f"{processes.MARK}={mark}"),
        }).encode()  # fmt: skip
        place = self._started()
        if place is None:
            return None
        output, write = os.pipe()
        ours, theirs = socket.socketpair()
        try:
            ends = [*(one.fileno() for one in sockets), write, theirs.fileno()]
            socket.send_fds(place, [message], ends)
            theirs.close()
            ours.settimeout(_LONGEST_SECONDS)
            told = ours.recv(64)
            ours.settimeout(None)
        except TimeoutError:
            self._kill()  # before somebody else gets these sockets
            told = b""
        except OSError:  # too large a message, or the server has gone
            told = b""
        finally:
            os.close(write)
            theirs.close()
        if not told.isdigit():
            os.close(output)
            ours.close()
            return None
        return Forked(int(told), os.fdopen(output, "rb", buffering=0), ours)

    @property
    def pids(self) -> list[int]:
        """The number of its process, once there is one."""
        return [] if self._process is None else [self._process.pid]

    def _started(self) -> socket.socket | None:
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self._end()  # a script can end it, as it could the kernel; so there is another
            if self._place is None and not self._given_up:
                self._begin()
            return self._place

    def _begin(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = _START.format(root=_ROOT, place=theirs.fileno())
        plain = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0",
                 "PYTHONUNBUFFERED": "1"}  # fmt: skip
        try:
            self._process = subprocess.Popen(
                [sys.executable, *SWITCHES, "-c", code], env=plain, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
            self._place = ours
        except OSError:
            self._given_up = True
            ours.close()
        finally:
            theirs.close()

    def _kill(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        place, self._place = self._place, None
        if place is not None:
            place.close()
        if process is not None:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def close(self) -> None:
        """End its process; the next start begins another."""
        with self._lock:
            self._end()


def _module(file: str) -> str:
    """The name under which a file of an archive, or its folder, is imported."""
    return file.removeprefix("python/").partition("/")[0].removesuffix(".py")
