"""CloudTrail Lake: event data stores, their queries and imports, on the lab's clock.

A store keeps the calls that finish while it ingests, as facts; records are built and selected when
a query reads them. Its SQL is Athena's: the records become one file of JSON lines, and the same
engine reads it.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from labkit.athena.engine.problems import Failed
from labkit.athena.engine.results import csv
from labkit.athena.records import Answer, Column, Table
from labkit.athena.sql.folder import Folder
from labkit.athena.sql.query import Query
from labkit.athena.sql.reading import File
from labkit.cloudtrail.engine import lake as engine
from labkit.core.call import Principal
from labkit.core.clock import DAY, MILLISECOND, SECOND, Phase, iso, to_datetime, to_us
from labkit.core.errors import AwsError
from labkit.core.facts import Fact
from labkit.core.jsontext import dumps, parse
from labkit.core.world import World

#: From deletion to the end of a store.
PENDING_US = 7 * DAY
SERVICE = "cloudtrail.amazonaws.com"


@dataclass(slots=True)
class EventDataStore:
    """A store: its settings, and the facts and records that it has taken."""

    id: str
    arn: str
    name: str
    selectors: list[dict[str, Any]]
    multi_region: bool
    organization: bool
    retention_days: int
    protected: bool
    billing: str
    kms_key: str
    created_us: int
    updated_us: int
    status: str = "ENABLED"
    before: str = "ENABLED"
    tags: dict[str, str] = field(default_factory=dict)
    federation: str = "DISABLED"
    federation_role: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    #: (instant, record) of imported trail files.
    imported: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


@dataclass(slots=True)
class LakeQuery:
    """A run of a query."""

    id: str
    text: str
    stores: list[str]
    created_us: int
    principal: Principal
    delivery: str = ""
    delivery_status: str = ""
    status: str = "QUEUED"
    error: str = ""
    answer: Answer | None = None
    matched: int = 0
    scanned_events: int = 0
    ms: int = 0
    alias: str = ""
    refresh: str = ""


@dataclass(slots=True)
class Import:
    """A run of an import from trail files."""

    id: str
    destination: str
    source: dict[str, Any]
    start_us: int | None
    end_us: int | None
    created_us: int
    updated_us: int
    principal: Principal
    status: str = "INITIALIZING"
    files: int = 0
    events: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class LakeStore:
    """What Lake remembers for one account and Region."""

    account: str
    region: str
    stores: dict[str, EventDataStore] = field(default_factory=dict)
    queries: dict[str, LakeQuery] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)


class Lake:
    """CloudTrail Lake of a whole lab.

    Parameters
    ----------
    world:
        The clock and the ports.
    record_of:
        Builds the record of a finished call.
    """

    def __init__(self, world: World, record_of: Callable[[Fact], dict[str, Any]]) -> None:
        self._world = world
        self._record_of = record_of
        self.folder = Folder()
        self._kept: dict[tuple[str, str], LakeStore] = {}
        for name, handler in (
            ("cloudtrail.lake.query", self._run),
            ("cloudtrail.lake.import", self._import),
            ("cloudtrail.lake.gone", self._gone),
        ):
            world.clock.register(name, handler)

    def of(self, account: str, region: str) -> LakeStore:
        """What there is in an account and Region."""
        return self._kept.setdefault((account, region), LakeStore(account, region))

    def note(self, fact: Fact, region: str) -> None:
        """A call has finished: the stores that ingest keep it."""
        for (account, home), kept in self._kept.items():
            if account == fact.account:
                for store in kept.stores.values():
                    if store.status == "ENABLED" and (store.multi_region or home == region):
                        store.facts.append(fact)

    # -- deleting
    def delete(self, kept: LakeStore, store: EventDataStore) -> None:
        """Begin the seven days of a store's end."""
        now_us = self._world.clock.now_us
        store.before, store.status, store.updated_us = store.status, "PENDING_DELETION", now_us
        self._at(kept, "cloudtrail.lake.gone", PENDING_US, {"store": store.id, "since": now_us})

    def _gone(self, payload: dict[str, Any]) -> None:
        """Clock handler: seven days have passed, unless somebody restored the store."""
        kept = self.of(payload["account"], payload["region"])
        store = kept.stores.get(payload["store"])
        if store is None or store.status != "PENDING_DELETION":
            return
        if store.updated_us == payload["since"]:
            del kept.stores[store.id]

    def _at(self, kept: LakeStore, name: str, after_us: int, data: Mapping[str, Any]) -> None:
        clock = self._world.clock
        where = {"account": kept.account, "region": kept.region}
        clock.at(clock.now_us + after_us, Phase.DATA, name, {**where, **data})

    # -- queries
    def start(self, kept: LakeStore, query: LakeQuery) -> None:
        """Queue a query."""
        kept.queries[query.id] = query
        self._at(kept, "cloudtrail.lake.query", 400 * MILLISECOND, {"id": query.id})

    def _run(self, payload: dict[str, Any]) -> None:
        """Clock handler: first a query runs, then it is finished."""
        kept = self.of(payload["account"], payload["region"])
        query = kept.queries[payload["id"]]
        if query.status == "QUEUED":
            query.status = "RUNNING"
            self._answer(kept, query)
            again = {"id": query.id}
            self._at(kept, "cloudtrail.lake.query", query.ms * MILLISECOND, again)
        elif query.status == "RUNNING":
            query.status = "FAILED" if query.answer is None else "FINISHED"
            if query.delivery and query.answer is not None:
                self._deliver(kept, query)

    def _answer(self, kept: LakeStore, query: LakeQuery) -> None:
        tables = _Tables(self, kept, query)
        text = engine.STORE_ID.sub(lambda m: engine.as_name(m.group(1)), query.text)
        query.ms = 900
        try:
            query.answer = Query(text, "default", tables, self._world.clock.now_us).run()
        except Failed as problem:
            query.error = problem.message
        query.scanned_events = tables.events
        query.matched = len(query.answer.rows) if query.answer is not None else 0
        query.ms += tables.events // 1000
        if query.answer is not None:
            self._world.meters.count(
                "cloudtrail.lake_scanned",
                kept.account,
                kept.region,
                self._world.clock.now_us,
                query.answer.scanned_bytes,
            )

    def _deliver(self, kept: LakeStore, query: LakeQuery) -> None:
        assert query.answer is not None
        bucket, _, prefix = query.delivery.removeprefix("s3://").partition("/")
        day = iso(self._world.clock.now_us)[:10].replace("-", "/")
        folder = f"AWSLogs/{kept.account}/CloudTrail-Lake/Query/{day}/{query.id}/result_1.csv.gz"
        key = f"{prefix.rstrip('/')}/{folder}".lstrip("/")
        text = csv([name for name, _ in query.answer.columns], query.answer.rows)
        asked = {"Bucket": bucket, "Key": key, "Body": gzip.compress(text.encode(), mtime=0)}
        who = replace(query.principal, invoked_by=SERVICE)
        try:
            self._world.ports.call_as(who, "s3", "PutObject", asked, kept.region)
            query.delivery_status = "SUCCESS"
        except AwsError as refused:
            gone = refused.code == "NoSuchBucket"
            query.delivery_status = "RESOURCE_NOT_FOUND" if gone else "ACCESS_DENIED"

    def records(self, store: EventDataStore) -> list[dict[str, Any]]:
        """What a store holds at this instant, in order of time."""
        now_us = self._world.clock.now_us
        oldest_us = now_us - store.retention_days * DAY
        found = [
            (fact.at_us, self._record_of(fact)) for fact in store.facts if fact.at_us >= oldest_us
        ]
        found = [one for one in found if engine.takes(store.selectors, one[1])]
        found += [one for one in store.imported if one[0] >= oldest_us]
        found.sort(key=lambda one: one[0])
        return [record for _, record in found]

    def events(self, arn: str, start_us: int, end_us: int) -> list[tuple[int, str]] | None:
        """The port ``lake_events``: (microseconds, JSON text) of a store; None without one."""
        parts = arn.split(":", 5)
        if len(parts) != 6:
            return None
        kept = self._kept.get((parts[4], parts[3]))
        stores = kept.stores.values() if kept is not None else ()
        store = next((one for one in stores if one.arn == arn), None)
        if store is None or store.status not in ("ENABLED", "STOPPED_INGESTION"):
            return None
        found = ((_moment(record), record) for record in self.records(store))
        return [(at, dumps(record)) for at, record in found if start_us <= at <= end_us]

    # -- imports
    def begin_import(self, kept: LakeStore, one: Import) -> None:
        """Let an import begin."""
        kept.imports[one.id] = one
        self._at(kept, "cloudtrail.lake.import", 5 * SECOND, {"id": one.id})

    def _import(self, payload: dict[str, Any]) -> None:
        """Clock handler: an import reads its files, and a minute later it is completed."""
        kept = self.of(payload["account"], payload["region"])
        one = kept.imports[payload["id"]]
        one.updated_us = self._world.clock.now_us
        if one.status == "INITIALIZING":
            one.status = "IN_PROGRESS"
            self._at(kept, "cloudtrail.lake.import", 60 * SECOND, {"id": one.id})
        elif one.status == "IN_PROGRESS":
            self._read_files(kept, one)
            one.status = "FAILED" if one.failures and not one.files else "COMPLETED"

    def _read_files(self, kept: LakeStore, one: Import) -> None:
        ports = self._world.ports
        store = kept.stores.get(one.destination)
        bucket, _, prefix = one.source["S3LocationUri"].removeprefix("s3://").partition("/")
        who = replace(one.principal, invoked_by=SERVICE)
        try:
            asked = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": 1}
            ports.call_as(who, "s3", "ListObjectsV2", asked, kept.region)
        except AwsError as refused:
            one.failures.append(
                self._failure(f"s3://{bucket}/{prefix}", refused.code, str(refused))
            )
            return
        for found in ports.objects_under(bucket, prefix) or ():
            if "/CloudTrail/" not in found.key or not found.key.endswith(".json.gz"):
                continue
            try:
                stored = ports.get_object(bucket, found.key)
                text = gzip.decompress(b"" if stored is None else stored[0])
                records = parse(text)["Records"]
                timed = [(_moment(record), record) for record in records]
            except (OSError, EOFError, ValueError, KeyError, TypeError) as problem:
                where = f"s3://{bucket}/{found.key}"
                one.failures.append(self._failure(where, "InvalidFile", str(problem)))
                continue
            one.files += 1
            for at_us, record in timed:
                inside = (one.start_us is None or at_us >= one.start_us) and (
                    one.end_us is None or at_us <= one.end_us
                )
                if store is not None and inside:
                    store.imported.append((at_us, record))
                    one.events += 1

    def _failure(self, where: str, kind: str, message: str) -> dict[str, Any]:
        return {
            "Location": where,
            "Status": "FAILED",
            "ErrorType": kind,
            "ErrorMessage": message,
            "LastUpdatedTime": to_datetime(self._world.clock.now_us),
        }

    def state(self) -> list[Any]:
        """Everything remembered, as plain values."""
        return [
            [
                account,
                region,
                [
                    [s.id, s.name, s.status, len(s.facts), len(s.imported)]
                    for s in k.stores.values()
                ],
                [[q.id, q.status, q.error] for q in k.queries.values()],
                [[i.id, i.status, i.events] for i in k.imports.values()],
                sorted(k.channels),
                sorted(k.dashboards),
                sorted(k.policies.items()),
            ]
            for (account, region), k in sorted(self._kept.items())
        ]


