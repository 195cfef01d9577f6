"""From the plan to SQL.

Theory of operation. A query becomes a chain of common table expressions. The first one, ``q0``,
reads the base relation (``ts, ing, log, stream, msg, region, ptr``, a row an event) and adds a
column for every discovered field that the query names before the events are gone; each command
adds one link. A *scope* says which names there are and in which column; it is *open* as long as
the events are still there, so that an unknown name is a field that may be discovered, and
*closed* after ``stats`` or ``pattern``, when only their columns are left: a name that was not
carried through is an error then.

All JSON fields of a query are read in one pass over the message (a list of pointers). The SQL is
plain but for names that begin with ``lq_``; :mod:`labkit.logs.engine.ql.dialect` has those.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labkit.logs.engine.ql import discovered, plan
from labkit.logs.engine.ql.aggregates import AGGREGATES, TIMED, Aggregate
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.parsing import named
from labkit.logs.engine.ql.periods import Floor, floored, period
from labkit.logs.engine.ql.scalars import FUNCTIONS, OF_THE_QUERY
from labkit.logs.engine.ql.values import (
    NULL,
    Value,
    column,
    number_value,
    numeric,
    quoted,
    text_value,
)

#: Rows of an answer when the query has no ``limit``; and the most that there are.
DEFAULT_LIMIT = 10_000


#: Fields of events that one query may name: what finding them takes grows with the square.
MOST_NAMES = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """The range of a query and when it runs: milliseconds since the epoch, both ends included."""

    start_ms: int
    end_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """A piece of a query as SQL.

    ``columns``: the names of the answer, in order; ``sql`` selects them as texts, and ``ptr`` last
    when ``pointed``. ``matched``: SQL that counts the events that passed the filters, "" when all
    did. ``floats``: the answer has sums of floats, so that one thread must compute it.
    ``folded``: each row has that count at its end, so that the events are read once.
    """

    sql: str
    columns: tuple[str, ...]
    matched: str = ""
    pointed: bool = False
    floats: bool = False
    folded: bool = False


@dataclass
class Scope:
    """The names that a command can use. ``open``: events are still there."""

    values: dict[str, Value] = field(default_factory=dict)
    open: bool = True


class Compiler:
    """Compiles the commands of one query over one base relation.

    Parameters
    ----------
    moment:
        The range and the instant, for ``now`` and its like.
    base:
        Name of the base relation; None with ``given`` columns, which another stage made.
    given:
        Columns of the base relation, by the names of the query, when it does not hold events.
    prefix:
        Put before the names of the links, for a query inside another.
    inner:
        Subqueries: position in the plan -> (SQL, columns).
    """

    def __init__(
        self,
        moment: Moment,
        base: str,
        given: dict[str, Value] | None = None,
        *,
        prefix: str = "q",
        clear: bool = False,
    ) -> None:
        self.moment = moment
        self.base = base
        self.prefix = prefix
        self.links: list[tuple[str, str]] = []
        self.scope = Scope(dict(given or {}), open=given is None)
        self.events = given is None
        self.order: list[str] = []
        self.shown: list[str] = []
        self.displayed: list[str] | None = None
        self.limited: int | None = None
        self.filtered = ""
        self.counted = ""
        #: The link of the first stats: read twice, once for how many events there were.
        self.counted_at = ""
        self.floats = False
        self.clear = clear
        self._serial = 0
        self._paths: list[str] = []
        self._fields: dict[str, str] = {}
        self.subqueries: dict[int, str] = {}

    # ---- links

    @property
    def at(self) -> str:
        """The relation that the next link reads."""
        return self.links[-1][0] if self.links else self.base

    def link(self, sql: str) -> None:
        """Add a link to the chain."""
        self.links.append((f"{self.prefix}{len(self.links)}", sql))

    def fresh(self) -> str:
        """A column name that nothing else has."""
        self._serial += 1
        return f"{self.prefix}_c{self._serial}"

    def begin(self, commands: Sequence[plan.Command], needed: Sequence[str] = ()) -> None:
        """Read the base: discovered fields that the commands name become columns."""
        if not self.events:
            return
        names = [*needed, *self._named(commands)]
        if len(set(names)) > MOST_NAMES:
            raise QueryError(
                f"the query names {len(set(names))} fields of events; labkit finds {MOST_NAMES}"
            )
        made: dict[str, str] = {}
        for name in names:
            if name in discovered.ALWAYS or name in made:
                continue
            made[name] = f"d{len(made)}"
        for name in made:
            self._fields[name] = self._discovered(name)
        inner = ""
        if self._paths:
            leaves, json = discovered.json_columns(self._paths)
            inner = f"(SELECT *, {leaves} AS _j FROM (SELECT *, {json} AS js FROM {self.base}))"
        adds = "".join(f", {self._fields[name]} AS {column(made[name])}" for name in made)
        self.link(f"SELECT *{adds} FROM {inner or self.base}")
        for name, cell in made.items():
            self.scope.values[name] = Value(column(cell), "text")

    def _named(self, commands: Sequence[plan.Command]) -> list[str]:
        """Names of fields, of commands up to the one that closes the scope, aliases left out."""
        found: list[str] = []
        aliases: set[str] = set()
        structures: set[str] = set()
        for command in commands:
            for value in plan.walk(command):
                if isinstance(value, plan.Name) and value.name not in aliases:
                    head = value.name.split(".")[0]
                    if head not in structures and value.name not in found:
                        found.append(value.name)
            if isinstance(command, plan.Fields | plan.Display):
                for told in command.columns:
                    if not isinstance(told.expr, plan.Name):
                        aliases.add(told.name)
                        structures.add(told.name)
                    elif told.name != told.expr.name:
                        aliases.add(told.name)
            elif isinstance(command, plan.Parse):
                aliases.update(command.names)
            elif isinstance(command, plan.Unnest):
                aliases.add(command.name)
                structures.add(command.name)
            elif isinstance(command, plan.Lookup):
                aliases.update(command.output)
            elif isinstance(command, plan.Stats | plan.Pattern):
                break
        return found

    def _discovered(self, name: str) -> str:
        if name.startswith("@") and not name.startswith("@@"):
            return discovered.lambda_field(name) or "CAST(NULL AS VARCHAR)"
        found = discovered.column_field(name)
        for pointer in discovered.pointers(name):
            self._paths.append(pointer)
            found.append(f"lq_found(_j[{len(self._paths)}], js, {quoted(pointer)})")
        return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]

    # ---- names

    def name(self, name: plan.Name) -> Value:
        """The value of a field."""
        known = self.scope.values.get(name.name)
        if known is not None:
            return known
        if self.scope.open and self.events:
            always = discovered.ALWAYS.get(name.name)
            if always:
                return Value(*always)
        head, _, rest = name.name.partition(".")
        while rest:
            held = self.scope.values.get(head)
            if held is not None and held.kind == "json":
                return self._inside(held, rest.split("."))
            more, _, rest = rest.partition(".")
            head = f"{head}.{more}"
        if self.scope.open:
            return NULL
        raise QueryError.at(self._gone(name.name), name.span)

    def _gone(self, name: str) -> str:
        there = list(self.scope.values)
        near = difflib.get_close_matches(name, there, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(there)}"
        return f"the field {name} is not there any more: after stats only its own columns are{hint}"

    def _inside(self, held: Value, keys: Sequence[str]) -> Value:
        pointer = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
        return Value(f"json_extract({held.sql}, {quoted(pointer)})", "json")

    # ---- expressions

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
            return self._inside(held, expr.key.split("."))
        if isinstance(expr.key, plan.Literal):
            return self._inside(held, [str(expr.key.value)])
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
            raise QueryError.at(self._no_function(call.function), call.span)
        if not row.fewest <= len(call.args) <= row.most:
            raise QueryError.at(
                f"{row.name} is written {row.usage}; {len(call.args)} values were given",
                call.span,
            )
        args: list[Value | Floor] = []
        for index, arg in enumerate(call.args):
            if low in ("datefloor", "dateceil") and index == 1:
                args.append(self._period(arg))
            else:
                args.append(self.value(arg))
        return row.build(*args)

    def _no_function(self, name: str) -> str:
        if name.lower() in AGGREGATES:
            return f"{name} aggregates: it stands in a stats command"
        known = [row.name for row in FUNCTIONS.values()] + [row.name for row in AGGREGATES.values()]
        near = difflib.get_close_matches(name, [*known, *OF_THE_QUERY], 1)
        return f"there is no function {name}" + (f"; did you mean {near[0]}?" if near else "")

    def _period(self, expr: plan.Expr) -> Floor:
        if not isinstance(expr, plan.Period):
            raise QueryError.at("a period is needed, like 5m or 1h", expr.span)
        return period(expr.count, expr.unit)

    def _of_the_query(self, low: str, call: plan.Call) -> Value:
        moment, args = self.moment, call.args
        if low == "bin":
            made = self.scope.values.get(call.text)
            if made is not None:
                return made
            if len(args) != 1:
                raise QueryError.at("bin is written bin(5m)", call.span)
            return Value(floored(self._timestamp(call), self._period(args[0])), "time")
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

    def _timestamp(self, call: plan.Call) -> str:
        held = self.scope.values.get("@timestamp")
        if held is not None:
            return held.num
        if self.scope.open and self.events:
            return "CAST(ts AS DOUBLE)"
        raise QueryError.at(
            "bin works on @timestamp, which is gone after stats: carry it through, "
            "max(@timestamp) as @t, and use datefloor(@t, ...)",
            call.span,
        )

    # ---- commands

    def command(self, command: plan.Command) -> None:
        """Add what a command does."""
        match command:
            case plan.Fields() | plan.Display():
                self._columns(command)
            case plan.Filter():
                self._filter(command)
            case plan.Parse():
                self._parse(command)
            case plan.Sort():
                self._sort(command)
            case plan.Limit():
                self._limit(command)
            case plan.Stats():
                self._stats(command)
            case plan.Dedup():
                self._dedup(command)
            case plan.Unmask():
                self._unmask(command)
            case plan.Unnest():
                self._unnest(command)
            case _:
                raise QueryError.at(f"{command} cannot stand here", command.span)

    def _columns(self, command: plan.Fields | plan.Display) -> None:
        computed: list[tuple[str, Value]] = []
        names: list[str] = []
        for told in command.columns:
            value = self.value(told.expr)
            names.append(told.name)
            if isinstance(told.expr, plan.Name) and told.name == told.expr.name:
                if told.name not in self.scope.values:
                    self.scope.values[told.name] = value
                continue
            computed.append((told.name, value))
        if computed:
            self._add(computed)
        if isinstance(command, plan.Display):
            self.displayed = names
        else:
            self.shown += [name for name in names if name not in self.shown]

    def _add(self, computed: Sequence[tuple[str, Value]]) -> None:
        """A link with more columns."""
        cells = []
        for name, value in computed:
            cell = self.fresh()
            cells.append(f"{value.sql} AS {cell}")
            self.scope.values[name] = Value(cell, value.kind)
        self.link(f"SELECT *, {', '.join(cells)} FROM {self.at}")

    def _filter(self, command: plan.Filter) -> None:
        condition = self.value(command.condition).condition
        self.link(f"SELECT * FROM {self.at} WHERE {condition}")
        if self.scope.open and self.events:
            self.filtered = self.at

    def _parse(self, command: plan.Parse) -> None:
        of = self.value(command.of).text
        if not command.names:
            return
        source = self.fresh()
        self.link(f"SELECT *, {of} AS {source} FROM {self.at}")
        if command.glob:
            self._glob(source, command)
            return
        groups = self.fresh()
        listed = ", ".join(quoted(f"g{i}") for i in range(_groups(command.pattern)))
        wanted = _group_places(command)
        pattern = quoted(named(command.pattern))
        self.link(
            f"SELECT *, CASE WHEN regexp_matches({source}, {pattern}) "
            f"THEN regexp_extract({source}, {pattern}, [{listed}]) END AS {groups} FROM {self.at}"
        )
        self._add(
            [
                (name, Value(f"{groups}.g{place}", "text"))
                for name, place in zip(command.names, wanted, strict=True)
            ]
        )

    def _glob(self, source: str, command: plan.Parse) -> None:
        """Find the texts between the stars from left to right; the last star takes the rest."""
        pieces = command.pattern.split("*")
        rest = source
        if pieces[0]:
            cut = self.fresh()
            head = quoted(pieces[0])
            self.link(
                f"SELECT *, CASE WHEN contains({source}, {head}) THEN substr({source}, "
                f"strpos({source}, {head}) + {len(pieces[0])}) END AS {cut} FROM {self.at}"
            )
            rest = cut
        found: list[str] = []
        for index, piece in enumerate(pieces[1:]):
            last = index == len(pieces) - 2
            if last and piece == "":
                found.append(rest)
                break
            if piece == "":
                # Two stars side by side: the first takes nothing.
                found.append(f"CASE WHEN {rest} IS NOT NULL THEN '' END")
                continue
            value, cut, mark = self.fresh(), self.fresh(), quoted(piece)
            self.link(
                f"SELECT *, CASE WHEN contains({rest}, {mark}) THEN left({rest}, "
                f"strpos({rest}, {mark}) - 1) END AS {value}, CASE WHEN contains({rest}, {mark}) "
                f"THEN substr({rest}, strpos({rest}, {mark}) + {len(piece)}) END AS {cut} "
                f"FROM {self.at}"
            )
            found.append(value)
            rest = cut
        # All or nothing: a line that has only some of the texts gives no field.
        whole = f"{rest} IS NOT NULL"
        self._add(
            [
                (name, Value(f"CASE WHEN {whole} THEN {sql} END", "text"))
                for name, sql in zip(command.names, found, strict=True)
            ]
        )

    def _order_of(self, value: Value, descending: bool) -> list[str]:
        way = "DESC NULLS LAST" if descending else "ASC NULLS FIRST"
        if value.kind in ("num", "time", "bool"):
            return [f"{value.sql} {way}"]
        text = value.text
        return [
            f"(lq_num({text}) IS NOT NULL) {way}",
            f"lq_num({text}) {way}",
            # Numbers of one value are in the order of their texts: 01 before 1.
            f"CASE WHEN lq_num({text}) IS NULL THEN lq_key({text}) ELSE {text} END {way}",
        ]

    def _sort(self, command: plan.Sort) -> None:
        keys: list[str] = []
        for key in command.keys:
            value = self.value(key.expr)
            if value.kind == "json":
                raise QueryError.at("a map or a list cannot be sorted by", key.expr.span)
            if not value.sql.isidentifier():
                self._add([(f"\0{self._serial}", value)])
                value = self.scope.values.pop(next(reversed(self.scope.values)))
            keys += self._order_of(value, key.descending)
        # Rows that agree stay in the order before: groups with one count would else come in
        # whatever order the threads were done.
        self.order = keys + [key for key in self.order if key not in keys]

    @property
    def ordered(self) -> str:
        """ORDER BY of the answer: what sort says, then newest first."""
        keys = list(self.order)
        if self.scope.open and self.events:
            keys += ["ts DESC", "ptr DESC"]
        return f" ORDER BY {', '.join(keys)}" if keys else ""

    def _limit(self, command: plan.Limit) -> None:
        if command.tail:
            backwards = ", ".join(
                _turned(key) for key in self.ordered.removeprefix(" ORDER BY ").split(", ") if key
            )
            order = f" ORDER BY {backwards}" if backwards else ""
            self.link(f"SELECT * FROM {self.at}{order} LIMIT {command.count}")
        else:
            self.link(f"SELECT * FROM {self.at}{self.ordered} LIMIT {command.count}")
        self.limited = min(command.count, self.limited or command.count)

    def _dedup(self, command: plan.Dedup) -> None:
        texts = [self.name(name).text for name in command.names]
        order = self.ordered or " ORDER BY 1"
        keep = " OR ".join(f"{text} IS NULL" for text in texts)
        self.link(
            f"SELECT * FROM {self.at} QUALIFY row_number() OVER "
            f"(PARTITION BY {', '.join(texts)}{order}) = 1 OR {keep}"
        )

    def _unmask(self, command: plan.Unmask) -> None:
        for name in command.names:
            if self.clear and name.name == "@message" and self.scope.open:
                self.scope.values[name.name] = Value("clear", "text")

    def _unnest(self, command: plan.Unnest) -> None:
        value = self.value(command.of)
        source = value.sql if value.kind == "json" else f"to_json({value.text})"
        cell = self.fresh()
        self.link(
            f"SELECT *, unnest(CASE WHEN json_type({source}) = 'ARRAY' "
            f"THEN json_extract({source}, '$[*]') ELSE [{source}] END) AS {cell} FROM {self.at}"
        )
        self.scope.values[command.name] = Value(cell, "json")

    # ---- stats

    def _stats(self, command: plan.Stats) -> None:
        before = self.at
        groups: list[tuple[str, str, Value]] = []
        for told in command.by:
            value = self.value(told.expr)
            if value.kind == "json":
                value = Value(value.text, "text")
            groups.append((told.name, self.fresh(), value))
        wanted: list[tuple[str, str, Value]] = []
        # `max(a) as most, min(a) as least, most - least as span`: a later column may use the names
        # of those before it, as the guide's own samples do.
        told_before: dict[str, Value] = {}
        for told in command.aggregates:
            value = self._aggregate(told.expr, told_before)
            wanted.append((told.name, self.fresh(), value))
            told_before[told.name] = value
        cells = [f"{value.sql} AS {cell}" for _, cell, value in groups + wanted]
        hidden = self.fresh()
        by = f" GROUP BY {', '.join(value.sql for _, _, value in groups)}" if groups else ""
        self.link(f"SELECT {', '.join(cells)}, count(*) AS {hidden} FROM {before}{by}")
        if not self.counted and self.scope.open and self.events:
            self.counted = f"SELECT coalesce(sum({hidden}), 0) FROM {self.at}"
            self.counted_at = self.at
        self.scope = Scope(
            {name: Value(cell, value.kind) for name, cell, value in groups + wanted}, open=False
        )
        self.shown = list(self.scope.values)
        self.displayed = None
        self.order = [
            key
            for _, cell, value in groups
            for key in self._order_of(Value(cell, value.kind), descending=False)
        ]

    def _aggregate(self, expr: plan.Expr, told_before: Mapping[str, Value]) -> Value:
        """An aggregate, or an expression over aggregates: ``sum(bytes) / 1024``.

        Args:
            expr: the expression.
            told_before: the columns of this ``stats`` that stand before it, by their names.
        """
        if isinstance(expr, plan.Name) and expr.name in told_before:
            return told_before[expr.name]
        if isinstance(expr, plan.Call):
            row = AGGREGATES.get(expr.function.lower())
            if row is not None:
                return self._one_aggregate(row, expr)
            scalar = FUNCTIONS.get(expr.function.lower())
            if scalar is not None and expr.args:
                if not scalar.fewest <= len(expr.args) <= scalar.most:
                    raise QueryError.at(f"{scalar.name} is written {scalar.usage}", expr.span)
                parts: list[Value | Floor] = [
                    self._period(arg)
                    if isinstance(arg, plan.Period)
                    else self._aggregate(arg, told_before)
                    for arg in expr.args
                ]
                return scalar.build(*parts)
            raise QueryError.at(self._no_function(expr.function), expr.span)
        if isinstance(expr, plan.Op) and expr.op in ("+", "-", "*", "/", "%", "^"):
            left, right = (self._aggregate(arg, told_before) for arg in expr.args)
            return computed(expr.op, left, right)
        if isinstance(expr, plan.Literal):
            return self.value(expr)
        raise QueryError.at(
            f"stats needs an aggregate like count(*) or avg({expr.text}), not {expr.text}",
            expr.span,
        )

    def _one_aggregate(self, row: Aggregate, call: plan.Call) -> Value:
        args = [arg for arg in call.args if not isinstance(arg, plan.Star)]
        if len(args) != len(call.args) and row.name != "count":
            raise QueryError.at("a star stands in count(*) only", call.span)
        if not row.fewest <= len(args) <= row.most:
            raise QueryError.at(
                f"{row.name} takes {row.fewest} values; {len(args)} were given", call.span
            )
        self.floats = self.floats or row.floats
        values = [self.value(arg) for arg in args]
        if row.name in ("pct", "percentile", "topk"):
            known = values[1 if row.name != "topk" else 0]
            if not isinstance(known.literal, int | float):
                raise QueryError.at(f"{row.name} needs a plain number", call.span)
        if row.name in TIMED:
            order = self.scope.values.get("@timestamp") or (
                Value("ts", "time") if self.scope.open and self.events else None
            )
            if order is None:
                raise QueryError.at(f"{row.name} needs @timestamp, which is gone", call.span)
            values.append(order)
        return row.build(*values)

    # ---- the answer

    def names(self) -> list[str]:
        """The names of the answer's columns."""
        if self.displayed is not None:
            return self.displayed
        if self.shown:
            return self.shown
        if self.scope.open and self.events:
            return ["@timestamp", "@message"]
        return list(self.scope.values)

    def with_links(self, select: str) -> str:
        """A whole statement over the chain."""
        if not self.links:
            return select
        chain = ",\n".join(
            f"{name} AS {'MATERIALIZED ' if name == self.counted_at else ''}({sql})"
            for name, sql in self.links
        )
        return f"WITH {chain}\n{select}"

    def finish(self, limit: int = DEFAULT_LIMIT) -> Compiled:
        """The statement that gives the answer."""
        names = self.names()
        pointed = self.scope.open and self.events
        cells = []
        for index, name in enumerate(names):
            value = self.name(plan.Name(name, text=name))
            cells.append(f"{value.shown} AS {column(f'o{index}')}")
        if pointed:
            cells.append("ptr AS _ptr")
        elif self.counted:
            cells.append(f"({self.counted}) AS _matched")
        most = min(limit, self.limited or limit)
        # Without ORDER BY 1 an answer would come in whatever order the threads were done.
        select = f"SELECT {', '.join(cells)} FROM {self.at}{self.ordered} LIMIT {most}"
        matched = self.counted and self.with_links(self.counted)
        if not matched and self.filtered:
            matched = self.with_links(f"SELECT count(*) FROM {self.filtered}")
        return Compiled(self.with_links(select), tuple(names), matched, pointed, self.floats,
                        bool(self.counted) and not pointed)  # fmt: skip


