"""Athena as the lab assembles it: executions move on the lab's clock.

A statement is QUEUED for a tenth of a second or so, RUNNING for as long as its bytes take at a
fixed speed, and done. What it finds is decided at the instant at which it begins to run; the
result's file is in S3 at the instant at which it succeeds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from labkit.athena.engine.problems import Failed
from labkit.athena.engine.results import csv
from labkit.athena.files import SERVICE, Catalog, split_uri
from labkit.athena.records import Execution
from labkit.athena.running import Runner
from labkit.athena.sql.folder import Folder
from labkit.athena.store import Store
from labkit.core.clock import MILLISECOND, Phase
from labkit.core.errors import AwsError
from labkit.core.world import World

MB = 1_000_000
#: The least that a query is charged for, and the step of the meter.
LEAST_BYTES = 10 * MB
_BYTES_PER_MS = 100_000


class Athena:
    """Athena of a whole lab.

    Parameters
    ----------
    world:
        The clock and the stores.
    account:
        Whose the lab is.
    """

    def __init__(self, world: World, account: str) -> None:
        self._world = world
        self._account = account
        self.folder = Folder()
        world.remember("athena", lambda a, r: Store(a, r, self, world.clock.start_us))
        world.clock.register("athena.run", self._run)
        world.clock.register("athena.finish", self._finish)

    def start(self, store: Store, execution: Execution) -> None:
        """Put a statement into the queue."""
        noise = self._world.ids.digest("athena", execution.id)
        execution.queue_ms = 60 + noise[0] % 90
        store.executions[execution.id] = execution
        self._told(store, execution, "")
        self._at(store, execution, "athena.run", execution.queue_ms)

    def stop(self, store: Store, execution: Execution) -> None:
        """Cancel a statement that is not done."""
        if execution.completed_us is None:
            execution.answer = None
            self._end(store, execution, "CANCELLED", "Query cancelled by user")

    def _at(self, store: Store, execution: Execution, handler: str, ms: int) -> None:
        clock = self._world.clock
        clock.at(
            clock.now_us + ms * MILLISECOND,
            Phase.DATA,
            handler,
            {"account": store.account, "region": store.region, "id": execution.id},
        )

    def _of(self, payload: dict[str, Any]) -> tuple[Store, Execution]:
        store: Store = self._world.store("athena", payload["account"], payload["region"])
        return store, store.executions[payload["id"]]

    def _run(self, payload: dict[str, Any]) -> None:
        """Clock handler: a statement's turn has come."""
        store, execution = self._of(payload)
        if execution.completed_us is not None:
            return
        self._turn(store, execution, "RUNNING")
        now_us = self._world.clock.now_us
        catalog = Catalog(store, execution, self._world.ports, self.folder, now_us)

        def put(bucket: str, key: str, body: bytes) -> None:
            self._put(store, execution, bucket, key, body)

        noise = self._world.ids.digest("athena run", execution.id)[0]
        try:
            execution.answer = Runner(store, execution, catalog, put, now_us).run()
        except Failed as problem:
            execution.reason, execution.error = problem.message, (2, _number(problem.code))
            execution.engine_ms = 150 + noise
        else:
            free = execution.answer.free
            scanned = execution.answer.scanned_bytes
            execution.engine_ms = (120 if free else 380) + noise + scanned // _BYTES_PER_MS
        self._at(store, execution, "athena.finish", execution.engine_ms)

    def _put(self, store: Store, execution: Execution, bucket: str, key: str, body: bytes) -> None:
        who = replace(execution.principal, invoked_by=SERVICE)
        asked = {"Bucket": bucket, "Key": key, "Body": body}
        try:
            self._world.ports.call_as(who, "s3", "PutObject", asked, store.region)
        except AwsError as refused:
            if refused.code == "NoSuchBucket":
                why = f"The specified bucket does not exist: {bucket}"
            else:
                why = f"Access denied when writing output to url: s3://{bucket}/{key}"
            raise Failed("", f"{why} (Service: Amazon S3; Error Code: {refused.code})") from None

    def _finish(self, payload: dict[str, Any]) -> None:
        """Clock handler: a statement is done, or has failed."""
        store, execution = self._of(payload)
        if execution.completed_us is not None:
            return
        answer = execution.answer
        if answer is None:
            self._end(store, execution, "FAILED", execution.reason)
            return
        world = self._world
        limit = store.workgroups[execution.workgroup].configuration.get(
            "BytesScannedCutoffPerQuery", 0
        )
        if not answer.free:
            charged = max(LEAST_BYTES, -(-answer.scanned_bytes // MB) * MB)
            world.meters.count(
                "athena.scanned", store.account, store.region, world.clock.now_us, charged
            )
        if limit and answer.scanned_bytes > limit:
            execution.answer = None
            self._end(store, execution, "CANCELLED", "Query cancelled! : Bytes scanned limit was "
                      f"exceeded (limit {limit} bytes)")  # fmt: skip
            return
        try:
            self._write_results(store, execution)
        except Failed as problem:
            execution.error, execution.answer = (2, 1300), None
            self._end(store, execution, "FAILED", problem.message)
            return
        self._end(store, execution, "SUCCEEDED", "")

    def _write_results(self, store: Store, execution: Execution) -> None:
        answer = execution.answer
        assert answer is not None
        bucket, key = split_uri(result_file(execution))
        if answer.plain or not answer.columns:
            text = "".join(f"{row[0]}\n" for row in answer.rows)
        else:
            text = csv([name for name, _ in answer.columns], answer.rows)
        self._put(store, execution, bucket, key, text.encode())
        if answer.columns:
            told = "\n".join(f"{name}\t{kind}" for name, kind in answer.columns)
            self._put(store, execution, bucket, key + ".metadata", told.encode())

    def _turn(self, store: Store, execution: Execution, state: str) -> None:
        before, execution.state = execution.state, state
        self._told(store, execution, before)

    def _end(self, store: Store, execution: Execution, state: str, reason: str) -> None:
        execution.completed_us = self._world.clock.now_us
        execution.reason = reason
        self._turn(store, execution, state)
        group = store.workgroups.get(execution.workgroup)
        if group is not None and group.configuration.get("PublishCloudWatchMetricsEnabled"):
            self._measured(store, execution)

    def _told(self, store: Store, execution: Execution, before: str) -> None:
        order = {"QUEUED": "1", "RUNNING": "2"}
        detail = {
            "versionId": "0",
            "currentState": execution.state,
            "queryExecutionId": execution.id,
            "sequenceNumber": order.get(execution.state, "3"),
            "statementType": execution.kind,
            "workgroupName": execution.workgroup,
        }
        if before:
            detail["previousState"] = before
        self._world.facts.publish(
            "event.emitted",
            store.account,
            store.region,
            {
                "source": "aws.athena",
                "detail_type": "Athena Query State Change",
                "resources": [],
                "detail": detail,
            },
        )

    def _measured(self, store: Store, execution: Execution) -> None:
        dimensions = [
            ["QueryState", execution.state],
            ["QueryType", execution.kind],
            ["WorkGroup", execution.workgroup],
        ]
        scanned = execution.answer.scanned_bytes if execution.answer else 0
        for name, value, unit in (
            ("ProcessedBytes", scanned, "Bytes"),
            ("EngineExecutionTime", execution.engine_ms, "Milliseconds"),
            ("QueryQueueTime", execution.queue_ms, "Milliseconds"),
            ("TotalExecutionTime", execution.engine_ms + execution.queue_ms, "Milliseconds"),
        ):
            self._world.facts.publish(
                "metric.emitted",
                store.account,
                store.region,
                {
                    "namespace": "AWS/Athena",
                    "dimensions": dimensions,
                    "metric_name": name,
                    "value": float(value),
                    "unit": unit,
                },
            )

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values: two equal worlds have equal digests."""
        return [
            [account, region, store.digest()]
            for (account, region), store in sorted(self._world.stores("athena").items())
        ]


def result_file(execution: Execution) -> str:
    """Where an execution's result is: ``.csv`` of a query, ``.txt`` of anything else."""
    answer = execution.answer
    table = execution.kind == "DML" and not (answer is not None and answer.plain)
    base = execution.output.rstrip("/")
    return f"{base}/{execution.id}{'.csv' if table else '.txt'}"


def _number(code: str) -> int:
    """``AthenaError.ErrorType``, by the reference's ranges [K for those not listed there]."""
    return {
        "TABLE_NOT_FOUND": 1200,
        "COLUMN_NOT_FOUND": 1006,
        "TYPE_MISMATCH": 1006,
        "": 1003,
    }.get(code, 1006)
