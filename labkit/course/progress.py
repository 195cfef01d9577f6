"""The learner's file: which checks were tried, passed and hinted, and the questions that are due.

One JSON file on this machine, made to be read by a person; nothing is sent anywhere. It lies in
the platform's folder for user data, or wherever LABKIT_PROGRESS says.

Theory of operation
-------------------
1. Nothing is kept in memory between two writes. A change is a function; :meth:`Progress.change`
   takes a lock beside the file, reads the file anew, applies the change, writes a neighbour file
   and renames it. So two kernels that write at once lose nothing of each other, and a crash in
   the middle leaves the old file.
2. A damaged file is never overwritten: it is moved aside (``progress.damaged-1.json``), which is
   said once, and a new one begins.
3. A folder that can't be written costs nothing but the memory of this run: everything works, and
   one line says that nothing is being kept.
4. The learner ``demo`` (the committed solutions, and the tests) leaves no trace at all.

The instants are the machine's, UTC, through ``core.clock``: progress is the one thing here that
is about the learner's own days.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from labkit.core.clock import iso, machine_now_us
from labkit.course.variant import DEMO, checked_learner, learner_id

FORMAT = "labkit-progress-1"

_THREADS = threading.RLock()


def default_path() -> Path:
    """Where the file lies when nobody says otherwise.

    LABKIT_PROGRESS, else the platform's folder for user data.
    """
    named = os.environ.get("LABKIT_PROGRESS")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return folder / "labkit" / "progress.json"


def _login_name() -> str:
    """A first learner id: the login name of whoever sits here."""
    try:
        name = getpass.getuser()
        return checked_learner(name)
    except Exception:  # no such user, no environment, a name of other letters
        return "learner"


def _now() -> str:
    now = machine_now_us()
    return iso(now - now % 1_000_000)


class Progress:
    """One learner's progress.

    Parameters
    ----------
    path:
        The file; :func:`default_path` when left out.
    learner:
        Whose; what the file remembers when left out.
    say:
        Told, once each, that a file was damaged or can't be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        learner: str | None = None,
        say: Callable[[str], Any] | None = None,
    ) -> None:
        self.path = Path(path) if path is not None else default_path()
        self._say = say or _to_stderr
        self._said: set[str] = set()
        #: What is kept when nothing can be written, and for the demo.
        self._memory: dict[str, Any] = _empty(learner or _login_name())
        self._kept = learner != DEMO
        if learner:
            self._memory["learner"] = learner
        self.asked_for = learner

    # -- reading
    @property
    def learner(self) -> str:
        """The learner id that the file remembers; the login name in a new one."""
        return self.asked_for or str(self.load()["learner"])

    def load(self) -> dict[str, Any]:
        """The whole file as plain values; an empty progress when there is none."""
        if not self._kept:
            return deepcopy(self._memory)
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return deepcopy(self._memory)
        except (OSError, UnicodeDecodeError) as problem:
            if isinstance(problem, OSError):
                self._tell(f"progress can't be read from {self.path}: {problem.strerror}")
                return deepcopy(self._memory)
            text = ""
        data = _read(text)
        return deepcopy(self._memory) if data is None else data

    def check(self, chapter: str, number: int) -> dict[str, Any]:
        """What is known of one check: attempts, hints, passed (an instant or None)."""
        found = self.load()["checks"].get(f"{chapter}/{number}", {})
        return {"attempts": 0, "hints": 0, "passed": None, **found}

    @property
    def checks(self) -> dict[str, dict[str, Any]]:
        """All checks that were tried: ``{"01_metrics/1": {...}}``."""
        return dict(self.load()["checks"])

    @property
    def questions(self) -> dict[str, Any]:
        """The section of the exam questions, by question id: plain values of theirs."""
        return dict(self.load()["questions"])

    # -- writing
    def update_questions(self, changes: Mapping[str, Any]) -> None:
        """Set the entries of some questions, and leave all others as they are.

        Parameters
        ----------
        changes:
            question id -> plain JSON values; None forgets the question.
        """

        def change(data: dict[str, Any]) -> None:
            for name, value in changes.items():
                if value is None:
                    data["questions"].pop(name, None)
                else:
                    data["questions"][name] = value

        self.change(change)

    def tried(self, chapter: str, number: int, outcome: str) -> bool:
        """Note an attempt and how it ended; True when the check is passed for the first time."""
        first = False

        def change(data: dict[str, Any]) -> None:
            nonlocal first
            entry = _entry(data, chapter, number)
            entry["attempts"] += 1
            entry["last"] = {"at": _now(), "outcome": outcome}
            first = outcome == "passed" and entry["passed"] is None
            if first:
                entry["passed"] = _now()

        self.change(change)
        return first

    def hinted(self, chapter: str, number: int, hints: int) -> None:
        """Note that ``hints`` hints of a check have been read."""

        def change(data: dict[str, Any]) -> None:
            entry = _entry(data, chapter, number)
            entry["hints"] = max(entry["hints"], hints)

        self.change(change)

    def change(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Apply ``change`` to the newest state of the file and write it."""
        with _THREADS:
            if not self._kept:
                change(self._memory)
                return
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with _locked(self.path.with_name(self.path.name + ".lock")):
                    self._set_aside_if_damaged()
                    data = self.load()
                    if self.asked_for:
                        data["learner"] = self.asked_for
                    change(data)
                    self._write(data)
            except OSError as problem:
                change(self._memory)
                self._tell(
                    f"progress can't be written to {self.path} ({problem.strerror}); it is kept "
                    "until this kernel ends. LABKIT_PROGRESS names another file."
                )

    def _write(self, data: Mapping[str, Any]) -> None:
        scratch = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            with scratch.open("w", encoding="utf-8", newline="\n") as file:
                json.dump(data, file, indent=2, ensure_ascii=False, sort_keys=True)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, self.path)
        finally:
            scratch.unlink(missing_ok=True)

    def _set_aside_if_damaged(self) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except UnicodeDecodeError:
            text = ""
        if _read(text) is not None:
            return
        number = 1
        while (aside := self.path.with_name(f"{self.path.stem}.damaged-{number}.json")).exists():
            number += 1
        os.replace(self.path, aside)
        self._tell(
            f"the progress file was damaged. It was kept as {aside}, and a new one begins at "
            f"{self.path}."
        )

    def _tell(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._say(f"labkit: {line}")

    def __repr__(self) -> str:
        data = self.load()
        passed = sum(1 for entry in data["checks"].values() if entry.get("passed"))
        where = self.path if self._kept else "nowhere (demo)"
        return f"<progress of {self.learner}: {passed} checks passed, kept in {where}>"


def progress_of(learner: str | None = None, say: Callable[[str], Any] | None = None) -> Progress:
    """The progress of whoever learns: the argument, LABKIT_LEARNER, or whom the file remembers.

    The first learner on a machine has the file. Another one (a class that shares a machine, an
    instructor who checks notebooks) gets a file of their own beside it.
    """
    own = Progress(say=say)
    if not learner and not os.environ.get("LABKIT_LEARNER"):
        return own
    who = learner_id(learner, "")
    if who == DEMO:
        return Progress(learner=DEMO, say=say)
    if not own.path.exists() or own.learner == who:
        return Progress(learner=who, say=say)
    beside = own.path.with_name(f"{own.path.stem}-{who}{own.path.suffix}")
    return Progress(beside, learner=who, say=say)


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")


def _empty(learner: str) -> dict[str, Any]:
    return {"format": FORMAT, "learner": learner, "checks": {}, "questions": {}}


def _entry(data: dict[str, Any], chapter: str, number: int) -> dict[str, Any]:
    entry = data["checks"].setdefault(f"{chapter}/{number}", {})
    for key, value in (("attempts", 0), ("hints", 0), ("passed", None)):
        entry.setdefault(key, value)
    found: dict[str, Any] = entry
    return found


def _read(text: str) -> dict[str, Any] | None:
    """The file's values; None when it is damaged. Unknown sections are kept as they are."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            return None
        checked_learner(data["learner"])
        for entry in data["checks"].values():
            if not isinstance(entry, dict):
                return None
            if not all(isinstance(entry.get(key, 0), int) for key in ("attempts", "hints")):
                return None
        if not isinstance(data["questions"], dict):
            return None
    except Exception:  # whatever a damaged file can do
        return None
    found: dict[str, Any] = data
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """A lock between processes, held for the milliseconds of one write.

    Where the file system has no locks the write goes on without: the rename is atomic anyway, and
    two kernels seldom write in the same millisecond.
    """
    with path.open("a+b") as file:
        release = _lock(file.fileno())
        try:
            yield
        finally:
            release()


def _lock(number: int) -> Callable[[], None]:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_LOCK, 1)
            return lambda: msvcrt.locking(number, msvcrt.LK_UNLCK, 1)
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX)
        return lambda: fcntl.flock(number, fcntl.LOCK_UN)
    except OSError:
        return lambda: None
