"""Logs Insights: StartQuery and what follows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import group_of, invalid, not_found, page, service_of, shown
from labkit.logs.engine import languages
from labkit.logs.engine.ql.discovery import fields_of
from labkit.logs.events import Row
from labkit.logs.large_objects import references
from labkit.logs.masking import masked
from labkit.logs.querying import COMPLETE, MOST_GROUPS, RUNNING, SCHEDULED, Query
from labkit.logs.records import LogGroup, pointed
from labkit.logs.store import LogStore


def _groups(
    call: Call, name: str | None, names: Sequence[str], identifiers: Sequence[str]
) -> list[LogGroup]:
    if sum(map(bool, (name, names, identifiers))) > 1:
        raise invalid(
            "Only one of logGroupName, logGroupNames and logGroupIdentifiers can be given."
        )
    given = [name] if name else list(names or identifiers)
    if len(given) > MOST_GROUPS:
        raise invalid(f"A query takes at most {MOST_GROUPS} log groups; {len(given)} were given.")
    found = []
    for one in dict.fromkeys(given):
        try:
            found.append(group_of(call, one))
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            raise not_found(
                f"Log group '{one}' does not exist for account ID '{call.account}' (Service: "
                "AWSLogs; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: "
                f"{call.request_id}; Proxy: null)"
            ) from None
    return found


def start_query(
    call: Call,
    /,
    *,
    queryLanguage: str = "CWLI",
    logGroupName: str | None = None,
    logGroupNames: Sequence[str] = (),
    logGroupIdentifiers: Sequence[str] = (),
    startTime: int,
    endTime: int,
    queryString: str,
    limit: int = 10_000,
) -> dict[str, Any]:
    """Start a query over groups and a range, both ends (seconds since the epoch) included."""
    if queryLanguage not in languages.LANGUAGES:
        raise invalid(f"There is no query language {queryLanguage}.")
    if endTime < startTime:
        raise invalid("End time should be greater than start time.")
    groups = _groups(call, logGroupName, logGroupNames, logGroupIdentifiers)
    service, store = service_of(call), call.store
    plan = service.queries.read(queryString, queryLanguage)
    if plan.source is None and not groups:
        raise invalid(
            "Log groups are needed: logGroupNames, logGroupIdentifiers, or SOURCE in the query."
        )
    if plan.source is not None and groups:
        raise invalid("The query has a SOURCE; log groups cannot be given as well.")
    _not_too_many(call, queryLanguage)
    query = service.queries.start(
        store, queryString, groups, startTime, endTime, limit, call.principal.arn,
        queryLanguage == languages.CWLI and _may_unmask(call, queryString, groups),
        queryLanguage,
    )  # fmt: skip
    return {"queryId": query.id}


def _not_too_many(call: Call, language: str) -> None:
    """Refuse one query more than may run at once; SQL and PPL have a number of their own."""
    own = language == languages.CWLI
    running = [
        query
        for query in call.store.of("queries").values()
        if query.status in (SCHEDULED, RUNNING) and (query.language == languages.CWLI) == own
    ]
    most = call.quota("queries.concurrent" if own else "queries.concurrent_opensearch")
    if len(running) >= most:
        raise AwsError(
            "LimitExceededException",
            f"Account maximum query concurrency limit of [{most}] reached.",
        )


def _may_unmask(call: Call, text: str, groups: Sequence[LogGroup]) -> bool:
    """Whether a query unmasks; who has no permission for it gets no query."""
    if "unmask" not in text.lower():
        return False
    for arn in [f"{group.arn}:*" for group in groups] or ["*"]:
        if not call.ports.allowed(call.principal, "logs:Unmask", arn):
            raise AwsError(
                "AccessDeniedException",
                f"User: {call.principal.arn} is not authorized to perform: logs:Unmask on "
                f"resource: {arn}",
            )
    return True


def _query(call: Call, query_id: str) -> Query:
    found = service_of(call).queries.find(call.store, query_id)
    if found is None:
        raise not_found("The specified query does not exist.")
    return found


def get_query_results(
    call: Call, /, *, queryId: str, nextToken: str | None = None, maxItems: int | None = None
) -> dict[str, Any]:
    """The rows of a query as far as it is, its state, and how much it looked at."""
    query = _query(call, queryId)
    rows, more = page(query.cells, maxItems, nextToken, 10_000)
    return {
        "queryLanguage": query.language,
        "results": list(rows),
        "statistics": query.statistics,
        "status": query.status,
        **more,
    }


def stop_query(call: Call, /, *, queryId: str) -> dict[str, Any]:
    """Cancel a query."""
    query = _query(call, queryId)
    if not service_of(call).queries.stop(call.store, query):
        raise invalid(
            "The query could not be stopped: it has ended, with status " + query.status + "."
        )
    return {"success": True}


def describe_queries(
    call: Call,
    /,
    *,
    logGroupName: str | None = None,
    status: str | None = None,
    maxResults: int | None = None,
    nextToken: str | None = None,
    queryLanguage: str | None = None,
) -> dict[str, Any]:
    """The queries of the last seven days, the newest first."""
    store: LogStore = call.store
    service = service_of(call)
    held = [service.queries.find(store, key) for key in reversed(list(store.of("queries")))]
    found = [
        query
        for query in held
        if query is not None
        and (not logGroupName or any(g.name == logGroupName for g in query.groups))
        and (not status or query.status == status)
        and (not queryLanguage or query.language == queryLanguage)
    ]
    rows, more = page(found, maxResults, nextToken, 1000)
    told = [
        shown(
            {
                "queryLanguage": query.language,
                "queryId": query.id,
                "queryString": query.told,
                "status": query.status,
                "createTime": query.created_us // 1000,
                "logGroupName": query.groups[0].name if len(query.groups) == 1 else None,
                "queryDuration": (query.done_us - query.created_us) // 1000
                if query.done_us
                else None,
                "bytesScanned": float(query.result.statistics.bytes_scanned)
                if query.result and query.status == COMPLETE
                else None,
                "userIdentity": query.who or None,
            }
        )
        for query in rows
    ]
    return {"queries": told, **more}


def list_log_groups_for_query(
    call: Call, /, *, queryId: str, nextToken: str | None = None, maxResults: int | None = None
) -> dict[str, Any]:
    """The groups that a query looks at."""
    names = [group.name for group in _query(call, queryId).groups]
    rows, more = page(names, maxResults, nextToken, 500)
    return {"logGroupIdentifiers": list(rows), **more}


def get_log_record(call: Call, /, *, logRecordPointer: str, unmask: bool = False) -> dict[str, Any]:
    """All fields of the event that a ``@ptr`` of a query's row points at."""
    place = pointed(logRecordPointer)
    service = service_of(call)
    if place is None:
        raise invalid("The log record pointer is not valid.")
    account, region, name, seq = place
    group = service.store(account, region).find(name)
    row = group.events.row(seq) if group is not None else None
    if group is None or row is None or row.at_ms < group.oldest_ms(call.now_us):
        raise not_found("The specified log record does not exist.")
    if unmask:
        _may_unmask(call, "unmask", [group])
    message = masked(group, row.at_ms, row.message, unmask, row.ingested_ms)
    return {
        "logRecord": {
            **_fields(group, row, unmask),
            "@ingestionTime": str(row.ingested_ms),
            "@log": group.log,
            "@logStream": group.by_index[row.stream].name,
            "@message": message,
            "@ptr": logRecordPointer,
            "@timestamp": str(row.at_ms),
            **references(group, seq),
        }
    }


