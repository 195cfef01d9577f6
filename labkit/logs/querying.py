"""Logs Insights queries as they live: Scheduled, Running, Complete, on the lab's clock.

A query is checked when it is started, so that a mistake is answered at once and with its place.
It runs a tenth of a second later; it looks at the events that are there at that instant, and is
complete after the time that its bytes take. Its answer is kept for seven days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY, MILLISECOND, MINUTE, Phase
from labkit.core.errors import AwsError
from labkit.core.world import World
from labkit.logs.engine import languages, ql
from labkit.logs.engine.ql.plan import Source
from labkit.logs.indexes import Skipped, Wanted, spared, wanted_values
from labkit.logs.query_groups import QueryGroups, malformed
from labkit.logs.query_tables import SHIFT, group_table, nothing, together
from labkit.logs.records import INFREQUENT_ACCESS, STANDARD, LogGroup, pointer

if TYPE_CHECKING:
    from labkit.logs.service import Logs
    from labkit.logs.store import LogStore

#: States that a query can be in.
SCHEDULED, RUNNING, COMPLETE = "Scheduled", "Running", "Complete"
FAILED, CANCELLED, TIMEOUT = "Failed", "Cancelled", "Timeout"

QUEUE_MS = 100
#: What a query takes at least, and how much it reads in a millisecond: labkit's own figures.
LEAST_MS = 400
BYTES_PER_MS = 1_000_000
KEPT_US = 7 * DAY
LONGEST_US = 60 * MINUTE

#: Groups of one query.
MOST_GROUPS = 50


@dataclass(slots=True)
class Query:
    """A query that was started. Times in microseconds, the range in milliseconds, both included."""

    id: str
    text: str
    plan: languages.Plan = field(repr=False)
    groups: list[LogGroup] = field(repr=False)
    start_ms: int
    end_ms: int
    limit: int
    created_us: int
    language: str = "CWLI"
    who: str = ""
    clear: bool = False
    status: str = SCHEDULED
    result: ql.Result | None = field(default=None, repr=False)
    pointers: list[str] = field(default_factory=list)
    done_us: int = 0
    why: str = ""
    #: It was interrupted while it was computed: what it finds is computed when it is done.
    interrupted: bool = False
    #: What field indexes spared it.
    skipped: Skipped = field(default_factory=Skipped)

    @property
    def told(self) -> str:
        """The text as DescribeQueries shows it: the source is said before it."""
        if self.plan.source is not None or not self.groups:
            return self.text
        names = ", ".join(f'"{group.name}"' for group in self.groups)
        return f"SOURCE {names} START={self.start_ms} END={self.end_ms} | {self.text}"

    @property
    def cells(self) -> list[list[dict[str, str]]]:
        """The rows as GetQueryResults shows them; none until the query is complete."""
        if self.result is None or self.status != COMPLETE:
            return []
        pointers = self.pointers or [""] * len(self.result.rows)
        rows = []
        for values, ptr in zip(self.result.rows, pointers, strict=True):
            row = [
                {"field": name, "value": value}
                for name, value in zip(self.result.columns, values, strict=True)
                if value is not None
            ]
            if ptr:
                row.append({"field": "@ptr", "value": ptr})
            rows.append(row)
        return rows

    @property
    def statistics(self) -> dict[str, float]:
        """How much was looked at, as GetQueryResults shows it."""
        if self.result is None or self.status != COMPLETE:
            return {"recordsMatched": 0.0, "recordsScanned": 0.0, "bytesScanned": 0.0}
        told = self.result.statistics
        return {
            "recordsMatched": float(told.matched),
            "recordsScanned": float(told.scanned),
            "estimatedRecordsSkipped": float(self.skipped.records),
            "bytesScanned": float(told.bytes_scanned),
            "estimatedBytesSkipped": float(self.skipped.bytes),
            "logGroupsScanned": float(len(self.groups) - self.skipped.groups),
        }


class Queries:
    """Queries of a whole lab.

    Parameters
    ----------
    logs:
        The service.
    world:
        Clock, ids and stores.
    """

    def __init__(self, logs: Logs, world: World) -> None:
        self._logs, self._world = logs, world
        self.groups = QueryGroups(logs)
        #: Told of each query that has come to its end.
        self.on_done: list[Callable[[LogStore, Query], None]] = []
        world.clock.register("logs.query.run", self._run)
        world.clock.register("logs.query.done", self._done)
        world.urgent["logs", "StopQuery"] = self._interrupt
        #: Id of the query that is computed at present.
        self._computed = ""

    # ---- starting and looking

    def start(
        self,
        store: LogStore,
        text: str,
        groups: Sequence[LogGroup],
        start_s: int,
        end_s: int,
        limit: int,
        who: str = "",
        clear: bool = False,
        language: str = languages.CWLI,
    ) -> Query:
        """Check a query and put it into the queue; with ``clear`` it may unmask.

        Raises
        ------
        AwsError
            MalformedQueryException with the place.
        """
        plan = self.read(text, language)
        start_ms, end_ms = start_s * 1000, end_s * 1000 + 999
        held = self.groups.of_plan(store, plan, groups)
        self._within(held, end_ms)
        self._classes(plan, held, language)
        self.check(plan, store)
        now_us = self._world.clock.now_us
        query = Query(
            self._world.ids.uuid(), text, plan, held, start_ms, end_ms, limit, now_us, language,
            who=who, clear=clear,
        )  # fmt: skip
        store.of("queries")[query.id] = query
        self._at(store, query, "logs.query.run", QUEUE_MS)
        return query

    def read(self, text: str, language: str = languages.CWLI) -> languages.Plan:
        """The plan of a text in CWLI, SQL or PPL.

        Raises
        ------
        AwsError
            MalformedQueryException.
        """
        try:
            return languages.read(text, language)
        except ql.QueryError as error:
            raise malformed(error, text) from None

    def check(self, plan: languages.Plan, store: LogStore) -> None:
        """Compile the plan over no events: names and functions are right, or this says what is not.

        Raises
        ------
        AwsError
            MalformedQueryException.
        """
        try:
            languages.check(plan, nothing(), lookups=self.lookups(store))
        except ql.QueryError as error:
            raise malformed(error, plan.text) from None

    def _within(self, groups: Sequence[LogGroup], end_ms: int) -> None:
        now_us = self._world.clock.now_us
        if groups and all(
            end_ms < max(group.created_us // 1000, group.oldest_ms(now_us)) for group in groups
        ):
            raise malformed(
                ql.QueryError(
                    "Query's end date and time is either before the log groups creation time or "
                    "exceeds the log groups log retention settings",
                    0,
                    0,
                ),
                "",
            )

    @staticmethod
    def _classes(plan: languages.Plan, groups: Sequence[LogGroup], language: str) -> None:
        """Commands and languages that groups of other classes than Standard have not."""
        other = next((group for group in groups if group.log_class != STANDARD), None)
        if language != languages.CWLI and other is not None:
            raise malformed(
                ql.QueryError(
                    f"{language} queries take log groups of class Standard; {other.name} is of "
                    f"class {other.log_class}"
                ),
                plan.text,
            )
        if not any(group.log_class == INFREQUENT_ACCESS for group in groups):
            return
        lacking = ("Pattern", "Diff", "Anomaly", "Unmask")
        for command in plan.commands:
            if type(command).__name__ in lacking:
                raise malformed(
                    ql.QueryError.at(
                        f"{command} is not there for log groups of class Infrequent Access",
                        command.span,
                    ),
                    plan.text,
                )

    def find(self, store: LogStore, query_id: str) -> Query | None:
        """A query that was started in the last seven days."""
        query: Query | None = store.of("queries").get(query_id)
        if query is None or self._world.clock.now_us - query.created_us > KEPT_US:
            return None
        return query

    def stop(self, store: LogStore, query: Query) -> bool:
        """Cancel a query; False when it was over already."""
        if query.status not in (SCHEDULED, RUNNING):
            return False
        query.status, query.result = CANCELLED, None
        self._ended(store, query)
        return True

    def _ended(self, store: LogStore, query: Query) -> None:
        query.done_us = self._world.clock.now_us
        for tell in self.on_done:
            tell(store, query)

    # ---- running

    def _at(self, store: LogStore, query: Query, name: str, ms: int) -> None:
        self._world.clock.at(
            self._world.clock.now_us + ms * MILLISECOND,
            Phase.SCHEDULES,
            name,
            {"account": store.account, "region": store.region, "query": query.id},
        )

    def _of(self, data: dict[str, Any]) -> tuple[LogStore, Query | None]:
        store = self._logs.store(data["account"], data["region"])
        query = store.of("queries").get(data["query"])
        return store, query

    def _run(self, data: dict[str, Any]) -> None:
        store, query = self._of(data)
        if query is None or query.status != SCHEDULED:
            return
        query.status = RUNNING
        scanned = self._compute(store, query)
        if scanned is not None:
            took = LEAST_MS + scanned // BYTES_PER_MS
            self._at(store, query, "logs.query.done", took)

    def _compute(self, store: LogStore, query: Query) -> int | None:
        """Answer a query; the bytes that it was over, None when it failed.

        Ctrl-C, or StopQuery from another thread, ends the computing and not the query. It stays
        Running for as long as it would have been, so that a replay, in which nobody interrupts,
        comes to the same; it is computed anew when it is due, unless it was stopped by then.
        """
        charged, self._computed = query.interrupted, query.id
        self._world.clock.interrupt = ql.interrupt
        try:
            self.answer(store, query)
        except ql.Interrupted as stop:
            query.interrupted, scanned = True, stop.bytes_scanned
        except (AwsError, ql.QueryError) as error:
            query.status, query.why = FAILED, str(error)
            self._ended(store, query)
            return None
        else:
            assert query.result is not None
            query.interrupted, scanned = False, query.result.statistics.bytes_scanned
        finally:
            self._computed, self._world.clock.interrupt = "", None
        if not charged:
            self._logs.scanned(store.account, store.region, scanned)
        return scanned

    def _interrupt(self, params: Mapping[str, Any]) -> None:
        """Somebody is about to stop a query: it need not be computed any further."""
        if self._computed and params.get("queryId") == self._computed:
            ql.interrupt()

    def _done(self, data: dict[str, Any]) -> None:
        store, query = self._of(data)
        if query is None or query.status != RUNNING:
            return
        if query.interrupted:
            if self._compute(store, query) is None:
                return
            if query.interrupted:  # again: it is due once more
                self._at(store, query, "logs.query.done", QUEUE_MS)
                return
        query.status = COMPLETE
        if self._world.clock.now_us - query.created_us > LONGEST_US:
            query.status, query.result = TIMEOUT, None
        self._ended(store, query)

    def answer(self, store: LogStore, query: Query) -> None:
        """Run a query over what is there now."""
        moment = ql.Moment(query.start_ms, query.end_ms, self._world.clock.now_us // 1000)
        query.result = self.run(
            store, query.plan, query.groups, moment, query.limit, query.clear, query.skipped
        )
        groups = query.groups
        query.pointers = [
            # The row of sums that addtotals puts last is no event.
            "" if ptr is None else pointer(groups[ptr >> SHIFT], ptr & ((1 << SHIFT) - 1))
            for ptr in query.result.ptrs
        ]

    def run(
        self,
        store: LogStore,
        plan: languages.Plan,
        groups: Sequence[LogGroup],
        moment: ql.Moment,
        limit: int = ql.DEFAULT_LIMIT,
        clear: bool = False,
        skipped: Skipped | None = None,
    ) -> ql.Result:
        """The answer of a plan over groups; with ``clear`` it may unmask.

        ``skipped`` is told what field indexes spare.
        """
        wanted, sieve = wanted_values(plan), ql.sieve_of(plan)

        def tables(source: Source | None, start_ms: int, end_ms: int) -> ql.Looked:
            over = groups
            outer = source is None or source is plan.source
            if source is not None and (not outer or not isinstance(plan, ql.Query)):
                over = self.groups.of_source(store, source)
            now_us = self._world.clock.now_us
            parts = [
                (place, group, max(start_ms, group.oldest_ms(now_us)), end_ms)
                for place, group in enumerate(over)
            ]
            # Conditions are the outer query's: a source inside it has those that it says itself.
            own = [Wanted(*one, True) for one in source.indexed] if source is not None else []
            every = [*own, *(wanted if outer else ())]
            found = []
            for part in parts:
                since = self.groups.indexed(part[1]) if every else {}
                asked = [one for one in every if one.indexed or one.name in since]
                if not asked:
                    found.append(group_table(*part, clear, sieve if outer else None))
                    continue
                kept = spared(group_table(*part, clear).table, since, asked, skipped)
                if kept is not None:
                    found.append(ql.Looked.whole(kept))
            return together(found)

        return languages.run(plan, tables, moment, limit=limit, lookups=self.lookups(store))

    def lookups(self, store: LogStore) -> dict[str, Any]:
        """Lookup tables by name, as arrow."""
        return {name: table.arrow() for name, table in store.of("lookup_tables").items()}

    # ---- what others ask

    def table(
        self, account: str, region: str, text: str, start_us: int, end_us: int,
        language: str = languages.CWLI,
    ) -> tuple[Sequence[str], Sequence[Sequence[str]]]:  # fmt: skip
        """The port ``log_table``: head and rows of a query with its SOURCE, for a widget."""
        store = self._logs.store(account, region)
        plan = self.read(text, language)
        if plan.source is None:
            raise AwsError("InvalidParameterException", "The query begins with SOURCE.")
        groups = self.groups.of_plan(store, plan, ())
        self._classes(plan, groups, language)
        moment = ql.Moment(start_us // 1000, end_us // 1000, self._world.clock.now_us // 1000)
        try:
            found = self.run(store, plan, groups, moment)
        except ql.QueryError as error:
            raise malformed(error, text) from None
        return list(found.columns), [["" if v is None else v for v in row] for row in found.rows]
