"""Bars for long work: how far it is, for whoever waits at a notebook or a terminal.

A bar appears when the work has taken :data:`PATIENCE` seconds of the machine's time, and is gone
when the work is done: a page that is run again has no trace of it. The learner ``demo``, who runs
the committed notebooks, sees none, and neither does ``LABKIT_BARS=0``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from labkit.core.clock import machine_seconds

#: How long work may take before a bar is shown, seconds.
PATIENCE = 2.0
_LOOK = 0.2


def wanted() -> bool:
    """Whether bars are shown at all."""
    return os.environ.get("LABKIT_BARS") != "0" and os.environ.get("LABKIT_LEARNER") != "demo"


@contextmanager
def bar(what: str, total: float, unit: str = "") -> Iterator[Callable[[float], None]]:
    """A bar; what is given is called with how much is done so far.

    Parameters
    ----------
    what:
        The work, in a few words.
    total:
        What is done at the end.
    unit:
        Of both.
    """
    if not wanted() or total <= 0:
        yield lambda done: None
        return
    shown: Any = None
    due = machine_seconds() + PATIENCE

    def tell(done: float) -> None:
        # Most work is over before its bar is due: tqdm, which takes long to import, is not needed.
        nonlocal shown
        if shown is None:
            if machine_seconds() < due:
                return
            from tqdm.auto import tqdm

            form = "{desc}: {percentage:3.0f} %|{bar}| {n:,.0f} of {total:,.0f} {unit}, {remaining}"
            shown = tqdm(
                desc=what, total=total, unit=unit, bar_format=form, leave=False, mininterval=_LOOK
            )
        shown.update(done - shown.n)

    try:
        yield tell
        if shown is not None:
            # What is over is all done: a bar in a notebook that ends early stays there, in red.
            shown.update(total - shown.n)
    finally:
        if shown is not None:
            shown.close()


@contextmanager
def patience(what: str, progress: Callable[[], float] = lambda: -1.0) -> Iterator[None]:
    """A clock beside work that says nothing of itself; ``progress``: percent, -1 for unknown."""
    if not wanted():
        yield
        return
    over = threading.Event()

    def show() -> None:
        if over.wait(PATIENCE):
            return
        from tqdm.auto import tqdm

        with tqdm(desc=what, leave=False, bar_format="{desc}: {elapsed}") as shown:
            while not over.wait(_LOOK):
                done = progress()
                shown.set_description_str(f"{what}, {done:.0f} %" if done > 0 else what, False)
                shown.refresh()

    thread = threading.Thread(target=show, name="waiting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
