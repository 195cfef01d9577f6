"""Queries over event data stores, and the samples that the console offers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from labkit.athena.engine.problems import Failed
from labkit.athena.sql.query import parsed
from labkit.cloudtrail.api.lake_requests import bad, lake_of, page, store_of
from labkit.cloudtrail.engine import lake as engine
from labkit.cloudtrail.lake import LakeQuery
from labkit.core.call import Call
from labkit.core.clock import to_datetime, to_us
from labkit.core.errors import AwsError


def made(call: Call, text: str, parameters: Sequence[str] = ()) -> LakeQuery:
    """A query that is good to run.

    Raises
    ------
    AwsError
        InvalidQueryStatementException for what is no SELECT from event data stores, and what
        :func:`store_of` raises for a store that is not there.
    """
    text = engine.with_parameters(text, parameters)
    stores = list(dict.fromkeys(engine.STORE_ID.findall(text)))
    if not stores:
        raise AwsError(
            "InvalidQueryStatementException",
            "FROM takes the ID of an event data store, the last part of its ARN.",
        )
    for one in stores:
        store_of(call, one)
    try:
        parsed(engine.STORE_ID.sub(lambda m: engine.as_name(m.group(1)), text))
    except Failed as problem:
        raise AwsError("InvalidQueryStatementException", problem.message) from None
    return LakeQuery(call.ids.uuid(), text, stores, call.now_us, call.principal)


def start_query(
    call: Call,
    /,
    *,
    QueryStatement: str = "",
    DeliveryS3Uri: str = "",
    QueryAlias: str = "",
    QueryParameters: Sequence[str] = (),
    EventDataStoreOwnerAccountId: str = "",
) -> dict[str, Any]:
    """Queue a query; an alias names a widget of a dashboard instead of a statement."""
    kept = lake_of(call)
    if QueryAlias and not QueryStatement:
        for board in kept.dashboards.values():
            for widget in board["Widgets"]:
                if widget["QueryAlias"] == QueryAlias:
                    QueryStatement = widget["QueryStatement"]
    if not QueryStatement:
        raise bad("Give a QueryStatement, or the QueryAlias of a dashboard's widget.")
    query = made(call, QueryStatement, QueryParameters)
    if DeliveryS3Uri:
        if not DeliveryS3Uri.startswith("s3://"):
            raise AwsError("InvalidS3BucketNameException", f"{DeliveryS3Uri} is no S3 URI.")
        query.delivery, query.delivery_status = DeliveryS3Uri, "PENDING"
    query.alias = QueryAlias
    call.store.service.lake.start(kept, query)
    return {"QueryId": query.id}


def _query(call: Call, query_id: str) -> LakeQuery:
    found = lake_of(call).queries.get(query_id)
    if found is None:
        raise AwsError("QueryIdNotFoundException", f"The query {query_id} was not found.")
    return found


def describe_query(
    call: Call,
    /,
    *,
    EventDataStore: str = "",
    QueryId: str = "",
    QueryAlias: str = "",
    RefreshId: str = "",
    EventDataStoreOwnerAccountId: str = "",
) -> dict[str, Any]:
    """A query: its state, how many events it read, why it failed."""
    if QueryAlias and not QueryId:
        for one in reversed(lake_of(call).queries.values()):
            if one.alias == QueryAlias and RefreshId in ("", one.refresh):
                QueryId = one.id
                break
    query = _query(call, QueryId)
    done = query.status in ("FINISHED", "FAILED")
    told: dict[str, Any] = {
        "QueryId": query.id,
        "QueryString": query.text,
        "QueryStatus": query.status,
        "QueryStatistics": {
            "EventsMatched": query.matched if done else 0,
            "EventsScanned": query.scanned_events if done else 0,
            "BytesScanned": query.answer.scanned_bytes if done and query.answer else 0,
            "ExecutionTimeInMillis": query.ms if done else 0,
            "CreationTime": to_datetime(query.created_us),
        },
    }
    if query.status == "FAILED":
        told["ErrorMessage"] = query.error
    if query.delivery:
        told |= {"DeliveryS3Uri": query.delivery, "DeliveryStatus": query.delivery_status}
    return told


def get_query_results(
    call: Call,
    /,
    *,
    QueryId: str,
    EventDataStore: str = "",
    NextToken: str | None = None,
    MaxQueryResults: int | None = None,
    EventDataStoreOwnerAccountId: str = "",
) -> dict[str, Any]:
    """Rows, each a list of ``{name: value}``; none while the query runs."""
    query = _query(call, QueryId)
    answer = query.answer if query.status == "FINISHED" else None
    rows = answer.rows if answer is not None else []
    found, more = page(rows, MaxQueryResults, NextToken)
    names = [name for name, _ in answer.columns] if answer is not None else []
    told: dict[str, Any] = {
        "QueryStatus": query.status,
        "QueryStatistics": {
            "ResultsCount": len(found),
            "TotalResultsCount": len(rows),
            "BytesScanned": answer.scanned_bytes if answer is not None else 0,
        },
        "QueryResultRows": [
            [{name: "" if value is None else value} for name, value in zip(names, row, strict=True)]
            for row in found
        ],
        **more,
    }
    if query.status == "FAILED":
        told["ErrorMessage"] = query.error
    return told


def cancel_query(
    call: Call, /, *, QueryId: str, EventDataStore: str = "", EventDataStoreOwnerAccountId: str = ""
) -> dict[str, Any]:
    """Cancel a query that is not done."""
    query = _query(call, QueryId)
    if query.status not in ("QUEUED", "RUNNING"):
        raise AwsError("InactiveQueryException", f"The query is {query.status}.")
    query.status, query.answer = "CANCELLED", None
    return {"QueryId": query.id, "QueryStatus": query.status}


def list_queries(
    call: Call,
    /,
    *,
    EventDataStore: str,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    StartTime: datetime | None = None,
    EndTime: datetime | None = None,
    QueryStatus: str | None = None,
) -> dict[str, Any]:
    """The queries of a store in the last seven days, the newest first."""
    store = store_of(call, EventDataStore)
    if StartTime is not None and EndTime is not None and StartTime > EndTime:
        raise AwsError("InvalidDateRangeException", "StartTime is after EndTime.")
    low = None if StartTime is None else to_us(StartTime)
    high = None if EndTime is None else to_us(EndTime)
    own = [
        one
        for one in reversed(lake_of(call).queries.values())
        if store.id in one.stores
        and (low is None or one.created_us >= low)
        and (high is None or one.created_us <= high)
        and QueryStatus in (None, one.status)
    ]
    found, more = page(own, MaxResults, NextToken)
    told = [
        {
            "QueryId": one.id,
            "QueryStatus": one.status,
            "CreationTime": to_datetime(one.created_us),
        }
        for one in found
    ]
    return {"Queries": told, **more}


def search_sample_queries(
    call: Call,
    /,
    *,
    SearchPhrase: str,
    MaxResults: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """Sample queries that share words with a phrase, the best first."""
    words = {word for word in SearchPhrase.lower().split() if len(word) > 2}
    scored = []
    for name, description, sql in engine.SAMPLES:
        text = f"{name} {description} {sql}".lower()
        hits = sum(word.rstrip("s") in text for word in words)
        if hits:
            scored.append((round(hits / len(words), 3), name, description, sql))
    scored.sort(key=lambda one: (-one[0], one[1]))
    found, more = page(scored, MaxResults, NextToken, 50)
    told = [
        {"Name": name, "Description": description, "SQL": sql, "Relevance": score}
        for score, name, description, sql in found
    ]
    return {"SearchResults": told, **more}
