"""Check 2: three outages, each with its node, the event that did it, and the person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.course import gameday
from labkit.course.bench import Bench
from labkit.course.checks.c17_incident_day.cases import (
    HALF,
    MINUTE,
    UNSURE,
    Case,
    cases,
    change,
    plan,
    records,
)
from labkit.course.delivering import Delivers
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.views import html, text
from labkit.views.drawing import Drawing

_Record = Mapping[str, Any]


class Explains(Delivers):
    """Node, event, person."""

    title = "three outages explained: the node, the event, the person"
    points = 4
    name, takes = "explain", "quiet, start, end"
    tryout = "`ex.known` has an outage whose answer you know."
    cell = "explain"
    hints = (
        "What does a fault say of its own cause? And when a shop began to fail at 10:22, which "
        "of the calls on its record can have done it?",
        "`FaultRootCauses` of the traces that `service() { fault }` finds: the deepest service, "
        "counted, less what is usual in the quiet minutes. Then `lookup_events`, `ReadOnly` false: "
        "the newest without an errorCode, about what the node stands on, not after the first bad "
        "minute. A session's person is the last part of its ARN.",
        'change = [r for r in records if "errorCode" not in r and ex.stands_on[____] in '
        'json.dumps(r["requestParameters"]) and r["eventTime"] <= ____][-1]',
    )
    alternatives = (
        "The last change before it began is mostly another one's.",
        "The first fault of the bad time may be one of those that happen every day.",
        "`userIdentity.userName` is not there when a role was worn.",
    )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Ask about all three."""
        function = bench.delivered[self.name]
        world = bench.fresh()
        group = bench.handles["stands_on"][gameday.DATABASE]
        told = cases(world, bench.facts, group, 2 * HALF + 4 * MINUTE)
        for case in told:
            plan(world, case)
            case.cause.end(world, "chiara", case.end)
        world.run_until(told[-1].end + MINUTE)
        everything = records(world, told[0].quiet, told[-1].end)
        said, wrong = [], []
        for case in told:
            with bench.calling(world, function):
                answer = function(case.quiet, case.start - UNSURE, case.end)
            said.append(answer)
            truth = change(everything, case)
            wrong.append(_wrong(case, answer, truth, everything, bench.handles["stands_on"]))
        good = sum(one is None for one in wrong)
        finding = f"{good} of {len(told)} outages are explained."
        figure = picture(told, said, wrong, finding.rstrip("."))
        for case, problem in zip(told, wrong, strict=True):
            if problem is not None:
                return NotYet(finding, attempted.built, f"the outage of {case.name}", *problem,
                              figure)  # fmt: skip
        return Passed(
            finding,
            why="A fault carries its cause along, so the deepest service is the node at fault. "
            "The trail has who changed what it stands on; a change that came after the first bad "
            "minute, or was refused, did nothing.",
            built=attempted.built,
            cost="event history is free; traces that a query looks through cost $0.50 a million.",
            alternative="`get_service_graph` of both times, and the deepest node that became "
            "worse, as in exercise 13.",
            remarks=("CloudTrail hides a parameter's value; that it was changed it tells.",),
            figure=figure,
        )  # fmt: skip


def _wrong(
    case: Case, answer: Any, truth: _Record, told: Sequence[_Record], words: Mapping[str, str]
) -> tuple[str, str] | None:
    """What happened and the question; None when the answer is right."""
    if not isinstance(answer, Mapping) or not {"node", "event", "who"} <= set(answer):
        return (
            f"`explain` returned {type(answer).__name__}, without `node`, `event` or `who`.",
            "Which three things does Mara want to know?",
        )
    node = str(answer["node"])
    if node != case.cause.node:
        return (
            f"You say {node}. Most of the faults since {case.start:%H:%M} have another root "
            "cause, further down; who stands above it passes that on.",
            "What does a fault say of its own cause?",
        )
    if answer["event"] != truth["eventID"]:
        named = next((one for one in told if one["eventID"] == answer["event"]), None)
        return _wrong_event(case, str(answer["event"]), named, words[node])
    if str(answer["who"]) != case.person:
        role = " A role is worn by several." if "/" in case.who else ""
        return (
            f"You say {answer['who'] or 'nobody'} for {truth['eventName']} of "
            f"{case.start:%H:%M}.{role} The record's identity names a person.",
            "Whose name stands at the end of the ARN?",
        )
    return None


def _wrong_event(
    case: Case, event: str, named: _Record | None, word: str
) -> tuple[str, str]:  # fmt: skip
    if named is None:
        return (
            f"You name the event {event[:40]!r}; the trail has no such change between "
            f"{case.quiet:%H:%M} and {case.end:%H:%M}.",
            "Which field of a record is its name?",
        )
    at, name = named["eventTime"][11:16], named["eventName"]
    if "errorCode" in named:
        return (
            f"{name} of {at} was refused ({named['errorCode']}): it changed nothing.",
            "What stands in the record of a call that went well?",
        )
    if word not in json.dumps(named["requestParameters"]):
        return (
            f"{name} of {at} is about something else: its request says nothing of what "
            f"{case.cause.node} stands on.",
            "What did the call change, and who needs that?",
        )
    if named["eventTime"] > f"{case.start:%Y-%m-%dT%H:%M:%SZ}":
        return (
            f"{name} of {at} came when the shop had been failing since {case.start:%H:%M}; "
            "somebody tried to help.",
            "When was the first bad minute?",
        )
    return (
        f"{name} of {at} did no harm: after it the shop was well until {case.start:%H:%M}.",
        "What was changed last before the first bad minute?",
    )


def picture(told: list[Case], said: list[Any], wrong: list[Any], title: str) -> Drawing:
    """The cases, and what was said of each."""
    columns = ["outage (UTC)", "you say: node", "who", ""]
    rows = []
    for case, answer, problem in zip(told, said, wrong, strict=True):
        fields = answer if isinstance(answer, Mapping) else {}
        rows.append([
            f"{case.start:%H:%M} to {case.end:%H:%M}", str(fields.get("node", "nothing"))[:40],
            str(fields.get("who", ""))[:30], "\u2713" if problem is None else "\u2717",
        ])  # fmt: skip
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)
