r"""Metrics Insights: SQL over metrics.

    SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId)
    WHERE InstanceType = 't3.micro' GROUP BY InstanceId ORDER BY MAX() DESC LIMIT 10

Read with a grammar of our own: sqlglot was tried and refuses ``ORDER BY MAX()`` (a function needs
an argument there), takes ``SCHEMA(...)`` for a table alias, and knows no ``\"`` inside a name.

Keywords are written in any case, names are not. A value stands in single quotes, a name with other
characters than letters, digits and underscore (or one that is a keyword) in double quotes.
``FROM "ns"`` takes any dimensions, ``SCHEMA("ns")`` only metrics without any,
``SCHEMA("ns", A, B)`` exactly that set. A metric that lacks a
key of GROUP BY belongs to the group ``Other``.

A metric that lacks the key of ``key != 'v'`` passes (AWS does not say).

Source: CloudWatch user guide, "Query components and syntax"; aws-semantics 1.8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.cloudwatch.engine.math.tree import MathError, MathUnavailable
from labkit.cloudwatch.engine.math.values import TimeSeries

if TYPE_CHECKING:
    from lark import Lark

#: What a function of SELECT is as a statistic.
STATISTICS = {
    "AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum",
}  # fmt: skip
OTHER = "Other"
RESERVED = frozenset(
    {
        "SELECT", "FROM", "SCHEMA", "WHERE", "AND", "OR", "NOT", "GROUP", "ORDER", "BY", "ASC",
        "DESC", "LIMIT", "HAVING", "JOIN", "ON", "AS", "IN", "LIKE", "BETWEEN", "IS", "NULL",
        "TRUE", "FALSE", "DISTINCT", "UNION", "ALL", "CASE", "WHEN", "THEN", "ELSE", "END",
    }
)  # fmt: skip
MOST_SERIES = 500

GRAMMAR = r"""
start: SELECT FUNCTION "(" name ")" FROM source where? group? order? limit?
source: name                                 -> namespace
      | SCHEMA "(" name ("," name)* ")"      -> schema
where: WHERE condition (AND condition)*
condition: name COMPARE (VALUE | DIGITS | here)
here: CURRENT "(" ")"
group: GROUP BY name ("," name)*
order: ORDER BY FUNCTION "(" ")" direction?
direction: ASC | DESC
limit: LIMIT DIGITS
name: NAME | QUOTED

SELECT.3: /SELECT\b/i
FROM.3: /FROM\b/i
SCHEMA.3: /SCHEMA\b/i
WHERE.3: /WHERE\b/i
AND.3: /AND\b/i
GROUP.3: /GROUP\b/i
ORDER.3: /ORDER\b/i
BY.3: /BY\b/i
ASC.3: /ASC\b/i
DESC.3: /DESC\b/i
LIMIT.3: /LIMIT\b/i
CURRENT.3: /CURRENT_ACCOUNT_ID\b/i
FUNCTION.2: /(AVG|COUNT|MAX|MIN|SUM)(?=\s*\()/i
COMPARE: "=" | "!="
DIGITS.1: /\d+\b/
VALUE: /'(\\.|[^'\\])*'/s
QUOTED: /"(\\.|[^"\\])*"/s
NAME: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)?/
%ignore /\s+/
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """``key = 'value'`` or ``key != 'value'``."""

    key: str
    equal: bool
    value: str


@dataclass(frozen=True, slots=True)
class Insights:
    """A query.

    Parameters
    ----------
    function, metric, namespace:
        What is aggregated, how, and from where.
    schema:
        The exact set of dimension names; None for any.
    where, group:
        Conditions (all must hold), and the keys of the groups.
    order, descending:
        The function that orders the series; '' for the order of their labels.
    limit:
        How many series at most.
    """

    function: str
    metric: str
    namespace: str
    schema: frozenset[str] | None = None
    where: tuple[Condition, ...] = ()
    group: tuple[str, ...] = ()
    order: str = ""
    descending: bool = False
    limit: int = MOST_SERIES

    @property
    def statistic(self) -> str:
        """The statistic that the function stands for."""
        return STATISTICS[self.function]

    def selects(self, dimensions: Mapping[str, str], account: str) -> bool:
        """Whether a metric of this name and namespace with these dimensions is meant."""
        if self.schema is not None and self.schema != dimensions.keys():
            return False
        for one in self.where:
            value = account if one.key == ACCOUNT else dimensions.get(one.key)
            wanted = account if one.value == HERE else one.value
            if (value == wanted) != one.equal:
                return False
        return True

    def labels(self, dimensions: Mapping[str, str], account: str) -> tuple[str, ...]:
        """The group of a metric."""
        return tuple(
            account if key == ACCOUNT else dimensions.get(key, OTHER) for key in self.group
        )

    def ordered(self, series: Sequence[TimeSeries]) -> list[TimeSeries]:
        """The series in their order, no more than ``limit``.

        ``series`` come in the order of their labels. With several rows (the ticks of an alarm) each
        row has an order of its own: all series stay, and a row of a series that does not make it
        has no points.
        """
        members = list(series)
        if not self.order or not members:
            return members[: self.limit]
        keys = np.stack([self._key(one.values) for one in members])  # members, rows
        places = np.argsort(-keys if self.descending else keys, axis=0, kind="stable")
        if keys.shape[1] == 1:
            return [members[i] for i in places[: self.limit, 0].tolist()]
        rank = np.argsort(places, axis=0, kind="stable")
        return [
            one.computed(np.where(rank[i][:, None] < self.limit, one.values, np.nan))
            for i, one in enumerate(members)
        ]

    def _key(self, values: np.ndarray) -> np.ndarray:
        there = ~np.isnan(values)
        count = there.sum(axis=-1)
        total = np.where(there, values, 0.0).sum(axis=-1)
        if self.order == "COUNT":
            key = count.astype(np.float64)
        elif self.order == "SUM":
            key = total
        elif self.order == "AVG":
            key = total / np.maximum(count, 1)
        elif self.order == "MAX":
            key = np.where(there, values, -np.inf).max(axis=-1)
        else:
            key = np.where(there, values, np.inf).min(axis=-1)
        return np.where(count > 0, key, np.nan)  # NaN sorts last, either way


