"""Synthetics as the lab assembles it: canaries come to be, run on the clock, and end.

A canary's life on the clock::

    create --> CREATING --20 s--> READY --start--> STARTING --5 s--> RUNNING --+
                  |                                                            | a run at once,
                  +--> ERROR (its role cannot be assumed)                      | then by schedule
                                                                               |
    READY or STOPPED <--5 s-- STOPPING <--stop, its duration over, run once <--+

An update takes ten seconds of UPDATING and goes back to the state before. How long AWS takes is
not documented and varies; these figures are an approximation.

A run happens for real at its instant (:mod:`labkit.synthetics.running`); what it leaves comes at
its end on the lab's clock (:mod:`labkit.synthetics.publishing`). A run under way when its canary
is stopped finishes, and leaves its metrics and artifacts, but no completed run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.clock import SECOND, Phase
from labkit.core.ids import shape_uuid
from labkit.core.world import World
from labkit.synthetics.engine.run import PASSED
from labkit.synthetics.engine.timing import duration_ms, frequency_us, next_us, usual_timeout_s
from labkit.synthetics.publishing import Publishing, folder, not_stored
from labkit.synthetics.records import (
    CREATING,
    DELETING,
    ERROR,
    READY,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    UPDATING,
    Canary,
    DryRun,
    Group,
    Run,
    Settings,
)
from labkit.synthetics.running import Runs, awaited_baseline
from labkit.synthetics.showing import Showing
from labkit.synthetics.store import SyntheticsStore

CREATING_US, STARTING_US, STOPPING_US, UPDATING_US = (
    20 * SECOND,
    5 * SECOND,
    5 * SECOND,
    10 * SECOND,
)
_SETTLE, _FIRE, _FINISH, _EXPIRE = (
    "synthetics.settle", "synthetics.fire", "synthetics.finish", "synthetics.expire"
)  # fmt: skip
#: ``StateReasonCode`` of what is under way.
_UNDER_WAY = {
    CREATING: "CREATE_PENDING", UPDATING: "UPDATE_IN_PROGRESS", DELETING: "DELETE_IN_PROGRESS",
}  # fmt: skip
_STATE = {CREATING: READY, STARTING: RUNNING, STOPPING: STOPPED}


class Synthetics(Showing):
    """The canaries of a whole lab.

    Parameters
    ----------
    world:
        Clock, facts, ports and stores of the lab.
    account, region:
        Whose canaries views show when nobody says otherwise.
    seed:
        Of durations.
    """

    def __init__(
        self,
        world: World,
        account: str = "123456789012",
        region: str = "us-east-1",
        seed: int = 0,
    ) -> None:
        self.world, self.account, self.region = world, account, region
        world.remember("synthetics", lambda a, r: SyntheticsStore(a, r, self))
        self.runs = Runs(world, seed)
        self.publishing = Publishing(world)
        #: Groups of an account by id: they are the same in all Regions.
        self.groups: dict[str, dict[str, Group]] = {}
        for name, handler in (
            (_SETTLE, self._settle), (_FIRE, self._fire), (_FINISH, self._finish),
            (_EXPIRE, self._expire),
        ):  # fmt: skip
            world.clock.register(name, handler)

    @property
    def replays(self) -> bool:
        """Whether a run may repeat an earlier one that saw exactly the same."""
        return self.runs.replays

    @replays.setter
    def replays(self, wanted: bool) -> None:
        self.runs.replays = wanted

    def store(self, account: str, region: str) -> SyntheticsStore:
        """What is remembered for an account and Region."""
        found: SyntheticsStore = self.world.store("synthetics", account, region)
        return found

    # -- states
    def enter(self, canary: Canary, state: str, after_us: int = 0) -> None:
        """Put a canary into a state; one that passes by itself is over after ``after_us``."""
        before, canary.state = canary.state, state
        canary.state_reason, canary.state_code = "", _UNDER_WAY.get(state, "")
        canary.generation += 1
        if before != state:
            self.publishing.tell_state(canary, before)
        if after_us:
            self._at(
                canary, self.world.clock.now_us + after_us, Phase.STATE, _SETTLE, before=before
            )

    def _at(self, canary: Canary, at_us: int, phase: Phase, handler: str, **more: Any) -> None:
        payload = {
            "account": canary.account,
            "region": canary.region,
            "canary": canary.name,
            "generation": canary.generation,
            **more,
        }
        self.world.clock.at(at_us, phase, handler, payload, cause=())

    def _canary(self, payload: Mapping[str, Any], *, any_life: bool = False) -> Canary | None:
        store = self.store(payload["account"], payload["region"])
        canary = store.canaries.get(payload["canary"])
        if canary is None or (not any_life and canary.generation != payload["generation"]):
            return None
        return canary

    def _settle(self, payload: Mapping[str, Any]) -> None:
        """Clock handler: a canary comes out of a state that passes."""
        canary = self._canary(payload)
        if canary is None:
            return
        if canary.state == CREATING and self._trouble(canary):
            self.enter(canary, ERROR)
            canary.state_code, canary.state_reason = "CREATE_FAILED", self._trouble(canary)
        elif canary.state == UPDATING:
            self.enter(canary, payload["before"])
            canary.state_code = "UPDATE_COMPLETE"
            if canary.state == RUNNING:
                self._plan(canary, self.world.clock.now_us)
        else:
            self.enter(canary, _STATE[canary.state])
            if canary.state == RUNNING:
                self._begin(canary)
            elif canary.state == STOPPED:
                canary.stopped_us = self.world.clock.now_us

    def _trouble(self, canary: Canary) -> str:
        """Why Lambda can't make a canary's function; '' when it can."""
        role = canary.settings.role
        if not self.world.ports.allowed("lambda.amazonaws.com", "sts:AssumeRole", role):
            return "The role defined for the function cannot be assumed by Lambda."
        return str(canary.settings.vpc.get("trouble", ""))

    def start(self, canary: Canary) -> None:
        """Let a canary run by its schedule from in a few seconds on."""
        self.enter(canary, STARTING, STARTING_US)

    def stop(self, canary: Canary) -> None:
        """Let a canary run no more."""
        self.enter(canary, STOPPING, STOPPING_US)

    def _begin(self, canary: Canary) -> None:
        now_us = canary.started_us = self.world.clock.now_us
        if canary.duration_s:
            end_us = now_us + canary.duration_s * SECOND
            self._at(canary, end_us, Phase.STATE, _EXPIRE)
        if frequency_us(canary.expression) is None:
            self._plan(canary, now_us)
        else:
            self._at(canary, now_us, Phase.SCHEDULES, _FIRE)

    def _plan(self, canary: Canary, after_us: int) -> None:
        due = next_us(canary.expression, canary.started_us or after_us, after_us)
        if due is not None:
            self._at(canary, due, Phase.SCHEDULES, _FIRE)

    def _expire(self, payload: Mapping[str, Any]) -> None:
        """Clock handler: the duration of a schedule is over."""
        canary = self._canary(payload)
        if canary is not None:
            self.stop(canary)

    # -- runs
    def _fire(self, payload: Mapping[str, Any]) -> None:
        """Clock handler: it is time for a run."""
        canary = self._canary(payload)
        if canary is None:
            return
        for region in self._locations(canary):
            self._run(canary, canary.settings, region, attempt=payload.get("attempt", 0),
                      scheduled=payload.get("scheduled", ""))  # fmt: skip
        if frequency_us(canary.expression) == 0:
            return
        self._plan(canary, self.world.clock.now_us)

    def _locations(self, canary: Canary) -> list[str]:
        now_us = self.world.clock.now_us
        ready = [one.region for one in canary.replicas if one.ready_us <= now_us]
        return [canary.region, *ready]

    def _run(
        self,
        canary: Canary,
        settings: Settings,
        region: str,
        *,
        attempt: int = 0,
        scheduled: str = "",
        dry: str = "",
        scheduled_us: int = 0,
    ) -> Run:
        now_us = self.world.clock.now_us
        digest = self.world.ids.digest("run", canary.arn, now_us, region, attempt, dry)
        run_id = shape_uuid(digest.hex())
        place = folder(settings.artifacts, now_us)
        result, artifacts, repeated, why = self.runs.run(
            canary, settings, run_id, place, region, attempt > 0
        )
        limit = settings.timeout_s or usual_timeout_s(canary.expression)
        took_ms = duration_ms(result, self.runs.seed, run_id, limit)
        run = Run(
            run_id, scheduled or run_id, attempt, now_us, None, "RUNNING", "", "", "UNKNOWN",
            artifacts, region, result, dry_run_id=dry, replayed=repeated, why=why,
            duration_ms=took_ms, measured_ms=0.0 if repeated else result.duration_ms,
            metric_us=scheduled_us or now_us,
        )  # fmt: skip
        canary.runs.append(run)
        end_us = max(now_us + int(took_ms * 1000), now_us + 1000)
        self._at(canary, end_us, Phase.DATA, _FINISH, run=run_id)
        return run

    def _finish(self, payload: Mapping[str, Any]) -> None:
        """Clock handler: a run is over on the lab's clock."""
        canary = self._canary(payload, any_life=True)
        run = None if canary is None else find(canary, payload["run"])
        if canary is None or run is None:
            return
        stopped = canary.generation != payload["generation"] and canary.state in (STOPPING, STOPPED)
        settings = self._settings(canary, run)
        result = run.result
        run.completed_us = self.world.clock.now_us
        run.state, run.reason = result.state, result.state_reason
        run.reason_code, run.test_result = result.reason_code, result.test_result
        trouble = "" if run.replayed else self.publishing.store(settings, run)
        if trouble:
            for name, value in not_stored(result, trouble).items():
                setattr(run, name, value)
        self.publishing.log(canary, settings, run)
        self.world.meters.count("synthetics.run", canary.account, run.location, run.completed_us)
        if run.dry_run_id:
            canary.dry_runs[run.dry_run_id].status = run.state
            self.publishing.measure_dry(canary, settings, run)
            return
        again = run.state != PASSED and run.attempt < canary.retries and canary.state == RUNNING
        if again:
            self._retry(canary, run)
        else:
            self.publishing.measure(canary, settings, run)
        self.publishing.tell_run(canary, run)
        if self.world.facts.heard("canary.run"):
            told = {"canary": canary.name, "run_id": run.id, "status": run.state}
            self.world.facts.publish("canary.run", canary.account, run.location, told)
        self._take_baseline(canary, run)
        if stopped:
            canary.runs.remove(run)
        elif not again and frequency_us(canary.expression) == 0 and canary.state == RUNNING:
            self.stop(canary)
        self._forget(canary)

    def _settings(self, canary: Canary, run: Run) -> Settings:
        dry = canary.dry_runs.get(run.dry_run_id)
        return canary.settings if dry is None else dry.settings

    def _retry(self, canary: Canary, run: Run) -> None:
        """A failed run is tried again at once; the metrics are the last try's."""
        self._run(
            canary, canary.settings, run.location, attempt=run.attempt + 1,
            scheduled=run.scheduled_id, scheduled_us=run.metric_us,
        )  # fmt: skip

    def dry_run(self, canary: Canary, dry: DryRun) -> Run:
        """Run a canary once with other settings, beside its schedule."""
        canary.dry_runs[dry.id] = dry
        return self._run(canary, dry.settings, canary.region, dry=dry.id)

    def _take_baseline(self, canary: Canary, run: Run) -> None:
        for reference in canary.awaited if run.state == PASSED else ():
            browser = reference.get("BrowserType", "CHROME")
            canary.baselines[browser] = awaited_baseline(run, reference)
        if run.state == PASSED:
            canary.awaited = []

    def _forget(self, canary: Canary) -> None:
        """Drop the records of runs that nobody is shown any more, once the oldest is none."""
        if not canary.runs or self.shown(canary, canary.runs[0]):
            return
        shown = [run for run in canary.runs if self.shown(canary, run)]
        if len(shown) != len(canary.runs):
            canary.runs = shown

    def shown(self, canary: Canary, run: Run) -> bool:
        """Whether a run is within the retention period of its outcome."""
        good = run.state in (PASSED, "RUNNING")
        days = canary.settings.success_days if good else canary.settings.failure_days
        return run.started_us >= self.world.clock.now_us - days * 86400 * SECOND

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values."""
        return [
            [account, region, store.digest()]
            for (account, region), store in sorted(self.world.stores("synthetics").items())
        ] + [
            [account, sorted([g.name, g.id, list(g.members)] for g in groups.values())]
            for account, groups in sorted(self.groups.items())
        ]


def find(canary: Canary, run_id: str) -> Run | None:
    """A run of a canary by its id."""
    return next((run for run in reversed(canary.runs) if run.id == run_id), None)
