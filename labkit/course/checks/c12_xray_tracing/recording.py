"""Check 3: the learner's function with the real X-Ray SDK, its segments, and Lena's search.

Three orders are paid, one of them is refused. What the SDK sends comes in over UDP to a daemon of a
world of the check's own; then the trace of each order is looked for by its number alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from labkit.course.bench import Bench
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.wording import count

_NAME = "checkout"


class Refused(Exception):
    """A payment that the bank does not take."""


@dataclass(frozen=True)
class Done:
    """An order, what came of it, and the traces that its number finds: whether each is a fault."""

    order: str
    fails: bool
    returned: Any
    went_on: bool
    found: tuple[bool, ...]

    @property
    def good(self) -> bool:
        """Whether it is as Mara wants it."""
        if self.found != (self.fails,):
            return False
        return self.went_on if self.fails else self.returned == receipt(self.order)


def receipt(order: str) -> str:
    """What ``pay`` returns."""
    return f"paid: {order}"


def orders(facts: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Numbers of orders, and whether the bank refuses."""
    first = facts["seed"] % 9000 + 1000
    return [(f"o-{first}", False), (f"o-{first + 7}", True), (f"o-{first + 8}", False)]


@contextmanager
def recorder(lab: Lab) -> Iterator[tuple[Any, Any]]:
    """A recorder of the SDK and the daemon to which it sends."""
    from aws_xray_sdk.core.recorder import AWSXRayRecorder

    said = logging.getLogger("aws_xray_sdk")
    level = said.level
    said.setLevel(logging.CRITICAL)
    try:
        with lab.xray_daemon(0) as daemon:
            made = AWSXRayRecorder()
            made.configure(
                sampling=False, service="shop", daemon_address="{}:{}".format(*daemon.address)
            )
            try:
                yield made, daemon
            finally:
                made.clear_trace_entities()
                made.emitter._socket.close()
    finally:
        said.setLevel(level)


class Records(Check):
    """See the head of this file."""

    title = "three orders, found by their number"
    points = 3
    hints = (
        "Two things can be put on a segment. Which of them does a search look at?",
        "`with recorder.in_segment(...) as segment` ends the segment and notes an error on the "
        "way out; `segment.put_annotation(key, value)`, and only letters, digits and _ in the key.",
        'with recorder.in_segment("checkout") as segment: segment.put_____("____", order); '
        "return pay(order)",
    )
    alternatives = (
        "`put_metadata` keeps anything and is never searched.",
        "A key with a dash is passed over by the SDK, with one line in its log.",
        "`begin_segment` without `end_segment` in a `finally` never sends the segment of an order "
        "that failed, the one that was wanted.",
    )
    cell = "record"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The newest function that was handed in."""
        built = f"`{_NAME}(recorder, order, pay)`"
        return Attempted(built) if _NAME in bench.delivered else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nothing was handed in."""
        return NotAttempted(
            "No function has been handed in yet.",
            start=f"the cell with `@ex.deliver` above `def {_NAME}(recorder, order, pay)`.",
        )

    def means(self, code: str) -> str:
        """Errors, in this world."""
        return {
            "SegmentNotFoundException": "Nothing is open to which this could belong: the segment "
            "begins with `recorder.in_segment(...)` or `begin_segment`, and has ended already "
            "or not begun.",
            "AttributeError": "The SDK hands out None for what has nothing to belong to: nothing "
            "is open here. A subsegment needs a segment around it.",
        }.get(code, "")

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Three orders."""
        function, facts = bench.delivered[_NAME], bench.facts
        world = bench.fresh()
        with recorder(world) as (made, daemon):
            ran = [_run(bench, world, function, made, *one) for one in orders(facts)]
            made.clear_trace_entities()
            world.advance(seconds=2)
            received = daemon.counters.received
        done = [Done(*one, _search(world, facts["key"], one[0])) for one in ran]
        figure = picture(done, facts["key"])
        wrong = next((one for one in done if not one.good), None)
        if wrong is None:
            return Passed(
                f"{len(done)} orders, each found by its number; the one that failed is a fault.",
                why="An annotation is indexed: filter expressions find it. The `with` ends the "
                "segment whatever happens, notes the exception on the way out and lets it go on.",
                built=attempted.built,
                cost="nothing besides the trace; 50 annotations of a trace are indexed.",
                alternative="`begin_segment` and `end_segment` by hand, the latter in a "
                "`finally`, with `add_exception` between. New work begins with OpenTelemetry.",
                figure=figure,
            )
        happened, question = _told(wrong, facts["key"], received)
        good = sum(one.good for one in done)
        return NotYet(
            f"{good} of {len(done)} orders as Mara wants them.", attempted.built,
            f"order {wrong.order}, {'refused by' if wrong.fails else 'taken by'} the bank.",
            happened, question, figure,
        )  # fmt: skip


def _run(
    bench: Bench, world: Lab, function: Callable[..., Any], made: Any, order: str, fails: bool
) -> tuple[str, bool, Any, bool]:
    def pay(asked: str) -> str:
        """The bank."""
        if fails:
            raise Refused(f"the bank refused {asked}")
        return receipt(asked)

    returned, went_on = None, False
    with bench.calling(world, function):
        try:
            returned = function(made, order, pay)
        except Refused:
            went_on = True
    return order, fails, returned, went_on


def _search(world: Lab, key: str, order: str) -> tuple[bool, ...]:
    """Whether each trace found by a number has a fault."""
    answer = world.client("xray").get_trace_summaries(
        StartTime=world.now - timedelta(minutes=5), EndTime=world.now + timedelta(minutes=1),
        TimeRangeType="Event", FilterExpression=f'annotation.{key} = "{order}"',
    )  # fmt: skip
    return tuple(bool(one["HasFault"]) for one in answer["TraceSummaries"])


def _told(one: Done, key: str, received: int) -> tuple[str, str]:
    if not one.found:
        if not received:
            return (
                "Nothing has come to the daemon at all.",
                "When does the SDK send a segment?",
            )
        return (
            f'`annotation.{key} = "{one.order}"` finds 0 traces; {count(received, "segment")} came '
            "to the daemon.",
            "Which of the things on a segment does a search look at, and which letters may its "
            "key have?" if not one.fails else
            "What becomes of a segment, and of what is put on it, when the payment raises?",
        )  # fmt: skip
    if len(one.found) > 1:
        return (
            f"The number finds {len(one.found)} traces.",
            "How many segments does one order need?",
        )
    if one.fails and not one.went_on:
        return (
            f"`{_NAME}` came back with {one.returned!r}, and the caller believes that it was paid.",
            "Who besides X-Ray has to hear of the error?",
        )
    if one.fails:
        return (
            "Its trace is found, and X-Ray calls it a success: no fault.",
            "How does a segment learn that what ran inside of it failed?",
        )
    if one.found[0]:
        return "Its trace says fault, and it was paid.", "What marks a segment as a fault?"
    return (
        f"`{_NAME}` returned {one.returned!r}, and `pay` had returned {receipt(one.order)!r}.",
        "What does the caller of the checkout wait for?",
    )


def picture(done: list[Done], key: str) -> Drawing:
    """Order by order."""
    columns = ["order", "the bank", f"traces by annotation.{key}", "fault", ""]
    rows = [
        [one.order, "refuses" if one.fails else "takes it", str(len(one.found)),
         "yes" if any(one.found) else "no", "✓" if one.good else "✗"]
        for one in done
    ]  # fmt: skip
    good = sum(one.good for one in done)
    title = f"{good} of {len(done)} orders as Mara wants them"
    body = html.card(title, html.table(columns, rows, right=(2,)), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"good": good}, body=body)