def _turned(key: str) -> str:
    if key.endswith(" DESC NULLS LAST"):
        return key.removesuffix(" DESC NULLS LAST") + " ASC NULLS FIRST"
    if key.endswith(" ASC NULLS FIRST"):
        return key.removesuffix(" ASC NULLS FIRST") + " DESC NULLS LAST"
    return key.removesuffix(" DESC") + " ASC"


def _groups(pattern: str) -> int:
    from labkit.logs.engine.ql.parsing import compiled_regex

    return int(compiled_regex(pattern, plan.Span()).groups)


def _group_places(command: plan.Parse) -> list[int]:
    from labkit.logs.engine.ql.parsing import compiled_regex

    index = compiled_regex(command.pattern, plan.Span()).groupindex
    if index:
        return [index[name] - 1 for name in command.names]
    return list(range(len(command.names)))


def computed(op: str, left: Value, right: Value) -> Value:
    """Arithmetic: ``+ - * / % ^``. What has no answer (by zero, too large) is missing."""
    if op == "^":
        return Value(f"lq_finite(pow({left.num}, {right.num}))", "num")
    divisor = f"nullif({right.num}, 0)" if op in ("/", "%") else right.num
    return Value(f"lq_finite({left.num} {op} {divisor})", "num")


def compared(op: str, left: Value, right: Value) -> Value:
    """A comparison: by number where both are numbers, else by text. Missing values never match."""
    sign = "<>" if op == "!=" else op
    plain = ("num", "time", "bool")
    left_text, right_text = left.literal, right.literal
    known_text = [
        text for text in (left_text, right_text) if isinstance(text, str) and numeric(text) is None
    ]
    if known_text:
        return Value(f"({left.text} {sign} {right.text})", "bool")
    if left.kind in plain and right.kind in plain:
        return Value(f"({left.num} {sign} {right.num})", "bool")
    if left.kind in plain or right.kind in plain or left_text is not None or right_text is not None:
        # One side is a number for certain: a text that is none differs from it.
        other = right if left.kind in plain or left_text is not None else left
        number = f"({left.num} {sign} {right.num})"
        if op == "!=":
            return Value(f"coalesce({number}, {other.text} IS NOT NULL)", "bool")
        return Value(number, "bool")
    return Value(
        f"CASE WHEN {left.num} IS NOT NULL AND {right.num} IS NOT NULL "
        f"THEN {left.num} {sign} {right.num} ELSE {left.text} {sign} {right.text} END",
        "bool",
    )
