"""``relevantfields [fields] where condition``: what sets some events apart from the others.

Theory of operation. For each field the values of the events that meet the condition are compared
with those of the events that do not. A field of numbers scores the largest distance between the
two cumulative distributions (Kolmogorov and Smirnov's), any other field half the sum of the
differences of the shares (total variation). Both are 0 when nothing differs and 1 when nothing is
shared. A value that came once says nothing (a request's id would else be the most relevant field
of all), so such values count as one. AWS's own score is not documented.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.compiling import Compiler
from labkit.logs.engine.ql.discovery import fields_of
from labkit.logs.engine.ql.values import numeric

if TYPE_CHECKING:
    import pyarrow as pa
    from lark import Tree

    from labkit.logs.engine.ql.reading_commands import Reader
    from labkit.logs.engine.ql.running import Run

#: Fields that are looked at when none is named, and events in which they are looked for.
MOST_FIELDS, SAMPLE = 100, 1_000

#: A field is one of numbers when it has more different ones than this.
FEW = 10

#: Values that are told of a field.
TOLD = 5


@dataclass(frozen=True, slots=True)
class RelevantFields(plan.Command):
    """``relevantfields``."""

    fields: tuple[plan.Name, ...]
    condition: plan.Expr
    closes: ClassVar[bool] = True

    def __str__(self) -> str:
        names = ", ".join(name.text for name in self.fields)
        return f"relevantfields {names + ' ' if names else ''}where {self.condition.text}"

    @property
    def asked(self) -> set[str]:
        """The names in the condition, which would explain themselves."""
        return {v.name for v in plan.walk(self.condition) if isinstance(v, plan.Name)}


def read(reader: Reader, tree: Tree[Any]) -> RelevantFields:
    """The plan of the rule."""
    *names, condition = [child for child in tree.children if child is not None]
    return RelevantFields(
        tuple(map(reader.name, names)), reader.expr(condition), span=reader.span(tree)
    )


@dataclass(frozen=True, slots=True)
class Relevance:
    """A row of the answer."""

    field: str
    score: float
    contributors: str | None = None
    met_median: float | None = None
    other_median: float | None = None


def relevance(field: str, counts: Sequence[tuple[str | None, int, int]]) -> Relevance:
    """How far a field sets the events apart.

    Parameters
    ----------
    field:
        Its name.
    counts:
        For each value (None: the field is missing): how many events with it meet the condition,
        and how many do not.
    """
    numbers = [
        (number, met, other)
        for value, met, other in counts
        if value is not None and (number := numeric(value)) is not None
    ]
    known = sum(1 for value, _, _ in counts if value is not None)
    if len(numbers) > FEW and len(numbers) >= 0.9 * known:
        return _of_numbers(field, sorted(numbers))
    return _of_values(field, counts)


def _of_numbers(field: str, numbers: Sequence[tuple[float, int, int]]) -> Relevance:
    met_all = sum(met for _, met, _ in numbers)
    other_all = sum(other for _, _, other in numbers)
    if not met_all or not other_all:
        return Relevance(field, 0.0)
    met_sum = other_sum = 0
    score = 0.0
    medians: list[float | None] = [None, None]
    for number, met, other in numbers:
        met_sum, other_sum = met_sum + met, other_sum + other
        score = max(score, abs(met_sum / met_all - other_sum / other_all))
        for place, (count, all_of_them) in enumerate(((met_sum, met_all), (other_sum, other_all))):
            if medians[place] is None and 2 * count >= all_of_them:
                medians[place] = number
    return Relevance(field, round(score, 4), None, *medians)


def _of_values(field: str, counts: Sequence[tuple[str | None, int, int]]) -> Relevance:
    met_all = sum(met for _, met, _ in counts)
    other_all = sum(other for _, _, other in counts)
    if not met_all or not other_all:
        return Relevance(field, 0.0)
    shares: dict[str | None, list[float]] = {}
    rare = [0.0, 0.0]
    for value, met, other in counts:
        if value is not None and met + other == 1:
            rare[0] += met / met_all
            rare[1] += other / other_all
        else:
            shares[value] = [met / met_all, other / other_all]
    distance = sum(abs(a - b) for a, b in [*shares.values(), rare]) / 2
    ranked = sorted(shares.items(), key=lambda item: (-abs(item[1][0] - item[1][1]), item[0] or ""))
    told = [
        {"value": value, "conditional": round(a, 4), "baseline": round(b, 4)}
        for value, (a, b) in ranked[:TOLD]
        if value is not None and a != b
    ]
    return Relevance(field, round(min(1.0, distance), 4), json.dumps(told) if told else None)


def relevant(
    run: Run, before: Sequence[plan.Command], command: RelevantFields
) -> tuple[dict[str, list[Any]], int]:
    """The rows of the answer, and how many events were compared."""
    moment = run.moment
    names = [name.name for name in command.fields]
    if not names:
        looked = run.looked(run.query.source, moment.start_ms, moment.end_ms)
        names = _fields_in(looked.table)
    names = [name for name in names if name not in command.asked]
    base, has = run.events(run.query.source, moment.start_ms, moment.end_ms)
    compiler = Compiler(moment, base, has=has)
    run.add_subqueries(compiler, [*before, command])
    compiler.begin([*before, command], names)
    run.add_commands(compiler, before)
    met = f"coalesce({compiler.value(command.condition).condition}, FALSE)"
    found, matched = [], 0
    for name in names:
        text = compiler.named(name, command.span).shown
        counts = run.fetch(
            compiler.with_links(
                f"SELECT {text} AS v, count(*) FILTER (WHERE {met}), "
                f"count(*) FILTER (WHERE NOT {met}) FROM {compiler.at} GROUP BY 1 ORDER BY 1"
            ),
            False,
        )
        matched = sum(met_count + other for _, met_count, other in counts)
        found.append(relevance(name, counts))
    found.sort(key=lambda row: (-row.score, row.field))
    return {
        "@fieldName": [row.field for row in found],
        "@relevanceScore": [row.score for row in found],
        "@topRelevanceContributors": [row.contributors for row in found],
        "@conditionalMedian": [row.met_median for row in found],
        "@baselineMedian": [row.other_median for row in found],
    }, matched


def _fields_in(table: pa.Table) -> list[str]:
    """The fields that the first events have, the stream among them."""
    found: dict[str, None] = {"@logStream": None}
    head = table.slice(0, SAMPLE)
    for message, log in zip(
        head.column("seen" if "seen" in head.column_names else "msg").to_pylist(),
        head.column("log").to_pylist(),
        strict=True,
    ):
        found.update(dict.fromkeys(fields_of(message, log)))
    return list(found)[:MOST_FIELDS]
