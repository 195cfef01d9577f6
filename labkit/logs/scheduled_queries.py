"""Scheduled queries: a Logs Insights query that runs by itself and hands on its rows.

Theory of operation
-------------------
1. The clock holds one entry for each enabled query: its next firing. An update or a deletion makes
   the entry stale (``turn``), and a stale one does nothing.
2. At a firing CloudWatch Logs assumes the execution role and starts the query as that role over
   ``[now - startTimeOffset, now - endTimeOffset]``. From there it is a query like any other: it is
   in DescribeQueries, has its states and is charged.
3. When it ends, rows go to the destinations with the destination's own role, and the default event
   bus gets ``Scheduled Query Completed`` from ``aws.logs``, with the query's ARN in ``resources``.
4. Each firing is a record of the history, also one that came to nothing.

Source: API reference, CreateScheduledQuery; CloudWatch Logs user guide, scheduled-queries-concepts.
Not documented, hence labkit's own: the name and form of the object in S3, and the look-back of an
hour when startTimeOffset is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.core.clock import HOUR, SECOND, Phase, iso
from labkit.core.errors import AwsError
from labkit.core.jsontext import dumps
from labkit.core.world import World
from labkit.logs.lookup_tables import TABLES, LookupTable, read, written
from labkit.logs.querying import COMPLETE, Query
from labkit.logs.records import LogGroup
from labkit.logs.store import LogStore
from labkit.schedules import Schedule, parse_scheduler_schedule

if TYPE_CHECKING:
    from labkit.logs.service import Logs

#: Under which kind a store keeps them.
SCHEDULED_QUERIES = "scheduled_queries"
ENABLED = "ENABLED"
RUNNING, INVALID, FAILED, TIMEOUT = "Running", "InvalidQuery", "Failed", "Timeout"
PRINCIPAL = "logs.amazonaws.com"
_HANDLER = "logs.scheduled_query"
_MOST_ROWS = 10_000
#: How far a query looks back when nobody says.
LOOK_BACK_US = HOUR


@dataclass(slots=True)
class Trigger:
    """One firing: what became of the query and of its deliveries."""

    at_us: int
    query_id: str = ""
    status: str = RUNNING
    message: str = ""
    destinations: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class ScheduledQuery:
    """A scheduled query; ``settings`` are the members of the request."""

    name: str
    arn: str
    settings: dict[str, Any]
    created_us: int
    updated_us: int
    tags: dict[str, str] = field(default_factory=dict)
    history: list[Trigger] = field(default_factory=list)
    turn: int = 0

    @property
    def schedule(self) -> Schedule:
        """When it fires."""
        return schedule_of(self.settings)

    def next_firing(self, after_us: int) -> int | None:
        """The next firing, None when there is none any more."""
        if self.settings["state"] != ENABLED:
            return None
        start_us = epoch_us(self.settings.get("scheduleStartTime", 0))
        found = self.schedule.next_firing(max(after_us, start_us - 1), self.created_us)
        end = self.settings.get("scheduleEndTime")
        return None if found is None or (end is not None and found > epoch_us(end)) else found


def epoch_us(told: int) -> int:
    """Microseconds of a time of the API, which is said in seconds or in milliseconds."""
    return told * 1000 if told >= 10**11 else told * SECOND


def schedule_of(settings: Mapping[str, Any]) -> Schedule:
    """The schedule of a request.

    Raises
    ------
    InvalidSchedule
        When it is none, or the time zone is not known.
    """
    return parse_scheduler_schedule(
        settings["scheduleExpression"], settings.get("timezone") or "UTC"
    )


class ScheduledQueries:
    """The scheduled queries of a lab.

    Parameters
    ----------
    logs:
        The service.
    world:
        Its clock fires them.
    """

    def __init__(self, logs: Logs, world: World) -> None:
        self._logs, self._world = logs, world
        #: Queries under way: their id -> whose they are.
        self._under_way: dict[str, tuple[ScheduledQuery, Trigger]] = {}
        world.clock.register(_HANDLER, self._fire)
        logs.queries.on_done.append(self._done)

    def plan(self, store: LogStore, one: ScheduledQuery) -> None:
        """Put the next firing on the clock, in place of the one that stood there."""
        one.turn += 1
        at_us = one.next_firing(self._world.clock.now_us)
        if at_us is not None:
            told = {
                "account": store.account, "region": store.region, "name": one.name,
                "made": one.created_us, "turn": one.turn,
            }  # fmt: skip
            self._world.clock.at(at_us, Phase.SCHEDULES, _HANDLER, told, cause=())

    def _fire(self, told: dict[str, Any]) -> None:
        store = self._logs.store(told["account"], told["region"])
        one: ScheduledQuery | None = store.of(SCHEDULED_QUERIES).get(told["name"])
        if one is None or (one.created_us, one.turn) != (told["made"], told["turn"]):
            return
        self.plan(store, one)
        trigger = Trigger(self._world.clock.now_us)
        one.history.append(trigger)
        try:
            query = self._start(store, one, trigger.at_us)
        except AwsError as error:
            malformed = error.code == "MalformedQueryException"
            trigger.status = INVALID if malformed else FAILED
            trigger.message = error.message
            self._tell(store, one, trigger, None)
            return
        trigger.query_id = query.id
        self._under_way[query.id] = (one, trigger)

    def _start(self, store: LogStore, one: ScheduledQuery, now_us: int) -> Query:
        settings, ports = one.settings, self._world.ports
        role = settings["executionRoleArn"]
        if not ports.allowed(PRINCIPAL, "sts:AssumeRole", role):
            raise AwsError("AccessDeniedException", f"{PRINCIPAL} can't assume the role {role}")
        language = settings["queryLanguage"]
        plan = self._logs.queries.read(settings["queryString"], language)
        names = settings.get("logGroupIdentifiers", ())
        groups = [self._logs.queries.groups.named(store, name) for name in names]
        groups = self._logs.queries.groups.of_plan(store, plan, groups)
        clear = language == "CWLI" and "unmask" in settings["queryString"].lower()
        for action in ("logs:StartQuery", "logs:GetQueryResults", *(["logs:Unmask"] * clear)):
            self._check(role, action, groups if action != "logs:GetQueryResults" else ())
        start_us = now_us - settings.get("startTimeOffset", LOOK_BACK_US // SECOND) * SECOND
        end_us = now_us - settings.get("endTimeOffset", 0) * SECOND
        given = [] if plan.source is not None else groups
        return self._logs.queries.start(
            store, settings["queryString"], given, start_us // SECOND, end_us // SECOND,
            _MOST_ROWS, role, clear, language,
        )  # fmt: skip

    def _check(self, role: str, action: str, groups: list[LogGroup] | tuple[()]) -> None:
        for arn in [f"{group.arn}:*" for group in groups] or ["*"]:
            if not self._world.ports.allowed(role, action, arn):
                raise AwsError(
                    "AccessDeniedException",
                    f"The role {role} is not authorized to perform: {action} on resource: {arn}",
                )

    # ---- the end

    def _done(self, store: LogStore, query: Query) -> None:
        found = self._under_way.pop(query.id, None)
        if found is None:
            return
        one, trigger = found
        states = {COMPLETE: COMPLETE, "Timeout": TIMEOUT}
        trigger.status, trigger.message = states.get(query.status, FAILED), query.why
        if query.status == COMPLETE:
            told = one.settings.get("destinationConfiguration") or {}
            if "s3Configuration" in told:
                trigger.destinations.append(self._to_s3(one, query, told["s3Configuration"]))
            if "lookupTableConfiguration" in told:
                trigger.destinations.append(
                    self._to_table(store, query, told["lookupTableConfiguration"])
                )
        self._tell(store, one, trigger, query)

    def _to_s3(self, one: ScheduledQuery, query: Query, told: Mapping[str, Any]) -> dict[str, str]:
        bucket, _, prefix = told["destinationIdentifier"].removeprefix("s3://").partition("/")
        day = iso(query.created_us)[:10].replace("-", "/")
        folder = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        key = f"{folder}{one.name}/{day}/{query.id}.json"
        answer = {
            "destinationType": "S3",
            "destinationIdentifier": told["destinationIdentifier"],
        }
        problem = self._may(told["roleArn"], "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
        if problem:
            return answer | {"status": "CLIENT_ERROR", "errorMessage": problem}
        body = {
            "scheduledQueryArn": one.arn,
            "queryId": query.id,
            "status": query.status,
            "statistics": query.statistics,
            "results": query.cells,
        }
        code = self._world.ports.put_object(
            bucket, key, dumps(body).encode("utf-8", "replace"),
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        if code:
            return answer | {"status": "CLIENT_ERROR", "errorMessage": code}
        return answer | {"status": "COMPLETE", "processedIdentifier": f"s3://{bucket}/{key}"}

    def _to_table(self, store: LogStore, query: Query, told: Mapping[str, Any]) -> dict[str, str]:
        name, tables = told["tableName"], store.of(TABLES)
        arn = store.arn(f"lookup-table:{name}")
        answer = {"destinationType": "LOOKUP_TABLE", "destinationIdentifier": name}
        known: LookupTable | None = tables.get(name)
        action = "logs:CreateLookupTable" if known is None else "logs:UpdateLookupTable"
        problem = self._may(told["roleArn"], action, arn)
        if problem:
            return answer | {"status": "CLIENT_ERROR", "errorMessage": problem}
        assert query.result is not None
        body = written(query.result.columns, query.result.rows)
        try:
            head, rows = read(body)
        except ValueError as wrong:
            return answer | {"status": "FAILED", "errorMessage": str(wrong)}
        tables[name] = LookupTable(
            name, arn, body, head, rows, self._world.clock.now_us,
            told.get("description", known.description if known else ""),
            told.get("kmsKeyId", known.kms_key if known else ""),
            known.tags if known else dict(told.get("tags") or {}),
        )  # fmt: skip
        return answer | {"status": "COMPLETE", "processedIdentifier": arn}

    def _may(self, role: str, action: str, resource: str) -> str:
        """Why a destination's role may not; '' when it may."""
        ports = self._world.ports
        if not ports.allowed(PRINCIPAL, "sts:AssumeRole", role):
            return f"{PRINCIPAL} can't assume the role {role}"
        if not ports.allowed(role, action, resource):
            return f"The role {role} is not authorized to perform: {action} on {resource}"
        return ""

    def _tell(
        self, store: LogStore, one: ScheduledQuery, trigger: Trigger, query: Query | None
    ) -> None:
        detail: dict[str, Any] = {
            "queryId": trigger.query_id,
            "queryString": one.settings["queryString"],
            "logGroupIdentifiers": list(one.settings.get("logGroupIdentifiers", ())),
            "status": trigger.status,
            "startTime": trigger.at_us // SECOND,
        }
        if query is not None:
            detail["statistics"] = query.statistics
        if trigger.message:
            detail["errorMessage"] = trigger.message
        self._world.facts.publish(
            "event.emitted",
            store.account,
            store.region,
            {
                "source": "aws.logs",
                "detail_type": "Scheduled Query Completed",
                "resources": [one.arn],
                "detail": detail,
            },
        )
