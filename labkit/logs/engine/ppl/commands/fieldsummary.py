"""``fieldsummary includefields=a nulls=true``: how often a field is there, and its range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.logs.engine.opensearch.aggregates import AGGREGATES, Call
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.chain import Scope
from labkit.logs.engine.ql.values import Value, quoted

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader

_COLUMNS = ("Field", "COUNT", "COUNT_DISTINCT", "MIN", "MAX", "AVG", "MEAN", "STDDEV", "Nulls",
            "TYPEOF")  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldSummary(plan.Command):
    """``nulls``: rows without the field are counted."""

    closes: ClassVar[bool] = True
    names: tuple[plan.Name, ...]
    nulls: bool = False

    def __str__(self) -> str:
        names = ", ".join(name.name for name in self.names)
        return f"fieldsummary includefields={names} nulls={str(self.nulls).lower()}"


def read(reader: Reader, tree: Any) -> FieldSummary:
    """The plan of the rule."""
    rest = [child for child in tree.children if getattr(child, "type", "") != "EQUAL"]
    names = [one for one in rest if one.data != "option"]
    told = reader.options([one for one in rest if one.data == "option"], "nulls")
    return FieldSummary(reader.names(names), told.get("nulls", False), span=reader.span(tree))


def add(compiler: Compiler, command: FieldSummary) -> None:
    """A row for each field."""
    compiler.floats = True
    parts = []
    for place, name in enumerate(command.names):
        value = compiler.name(name)

        def over(function: str, value: Value = value) -> str:
            made = AGGREGATES[function].build(Call([value]))
            return made.sql if function in ("count", "dc") else made.text

        numbers = f"count({value.num}) = count({value.text}) AND count({value.num}) > 0"
        kind = "'timestamp'" if value.kind == "time" else (
            f"CASE WHEN {numbers} THEN 'double' ELSE 'string' END")  # fmt: skip
        nulls = f"count(*) - {over('count')}" if command.nulls else "0"
        told = (quoted(name.name), over("count"), over("dc"), over("min"), over("max"),
                over("avg"), over("avg"), over("stddev"), nulls, kind)  # fmt: skip
        cells = ", ".join(
            f"CAST({sql} AS {'DOUBLE' if n in (1, 2, 8) else 'VARCHAR'}) AS f{n}"
            for n, sql in enumerate(told)
        )
        parts.append(f"SELECT {cells}, {place} AS place FROM {compiler.at}")
    compiler.link(" UNION ALL ".join(parts))
    compiler.scope = Scope(
        {
            name: Value(f"f{n}", "num" if n in (1, 2, 8) else "text")
            for n, name in enumerate(_COLUMNS)
        },
        open=False,
    )
    compiler.shown, compiler.order = list(_COLUMNS), ["place ASC"]
