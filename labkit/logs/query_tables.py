"""The events of log groups as the tables that a query runs over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from labkit.logs.engine import ql
from labkit.logs.masking import masked_column, shown_as_kept
from labkit.logs.records import LogGroup

if TYPE_CHECKING:
    import pyarrow as pa

    from labkit.logs.engine.ql.sieve import Sieve

#: How a pointer within a query is made of the group's place and the event's number.
SHIFT = 40


@cache
def nothing() -> pa.Table:
    """A table of no events."""
    return joined([])


def together(found: Sequence[ql.Looked]) -> ql.Looked:
    """The events of several groups as one relation."""
    if len(found) == 1:
        return found[0]
    texts = [one.texts for one in found if one.texts is not None]
    lazy = len(texts) == len(found) > 0
    passed = {id(one.passed): one.passed for one in found}
    return ql.Looked(
        joined([one.bare if lazy else one.table for one in found]),
        sum(one.records for one in found),
        sum(one.bytes for one in found),
        (lambda: _end_to_end([take() for take in texts])) if lazy else None,
        next(iter(passed.values())) if len(passed) == 1 else None,
    )


def _end_to_end(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    import pyarrow as pa

    return pa.chunked_array([part for one in columns for part in one.chunks], columns[0].type)


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables of groups, one after the other: a column that some have not is missing there."""
    import pyarrow as pa

    kinds = {
        "ts": pa.int64(), "ing": pa.int64(), "log": pa.string(), "stream": pa.string(),
        "msg": pa.large_string(), "region": pa.string(), "ptr": pa.int64(),
    }  # fmt: skip
    if not tables:
        return pa.table({name: pa.array([], kind) for name, kind in kinds.items()})
    if any("seen" in table.column_names for table in tables):
        # Groups without a transformer: their fields are in the message.
        tables = [
            table if "seen" in table.column_names
            else table.append_column("seen", table.column("msg").cast(pa.large_string()))
            for table in tables
        ]  # fmt: skip
    return pa.concat_tables(tables, promote_options="permissive")


def group_table(
    place: int,
    group: LogGroup,
    start_ms: int,
    end_ms: int,
    clear: bool,
    sieve: Sieve | None = None,
) -> ql.Looked:
    """The events of a group; with a sieve those alone that may pass the query's filters.

    Their texts are taken from the chunks when the query reads them, not before.
    """
    import numpy as np
    import pyarrow as pa

    as_kept = shown_as_kept(group)
    if sieve is not None and (group.structured or not as_kept):
        sieve = None
    sifted = group.events.sifted(start_ms, end_ms, sieve.rows if sieve else None)
    held = sifted.table
    count = held.num_rows
    names = pa.array([stream.name for stream in group.by_index] or [""], pa.string())
    index = held.column("stream_index").combine_chunks()
    seq = held.column("ptr").to_numpy()
    zeros = pa.array(np.zeros(count, np.int32))

    def same(text: str) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(zeros, pa.array([text], pa.string()))

    lazy = sieve is not None and not clear
    if not lazy:
        held = held.append_column("msg", sifted.texts())
        seen, plain = masked_column(group, held.column("msg"), held.column("ing"))
    table = pa.table(
        {
            "ts": held.column("ts"),
            "ing": held.column("ing"),
            "log": same(group.log),
            "stream": pa.DictionaryArray.from_arrays(index, names),
            **({} if lazy else {"msg": seen}),
            **({"clear": plain} if clear else {}),
            **_structured(group, held),
            "region": same(group.region),
            "ptr": pa.array(seq + (place << SHIFT), pa.int64()),
        }
    )
    if not as_kept:
        return ql.Looked.whole(table)
    return ql.Looked(
        table,
        sifted.records,
        sifted.bytes,
        sifted.texts if lazy else None,
        sieve.proves if sieve is not None and sifted.exact else None,
    )


def _structured(group: LogGroup, held: pa.Table) -> dict[str, Any]:
    """Columns with the text in which fields are found, where a transformer made another."""
    if not group.structured:
        return {}
    import pyarrow as pa

    message = held.column("msg")
    seen, errors = group.structured.columns(held.column("ptr").to_numpy(), message)
    shown, _ = masked_column(group, pa.chunked_array([seen]), held.column("ing"))
    return {"seen": shown, "failed": errors}
