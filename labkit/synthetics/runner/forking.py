"""Inside the process that scripts' processes are forked from: see :mod:`.forkserver`.

It has one thread, reads no script and keeps nothing of a run: what a run's process gets from it is
a Python that has imported the library.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from typing import Any

from labkit.synthetics.runner import child
from labkit.synthetics.runner.processes import NAME

#: What each script's process imports; and what those import that start a browser.
_USUAL = ("http.client", "ssl", "urllib.request")
_BROWSERS = (
    "selenium.webdriver.chrome.options",
    "selenium.webdriver.chrome.webdriver",
    "selenium.webdriver.support.expected_conditions",
    "selenium.webdriver.support.ui",
)

#: What a request for a process may be, bytes.
LARGEST = 1 << 17


def main(number: int) -> None:
    """Serve until the runner's end of the socket is closed."""
    place = socket.socket(fileno=number)
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    _load(_USUAL)
    alive: dict[int, int] = {}  # report -> process, whose end nobody has asked for yet
    asked: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([place.fileno(), woken, *alive], [], [])
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 4096)
        for report in ready:
            if report in alive:
                asked[report] = alive.pop(report)
        _reap(asked)
        if place.fileno() in ready:
            data, ends, _, _ = socket.recv_fds(place, LARGEST, 4)
            if not data:
                os._exit(0)
            _fork(place, json.loads(data), ends, alive)


@functools.cache
def _load(names: tuple[str, ...]) -> None:
    """Import modules, once; what they are made of is shared by all forks."""
    for name in names:
        with contextlib.suppress(Exception):  # what can't be imported, the script hears of itself
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _fork(
    place: socket.socket, asked: dict[str, Any], ends: list[int], alive: dict[int, int]
) -> None:
    *theirs, report = ends
    if asked["browser"]:
        _load(_BROWSERS)
    if any(name in sys.modules for name in asked["names"]):
        os.write(report, b"no")  # the script brings a module of its own by that name
        pid = 0
    elif (pid := os.fork()) == 0:
        try:
            place.detach()
            _become(asked, theirs)
        finally:
            os._exit(70)
    else:
        os.write(report, b"%d" % pid)
    for one in theirs:
        os.close(one)
    if pid:
        alive[report] = pid
    else:
        os.close(report)


def _reap(asked: dict[int, int]) -> None:
    """Tell how those ended whose end was asked for. Until then a process keeps its number, so that
    nobody else's is ended in its place.
    """
    for report, pid in list(asked.items()):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            with contextlib.suppress(OSError):  # the runner has left
                os.write(report, b"%d" % os.waitstatus_to_exitcode(status))
            os.close(report)
            del asked[report]


def _become(asked: dict[str, Any], ends: list[int]) -> None:
    """Be a script's process, as if it had just been started."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    high = max(ends) + 10
    control, calls, output = (_copy(one, high) for one in ends)
    nothing = _copy(os.open(os.devnull, os.O_RDONLY), high)
    for number, held in enumerate((nothing, output, output, control, calls)):
        os.dup2(held, number)
    # Not os.closerange: some containers allow a thousand million files, and some Pythons try each.
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 4:
            with contextlib.suppress(OSError):  # the one of this very list
                os.close(int(name))
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    os.chdir(asked["folder"])
    tempfile.tempdir = None  # in case something that was imported has asked for it
    with open(NAME.format("self"), "w", encoding="ascii") as file:
        file.write(asked["name"])
    child.main(3, 4)


def _copy(number: int, lowest: int) -> int:
    import fcntl

    return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, lowest)
