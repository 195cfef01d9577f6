"""Running canaries: when a run is a real one, and when an earlier one stands for it.

A canary every five minutes would start a browser 288 times a virtual day. Most of these runs would
do exactly what the one before did. So the rule is:

1. Everything that a run depends on is gathered in a **fingerprint**: the code, handler, runtime,
   environment, limits, the visual baseline, what the site answers, the browser.
2. A run whose fingerprint is that of an earlier real run is **replayed**: it has that run's
   result and points to its artifacts; its duration on the lab's clock is drawn anew. Its record
   says which run it repeats (:attr:`labkit.synthetics.records.Run.replayed`).
3. Everything else runs for real: another script, another fault, the site before and after; a
   retry, whose very question is whether the failure happens again; and whatever called AWS or a
   server that is none of the lab's sites: nobody knows what that would answer the next time
   (``RunResult.repeatable``).

``lab.synthetics.replays = False`` turns the rule off. Worlds that a judge builds share the memory
of the learner's world: what has been seen once need not be seen again.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labkit.core.world import World
from labkit.synthetics.engine.run import (
    CANARY_FAILURE,
    Baseline,
    RunRequest,
    RunResult,
)
from labkit.synthetics.engine.timing import usual_timeout_s
from labkit.synthetics.records import Canary, Run, Settings

CHECKS = "multi-checks"
_CHECKS_FILE = "blueprint-config.json"
#: Real results that are kept; one with pictures has a few hundred kilobytes.
_KEPT = 256


class Memory:
    """Results of real runs by their fingerprint, the latest used last."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, tuple[RunResult, str, str]] = OrderedDict()
        #: How many runs were real, and how many were replayed.
        self.real = self.replayed = 0

    def find(self, key: str) -> tuple[RunResult, str, str] | None:
        """A result, the id of its run and the folder of its artifacts."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def take_over(self, other: Memory) -> None:
        """Keep what another holds, too."""
        for key, held in other._held.items():
            self.keep(key, *held)

    def keep(self, key: str, result: RunResult, run_id: str, artifacts: str) -> None:
        """Keep a result."""
        self._held[key] = (result, run_id, artifacts)
        self._held.move_to_end(key)
        while len(self._held) > _KEPT:
            self._held.popitem(last=False)


class Runs:
    """Runs canaries of one lab.

    Parameters
    ----------
    world:
        Clock, ids and ports.
    seed:
        Of what is drawn.
    """

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self.seed = seed
        self.memory = Memory()
        #: Whether a run may repeat an earlier one; and whether a retry may.
        self.replays = True
        self.replays_retries = False

    def request(self, canary: Canary, settings: Settings, run_id: str, prefix: str) -> RunRequest:
        """What a run goes by."""
        return RunRequest(
            canary.name,
            run_id,
            settings.code,
            settings.handler,
            runtime=settings.runtime,
            environment=settings.environment,
            timeout_s=settings.timeout_s or usual_timeout_s(canary.expression),
            memory_mb=settings.memory_mb,
            now_us=self._world.clock.now_us,
            artifact_prefix=prefix,
            checks=checks(settings),
            baseline=canary.baselines.get(settings.browsers[0]),
            account=canary.account,
            region=canary.region,
            seed=self.seed,
        )

    def run(
        self,
        canary: Canary,
        settings: Settings,
        run_id: str,
        prefix: str,
        region: str,
        retry: bool = False,
    ) -> tuple[RunResult, str, str, str]:
        """Run a canary, or find an earlier run that stands for it.

        Returns
        -------
        tuple
            The result, the folder of its artifacts, the id of the run that it repeats (empty for a
            real one), and why it was so.
        """
        role = settings.role
        if not self._world.ports.allowed("lambda.amazonaws.com", "sts:AssumeRole", role):
            reason = "The role defined for the function cannot be assumed by Lambda."
            return self._refused(reason), prefix, "", "the role cannot be assumed"
        try:
            request = self.request(canary, settings, run_id, prefix)
        except ValueError as problem:
            return self._refused(str(problem)), prefix, "", "the checks cannot be read"
        ports = self._world.ports
        key = ports.canary_fingerprint(request)
        again_for_real = retry and not self.replays_retries
        found = self.memory.find(key) if self.replays and not again_for_real else None
        if found is not None:
            self.memory.replayed += 1
            result, real_id, folder = found
            again = replace(result, started_us=request.now_us)
            return again, folder, real_id, "nothing has changed since that run"
        self.memory.real += 1
        result = ports.run_canary(request, role)
        why = "something is other than before" if self.replays else "replays are turned off"
        if retry:
            why = "a retry is always real"
        if not result.repeatable:
            why = "its script asked others than the lab's site: no run of it is repeated"
        elif _ended_by_itself(result):
            self.memory.keep(key, result, run_id, prefix)
        return result, prefix, "", why

    def _refused(self, reason: str) -> RunResult:
        return RunResult(
            False, reason[:1024], CANARY_FAILURE, "UNKNOWN", self._world.clock.now_us, 0.0
        )


def _ended_by_itself(result: RunResult) -> bool:
    """Whether it was not the machine that ended a run: a busy one may be slower than a limit."""
    return result.state_reason == "" or result.reason_code == CANARY_FAILURE


def checks(settings: Settings) -> Mapping[str, Any] | None:
    """The configuration of multi checks in an archive; None for a script.

    Raises
    ------
    ValueError
        When it is missing or no JSON object.
    """
    if CHECKS not in settings.blueprints:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(settings.code)) as archive:
            names = [one for one in archive.namelist() if one.rpartition("/")[2] == _CHECKS_FILE]
            found = json.loads(archive.read(names[0])) if names else None
    except (zipfile.BadZipFile, OSError, ValueError) as problem:
        raise ValueError(f"{_CHECKS_FILE} cannot be read: {problem}") from None
    if not isinstance(found, dict):
        raise ValueError(f"multi checks need a {_CHECKS_FILE} with a JSON object")
    return found


def awaited_baseline(run: Run, reference: Mapping[str, Any]) -> Baseline:
    """The screenshots of a run as a baseline, with what is to be ignored of each."""
    listed = reference.get("BaseScreenshots") or ()
    pictures = dict(run.result.new_baseline)
    ignore = {
        one["ScreenshotName"]: tuple(_rectangle(each) for each in one.get("IgnoreCoordinates", ()))
        for one in listed
    }
    if listed:
        pictures = {name: body for name, body in pictures.items() if name in ignore}
    return Baseline(pictures, ignore)


def _rectangle(text: str) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(float(one)) for one in text.split(","))
    return left, top, right, bottom
