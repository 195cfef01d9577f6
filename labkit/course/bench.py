"""Bench: what a judge holds. Everything that is played happens in worlds of its own.

::

    bench.copy.client("cloudwatch")  the learner's world once more, to be asked what is in it
    bench.replay(incidents=..., until=...)   the learner's deeds again, and other things happen
    with bench.fresh() as world:             the world as it was handed over
        with bench.calling(world):           the learner's clients lead there
            publish(logins)                  an error in here is the learner's
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labkit.course.blame import LearnerError
from labkit.lab import Lab

if TYPE_CHECKING:
    from labkit.course.task import Task
    from labkit.workloads.incidents import Incident


@dataclass
class Bench:
    """See the head of this file.

    Parameters
    ----------
    task:
        The exercise.
    lab:
        The learner's lab: its journal and handles may be read; nothing is asked of it.
    facts:
        The learner's names and figures.
    delivered:
        What was handed in with ``ex.deliver``, by name.
    """

    task: Task
    lab: Lab
    facts: Mapping[str, Any]
    delivered: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open = ExitStack()

    @property
    def handles(self) -> Mapping[str, Any]:
        """What the builder prepared, by name."""
        return self.lab.handles

    @cached_property
    def copy(self) -> Lab:
        """The learner's world once more, as it stands: ask this one what there is.

        Asking the learner's own lab would take a millisecond of it and leave a line in its event
        history.
        """
        return self.replay()

    def replay(
        self,
        *,
        incidents: Sequence[Incident] = (),
        seed: int | None = None,
        until: datetime | None = None,
    ) -> Lab:
        """The learner's deeds in a world in which other things happen; closed with the bench."""
        world = self.lab.replay(incidents=incidents, seed=seed, until=until)
        self._open.callback(world.close)
        return world

    def fresh(self) -> Lab:
        """The world as it was handed over, without what the learner did; closed with the bench."""
        lab = self.lab
        world = Lab(
            lab.seed,
            lab.start,
            account=lab.account,
            region=lab.region,
            active=False,
            builder=lab.builder,
            builder_args=lab.builder_args,
        )
        self._open.callback(world.close)
        return world

    @contextmanager
    def calling(self, world: Lab, function: Any = None) -> Iterator[None]:
        """The learner's code runs in here: clients lead to ``world``, errors are the learner's.

        Raises
        ------
        LearnerError
            Around whatever the code raised.
        """
        with self.lab.elsewhere(world):
            try:
                yield
            except Exception as problem:
                raise LearnerError(problem, function) from problem

    def close(self) -> None:
        """Close the worlds that were made."""
        self._open.close()
