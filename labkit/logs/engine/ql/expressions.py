"""Expressions in SQL: names, operators, functions, and what asks the query itself (``bin``)."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.aggregates import AGGREGATES
from labkit.logs.engine.ql.chain import Chain
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.operators import compared, computed
from labkit.logs.engine.ql.periods import Floor, floored, period
from labkit.logs.engine.ql.regexes import named
from labkit.logs.engine.ql.scalars import FUNCTIONS, OF_THE_QUERY
from labkit.logs.engine.ql.values import NULL, Value, number_value, quoted, text_value


class Expressions(Chain):
    """A chain in whose last link expressions can be said."""

    def value(self, expr: plan.Expr) -> Value:
        """An expression in SQL."""
        match expr:
            case plan.Name():
                return self.name(expr)
            case plan.Literal(value=str() as text):
                return text_value(text)
            case plan.Literal():
                return number_value(float(expr.value))
            case plan.Regex(pattern=pattern):
                return text_value(named(pattern))
            case plan.Period():
                return number_value(period(expr.count, expr.unit).millis)
            case plan.Item():
                return self._item(expr)
            case plan.Op():
                return self._operator(expr)
            case plan.Call():
                return self._call(expr)
            case plan.Star():
                raise QueryError.at("a star stands in count(*) only", expr.span)
            case _:
                raise QueryError.at("this cannot stand here", expr.span)

    def _item(self, expr: plan.Item) -> Value:
        held = self.value(expr.of)
        if held.kind != "json":
            held = Value(f"lq_json({held.text})", "json")
        if isinstance(expr.key, str):
            return self.inside(held, expr.key.split("."))
        if isinstance(expr.key, plan.Literal):
            return self.inside(held, [str(expr.key.value)])
        key = self.value(expr.key)
        return Value(f"json_extract({held.sql}, concat('/', {key.text}))", "json")

    def _operator(self, expr: plan.Op) -> Value:
        op, args = expr.op, expr.args
        if op in ("and", "or"):
            return Value(
                "(" + f" {op.upper()} ".join(self.value(a).condition for a in args) + ")", "bool"
            )
        if op == "not":
            return Value(f"(NOT {self.value(args[0]).condition})", "bool")
        if op == "like":
            return self._like(args[0], args[1])
        if op == "in":
            return self._in(args)
        left, right = self.value(args[0]), self.value(args[1])
        if op in ("=", "!=", "<", "<=", ">", ">="):
            return compared(op, left, right)
        return computed(op, left, right)

    def _like(self, of: plan.Expr, pattern: plan.Expr) -> Value:
        text = self.value(of).text
        if isinstance(pattern, plan.Regex):
            return Value(f"regexp_matches({text}, {quoted(named(pattern.pattern))})", "bool")
        return Value(f"contains({text}, {self.value(pattern).text})", "bool")

    def _in(self, args: Sequence[plan.Expr]) -> Value:
        left = self.value(args[0])
        if len(args) == 2 and isinstance(args[1], plan.Subquery):
            inner = self.subqueries[args[1].span.start]
            return Value(f"({left.text} IN (SELECT * FROM {inner}))", "bool")
        if len(args) == 1:
            return Value("FALSE", "bool")
        tests = [compared("=", left, self.value(item)).sql for item in args[1:]]
        return Value("(" + " OR ".join(tests) + ")", "bool")

    def _call(self, call: plan.Call) -> Value:
        low = call.function.lower()
        if low in {name.lower() for name in OF_THE_QUERY}:
            return self._of_the_query(low, call)
        # A column may be called like the expression that made it: sort count(*) after stats.
        made = self.scope.values.get(call.text)
        if made is not None:
            return made
        row = FUNCTIONS.get(low)
        if row is None:
            raise QueryError.at(no_function(call.function), call.span)
        if not row.fewest <= len(call.args) <= row.most:
            raise QueryError.at(
                f"{row.name} is written {row.usage}; {len(call.args)} values were given",
                call.span,
            )
        args: list[Value | Floor] = []
        for index, arg in enumerate(call.args):
            if low in ("datefloor", "dateceil") and index == 1:
                args.append(period_of(arg))
            else:
                args.append(self.value(arg))
        return row.build(*args)

    def _of_the_query(self, low: str, call: plan.Call) -> Value:
        moment, args = self.moment, call.args
        if low == "bin":
            made = self.scope.values.get(call.text)
            if made is not None:
                return made
            if len(args) != 1:
                raise QueryError.at("bin is written bin(5m)", call.span)
            return Value(floored(self.timestamp(call.span), period_of(args[0])), "time")
        if low == "messagesize":
            return Value("CAST(strlen(msg) AS DOUBLE)", "num") if self.scope.open else NULL
        if low == "unmask":
            if len(args) != 1:
                raise QueryError.at("unmask is written unmask(field)", call.span)
            return self._clear(args[0])
        if args:
            raise QueryError.at(f"{call.function} takes no values", call.span)
        if low == "now":
            return number_value(moment.now_ms // 1000)
        if low == "querystarttime":
            return Value(f"CAST({moment.start_ms} AS BIGINT)", "time")
        if low == "queryendtime":
            return Value(f"CAST({moment.end_ms} AS BIGINT)", "time")
        return number_value(moment.end_ms - moment.start_ms)

    def _clear(self, expr: plan.Expr) -> Value:
        if self.clear and isinstance(expr, plan.Name) and expr.name == "@message":
            return Value("clear", "text")
        return self.value(expr)

    def timestamp(self, span: plan.Span) -> str:
        """The time of the rows in SQL, DOUBLE milliseconds."""
        held = self.scope.values.get("@timestamp")
        if held is not None:
            return held.num
        if self.scope.open and self.events:
            return (
                f"CAST(ts + {self.later_ms} AS DOUBLE)" if self.later_ms else "CAST(ts AS DOUBLE)"
            )
        raise QueryError.at(
            "bin works on @timestamp, which is gone after stats: carry it through, "
            "max(@timestamp) as @t, and use datefloor(@t, ...)",
            span,
        )


def no_function(name: str) -> str:
    """What to say of a function that is not there."""
    if name.lower() in AGGREGATES:
        return f"{name} aggregates: it stands in a stats command"
    known = [row.name for row in FUNCTIONS.values()] + [row.name for row in AGGREGATES.values()]
    near = difflib.get_close_matches(name, [*known, *OF_THE_QUERY], 1)
    return f"there is no function {name}" + (f"; did you mean {near[0]}?" if near else "")


def period_of(expr: plan.Expr) -> Floor:
    """The period that an expression writes."""
    if not isinstance(expr, plan.Period):
        raise QueryError.at("a period is needed, like 5m or 1h", expr.span)
    return period(expr.count, expr.unit)
