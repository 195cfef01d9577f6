"""From the plan of PPL to SQL: the chain of the query language of Logs Insights, with PPL's own
functions, operators and commands.
"""

from __future__ import annotations

import difflib
import re as _marks
from collections.abc import Sequence

from labkit.logs.engine.opensearch.aggregates import AGGREGATES
from labkit.logs.engine.opensearch.operators import compared, computed, like
from labkit.logs.engine.opensearch.rows import UNITS, WrongValue, as_text, as_time
from labkit.logs.engine.opensearch.scalars import FUNCTIONS, alike, interval
from labkit.logs.engine.ppl.commands import ADD
from labkit.logs.engine.ql import compiling, discovered, plan
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.periods import Floor, floored
from labkit.logs.engine.ql.reading_expressions import UNITS as UNIT_WORDS
from labkit.logs.engine.ql.values import Value, quoted, text_value

#: Functions whose first value may be a list or an object of an event.
OF_JSON = {
    "size", "array_length", "json_array_length", "json_extract", "json_keys", "json",
    "to_json_string", "array_contains", "get_json_object", "array_join", "cardinality",
}  # fmt: skip
_LENGTH = _marks.compile(rf"\s*(\d{{1,6}})\s*({'|'.join(UNIT_WORDS)})\s*", _marks.IGNORECASE)
_UNIT_FIRST = ("timestampadd", "timestampdiff", "extract", "datediff")
_WHOLE = {"int", "integer", "long", "bigint", "short", "tinyint", "smallint"}
_NUMBERS = {"float", "double", "decimal"}


