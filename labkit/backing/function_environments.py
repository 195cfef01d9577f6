"""Execution environments: which worker runs an invocation, and whether it starts cold.

An environment is kept for ten virtual minutes after its last invocation (Lambda does not say how
long; it is minutes). It is taken by an invocation that finds it free, and is *busy* in virtual time
while an invocation runs for which nobody waits: twenty events of one instant find twenty cold
environments, as on Lambda, while a loop of twenty ``invoke`` calls goes through one, since each
call has waited for the one before.

A lab keeps at most :data:`MOST` processes. When one more is needed, the environment that was used
the longest ago is given up; what it remembered is gone, as it may be on Lambda at any time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labkit.backing.function_code import Unpacked
from labkit.backing.function_workers import NURSERY, Worker
from labkit.core.clock import MINUTE
from labkit.core.errors import LabError

#: How many worker processes a lab keeps.
MOST = 12

#: How long an environment is kept without an invocation.
KEPT_US = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Function:
    """One version of a function, as it is run.

    Parameters
    ----------
    arn, name, account, region, version:
        Which; ``arn`` without a qualifier, ``version`` ``$LATEST`` or a number.
    revision:
        Another one after every change of code or configuration.
    runtime, handler, role:
        As configured.
    timeout_s, memory_mb:
        Its limits.
    variables:
        Its environment variables.
    code, layers:
        ``(digest, zip)`` each.
    log_group, log_format, log_level:
        Its logging configuration.
    dead_letter:
        The ARN of its dead-letter queue; empty for none.
    reserved:
        Its reserved concurrency; None for none.
    image:
        Whether it is a container image.
    tracing:
        ``Active`` or ``PassThrough``.
    """

    arn: str
    name: str
    account: str
    region: str
    version: str
    revision: str
    runtime: str
    handler: str
    role: str
    timeout_s: int
    memory_mb: int
    variables: dict[str, str]
    code: tuple[str, bytes]
    layers: tuple[tuple[str, bytes], ...]
    log_group: str
    log_format: str
    log_level: str
    dead_letter: str
    reserved: int | None
    image: bool
    tracing: str = "PassThrough"

    @property
    def key(self) -> tuple[str, str, str]:
        """What an environment is made for."""
        return (self.arn, self.version, self.revision)


@dataclass(slots=True)
class Environment:
    """One execution environment.

    Parameters
    ----------
    function:
        What it was made for.
    name:
        32 hexadecimal digits, the end of its log stream's name.
    log_stream:
        The whole name.
    """

    function: Function
    name: str
    log_stream: str
    worker: Worker | None = None
    in_use: bool = False
    busy_until_us: int = 0
    used_us: int = 0
    uses: int = 0
    calls: int = 0


@dataclass(slots=True)
class Environments:
    """The environments of one lab."""

    _all: list[Environment] = field(default_factory=list)
    _base: str = ""
    _unpacked: Unpacked | None = None

    def take(
        self, function: Function, now_us: int, make: Callable[[Function], Environment]
    ) -> tuple[Environment, bool]:
        """A free environment for an invocation, and whether it is new (a cold start).

        Raises
        ------
        LabError
            When all environments wait for one another.
        """
        for one in list(self._all):
            gone = one.worker is None or not one.worker.alive
            stale = now_us - one.used_us > KEPT_US
            if not one.in_use and (gone or stale):
                self.drop(one)
        for one in self._all:
            if one.function.key == function.key and not one.in_use and one.busy_until_us <= now_us:
                one.in_use = True
                return one, False
        while len(self._all) >= MOST:
            idle = [one for one in self._all if not one.in_use]
            if not idle:
                raise LabError(f"{MOST} functions wait for one another: they invoke in a circle")
            self.drop(min(idle, key=lambda one: (one.used_us, one.name)))
        made = make(function)
        made.in_use = True
        self._all.append(made)
        return made, True

    def give_back(self, one: Environment, now_us: int, busy_until_us: int) -> None:
        """An invocation is over."""
        one.in_use = False
        one.used_us = max(now_us, busy_until_us)
        one.busy_until_us = busy_until_us
        one.uses += 1

    def drop(self, one: Environment) -> None:
        """End an environment."""
        if one in self._all:
            self._all.remove(one)
        if one.worker is not None:
            one.worker.end()

    def forget(self, arn: str) -> None:
        """A function is gone or has changed: environments that nobody uses end now."""
        for one in [one for one in self._all if one.function.arn == arn and not one.in_use]:
            self.drop(one)

    def running(self, arn: str, now_us: int) -> int:
        """How many invocations of a function are under way at an instant."""
        return sum(
            one.in_use or one.busy_until_us > now_us
            for one in self._all
            if not arn or one.function.arn == arn
        )

    def start(self, one: Environment, variables: dict[str, str], **spec: Any) -> Worker:
        """Start the worker of an environment, its code unpacked."""
        function = one.function
        unpacked = self._place()
        home = os.path.join(self._base, f"home-{one.name}")
        os.makedirs(home, exist_ok=True)
        one.worker = Worker(
            {
                "env": {**variables, "HOME": home, "TMPDIR": home},
                "home": home,
                "task_root": unpacked.place([function.code]),
                "layer_root": unpacked.place(function.layers),
                "handler": function.handler,
                "memory_mb": function.memory_mb,
                "log_format": function.log_format,
                "log_level": function.log_level,
                **spec,
            }
        )
        return one.worker

    def _place(self) -> Unpacked:
        if self._unpacked is None or not os.path.isdir(self._base):
            if self._unpacked is None:
                NURSERY.lease()
            self._base = NURSERY.directory("lab")
            self._unpacked = Unpacked(self._base)
        return self._unpacked

    def close(self) -> None:
        """End all of them."""
        for one in list(self._all):
            self.drop(one)
        if self._unpacked is not None:
            import shutil

            self._unpacked = None
            shutil.rmtree(self._base, ignore_errors=True)
            NURSERY.release()

    def workers(self) -> list[int]:
        """The process ids of the workers that live."""
        return [one.worker.pid for one in self._all if one.worker is not None and one.worker.alive]
