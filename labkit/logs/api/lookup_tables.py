"""Lookup tables: CSV that ``lookup`` joins to events."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import exists, invalid, not_found, page, shown, too_many
from labkit.logs.querying import COMPLETE
from labkit.logs.store import LogStore

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


def _read(body: str) -> tuple[list[str], list[list[str]]]:
    size = len(body.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        raise invalid(f"The table has {size} bytes; at most {MOST_BYTES} are allowed.")
    try:
        rows = [row for row in csv.reader(io.StringIO(body), strict=True) if row]
    except csv.Error as error:
        raise invalid(f"The table is not valid CSV: {error}.") from None
    if not rows:
        raise invalid("The table needs a line with the names of its columns.")
    head = [name.strip() for name in rows[0]]
    if len(set(head)) < len(head) or not all(head):
        raise invalid("The columns of the table need names that differ.")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            raise invalid(f"Line {number} has {len(row)} columns, the first has {len(head)}.")
    return head, rows[1:]


def _body(call: Call, body: str | None, query_id: str | None) -> str:
    if (body is None) == (query_id is None):
        raise invalid("Exactly one of tableBody and queryId is needed.")
    if body is not None:
        return body
    store: LogStore = call.store
    query = store.of("queries").get(query_id or "")
    if query is None or query.status != COMPLETE or query.result is None:
        raise invalid("The query is not there or not complete.")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(query.result.columns)
    writer.writerows([["" if v is None else v for v in row] for row in query.result.rows])
    return out.getvalue()


def _table(call: Call, arn: str) -> LookupTable:
    store: LogStore = call.store
    for table in store.of("lookup_tables").values():
        if arn in (table.arn, table.name):
            return table
    raise not_found("The specified lookup table does not exist.")


def create_lookup_table(
    call: Call,
    /,
    *,
    lookupTableName: str,
    description: str = "",
    tableBody: str | None = None,
    queryId: str | None = None,
    kmsKeyId: str = "",
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A table out of CSV, or out of the answer of a query."""
    store: LogStore = call.store
    held = store.of("lookup_tables")
    if lookupTableName in held:
        raise exists("The specified lookup table already exists.")
    if len(held) >= call.quota("lookup_tables.per_account"):
        raise too_many()
    body = _body(call, tableBody, queryId)
    head, rows = _read(body)
    arn = store.arn(f"lookup-table:{lookupTableName}")
    held[lookupTableName] = LookupTable(
        lookupTableName, arn, body, head, rows, call.now_us, description, kmsKeyId,
        dict(tags or {}),
    )  # fmt: skip
    return {"lookupTableArn": arn, "createdAt": call.now_us // 1000}


def update_lookup_table(
    call: Call,
    /,
    *,
    lookupTableArn: str,
    description: str | None = None,
    tableBody: str | None = None,
    queryId: str | None = None,
    kmsKeyId: str | None = None,
) -> dict[str, Any]:
    """Replace a table's rows."""
    table = _table(call, lookupTableArn)
    body = _body(call, tableBody, queryId)
    table.head, table.rows = _read(body)
    table.body, table.updated_us = body, call.now_us
    table.description = table.description if description is None else description
    table.kms_key = table.kms_key if kmsKeyId is None else kmsKeyId
    return {"lookupTableArn": table.arn, "lastUpdatedTime": call.now_us // 1000}


def get_lookup_table(call: Call, /, *, lookupTableArn: str) -> dict[str, Any]:
    """A table with its CSV."""
    table = _table(call, lookupTableArn)
    return shown(
        {
            "lookupTableArn": table.arn,
            "lookupTableName": table.name,
            "description": table.description or None,
            "tableBody": table.body,
            "sizeBytes": len(table.body.encode()),
            "lastUpdatedTime": table.updated_us // 1000,
            "kmsKeyId": table.kms_key or None,
        }
    )


def describe_lookup_tables(
    call: Call,
    /,
    *,
    lookupTableNamePrefix: str = "",
    maxResults: int | None = None,
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The tables by name, without their rows."""
    store: LogStore = call.store
    held = store.of("lookup_tables")
    found = [held[name] for name in sorted(held) if name.startswith(lookupTableNamePrefix)]
    rows, more = page(found, maxResults, nextToken, 100)
    return {
        "lookupTables": [
            shown(
                {
                    "lookupTableArn": table.arn,
                    "lookupTableName": table.name,
                    "description": table.description or None,
                    "tableFields": table.head,
                    "recordsCount": len(table.rows),
                    "sizeBytes": len(table.body.encode()),
                    "lastUpdatedTime": table.updated_us // 1000,
                    "kmsKeyId": table.kms_key or None,
                }
            )
            for table in rows
        ],
        **more,
    }


def delete_lookup_table(call: Call, /, *, lookupTableArn: str) -> dict[str, Any]:
    """Delete a table."""
    store: LogStore = call.store
    del store.of("lookup_tables")[_table(call, lookupTableArn).name]
    return {}


OPERATIONS = {
    "CreateLookupTable": create_lookup_table,
    "UpdateLookupTable": update_lookup_table,
    "GetLookupTable": get_lookup_table,
    "DescribeLookupTables": describe_lookup_tables,
    "DeleteLookupTable": delete_lookup_table,
}