ACCOUNT = "AWS.AccountId"
HERE = "\0current account"


def is_insights(text: str) -> bool:
    """Whether an expression is a Metrics Insights query, not metric math."""
    return text.lstrip()[:6].upper() == "SELECT" and not text.lstrip()[6:7].isalnum()


def parse_insights(text: str) -> Insights:
    """The query that ``text`` is.

    Raises
    ------
    MathError
        Saying what stands where something else was wanted, and at which position.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    try:
        tree = _parser().parse(text)
    except UnexpectedCharacters as problem:
        at = problem.pos_in_stream or 0
        found = text[at]
        told = "this quotation has no end" if found in "'\"" else f"unexpected {found!r}"
        raise MathError(f"Syntax error in the query: {told}", at) from None
    except UnexpectedToken as problem:
        ended = problem.token.type == "$END"
        at = len(text.rstrip()) if ended else problem.token.start_pos or 0
        found = "the end of the query" if ended else f"{str(problem.token)!r}"
        wanted = ", ".join(sorted({_called(name) for name in problem.expected}))
        raise MathError(
            f"Syntax error in the query: unexpected {found}, expected one of {wanted}", at
        ) from None
    except UnexpectedEOF:
        raise MathError("Syntax error: unexpected end of the query", len(text)) from None
    return _query(tree)


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _called(name: str) -> str:
    return {
        "$END": "the end", "NAME": "a name", "QUOTED": '"a name"', "VALUE": "'a value'",
        "DIGITS": "a number", "COMPARE": "= or !=", "LPAR": "(", "RPAR": ")", "COMMA": ",",
        "FUNCTION": "AVG(, COUNT(, MAX(, MIN(, SUM(", "CURRENT": "CURRENT_ACCOUNT_ID()",
    }.get(name, name)  # fmt: skip


def _query(tree: Any) -> Insights:
    parts = tree.children
    clauses = {one.data: one.children for one in parts[4:] if hasattr(one, "data")}
    source = parts[4]
    names = [_name(one) for one in source.children if hasattr(one, "data")]
    schema = frozenset(names[1:]) if source.data == "schema" else None
    order = clauses.get("order", [])
    direction = str(order[-1].children[0]).upper() if order and hasattr(order[-1], "data") else ""
    limit = MOST_SERIES
    if "limit" in clauses:
        token = clauses["limit"][-1]
        limit = int(token)
        if not 1 <= limit <= MOST_SERIES:
            raise MathError(f"LIMIT is between 1 and {MOST_SERIES}", token.start_pos)
    return Insights(
        function=str(parts[1]).upper(),
        metric=_name(parts[2]),
        namespace=names[0],
        schema=schema,
        where=tuple(_condition(one) for one in clauses.get("where", ()) if hasattr(one, "data")),
        group=tuple(_key(one) for one in clauses.get("group", ()) if hasattr(one, "data")),
        order=str(order[2]).upper() if order else "",
        descending=direction == "DESC",
        limit=limit,
    )


def _condition(tree: Any) -> Condition:
    key, compare, value = tree.children
    if hasattr(value, "data"):
        text = HERE
    elif value.type == "DIGITS":
        text = str(value)
        if _name(key) != ACCOUNT:
            raise MathError("a label's value stands in single quotes", value.start_pos)
    else:
        text = _unquoted(str(value))
    return Condition(_key(key), str(compare) == "=", text)


def _key(tree: Any) -> str:
    name = _name(tree)
    token = tree.children[0]
    if token.type == "NAME" and name.startswith("tag."):
        raise MathUnavailable(
            "Metrics Insights by resource tags needs tag telemetry, which a lab does not have.",
            token.start_pos,
        )
    return name


def _name(tree: Any) -> str:
    token = tree.children[0]
    if token.type == "QUOTED":
        return _unquoted(str(token))
    if str(token).upper() in RESERVED:
        raise MathError(f"{token} is a keyword: as a name it needs double quotes", token.start_pos)
    return str(token)


def _unquoted(text: str) -> str:
    inside = text[1:-1]
    for char in "\"'\\":
        inside = inside.replace(f"\\{char}", char)
    return inside
