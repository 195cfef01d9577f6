"""A SELECT in duckdb's SQL.

Theory of operation. Each log group after FROM is a link ``e0``, ``e1``, ... that reads its events
and adds a column for every field that the query names; the links are written last, when all names
are known. Over them a SELECT has up to three layers: its rows (FROM, JOIN, WHERE); its groups,
whose keys and aggregates are columns of their own; and its output, where HAVING, windows, DISTINCT
and ORDER BY are. A name that is neither a key nor inside an aggregate is found out here, with its
place, and not by duckdb.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from labkit.logs.engine.opensearch.aggregates import AGGREGATES
from labkit.logs.engine.opensearch.operators import compared
from labkit.logs.engine.opensearch.rows import as_text
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.plan import Source
from labkit.logs.engine.ql.values import Value, text_value
from labkit.logs.engine.sql.events import Column, Derived, Events
from labkit.logs.engine.sql.expressions import Expressions
from labkit.logs.engine.sql.grouping import sets_of
from labkit.logs.engine.sql.ordering import keys_of
from labkit.logs.engine.sql.parsing import SOURCE, span_of
from labkit.logs.engine.sql.scopes import Groups, Output, Rows, parts_of

if TYPE_CHECKING:
    Node: TypeAlias = Any

#: Gives the base relation of a source, the names of the fields in it for a star, and whether some
#: of its events were transformed.
Bases = Callable[[Source], tuple[str, Callable[[], Sequence[str]], bool]]


@dataclass
class Selected:
    """A SELECT as SQL: its columns are ``c0``, ``c1``, ...

    ``before``: FROM and WHERE, to count the rows that passed. ``pointed``: each row is an event,
    whose number is the column ``_ptr``. ``folded``: SQL of that count out of the groups.
    """

    sql: str
    columns: list[Column]
    before: list[str] = field(default_factory=list)
    pointed: bool = False
    folded: str = ""


class Compiler:
    """Compiles a query.

    Parameters
    ----------
    bases:
        Registers the events of a source.
    now_ms:
        When the query runs.
    """

    def __init__(self, bases: Bases, now_ms: int) -> None:
        self.bases, self.now_ms = bases, now_ms
        self.events: list[Events] = []
        self.floats = False
        #: Groups of the outermost SELECT: read for the answer, and for how many rows they are of.
        self.links: list[str] = []
        self._names = 0

    def fresh(self, letter: str) -> str:
        """A name of a relation that nothing else has."""
        self._names += 1
        return f"{letter}{self._names}"

    @property
    def chain(self) -> str:
        """The links of the events, for ``WITH``; when everything else is compiled."""
        return ", ".join([*(events.link for events in self.events), *self.links])

    # ---- queries

    def query(self, node: Node, parent: Rows | None = None, most: int | None = None) -> Selected:
        """A SELECT, or several joined by UNION and its like."""
        from sqlglot import exp

        if isinstance(node, exp.Subquery):
            return self.query(node.this, parent, most)
        if isinstance(node, exp.SetOperation):
            return self._together(node, parent, most)
        if isinstance(node, exp.Select):
            return self._select(node, parent, most)
        raise QueryError.at("only SELECT can stand here", span_of(node))

    def _together(self, node: Node, parent: Rows | None, most: int | None) -> Selected:
        left, right = self.query(node.this, parent), self.query(node.expression, parent)
        if len(left.columns) != len(right.columns):
            raise QueryError.at(
                f"both sides need as many columns: {len(left.columns)} and {len(right.columns)}",
                span_of(node.expression),
            )
        kinds = [
            a.value.kind if a.value.kind == b.value.kind else "text"
            for a, b in zip(left.columns, right.columns, strict=True)
        ]
        sides = []
        for side in (left, right):
            cells = [
                f"{as_text(Value(f'c{n}', one.value.kind)) if kind == 'text' else f'c{n}'} AS c{n}"
                for n, (one, kind) in enumerate(zip(side.columns, kinds, strict=True))
            ]
            sides.append(f"SELECT {', '.join(cells)} FROM ({side.sql})")
        word = type(node).__name__.upper() + ("" if node.args.get("distinct") else " ALL")
        name = self.fresh("u")
        columns = [
            Column(one.name, Value(f"{name}.c{n}", kind))
            for n, (one, kind) in enumerate(zip(left.columns, kinds, strict=True))
        ]
        within = Derived(f"({sides[0]} {word} {sides[1]})", name, "", columns)
        output = Output(Rows([within], parent, self.now_ms, self._inner))
        output.aliases = {one.name.lower(): one.value for one in columns}
        keys = self._order(node, output, columns)
        listed = ", ".join(f"{one.value.sql} AS c{n}" for n, one in enumerate(columns))
        order = ", ".join([*keys, *(f"{name}.c{n}" for n in range(len(columns)))])
        sql = f"SELECT {listed} FROM {within.sql} AS {name} ORDER BY {order}{_limit(node, most)}"
        made = [Column(one.name, Value(f"c{n}", one.value.kind)) for n, one in enumerate(columns)]
        return Selected(sql, made, left.before + right.before)

    def _inner(self, node: Node, parent: Rows) -> tuple[str, list[str]]:
        """A subquery inside an expression."""
        selected = self.query(node, parent)
        return f"({selected.sql})", [one.value.kind for one in selected.columns]

    # ---- FROM

    def _source(self, table: Node, parent: Rows | None) -> tuple[Events | Derived, list[str]]:
        """A relation after FROM, and what counts its rows when nothing is asked of them."""
        from sqlglot import exp

        if isinstance(table, exp.Subquery):
            selected = self.query(table.this, parent)
            name = self.fresh("s")
            derived = Derived(f"({selected.sql})", name, table.alias, selected.columns)
            return derived, selected.before
        if not isinstance(table, exp.Table):
            raise QueryError.at("a log group or a SELECT stands after FROM", span_of(table))
        source = table.meta[SOURCE]
        base, names, structured = self.bases(source)
        alias = table.alias or (source.groups[0] if len(source.groups) == 1 else "")
        events = Events(base, self.fresh("e"), alias, names, structured)
        events.conditions = [
            " OR ".join(compared("=", events.find(name), text_value(one)).sql for one in values)
            for name, values in source.indexed
        ]
        self.events.append(events)
        return events, []

    def _from(self, select: Node, parent: Rows | None) -> tuple[Rows, str, list[str]]:
        """The rows of FROM, JOIN and WHERE; their SQL; what counts them."""
        table = select.args["from_"].this
        first, counted = self._source(table, parent)
        sources = [first]
        joins = [*(table.args.get("joins") or []), *(select.args.get("joins") or [])]
        for join in joins:
            sources.append(self._source(join.this, parent)[0])
        rows = Rows(sources, parent, self.now_ms, self._inner)
        sql = f"FROM {_relation(first)}"
        tests = [f"({one})" for one in getattr(first, "conditions", [])]
        for join, source in zip(joins, sources[1:], strict=True):
            kind = "LEFT JOIN" if str(join.side).upper() == "LEFT" else "JOIN"
            on = [f"({one})" for one in getattr(source, "conditions", [])]
            on.insert(0, self._on(join, rows, [first, source]))
            sql += f" {kind} {_relation(source)} ON {' AND '.join(on)}"
        where = select.args.get("where")
        if where is not None:
            tests.append(Expressions(rows).value(where.this).condition)
        if tests:
            sql += f" WHERE {' AND '.join(tests)}"
        return rows, sql, counted if counted and not tests and not joins else [sql]

    def _on(self, join: Node, rows: Rows, sources: Sequence[Events | Derived]) -> str:
        from sqlglot import exp

        using = join.args.get("using")
        within = Expressions(rows)
        if using:
            tests = []
            for one in using:
                found = [source.find(one.name) for source in sources]
                left, right = found[0], found[-1]
                if left is None or right is None:
                    raise QueryError.at(f"{one.name} is not on both sides", span_of(one))
                tests.append(f"{as_text(left)} = {as_text(right)}")
            return " AND ".join(tests)
        on = join.args.get("on")
        if on is None:
            raise QueryError.at("a JOIN needs ON with a condition", span_of(join))
        tests, equal = [], False
        for test in on.flatten() if isinstance(on, exp.And) else [on]:
            test = test.unnest()
            if isinstance(test, exp.EQ):
                # As texts: so that duckdb may hash them, and a million lines meet a million.
                left, right = within.value(test.this), within.value(test.expression)
                both = [self._sides(one) for one in (test.this, test.expression)]
                equal = equal or (all(both) and both[0] != both[1])
                if "num" in (left.kind, right.kind):
                    tests.append(f"{left.num} = {right.num}")
                else:
                    tests.append(f"{as_text(left)} = {as_text(right)}")
            else:
                tests.append(within.value(test).condition)
        if not equal:
            raise QueryError.at(
                "ON needs an equality of a field of each side: A.id = B.id", span_of(on)
            )
        return " AND ".join(tests)

    @staticmethod
    def _sides(node: Node) -> str:
        from sqlglot import exp

        column = node.find(exp.Column)
        return "" if column is None else parts_of(column)[0].lower()

    # ---- SELECT

    def _select(self, select: Node, parent: Rows | None, most: int | None) -> Selected:
        rows, before, counted = self._from(select, parent)
        within, output = self._grouped(select, rows)
        columns = self._columns(select, output, rows)
        where = self._having(select, within)
        listed = [f"{one.value.sql} AS c{n}" for n, one in enumerate(columns)]
        folded = ""
        if select.args.get("distinct") is not None:
            # Keys of ORDER BY are columns of the answer here: groups are known already.
            over = _over(within, before, where)
            sql = self._distinct(select, columns, f"{', '.join(listed)} {over}", most)
            pointed = False
        else:
            order = self._ordered(select, output, columns, most)
            pointed = most is not None and within is rows and bool(rows.order)
            pointed = pointed and not output.explodes
            if pointed:
                listed.append(f"{rows.sources[0].name}.ptr AS _ptr")
            over = _over(within, before, where)
            if isinstance(within, Groups) and most is not None:
                self.links.append(f"{within.name} AS MATERIALIZED {within.sql(before)}")
                over = f"FROM {within.name}{where}"
                folded = f"SELECT {within.counted} FROM {within.name}"
            sql = f"SELECT {', '.join(listed)} {over}{order}{_limit(select, most)}"
        self.floats = (
            self.floats or output.windows or output.explodes or len(rows.sources) > 1
            or (isinstance(within, Groups) and within.floats)
        )  # fmt: skip
        made = [Column(one.name, Value(f"c{n}", one.value.kind)) for n, one in enumerate(columns)]
        return Selected(sql, made, counted, pointed, folded)

    @staticmethod
    def _having(select: Node, within: Rows | Groups) -> str:
        having = select.args.get("having")
        if having is None:
            return ""
        if not isinstance(within, Groups):
            raise QueryError.at("HAVING stands after GROUP BY", span_of(having))
        return f" WHERE {Expressions(within).value(having.this).condition}"

    def _ordered(
        self, select: Node, output: Output, columns: list[Column], most: int | None
    ) -> str:
        """ORDER BY: what is said, then what makes an answer the same each time."""
        keys = self._order(select, output, columns)
        if most is None and select.args.get("limit") is None:
            return ""
        ties = output.within.order.split(", ") if output.within.order else []
        if not ties:
            ties = [one.value.sql for one in columns if "unnest(" not in one.value.sql]
        told = ", ".join(dict.fromkeys([*keys, *ties]))
        return f" ORDER BY {told}" if told else ""

    def _grouped(self, select: Node, rows: Rows) -> tuple[Rows | Groups, Output]:
        group = select.args.get("group")
        aliases = _aliases(select)
        keys: list[Node] = []
        sets: list[list[Node]] | None = None
        if group is not None:
            told = sets_of(group)
            if told is not None:
                sets = [[self._key(one, select, aliases) for one in part] for part in told]
            listed = group.expressions if sets is None else [one for part in sets for one in part]
            keys = [self._key(one, select, aliases) for one in listed]
        if group is None and not any(_aggregates(one) for one in select.expressions):
            return rows, Output(rows)
        groups = Groups(rows, keys, self.fresh("g"), sets)
        groups.aliases = aliases
        return groups, Output(groups)

    @staticmethod
    def _key(node: Node, select: Node, aliases: dict[str, Node]) -> Node:
        """What a key of GROUP BY means: a place, a name of SELECT, or itself."""
        from sqlglot import exp

        if isinstance(node, exp.Literal) and not node.is_string:
            told = select.expressions
            if not node.this.isdigit() or not 1 <= int(node.this) <= len(told):
                raise QueryError.at(f"SELECT has {len(told)} columns", span_of(node))
            return told[int(node.this) - 1].unalias()
        if isinstance(node, exp.Column) and not node.table:
            meant = aliases.get(node.name.lower())
            if meant is not None and not _names_itself(node.name.lower(), meant):
                if _aggregates(meant):
                    raise QueryError.at(f"{node.name} is an aggregate: it cannot be a key",
                                        span_of(node))  # fmt: skip
                return meant
        return node

    def _columns(self, select: Node, output: Output, rows: Rows) -> list[Column]:
        from sqlglot import exp

        found: list[Column] = []
        within = Expressions(output)
        for told in select.expressions:
            node = told.unalias()
            if isinstance(node, exp.Star) or (
                isinstance(node, exp.Column) and isinstance(node.this, exp.Star)
            ):
                found += self._star(node, output, rows)
                continue
            if isinstance(node, exp.Anonymous) and str(node.this).lower() == "json_tuple":
                found += self._tuple(node, within, told)
                continue
            value = within.value(node)
            if value.kind == "interval":
                raise QueryError.at("an interval is no column", span_of(node))
            found.append(Column(name_of(told), value))
        if select.args.get("distinct") is not None and select.args["distinct"].args.get("on"):
            raise QueryError.at("DISTINCT ON is not there", span_of(select.args["distinct"]))
        names = [one.name.lower() for one in found]
        output.aliases = {
            one.alias.lower(): value.value
            for one, value in zip(select.expressions, found, strict=False)
            if one.alias and len(select.expressions) == len(found)
        }
        if len(set(names)) < len(names):
            found = self._apart(select, found, names)
        return found

    @staticmethod
    def _apart(select: Node, found: list[Column], names: list[str]) -> list[Column]:
        """Columns of one name keep what stands before it: ``A.id`` and ``B.id``."""
        if len(select.expressions) != len(found):
            return found
        out = []
        for told, one, name in zip(select.expressions, found, names, strict=True):
            whole = ".".join(parts_of(told)) if names.count(name) > 1 and not told.alias else ""
            out.append(Column(whole or one.name, one.value))
        return out

    def _star(self, node: Node, output: Output, rows: Rows) -> list[Column]:
        if isinstance(output.within, Groups):
            raise QueryError.at("a star cannot stand beside GROUP BY", span_of(node))
        alias = getattr(node, "table", "") or ""
        columns = rows.star(alias)
        if not columns:
            raise QueryError.at(f"there is no table {alias}", span_of(node))
        return columns

    @staticmethod
    def _tuple(node: Node, within: Expressions, told: Node) -> list[Column]:
        """``json_tuple(j, 'a', 'b')``: a column for each key."""
        if len(node.expressions) < 2:
            raise QueryError.at("json_tuple is written json_tuple(j, 'key', ...)", span_of(node))
        of = within._json(node.expressions[0])
        names = [one.name for one in getattr(told, "aliases", [])] or []
        found = []
        for place, key in enumerate(node.expressions[1:]):
            pointer = within.value(key)
            sql = f"os_json_text(json_extract({of.sql}, concat('/', {as_text(pointer)})))"
            name = names[place] if place < len(names) else f"c{place}"
            found.append(Column(name, Value(sql, "text")))
        return found

    def _distinct(
        self, select: Node, columns: list[Column], inner: str, most: int | None
    ) -> str:  # fmt: skip
        name = self.fresh("x")
        made = [
            Column(one.name, Value(f"{name}.c{n}", one.value.kind)) for n, one in enumerate(columns)
        ]
        output = Output(Rows([Derived("", name, "", made)], None, self.now_ms, self._inner))
        output.aliases = {one.name.lower(): one.value for one in made}
        keys = self._order(select, output, made)
        order = ", ".join([*keys, *(one.value.sql for one in made)])
        return (
            f"SELECT * FROM (SELECT DISTINCT {inner}) AS {name} "
            f"ORDER BY {order}{_limit(select, most)}"
        )

    def _order(self, node: Node, output: Output, columns: list[Column]) -> list[str]:
        from sqlglot import exp

        order = node.args.get("order") or node.args.get("sort")
        keys: list[str] = []
        within = Expressions(output)
        for one in order.expressions if order is not None else []:
            key = one.this
            if isinstance(key, exp.Literal) and not key.is_string:
                if not key.this.isdigit() or not 1 <= int(key.this) <= len(columns):
                    raise QueryError.at(f"SELECT has {len(columns)} columns", span_of(key))
                value = columns[int(key.this) - 1].value
            else:
                value = within.value(key)
            if value.kind == "interval":
                raise QueryError.at("an interval cannot be sorted by", span_of(key))
            keys += keys_of(value, bool(one.args.get("desc")), _nulls(one))
        return keys


def _nulls(ordered: Node) -> bool | None:
    """NULLS FIRST or LAST as it is written; sqlglot writes Spark's own order down as well."""
    told = ordered.args.get("nulls_first")
    return None if told is None else bool(told)


