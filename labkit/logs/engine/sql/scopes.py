"""What names mean inside a SELECT, before it groups its rows and after."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from labkit.logs.engine.opensearch.aggregates import AGGREGATES
from labkit.logs.engine.opensearch.rows import WrongValue
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value
from labkit.logs.engine.sql import timing
from labkit.logs.engine.sql.events import Column, Derived, Events
from labkit.logs.engine.sql.expressions import Expressions, inside
from labkit.logs.engine.sql.parsing import span_of

if TYPE_CHECKING:
    Node: TypeAlias = Any

#: Compiles a SELECT inside another: its SQL in parentheses and the kinds of its columns.
Inner = Callable[["Node", "Rows"], tuple[str, list[str]]]


class Scope:
    """What the expressions of a SELECT may name."""

    now_ms: int = 0

    def known(self, node: Node) -> Value | None:
        """A node that is a column here already."""
        return None

    def column(self, node: Node) -> Value:
        """A name."""
        raise NotImplementedError

    def raw(self, node: Node) -> Value | None:
        """A field of events as JSON, lists and objects too; None where it is none."""
        return None

    def aggregate(self, node: Node) -> Value:
        """An aggregate."""
        raise QueryError.at("an aggregate cannot stand here", span_of(node))

    def grouping(self, nodes: Sequence[Node], node: Node) -> Value:
        """Whether a row's set of keys leaves some out."""
        raise QueryError.at("grouping needs GROUP BY", span_of(node))

    def window(self, node: Node) -> Value:
        """A function OVER a window of rows."""
        raise QueryError.at("OVER stands in SELECT and ORDER BY only", span_of(node))

    def exploded(self, value: Value, node: Node) -> Value:
        """A row for each item of a list."""
        raise QueryError.at("explode stands in SELECT only", span_of(node))

    def subquery(self, node: Node) -> tuple[str, list[str]]:
        """A SELECT inside: SQL in parentheses, and the kinds of its columns."""
        raise QueryError.at("a subquery cannot stand here", span_of(node))


class Rows(Scope):
    """The rows of FROM and WHERE.

    Parameters
    ----------
    sources:
        The relations after FROM.
    parent:
        The rows of the SELECT around this one.
    """

    def __init__(
        self,
        sources: Sequence[Events | Derived],
        parent: Rows | None,
        now_ms: int,
        inner: Inner,
    ) -> None:
        self.sources, self.parent, self.now_ms, self._inner = sources, parent, now_ms, inner

    def find(self, parts: Sequence[str], qualified: bool) -> Value | None:
        """A name by its parts, None when it is unknown here and around."""
        found = self._find(parts)
        if found is None and self.parent is not None:
            return self.parent.find(parts, qualified)
        return found

    def _find(self, parts: Sequence[str]) -> Value | None:
        for source in self.sources:
            if len(parts) > 1 and source.alias.lower() == parts[0].lower():
                return self._in(source, parts[1:])
        if len(parts) > 1 and self._names_around(parts[0]):
            return None
        for source in self.sources:
            if isinstance(source, Derived):
                found = self._in(source, parts)
                if found is not None:
                    return found
        opened = [source for source in self.sources if isinstance(source, Events)]
        if len(opened) > 1:
            names = " or ".join(f"{source.alias}.{parts[-1]}" for source in opened)
            raise QueryError(f"{'.'.join(parts)} may be of either side: write {names}")
        return opened[0].find(".".join(parts)) if opened else None

    def _names_around(self, alias: str) -> bool:
        around = self.parent
        while around is not None:
            if any(source.alias.lower() == alias.lower() for source in around.sources):
                return True
            around = around.parent
        return False

    @staticmethod
    def _in(source: Events | Derived, parts: Sequence[str]) -> Value | None:
        found = source.find(".".join(parts))
        if found is None and len(parts) > 1:
            head = source.find(parts[0])
            if head is not None and head.kind == "json":
                return inside(head, ".".join(parts[1:]))
        return found

    def column(self, node: Node) -> Value:
        """What the name is here."""
        parts = parts_of(node)
        try:
            found = self.find(parts, len(parts) > 1)
        except QueryError as error:
            raise QueryError.at(error.message, span_of(node)) from None
        if found is None:
            raise QueryError.at(self._unknown(".".join(parts)), span_of(node))
        return found

    def _unknown(self, name: str) -> str:
        there = [
            one.name for source in self.sources if isinstance(source, Derived)
            for one in source.columns
        ]  # fmt: skip
        near = difflib.get_close_matches(name, there, 1)
        return f"there is no column {name}" + (f"; did you mean {near[0]}?" if near else "")

    def raw(self, node: Node) -> Value | None:
        """The field with its lists and objects."""
        parts = parts_of(node)
        for source in self.sources:
            if isinstance(source, Events):
                if len(parts) > 1 and source.alias.lower() == parts[0].lower():
                    return source.json(".".join(parts[1:]))
                if len(self.sources) == 1:
                    return source.json(".".join(parts))
        return None

    def subquery(self, node: Node) -> tuple[str, list[str]]:
        """A SELECT inside."""
        return self._inner(node, self)

    def star(self, alias: str = "") -> list[Column]:
        """What ``*`` or ``alias.*`` stands for; [] when there is no such alias."""
        return [
            one
            for source in self.sources
            if not alias or source.alias.lower() == alias.lower()
            for one in source.star()
        ]

    @property
    def order(self) -> str:
        """The order of events, newest first, where the rows are events; "" else."""
        if len(self.sources) == 1 and isinstance(self.sources[0], Events):
            name = self.sources[0].name
            return f"{name}.ts DESC, {name}.ptr DESC"
        return ""


