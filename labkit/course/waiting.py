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
    if not (sys.stderr.isatty() or "ipykernel" in type(sys.stderr).__module__):
        return lambda done, of: None

    def show(done: int, of: int) -> None:
        line = f"{done} of {of} {what} ..."
        end = "\r" + " " * len(line) + "\r" if done == of else ""
        sys.stderr.write(f"\r{line}{end}")
        sys.stderr.flush()

    return show
