"""The events of a source as a relation whose columns are found when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labkit.logs.engine.ql import discovered
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.values import Value, column, quoted

#: Fields that one query may name: what finding them takes grows with the square.
MOST_NAMES = 200

#: Columns of the star, before the discovered ones.
ALWAYS = ("@timestamp", "@message", "@logStream", "@log", "@ingestionTime")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation: its name, and its value where the relation is read."""

    name: str
    value: Value


class Events:
    """An open relation. Each field that is asked for becomes a column of the link that reads it.

    Parameters
    ----------
    base:
        The registered table of events.
    name:
        Of the link, and of the relation where it is read.
    alias:
        What the query calls it.
    names:
        Gives the names of the fields that are found in the events, for the star.
    structured:
        The table has ``seen``, where fields are found instead of the message, and ``failed``.
    """

    def __init__(
        self,
        base: str,
        name: str,
        alias: str,
        names: Callable[[], Sequence[str]],
        structured: bool = False,
    ) -> None:
        self.base, self.name, self.alias = base, name, alias
        self._structured, self._text = structured, "seen" if structured else "msg"
        self._names = names
        self._fields: dict[str, tuple[str, str]] = {}
        self._paths: list[str] = []
        self._raw: dict[str, str] = {}
        #: Conditions that the events must meet: those of filterIndex.
        self.conditions: list[str] = []

    def find(self, name: str) -> Value:
        """A field: one that every event has, or one that may be discovered."""
        always = discovered.ALWAYS.get(name)
        if always is not None:
            sql, kind = always
            if sql.isidentifier():
                return Value(f"{self.name}.{sql}", kind)
            return self._kept(name, sql, kind)
        if name not in self._fields and len(self._fields) >= MOST_NAMES:
            raise QueryError(f"the query names more than {MOST_NAMES} fields of events")
        return self._kept(name, None, "text")

    def json(self, name: str) -> Value:
        """A field as JSON, lists and objects too."""
        pointers = discovered.pointers(name)
        if name in discovered.ALWAYS or not pointers:
            return Value(f"lq_json({self.find(name).text})", "json")
        if name not in self._raw:
            found = ", ".join(f"json_extract(js, {quoted(pointer)})" for pointer in pointers)
            self._raw[name] = f"CASE WHEN json_valid(js) THEN coalesce({found}) END"
        place = list(self._raw).index(name)
        return Value(f"{self.name}.r{place}", "json")

    def _kept(self, name: str, sql: str | None, kind: str) -> Value:
        if name not in self._fields:
            self._fields[name] = (f"d{len(self._fields)}", sql or self._discovered(name))
        return Value(f"{self.name}.{self._fields[name][0]}", kind)

    def _discovered(self, name: str) -> str:
        if name.startswith("@") and not name.startswith("@@"):
            if name == discovered.FAILED and self._structured:
                return "failed"
            return discovered.lambda_field(name) or "CAST(NULL AS VARCHAR)"
        found = discovered.column_field(name, self._text)
        for pointer in discovered.pointers(name):
            self._paths.append(pointer)
            found.append(f"lq_found(_j[{len(self._paths)}], js, {quoted(pointer)})")
        return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]

    def star(self) -> list[Column]:
        """What ``*`` stands for: the fields of every event, then those found in some."""
        names = [*ALWAYS, *(name for name in self._names() if name not in ALWAYS)]
        return [Column(name, self.find(name)) for name in names[: MOST_NAMES - 10]]

    @property
    def link(self) -> str:
        """The link of the chain that reads the events with every column asked for so far."""
        source = self.base
        if self._paths or self._raw:
            _, json = discovered.json_columns([], self._text)
            source = f"(SELECT *, {json} AS js FROM {source})"
        if self._paths:
            leaves, _ = discovered.json_columns(self._paths)
            source = f"(SELECT *, {leaves} AS _j FROM {source})"
        adds = "".join(f", {sql} AS {column(cell)}" for cell, sql in self._fields.values())
        adds += "".join(f", {sql} AS r{place}" for place, sql in enumerate(self._raw.values()))
        return f"{self.name} AS (SELECT *{adds} FROM {source})"


class Derived:
    """A closed relation: a SELECT in parentheses, with its columns."""

    def __init__(self, sql: str, name: str, alias: str, columns: Sequence[Column]) -> None:
        self.sql, self.name, self.alias = sql, name, alias
        self.columns = [
            Column(one.name, Value(f"{name}.c{place}", one.value.kind))
            for place, one in enumerate(columns)
        ]

    def find(self, name: str) -> Value | None:
        """A column by its name, whatever its case."""
        for one in self.columns:
            if one.name.lower() == name.lower():
                return one.value
        return None

    def star(self) -> list[Column]:
        """All columns."""
        return self.columns