class Groups(Scope):
    """The groups of a SELECT: its keys and aggregates are columns, nothing else is left.

    Parameters
    ----------
    rows:
        What is grouped.
    keys:
        The nodes of GROUP BY.
    name:
        Of the relation of the groups.
    sets:
        The keys of each set of GROUPING SETS, ROLLUP or CUBE; None when all keys group.
    """

    def __init__(
        self,
        rows: Rows,
        keys: Sequence[Node],
        name: str,
        sets: Sequence[Sequence[Node]] | None = None,
    ) -> None:
        self.rows, self.name, self.now_ms = rows, name, rows.now_ms
        within = Expressions(rows)
        self.keys: list[tuple[Node, Value]] = []
        for node in keys:
            # Sets name a key again and again.
            if sets is None or all(node != known for known, _ in self.keys):
                self.keys.append((node, within.value(node)))
        self.sets = sets
        self.made: dict[str, tuple[str, Value]] = {}
        self.aliases: dict[str, Node] = {}
        self.floats = False
        self._within: set[str] = set()

    def known(self, node: Node) -> Value | None:
        """A key of GROUP BY, or what the rows know."""
        for place, (key, value) in enumerate(self.keys):
            if node == key:
                return Value(f"{self.name}.g{place}", value.kind)
        return None

    def column(self, node: Node) -> Value:
        """What the name is here."""
        name = ".".join(parts_of(node))
        end = self._end(name.lower())
        if end is not None:
            return end
        value = self.rows.column(node)
        for place, (_, key) in enumerate(self.keys):
            if key.sql == value.sql:
                return Value(f"{self.name}.g{place}", key.kind)
        told = self.aliases.get(name.lower())
        if told is not None and name not in self._within:
            # max(ms) AS ms: inside, the name is the field's again.
            self._within.add(name)
            try:
                return Expressions(self).value(told)
            finally:
                self._within.discard(name)
        raise QueryError.at(
            f"{name} is neither in GROUP BY nor inside an aggregate like max({name})",
            span_of(node),
        )

    def _end(self, name: str) -> Value | None:
        which = timing.ENDS.get(name)
        if which is None:
            return None
        for place, (key, value) in enumerate(self.keys):
            if timing.is_window(key):
                start = Value(f"{self.name}.g{place}", value.kind)
                return start if which == "start" else timing.end_of(key, start)
        return None

    def aggregate(self, node: Node) -> Value:
        """A column of the groups."""
        from sqlglot import exp

        within, condition = Expressions(self.rows), ""
        if isinstance(node, exp.Filter):
            condition = within.value(node.expression.this).condition
            node = node.this
        if isinstance(node, exp.WithinGroup):
            return self._cell(within.ordered_set(node, condition))
        args, distinct = list(node.expressions), False
        if len(args) == 1 and isinstance(args[0], exp.Distinct):
            args, distinct = list(args[0].expressions), True
        name = str(node.this).lower()
        self.floats = self.floats or AGGREGATES[name].floats
        return self._cell(within.aggregate(name, args, distinct, self.rows.order, condition))

    def _cell(self, value: Value) -> Value:
        """The column of the groups that a value becomes."""
        if value.sql not in self.made:
            self.made[value.sql] = (f"a{len(self.made)}", value)
        return Value(f"{self.name}.{self.made[value.sql][0]}", value.kind)

    def grouping(self, nodes: Sequence[Node], node: Node) -> Value:
        """``grouping(key)``: 1 where a row's set leaves the key out, 0 else; of several, bits."""
        told = []
        for one in nodes:
            place = next((n for n, (key, _) in enumerate(self.keys) if key == one), None)
            if place is None:
                raise QueryError.at("grouping needs a key of GROUP BY", span_of(node))
            told.append(self.keys[place][1].sql)
        if not told or self.sets is None:
            raise QueryError.at(
                "grouping needs a key of ROLLUP, CUBE or GROUPING SETS", span_of(node)
            )
        return self._cell(Value(f"CAST(grouping({', '.join(told)}) AS DOUBLE)", "num"))

    def subquery(self, node: Node) -> tuple[str, list[str]]:
        """A SELECT inside."""
        return self.rows.subquery(node)

    def sql(self, before: str) -> str:
        """The relation of the groups, over the rows ``before`` (FROM and WHERE)."""
        cells = [f"{value.sql} AS g{place}" for place, (_, value) in enumerate(self.keys)]
        cells += [f"{value.sql} AS {cell}" for cell, value in self.made.values()]
        cells.append("count(*) AS rows_")
        by = ", ".join(value.sql for _, value in self.keys)
        if self.sets is not None:
            by = f"GROUPING SETS ({', '.join(self._set(one) for one in self.sets)})"
        return f"(SELECT {', '.join(cells)} {before}{f' GROUP BY {by}' if by else ''})"

    def _set(self, nodes: Sequence[Node]) -> str:
        told = [value.sql for key, value in self.keys if any(key == one for one in nodes)]
        return f"({', '.join(told)})"

    @property
    def counted(self) -> str:
        """How many rows there were, in SQL: each set of keys groups all of them."""
        return f"coalesce(sum(rows_), 0) // {len(self.sets or [()])}"

    @property
    def order(self) -> str:
        """The order of the groups: by their keys."""
        return ", ".join(f"{self.name}.g{place}" for place in range(len(self.keys)))