def _fields(group: LogGroup, row: Row, unmask: bool) -> dict[str, str]:
    """The fields of an event: of what its transformer made, where it made something."""
    text = group.structured.text(row.seq) or row.message
    found = fields_of(masked(group, row.at_ms, text, unmask, row.ingested_ms), group.log)
    error = group.structured.error(row.seq)
    return found if error is None else {**found, "@transformationError": error}


#: How many events GetLogGroupFields looks at, and how far around the instant.
_LOOKED_AT = 1000
_AROUND_MS = 8 * 60_000


def get_log_group_fields(
    call: Call,
    /,
    *,
    logGroupName: str | None = None,
    logGroupIdentifier: str | None = None,
    time: int | None = None,
) -> dict[str, Any]:
    """Which fields the events of a group have, and how many of them: at the end of the last quarter
    of an hour, or around ``time`` (seconds since the epoch)."""
    group = group_of(call, logGroupName, logGroupIdentifier)
    now_ms = call.now_us // 1000
    low, high = now_ms - 15 * 60_000, now_ms + 1
    if time is not None:
        low, high = time * 1000 - _AROUND_MS, time * 1000 + _AROUND_MS
    low = max(low, group.oldest_ms(call.now_us))
    seqs = group.events.seqs(low, high)[-_LOOKED_AT:].tolist()
    counts: dict[str, int] = {}
    for seq in seqs:
        row = group.events.row(seq)
        assert row is not None
        names = ["@ingestionTime", "@log", "@logStream", "@message", "@timestamp"]
        for name in (*names, *_fields(group, row, False)):
            counts[name] = counts.get(name, 0) + 1
    return {
        "logGroupFields": [
            {"name": name, "percent": max(1, round(100 * count / len(seqs)))}
            for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ]
    }


OPERATIONS = {
    "StartQuery": start_query,
    "GetQueryResults": get_query_results,
    "StopQuery": stop_query,
    "DescribeQueries": describe_queries,
    "ListLogGroupsForQuery": list_log_groups_for_query,
    "GetLogRecord": get_log_record,
    "GetLogGroupFields": get_log_group_fields,
}
