"""ORDER BY over values: numbers before texts, as the query language of Logs Insights sorts."""

from __future__ import annotations

from labkit.logs.engine.ql.values import Value


def keys_of(value: Value, descending: bool, nulls_first: bool | None = None) -> list[str]:
    """Keys in SQL. NULL is the smallest value where nothing is said, as in Spark."""
    first = (not descending) if nulls_first is None else nulls_first
    way = f"{'DESC' if descending else 'ASC'} NULLS {'FIRST' if first else 'LAST'}"
    if value.kind in ("num", "time", "bool"):
        return [f"{value.sql} {way}"]
    text = value.shown
    return [
        f"({text} IS NULL) {'DESC' if first else 'ASC'}",
        f"(lq_num({text}) IS NOT NULL) {'DESC' if descending else 'ASC'}",
        f"lq_num({text}) {way}",
        f"{text} {way}",
    ]
