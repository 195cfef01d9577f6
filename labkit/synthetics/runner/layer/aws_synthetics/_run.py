"""The run that a canary's process is for: what the library tells it, and asks of it.

The runner fills :data:`LINK` before the script is loaded. Without it (the library imported by hand)
lines are printed and there is no browser.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, Protocol


class Link(Protocol):
    """What the runner offers."""

    #: Where files go that are to become artifacts.
    folder: str
    #: A monotonic clock, seconds.
    seconds: Callable[[], float]
    #: The canary's name and the run's id: parts of the user agent.
    canary: str
    run_id: str

    def tell(self, kind: str, **what: Any) -> None:
        """Tell the runner something."""

    def ask(self, kind: str, **what: Any) -> dict[str, Any]:
        """Ask the runner for something, and wait for its answer."""


LINK: Link | None = None

#: Errors that fail the run and not the test (``add_execution_error``).
EXECUTION_ERRORS: list[str] = []

#: Names of steps that failed and were passed over (``continue_on_step_failure``).
FAILED_STEPS: list[tuple[str, str]] = []


def link() -> Link:
    """The run.

    Raises
    ------
    RuntimeError
        Outside of one.
    """
    if LINK is None:
        raise RuntimeError("aws_synthetics works inside a canary's run only")
    return LINK


def log(level: str, text: str) -> None:
    """One line of the log, to the output and to the log file."""
    sys.stdout.write(f"{level}: {text}\n")
    sys.stdout.flush()
    if LINK is not None:
        LINK.tell("log", level=level, text=text)


def brief(problem: BaseException) -> str:
    """An exception in one line: its type and message, without a driver's stack.

    One without a message (``assert "cart" in url``) has the line that raised it instead.
    """
    text = str(getattr(problem, "msg", None) or problem)
    if text.strip() == "Message:":  # selenium's str() of an exception that says nothing
        text = ""
    kept = []
    for line in text.splitlines():
        if line.strip().startswith(("(Session info", "Stacktrace", "Stack trace", "#0 ")):
            break
        if line.strip() and "documentation on this error" not in line:
            kept.append(line.strip().split("; For documentation on this error")[0])
    return f"{type(problem).__name__}: {' '.join(kept) or _line(problem)}".rstrip(": ")


def _line(problem: BaseException) -> str:
    """The line of the script that raised an exception: ``canary.py, line 12: assert total > 0``."""
    last = (traceback.extract_tb(problem.__traceback__) or [None])[-1]
    if last is None:
        return ""
    return f"{os.path.basename(last.filename)}, line {last.lineno}: {last.line}"


_PICTURES = 0


def next_picture() -> int:
    """The number of the next screenshot of this run, from 1."""
    global _PICTURES
    _PICTURES += 1
    return _PICTURES
