"""Measuring: best of several rounds, in this process or in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labkit.core.clock import machine_seconds


@dataclass(frozen=True)
class Row:
    """One line of the table.

    ``ours`` and ``peer`` are in ``unit``; ``goal`` is a ratio peer/ours (at least) when
    ``faster`` is true, ours/peer (at most) otherwise; None when the row only shows something.
    """

    what: str
    ours: float
    peer_name: str
    peer: float
    unit: str
    goal: float | None = None
    faster: bool = True
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times faster (``faster``) or how many times the limit."""
        return self.peer / self.ours if self.faster else self.ours / self.peer

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        return self.ratio >= self.goal if self.faster else self.ratio <= self.goal


def best(work: Callable[[], object], *, rounds: int, calls: int = 1) -> float:
    """Seconds of one call: the best of ``rounds`` rounds of ``calls`` calls, after a warm-up."""
    work()
    times = []
    for _ in range(rounds):
        began = machine_seconds()
        for _ in range(calls):
            work()
        times.append((machine_seconds() - began) / calls)
    return min(times)


def beside(
    ours: Callable[[], object], peer: Callable[[], object], *, rounds: int
) -> tuple[float, float]:
    """Seconds of one call of each: the best of ``rounds`` rounds in turn, after a warm-up.

    In turn, so that whatever else the machine does falls on both.
    """
    ours()
    peer()
    times = [(once(ours), once(peer)) for _ in range(rounds)]
    return min(mine for mine, _ in times), min(other for _, other in times)


def once(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = machine_seconds()
    work()
    return machine_seconds() - began


def in_own_process(module: str, *arguments: str) -> Any:
    """The JSON that ``python -m benchmarks.<module> <arguments>`` prints in a fresh process.

    Peers run alone: moto patches botocore, labkit hooks it, and neither may slow the other.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"benchmarks.{module} {arguments}:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
