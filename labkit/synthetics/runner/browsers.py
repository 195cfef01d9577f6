"""Chromium and its driver: found, started, shared between runs, ended.

Theory of operation
-------------------
A browser belongs to the runner, not to the script: the script's process asks for one, and gets the
address of a *driver* together with a page. So whatever becomes of the script (it hangs, it is
killed), the runner knows which processes there are and ends them; and a memory limit on the script
is none on Chromium, which can't start under an address-space limit.

Each run works in a **browser context** of its own: cookies, cache, storage and permissions of one
run are not there in the next. That is what lets a browser be kept (``Browsers``): a warm run begins
with a new context in a running browser, about half a second earlier.

A browser is used again only after a run that ended by itself; after any other it is ended. Two runs
that name other hosts or other switches get other browsers, since both are command-line arguments.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.core.clock import machine_seconds
from labkit.synthetics.runner import trust
from labkit.synthetics.runner.devtools import BrowserGone, DevTools
from labkit.synthetics.runner.forkserver import ForkServer
from labkit.synthetics.runner.processes import end

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

#: What nobody sees of a window without a screen and pays for all the same. The list below the
#: address bar is two pages of the browser's own, loaded for each new window, so for each run: 1.3
#: of the 1.5 seconds of processor that an empty window takes (version 156).
_UNSEEN = "WebUIOmniboxPopup,WebUIOmniboxAimPopup"

#: No sandbox, since a container seldom grants one; and no call to anybody at home.
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-breakpad", "--disable-crash-reporter",
    "--disable-dev-shm-usage",
    "--no-default-browser-check", "--disable-extensions", "--disable-default-apps",
    "--disable-client-side-phishing-detection", "--disable-domain-reliability",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,"
    f"CertificateTransparencyComponentUpdater,AutofillServerCommunication,{_UNSEEN}",
    "--metrics-recording-only", "--mute-audio", "--hide-scrollbars", "--force-color-profile=srgb",
    "--password-store=basic", "--use-mock-keychain", "--remote-debugging-pipe",
    "--remote-debugging-port=0", "--enable-automation",
    # What chromedriver adds to a browser that it starts itself: without the first, no window that
    # a script of the page opens comes up.
    "--disable-popup-blocking", "--disable-prompt-on-repost", "--disable-hang-monitor",
)  # fmt: skip

#: The window of a canary, pixels; a picture of it is compared pixel by pixel.
VIEWPORT = (1280, 800)

#: Letters of a temporary folder's path.
_LONGEST_FOLDER = 36

#: How long a browser may take to start, seconds of the machine's time.
_START_SECONDS = 30.0


@dataclass(frozen=True)
class Found:
    """The browser of this machine: paths of Chromium and chromedriver, and its version."""

    chromium: str
    driver: str
    version: str


@functools.cache
def find() -> Found | None:
    """The browser of this machine, or None. ``LABKIT_CHROMIUM`` and ``LABKIT_CHROMEDRIVER`` name
    others; ``LABKIT_NO_BROWSER`` says that there is none.
    """
    if os.environ.get("LABKIT_NO_BROWSER"):
        return None
    named = os.environ.get("LABKIT_CHROMIUM")
    chromium = named or next((path for name in _NAMES if (path := shutil.which(name))), None)
    driver = os.environ.get("LABKIT_CHROMEDRIVER") or shutil.which("chromedriver")
    if chromium is None or driver is None:
        return None
    try:
        import selenium  # noqa: F401 - without it the script has nothing to drive with
    except ImportError:
        return None
    # The driver's version is the browser's, and asking it takes a tenth of the time.
    try:
        told = subprocess.run(
            [driver, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\d+(\.\d+)+", told)
    return Found(chromium, driver, version.group() if version else "unknown")


def missing() -> str:
    """Why there is no browser, for whoever reads a run without a picture."""
    return (
        "no browser on this machine: canaries take pictures with Chromium, chromedriver and the "
        "Python package selenium (`labkit doctor` says how to get them)"
    )


class Browser:
    """One running Chromium and its driver.

    Parameters
    ----------
    found:
        Which one.
    switches:
        Further command-line arguments.
    authority:
        PEM of a certificate authority that it trusts; ''.
    environment:
        Variables of its processes beyond the usual.

    Raises
    ------
    BrowserGone
        When it does not start.
    """

    def __init__(
        self,
        found: Found,
        switches: tuple[str, ...],
        authority: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.found = found
        # A socket of Chromium's lies in there, and a socket's path has 104 letters at most.
        long = len(tempfile.gettempdir()) > _LONGEST_FOLDER
        self.home = tempfile.mkdtemp(prefix="labkit-browser-", dir="/tmp" if long else None)
        self.devtools: DevTools | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self.runs = 0
        try:
            if authority:
                trust.trust(self.home, authority)
            self._start(switches, dict(environment or {}))
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        """Process ids of the driver and the browser itself."""
        return [process.pid for process in self._processes]

    @property
    def alive(self) -> bool:
        """Whether both run, and the driver takes connections."""
        if not self._processes or any(one.poll() is not None for one in self._processes):
            return False
        try:
            socket.create_connection(("127.0.0.1", self.driver_port), 2).close()
        except OSError:
            return False
        return True

    def _start(self, switches: tuple[str, ...], more: dict[str, str]) -> None:
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment = {
            **keep, "HOME": self.home, "TMPDIR": self.home, "TZ": "UTC",
            "XDG_RUNTIME_DIR": self.home, **more,
        }  # fmt: skip
        profile = os.path.join(self.home, "profile")
        width, height = VIEWPORT
        arguments = [
            self.found.chromium, *FLAGS, f"--user-data-dir={profile}",
            f"--window-size={width},{height}", *switches, "about:blank",
        ]  # fmt: skip
        read_commands, commands = os.pipe()
        answers, write_answers = os.pipe()
        try:
            self._processes.append(_spawn(arguments, environment, (read_commands, write_answers)))
        except BaseException:
            os.close(commands)
            os.close(answers)
            raise
        finally:
            os.close(read_commands)
            os.close(write_answers)
        self.devtools = DevTools(commands, answers)
        driver = _spawn([self.found.driver, "--port=0"], environment, None)
        self._processes.append(driver)
        deadline = machine_seconds() + _START_SECONDS
        self.driver_port = _driver_port(driver, deadline)
        self.devtools.ask("Browser.getVersion", timeout=_START_SECONDS)
        self.debug_port = _debug_port(profile, self._processes[0], deadline)

    def close(self) -> None:
        """End both, with everything that came from them, and their files."""
        processes, self._processes = self._processes, []
        end([process.pid for process in processes], f"HOME={self.home}")
        for process in processes:
            for held in (process.stdin, process.stdout):
                if held is not None:
                    held.close()
            process.wait()
        if self.devtools is not None:
            self.devtools.close()
            self.devtools = None
        # What was killed may still be writing its last file.
        for _ in range(5):
            shutil.rmtree(self.home, ignore_errors=True)
            if not os.path.exists(self.home):
                break
            threading.Event().wait(0.02)


#: Chromium leaves when its pipe ends. The driver would stay when this process is killed; so a shell
#: holds it, and reads from a pipe that ends with this process.
_LEASH = '"$@" </dev/null & read -r; kill -9 $!'

#: Chromium's first file descriptors of the pipe are 3 and 4: put there between fork and exec.
_PLACE = 'exec "$@" 3<&{read} 4>&{write} {read}<&- {write}>&-'
#: From here on are the numbers that a pipe's ends get before: they must not be 3 or 4 themselves.
_HIGH = 20


def _spawn(
    arguments: list[str], environment: dict[str, str], pipe: tuple[int, int] | None
) -> subprocess.Popen[bytes]:
    if pipe is not None:
        pipe = (
            fcntl.fcntl(pipe[0], fcntl.F_DUPFD, _HIGH),
            fcntl.fcntl(pipe[1], fcntl.F_DUPFD, _HIGH),
        )
        held = _PLACE.format(read=pipe[0], write=pipe[1])
    else:
        held = _LEASH
    try:
        return subprocess.Popen(
            ["/bin/bash", "-c", held, "labkit", *arguments],
            env=environment,
            stdin=subprocess.PIPE if pipe is None else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipe is None else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=pipe or (),
            start_new_session=True,
        )
    except OSError as problem:
        raise BrowserGone(f"{arguments[0]} does not start: {problem}") from problem
    finally:
        for number in pipe or ():
            os.close(number)


def _driver_port(driver: subprocess.Popen[bytes], deadline: float) -> int:
    """The port that chromedriver says it listens at."""
    assert driver.stdout is not None
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(driver.stdout, selectors.EVENT_READ)
        while selector.select(max(deadline - machine_seconds(), 0)):
            data = os.read(driver.stdout.fileno(), 65_536)
            said += data
            found = re.search(rb"successfully on port (\d+)", said)
            if found:
                return int(found.group(1))
            if not data:
                break
    raise BrowserGone(f"chromedriver does not start: {said.decode('utf-8', 'replace')[-300:]}")


def _debug_port(profile: str, chromium: subprocess.Popen[bytes], deadline: float) -> int:
    """The port of Chromium's debugger, which it writes into its profile."""
    place = Path(profile, "DevToolsActivePort")
    while machine_seconds() < deadline and chromium.poll() is None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(place.read_text().splitlines()[0])
        threading.Event().wait(0.005)
    raise BrowserGone("Chromium does not start")


