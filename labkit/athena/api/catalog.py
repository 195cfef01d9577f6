"""The data catalog, as Athena's own API reads it."""

from __future__ import annotations

import re
from typing import Any

from labkit.athena.api.requests import bad, page
from labkit.athena.records import CATALOG, Column, Table
from labkit.athena.store import Store
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError


def _checked(call: Call, catalog: str) -> Store:
    store: Store = call.store
    if catalog.lower() != CATALOG.lower():
        raise bad(f"DataCatalog {catalog} was not found")
    return store


def _missing(message: str) -> AwsError:
    return AwsError("MetadataException", message)


def get_data_catalog(call: Call, /, *, Name: str, WorkGroup: str = "") -> dict[str, Any]:
    """The catalog that every account has."""
    _checked(call, Name)
    return {
        "DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Parameters": {"catalog-id": call.account}}
    }


def list_data_catalogs(
    call: Call,
    /,
    *,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    WorkGroup: str = "",
) -> dict[str, Any]:
    """The catalogs: one."""
    return {"DataCatalogsSummary": [{"CatalogName": CATALOG, "Type": "GLUE"}]}


def get_database(
    call: Call, /, *, CatalogName: str, DatabaseName: str, WorkGroup: str = ""
) -> dict[str, Any]:
    """A database."""
    store = _checked(call, CatalogName)
    if DatabaseName.lower() not in store.databases:
        raise _missing(f"Database {DatabaseName} not found.")
    return {"Database": {"Name": DatabaseName.lower()}}


def list_databases(
    call: Call,
    /,
    *,
    CatalogName: str,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    WorkGroup: str = "",
    AttributesToGet: object = None,
) -> dict[str, Any]:
    """The databases by name."""
    store = _checked(call, CatalogName)
    found, more = page(sorted(store.databases), MaxResults, NextToken, 50)
    return {"DatabaseList": [{"Name": name} for name in found], **more}


def _columns(columns: list[Column]) -> list[dict[str, str]]:
    return [
        {"Name": one.name, "Type": one.type} | ({"Comment": one.comment} if one.comment else {})
        for one in columns
    ]


def _shown(table: Table) -> dict[str, Any]:
    parameters = {"EXTERNAL": "TRUE"} | table.properties
    if table.view:
        parameters = {"presto_view": "true"}
    else:
        parameters |= {
            "inputformat": table.input_format,
            "location": table.location,
            "outputformat": table.output_format,
            "serde.serialization.lib": table.serde,
        }
    return {
        "Name": table.name,
        "CreateTime": to_datetime(table.created_us),
        "TableType": "VIRTUAL_VIEW" if table.view else "EXTERNAL_TABLE",
        "Columns": _columns(table.columns),
        "PartitionKeys": _columns(table.partitions),
        "Parameters": parameters,
    }


def get_table_metadata(
    call: Call, /, *, CatalogName: str, DatabaseName: str, TableName: str, WorkGroup: str = ""
) -> dict[str, Any]:
    """A table or view."""
    store = _checked(call, CatalogName)
    table = store.tables.get((DatabaseName.lower(), TableName.lower()))
    if table is None:
        raise _missing(f"Table {TableName} not found in database {DatabaseName}.")
    return {"TableMetadata": _shown(table)}


def list_table_metadata(
    call: Call,
    /,
    *,
    CatalogName: str,
    DatabaseName: str,
    Expression: str = "",
    NextToken: str | None = None,
    MaxResults: int | None = None,
    WorkGroup: str = "",
    AttributesToGet: object = None,
) -> dict[str, Any]:
    """The tables of a database whose names match a regular expression."""
    store = _checked(call, CatalogName)
    if DatabaseName.lower() not in store.databases:
        raise _missing(f"Database {DatabaseName} not found.")
    try:
        wanted = re.compile(Expression or ".*")
    except re.error as problem:
        raise bad(f"Expression is no regular expression: {problem}") from None
    tables = [one for one in store.tables_of(DatabaseName.lower()) if wanted.search(one.name)]
    found, more = page(tables, MaxResults, NextToken, call.quota("page.metadata"))
    return {"TableMetadataList": [_shown(one) for one in found], **more}
