"""Check 1: three bad quarters of an hour, and whom the learner's function names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.course.bench import Bench
from labkit.course.checks.c13_xray_service_graph.cases import Case, cases, play
from labkit.course.delivering import Delivers
from labkit.course.outcomes import Attempted, NotYet, Outcome, Passed
from labkit.lab import Lab
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.xray.engine.service_graph import ServiceGraph

KINDS = ("slow", "failing", "throttled", "lost")


class Guilty(Delivers):
    """The service, and what is wrong with it."""

    title = "who is guilty, and of what, in three cases that you have not seen"
    points = 5
    name, takes = "guilty", "quiet, start, end"
    tryout = "`ex.known` has a night whose answer is known."
    cell = "guilty"
    hints = (
        "Which node is red, or slow, although none of those whom it calls is?",
        "A node's statistics are its own word, an edge's are its caller's. Own time: the node's "
        "TotalResponseTime without that of its edges. Lost: the TotalResponseTime of the edges "
        "into it without the node's. Compare all of it with the quiet time, per request.",
        'own = node["SummaryStatistics"]["TotalResponseTime"] - sum(e["SummaryStatistics"]["____"] '
        'for e in node["Edges"] if e.get("EdgeType") != "link"); a node is guilty of failing when '
        "its bad share has grown and that of nobody in its ____ has.",
    )
    alternatives = (
        "The slowest node is often the most patient one: it waits for others.",
        "The reddest node may pass on what it was told; faults are inherited upwards.",
        "What a caller waits is not what the callee takes: a retry lies between them.",
    )

    def judge(self, bench: Bench, attempted: Attempted) -> Outcome:
        """Ask about each of the three."""
        function = bench.delivered[self.name]
        lab = Lab(bench.lab.seed + 131, bench.lab.start, active=False)
        try:
            told = cases(lab, *unseen(bench.facts))
            play(lab, told)
            said = []
            for case in told:
                with bench.calling(lab, function):
                    said.append(function(case.quiet, case.start, case.end))
            graphs = [lab.xray.service_graph(case.start, case.end) for case in told]
        finally:
            lab.close()
        wrong = [_wrong(*one) for one in zip(told, said, graphs, strict=True)]
        good = sum(one is None for one in wrong)
        figure = picture(told, said, wrong)
        finding = f"{good} of {len(told)} cases are explained."
        for case, problem in zip(told, wrong, strict=True):
            if problem is not None:
                return NotYet(finding, attempted.built, case.name, *problem, figure)
        return Passed(
            finding,
            why="A node tells its own side, an edge its caller's. Faults and waiting climb "
            "upwards; guilty is the deepest node that has changed against the quiet time.",
            built=attempted.built,
            cost="traces that a query looks through cost $0.50 a million, after the first million "
            "of a month.",
            alternative="the root causes of GetTraceSummaries name the deepest exception as well; "
            "they say nothing about a slow table.",
            remarks=("Shares, not counts: only sampled requests are in the graph.",),
            figure=figure,
        )


def unseen(facts: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """A table, a call that gets lost, and somebody outside, in an order that the seed shuffles."""
    number = int(facts["seed"])
    table = ("catalogue", "cart")[number % 2]
    found = [
        ("slow_table", table, 40.0),
        ("throttled_table", ("cart", "catalogue")[number % 2], 50.0),
        ("retry_storm", "cart", 40.0),
        ("timeouts", "payment", 60.0),
    ]
    del found[(0, 3)[number // 2 % 2]]
    turn = number // 4 % 3
    return found[turn:] + found[:turn]


def _wrong(case: Case, answer: Any, graph: ServiceGraph) -> tuple[str, str] | None:
    """What happened and the question; None when the answer is right."""
    if not isinstance(answer, Mapping) or not {"service", "kind"} <= set(answer):
        return (
            f"`guilty` returned {type(answer).__name__}, without `service` or `kind`.",
            "Which two things does the ticket ask for?",
        )
    name, kind = str(answer["service"]), str(answer["kind"])
    if kind not in KINDS:
        return (
            f"You call it {kind!r}.",
            f"Which of {', '.join(KINDS)} is it?",
        )
    if name in case.guilty:
        return None if kind == case.kind else _other_kind(case, name, kind, graph)
    place = graph.find(name)
    if place is None:
        return (f"You name {name!r}; nobody of that name was seen.", "How is a node called?")
    return _other_node(case, name, kind, place, graph)


def _other_kind(case: Case, name: str, kind: str, graph: ServiceGraph) -> tuple[str, str]:
    said = f"You say that {name} is {kind}."
    if case.kind == "lost":
        node, waits = _figures(graph, case.target)
        return (
            f"{said} {case.target} answers in {node:,.0f} ms; its callers wait {waits:,.0f} ms.",
            "Whose word is an edge, and whose a node?",
        )
    if case.kind == "throttled":
        return (
            f"{said} Its statistics count refusals for too many requests, and no fault.",
            "In which of its statistics does a 429 stand?",
        )
    if case.kind == "slow":
        return (f"{said} All its answers were good.", "What has changed against the quiet time?")
    return (f"{said} It did not answer at all, again and again.",
            "How did those requests end?")  # fmt: skip


def _other_node(
    case: Case, name: str, kind: str, place: int, graph: ServiceGraph
) -> tuple[str, str]:
    node = graph.nodes[place]
    total = sum(seconds * count for seconds, count in node.times)
    many = sum(count for _, count in node.times) or 1
    waits = sum(
        seconds * count
        for edge in graph.out(place) if not edge.asynchronous
        for seconds, count in edge.times
    )  # fmt: skip
    if kind in ("slow", "lost") and waits > 0:
        share = min(100, round(100 * waits / total)) if total else 0
        return (
            f"You name {name}: it answers in {1000 * total / many:,.0f} ms, and {share} % of that "
            "is waiting for others.",
            "What part of a node's time is its own?",
        )
    if _leads(graph, place, case.guilty[0]):
        return (
            f"You name {name}. It calls somebody who has become worse as well, and passes that on.",
            "Which node is red although none of its callees is?",
        )
    return (
        f"You name {name}. It was in those minutes as it was in the quiet ones before.",
        "Who has changed against the quiet time?",
    )


def _leads(graph: ServiceGraph, place: int, name: str) -> bool:
    """Whether calls go from a node to one of that name, straight or through others."""
    seen, ahead = {place}, [place]
    while ahead:
        for edge in graph.out(ahead.pop()):
            if edge.target not in seen and not edge.asynchronous:
                seen.add(edge.target)
                ahead.append(edge.target)
    return any(graph.nodes[one].name == name for one in seen - {place})


def _figures(graph: ServiceGraph, name: str) -> tuple[float, float]:
    """What a node says it takes and what its callers wait, in ms on average."""
    place = graph.find(name)
    if place is None:
        return 0.0, 0.0
    into = [pair for edge in graph.into(place) for pair in edge.times]
    return _average(graph.nodes[place].times), _average(into)


def _average(times: Any) -> float:
    many = sum(count for _, count in times) or 1
    return 1000 * sum(seconds * count for seconds, count in times) / many


def picture(told: list[Case], said: list[Any], wrong: list[Any]) -> Drawing:
    """The cases, and what was said of each; what it was only where it was found."""
    title = f"{sum(one is None for one in wrong)} of {len(told)} cases explained"
    columns = ["bad time (UTC)", "you name", "you say", "it was", ""]
    rows = []
    for case, answer, problem in zip(told, said, wrong, strict=True):
        fields = answer if isinstance(answer, Mapping) else {}
        right = problem is None
        rows.append([
            f"{case.start:%H:%M} to {case.end:%H:%M}", str(fields.get("service", "nobody")),
            str(fields.get("kind", "nothing")),
            f"{case.guilty[0]}, {case.kind}" if right else "something else",
            "\u2713" if right else "\u2717",
        ])  # fmt: skip
    body = html.card(title, html.table(columns, rows), alt=title)
    return Drawing(title, f"{title}\n{text.table(columns, rows)}", {"rows": rows}, body=body)