class Output(Scope):
    """What SELECT and ORDER BY see: rows or groups, and functions over windows of them."""

    def __init__(self, within: Rows | Groups) -> None:
        self.within, self.now_ms = within, within.now_ms
        self.windows = False
        self.aliases: dict[str, Value] = {}
        self.explodes = False

    def known(self, node: Node) -> Value | None:
        """A key of GROUP BY, or what the rows know."""
        return self.within.known(node)

    def column(self, node: Node) -> Value:
        """What the name is here."""
        told = self.aliases.get(".".join(parts_of(node)).lower())
        return told if told is not None else self.within.column(node)

    def raw(self, node: Node) -> Value | None:
        """The field with its lists and objects."""
        return self.within.raw(node)

    def aggregate(self, node: Node) -> Value:
        """A column of the groups."""
        return self.within.aggregate(node)

    def grouping(self, nodes: Sequence[Node], node: Node) -> Value:
        """Whether a row's set of keys leaves some out."""
        return self.within.grouping(nodes, node)

    def subquery(self, node: Node) -> tuple[str, list[str]]:
        """A SELECT inside."""
        return self.within.subquery(node)

    def exploded(self, value: Value, node: Node) -> Value:
        """A row for each item."""
        if self.explodes:
            raise QueryError.at("a SELECT has one explode at most", span_of(node))
        self.explodes = True
        return Value(f"unnest(os_items({value.sql}))", "text")

    def window(self, node: Node) -> Value:
        """A function over a window of these rows."""
        from labkit.logs.engine.sql.windows import windowed

        self.windows = True
        try:
            return windowed(Expressions(self.within), node, self.within.order)
        except WrongValue as wrong:
            raise QueryError.at(str(wrong), span_of(node)) from None


def parts_of(node: Node) -> list[str]:
    """The parts of a name as written: ``A.user.id`` has three."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return [part.name for part in node.parts]
    return [node.name]
