"""Check 1: whole traces of the shop, with the voices of cart, checkout and payment in them.

Fifteen seconds of an unseen minute are traced, every request of them; what arrives is read trace
by trace. Which service is silent decides, and segments whose caller is not there are counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.clock import SECOND
from labkit.course.bench import Bench
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count

#: Service of the shop, what it runs on, and which of the facts or handles names that.
PLACES = (
    ("cart", "EC2", "machine"),
    ("checkout", "ECS", "task"),
    ("shop-payment", "Lambda", "function"),
)
_LOOKED = 15


def setup(world: Lab, what: str) -> tuple[bool, list[str], list[str]]:
    """Whether traces arrive from there, what is wrong, and what is remarked."""
    verdict = world.xray.explain_setup(what)
    wrong = [] if verdict.value else [
        one.text for one in verdict.because if not one.rule.startswith("remark")
    ]  # fmt: skip
    remarks = [one.text for one in verdict.because if one.rule.startswith("remark")]
    return bool(verdict.value), wrong, remarks


class Arrives(Check):
    """See the head of this file."""

    title = "an unseen quarter of a minute, whole"
    points = 4
    hints = (
        "Follow one datagram: who sends it, who listens, and who may pass it on?",
        "Four places: the address that the SDK is told, the port and protocol on which the "
        "daemon listens, the link between two containers, the policy of the role. For Lambda one "
        "switch. `ex.lab.xray.view_setup(what)` goes through them.",
        'portMappings=[{"containerPort": 2000, "protocol": "____"}], environment=[{"name": '
        '"AWS_XRAY_DAEMON_ADDRESS", "value": "____:2000"}], links=["____"]; attach the managed '
        "policy AWSXRayDaemon____Access; TracingConfig={\"Mode\": \"____\"}",
    )  # fmt: skip
    alternatives = (
        "127.0.0.1 is right in `awsvpc` mode, where the containers of a task share an address.",
        "GetTraceSummaries and BatchGetTraces read traces; a daemon writes them.",
        "A daemon cannot be installed on Lambda: it is built in, and off until it is switched on.",
    )
    cell = "setups"

    def attempt(self, bench: Bench) -> Attempted | None:
        """Something is otherwise than it was handed over."""
        now = _state(bench, bench.copy)
        if now == _state(bench, bench.fresh()):
            return None
        said = ", ".join(
            f"{service} on {where}: {'arrives' if good else 'silent'}"
            for (service, where, _), (good, _, _) in zip(PLACES, now, strict=True)
        )
        return Attempted(said)

    def untouched(self, bench: Bench) -> NotAttempted:
        """As it was."""
        return NotAttempted(
            "The three set-ups are as they were.",
            start="`ex.lab.xray.explain_setup(ex.machine)`: it says what a segment would meet.",
        )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play a minute and read what arrives."""
        world = bench.replay()
        world.shop.traces(every=True)
        world.advance(minutes=1)
        end_us = world.world.clock.now_us - 20 * SECOND
        found = world.parts.shop_traces.segments(
            world.account, world.region, end_us - _LOOKED * SECOND, end_us
        )
        heard, loose, traces = read(found)
        states = _state(bench, world)
        figure = picture(heard, states)
        silent = [n for n, (service, _, _) in enumerate(PLACES) if not heard.get(service)]
        played = f"{count(traces, 'request')} of {_LOOKED} unseen seconds, each of them traced."
        if silent:
            service, where, _ = PLACES[silent[0]]
            wrong = states[silent[0]][1]
            return NotYet(
                f"{len(PLACES) - len(silent)} of {len(PLACES)} services are heard.",
                attempted.built, played,
                f"{service} on {where} sent segments and none arrived; in {count(loose, 'place')} "
                "a trace goes on below a caller that is not there. "
                f"{wrong[0][:1].upper() + wrong[0][1:] if wrong else 'Nobody passed them on'}.",
                _QUESTIONS[where], figure,
            )  # fmt: skip
        remarks = tuple(
            f"{service}: {one}." for (service, _, _), (_, _, some) in
            zip(PLACES, states, strict=True) for one in some
        )  # fmt: skip
        return Passed(
            f"All three are heard in {count(traces, 'trace')}; no segment without its caller.",
            why="A segment needs somebody who sends it to the right address, somebody who listens "
            "there on UDP 2000, and a role that may put it into X-Ray. UDP tells nobody when one "
            "of the three is missing.",
            built=attempted.built,
            cost="the daemon is free; on ECS it takes 32 CPU units and 256 MB of each task.",
            alternative="a policy of your own with xray:PutTraceSegments alone: traces arrive, and "
            "X-Ray does not hear how the daemon does.",
            remarks=remarks,
            figure=figure,
        )


_QUESTIONS = {
    "EC2": "The daemon has the segment in its hands; who has to allow the next step?",
    "ECS": "In bridge mode, who is at the address to which the program sends, and what does it "
    "listen for?",
    "Lambda": "Nobody can install a daemon there, so what turns on the one that is built in?",
}


def _state(bench: Bench, world: Lab) -> list[tuple[bool, list[str], list[str]]]:
    return [setup(world, bench.handles[name]) for _, _, name in PLACES]


def read(documents: Sequence[Mapping[str, Any]]) -> tuple[dict[str, int], int, int]:
    """Segments by service, segments whose caller is not there, traces that customers began."""
    heard: dict[str, int] = defaultdict(int)
    known: dict[str, set[str]] = defaultdict(set)
    for one in documents:
        heard[one["name"]] += 1
        known[one["trace_id"]] |= _ids(one)
    loose = sum(
        "parent_id" in one and one["parent_id"] not in known[one["trace_id"]] for one in documents
    )
    return dict(heard), loose, len(known)


def _ids(document: Mapping[str, Any]) -> set[str]:
    found = {document["id"]}
    for one in document.get("subsegments", ()):
        found |= _ids(one)
    return found


def picture(
    heard: Mapping[str, int], states: Sequence[tuple[bool, list[str], list[str]]]
) -> Drawing:
    """Service by service: what arrived, and the first thing that is wrong."""
    columns = ["service", "on", "segments that arrived", "what a segment meets"]
    rows = [
        [service, where, str(heard.get(service, 0)), (wrong or ["✓"])[0]]
        for (service, where, _), (_, wrong, _) in zip(PLACES, states, strict=True)
    ]
    good = sum(bool(heard.get(service)) for service, _, _ in PLACES)
    title = f"{good} of {len(PLACES)} services are heard"
    body = html.card(title, html.table(columns, rows, right=(2,)), alt=title)
    data = {"good": good, "heard": {service: heard.get(service, 0) for service, _, _ in PLACES}}
    return Drawing(title, f"{title}\n{text.table(columns, rows, longest=100)}", data, body=body)
