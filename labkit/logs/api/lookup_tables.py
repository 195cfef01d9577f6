"""Lookup tables: CSV that ``lookup`` joins to events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import exists, invalid, not_found, page, shown, too_many
from labkit.logs.lookup_tables import TABLES, LookupTable, read, written
from labkit.logs.querying import COMPLETE
from labkit.logs.store import LogStore


def _read(body: str) -> tuple[list[str], list[list[str]]]:
    try:
        return read(body)
    except ValueError as problem:
        raise invalid(str(problem)) from None


def _body(call: Call, body: str | None, query_id: str | None) -> str:
    if (body is None) == (query_id is None):
        raise invalid("Exactly one of tableBody and queryId is needed.")
    if body is not None:
        return body
    store: LogStore = call.store
    query = store.of("queries").get(query_id or "")
    if query is None or query.status != COMPLETE or query.result is None:
        raise invalid("The query is not there or not complete.")
    return written(query.result.columns, query.result.rows)


def _table(call: Call, arn: str) -> LookupTable:
    store: LogStore = call.store
    for table in store.of(TABLES).values():
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
    held = store.of(TABLES)
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
    held = store.of(TABLES)
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
    del store.of(TABLES)[_table(call, lookupTableArn).name]
    return {}


OPERATIONS = {
    "CreateLookupTable": create_lookup_table,
    "UpdateLookupTable": update_lookup_table,
    "GetLookupTable": get_lookup_table,
    "DescribeLookupTables": describe_lookup_tables,
    "DeleteLookupTable": delete_lookup_table,
}
