"""How a lab is written down, saved, opened and played again: a half of :class:`labkit.lab.Lab`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from labkit.core.clock import to_datetime, to_us
from labkit.core.errors import ReplayError
from labkit.core.journal import ANSWER, Entry, SavedWorld
from labkit.core.jsontext import dumps, loads
from labkit.lab_state import LabState
from labkit.repeating import again, versions

if TYPE_CHECKING:
    from labkit.lab import Lab
    from labkit.workloads.incidents import Incident


class Keeping(LabState):
    """``save``, ``open``, ``replay``, and the journal behind them."""

    def _do(self, name: str, /, **arguments: Any) -> Any:
        """A method that changes the world: an instant of its own, and a line in the journal."""
        self._check_open()
        self._check_still()
        world = self.world
        with world.lock:
            if self.dispatch.busy:
                return self._methods[name](**arguments)
            at_us = world.clock.open_instant(self.dispatch.next_instant_us)
            self.dispatch.next_instant_us = None
            self.dispatch.begin(f"{at_us}|{name}")
            text = dumps(arguments)
            world.clock.cause = (f"lab.{name}",)
            problem = ""
            try:
                return self._methods[name](**arguments)
            except Exception as error:
                problem = type(error).__name__
                raise
            finally:
                world.clock.cause = ()
                world.journal.note(Entry(at_us, "method", "", "", name, text, "", problem))
                world.clock.drain_instant()

    def saved(self) -> SavedWorld:
        """This world as a value: seed, start, journal, instant."""
        return SavedWorld(
            seed=self.seed,
            start_us=to_us(self.start),
            now_us=self.world.clock.now_us,
            account=self.account,
            region=self.region,
            noise_seed=self.noise_seed,
            builder=self.builder,
            builder_args=json.dumps(self.builder_args, sort_keys=True),
            versions=versions(),
            entries=tuple(self.world.journal),
            accounts=tuple(sorted(self.identities.accounts)),
            reads=dumps(self.world.meters.reads_as_text()),
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write this world to a file; ``Lab.open`` builds it again."""
        return self.saved().write(path)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Lab:
        """The world of a file, active, at the instant at which it was saved.

        Raises
        ------
        ReplayError
            When the file is damaged, or what was done then ends otherwise now.
        """
        saved = SavedWorld.read(path)
        lab = cls.of(saved)
        if lab.errors:
            entry, what = lab.errors[0]
            raise ReplayError(
                f"{path}: {entry.name} at {to_datetime(entry.at_us):%Y-%m-%d %H:%M:%S} ended "
                f"otherwise than when it was saved ({what}). It was saved with "
                f"{saved.versions}, here is "
                f"{versions()}."
            )
        lab.parts.backing.outside.open = True
        lab._activate()
        return lab

    @classmethod
    def of(cls, saved: SavedWorld) -> Lab:
        """The world of a saved value, not active; ``errors`` holds what ended otherwise."""
        lab = cast("type[Lab]", cls)(
            saved.seed,
            to_datetime(saved.start_us),
            account=saved.account,
            region=saved.region,
            noise_seed=saved.noise_seed,
            active=False,
            builder=saved.builder,
            builder_args=json.loads(saved.builder_args),
        )
        lab._repeat(saved)
        return lab

    def replay(
        self,
        *,
        incidents: Sequence[Incident] = (),
        seed: int | None = None,
        until: datetime | None = None,
    ) -> Lab:
        """A fresh world: what was done to this one is done again, and other things happen.

        Parameters
        ----------
        incidents:
            What else happens.
        seed:
            Other random figures; ids stay as they are.
        until:
            How long to let it run; this lab's now when left out.

        Returns
        -------
        Lab
            Never active: ask it through ``replay.client(...)``. ``replay.errors`` holds what did
            not end as it had ended here.
        """
        fresh = type(cast("Lab", self))(
            self.seed,
            self.start,
            account=self.account,
            region=self.region,
            noise_seed=self.noise_seed if seed is None else seed,
            active=False,
            builder=self.builder,
            builder_args=self.builder_args,
        )
        # What canaries have seen in this world need not be seen again.
        fresh.parts.synthetics.runs.memory = self.parts.synthetics.runs.memory
        for incident in incidents:
            fresh.parts.befall(incident)
        fresh._repeat(self.saved())
        if until is not None and to_us(until) > fresh.world.clock.now_us:
            fresh.run_until(until)
        return fresh

    def _repeat(self, saved: SavedWorld) -> None:
        assert self._door is not None
        self.dispatch.polls_wait = False
        outside = self.parts.backing.outside
        outside.open = False
        outside.recall(saved.entries)
        for account in saved.accounts:
            self.identities.learner(account)
            self.identities.root(account)
        for entry in saved.entries:
            if entry.kind == ANSWER:
                continue  # what an endpoint answered: recalled when it is asked
            ended = again(cast("Lab", self), self._door, entry)
            if ended != entry.error:
                self.errors.append((entry, ended or "no error"))
        self.dispatch.polls_wait = True
        self.world.meters.restore_reads(loads(saved.reads))
        if saved.now_us > self.world.clock.now_us:
            self._pass_until(saved.now_us)

    def digest(self) -> str:
        """A hash of everything this world remembers: equal worlds have equal digests."""
        parts: list[Any] = [
            self.world.clock.now_us,
            [[f.at_us, dict(f.data)] for f in self.parts.post.mails],
            self.world.clock.pending(),
            self.parts.cloudwatch.digest(),
            self.parts.cloudtrail.digest(),
            self.parts.oam.digest(),
            self.parts.eventbridge.digest(),
            self.parts.scheduler.digest(),
            self.parts.schemas.digest(),
            self.parts.logs.digest(),
            self.parts.xray.digest(),
            self.parts.synthetics.digest(),
            self.parts.athena.digest(),
            self.parts.daemons.digest(),
        ]
        return hashlib.blake2b(dumps(parts).encode(), digest_size=16).hexdigest()
