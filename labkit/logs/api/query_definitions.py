"""Saved queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import not_found, page, shown
from labkit.logs.store import LogStore


@dataclass(frozen=True, slots=True)
class Definition:
    """A saved query."""

    id: str
    name: str
    text: str
    groups: tuple[str, ...]
    language: str
    modified_us: int
    parameters: tuple[Mapping[str, Any], ...] = ()


def put_query_definition(
    call: Call,
    /,
    *,
    name: str,
    queryString: str,
    queryLanguage: str = "CWLI",
    queryDefinitionId: str | None = None,
    logGroupNames: Sequence[str] = (),
    clientToken: str | None = None,
    parameters: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Save a query, or change a saved one. It is not checked: AWS checks it when it is run."""
    store: LogStore = call.store
    held = store.of("query_definitions")
    if queryDefinitionId and queryDefinitionId not in held:
        raise not_found("The specified query definition does not exist.")
    key = queryDefinitionId or call.ids.uuid()
    held[key] = Definition(
        key, name, queryString, tuple(logGroupNames), queryLanguage, call.now_us,
        tuple(dict(one) for one in parameters),
    )  # fmt: skip
    return {"queryDefinitionId": key}


def describe_query_definitions(
    call: Call,
    /,
    *,
    queryLanguage: str | None = None,
    queryDefinitionNamePrefix: str = "",
    maxResults: int | None = None,
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The saved queries by name."""
    store: LogStore = call.store
    found = sorted(
        (
            one
            for one in store.of("query_definitions").values()
            if one.name.startswith(queryDefinitionNamePrefix)
            and (not queryLanguage or one.language == queryLanguage)
        ),
        key=lambda one: (one.name, one.id),
    )
    rows, more = page(found, maxResults, nextToken, 1000)
    return {
        "queryDefinitions": [
            shown(
                {
                    "queryLanguage": one.language,
                    "queryDefinitionId": one.id,
                    "name": one.name,
                    "queryString": one.text,
                    "lastModified": one.modified_us // 1000,
                    "logGroupNames": list(one.groups) or None,
                    "parameters": list(one.parameters) or None,
                }
            )
            for one in rows
        ],
        **more,
    }


def delete_query_definition(call: Call, /, *, queryDefinitionId: str) -> dict[str, Any]:
    """Delete a saved query."""
    store: LogStore = call.store
    if store.of("query_definitions").pop(queryDefinitionId, None) is None:
        raise not_found("The specified query definition does not exist.")
    return {"success": True}


OPERATIONS = {
    "PutQueryDefinition": put_query_definition,
    "DescribeQueryDefinitions": describe_query_definitions,
    "DeleteQueryDefinition": delete_query_definition,
}