def _relation(source: Events | Derived) -> str:
    return source.name if isinstance(source, Events) else f"{source.sql} AS {source.name}"


def _over(within: Rows | Groups, before: str, where: str) -> str:
    """What a SELECT reads: its rows, or its groups that HAVING leaves."""
    if isinstance(within, Groups):
        return f"FROM {within.sql(before)} AS {within.name}{where}"
    return before


def _limit(node: Node, most: int | None) -> str:
    from sqlglot import exp

    limit, offset = node.args.get("limit"), node.args.get("offset")
    count = most
    if limit is not None:
        told = limit.expression
        if not isinstance(told, exp.Literal) or told.is_string or not told.this.isdigit():
            raise QueryError.at("LIMIT needs a plain whole number", span_of(limit))
        count = int(told.this) if most is None else min(int(told.this), most)
    out = "" if count is None else f" LIMIT {min(count, 2**62)}"
    if offset is not None:
        told = offset.expression
        if not isinstance(told, exp.Literal) or told.is_string or not told.this.isdigit():
            raise QueryError.at("OFFSET needs a plain whole number", span_of(offset))
        out += f" OFFSET {min(int(told.this), 2**62)}"
    return out


def _aliases(select: Node) -> dict[str, Node]:
    return {one.alias.lower(): one.unalias() for one in select.expressions if one.alias}


