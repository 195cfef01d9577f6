"""Scheduled queries: made, changed, shown, and what became of each firing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import group_of, page, service_of, shown, validation
from labkit.logs.engine.languages import LANGUAGES
from labkit.logs.scheduled_queries import (
    ENABLED,
    PRINCIPAL,
    SCHEDULED_QUERIES,
    ScheduledQuery,
    epoch_us,
    schedule_of,
)
from labkit.logs.store import LogStore
from labkit.schedules import InvalidSchedule


def _find(call: Call, identifier: str) -> ScheduledQuery:
    store: LogStore = call.store
    for one in store.of(SCHEDULED_QUERIES).values():
        if identifier in (one.name, one.arn):
            found: ScheduledQuery = one
            return found
    raise AwsError("ResourceNotFoundException", "The specified scheduled query does not exist.")


def _check(call: Call, settings: Mapping[str, Any]) -> None:
    """Refuse what could never run."""
    if settings["queryLanguage"] not in LANGUAGES:
        raise validation(f"There is no query language {settings['queryLanguage']}.")
    try:
        schedule = schedule_of(settings)
    except InvalidSchedule as problem:
        raise validation(f"{problem.message} {problem.reason}") from None
    if schedule.text.startswith("at("):
        raise validation("A scheduled query repeats: scheduleExpression is cron(...).")
    start, end = settings.get("scheduleStartTime", 0), settings.get("scheduleEndTime")
    if end is not None and epoch_us(end) <= max(epoch_us(start), 0):
        raise validation("scheduleEndTime must come after scheduleStartTime.")
    if max(start, end or 0) >= 10**15:
        raise validation("scheduleStartTime and scheduleEndTime are seconds since the epoch.")
    begin, until = settings.get("startTimeOffset", 3600), settings.get("endTimeOffset", 0)
    if not 0 <= until < begin < 10**9:
        raise validation("startTimeOffset must be greater than endTimeOffset, and both at least 0.")
    names = settings.get("logGroupIdentifiers", ())
    try:
        plan = service_of(call).queries.read(settings["queryString"], settings["queryLanguage"])
    except AwsError as error:
        raise validation(f"The query is not valid: {error.message}") from None
    if plan.source is None and not names:
        raise validation("logGroupIdentifiers are needed, or SOURCE in the query.")
    if plan.source is not None and names:
        raise validation("The query has a SOURCE; log groups cannot be given as well.")
    for name in names:
        try:
            group_of(call, None, name)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                raise
            raise validation(error.message) from None
    told = settings.get("destinationConfiguration") or {}
    for role in (settings["executionRoleArn"], *(one["roleArn"] for one in told.values())):
        parts = role.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
            raise validation(f"{role} is not the ARN of a role.")
        if not call.ports.allowed(PRINCIPAL, "sts:AssumeRole", role):
            raise validation(f"{PRINCIPAL} must be allowed to assume the role {role}.")


def create_scheduled_query(
    call: Call, /, *, name: str, tags: Mapping[str, str] | None = None, **settings: Any
) -> dict[str, Any]:
    """Make a scheduled query; its first firing is on the clock."""
    store: LogStore = call.store
    held = store.of(SCHEDULED_QUERIES)
    if name in held:
        raise AwsError("ConflictException", f"A scheduled query {name} already exists.")
    if len(held) >= call.quota("scheduled_queries.per_account"):
        raise AwsError("ServiceQuotaExceededException", "There are too many scheduled queries.")
    settings.setdefault("state", ENABLED)
    _check(call, settings)
    arn = store.arn(f"scheduled-query:{name}")
    one = ScheduledQuery(name, arn, settings, call.now_us, call.now_us, dict(tags or {}))
    held[name] = one
    service_of(call).scheduled_queries.plan(store, one)
    return {"scheduledQueryArn": arn, "state": settings["state"]}


def update_scheduled_query(call: Call, /, *, identifier: str, **settings: Any) -> dict[str, Any]:
    """Put other settings in the place of a query's; its history stays."""
    one = _find(call, identifier)
    settings.setdefault("state", one.settings["state"])
    _check(call, settings)
    one.settings, one.updated_us = settings, call.now_us
    service_of(call).scheduled_queries.plan(call.store, one)
    return _told(one)


