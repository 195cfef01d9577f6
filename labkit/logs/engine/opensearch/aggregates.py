"""The functions over many rows that OpenSearch SQL and PPL have.

Missing values and texts that are no number are skipped. Source: OpenSearch Service developer
guide, aggregate functions of SQL, and the stats command of PPL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labkit.logs.engine.opensearch.rows import WrongValue, as_text
from labkit.logs.engine.ql.values import Value


@dataclass(frozen=True, slots=True)
class Call:
    """What an aggregate is made of: ``order`` is SQL after ORDER BY, "" when events are gone."""

    values: Sequence[Value]
    distinct: bool = False
    order: str = ""


Build = Callable[[Call], Value]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A row. ``floats``: the answer depends on the order of adding."""

    name: str
    fewest: int
    most: int
    build: Build
    floats: bool = False


AGGREGATES: dict[str, Aggregate] = {}


def _add(names: str, fewest: int, most: int, build: Build, floats: bool = False) -> None:
    for name in names.split():
        AGGREGATES[name] = Aggregate(name, fewest, most, build, floats)


def _sql(template: str, kind: str = "num") -> Build:
    """An aggregate over numbers: ``{0}`` and ``{1}`` are the values, ``{d}`` is DISTINCT."""

    def build(call: Call) -> Value:
        told = [value.num for value in call.values]
        made = template.format(*told, d="DISTINCT " if call.distinct else "")
        return Value(f"CAST({made} AS DOUBLE)" if kind == "num" else made, kind)

    return build


def _count(call: Call) -> Value:
    if not call.values:
        return Value("CAST(count(*) AS DOUBLE)", "num")
    told = [as_text(value) for value in call.values]
    if len(told) == 1:
        word = "DISTINCT " if call.distinct else ""
        return Value(f"CAST(count({word}{told[0]}) AS DOUBLE)", "num")
    there = " AND ".join(f"{one} IS NOT NULL" for one in told)
    if call.distinct:
        row = f"[{', '.join(told)}]"
        return Value(f"CAST(count(DISTINCT {row}) FILTER (WHERE {there}) AS DOUBLE)", "num")
    return Value(f"CAST(count(*) FILTER (WHERE {there}) AS DOUBLE)", "num")


def _distinct(call: Call) -> Value:
    return _count(Call(call.values, True))


def _extreme(function: str) -> Build:
    """The smallest or largest: of the numbers, or of the texts when there is no number."""

    def build(call: Call) -> Value:
        value = call.values[0]
        if value.kind in ("time", "num"):
            return Value(f"{function}({value.sql})", value.kind)
        text = as_text(value)
        if value.kind == "bool":
            return Value(f"{function}({text})", "text")
        return Value(f"coalesce(lq_shown({function}({value.num})), {function}({text}))", "text")

    return build


def _picked(function: str) -> Build:
    """First and last in the order of the rows."""

    def build(call: Call) -> Value:
        value = call.values[0]
        kind = value.kind if value.kind in ("num", "time", "bool", "json") else "text"
        sql = value.sql if kind == value.kind else as_text(value)
        order = f" ORDER BY {call.order}" if call.order else ""
        return Value(f"{function}({sql}{order})", kind)

    return build


def _by(function: str) -> Build:
    def build(call: Call) -> Value:
        value, key = call.values
        kind = value.kind if value.kind in ("num", "time", "bool") else "text"
        sql = value.sql if kind == value.kind else as_text(value)
        return Value(f"{function}({sql}, {key.num})", kind)

    return build


def _collected(distinct: bool) -> Build:
    def build(call: Call) -> Value:
        text = as_text(call.values[0])
        word = "DISTINCT " if distinct or call.distinct else ""
        made = f"list_sort(list({word}{text}) FILTER (WHERE {text} IS NOT NULL))"
        return Value(f"CAST(to_json(coalesce({made}, [])) AS JSON)", "json")

    return build


def percentile(share: float) -> Build:
    """A percentile, by its share from 0 to 1."""
    part = min(1.0, max(0.0, share))
    return _sql(f"quantile_cont({{0}}, {part!r})")


def _percentile(call: Call) -> Value:
    share = call.values[1].literal
    if not isinstance(share, int | float):
        raise WrongValue("the percentage is a plain number from 0 to 1")
    if not 0 <= share <= 1:
        raise WrongValue(f"the percentage is from 0 to 1; {share:g} was given")
    return percentile(float(share))(Call(call.values[:1]))


def _mode(call: Call) -> Value:
    return Value(f"mode({as_text(call.values[0])})", "text")


def _all(function: str) -> Build:
    return lambda call: Value(f"{function}({call.values[0].condition})", "bool")


_add("count", 0, 20, _count)
_add("approx_count_distinct distinct_count dc distinct_count_approx", 1, 1, _distinct)
_add("count_if", 1, 1,
     lambda call: Value(f"CAST(count(*) FILTER (WHERE {call.values[0].condition}) AS DOUBLE)",
                        "num"))  # fmt: skip
_add("sum", 1, 1, _sql("sum({d}{0})"), True)
_add("avg mean", 1, 1, _sql("avg({d}{0})"), True)
_add("stddev stddev_samp std", 1, 1, _sql("stddev_samp({0})"), True)
_add("stddev_pop", 1, 1, _sql("stddev_pop({0})"), True)
_add("variance var_samp", 1, 1, _sql("var_samp({0})"), True)
_add("var_pop", 1, 1, _sql("var_pop({0})"), True)
_add("skewness", 1, 1, _sql("skewness({0})"), True)
_add("kurtosis", 1, 1, _sql("kurtosis({0})"), True)
_add("corr", 2, 2, _sql("corr({0}, {1})"), True)
_add("covar_pop", 2, 2, _sql("covar_pop({0}, {1})"), True)
_add("covar_samp", 2, 2, _sql("covar_samp({0}, {1})"), True)
_add("median", 1, 1, _sql("quantile_cont({0}, 0.5)"))
_add("percentile percentile_approx approx_percentile percentile_cont", 2, 3, _percentile)
_add("mode", 1, 1, _mode)
_add("min", 1, 1, _extreme("min"))
_add("max", 1, 1, _extreme("max"))
_add("first first_value any_value", 1, 2, _picked("first"))
_add("last last_value", 1, 2, _picked("last"))
_add("max_by", 2, 2, _by("arg_max"))
_add("min_by", 2, 2, _by("arg_min"))
_add("collect_list array_agg list", 1, 1, _collected(False))
_add("collect_set values", 1, 1, _collected(True))
_add("bool_and every", 1, 1, _all("bool_and"))
_add("bool_or some any", 1, 1, _all("bool_or"))
