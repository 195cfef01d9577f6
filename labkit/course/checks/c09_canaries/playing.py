"""The learner's canaries, and what they make of each situation when they are run for real.

All runs happen ahead (:mod:`labkit.canary_ahead`): once for each canary and state of the shop, and
never again as long as neither script nor settings change, so that a learner who moves an alarm
waits for no browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from labkit.core.clock import DAY
from labkit.course.alarms_made import alarms_of
from labkit.course.bench import Bench
from labkit.course.canary_month import RUN_PRICE
from labkit.course.checks.c09_canaries import situations
from labkit.course.checks.c09_canaries.situations import Situation
from labkit.lab import Lab
from labkit.synthetics.engine.run import RunMetric, RunResult
from labkit.synthetics.engine.timing import frequency_us, next_us
from labkit.synthetics.records import RUNNING, STARTING, Canary
from labkit.synthetics.running import Memory
from labkit.views.waiting import bar
from labkit.workloads.shop_faults import SiteSnapshot

if TYPE_CHECKING:
    from labkit.canary_ahead import Errand

#: Dollars a month for runs.
BUDGET = 40
_A_MONTH_US = 30 * DAY
#: What has been seen of each lab's canaries, for the next check of it.
_SEEN: WeakKeyDictionary[Lab, Memory] = WeakKeyDictionary()


@dataclass
class Played:
    """A situation, and what each canary made of it.

    Parameters
    ----------
    situation:
        What befell the shop.
    results:
        Canary -> its run.
    timed:
        Whether an alarm of the learner's looks at how long runs take.
    """

    situation: Situation
    results: dict[str, RunResult] = field(default_factory=dict)
    timed: bool = False

    @property
    def late(self) -> bool:
        """Whether a run took as long as no customer waits, and an alarm looks at that."""
        longest = max((one.duration_ms for one in self.results.values()), default=0.0)
        return self.timed and longest >= situations.SLOW_SECONDS * 1000

    @property
    def red(self) -> dict[str, RunResult]:
        """Canary -> its run, of those that failed."""
        return {name: one for name, one in self.results.items() if not one.passed}

    @property
    def good(self) -> bool:
        """Whether the canaries say what a customer would say."""
        return bool(self.results) and (bool(self.red) or self.late) == self.situation.bad


@dataclass
class Rehearsal:
    """What the canaries made of everything.

    Parameters
    ----------
    played:
        Situations, a healthy shop first.
    blind:
        Canaries that want a browser which this machine has not.
    left_out:
        Situations that only a browser sees, on a machine without one.
    memory:
        The runs, for worlds in which days pass.
    """

    played: list[Played]
    blind: list[str]
    left_out: list[Situation]
    memory: Memory

    def of(self, situation: Situation) -> Played:
        """What came of one."""
        return next(one for one in self.played if one.situation == situation)


def canaries_of(world: Lab) -> list[Canary]:
    """The canaries of a lab's own account and Region."""
    store = world.world.stores("synthetics").get((world.account, world.region))
    return [] if store is None else sorted(store.canaries.values(), key=lambda one: one.created_us)


def running(world: Lab) -> list[Canary]:
    """Those that run by their schedule, or are about to."""
    return [one for one in canaries_of(world) if one.state in (STARTING, RUNNING)]


def described(canaries: Sequence[Canary]) -> str:
    """The canaries in a few words."""
    return "; ".join(f"`{one.name}`, {one.expression}, {one.state}" for one in canaries)


def runs_a_month(canary: Canary) -> float:
    """How many runs a schedule makes in thirty days, in all its Regions."""
    every = frequency_us(canary.expression)
    places = 1 + len(canary.replicas)
    if every == 0:
        return places
    if every is not None:
        return places * _A_MONTH_US / every
    start = at = canary.started_us or canary.created_us
    many = 0
    while (due := next_us(canary.expression, start, at)) is not None and due < start + 7 * DAY:
        many, at = many + 1, due
    return places * many * _A_MONTH_US / (7 * DAY)


def a_month(canaries: Iterable[Canary]) -> float:
    """Dollars a month for runs, by their schedules; the hundred free ones are not counted off."""
    return sum(map(runs_a_month, canaries)) * RUN_PRICE


# -- cards
_DIGITS = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.])")


def card_in(canary: Canary) -> tuple[str, str]:
    """File and last four digits of a payment card's number in a script; empty when there is none.

    The card that the shop takes in tests is nobody's.
    """
    import io
    import zipfile

    from labkit.synthetics.recording.devtools import is_card
    from labkit.workloads.shop_pages import TEST_CARD

    try:
        with zipfile.ZipFile(io.BytesIO(canary.settings.code)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError):
        return "", ""
    test = "".join(filter(str.isdigit, TEST_CARD))
    for name, body in files.items():
        for found in _DIGITS.findall(body.decode("utf-8", "replace")):
            digits = "".join(filter(str.isdigit, found))
            if digits != test and is_card(found):
                return name.rpartition("/")[2], digits[-4:]
    return "", ""


