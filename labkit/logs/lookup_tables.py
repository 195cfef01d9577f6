"""Lookup tables: CSV that ``lookup`` joins to events."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

#: Under which kind a store keeps them.
TABLES = "lookup_tables"
MOST_BYTES = 10 * 1024 * 1024


@dataclass(slots=True)
class LookupTable:
    """A table: its CSV, head and rows."""

    name: str
    arn: str
    body: str
    head: list[str]
    rows: list[list[str]]
    updated_us: int
    description: str = ""
    kms_key: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    def arrow(self) -> Any:
        """The table for a query: texts."""
        import pyarrow as pa

        return pa.table(
            {
                name: pa.array([row[place] for row in self.rows], pa.string())
                for place, name in enumerate(self.head)
            }
        )


def read(body: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a CSV.

    Raises
    ------
    ValueError
        With what is wrong with it.
    """
    size = len(body.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        raise ValueError(f"The table has {size} bytes; at most {MOST_BYTES} are allowed.")
    try:
        rows = [row for row in csv.reader(io.StringIO(body), strict=True) if row]
    except csv.Error as error:
        raise ValueError(f"The table is not valid CSV: {error}.") from None
    if not rows:
        raise ValueError("The table needs a line with the names of its columns.")
    head = [name.strip() for name in rows[0]]
    if len(set(head)) < len(head) or not all(head):
        raise ValueError("The columns of the table need names that differ.")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            raise ValueError(f"Line {number} has {len(row)} columns, the first has {len(head)}.")
    return head, rows[1:]


def written(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> str:
    """The CSV of a query's answer."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if v is None else v for v in row] for row in rows])
    return out.getvalue()
