"""Canaries run ahead of time: against many states of the shop, a few at once.

A judge wants to know what a learner's canaries make of ten faults. In a lab, runs come one after
the other, since its clock stands for each; and most of what a fault takes is *waiting*: for a page
of twelve seconds, for a button that is hidden, for a site that never answers. So here each of a few
lanes has a shop, a browser and a thread of its own, and those that wait do so together. Runs
without a browser have lanes of their own: they take a tenth of a second, or wait as long as any.
What comes of it goes into a :class:`labkit.synthetics.running.Memory`: a world that is given this
memory replays it, and a day of canaries costs no further browser.

What a canary never visits can't change its run. So once it is known which pages it asks for in the
*usual* state of the shop, a state that differs in other pages alone gives the same result, and no
run is made for it.

What a run ahead can't do is call the lab, which has one clock. The result of a script that does is
not ``repeatable`` and is not kept: whoever wants it runs it in a world.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import TYPE_CHECKING

from labkit.synthetics.engine import package
from labkit.synthetics.engine.run import RunRequest, RunResult, Site, fingerprint
from labkit.synthetics.runner import browsers, run
from labkit.synthetics.runner.forkserver import ForkServer
from labkit.workloads.shop_faults import SITE, SiteSnapshot
from labkit.workloads.shop_pages import page_of
from labkit.workloads.shop_site import DOMAIN
from labkit.workloads.shop_web import ShopWeb

if TYPE_CHECKING:
    from labkit.synthetics.running import Memory

#: How many run at once, with a browser and without one. Two processors are busy with two; the
#: others are those that wait.
LANES, LANES_WITHOUT = 5, 2
#: How long a run may take here, and wait for a site that never answers, seconds of the machine's.
PATIENCE_SECONDS, SILENCE_SECONDS = 40.0, 12.0


@dataclass(frozen=True)
class Errand:
    """One run: of what, and against which state of the shop."""

    request: RunRequest
    site: SiteSnapshot


class _Lane:
    """A shop and, once somebody asks for it, a browser: for one run after the other."""

    def __init__(self, scripts: ForkServer) -> None:
        self._browsers = browsers.Browsers(1, scripts)
        self._web = ShopWeb(SiteSnapshot)

    def run(self, errand: Errand, pictures: str) -> RunResult:
        """Run a canary against a state of the shop.

        Parameters
        ----------
        errand:
            What.
        pictures:
            Of which steps that succeed: ``each``, or the ``last``. A picture takes a browser as
            long as two fields of a form.
        """
        site, web = errand.site, self._web
        silent = any(kind == "page_silent" for _, kind, _ in site.faults)
        place = Site(
            {DOMAIN: web.ports}, site.fingerprint, web.authority.pem, silent=silent,
            key_hash=web.authority.key_hash,
        )  # fmt: skip
        # A step begins where the one before ended: one picture of the two is enough. But what is
        # compared with a baseline is compared by name.
        fewer = {} if errand.request.baseline else {"LABKIT_FEWER_PICTURES": pictures}
        asked = replace(
            errand.request, environment={**errand.request.environment, **fewer},
            now_us=site.now_us, patience_s=PATIENCE_SECONDS, silence_s=SILENCE_SECONDS,
        )  # fmt: skip
        with web.hold(site):
            return run(asked, place, browsers=self._browsers)

    def close(self) -> None:
        """End the shop and the browser."""
        self._browsers.close()
        self._web.close()


class _Usual:
    """What canaries do in the usual state of the shop, and so in any that they can't tell from it.

    Parameters
    ----------
    site:
        The usual state.
    """

    def __init__(self, site: SiteSnapshot) -> None:
        self._site = site
        self._seen: dict[str, tuple[RunResult, frozenset[str]]] = {}

    def shown(self, errand: Errand) -> bool:
        """Whether a run is one in the usual state."""
        return errand.site == self._site

    def note(self, errand: Errand, result: RunResult) -> None:
        """Remember a run, when it was one in the usual state."""
        if self.shown(errand) and result.repeatable:
            self._seen[errand.request.canary] = result, pages_of(result)

    def result(self, errand: Errand) -> RunResult | None:
        """The result of a run that would go the usual way; None when that is not known."""
        result, pages = self._seen.get(errand.request.canary, (None, frozenset()))
        site, usual = errand.site, self._site
        changed = {page for page, _, _ in {*site.faults} ^ {*usual.faults}}
        same = site.certificate_days == usual.certificate_days and SITE not in changed
        return result if pages and same and not pages & changed else None


def pages_of(result: RunResult) -> frozenset[str]:
    """The pages of the shop that a run asked for, by its HAR or its report of requests."""
    urls: list[str] = []
    for one in result.artifacts:
        if one.name == "results.har":
            urls += [entry["request"]["url"] for entry in json.loads(one.body)["log"]["entries"]]
        elif one.name == "HttpRequestsReport.json":
            urls += [asked["url"] for asked in json.loads(one.body)["requests"]]
    return frozenset(map(page_of, urls))


def key_of(errand: Errand) -> str:
    """The fingerprint that a run of a lab has when it asks for the same."""
    found = browsers.find()
    site = Site({DOMAIN: (80, 443)}, errand.site.fingerprint)
    return fingerprint(errand.request, site, "" if found is None else found.version)


def run_ahead(
    errands: Sequence[Errand],
    memory: Memory,
    told: Callable[[int, int], None] | None = None,
    usual: SiteSnapshot | None = None,
) -> list[RunResult]:
    """Run what the memory does not hold yet, and keep what came of it.

    Parameters
    ----------
    errands:
        The usual state first, then those that wait longest, so that the others run meanwhile.
    memory:
        Where results are kept; one that was ended by a limit too, which a lab's own runs do not
        keep: give it to worlds of a judge.
    told:
        Gets how many of the runs are over, and how many there are; called by one thread at a time.
    usual:
        The usual state of the shop, with which the others are compared.

    Returns
    -------
    list of RunResult
        One for each errand, in their order.
    """
    keys = [key_of(one) for one in errands]
    todo = {key: one for key, one in zip(keys, errands, strict=True) if memory.find(key) is None}
    known = _Usual(usual or SiteSnapshot())
    for key, one in zip(keys, errands, strict=True):
        if key not in todo:
            known.note(one, _held(memory, key))
    fresh = _in_lanes(list(todo.values()), known, told or (lambda done, of: None)) if todo else []
    found = dict(zip(todo, fresh, strict=True))
    for key, result in found.items():
        if result.repeatable:
            memory.keep(key, result, "ahead", todo[key].request.artifact_prefix)
    return [found.get(key) or _held(memory, key) for key in keys]


def _held(memory: Memory, key: str) -> RunResult:
    found = memory.find(key)
    assert found is not None
    return found[0]


def _in_lanes(
    errands: list[Errand], known: _Usual, told: Callable[[int, int], None]
) -> list[RunResult]:
    with_one = [package.uses_browser(one.request.code) for one in errands]
    many = min(LANES, sum(with_one)), min(LANES_WITHOUT, len(errands) - sum(with_one))
    with contextlib.ExitStack() as held:
        # Who only asks over HTTP does not stand in line behind browsers that wait.
        scripts = held.enter_context(contextlib.closing(ForkServer()))
        without, browsing = (
            held.enter_context(_Lanes(each, known, scripts)) for each in many[::-1]
        )
        places = (browsing if each else without for each in with_one)
        waiting = [place.submit(one) for place, one in zip(places, errands, strict=True)]
        for done, future in enumerate(waiting):
            told(done, len(errands))
            future.result()
        told(len(errands), len(errands))
        return [future.result() for future in waiting]


class _Lanes:
    """Lanes of one kind, and a thread for each.

    Parameters
    ----------
    many:
        How many; none of which nobody asks.
    known:
        What need not be run.
    scripts:
        What starts scripts' processes.
    """

    def __init__(self, many: int, known: _Usual, scripts: ForkServer) -> None:
        self._known = known
        self._lanes = [_Lane(scripts) for _ in range(many)]
        self._free: SimpleQueue[_Lane] = SimpleQueue()
        for lane in self._lanes:
            self._free.put(lane)
        self._pool = ThreadPoolExecutor(max(many, 1), "canary ahead")

    def submit(self, errand: Errand) -> Future[RunResult]:
        """Run something once a lane is free."""
        return self._pool.submit(self._one, errand)

    def _one(self, errand: Errand) -> RunResult:
        known, lane = self._known, self._free.get()
        try:
            # Beside the picture of a step that failed stands that of the usual state.
            pictures = "each" if known.shown(errand) else "last"
            result = known.result(errand) or lane.run(errand, pictures)
            known.note(errand, result)
            return result
        finally:
            self._free.put(lane)

    def __enter__(self) -> _Lanes:
        return self

    def __exit__(self, *problem: object) -> None:
        self._pool.shutdown()
        for lane in self._lanes:
            lane.close()