def _names_itself(name: str, node: Node) -> bool:
    """Whether a column of SELECT is made of a field that is called like it."""
    from sqlglot import exp

    return any(
        ".".join(parts_of(column)).lower() == name for column in node.find_all(exp.Column)
    )  # fmt: skip


def _aggregates(node: Node) -> bool:
    """Whether an aggregate stands in an expression, outside OVER and subqueries."""
    from sqlglot import exp

    if isinstance(node, exp.Query | exp.Subquery):
        return False
    if isinstance(node, exp.Window):
        # The function itself is over the window; its values may be aggregates.
        inner = node.this.this if isinstance(node.this, exp.IgnoreNulls) else node.this
        parts = [*inner.iter_expressions(), *(node.args.get("partition_by") or [])]
        order = node.args.get("order")
        return any(map(_aggregates, [*parts, *(order.expressions if order is not None else [])]))
    if isinstance(node, exp.Anonymous) and str(node.this).lower() in AGGREGATES:
        return True
    return any(_aggregates(one) for one in node.iter_expressions())


def name_of(told: Node) -> str:
    """The name of a column: its alias, the field, or the expression as Spark writes it."""
    from sqlglot import exp

    if told.alias:
        return str(told.alias)
    if isinstance(told, exp.Column):
        parts = parts_of(told)
        return parts[-1] if len(parts) > 1 and not told.args.get("db") else ".".join(parts)
    text: str = told.sql("spark", normalize_functions="lower").replace("`", "")
    return text.replace("count(*)", "count(1)")
