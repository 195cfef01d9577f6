"""Fills: how memory and disks of a machine fill up over time. Intervals, never points.

A fill climbs in a straight line from what was there to its percentage, stays, and is over at its
end. The one that began last holds; an incident holds over every fill.

Memory and swap are of a run: a machine that is stopped and started begins empty, and a leak in the
program that died with it is gone. A disk keeps what is on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.core.clock import HOUR, MINUTE
from labkit.core.errors import LabError
from labkit.workloads.intervals import FOREVER, Span

if TYPE_CHECKING:
    import numpy as np

#: Kind of incident -> how long it takes to fill up, microseconds.
FILLING = {"memory": 30 * MINUTE, "disk": HOUR}


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill.

    Parameters
    ----------
    start_us, full_us, end_us:
        When it begins, has reached its percentage, and is over.
    percent:
        What it reaches.
    incident:
        Whether it holds over those that are none.
    """

    start_us: int
    full_us: int
    end_us: int
    percent: float
    incident: bool = False


def fill_key(what: str, path: str) -> str:
    """What a fill is kept under: ``memory``, ``disk /var``.

    Raises
    ------
    LabError
        For anything else than memory and disk, or a path that is not absolute.

    >>> fill_key("disk", "/var/log/nginx")
    'disk /var'
    """
    from labkit.workloads.inside import mount_of

    if what == "memory":
        return what
    if what != "disk":
        raise LabError(f"what fills up is 'memory' or 'disk', not {what!r}")
    mount = mount_of(path or "/")
    if mount is None:
        raise LabError(f"a path begins with /, not {path!r}")
    return f"disk {mount}"


def within_runs(fills: Sequence[Fill], runs: Sequence[Span]) -> list[Fill]:
    """The fills, each ended with the first run that it was in."""
    found = []
    for fill in fills:
        end_us = fill.end_us
        for run in runs:
            if run.end_us > fill.start_us:
                end_us = min(end_us, run.end_us)
                break
        if end_us > fill.start_us:
            found.append(Fill(fill.start_us, fill.full_us, end_us, fill.percent, fill.incident))
    return found


def level(fills: Sequence[Fill], times: np.ndarray, base: float) -> np.ndarray:
    """Percent at each instant.

    Parameters
    ----------
    fills:
        In the order in which they were said.
    times:
        int64[n], microseconds.
    base:
        Percent where no fill holds.
    """
    import numpy as np

    found = np.full(len(times), base)
    for fill in sorted(fills, key=lambda one: (one.incident, one.start_us)):
        here = (times >= fill.start_us) & (times < fill.end_us)
        if not here.any():
            continue
        if fill.full_us > fill.start_us:
            share = (times[here] - fill.start_us) / (fill.full_us - fill.start_us)
            np.minimum(share, 1.0, out=share)
        else:
            share = np.ones(int(here.sum()))
        before = found[here]
        found[here] = before + (fill.percent - before) * share
    return found


__all__ = ["FOREVER", "Fill", "level", "within_runs"]
