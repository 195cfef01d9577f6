"""Export tasks: the events of a log group, copied into a bucket.

Theory of operation
-------------------
1. A task is checked when it is made: the bucket is there and its policy lets
   ``logs.<region>.amazonaws.com`` read its ACL and put objects. A small object,
   ``aws-logs-write-test``, is the proof, and it stays.
2. It begins five seconds later and takes ten seconds and one more for each megabyte (ours: AWS says
   "from a few seconds to a few hours"). One task of an account and Region is under way at a time.
3. Events reach the store that exports read up to 12 hours after they were ingested. Here it is
   always 12: what is newer when the task begins is not exported (AWS is often faster, and promises
   nothing). For what has to be there at once there are subscriptions.
4. Each stream has a folder of gzip files; a line is the time and the message.

Source: CloudWatch Logs user guide, S3Export, S3ExportTasks; API reference, CreateExportTask.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labkit.core.clock import HOUR, SECOND, Phase, iso
from labkit.core.world import World
from labkit.logs.masking import masked
from labkit.logs.records import LogGroup

#: The key of an account's tasks in its store.
TASKS = "export_tasks"
BEGINS_US, TAKES_US, MEGABYTE_US = 5 * SECOND, 10 * SECOND, SECOND
AVAILABLE_US = 12 * HOUR
#: Events of one file at most.
MOST_EVENTS = 100_000

PENDING, RUNNING, COMPLETED, FAILED = "PENDING", "RUNNING", "COMPLETED", "FAILED"
PENDING_CANCEL, CANCELLED = "PENDING_CANCEL", "CANCELLED"
ACTIVE = (PENDING, RUNNING, PENDING_CANCEL)
STEP = "logs.export"
TEST_KEY, TEST_BODY = "aws-logs-write-test", b"Permission Check Successful"


@dataclass(slots=True)
class ExportTask:
    """A task; times of events in milliseconds, both included."""

    id: str
    name: str
    group: str
    streams: str
    from_ms: int
    to_ms: int
    bucket: str
    prefix: str
    created_us: int
    status: str = PENDING
    message: str = ""
    begun_us: int = 0
    completed_us: int = 0


class Exports:
    """The export tasks of a lab.

    Parameters
    ----------
    world:
        Clock and ports; the handler ``logs.export`` is registered here.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        world.clock.register(STEP, self._step)

    def problem(self, account: str, region: str, bucket: str, prefix: str) -> str:
        """Why a bucket takes no exports, as CreateExportTask says it; '' when it does."""
        ports = self._world.ports
        if ports.object_keys(bucket, "") is None:
            return "The given bucket does not exist. Please make sure the bucket is valid."
        who = f"logs.{region}.amazonaws.com"
        source = f"arn:aws:logs:{region}:{account}:log-group:*"
        key = f"{prefix}/{TEST_KEY}"
        for action, name in (("s3:GetBucketAcl", ""), ("s3:PutObject", key)):
            may = ports.bucket_allows(
                bucket, name, who, source_arn=source, account=account, action=action
            )
            if not may.value:
                return (
                    f"{action.removeprefix('s3:')} call on the given bucket failed. Please check "
                    "if CloudWatch Logs has been granted permission to perform this operation."
                )
        code = ports.put_object(bucket, key, TEST_BODY)
        return f"The bucket does not take objects: {code}" if code else ""

    def begin(self, account: str, region: str, task: ExportTask) -> None:
        """Remember a task; it begins in a moment."""
        self._tasks(account, region)[task.id] = task
        self._plan(account, region, task.id, BEGINS_US)

    def cancel(self, account: str, region: str, task: ExportTask) -> None:
        """Stop a task before its files are written."""
        task.status = PENDING_CANCEL
        self._plan(account, region, task.id, BEGINS_US)

    def _tasks(self, account: str, region: str) -> dict[str, ExportTask]:
        tasks: dict[str, ExportTask] = self._world.store("logs", account, region).of(TASKS)
        return tasks

    def _plan(self, account: str, region: str, task: str, after_us: int) -> None:
        clock = self._world.clock
        where = {"account": account, "region": region, "task": task}
        clock.at(clock.now_us + after_us, Phase.DELIVERIES, STEP, where, cause=())

    def _step(self, payload: dict[str, Any]) -> None:
        """Clock handler: the next state of a task."""
        account, region = payload["account"], payload["region"]
        task = self._tasks(account, region).get(payload["task"])
        now_us = self._world.clock.now_us
        if task is None:
            return
        if task.status == PENDING_CANCEL:
            self._end(task, CANCELLED, "Cancelled successfully")
        elif task.status == PENDING:
            task.status, task.begun_us = RUNNING, now_us
            group = self._world.store("logs", account, region).find(task.group)
            size = group.events.stored_bytes(task.from_ms) if group is not None else 0
            self._plan(account, region, task.id, TAKES_US + size // 1_000_000 * MEGABYTE_US)
        elif task.status == RUNNING:
            group = self._world.store("logs", account, region).find(task.group)
            code = "The specified log group does not exist." if group is None else ""
            code = code or self._write(group, task)
            self._end(task, FAILED if code else COMPLETED, code or "Completed successfully")

    def _end(self, task: ExportTask, status: str, message: str) -> None:
        task.status, task.message, task.completed_us = status, message, self._world.clock.now_us

    # -- files
    def _write(self, group: LogGroup, task: ExportTask) -> str:
        """Write the files; what stopped it, '' for nothing."""
        ports = self._world.ports
        who = f"logs.{group.region}.amazonaws.com"
        for key, body in self._files(group, task):
            may = ports.bucket_allows(
                task.bucket, key, who, source_arn=f"{group.arn}:*", account=group.account
            )
            if not may.value:
                return "PutObject call on the given bucket failed: access denied"
            code = ports.put_object(task.bucket, key, body)
            if code:
                return f"PutObject call on the given bucket failed: {code}"
        return ""

    def _files(self, group: LogGroup, task: ExportTask) -> Iterator[tuple[str, bytes]]:
        newest_ms = (task.begun_us - AVAILABLE_US) // 1000
        start = max(task.from_ms, group.oldest_ms(task.begun_us))
        for name, stream in sorted(group.streams.items()):
            if not name.startswith(task.streams):
                continue
            lines: list[str] = []
            number = 0
            folder = f"{task.prefix}/{task.id}/{name.replace('/', '-')}"
            for row in group.events.scan(start, task.to_ms + 1, [stream.index]):
                if row.ingested_ms > newest_ms:
                    continue
                text = masked(group, row.at_ms, row.message, False, row.ingested_ms)
                lines.append(f"{iso(row.at_ms * 1000, millis=True)} {text}\n")
                if len(lines) == MOST_EVENTS:
                    yield f"{folder}/{number:06d}.gz", _gzip(lines)
                    lines, number = [], number + 1
            if lines:
                yield f"{folder}/{number:06d}.gz", _gzip(lines)


def _gzip(lines: list[str]) -> bytes:
    return gzip.compress("".join(lines).encode("utf-8", "replace"), 6, mtime=0)
