"""Expressions of SQL as values: every node of the tree that is taken, and no other.

Nothing of the learner's text reaches duckdb as it stands: names become columns, literals are
quoted anew, and a function is a row of a table or an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from labkit.logs.engine.opensearch.aggregates import AGGREGATES, Call
from labkit.logs.engine.opensearch.lists import LISTS
from labkit.logs.engine.opensearch.operators import compared, computed, like
from labkit.logs.engine.opensearch.rows import UNITS, Function, WrongValue, as_text, as_time
from labkit.logs.engine.opensearch.scalars import FUNCTIONS, alike, interval
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value, number_value, numeric, quoted, text_value
from labkit.logs.engine.sql import timing
from labkit.logs.engine.sql.parsing import span_of

if TYPE_CHECKING:
    from labkit.logs.engine.sql.scopes import Scope

    Node: TypeAlias = Any

#: Functions of a window only.
WINDOW_ONLY = {
    "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead",
    "nth_value",
}  # fmt: skip

#: Functions whose first value may be given as lists or objects of an event, not as a leaf.
_OF_LISTS = {
    "array_except", "array_intersect", "array_union", "arrays_overlap", "arrays_zip",
}  # fmt: skip
_OF_JSON = {
    "size", "cardinality", "array_size", "array_contains", "array_join", "array_distinct",
    "array_sort", "sort_array", "array_max", "array_min", "array_position", "element_at", "explode",
    "get_json_object", "json_extract", "from_json", "to_json", "json_array_length", "array_length",
    "json_object_keys", "json_keys", "json_tuple", *LISTS,
} - {"array_repeat", "sequence"}  # fmt: skip

_COMPARISONS = {"EQ": "=", "NEQ": "!=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Mod": "%", "IntDiv": "div"}
_SAME = {"Paren", "Alias"}

_NUMBERS = {
    "INT", "TINYINT", "SMALLINT", "BIGINT", "DOUBLE", "FLOAT", "DECIMAL", "UINT", "INT128",
}  # fmt: skip
_WHOLE = {"INT", "TINYINT", "SMALLINT", "BIGINT"}
_TEXTS = {"TEXT", "VARCHAR", "CHAR", "BINARY", "VARBINARY"}
_TIMES = {"TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPLTZ", "TIMESTAMPNTZ", "DATETIME"}


class Expressions:
    """Compiles expressions in one scope.

    Parameters
    ----------
    scope:
        What the names mean, and what a subquery or an aggregate becomes here.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def value(self, node: Node) -> Value:
        """The value of a node.

        Raises
        ------
        QueryError
            With its place.
        """
        known = self.scope.known(node)
        if known is not None:
            return known
        kind = type(node).__name__
        if kind in _SAME:
            return self.value(node.this)
        if kind in _COMPARISONS:
            return compared(_COMPARISONS[kind], *self._pair(node))
        if kind in _ARITHMETIC:
            return computed(_ARITHMETIC[kind], *self._pair(node))
        build: Callable[[Node], Value] | None = getattr(self, f"_{kind.lower()}", None)
        if build is None:
            self._no_lambda(node)
            raise QueryError.at(f"{kind.upper()} cannot stand here", span_of(node))
        try:
            return build(node)
        except WrongValue as wrong:
            raise QueryError.at(str(wrong), span_of(node)) from None

    @staticmethod
    def _no_lambda(node: Node) -> None:
        """The guide has functions of functions for other stores."""
        from sqlglot import exp

        if node.find(exp.Lambda) is not None:
            raise QueryError.at(
                "a function of x -> ... is not taken by CloudWatch Logs", span_of(node)
            )

    def _pair(self, node: Node) -> tuple[Value, Value]:
        return self.value(node.this), self.value(node.expression)

    # ---- leaves

    def _column(self, node: Node) -> Value:
        return self.scope.column(node)

    def _identifier(self, node: Node) -> Value:
        return self.scope.column(node)

    def _dot(self, node: Node) -> Value:
        of = self.value(node.this)
        key = node.expression.name
        if of.kind != "json":
            raise QueryError.at(f"{key} is asked of what is no object", span_of(node))
        return inside(of, key)

    def _literal(self, node: Node) -> Value:
        if node.is_string:
            return text_value(node.this)
        number = numeric(node.this)
        if number is None:
            raise QueryError.at(f"{node.this} is no number", span_of(node))
        return number_value(number)

    def _boolean(self, node: Node) -> Value:
        return Value("TRUE" if node.this else "FALSE", "bool")

    def _null(self, node: Node) -> Value:
        return Value("NULL", "text")

    def _interval(self, node: Node) -> Value:
        count = numeric(node.this.name) if node.this is not None else None
        if count is None or node.unit is None:
            raise QueryError.at("an INTERVAL is written INTERVAL 5 MINUTES", span_of(node))
        return interval(count, node.unit.name)

    # ---- logic

    def _and(self, node: Node) -> Value:
        return self._joined(node, " AND ")

    def _or(self, node: Node) -> Value:
        return self._joined(node, " OR ")

    def _joined(self, node: Node, word: str) -> Value:
        left, right = self._pair(node)
        return Value(f"({left.condition}{word}{right.condition})", "bool")

    def _not(self, node: Node) -> Value:
        return Value(f"(NOT {self.value(node.this).condition})", "bool")

    def _neg(self, node: Node) -> Value:
        value = self.value(node.this)
        if isinstance(value.literal, int | float):
            return number_value(-value.literal)
        return Value(f"(-{value.num})", "num")

    def _is(self, node: Node) -> Value:
        from sqlglot import exp

        value = self.value(node.this)
        if isinstance(node.expression, exp.Null):
            sql = value.sql if value.kind == "bool" else as_text(value)
            return Value(f"({sql} IS NULL)", "bool")
        told = self.value(node.expression)
        return Value(f"(({value.condition}) IS NOT DISTINCT FROM {told.condition})", "bool")

    def _nullsafeeq(self, node: Node) -> Value:
        left, right = self._pair(node)
        return Value(f"({as_text(left)} IS NOT DISTINCT FROM {as_text(right)})", "bool")

    def _like(self, node: Node, any_case: bool = False, escape: str = "\\") -> Value:
        from sqlglot import exp

        of, patterns, word = self.value(node.this), node.expression, " OR "
        listed = [patterns]
        if isinstance(patterns, exp.Any | exp.All):
            word = " OR " if isinstance(patterns, exp.Any) else " AND "
            inner = patterns.this
            listed = inner.expressions if isinstance(inner, exp.Tuple) else [inner.unnest()]
        told = [like(of, self.value(one), any_case=any_case, escape=escape).sql for one in listed]
        sql = f"({word.join(told)})"
        # Since sqlglot 28 NOT stands in the node itself.
        return Value(f"(NOT {sql})" if node.args.get("negate") else sql, "bool")

    def _ilike(self, node: Node, escape: str = "\\") -> Value:
        return self._like(node, True, escape)

    def _escape(self, node: Node) -> Value:
        from sqlglot import exp

        mark = node.expression
        if not isinstance(mark, exp.Literal) or len(mark.name) != 1:
            raise WrongValue("ESCAPE is followed by one character in quotes")
        if not isinstance(node.this, exp.Like | exp.ILike):
            raise WrongValue("ESCAPE stands after LIKE")
        return self._like(node.this, isinstance(node.this, exp.ILike), mark.name)

    def _parameter(self, node: Node) -> Value:
        name = f"@{node.this.name}"
        raise QueryError.at(f"{name} stands in backticks: `{name}`", span_of(node.this))

    def _filter(self, node: Node) -> Value:
        return self.scope.aggregate(node)

    _withingroup = _filter

    def _regexplike(self, node: Node) -> Value:
        return self._one_of("rlike", [node.this, node.expression], node)

    def _dpipe(self, node: Node) -> Value:
        left, right = self._pair(node)
        return Value(f"({as_text(left)} || {as_text(right)})", "text")

    def _between(self, node: Node) -> Value:
        of, low, high = (self.value(node.args[name]) for name in ("this", "low", "high"))
        return Value(f"({compared('>=', of, low).sql} AND {compared('<=', of, high).sql})", "bool")

    def _in(self, node: Node) -> Value:
        of = self.value(node.this)
        query = node.args.get("query")
        if query is not None:
            sql, kinds = self.scope.subquery(query)
            if len(kinds) != 1:
                raise QueryError.at("a subquery of IN selects one column", span_of(query))
            side = of.num if kinds[0] == "num" else as_text(of)
            if kinds[0] == "time":
                side = as_time(of)
            return Value(f"({side} IN {sql})", "bool")
        told = [compared("=", of, self.value(one)).sql for one in node.expressions]
        return Value(f"({' OR '.join(told) or 'FALSE'})", "bool")

    def _exists(self, node: Node) -> Value:
        sql, _ = self.scope.subquery(node.this)
        return Value(f"(EXISTS {sql})", "bool")

    def _subquery(self, node: Node) -> Value:
        sql, kinds = self.scope.subquery(node)
        if len(kinds) != 1:
            raise QueryError.at("a subquery that is a value selects one column", span_of(node))
        return Value(sql, kinds[0])

    # ---- choices and conversions

    def _case(self, node: Node) -> Value:
        of = self.value(node.this) if node.this is not None else None
        tests, results = [], []
        for branch in node.args["ifs"]:
            test = self.value(branch.this)
            tests.append(compared("=", of, test).sql if of is not None else test.condition)
            results.append(self.value(branch.args["true"]))
        default = node.args.get("default")
        other = Value("NULL", "text") if default is None else self.value(default)
        kind, told = alike([*results, other])
        pairs = " ".join(
            f"WHEN {test} THEN {then}" for test, then in zip(tests, told, strict=False)
        )
        return Value(f"(CASE {pairs} ELSE {told[-1]} END)", kind)

    def _if(self, node: Node) -> Value:
        other = node.args.get("false")
        values = [self.value(node.this), self.value(node.args["true"])]
        values.append(Value("NULL", "text") if other is None else self.value(other))
        return FUNCTIONS["if"][0].build(values, self.scope.now_ms)

    def _cast(self, node: Node) -> Value:
        value, to = self.value(node.this), node.to.this.name
        if to in _NUMBERS:
            if value.kind == "time":
                return Value(f"({value.num} / 1000)", "num")
            return Value(f"trunc({value.num})" if to in _WHOLE else value.num, "num")
        if to in _TEXTS:
            return Value(as_text(value), "text")
        if to in _TIMES:
            return Value(as_time(value), "time")
        if to == "DATE":
            return Value(f"os_date({as_time(value)})", "text")
        if to == "BOOLEAN":
            text = f"lower({as_text(value)})"
            return Value(
                f"(CASE WHEN {text} IN ('true', 't', '1', 'yes', 'y') THEN TRUE "
                f"WHEN {text} IN ('false', 'f', '0', 'no', 'n') THEN FALSE END)",
                "bool",
            )
        raise QueryError.at(f"CAST to {to} is not there", span_of(node))

    _trycast = _cast

    def _extract(self, node: Node) -> Value:
        unit = text_value(node.this.name)
        return self._built("extract", [unit, self.value(node.expression)], node)

    def _trim(self, node: Node) -> Value:
        told = as_text(self.value(node.this))
        letters = node.args.get("expression")
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(
            node.args.get("position") or "", "trim"
        )
        more = f", {as_text(self.value(letters))}" if letters is not None else ""
        return Value(f"{name}({told}{more})", "text")

    def _currentdate(self, node: Node) -> Value:
        return self._built("current_date", [], node)

    def _currenttimestamp(self, node: Node) -> Value:
        return self._built("current_timestamp", [], node)

    def _bracket(self, node: Node) -> Value:
        of = self.value(node.this)
        key = node.expressions[0]
        if of.kind != "json":
            of = self._json(node.this)
        told = self.value(key)
        if isinstance(told.literal, str):
            return inside(of, told.literal)
        return Value(f"json_extract({of.sql}, concat('/', lq_shown({told.num})))", "json")

    def _json(self, node: Node) -> Value:
        """A value as JSON: a field of events with its lists and objects."""
        from sqlglot import exp

        if isinstance(node, exp.Column):
            found = self.scope.raw(node)
            if found is not None:
                return found
        value = self.value(node)
        return value if value.kind == "json" else Value(f"lq_json({as_text(value)})", "json")

    # ---- functions

    def _anonymous(self, node: Node) -> Value:
        return self._one_of(str(node.this).lower(), list(node.expressions), node)

    def _window(self, node: Node) -> Value:
        return self.scope.window(node)

    def _ignorenulls(self, node: Node) -> Value:
        return self.value(node.this)

    def _one_of(self, name: str, args: list[Node], node: Node) -> Value:
        self._no_lambda(node)
        if name in WINDOW_ONLY:
            raise QueryError.at(f"{name} needs OVER (...)", span_of(node))
        if name in AGGREGATES:
            return self.scope.aggregate(node)
        if name in ("grouping", "grouping_id"):
            return self.scope.grouping(args, node)
        if name in timing.WINDOWS:
            return timing.window(self, name, args, node)
        if name == "explode":
            return self.scope.exploded(self._json(args[0]) if args else Value("NULL", "json"), node)
        rows = FUNCTIONS.get(name)
        if rows is None:
            raise QueryError.at(no_function(name), span_of(node))
        self._needs_a_field(rows[0], args, node)
        values = []
        for place, arg in enumerate(args):
            if (place == 0 and name in _OF_JSON) or name in _OF_LISTS:
                values.append(self._json(arg))
            elif self._is_unit(name, place, arg, len(args)):
                values.append(text_value(arg.name))
            else:
                values.append(self.value(arg))
        return self._built(name, values, node)

    @staticmethod
    def _is_unit(name: str, place: int, arg: Node, count: int) -> bool:
        """Whether an argument is a unit without quotes: ``timestampadd(DAY, 1, t)``."""
        from sqlglot import exp

        return (
            (place, count) == (0, 3)
            and name in ("timestampadd", "timestampdiff", "dateadd", "datediff", "date_diff",
                         "date_add")
            and isinstance(arg, exp.Column | exp.Var)
            and not arg.args.get("table")
            and arg.name.lower() in UNITS
        )  # fmt: skip

    def _needs_a_field(self, row: Function, args: list[Node], node: Node) -> None:
        """A function works on fields: ``cos(10)`` is refused, as AWS documents it."""
        from sqlglot import exp

        if row.plain or not args:
            return
        if not any(arg.find(exp.Column, exp.Anonymous, exp.Subquery) for arg in args):
            raise QueryError.at(
                f"{row.name} needs a field: functions of constants alone are not taken",
                span_of(node),
            )

    def _built(self, name: str, values: list[Value], node: Node) -> Value:
        rows = FUNCTIONS[name]
        for row in rows:
            if row.fewest <= len(values) <= row.most:
                return row.build(values, self.scope.now_ms)
        counts = sorted({row.fewest for row in rows})
        raise QueryError.at(
            f"{name} takes {' or '.join(map(str, counts))} values; {len(values)} were given",
            span_of(node),
        )

    def ordered_set(self, node: Node, condition: str) -> Value:
        """``percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`` over the rows for which it holds."""
        from sqlglot import exp

        name = str(node.this.this).lower() if isinstance(node.this, exp.Anonymous) else ""
        if name not in ("percentile_cont", "percentile_disc"):
            raise QueryError.at(
                "WITHIN GROUP stands after percentile_cont and percentile_disc", span_of(node)
            )
        shares = [self.value(one).literal for one in node.this.expressions]
        share = shares[0] if len(shares) == 1 else None
        if not isinstance(share, int | float) or not 0 <= share <= 1:
            raise QueryError.at("the percentage is a plain number from 0 to 1", span_of(node))
        keys = node.expression.expressions
        if len(keys) != 1:
            raise QueryError.at("WITHIN GROUP orders by one value", span_of(node))
        way = " DESC" if keys[0].args.get("desc") else ""
        of = _where(self.value(keys[0].this), condition)
        sql = f"{name}({float(share)!r}) WITHIN GROUP (ORDER BY {of.num}{way})"
        return Value(f"CAST({sql} AS DOUBLE)", "num")

    def aggregate(
        self, name: str, args: list[Node], distinct: bool, order: str, condition: str = ""
    ) -> Value:
        """An aggregate over the rows of this scope, of those that fulfil a condition."""
        from sqlglot import exp

        row = AGGREGATES[name]
        told = [] if len(args) == 1 and isinstance(args[0], exp.Star) and name == "count" else args
        if not row.fewest <= len(told) <= row.most:
            raise WrongValue(f"{name} takes {row.fewest} values; {len(told)} were given")
        if name == "count" and len(told) == 1 and isinstance(told[0], exp.Literal) and not distinct:
            told = []
        values = [_where(self.value(one), condition) for one in told]
        if condition and not values:
            values = [Value(f"CASE WHEN {condition} THEN 1 END", "num")]
        return row.build(Call(values, distinct, order))


def _where(value: Value, condition: str) -> Value:
    """A value where a condition holds: aggregates pass over missing values."""
    if not condition:
        return value
    sql = value.sql if value.kind in ("num", "time", "bool", "json") else as_text(value)
    return Value(f"(CASE WHEN {condition} THEN {sql} END)", value.kind, value.literal)


def inside(of: Value, key: str) -> Value:
    """What stands under a key of an object."""
    pointer = "".join(
        "/" + part.replace("~", "~0").replace("/", "~1") for part in key.split(".")
    )  # fmt: skip
    return Value(f"json_extract({of.sql}, {quoted(pointer)})", "json")


def no_function(name: str) -> str:
    """What to say of a function that there is not."""
    near = difflib.get_close_matches(name, [*FUNCTIONS, *AGGREGATES, *WINDOW_ONLY], 1)
    return f"there is no function {name}" + (f"; did you mean {near[0]}?" if near else "")
