"""The nursery: a small process that has imported boto3 once and forks a worker in milliseconds.

A cold start that begins with a new interpreter and an ``import boto3`` takes half a second; a fork
of a process that has both takes five milliseconds and shares the memory. So one nursery per kernel
is started with the first function, and every worker of every lab is its child.

It ends workers too, since only a parent learns how a process ended, and it is the *subreaper* of
whatever they leave: a child that detached itself (double fork, ``setsid``) becomes the nursery's
own child instead of init's, and is ended with the worker it came from.

The kernel's end is noticed by the end of the socket: then all that lives here is killed. When the
kernel says that it needs nobody for now, the nursery waits a while and leaves by itself.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import sys
from typing import Any

from labkit.backing.lambda_runtime import bootstrap, frames

#: How often it is looked whether something is left of a worker; a millisecond each.
_ROUNDS = 2000

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)


def main(number: int) -> None:
    """Serve the kernel at the other end of file descriptor ``number`` until it is gone."""
    kernel = socket.socket(fileno=number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _adopt_orphans()
    import boto3  # noqa: F401 - every worker inherits it
    import botocore.client  # noqa: F401

    _forget_labkit()
    workers: set[int] = set()
    try:
        _serve(kernel, workers)
    finally:
        for pid in list(workers):
            _end(pid, workers)
        shutil.rmtree(os.environ["LABKIT_BASE"], ignore_errors=True)


def _serve(kernel: socket.socket, workers: set[int]) -> None:
    patience: float | None = None
    while True:
        if not select.select([kernel], [], [], patience)[0]:
            return  # nobody needed a worker for that long
        head, passed, _, _ = socket.recv_fds(kernel, 1, 8)
        if not head:
            return
        message = frames.receive(kernel)
        if message is None:
            return
        if message["t"] == "spawn":
            patience = None
            pid = _spawn(message["spec"], passed, kernel)
            workers.add(pid)
            frames.send(kernel, {"t": "spawned", "pid": pid})
        elif message["t"] == "end":
            frames.send(kernel, {"t": "ended", "status": _end(message["pid"], workers)})
        elif message["t"] == "idle":
            patience = message["seconds"] if not workers else None


def _spawn(spec: dict[str, Any], passed: list[int], kernel: socket.socket) -> int:
    pid = os.fork()
    if pid:
        with contextlib.suppress(OSError):  # the child may have done it already
            os.setpgid(pid, pid)
        for number in passed:
            os.close(number)
        return pid
    code = 1
    try:
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        kernel.close()
        code = bootstrap.run(spec, *passed)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # the runtime dies as any program that raises
        code = 1
    finally:
        os._exit(code & 255)


def _end(pid: int, workers: set[int]) -> int:
    """End a worker and all that came from it; its wait status (0 for one that is not known)."""
    if pid not in workers:
        return 0
    done, status = os.waitpid(pid, os.WNOHANG)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if not done:
        _, status = os.waitpid(pid, 0)
    workers.discard(pid)
    for _ in range(_ROUNDS):  # each round may bring to light what the killed ones had started
        orphans = [child for child in _children() if child not in workers]
        for child in orphans:
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        if not orphans and not _any_left(pid):
            break
        select.select([], [], [], 0.001)
    return status


def _any_left(group: int) -> bool:
    """Whether a process group still has members, dead ones that nobody has waited for included."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _children() -> list[int]:
    """The children of this process; none where the system does not tell (macOS)."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as told:
            return [int(pid) for pid in told.read().split()]
    except OSError:
        return []


def _adopt_orphans() -> None:
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _forget_labkit() -> None:
    """A function that imports labkit would work here and nowhere else: it finds none."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "labkit"]:
        del sys.modules[name]
