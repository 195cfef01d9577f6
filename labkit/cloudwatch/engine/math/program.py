"""The queries of one request as a program: what refers to what, and with which period.

Queries may stand in any order. An expression is computed with the largest period among the metrics
that it is made of (and its own ``Period``, if that is larger): metrics of a shorter period are
*computed anew* with the larger one, not averaged, so a sum of sums stays a sum and a percentile a
percentile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.cloudwatch.engine import anomaly
from labkit.cloudwatch.engine.insights import Insights, is_insights, parse_insights
from labkit.cloudwatch.engine.math.frame import Frame, Leaf
from labkit.cloudwatch.engine.math.functions import FUNCTIONS
from labkit.cloudwatch.engine.math.grammar import parse
from labkit.cloudwatch.engine.math.tree import (
    Call,
    MathError,
    Name,
    Node,
    Number,
    Text,
)
from labkit.cloudwatch.engine.math.values import (
    Array,
    Dimensions,
    Metric,
    TimeSeries,
    Value,
    kind,
)
from labkit.cloudwatch.engine.samples import Samples
from labkit.cloudwatch.engine.search import parse_search
from labkit.cloudwatch.engine.statistics import StatisticError, parse_statistic

#: The period of what has none: a SEARCH or a TIME_SERIES without one.
DEFAULT_PERIOD = 300


class QueryError(ValueError):
    """A query that can't be answered, worded as AWS words it: ``Error in expression 'e1': ...``.

    Parameters
    ----------
    id_:
        The query's Id.
    problem:
        What is wrong with its expression.
    """

    def __init__(self, id_: str, problem: MathError) -> None:
        super().__init__(f"Error in expression '{id_}': {problem}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """The MetricStat of a query."""

    namespace: str
    name: str
    dimensions: Dimensions
    stat: str
    period: int
    unit: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """One query: a metric, an expression, or Metrics Insights SQL.

    Parameters
    ----------
    id, label, period, returned, account:
        As given; ``returned`` is ReturnData.
    metric, tree, insights:
        Exactly one of them.
    text:
        The expression as written.
    """

    id: str
    label: str | None
    period: int | None
    returned: bool
    account: str | None
    metric: MetricSpec | None = None
    tree: Node | None = None
    insights: Insights | None = None
    text: str = ""

    def calls(self, function: str) -> Iterator[Call]:
        """The calls of a function in its expression."""
        for node in self.tree.walk() if self.tree is not None else ():
            if isinstance(node, Call) and node.function == function:
                yield node


class Program:
    """The queries of a request, by Id, in their order.

    Parameters
    ----------
    raw:
        MetricDataQuery structures, as a client sends them.

    Raises
    ------
    QueryError
        For expressions that do not parse, names that nobody has, cycles, and results that are
        neither a series nor an array of series.
    """

    def __init__(self, raw: Sequence[Mapping[str, Any]]) -> None:
        self.queries: dict[str, Query] = {}
        for one in raw:
            self.queries[one["Id"]] = _query(one)
        self._refers = {id_: self._references(query) for id_, query in self.queries.items()}
        self._refuse_cycles()
        self._periods: dict[str, int] = {}
        #: Id -> type of its value, as AWS writes it: ``TS`` or ``TS[]``.
        self.kinds: dict[str, str] = {}
        self._refuse_types()

    # -- structure
    def _references(self, query: Query) -> tuple[str, ...]:
        if query.tree is None:
            return ()
        found: dict[str, None] = {}
        for node in query.tree.walk():
            if isinstance(node, Name):
                if node.name not in self.queries:
                    raise QueryError(
                        query.id,
                        MathError(f"Unknown Id '{node.name}': no query is called so", node.at),
                    )
                found[node.name] = None
            elif isinstance(node, Call) and node.function == "METRICS":
                texts = [one.text for one in node.arguments if isinstance(one, Text)]
                part = texts[0] if texts else ""
                found |= dict.fromkeys(
                    one.id
                    for one in self.queries.values()
                    if one.metric is not None and part in one.id
                )
        return tuple(found)

    def _refuse_cycles(self) -> None:
        done: set[str] = set()
        for root in self.queries:
            path: list[str] = []
            todo: list[tuple[str, bool]] = [(root, False)]
            while todo:
                id_, leaving = todo.pop()
                if leaving:
                    done.add(path.pop())
                    continue
                if id_ in done:
                    continue
                if id_ in path:
                    circle = " -> ".join([*path[path.index(id_) :], id_])
                    raise QueryError(id_, MathError(f"Circular reference: {circle}"))
                path.append(id_)
                todo.append((id_, True))
                todo += [(other, False) for other in reversed(self._refers[id_])]

    def _refuse_types(self) -> None:
        frame = Frame(self, _Nothing(self), np.zeros((1, 1), dtype=np.int64), 60_000_000)
        for query in self.queries.values():
            try:
                value = frame.value(query.id)
                self.kinds[query.id] = kind(value)
                if not isinstance(value, TimeSeries | Array):
                    raise MathError(_not_a_series(value))
            except QueryError:
                raise
            except MathError as problem:
                raise QueryError(query.id, problem) from problem

    def closure(self, id_: str) -> list[Query]:
        """The query and everything that it is made of."""
        found: dict[str, Query] = {}
        todo = [id_]
        while todo:
            one = todo.pop()
            if one not in found:
                found[one] = self.queries[one]
                todo += self._refers[one]
        return list(found.values())

    def meaning(self, id_: str) -> str:
        """What a query comes to, Ids replaced by what they stand for: equal for equal models."""
        query = self.queries[id_]
        if query.metric is not None:
            return f"({query.metric!r})"
        if query.tree is None:
            return f"({query.insights!r})"
        return _meaning(query.tree, self)

    def uses(self, id_: str, function: str) -> bool:
        """Whether a query, or what it is made of, calls a function."""
        return any(any(query.calls(function)) for query in self.closure(id_))

    def by_row(self, id_: str) -> bool:
        """Whether many rows can be computed at once (see :class:`Function`)."""
        names = {name for name, function in FUNCTIONS.items() if not function.by_row}
        return not any(self.uses(id_, name) for name in names)

    def period(self, id_: str) -> int:
        """The period in seconds that a query is computed with."""
        known = self._periods.get(id_)
        if known is None:
            known = max(self._periods_of(id_), default=0)
            if not known:  # TIME_SERIES(1): as the metrics beside it
                metrics = [one.metric.period for one in self.queries.values() if one.metric]
                known = max(metrics, default=DEFAULT_PERIOD)
            self._periods[id_] = known
        return known

    def _periods_of(self, id_: str) -> Iterator[int]:
        query = self.queries[id_]
        if query.metric is not None:
            yield query.metric.period
            return
        inside = [self.period(other) for other in self._refers[id_]]
        for call in query.calls("SEARCH"):
            given = call.arguments[2] if len(call.arguments) > 2 else None
            if isinstance(given, Number):
                inside.append(int(given.value))
        yield from inside
        if query.period is not None:
            yield query.period


def _meaning(node: Node, program: Program) -> str:
    if isinstance(node, Name):
        return program.meaning(node.name)
    inside = ", ".join(_meaning(child, program) for child in node.children())
    own = [getattr(node, name, "") for name in ("value", "text", "word", "function", "operator")]
    return f"{type(node).__name__}{own}({inside})"


def _query(raw: Mapping[str, Any]) -> Query:
    text = raw.get("Expression")
    common = (
        raw["Id"], raw.get("Label"), raw.get("Period"), raw.get("ReturnData") is not False,
        raw.get("AccountId"),
    )  # fmt: skip
    if text is None:
        asked = raw["MetricStat"]
        metric = asked["Metric"]
        dimensions = sorted((one["Name"], one["Value"]) for one in metric.get("Dimensions", ()))
        spec = MetricSpec(
            metric.get("Namespace", ""), metric.get("MetricName", ""), tuple(dimensions),
            asked["Stat"], asked["Period"], asked.get("Unit"),
        )  # fmt: skip
        return Query(*common, metric=spec)
    try:
        if is_insights(text):
            return Query(*common, insights=parse_insights(text), text=text)
        tree = parse(text)
        _check_calls(tree)
    except MathError as problem:
        raise QueryError(raw["Id"], problem) from problem
    return Query(*common, tree=tree, text=text)


def _check_calls(tree: Node) -> None:
    """Refuse what no data can make right: unknown functions, texts that are no searches."""
    for node in tree.walk():
        if not isinstance(node, Call):
            continue
        if node.function not in FUNCTIONS:
            raise MathError(f"Function '{node.function}' not found", node.at)
        if node.function != "SEARCH" or len(node.arguments) < 2:
            continue
        text, stat = node.arguments[:2]
        if isinstance(text, Text):
            try:
                parse_search(text.text)
            except MathError as problem:
                raise MathError(str(problem), text.at) from None
        if isinstance(stat, Text):
            try:
                parse_statistic(stat.text)
            except StatisticError as problem:
                raise MathError(str(problem), stat.at) from None
        if len(node.arguments) > 2:
            _check_period(node.arguments[2])


def _check_period(node: Node) -> None:
    if not isinstance(node, Number) or node.value != int(node.value) or node.value < 1:
        raise MathError("the period of a SEARCH is a number of seconds", node.at)
    period = int(node.value)
    if period not in (1, 5, 10, 20, 30) and period % 60:
        raise MathError("a period is 1, 5, 10, 20, 30 or a multiple of 60 seconds", node.at)


def _not_a_series(value: Value) -> str:
    if kind(value) == "S":
        return (
            "The expression results in a scalar; a result must be a time series or an array of "
            "time series: TIME_SERIES makes one of it"
        )
    return f"The expression results in '{kind(value)}', not in a time series"


class _Nothing:
    """Sources without data: for the types of a program, which no data change."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def metric(self, id_: str) -> Leaf:
        spec = self._program.queries[id_].metric
        assert spec is not None
        metric = Metric(spec.namespace, spec.name, spec.dimensions, spec.stat, spec.period)
        return Leaf(metric, parse_statistic("Average"), Samples.empty())

    def search(self, text: str, stat: str, period: int) -> Sequence[Leaf]:
        return ()

    def pooled(self, query: Insights, period: int) -> Sequence[Leaf]:
        return ()

    def detector(self, id_: str | None) -> anomaly.Configuration:
        return anomaly.Configuration()

    def quota(self, metric: Metric) -> float | None:
        return None

    def rule(
        self, name: str, metric: str, start_us: int, end_us: int, step_us: int
    ) -> dict[int, float]:
        return {}
