"""Runs a SELECT over tables of events, with the statistics that every query has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.opensearch.rows import as_text
from labkit.logs.engine.ql.discovery import fields_of
from labkit.logs.engine.ql.plan import Source
from labkit.logs.engine.ql.running import (
    Result,
    Run,
    Statistics,
)
from labkit.logs.engine.sql.selecting import Compiler

if TYPE_CHECKING:
    import pyarrow as pa

#: Events that are looked at for the names that a star stands for.
_LOOKED_AT = 1000
#: Seconds of the machine's time after which a query is given up: nothing may hang.
PATIENCE = 60.0


class PatientRun(Run):
    """A run whose statements are given up when they take too long."""

    def fetch(self, sql: str, floats: bool) -> list[Any]:
        """The rows of a statement; one that takes too long is given up."""
        alarm = threading.Timer(PATIENCE, self.cursor.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            return super().fetch(sql, floats)
        finally:
            alarm.cancel()


class SqlRun(PatientRun):
    """A run of a SELECT."""

    query: Any

    def base(self, source: Source) -> tuple[str, Callable[[], Sequence[str]], bool]:
        """Register the events of a source: the name, and what gives the names of its fields.

        Last: whether some of the events were transformed.
        """
        looked = self.looked(source, self.moment.start_ms, self.moment.end_ms)
        self.scanned += looked.records
        self.bytes += looked.bytes
        table = looked.table
        structured = "seen" in table.column_names
        return self.hold(table, "lines"), lambda: names_of(table), structured

    def _result(self) -> Result:
        compiler = Compiler(self.base, self.moment.now_ms)
        selected = compiler.query(self.query.tree, None, self.limit)
        cells = [f"{as_text(one.value)} AS o{n}" for n, one in enumerate(selected.columns)]
        if selected.pointed:
            cells.append("_ptr")
        elif selected.folded:
            cells.append(f"({selected.folded})")
        chain = compiler.chain
        # duckdb keeps the order of a subquery: a SELECT over it changes nothing but the texts.
        sql = f"WITH {chain} SELECT {', '.join(cells)} FROM ({selected.sql})"
        rows = self.fetch(sql, compiler.floats)
        more = [row[-1] for row in rows] if selected.pointed or selected.folded else []
        if more:
            rows = [row[:-1] for row in rows]
        matched = self.scanned
        if self.bind:
            matched = 0
        elif selected.folded and more:
            matched = int(more[0])
        elif any(" WHERE " in before or " JOIN " in before for before in selected.before):
            counts = " + ".join(f"(SELECT count(*) {before})" for before in selected.before)
            matched = int(self.fetch(f"WITH {chain} SELECT {counts}", False)[0][0])
        return Result(
            tuple(one.name for one in selected.columns),
            rows,
            more if selected.pointed else [],
            Statistics(matched, self.scanned, self.bytes),
            tuple(self.statements),
        )


def names_of(table: pa.Table) -> list[str]:
    """The names of the fields that are found in a sample of events, in the order of the events."""
    count = table.num_rows
    places = range(0, count, max(1, count // _LOOKED_AT))
    text = "seen" if "seen" in table.column_names else "msg"
    messages, logs = table.column(text), table.column("log")
    found: dict[str, None] = {}
    for place in places:
        found.update(dict.fromkeys(fields_of(messages[place].as_py(), logs[place].as_py())))
    return list(found)