def _last(one: ScheduledQuery) -> dict[str, Any]:
    if not one.history:
        return {}
    last = one.history[-1]
    return {"lastTriggeredTime": last.at_us // 1000, "lastExecutionStatus": last.status}


def _told(one: ScheduledQuery) -> dict[str, Any]:
    return {
        "scheduledQueryArn": one.arn,
        "name": one.name,
        **one.settings,
        "scheduleType": "CUSTOMER_MANAGED",
        "creationTime": one.created_us // 1000,
        "lastUpdatedTime": one.updated_us // 1000,
        **_last(one),
    }


def get_scheduled_query(call: Call, /, *, identifier: str) -> dict[str, Any]:
    """A scheduled query."""
    return _told(_find(call, identifier))


def delete_scheduled_query(call: Call, /, *, identifier: str) -> dict[str, Any]:
    """Forget a scheduled query; one that is under way still ends."""
    store: LogStore = call.store
    del store.of(SCHEDULED_QUERIES)[_find(call, identifier).name]
    return {}


#: What ListScheduledQueries shows of each.
_SUMMARY = (
    "scheduledQueryArn", "name", "state", "scheduleType", "lastTriggeredTime",
    "lastExecutionStatus", "scheduleExpression", "timezone", "destinationConfiguration",
    "creationTime", "lastUpdatedTime",
)  # fmt: skip


def list_scheduled_queries(
    call: Call,
    /,
    *,
    maxResults: int | None = None,
    nextToken: str | None = None,
    state: str | None = None,
    scheduleType: str | None = None,
) -> dict[str, Any]:
    """The scheduled queries, by name."""
    store: LogStore = call.store
    found = [
        shown({name: told.get(name) for name in _SUMMARY})
        for _, one in sorted(store.of(SCHEDULED_QUERIES).items())
        for told in [_told(one)]
        if state in (None, told["state"]) and scheduleType in (None, told["scheduleType"])
    ]
    rows, more = _page(found, maxResults, nextToken)
    return {"scheduledQueries": list(rows), **more}


def get_scheduled_query_history(
    call: Call,
    /,
    *,
    identifier: str,
    startTime: int,
    endTime: int,
    executionStatuses: Sequence[str] = (),
    maxResults: int | None = None,
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The firings of a time, the newest first."""
    one = _find(call, identifier)
    found = [
        shown(
            {
                "queryId": trigger.query_id or None,
                "executionStatus": trigger.status,
                "triggeredTimestamp": trigger.at_us // 1000,
                "errorMessage": trigger.message or None,
                "destinations": trigger.destinations,
            }
        )
        for trigger in reversed(one.history)
        if epoch_us(startTime) <= trigger.at_us <= epoch_us(endTime)
        and (not executionStatuses or trigger.status in executionStatuses)
    ]
    rows, more = _page(found, maxResults, nextToken)
    return {
        "name": one.name,
        "scheduledQueryArn": one.arn,
        "triggerHistory": list(rows),
        **more,
    }


def _page(found: Sequence[Any], most: int | None, token: str | None) -> tuple[Any, dict[str, str]]:
    try:
        return page(found, most, token, 1000)
    except AwsError as error:
        raise validation(error.message) from None


OPERATIONS = {
    "CreateScheduledQuery": create_scheduled_query,
    "UpdateScheduledQuery": update_scheduled_query,
    "GetScheduledQuery": get_scheduled_query,
    "ListScheduledQueries": list_scheduled_queries,
    "DeleteScheduledQuery": delete_scheduled_query,
    "GetScheduledQueryHistory": get_scheduled_query_history,
}
