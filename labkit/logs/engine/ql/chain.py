"""The chain of common table expressions that a query becomes, and the names in it.

Theory of operation. The first link, ``q0``, reads the base relation (``ts, ing, log, stream, msg,
region, ptr``, a row an event) and adds a column for every discovered field that the query names
before the events are gone; each command adds one link. A *scope* says which names there are and in
which column; it is *open* as long as the events are still there, so that an unknown name is a field
that may be discovered, and *closed* after ``stats`` or ``pattern``, when only their columns are
left: a name that was not carried through is an error then.
"""

from __future__ import annotations

import difflib
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from labkit.logs.engine.ql import discovered, plan
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.periods import Floor
from labkit.logs.engine.ql.values import NULL, Value, quoted


@dataclass(frozen=True, slots=True)
class Moment:
    """The range of a query and when it runs: milliseconds since the epoch, both ends included."""

    start_ms: int
    end_ms: int
    now_ms: int


@dataclass
class Scope:
    """The names that a command can use. ``open``: events are still there."""

    values: dict[str, Value] = field(default_factory=dict)
    open: bool = True


class Chain:
    """Links of SQL over one base relation, and which name is which column of the last one.

    Parameters
    ----------
    moment:
        The range and the instant, for ``now`` and its like.
    base:
        Name of the base relation.
    given:
        Columns of the base relation, by the names of the query, when it does not hold events.
    prefix:
        Put before the names of the links, for a query inside another.
    has:
        Columns that the base may have: ``clear``, the message without its mask; ``seen``, the text
        in which fields are found where that is not the message, and ``failed``, why an event could
        not be transformed.
    """

    def __init__(
        self,
        moment: Moment,
        base: str,
        given: dict[str, Value] | None = None,
        *,
        prefix: str = "q",
        has: Container[str] = (),
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
        #: The link whose rows are the events that passed, all of them or the first ones.
        self.passed = ""
        #: A filter that all events of the base are known to pass.
        self.proved: plan.Filter | None = None
        self.counted = ""
        #: The link of the first stats, read twice when others follow: once for how many events
        #: there were, which is the sum of its column ``counted_by``.
        self.counted_at = self.counted_by = ""
        self.floats = False
        self.clear = "clear" in has
        self.structured = "seen" in has
        #: The column in which fields are found.
        self.text = "seen" if self.structured else "msg"
        #: Added to the times of events: `stats ... offset 1h` looks at an hour earlier.
        self.later_ms = 0
        #: The bins of the last stats: their column, their length, the columns of other groups.
        self.binned: tuple[str, Floor, list[str]] | None = None
        self.serial = 0
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

    def link_same(self, sql: str) -> None:
        """Add a link of the rows of the one before, all of them or the first ones."""
        same = self.passed and self.passed == self.at
        self.link(sql)
        if same:
            self.passed = self.at

    def fresh(self) -> str:
        """A column name that nothing else has."""
        self.serial += 1
        return f"{self.prefix}_c{self.serial}"

    def add(self, computed: Sequence[tuple[str, Value]]) -> None:
        """A link with more columns."""
        cells = []
        for name, value in computed:
            cell = self.fresh()
            cells.append(f"{value.sql} AS {cell}")
            self.scope.values[name] = Value(cell, value.kind)
        self.link_same(f"SELECT *, {', '.join(cells)} FROM {self.at}")

    # ---- names

    def named(self, name: str, span: plan.Span | None = None) -> Value:
        """The value of a field by its name."""
        return self.name(plan.Name(name, text=name, span=span or plan.Span()))

    def held(self, name: str, span: plan.Span | None = None) -> Value:
        """The value of a field as a column of the last link, for windows and unions."""
        value = self.named(name, span)
        if not value.sql.isidentifier():
            self.add([(name, value)])
            value = self.scope.values[name]
        return value

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
                return self.inside(held, discovered.keys_of(rest))
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

    def inside(self, held: Value, keys: Sequence[str]) -> Value:
        """What a map or a list holds under some keys, one in the other."""
        pointer = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
        return Value(f"json_extract({held.sql}, {quoted(pointer)})", "json")

    @property
    def ordered(self) -> str:
        """ORDER BY of the answer: what sort says, then newest first."""
        keys = list(self.order)
        if self.scope.open and self.events:
            keys += ["ts DESC", "ptr DESC"]
        return f" ORDER BY {', '.join(keys)}" if keys else ""

    def with_links(self, select: str) -> str:
        """A whole statement over the chain."""
        if not self.links:
            return select
        chain = ",\n".join(
            f"{name} AS {'MATERIALIZED ' if name == self.counted_at else ''}({sql})"
            for name, sql in self.links
        )
        return f"WITH {chain}\n{select}"
