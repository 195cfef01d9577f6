"""Processes of a run: who belongs to it, how much memory they take, and their end.

A process belongs to a run when it is in its group, or carries the run's mark in its environment,
which whatever it starts inherits: a helper that detached itself with ``setsid`` is found by it.
What a fork server has started carries the mark in its name, and hands it on to its own forks. A
browser is marked by its home: its handlers of crashes detach themselves too, and may stay for as
long as they are busy with the crash that its end looks like.
Dead ones that nobody has waited for do not count; that is for their parent to do.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
from collections.abc import Iterator
from hashlib import blake2b

#: The variable that marks the processes of a run.
MARK = "LABKIT_CANARY_RUN"

MEGABYTE = 1024 * 1024

#: Where the name of a process stands.
NAME = "/proc/{}/comm"


def name_of(mark: str) -> str:
    """A mark as the name of a process, for which there are 15 letters."""
    return f"cw{blake2b(mark.encode(), digest_size=6).hexdigest()}"


def _all() -> Iterator[int]:
    if os.path.isdir("/proc/self"):
        yield from (int(name) for name in os.listdir("/proc") if name.isdigit())
    else:
        import psutil

        yield from psutil.pids()


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as told:
            return told.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return not os.path.isdir("/proc/self")


def members(groups: list[int], mark: str = "") -> list[int]:
    """Process ids of those that live in one of these groups, or carry a mark, ``NAME=value``."""
    found = []
    wanted, named = mark.encode(), name_of(mark).encode() + b"\n"
    for pid in _all():
        if pid == os.getpid():
            continue
        with contextlib.suppress(OSError):
            ours = os.getpgid(pid) in groups or (
                mark and (wanted in _environment(pid) or _name(pid) == named)
            )
            if ours and _lives(pid):
                found.append(pid)
    return found


def is_named(pid: int) -> bool:
    """Whether a process carries some run's mark in its name."""
    return bool(re.fullmatch(rb"cw[0-9a-f]{12}\n", _name(pid)))


def _name(pid: int) -> bytes:
    try:
        with open(NAME.format(pid), "rb") as told:
            return told.read()
    except OSError:
        return b""


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as told:
            return told.read().split(b"\0")
    except OSError:
        if os.path.isdir("/proc/self"):
            return []
    import psutil

    with contextlib.suppress(psutil.Error):
        return [f"{name}={value}".encode() for name, value in psutil.Process(pid).environ().items()]
    return []


def memory_mb(groups: list[int]) -> float:
    """Memory that is theirs alone, megabytes: what they share (libraries, a browser's own pages
    mapped into each of its processes) is counted in none.
    """
    total = 0
    for pid in members(groups):
        with contextlib.suppress(OSError, ValueError):
            try:
                with open(f"/proc/{pid}/statm", "rb") as told:
                    _, resident, shared, *_ = map(int, told.read().split())
                total += (resident - shared) * os.sysconf("SC_PAGE_SIZE")
            except FileNotFoundError:
                if not os.path.isdir("/proc/self"):
                    total += _resident(pid)
    return total / MEGABYTE


def _resident(pid: int) -> int:
    import psutil

    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def end(groups: list[int], mark: str = "") -> None:
    """End all that belong to a run, and wait until they are gone; a few milliseconds.

    Parameters
    ----------
    groups:
        Ids of process groups.
    mark:
        What those carry in their environment that left their group, ``NAME=value``.
    """
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for _ in range(200):  # each round may bring to light what the killed ones had started
        left = members(groups, mark)
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        threading.Event().wait(0.01)
