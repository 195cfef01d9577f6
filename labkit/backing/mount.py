"""moto, mounted inside this process: one world at a time, on the lab's clock, from the lab's seed.

Theory of operation
-------------------
**What moto keeps, and where.** moto is a library of services that live in module globals: one
``BackendDict`` per service (``sqs_backends[account][region]``), imported by name all over moto, and
beside them indexes, counters, caches and one source of chance. ``mock_aws`` works by clearing them.
A lab needs several worlds at once (the learner's, and replays that judge it) and swaps them
thousands of times, so here the *contents* of these places are swapped:

====================  =============================================================================
file                  what it takes from moto and gives back
====================  =============================================================================
``moto_seams.py``     how a change is put into a module at the moment it is loaded
``moto_state.py``     the places where moto remembers: slots, and what is swapped
``moto_time.py``      every clock
``moto_random.py``    every source of chance
``moto_order.py``     every set that is shown as a list
``moto_quick.py``     what is slow at import and at every call
``moto_dispatch.py``  a request in, an answer out; whose account and region
``moto_ec2.py`` ...   what single services do otherwise than AWS
====================  =============================================================================

**Mounting** a world takes what lies in every slot out and puts the world's own in, points moto's
clocks at the world's, and remembers which world it is. Mounting another one unmounts the first.
With nobody mounted the slots hold what moto itself had before, and every seam does what moto does,
so that a notebook may use ``mock_aws`` before, beside or after a lab. It takes 0.03 ms.

**Time.** ``now_us()`` of the mounted world is the only clock (``moto_time.py``).

**Chance.** ``reseed(key)`` makes all later draws a function of (seed, key). Called once per
outermost call and per clock event, with a key that names the cause, it makes ids independent of
what else was drawn. A backend made by its first use draws from its own name and the world's birth
instead, or else the default VPC would depend on who looked first.

**Threads.** All worlds of a process share moto, so they share one lock: :data:`MOTO_LOCK`, held
while a request is in moto. A request of one world inside a request of another (a replay that
judges while an operation runs) is allowed; afterwards the outer world is mounted again.

**Hooks.** ``ec2.py`` and ``sns.py`` change moto's models at class level, once per process, and the
changed methods ask the mounted world for a listener (:meth:`MotoWorld.listener`). What they have to
tell waits until the request is over (:meth:`MotoWorld.afterwards`): whoever hears it may call into
moto again, and must find it between two calls, not inside one.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from labkit.backing import (
    moto_autoscaling,
    moto_autoscaling_operations,
    moto_codebuild,
    moto_dispatch,
    moto_ec2,
    moto_ecs,
    moto_facades,
    moto_firehose,
    moto_flow_logs,
    moto_iam,
    moto_kinesis,
    moto_kms,
    moto_names,
    moto_order,
    moto_quick,
    moto_random,
    moto_s3,
    moto_seams,
    moto_sns,
    moto_sqs,
    moto_state,
    moto_time,
)
from labkit.backing.moto_dispatch import Answer
from labkit.core.call import Call

log = logging.getLogger("labkit.backing")

#: Held while any world uses moto.
MOTO_LOCK = threading.RLock()

#: How many broken calls a world remembers.
_FAILURES_KEPT = 100

_mounted: MotoWorld | None = None
_stock: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Failure:
    """A call on which moto broke.

    Parameters
    ----------
    at_us:
        When, microseconds since the epoch.
    service, method, url:
        Which call.
    problem:
        The exception, with its traceback.
    """

    at_us: int
    service: str
    method: str
    url: str
    problem: BaseException


def mounted_world() -> MotoWorld | None:
    """The world that is mounted now, if any."""
    return _mounted


class MotoWorld:
    """Everything that moto remembers for one lab.

    Parameters
    ----------
    seed:
        Decides, with the keys given to :meth:`reseed`, everything moto draws.
    now_us:
        The world's clock, microseconds since the epoch. What it says at this moment is the birth
        of the world: the date of everything a new account has from the start.
    """

    def __init__(self, seed: str, now_us: Callable[[], int]) -> None:
        self.seed = seed
        self.now_us = now_us
        self.born_us = now_us()
        #: Calls on which moto broke, newest last.
        self.failures: deque[Failure] = deque(maxlen=_FAILURES_KEPT)
        #: The call that is being answered: who asks, from where. None for work below the dispatch.
        self.call: Call | None = None
        self._state: dict[str, Any] | None = None
        self._listeners: dict[str, Any] = {}
        self._depth = 0
        self._waiting: list[Callable[[], None]] = []

    # -- mounting
    @property
    def mounted(self) -> bool:
        """Whether moto holds this world at present."""
        return _mounted is self

    @property
    def busy(self) -> bool:
        """Whether a call or work of this world is under way."""
        return self._depth > 0

    def mount(self) -> None:
        """Let moto hold this world; the one that was mounted is unmounted. Idempotent."""
        global _mounted, _stock
        with MOTO_LOCK:
            if _mounted is self:
                return
            _load_moto()
            born = self._state is None
            before = moto_state.swap_in(self._state or {})
            if _mounted is None:
                _stock = before
            else:
                _mounted._state = before
            _mounted = self
            self._state = {}
            moto_time.tell_time(self.now_us)
            moto_seams.set_mounted(self)
            if born:
                moto_random.seed_moto(self.seed, "birth")

    def unmount(self) -> None:
        """Let moto be as it was before any world. Idempotent; another world stays mounted."""
        global _mounted, _stock
        with MOTO_LOCK:
            if _mounted is not self:
                return
            moto_seams.set_mounted(None)
            moto_time.tell_time(None)
            self._state = moto_state.swap_in(_stock)
            _stock = {}
            _mounted = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold moto for this world: lock, mount, and give moto back to a world it was taken from.

        A world stays mounted afterwards, since the next call is most likely its own; but when
        another world was in the middle of a call, that one is mounted again.
        """
        with MOTO_LOCK:
            interrupted = _mounted if _mounted is not self else None
            self.mount()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if interrupted is not None and interrupted.busy:
                    interrupted.mount()

    def close(self) -> None:
        """Unmount, and let go of everything that moto remembered for this world."""
        with MOTO_LOCK:
            self.unmount()
            self._state = None
            self._listeners.clear()
            self._waiting.clear()

    @contextmanager
    def birth(self, name: str) -> Iterator[None]:
        """Around the making of one of moto's backends: see "Chance" at the head of this file."""
        apart = moto_random.drawing_apart(self.seed, "backend", name)
        with apart, moto_time.standing_at(self.born_us):
            yield

    # -- use
    def reseed(self, key: str) -> None:
        """From here on everything moto draws is a function of (seed, key).

        Parameters
        ----------
        key:
            The cause: the instant and name of a call or of an event. The same key gives the same
            ids again, however many were drawn before.
        """
        with self.held():
            moto_random.seed_moto(self.seed, "key", key)

    def respond(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        account: str,
        region: str,
        service: str,
    ) -> Answer:
        """Answer one request of a service's wire protocol.

        Parameters
        ----------
        method, url, headers, body:
            The request as a client would send it, URL complete. Signatures are not looked at; an
            access key in ``Authorization`` tells STS and IAM who calls. A URL of a host that is
            not AWS's is taken for the service's endpoint, path as it is.
        account, region:
            Where the call acts, whatever URL and key say.
        service:
            botocore's name of the service.

        Returns
        -------
        Answer
            An exception inside moto comes back as 500 ``InternalFailure`` (501 ``NotImplemented``
            when moto lacks the operation), is logged to ``labkit.backing`` and kept in
            :attr:`failures`.
        """
        with self.working():
            answer, problem = moto_dispatch.dispatch(
                method, url, headers, body, account=account, region=region, service=service
            )
            if problem is not None:
                self.note_failure(service, method, url, problem)
        return answer

    def backend(self, service: str, account: str, region: str) -> Any:
        """moto's backend object, for code of this folder; use it inside ``with world.held()``.

        ``region`` may be given for global services too (S3, IAM, STS keep one per partition).
        """
        with self.held():
            folder = import_module(f"moto.{moto_dispatch.folder_of(service)}.models")
            backends = getattr(folder, f"{service.replace('-', '')}_backends")[account]
            if region in backends:
                return backends[region]
            from moto.utilities.utils import get_partition

            return backends[get_partition(region)]

    def note_failure(self, service: str, method: str, url: str, problem: BaseException) -> None:
        """Keep and log an exception that moto broke with."""
        self.failures.append(Failure(self.now_us(), service, method, url, problem))
        log.warning("moto broke on %s %s %s", service, method, url, exc_info=problem)

    # -- hooks
    def listen(self, name: str, listener: Any) -> None:
        """Let moto's changed models of this world talk to ``listener`` (one per name)."""
        self._listeners[name] = listener

    def listener(self, name: str) -> Any:
        """Who listens under this name; None when nobody does."""
        return self._listeners.get(name)

    def afterwards(self, tell: Callable[[], None]) -> None:
        """Do ``tell`` when the request under way is over, in order; at once when none is."""
        if self._depth:
            self._waiting.append(tell)
        else:
            tell()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hold moto for work of labkit's own on its models; what it has to tell is told at the end,
        even when the work ends in an exception: what has happened has happened.
        """
        with self.held():
            try:
                yield
            finally:
                if self._depth == 1:
                    self._tell()

    def _tell(self) -> None:
        # What is told may call moto again: then _depth is 2 there, and its news queue up here.
        try:
            while self._waiting:
                self._waiting.pop(0)()
        except BaseException:
            # Told later, the rest would carry another instant and another cause.
            self._waiting.clear()
            raise

    def untouched(self, service: str) -> bool:
        """Whether nothing of a service can be remembered yet, as moto has not even loaded it."""
        return f"moto.{moto_dispatch.folder_of(service)}.models" not in sys.modules


def _load_moto() -> None:
    """Import moto's core with every seam in place; the services follow when they are asked for."""
    moto_seams.install()
    import moto.core.responses
    import moto.moto_api._internal
    import moto.utilities.id_generator  # noqa: F401


__all__ = ["MOTO_LOCK", "Answer", "Failure", "MotoWorld", "mounted_world"]

# These register their seams when they are imported, and that is all they are imported for.
_SEAMS = (
    moto_autoscaling,
    moto_autoscaling_operations,
    moto_codebuild,
    moto_ec2,
    moto_ecs,
    moto_facades,
    moto_firehose,
    moto_flow_logs,
    moto_iam,
    moto_kinesis,
    moto_names,
    moto_kms,
    moto_order,
    moto_quick,
    moto_s3,
    moto_sns,
    moto_sqs,
)