def _moment(record: Mapping[str, Any]) -> int:
    from datetime import datetime

    return to_us(datetime.fromisoformat(record["eventTime"].replace("Z", "+00:00")))


def _table(name: str) -> Table:
    """An event data store as a table of JSON lines."""
    columns = [Column(*one.split(" ", 1)) for one in engine.COLUMNS.split("|")]
    return Table("default", name, columns, serde="org.openx.data.jsonserde.JsonSerDe")


class _Tables:
    """Event data stores as tables for one query; what :class:`Query` calls a catalog."""

    def __init__(self, lake: Lake, kept: LakeStore, query: LakeQuery) -> None:
        self._lake = lake
        self._kept = kept
        self._names = {engine.as_name(one): one for one in query.stores}
        self._id = query.id
        self.events = 0

    @property
    def folder(self) -> Path:
        """Where duckdb may read."""
        return self._lake.folder.path

    def table(self, database: str, name: str) -> Table | None:
        """A store that the query names."""
        return _table(name) if name in self._names else None

    def has_database(self, name: str) -> bool:
        """There is one."""
        return name == "default"

    def partitions(
        self, table: Table, injected: Mapping[str, Sequence[str]]
    ) -> list[tuple[tuple[str, ...], str]]:
        """A store has no partitions."""
        return [((), "")]

    def files(self, table: Table, places: Sequence[tuple[tuple[str, ...], str]]) -> list[File]:
        """One file with the store's records."""
        store = self._kept.stores[self._names[table.name]]
        records = self._lake.records(store)
        self.events += len(records)
        if not records:
            return []
        text = "".join(dumps(record) + "\n" for record in records)
        path = self.folder / f"{self._id}-{table.name}.json"
        path.write_text(text, encoding="utf-8")
        return [File(str(path), len(text.encode()), ())]