class Browsers:
    """What one kernel keeps from run to run: browsers that wait, and a Python to fork from.

    Parameters
    ----------
    most:
        How many browsers are kept; the one that waited longest is ended first.
    scripts:
        What starts scripts' processes; one of its own when left out.
    """

    def __init__(self, most: int = 2, scripts: ForkServer | None = None) -> None:
        self._most = most
        self._own = ForkServer()
        self.scripts = scripts or self._own
        self._lock = threading.Lock()
        self._waiting: dict[tuple[Any, ...], Browser] = {}

    def take(self, found: Found, switches: tuple[str, ...], authority: str) -> Browser:
        """A browser that waits, or a new one.

        Raises
        ------
        BrowserGone
            When it does not start.
        """
        with self._lock:
            waiting = self._waiting.pop((found, switches, authority), None)
        if waiting is not None:
            if waiting.alive:
                return waiting
            waiting.close()
        return Browser(found, switches, authority)

    def give_back(self, browser: Browser, switches: tuple[str, ...], authority: str) -> None:
        """Keep a browser for the next run."""
        ended: list[Browser] = []
        with self._lock:
            key = (browser.found, switches, authority)
            ended += [old] if (old := self._waiting.pop(key, None)) else []
            self._waiting[key] = browser
            while len(self._waiting) > self._most:
                ended.append(self._waiting.pop(next(iter(self._waiting))))
        for one in ended:
            one.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of those that wait, and of what scripts are forked from."""
        with self._lock:
            waiting = [pid for one in self._waiting.values() for pid in one.pids]
        return waiting + self._own.pids

    def close(self) -> None:
        """End them all."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for one in waiting.values():
            one.close()
        self._own.close()
