"""What a lab's canaries show of themselves, read past the API: no call, no instant, no bill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.core.clock import DAY
from labkit.core.errors import LabError
from labkit.core.world import World

if TYPE_CHECKING:
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

    def film_strip(self, name: str, which: int | str = -1) -> Drawing:
        """The screenshots of a run; see :meth:`run` for ``which``."""
        from labkit.synthetics.views.film import film_strip

        return film_strip(name, self.run(name, which))

    def view_steps(self, name: str, which: int | str = -1) -> Drawing:
        """The steps of a run as a waterfall; see :meth:`run` for ``which``."""
        from labkit.synthetics.views.steps import step_waterfall

        return step_waterfall(name, self.run(name, which))

    def compare(self, name: str, which: int | str = -1) -> Drawing:
        """A run's screenshots beside the baseline's and what differs; see :meth:`run`."""
        from labkit.synthetics.views.compared import comparison

        canary, run = self.canary(name), self.run(name, which)
        held = canary.baselines.get(canary.settings.browsers[0])
        return comparison(name, run, {} if held is None else held.screenshots)

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
            "view_runs(name), film_strip(name), view_steps(name), compare(name), log(name), "
            "replays = False runs each for real>"
        )
