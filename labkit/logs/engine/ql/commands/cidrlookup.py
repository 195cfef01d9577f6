"""``cidrlookup table ipField [AS cidrColumn] OUTPUT|OUTPUTNEW ...``: whose network is it?"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.commands.lookup import table_of
from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.ql.scalars import FUNCTIONS
from labkit.logs.engine.ql.values import Value, column

if TYPE_CHECKING:
    import pyarrow as pa
    from lark import Tree

    from labkit.logs.engine.ql.compiling import Compiler
    from labkit.logs.engine.ql.reading_commands import Reader
    from labkit.logs.engine.ql.running import Run


@dataclass(frozen=True, slots=True)
class CidrLookup(plan.Command):
    """``cidrlookup``: ``output`` has (column of the table, name in the event)."""

    table: str
    of: plan.Name
    cidr: str
    output: tuple[tuple[str, str], ...]
    only_new: bool = False

    @property
    def made(self) -> tuple[str, ...]:
        """The names in the event; what is only filled up is still a field of events."""
        return () if self.only_new else tuple(name for _, name in self.output)

    def __str__(self) -> str:
        way = "OUTPUTNEW" if self.only_new else "OUTPUT"
        cidr = f" as {self.cidr}" if self.cidr else ""
        listed = ", ".join(f"{a} as {b}" if a != b else a for a, b in self.output)
        return f"cidrlookup {self.table} {self.of.text}{cidr} {way} {listed}"


def read(reader: Reader, tree: Tree[Any]) -> CidrLookup:
    """The plan of the rule."""
    table, of, cidr, *rest = tree.children
    added = [child for child in rest if getattr(child, "data", "") == "added"]
    pairs = []
    for child in added:
        told, alias = child.children
        name = reader.name(told).name
        pairs.append((name, reader.name(alias).name if alias is not None else name))
    return CidrLookup(
        reader.name(table).name, reader.name(of),
        reader.name(cidr).name if cidr is not None else "",
        tuple(pairs), len(added) < len(rest), span=reader.span(tree),
    )  # fmt: skip


def _networks(command: CidrLookup, table: pa.Table) -> str:
    """The column that holds the ranges: as told, of the field's name, or the first that can."""
    if command.cidr:
        return command.cidr
    if command.of.name in table.column_names:
        return command.of.name
    for name in table.column_names:
        first = next((str(v) for v in table.column(name).to_pylist() if v), "")
        try:
            ipaddress.ip_network(first, strict=False)
        except ValueError:
            continue
        return str(name)
    raise QueryError.at(
        f"the lookup table {command.table} has no column of CIDR ranges", command.span
    )


def cidrlookup(run: Run, compiler: Compiler, command: CidrLookup) -> None:
    """Add the columns of the line whose range is the narrowest that has the address."""
    wanted = [told for told, _ in command.output] + ([command.cidr] if command.cidr else [])
    table = table_of(run, command.table, wanted, command.span)
    ranges = _networks(command, table)
    held = run.hold(table, "lookup")
    address = compiler.held(command.of.name, command.of.span)
    inside = (
        FUNCTIONS["isipinsubnet"].build(address, Value(f"l.{column(ranges)}", "text")).condition
    )
    cells = [(name, compiler.fresh()) for _, name in command.output]
    listed = ", ".join(
        f"l.{column(told)} AS {cell}"
        for (told, _), (_, cell) in zip(command.output, cells, strict=True)
    )
    width = f"TRY_CAST(split_part(l.{column(ranges)}, '/', 2) AS INTEGER)"
    chosen, at = compiler.fresh(), compiler.at
    # Each different address is looked for once: a log has far fewer of them than lines.
    compiler.link(
        f"SELECT e.*, m.* EXCLUDE ({chosen}) FROM {at} e LEFT JOIN ("
        f"SELECT a.{chosen}, {listed} FROM (SELECT DISTINCT {address.text} AS {chosen}, "
        f"{address.text} AS {address.sql} FROM {at}) a, {held} l WHERE {inside} "
        f"QUALIFY row_number() OVER (PARTITION BY a.{chosen} ORDER BY {width} DESC NULLS LAST, "
        f"l.{column(ranges)}) = 1) m ON e.{address.sql} = m.{chosen}"
    )
    for name, cell in cells:
        made = Value(cell, "text")
        if command.only_new:
            before = compiler.name(plan.Name(name, text=name, span=command.span))
            made = Value(f"coalesce({before.text}, {cell})", "text")
        compiler.scope.values[name] = made
    compiler.shows([name for name, _ in cells])