# -- runs
def memory_of(bench: Bench) -> Memory:
    """What has been seen of the learner's canaries: by themselves, and by a check before."""
    memory = _SEEN.setdefault(bench.lab, Memory())
    memory.take_over(bench.lab.parts.synthetics.runs.memory)
    return memory


def rehearse(bench: Bench) -> Rehearsal:
    """Run each canary against each situation."""
    from labkit.synthetics.runner.browsers import find

    world, memory = bench.copy, memory_of(bench)
    every = [
        situations.HEALTHY, *situations.faults(), situations.RESTART, *situations.harmless()
    ]  # fmt: skip
    left_out = [one for one in every if one.by_browser and find() is None]
    asked = [one for one in every if one not in left_out]
    pairs = [
        (one, canary)
        for one in (asked[0], *sorted(asked[1:], key=lambda each: -each.waits))
        for canary in running(world)
    ]
    errands = [_errand(world, canary, one) for one, canary in pairs]
    results = _run(world, errands, [canary for _, canary in pairs], memory)
    timed = any("'Duration'" in repr(one.config) for one in alarms_of(world))
    played = {one.name: Played(one, timed=timed) for one in asked}
    for (one, canary), errand, result in zip(pairs, errands, results, strict=True):
        if not one.bad and not result.passed and not _blind(result):
            result = _alone(errand, memory)
        played[one.name].results[canary.name] = result
    healthy = played[situations.HEALTHY.name]
    blind = [name for name, result in healthy.results.items() if _blind(result)]
    days = Memory()
    days.take_over(memory)
    for (one, canary), errand in zip(pairs, errands, strict=True):
        if canary.name in blind:
            _pretend(errand, played[one.name].results.pop(canary.name), days)
    return Rehearsal([played[one.name] for one in asked], blind, left_out, days)


def _errand(world: Lab, canary: Canary, situation: Situation) -> Errand:
    from labkit.canary_ahead import Errand

    now = world.parts.shop_visits.now()
    days, faults = now.certificate_days, {(page, kind): size for page, kind, size in now.faults}
    for kind, page, size in situation.faults:
        if kind == "certificate":
            days = size
        else:
            faults[page, kind] = float(size)
    site = SiteSnapshot(now.now_us, tuple(sorted((*key, s) for key, s in faults.items())), days)
    runs = world.parts.synthetics.runs
    return Errand(runs.request(canary, canary.settings, "ahead", canary.settings.artifacts), site)


def _run(
    world: Lab, errands: Sequence[Errand], canaries: Sequence[Canary], memory: Memory
) -> list[RunResult]:
    from labkit.canary_ahead import key_of, run_ahead

    usual = errands[0].site  # of the healthy shop, with whatever the learner has let befall it
    with bar("canaries run", len(errands)) as tell:
        found = run_ahead(
            errands, memory, lambda done, of: tell(len(errands) - of + done), usual
        )  # fmt: skip
    for place, (errand, canary, result) in enumerate(zip(errands, canaries, found, strict=True)):
        if not result.repeatable:
            # It calls AWS: one run after the other, in a world that answers.
            role = canary.settings.role
            again = world.canary_runs.run(errand.request, role, errand.site)
            found[place] = again = replace(again, repeatable=True)
            memory.keep(key_of(errand), again, "ahead", canary.settings.artifacts)
    return found


def _alone(errand: Errand, memory: Memory) -> RunResult:
    """Once more, with nothing beside it: what should be green is not red for a busy machine."""
    from labkit.canary_ahead import key_of, run_ahead

    (result,) = run_ahead([errand], Memory(), usual=errand.site)
    memory.keep(key_of(errand), result, "ahead", errand.request.artifact_prefix)
    return result


def _blind(result: RunResult) -> bool:
    from labkit.synthetics.runner.browsers import missing

    return not result.passed and missing().partition(":")[0] in result.state_reason


def _pretend(errand: Errand, result: RunResult, memory: Memory) -> None:
    """Let a canary that can't run here be green, so that it rings for nothing that it says."""
    from labkit.canary_ahead import key_of

    own = (("CanaryName", errand.request.canary),)
    metrics = (
        RunMetric("SuccessPercent", 100.0, "Percent", own),
        RunMetric("Duration", 1000.0, "Milliseconds", own),
    )
    green = replace(
        result, passed=True, state_reason="", reason_code="", test_result="PASSED", steps=(),
        metrics=metrics, duration_ms=1000.0,
    )  # fmt: skip
    memory.keep(key_of(errand), green, "ahead", errand.request.artifact_prefix)
