"""Processes of a run: who belongs to it, how much memory they take, and their end.

A process belongs to a run when it is in its group, or carries the run's mark in its environment,
which whatever it starts inherits: a helper that detached itself with ``setsid`` is found by it.
What a fork server has started carries the mark in its name, and hands it on to its own forks. A
browser is marked by its home: its handlers of crashes detach themselves too, and may stay for as
long as they are busy with the crash that its end looks like.
One that is just being replaced by the program that it is to run (``exec``) shows no environment for
a moment, however long a busy machine makes that moment: nothing is over before it shows one.
Dead ones that nobody has waited for do not count; that is for their parent to do.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from hashlib import blake2b

#: The variable that marks the processes of a run.
MARK = "LABKIT_CANARY_RUN"

#: How often it is looked who is left, a hundredth of a second apart. A busy machine may take a
#: while until it gives a killed process the processor to leave with.
_ROUNDS = 3000
#: How many of these for the sake of one that shows nothing of itself, and may never do so.
_UNSURE_ROUNDS = 200

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
    return _look(groups, mark)[0]


def _look(groups: list[int], mark: str) -> tuple[list[int], bool]:
    """Who belongs to a run, and whether somebody may who shows nothing of itself just now."""
    found, unsure = [], False
    wanted, named = mark.encode(), name_of(mark).encode() + b"\n"
    for pid in _all():
        if pid == os.getpid():
            continue
        with contextlib.suppress(OSError):
            ours = os.getpgid(pid) in groups
            if not ours and mark:
                carried = _carried(pid)
                unsure = unsure or carried is None
                ours = wanted in (carried or ()) or _name(pid) == named
            if ours and _lives(pid):
                found.append(pid)
    return found, unsure


def _carried(pid: int) -> list[bytes] | None:
    """A process's environment; None of one that is just becoming another program."""
    carried = _environment(pid)
    if carried != [b""]:
        return carried
    with contextlib.suppress(OSError):  # it has gone, or is a thread of the kernel
        os.readlink(f"/proc/{pid}/exe")
        with open(f"/proc/{pid}/cmdline", "rb") as called:
            # Both are shown from the same moment on: it may have come since the first look.
            return _environment(pid) if called.read(1) or not _lives(pid) else None
    return carried


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
    for number in range(_ROUNDS):  # each may bring to light what the killed ones had started
        left, unsure = _look(groups, mark)
        if not left and not (unsure and number < _UNSURE_ROUNDS):
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        threading.Event().wait(0.01)
