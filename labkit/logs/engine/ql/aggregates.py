"""The functions of ``stats``: a row each.

Missing values and texts that are no number are skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labkit.logs.engine.ql.values import Value


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A row. ``floats``: its answer depends on the order of adding, so it runs in one thread."""

    name: str
    fewest: int
    most: int
    build: Callable[..., Value]
    floats: bool = False


def _num(sql: str) -> Value:
    return Value(sql, "num")


def _extreme(function: str) -> Callable[[Value], Value]:
    def build(a: Value) -> Value:
        if a.kind == "time":
            return Value(f"{function}({a.sql})", "time")
        return _num(f"{function}({a.num})")

    return build


def _by_time(function: str) -> Callable[[Value, Value], Value]:
    """Earliest and latest: the value of the first or the last event that has one."""

    def build(a: Value, order: Value) -> Value:
        kind = a.kind if a.kind in ("num", "time", "bool") else "text"
        value = a.sql if kind == a.kind else a.text
        return Value(f"{function}({value}, {order.sql}) FILTER (WHERE {value} IS NOT NULL)", kind)

    return build


def _by_order(function: str) -> Callable[[Value], Value]:
    def build(a: Value) -> Value:
        return Value(f"{function}({a.text}, lq_sort_key({a.text}))", "text")

    return build


def _count(a: Value | None = None) -> Value:
    return _num("CAST(count(*) AS DOUBLE)" if a is None else f"CAST(count({a.shown}) AS DOUBLE)")


def _values(a: Value) -> Value:
    return Value(
        f"CAST(to_json(list_sort(list(DISTINCT {a.text}) "
        f"FILTER (WHERE {a.text} IS NOT NULL))) AS JSON)",
        "json",
    )


def _percentile(a: Value, share: Value) -> Value:
    part = min(100.0, max(0.0, float(share.literal or 0))) / 100
    return _num(f"quantile_cont({a.num}, {part!r})")


def _topk(count: Value, a: Value) -> Value:
    many = max(1, min(10_000, int(float(count.literal or 1))))
    return Value(f"CAST(to_json(lq_topk(list({a.text}), {many})) AS JSON)", "json")


def _rate(a: Value, interval: Value, order: Value) -> Value:
    """How much a value grew from the first to the last event that has it, for each interval."""
    there = f"FILTER (WHERE {a.num} IS NOT NULL)"
    grown = f"arg_max({a.num}, {order.sql}) {there} - arg_min({a.num}, {order.sql}) {there}"
    took = f"nullif(max({order.num}) {there} - min({order.num}) {there}, 0)"
    return _num(f"lq_finite(({grown}) / {took} * {interval.num})")


def _histogram(a: Value, buckets: Value) -> Value:
    many = max(1, min(1_000, int(float(buckets.literal or 1))))
    return Value(f"CAST(to_json(lq_histogram(list({a.num}), {many})) AS JSON)", "json")


AGGREGATES: dict[str, Aggregate] = {
    row.name.lower(): row
    for row in (
        Aggregate("count", 0, 1, _count),
        Aggregate(
            "count_distinct", 1, 1, lambda a: _num(f"CAST(count(DISTINCT {a.text}) AS DOUBLE)")
        ),
        Aggregate(
            "countDistinct", 1, 1, lambda a: _num(f"CAST(count(DISTINCT {a.text}) AS DOUBLE)")
        ),
        Aggregate("sum", 1, 1, lambda a: _num(f"sum({a.num})"), floats=True),
        Aggregate("avg", 1, 1, lambda a: _num(f"avg({a.num})"), floats=True),
        Aggregate("stddev", 1, 1, lambda a: _num(f"stddev_pop({a.num})"), floats=True),
        Aggregate("variance", 1, 1, lambda a: _num(f"var_pop({a.num})"), floats=True),
        Aggregate("min", 1, 1, _extreme("min")),
        Aggregate("max", 1, 1, _extreme("max")),
        Aggregate("pct", 2, 2, _percentile),
        Aggregate("percentile", 2, 2, _percentile),
        Aggregate("median", 1, 1, lambda a: _num(f"quantile_cont({a.num}, 0.5)")),
        Aggregate("earliest", 1, 1, _by_time("arg_min")),
        Aggregate("latest", 1, 1, _by_time("arg_max")),
        Aggregate("sortsFirst", 1, 1, _by_order("arg_min")),
        Aggregate("sortsLast", 1, 1, _by_order("arg_max")),
        Aggregate("values", 1, 1, _values),
        Aggregate("collect_values", 1, 1, _values),
        Aggregate("topk", 2, 2, _topk),
        Aggregate("rate", 2, 2, _rate),
        Aggregate("count_over_time", 1, 1, lambda a: _num(f"CAST(count({a.shown}) AS DOUBLE)")),
        Aggregate("sum_over_time", 1, 1, lambda a: _num(f"sum({a.num})"), floats=True),
        Aggregate("histogram", 2, 2, _histogram),
    )
}

#: Aggregates that look at the order of events.
TIMED = ("earliest", "latest", "rate")
