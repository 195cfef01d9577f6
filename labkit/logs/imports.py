"""Import tasks: what a CloudTrail Lake event data store holds, brought into a log group.

The group is made by CloudWatch Logs and is called after the store (``aws/cloudtrail/<id>``). Events
come in batches, one for each day of their event time; a batch takes ten seconds (ours). They set
nothing off: filters and subscriptions are for what comes in, and this is a past.

Source: API reference, CreateImportTask, DescribeImportTaskBatches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import DAY, SECOND, Phase
from labkit.core.world import World

#: The key of an account's tasks in its store.
IMPORTS = "imports"
STEP = "logs.import"
BATCH_US = 10 * SECOND
IN_PROGRESS, CANCELLED, COMPLETED, FAILED = "IN_PROGRESS", "CANCELLED", "COMPLETED", "FAILED"
#: Tasks of an account at a time.
MOST_ACTIVE = 3


@dataclass(slots=True)
class Batch:
    """The events of a day: ``day`` counts days since the epoch."""

    id: str
    day: int
    status: str = IN_PROGRESS
    error: str = ""


@dataclass(slots=True)
class ImportTask:
    """A task; its range in microseconds, both ends included."""

    id: str
    source_arn: str
    group: str
    start_us: int
    end_us: int
    created_us: int
    updated_us: int
    batches: list[Batch] = field(default_factory=list)
    status: str = IN_PROGRESS
    bytes: int = 0
    error: str = ""


class Imports:
    """The import tasks of a lab.

    Parameters
    ----------
    world:
        Clock and ports; the handler ``logs.import`` is registered here.
    import_lines:
        Puts a past into a group (``Logs.import_lines``).
    """

    def __init__(self, world: World, import_lines: Callable[..., Any]) -> None:
        self._world = world
        self._import_lines = import_lines
        world.clock.register(STEP, self._step)

    def begin(self, account: str, region: str, task: ImportTask) -> None:
        """Remember a task; its batches are the days on which the source has events."""
        store = self._world.store("logs", account, region)
        store.of(IMPORTS)[task.id] = task
        events = self._world.ports.lake_events(task.source_arn, task.start_us, task.end_us) or ()
        for day in sorted({at_us // DAY for at_us, _ in events}):
            task.batches.append(Batch(self._world.ids.uuid(), day))
        if store.find(task.group) is None:
            store.add_group(task.group, self._world.clock.now_us)
        self._plan(account, region, task)

    def _plan(self, account: str, region: str, task: ImportTask) -> None:
        clock = self._world.clock
        where = {"account": account, "region": region, "task": task.id}
        clock.at(clock.now_us + BATCH_US, Phase.DATA, STEP, where, cause=())

    def _step(self, payload: dict[str, Any]) -> None:
        """Clock handler: the next batch, or the end."""
        account, region = payload["account"], payload["region"]
        store = self._world.store("logs", account, region)
        task: ImportTask = store.of(IMPORTS)[payload["task"]]
        if task.status != IN_PROGRESS:
            return
        task.updated_us = self._world.clock.now_us
        batch = next((one for one in task.batches if one.status == IN_PROGRESS), None)
        if batch is None:
            task.status = COMPLETED
            return
        events = self._world.ports.lake_events(
            task.source_arn,
            max(task.start_us, batch.day * DAY),
            min(task.end_us, batch.day * DAY + DAY - 1),
        )
        if events is None or store.find(task.group) is None:
            batch.status = task.status = FAILED
            batch.error = task.error = (
                "The event data store is not there, or not enabled, any more."
                if events is None
                else "The log group of the import is not there any more."
            )
            return
        times, texts = [at // 1000 for at, _ in events], [text for _, text in events]
        self._import_lines(account, region, task.group, task.id, times, texts)
        task.bytes += sum(len(text.encode()) for text in texts)
        batch.status = COMPLETED
        if all(one.status == COMPLETED for one in task.batches):
            task.status = COMPLETED
        else:
            self._plan(account, region, task)
