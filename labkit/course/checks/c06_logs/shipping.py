"""Check 2: a shipper that loses nothing that CloudWatch would take, and says what it lost.

It is played in a fresh world, and judged by what can be read there afterwards: each line once, in
its machine's stream, at the time at which it happened.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.course.bench import Bench
from labkit.course.blame import LearnerError, words_of
from labkit.course.checks.c06_logs import feed
from labkit.course.checks.c06_logs.feed import GROUP, MINUTE_MS, Batch, Line
from labkit.course.outcomes import Attempted, NotAttempted, NotYet, Outcome, Passed
from labkit.course.task import Check
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.timeaxis import clock_text
from labkit.views.wording import count, cut, joined, number

NAME = "ship"
_STREAM = re.compile(r'"logStreamName": ?"([^"]*)"')
#: How far from its own time a line may stand.
_NEAR_MS = MINUTE_MS


@dataclass
class Shipped:
    """What a shipper did with some batches.

    Parameters
    ----------
    lines:
        What it got.
    found:
        Text -> (stream, milliseconds) of each time it lies in the group.
    told:
        What its calls returned.
    calls:
        The stream of each of its calls of PutLogEvents.
    errors:
        (number of the batch, error) where a call of it ended in one.
    """

    lines: list[Line]
    found: dict[str, list[tuple[str, int]]]
    told: list[Any]
    calls: list[str]
    errors: list[tuple[int, LearnerError]] = field(default_factory=list)

    @property
    def lost(self) -> list[Line]:
        """Lines that CloudWatch would have taken, and that are not there."""
        return [one for one in self.lines if one.takeable and one.text not in self.found]

    @property
    def impossible(self) -> int:
        """How many lines nobody could have shipped."""
        return sum(not one.takeable for one in self.lines)

    def place(self, line: Line) -> tuple[str, int]:
        """Where a line lies: its stream and time."""
        return self.found[line.text][0]


def play(
    world: Lab, batches: Sequence[Batch], call: Callable[[list[dict[str, Any]]], Any], go_on: bool
) -> Shipped:
    """Give batches to a shipper, one after the other, and read the group.

    Parameters
    ----------
    world:
        Where; its clock moves.
    batches:
        What the shipper gets.
    call:
        Calls it, in the world.
    go_on:
        Whether an error costs the batch alone; else it is raised.
    """
    shipped = Shipped([one for batch in batches for one in batch.lines], {}, [], [])
    before = len(world.world.journal)
    for number_, batch in enumerate(batches):
        world.run_until(batch.received)
        try:
            shipped.told.append(call(batch.copies()))
        except LearnerError as problem:
            if not go_on:
                raise
            shipped.errors.append((number_, problem))
    entries = list(world.world.journal)[before:]
    shipped.calls = [_stream(e.params) for e in entries if e.name == "logs:PutLogEvents"]
    found = defaultdict(list)
    pages = world.client("logs").get_paginator("filter_log_events").paginate(logGroupName=GROUP)
    for page in pages:
        for event in page["events"]:
            found[event["message"]].append((event["logStreamName"], event["timestamp"]))
    shipped.found = dict(found)
    return shipped


def _stream(params: str) -> str:
    found = _STREAM.search(params)
    return found[1] if found else ""


def machines(shipped: Shipped, title: str, notes: Sequence[str] = ()) -> Drawing:
    """Each machine: what it wrote, what arrived, what is not where it belongs; notes below."""
    columns = ["machine", "lines", "arrived", "lost", "too old", "wrong time"]
    rows = []
    for machine in sorted({one.machine for one in shipped.lines}):
        mine = [one for one in shipped.lines if one.machine == machine]
        there = [one for one in mine if one.text in shipped.found]
        off = sum(abs(shipped.place(one)[1] - one.true_ms) > _NEAR_MS for one in there)
        lost = sum(one.takeable for one in mine) - sum(one.takeable for one in there)
        old = sum(not one.takeable for one in mine)
        rows.append([machine, *map(number, (len(mine), len(there), lost, old, off))])
    data = {"machines": {row[0]: row[1:] for row in rows}}
    table = html.table(columns, rows, right=(1, 2, 3, 4, 5))
    body = html.card(title, table, *map(html.note, notes), alt=title)
    told = [title, text.table(columns, rows), *notes]
    return Drawing(title, "\n".join(told), data, body=body)


def finding(shipped: Shipped) -> str:
    """What became of the lines, in one sentence."""
    possible = len(shipped.lines) - shipped.impossible
    lost = len(shipped.lost)
    return f"{number(possible - lost)} of {number(possible)} lines arrived"


class Ships(Check):
    """See the head of this file."""

    title = "eight batches of an unseen night: every line that can arrive arrives"
    points = 4
    hints = (
        "Mend what `ex.play` names and play again: another rule of a batch comes up behind it. At "
        "last no call ends in an error, and one machine has no line. What did PutLogEvents answer "
        "for that machine?",
        "Per machine: put the clock right, sort by time, and cut: 24 hours, 10,000 events, "
        "1,048,576 bytes (UTF-8, and 26 for each event). `rejectedLogEventsInfo` says the rest: "
        "`tooNewLogEventStartIndex`, and the larger of `tooOldLogEventEndIndex` and "
        "`expiredLogEventEndIndex`, are places in the batch that you sent.",
        "for event in sorted(events, key=...):\n    size = len(event['message'].encode()) + 26\n"
        "    if batch and (event['timestamp'] - batch[0]['timestamp'] > ____ or len(batch) == "
        "10_000 or bytes_ + size > 1_048_576): send(batch), begin a new one",
    )
    alternatives = (
        "Stamping everything with now, or with min(at, now), takes every line and loses their "
        "order: `paid` before `in the cart`.",
        "`except: pass` around the call is what Tomas had in spring. It ships the same lines.",
        "One call a line meets no limit of a batch, and the limit on calls instead.",
    )
    cell = "ship"

    def attempt(self, bench: Bench) -> Attempted | None:
        """The newest function that was handed in."""
        return Attempted(f"`{NAME}(lines)`") if _function(bench) else None

    def untouched(self, bench: Bench) -> NotAttempted:
        """Nothing was handed in."""
        return NotAttempted(
            "No shipper has been handed in yet.",
            start="`ex.play(ship_today)`, which plays six calls to the one that runs today; then "
            "the cell with `@ex.deliver` above `def ship(lines)`.",
        )

    def means(self, code: str) -> str:
        """What AWS's errors mean here."""
        return _MEANS.get(code, "")

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Play the night, read the group."""
        world, function = bench.fresh(), _function(bench)
        start = world.now.replace(hour=23, minute=0)
        batches = feed.unseen(bench.facts, start)

        def call(lines: list[dict[str, Any]]) -> Any:
            with bench.calling(world, function):
                return function(lines)

        shipped = play(world, batches, call, go_on=False)
        played = (
            f"{len(batches)} calls from 23:10 to 00:20, {number(len(shipped.lines))} lines of "
            f"{len({one.machine for one in shipped.lines})} machines"
        )
        figure = machines(shipped, finding(shipped))
        wrong = _wrong(shipped, bench.facts)
        if wrong is not None:
            return NotYet(f"{finding(shipped)}.", attempted.built, played, *wrong, figure)
        told = _told(shipped)
        if isinstance(told, str):
            return NotYet(
                f"{finding(shipped)}, and the lost ones are not told.", attempted.built, played,
                told, "Where does PutLogEvents say how many lines of a batch it did not take, and "
                "for which three reasons?", figure,
            )  # fmt: skip
        return _passed(shipped, attempted, figure)


def _function(bench: Bench) -> Any:
    return bench.delivered.get(NAME)


def _wrong(shipped: Shipped, facts: Mapping[str, Any]) -> tuple[str, str] | None:
    """What happened and the question; None when every line is where it belongs."""
    lost = Counter((one.kind, one.machine) for one in shipped.lost)
    if lost:
        (kind, machine), n = lost.most_common(1)[0]
        if machine not in shipped.calls:
            return (
                f"{machine} wrote {count(n, 'line')}, and no call of yours names its stream.",
                f"CloudWatch would take them if it were asked: what is wrong with {machine}?",
            )
        if kind == feed.AHEAD:
            return (
                f"{machine}'s {count(n, 'line')}: PutLogEvents answered 200, and its "
                "rejectedLogEventsInfo said tooNewLogEventStartIndex. Nobody read it; the lines "
                "are gone.",
                f"What time was it really when {machine} wrote them?",
            )
        one = next(o for o in shipped.lost if (o.kind, o.machine) == (kind, machine))
        return (
            f"{machine} lost {count(n, 'line')}, the first is `{cut(one.text.splitlines()[0], 60)}`"
            ". CloudWatch would have taken them.",
            "Which lines of a batch leave your function, and in how many calls?",
        )
    twice = [one for one in shipped.lines if len(shipped.found.get(one.text, ())) > 1]
    if twice:
        return (
            f"{count(len(twice), 'line')} lie there more than once, such as "
            f"`{cut(twice[0].text.splitlines()[0], 60)}`.",
            "What had arrived already when you sent the rest again?",
        )
    there = [one for one in shipped.lines if one.text in shipped.found]
    astray = [one for one in there if shipped.place(one)[0] != one.machine]
    if astray:
        return (
            f"A line of {astray[0].machine} lies in the stream {shipped.place(astray[0])[0]}.",
            "Who is one stream for?",
        )
    return _misplaced(shipped, there)


def _misplaced(shipped: Shipped, there: Sequence[Line]) -> tuple[str, str] | None:
    """Lines that do not stand at their time."""
    off = [one for one in there if abs(shipped.place(one)[1] - one.true_ms) > _NEAR_MS]
    if not off:
        return None
    told = f"{count(len(off), 'line')} do not stand at the time at which they happened"
    orders: dict[str, dict[int, int]] = defaultdict(dict)
    for one in there:
        if one.order is not None:
            orders[one.order[0]][one.order[1]] = shipped.place(one)[1]
    for name, steps in sorted(orders.items()):
        if len(steps) == 3 and steps[1] < steps[0] - 1_000:
            return (
                f"{told}. Order {name}: `paid` stands at {_clock(steps[1])}, `in the cart` at "
                f"{_clock(steps[0])}: payment before cart.",
                "Which clock tells when a line happened, and which one is wrong by how much?",
            )
    one = off[0]
    return (
        f"{told}: `{cut(one.text.splitlines()[0], 50)}` of {one.machine} stands at "
        f"{_clock(shipped.place(one)[1])} and happened at {_clock(one.true_ms)}.",
        "Which clock tells when a line happened, and which one is wrong by how much?",
    )


def _clock(at_ms: int) -> str:
    return clock_text(at_ms // 1000 * 1_000_000)


def _number(told: Any) -> int | None:
    """What a call of a shipper returned, as a number; the lines themselves will do."""
    if isinstance(told, list | tuple | set):
        return len(told)
    return None if isinstance(told, bool) or not isinstance(told, int) else told


def _told(shipped: Shipped) -> int | str:
    """How many lost lines the shipper told of; what is wrong with it, when it is not that many."""
    told = [_number(one) for one in shipped.told]
    lost = shipped.impossible
    if None in told:
        returned = shipped.told[told.index(None)]
        return (
            f"{count(lost, 'line')} were too old for CloudWatch, and nobody was told: your "
            f"function returned {type(returned).__name__}."
        )
    total = sum(one for one in told if one is not None)
    if total != lost:
        return f"{count(lost, 'line')} were too old for CloudWatch, your function told of {total}."
    return total


def _passed(shipped: Shipped, attempted: Attempted, figure: Drawing) -> Passed:
    machines_, remarks = len({one.machine for one in shipped.lines}), []
    if len(shipped.calls) > 12 * machines_:
        remarks.append(
            f"{number(len(shipped.calls))} calls for {number(len(shipped.lines))} lines: "
            "PutLogEvents is throttled by calls a second, and takes 10,000 lines in one."
        )
    return Passed(
        f"{finding(shipped)}, each once and at its time; {shipped.impossible} were too old, and "
        "you said so.",
        why="A batch is one stream's, in order, within 24 hours, 10,000 events and 1 MB; whatever "
        "breaks one of these is refused as a whole, with an error. Single lines that are too new "
        "or too old are passed over with a 200, and only rejectedLogEventsInfo says so.",
        built=attempted.built,
        cost="calls of PutLogEvents are free; a GB that comes in costs $0.50.",
        alternative="the CloudWatch agent sorts, cuts and retries by itself; a wrong clock it "
        "believes as well.",
        remarks=tuple(remarks),
        figure=figure,
    )


def played_here(function: Callable[..., Any], shipped: Shipped) -> Drawing:
    """What ``ex.play`` shows: the table, and which calls ended in an error."""
    errors: dict[str, list[str]] = defaultdict(list)
    for n, problem in shipped.errors:
        errors[cut(words_of(problem.original), 200)].append(str(n))
    notes = [
        f"call{'s' if len(which) > 1 else ''} {joined(which)} ended in an error: {words}"
        for words, which in errors.items()
    ]
    told = [one for one in map(_number, shipped.told) if one is not None]
    what = f"returned {sum(told)} in all" if told else "returned no number of lines not taken"
    notes.append(f"{function.__name__} {what}")
    return machines(shipped, f"{finding(shipped)}: {function.__name__}", notes)


_MEANS = {
    "InvalidParameterException": "PutLogEvents refused a whole batch, every line of it. The "
    "sentence behind the code says which of the rules of a batch it broke.",
    "ParamValidationError": "boto3 refused the call before it left: a batch has to have at least "
    "one event, and each event a text and a whole number of milliseconds.",
    "ResourceNotFoundException": "There is no such stream: the machine's name is the stream's.",
}
