"""Named queries and prepared statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.athena.api.requests import bad, group_of, page
from labkit.athena.records import PRIMARY, NamedQuery, Prepared
from labkit.athena.store import Store
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError


# -- named queries
def _named(call: Call, query_id: str) -> NamedQuery:
    store: Store = call.store
    found = store.named.get(query_id)
    if found is None:
        raise bad(f"NamedQuery {query_id} was not found")
    return found


def _shown(one: NamedQuery) -> dict[str, str]:
    return {
        "Name": one.name,
        "Description": one.description,
        "Database": one.database,
        "QueryString": one.text,
        "NamedQueryId": one.id,
        "WorkGroup": one.workgroup,
    }


def create_named_query(
    call: Call,
    /,
    *,
    Name: str,
    Database: str,
    QueryString: str,
    Description: str = "",
    ClientRequestToken: str = "",
    WorkGroup: str = PRIMARY,
) -> dict[str, Any]:
    """Save a query under a name."""
    store: Store = call.store
    group_of(call, WorkGroup)
    one = NamedQuery(call.ids.uuid(), Name, Database, QueryString, Description, WorkGroup)
    store.named[one.id] = one
    return {"NamedQueryId": one.id}


def get_named_query(call: Call, /, *, NamedQueryId: str) -> dict[str, Any]:
    """A saved query."""
    return {"NamedQuery": _shown(_named(call, NamedQueryId))}


def batch_get_named_query(call: Call, /, *, NamedQueryIds: Sequence[str]) -> dict[str, Any]:
    """Several saved queries."""
    store: Store = call.store
    return {
        "NamedQueries": [_shown(store.named[one]) for one in NamedQueryIds if one in store.named],
        "UnprocessedNamedQueryIds": [
            {
                "NamedQueryId": one,
                "ErrorCode": "INVALID_INPUT",
                "ErrorMessage": f"NamedQuery {one} was not found",
            }
            for one in NamedQueryIds
            if one not in store.named
        ],
    }


def list_named_queries(
    call: Call,
    /,
    *,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    WorkGroup: str = PRIMARY,
) -> dict[str, Any]:
    """The ids of a work group's saved queries."""
    store: Store = call.store
    group_of(call, WorkGroup)
    ids = [one.id for one in store.named.values() if one.workgroup == WorkGroup]
    found, more = page(ids, MaxResults, NextToken, 50)
    return {"NamedQueryIds": list(found), **more}


def update_named_query(
    call: Call,
    /,
    *,
    NamedQueryId: str,
    Name: str,
    QueryString: str,
    Description: str | None = None,
) -> dict[str, Any]:
    """Change a saved query."""
    one = _named(call, NamedQueryId)
    one.name, one.text = Name, QueryString
    one.description = one.description if Description is None else Description
    return {}


def delete_named_query(call: Call, /, *, NamedQueryId: str) -> dict[str, Any]:
    """Delete a saved query."""
    store: Store = call.store
    del store.named[_named(call, NamedQueryId).id]
    return {}


# -- prepared statements
def _prepared(call: Call, group: str, name: str) -> Prepared:
    store: Store = call.store
    group_of(call, group)
    found = store.prepared.get((group, name.lower()))
    if found is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"PreparedStatement {name} was not found in workGroup {group}",
        )
    return found


def _told(one: Prepared, group: str) -> dict[str, Any]:
    return {
        "StatementName": one.name,
        "QueryStatement": one.text,
        "WorkGroupName": group,
        "Description": one.description,
        "LastModifiedTime": to_datetime(one.modified_us),
    }


def create_prepared_statement(
    call: Call,
    /,
    *,
    StatementName: str,
    WorkGroup: str,
    QueryStatement: str,
    Description: str = "",
) -> dict[str, Any]:
    """Prepare a statement with ``?`` for what is given later."""
    store: Store = call.store
    group_of(call, WorkGroup)
    key = WorkGroup, StatementName.lower()
    if key in store.prepared:
        raise bad(f"PreparedStatement {StatementName} already exists in WorkGroup {WorkGroup}")
    store.prepared[key] = Prepared(StatementName, QueryStatement, Description, call.now_us)
    return {}


def get_prepared_statement(call: Call, /, *, StatementName: str, WorkGroup: str) -> dict[str, Any]:
    """A prepared statement."""
    return {"PreparedStatement": _told(_prepared(call, WorkGroup, StatementName), WorkGroup)}


def batch_get_prepared_statement(
    call: Call, /, *, PreparedStatementNames: Sequence[str], WorkGroup: str
) -> dict[str, Any]:
    """Several prepared statements."""
    store: Store = call.store
    group_of(call, WorkGroup)
    known = [one for one in PreparedStatementNames if (WorkGroup, one.lower()) in store.prepared]
    return {
        "PreparedStatements": [
            _told(store.prepared[WorkGroup, one.lower()], WorkGroup) for one in known
        ],
        "UnprocessedPreparedStatementNames": [
            {
                "StatementName": one,
                "ErrorCode": "STATEMENT_NOT_FOUND",
                "ErrorMessage": f"PreparedStatement {one} was not found in workGroup {WorkGroup}",
            }
            for one in PreparedStatementNames
            if one not in known
        ],
    }


def list_prepared_statements(
    call: Call, /, *, WorkGroup: str, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    """A work group's prepared statements."""
    store: Store = call.store
    group_of(call, WorkGroup)
    own = [one for (group, _), one in sorted(store.prepared.items()) if group == WorkGroup]
    found, more = page(own, MaxResults, NextToken, 50)
    told = [
        {"StatementName": one.name, "LastModifiedTime": to_datetime(one.modified_us)}
        for one in found
    ]
    return {"PreparedStatements": told, **more}


def update_prepared_statement(
    call: Call,
    /,
    *,
    StatementName: str,
    WorkGroup: str,
    QueryStatement: str,
    Description: str | None = None,
) -> dict[str, Any]:
    """Change a prepared statement."""
    one = _prepared(call, WorkGroup, StatementName)
    one.text, one.modified_us = QueryStatement, call.now_us
    one.description = one.description if Description is None else Description
    return {}


def delete_prepared_statement(
    call: Call, /, *, StatementName: str, WorkGroup: str
) -> dict[str, Any]:
    """Delete a prepared statement."""
    store: Store = call.store
    _prepared(call, WorkGroup, StatementName)
    del store.prepared[WorkGroup, StatementName.lower()]
    return {}
