"""What is shown while a check takes some seconds: one line that is written over."""

from __future__ import annotations

import sys
from collections.abc import Callable


def meter(what: str) -> Callable[[int, int], None]:
    """A function that shows how far something is; where nobody looks on, it shows nothing.

    Parameters
    ----------
    what:
        What is counted: ``runs played``.
    """
    if "ipykernel" in type(sys.stdout).__module__:
        return lambda done, of: _in_a_notebook(_line(what, done, of))
    if sys.stderr.isatty():
        return lambda done, of: _in_a_terminal(_line(what, done, of))
    return lambda done, of: None


def _line(what: str, done: int, of: int) -> str:
    return f"{done} of {of} {what} ..." if done < of else ""


def _in_a_terminal(line: str) -> None:
    sys.stderr.write(f"\r\x1b[K{line}")
    sys.stderr.flush()


def _in_a_notebook(line: str) -> None:
    from IPython.display import clear_output

    clear_output(wait=bool(line))  # nothing of it stays in the file
    if line:
        sys.stdout.write(f"{line}\n")
