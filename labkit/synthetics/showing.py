"""What a lab's canaries show of themselves, read past the API: no call, no instant, no bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.core.clock import DAY, to_datetime
from labkit.core.errors import LabError
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.synthetics.films.film import Film
    from labkit.synthetics.recording.devtools import Recording
    from labkit.synthetics.records import Canary, Run
    from labkit.synthetics.running import Runs
    from labkit.synthetics.store import SyntheticsStore
    from labkit.synthetics.views.builder import WorkflowBuilder
    from labkit.views.drawing import Drawing


class Showing:
    """The views of Synthetics; account and Region are the lab's own when left out."""

    world: World
    account: str
    region: str
    runs: Runs

    def store(self, account: str, region: str) -> SyntheticsStore:
        """What is remembered for an account and Region."""
        raise NotImplementedError

    def canary(self, name: str, *, account: str | None = None, region: str | None = None) -> Canary:
        """A canary's record.

        Raises
        ------
        LabError
            When there is none of that name.
        """
        store = self.store(account or self.account, region or self.region)
        if name not in store.canaries:
            known = ", ".join(sorted(store.canaries)) or "none"
            raise LabError(f"there is no canary {name!r}; there is {known}")
        return store.canaries[name]

    def run(self, name: str, which: int | str = -1) -> Run:
        """A finished run: the last when left out.

        Parameters
        ----------
        name:
            Of the canary.
        which:
            Its place among the finished ones (0 the oldest, -1 the last), or its id.

        Raises
        ------
        LabError
            When there is no such run.
        """
        over = [run for run in self.canary(name).runs if run.completed_us is not None]
        if isinstance(which, str):
            over, which = [run for run in over if run.id == which], 0
        try:
            return over[which]
        except IndexError:
            raise LabError(f"canary {name!r} has no such run") from None

    # -- views
    def view_runs(self, name: str, *, hours: float = 24) -> Drawing:
        """The runs of a canary: a mark for each, the share that passed, why others did not."""
        from labkit.synthetics.views.history import history

        canary, now_us = self.canary(name), self.world.clock.now_us
        since_us = max(now_us - int(hours * DAY / 24), canary.created_us)
        runs = [run for run in canary.runs if since_us <= run.started_us and not run.dry_run_id]
        return history(name, runs, since_us, now_us)

    def film_strip(
        self, name: str, which: int | str = -1, *, recorded: str = "", every: bool = False
    ) -> Drawing:
        """The screenshots of a run, the last one of each step.

        Parameters
        ----------
        name, which:
            See :meth:`run`.
        recorded:
            Name of a recorded run (:mod:`labkit.synthetics.films`), to be shown, with a label, if
            this machine has no browser.
        every:
            Whether all screenshots are shown.
        """
        from labkit.synthetics.views.film import film_strip

        name, run, more = self._shown(name, which, recorded)
        return film_strip(name, run, every=every, **more)

    def view_steps(self, name: str, which: int | str = -1, *, recorded: str = "") -> Drawing:
        """The steps of a run as a waterfall; see :meth:`film_strip` for the parameters."""
        from labkit.synthetics.views.steps import step_waterfall

        name, run, more = self._shown(name, which, recorded)
        return step_waterfall(name, run, **more)

    def view_requests(
        self, name: str, which: int | str = -1, *, recorded: str = "", images: bool = False
    ) -> Drawing:
        """The requests of a run, from its HAR; with ``images`` also the pictures of the pages.

        See :meth:`film_strip` for the other parameters.
        """
        from labkit.synthetics.views.requests import request_list

        name, run, more = self._shown(name, which, recorded)
        return request_list(name, run, images=images, **more)

    def compare(self, name: str, which: int | str = -1, *, recorded: str = "") -> Drawing:
        """A run's screenshots beside the baseline's and what differs; see :meth:`film_strip`."""
        from labkit.synthetics.views.compared import comparison

        canary = self.canary(name)
        held = canary.baselines.get(canary.settings.browsers[0])
        baseline: Mapping[str, bytes] = {} if held is None else held.screenshots
        film = self._film(recorded) if recorded else None
        baseline = baseline if film is None else film.baseline
        name, run, more = self._shown(name, which, recorded)
        return comparison(name, run, baseline, **more)

    def _shown(self, name: str, which: int | str, recorded: str) -> tuple[str, Run, dict[str, str]]:
        """Whose run is shown: the lab's own, or a recorded one with its label."""
        own = self.run(name, which)
        film = self._film(recorded) if recorded else None
        if film is None:
            return name, own, {}
        at = f"{to_datetime(own.started_us):%H:%M:%S}"
        why = own.result.no_picture.partition(":")[0]
        told = f"this machine's own run of {name} at {at}: {own.state}"
        told += f", no picture, {why}" if why else ""
        return film.canary, film.run, {"label": film.label, "own": told}

    def _film(self, recorded: str) -> Film | None:
        """A film that stands in for a browser; None where there is one."""
        from labkit.synthetics.films.film import read
        from labkit.synthetics.runner.browsers import find

        film = read(recorded)  # a wrong name is told of on every machine
        return film if find() is None else None

    def log(self, name: str, which: int | str = -1) -> str:
        """What a run wrote; see :meth:`run` for ``which``."""
        return "\n".join(self.run(name, which).result.log_lines)

    # -- scripts
    def workflow_builder(self, steps: Sequence[Sequence[str]] | None = None) -> WorkflowBuilder:
        """A form that builds a workflow canary; see :mod:`labkit.synthetics.views.builder`."""
        from labkit.synthetics.views.builder import LOGIN, WorkflowBuilder

        return WorkflowBuilder(LOGIN if steps is None else steps)

    def read_recording(self, text: str) -> Recording:
        """A recording that Chrome's DevTools exported; its ``.script()`` is a canary."""
        from labkit.synthetics.recording.devtools import read

        return read(text)

    def __repr__(self) -> str:
        many = sum(len(s.canaries) for s in self.world.stores("synthetics").values())
        memory = self.runs.memory
        return (
            f"<canaries: {many}, {memory.real} real runs, {memory.replayed} replayed; "
            "view_runs(name), film_strip(name), view_steps(name), view_requests(name), "
            "compare(name), log(name), "
            "replays = False runs each for real>"
        )