class Compiler(compiling.Compiler):
    """Compiles the commands of one PPL query over one base relation."""

    #: Fields that are found in a sample of the events: what a query without ``fields`` shows.
    sampled: Sequence[str] = ()
    #: Inside ON: keys are compared as texts, so that duckdb may hash them.
    joining = False

    def command(self, command: plan.Command) -> None:
        """Add what a command does."""
        add = ADD.get(type(command))
        if add is None:
            raise QueryError.at(f"{command} cannot stand here", command.span)
        try:
            add(self, command)
        except WrongValue as wrong:
            raise QueryError.at(str(wrong), command.span) from None

    def finish(self, limit: int = compiling.DEFAULT_LIMIT) -> compiling.Compiled:
        """The statement that gives the answer; conditions are shown as true and false."""
        flags = [
            (name, Value(as_text(self.named(name)), "text"))
            for name in self.names()
            if self.named(name).kind == "bool"
        ]
        if flags:
            self.add(flags)
        return super().finish(limit)

    # ---- expressions

    def value(self, expr: plan.Expr) -> Value:
        """An expression in SQL."""
        if isinstance(expr, plan.Subquery):
            return Value(f"(SELECT * FROM {self.subqueries[expr.span.start]} LIMIT 1)", "text")
        if isinstance(expr, plan.Period):
            raise QueryError.at("a length of time stands in span(...) only", expr.span)
        try:
            return super().value(expr)
        except WrongValue as wrong:
            raise QueryError.at(str(wrong), expr.span) from None

    def _operator(self, expr: plan.Op) -> Value:
        op, args = expr.op, expr.args
        if op in ("and", "or"):
            told = f" {op.upper()} ".join(self.value(arg).condition for arg in args)
            return Value(f"({told})", "bool")
        if op == "xor":
            told = " <> ".join(f"coalesce({self.value(arg).condition}, FALSE)" for arg in args)
            return Value(f"({told})", "bool")
        if op == "not":
            return Value(f"(NOT {self.value(args[0]).condition})", "bool")
        if op == "like":
            of, part = map(self.value, args)
            return Value(f"contains({as_text(of)}, {part.text})", "bool")
        if op == "matches":
            return like(*map(self.value, args))
        if op == "in":
            return self._within(args)
        left, right = map(self.value, args)
        if op in ("=", "!=", "<", "<=", ">", ">="):
            if self.joining and op == "=":
                return Value(f"({as_text(left)} = {as_text(right)})", "bool")
            return compared(op, left, right)
        return computed(op, left, right)

    def _within(self, args: Sequence[plan.Expr]) -> Value:
        left = self.value(args[0])
        if len(args) == 2 and isinstance(args[1], plan.Subquery):
            inner = self.subqueries[args[1].span.start]
            return Value(f"({as_text(left)} IN (SELECT * FROM {inner}))", "bool")
        told = [compared("=", left, self.value(item)).sql for item in args[1:]]
        return Value(f"({' OR '.join(told)})", "bool")

    def _call(self, call: plan.Call) -> Value:
        low = call.function.lower()
        # A column may be called like the expression that made it: sort -count() after stats.
        made = self.scope.values.get(call.text)
        if made is not None:
            return made
        special = getattr(self, f"_do_{low}", None)
        if special is not None:
            built: Value = special(call)
            return built
        rows = FUNCTIONS.get(low)
        if rows is None:
            raise QueryError.at(self._no_function(low), call.span)
        values = [self._argument(low, place, arg) for place, arg in enumerate(call.args)]
        for row in rows:
            if row.fewest <= len(values) <= row.most:
                return row.build(values, self.moment.now_ms)
        counts = sorted({row.fewest for row in rows})
        raise QueryError.at(
            f"{low} takes {' or '.join(map(str, counts))} values; {len(values)} were given",
            call.span,
        )

    def _argument(self, function: str, place: int, arg: plan.Expr) -> Value:
        if place == 0 and function in OF_JSON:
            return self.json(arg)
        if (
            place == 0 and function in _UNIT_FIRST and isinstance(arg, plan.Name)
            and arg.name.lower() in UNITS
        ):  # fmt: skip
            return text_value(arg.name)
        return self.value(arg)

    def _no_function(self, name: str) -> str:
        if name in AGGREGATES:
            return f"{name} aggregates: it stands in stats, eventstats"
        near = difflib.get_close_matches(name, [*FUNCTIONS, *AGGREGATES, "span", "case"], 1)
        return f"there is no function {name}" + (f"; did you mean {near[0]}?" if near else "")

    def json(self, expr: plan.Expr) -> Value:
        """A value as JSON: a field of events with its lists and objects."""
        value = self.value(expr)
        if value.kind == "json":
            return value
        reads = [f"lq_json({as_text(value)})"]
        if (
            isinstance(expr, plan.Name) and self.scope.open and self.events
            and expr.name not in discovered.ALWAYS
        ):  # fmt: skip
            reads[:0] = [
                f"json_extract(lq_json({self.text}), {quoted(pointer)})"
                for pointer in discovered.pointers(expr.name)
            ]
        return Value(f"coalesce({', '.join(reads)})" if len(reads) > 1 else reads[0], "json")

    def held_json(self, name: plan.Name) -> str:
        """A field as a column of JSON."""
        cell = self.fresh()
        self.link(f"SELECT *, {self.json(name).sql} AS {cell} FROM {self.at}")
        return cell

    def keys_of(self, name: str) -> list[str]:
        """The keys of an object, as a sample of the events has them."""
        head = name + "."
        found = [one[len(head) :] for one in self.sampled if one.startswith(head)]
        return list(dict.fromkeys(one.split(".")[0] for one in found))

    # ---- what has a form of its own

    def _do_true(self, call: plan.Call) -> Value:
        return Value("TRUE", "bool")

    def _do_false(self, call: plan.Call) -> Value:
        return Value("FALSE", "bool")

    def _do_null(self, call: plan.Call) -> Value:
        return Value("NULL", "text")

    def _do_exists(self, call: plan.Call) -> Value:
        if len(call.args) != 1 or not isinstance(call.args[0], plan.Subquery):
            raise WrongValue("exists is written exists [ source=... | ... ]")
        return Value(f"(EXISTS (SELECT 1 FROM {self.subqueries[call.args[0].span.start]}))", "bool")

    def _do_interval(self, call: plan.Call) -> Value:
        count, unit = call.args
        known = self.value(count).literal
        if not isinstance(known, int | float) or not isinstance(unit, plan.Literal):
            raise WrongValue("an interval is written INTERVAL 1 DAY")
        return interval(float(known), str(unit.value))

    def _do_case(self, call: plan.Call) -> Value:
        pairs = [(call.args[n], call.args[n + 1]) for n in range(0, len(call.args) - 1, 2)]
        results = [self.value(result) for _, result in pairs]
        results.append(
            self.value(call.args[-1]) if len(call.args) % 2 else Value("NULL", "text")
        )  # fmt: skip
        kind, told = alike(results)
        tests = " ".join(
            f"WHEN {self.value(test).condition} THEN {then}"
            for (test, _), then in zip(pairs, told, strict=False)
        )
        return Value(f"(CASE {tests} ELSE {told[-1]} END)", kind)

    def _do_cast(self, call: plan.Call) -> Value:
        value, to = self.value(call.args[0]), call.args[1]
        word = str(to.value).lower() if isinstance(to, plan.Literal) else ""
        if word in _WHOLE or word in _NUMBERS:
            return Value(f"trunc({value.num})" if word in _WHOLE else value.num, "num")
        if word in ("string", "text", "varchar"):
            return Value(as_text(value), "text")
        if word in ("timestamp", "datetime"):
            return Value(as_time(value), "time")
        if word == "date":
            return Value(f"os_date({as_time(value)})", "text")
        if word == "boolean":
            text = f"lower({as_text(value)})"
            return Value(
                f"(CASE WHEN {text} IN ('true', '1') THEN TRUE WHEN {text} IN ('false', '0') "
                "THEN FALSE END)",
                "bool",
            )
        raise WrongValue(f"there is no type {word}")

    def _do_span(self, call: plan.Call) -> Value:
        if len(call.args) != 2:
            raise WrongValue("span is written span(`@timestamp`, 5m) or span(field, 10)")
        value, width = self.value(call.args[0]), call.args[1]
        if isinstance(width, plan.Period):
            at = f"CAST({as_time(value)} AS DOUBLE)"
            return Value(floored(at, Floor(max(1, min(width.count, 100_000)), width.unit)), "time")
        step = self.value(width).literal
        if isinstance(step, str):
            # The console's samples write it in quotes: span(`@timestamp`, "5m").
            stretch = _LENGTH.fullmatch(step)
            if stretch is None:
                raise WrongValue(f"{step!r} is no length of time; write 5m")
            inner = plan.Period(int(stretch[1]), UNIT_WORDS[stretch[2].lower()], span=width.span)
            return self._do_span(plan.Call("span", (call.args[0], inner), span=call.span))
        if not isinstance(step, int | float) or step <= 0:
            raise WrongValue("the width of a span is a number above 0, or a time like 5m")
        return Value(f"lq_finite(floor({value.num} / {step!r}) * {step!r})", "num")
