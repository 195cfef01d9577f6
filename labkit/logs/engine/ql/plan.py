"""The plan of a Logs Insights query: plain values, one for each command and kind of expression.

A plan is what :func:`labkit.logs.engine.ql.parse` gives. It can be printed, compared and walked; it
holds no SQL. Every expression keeps the text that it was written with (``text``), since AWS names a
column without an alias by it, and where it stands (``start``, ``end``: offsets in the query), since
an error points there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in the query: offsets of its first character and past its last."""

    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expr:
    """An expression. ``text`` is how it was written."""

    text: str = field(default="", compare=False)
    span: Span = field(default=Span(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name(Expr):
    """A field: ``@message``, ``status``, ``user.id``, a name in backticks."""

    name: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    """A number or a string."""

    value: float | int | str


@dataclass(frozen=True, slots=True)
class Regex(Expr):
    """A regular expression between slashes (RE2)."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Period(Expr):
    """A length of time: ``5m``, ``300s``. ``unit`` is one of ms s m h d w mo q y."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Star(Expr):
    """The star of ``count(*)``."""


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A function of some values."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Op(Expr):
    """An operator between values: ``and or not = != < <= > >= + - * / % ^ like =~ in``."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Item(Expr):
    """An item of a list or an attribute of a map: ``j.items[0]``, ``j.`odd name` ``."""

    of: Expr
    key: Expr | str


@dataclass(frozen=True, slots=True)
class Subquery(Expr):
    """A query in parentheses with a source of its own."""

    query: Query


@dataclass(frozen=True, slots=True)
class Aliased:
    """An expression and the name that its column gets."""

    expr: Expr
    name: str

    def __str__(self) -> str:
        return self.expr.text if self.name == self.expr.text else f"{self.expr.text} as {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A step of the query. ``closes``: after it there are no events, only its own columns."""

    span: Span = field(default=Span(), compare=False, repr=False)
    closes: ClassVar[bool] = False

    @property
    def made(self) -> tuple[str, ...]:
        """Names of columns that the step makes, which are no fields of events."""
        return ()


def _several(items: tuple[object, ...]) -> str:
    return ", ".join(map(str, items))


@dataclass(frozen=True, slots=True)
class Fields(Command):
    """``fields``: show these, and keep what else there is for the commands after it."""

    columns: tuple[Aliased, ...]

    def __str__(self) -> str:
        return f"fields {_several(self.columns)}"


@dataclass(frozen=True, slots=True)
class Display(Command):
    """``display``: show exactly these; the last one wins."""

    columns: tuple[Aliased, ...]

    def __str__(self) -> str:
        return f"display {_several(self.columns)}"


@dataclass(frozen=True, slots=True)
class Filter(Command):
    """``filter`` (``where``) and ``filterIndex``."""

    condition: Expr
    indexed: bool = False

    def __str__(self) -> str:
        return f"{'filterIndex' if self.indexed else 'filter'} {self.condition.text}"


@dataclass(frozen=True, slots=True)
class Parse(Command):
    """``parse``: new fields out of a text, by a glob (``*``) or the named groups of a regex."""

    of: Expr
    pattern: str
    names: tuple[str, ...]
    glob: bool

    def __str__(self) -> str:
        shown = f'"{self.pattern}"' if self.glob else f"/{self.pattern}/"
        return f"parse {self.of.text} {shown} as {_several(self.names)}"


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of a ``sort``."""

    expr: Expr
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.expr.text} {'desc' if self.descending else 'asc'}"


@dataclass(frozen=True, slots=True)
class Sort(Command):
    """``sort``."""

    keys: tuple[SortKey, ...]

    def __str__(self) -> str:
        return f"sort {_several(self.keys)}"


@dataclass(frozen=True, slots=True)
class Limit(Command):
    """``limit``: at most so many rows; ``any`` may stop scanning early; ``tail`` takes the last."""

    count: int
    any: bool = False
    tail: bool = False

    def __str__(self) -> str:
        return f"{'tail' if self.tail else 'limit any' if self.any else 'limit'} {self.count}"


@dataclass(frozen=True, slots=True)
class Stats(Command):
    """``stats``: aggregates, for each group. ``offset``: of a range that much earlier."""

    aggregates: tuple[Aliased, ...]
    by: tuple[Aliased, ...] = ()
    offset: str = ""
    offset_ms: int = 0

    def __str__(self) -> str:
        by = f" by {_several(self.by)}" if self.by else ""
        offset = f" offset {self.offset}" if self.offset else ""
        return f"stats {_several(self.aggregates)}{by}{offset}"


@dataclass(frozen=True, slots=True)
class Dedup(Command):
    """``dedup``: of events that agree in these fields, the first."""

    names: tuple[Name, ...]

    def __str__(self) -> str:
        return f"dedup {', '.join(name.text for name in self.names)}"


@dataclass(frozen=True, slots=True)
class Pattern(Command):
    """``pattern``: the shapes of a text, with what varies replaced by tokens."""

    of: Expr

    def __str__(self) -> str:
        return f"pattern {self.of.text}"


@dataclass(frozen=True, slots=True)
class Diff(Command):
    """``diff``: against the range before (``""``), the day, week or month before."""

    against: str = ""

    def __str__(self) -> str:
        return f"diff {self.against}".strip()


@dataclass(frozen=True, slots=True)
class Anomaly(Command):
    """``anomaly``: which patterns are out of the ordinary."""

    def __str__(self) -> str:
        return "anomaly"


@dataclass(frozen=True, slots=True)
class Unmask(Command):
    """``unmask``: show these fields without the mask of a data protection policy."""

    names: tuple[Name, ...]

    def __str__(self) -> str:
        return f"unmask {', '.join(name.text for name in self.names)}"


@dataclass(frozen=True, slots=True)
class Unnest(Command):
    """``unnest``: one row for each element of a list."""

    of: Expr
    name: str

    def __str__(self) -> str:
        return f"unnest {self.of.text} into {self.name}"


@dataclass(frozen=True, slots=True)
class Lookup(Command):
    """``lookup``: more columns out of a lookup table. ``keys``: (column of the table, field)."""

    table: str
    keys: tuple[tuple[str, Name], ...]
    output: tuple[str, ...]

    def __str__(self) -> str:
        keys = ", ".join(f"{column} as {name.text}" for column, name in self.keys)
        return f"lookup {self.table} {keys} OUTPUT {_several(self.output)}"


@dataclass(frozen=True, slots=True)
class Join(Command):
    """``join``: rows of another query that agree. ``kind`` is inner or left."""

    kind: str
    left: str
    right: str
    condition: Expr
    query: Query

    def __str__(self) -> str:
        return (
            f"join type={self.kind} left={self.left} right={self.right} "
            f"where {self.condition.text} ({self.query})"
        )


@dataclass(frozen=True, slots=True)
class Source:
    """``SOURCE``: log groups by name, or ``logGroups(namePrefix: [...])``; times if given.

    ``indexed``: fields and the values that they must have, by their indexes alone; without groups
    those that have the index are meant. ``data_sources``: names of the sources that logs are of.
    """

    groups: tuple[str, ...] = ()
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    start: str = ""
    end: str = ""
    indexed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    data_sources: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = ", ".join(f'"{name}"' for name in self.groups)
        if not names:
            inside = ", ".join(f"{key}: {list(values)}" for key, values in self.filters)
            names = f"logGroups({inside})"
        times = (f" START={self.start}" if self.start else "") + (
            f" END={self.end}" if self.end else ""
        )
        return f"SOURCE {names}{times}"


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query. ``print(query)`` gives one command a line."""

    source: Source | None
    commands: tuple[Command, ...]
    text: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        parts = [str(self.source)] if self.source else []
        return "\n| ".join(parts + [str(command) for command in self.commands])


def walk(value: object) -> Iterator[object]:
    """Every value of a plan, the outer ones first; a subquery is not entered."""
    yield value
    if isinstance(value, Subquery | Query):
        return
    if isinstance(value, tuple):
        for item in value:
            yield from walk(item)
    else:
        kind: Any = type(value)
        for part in _parts(kind):
            yield from walk(getattr(value, part))


@cache
def _parts(kind: Any) -> tuple[str, ...]:
    """The fields of a class of the plan; none of what is no such class."""
    if not is_dataclass(kind):
        return ()
    return tuple(one.name for one in fields(kind) if one.name not in ("span", "text"))
