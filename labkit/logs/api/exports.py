"""Export tasks: make, show, cancel."""

from __future__ import annotations

from typing import Any

from labkit.core.call import Call
from labkit.logs.api.requests import (
    group_of,
    invalid,
    invalid_state,
    not_found,
    page,
    service_of,
    shown,
    too_many,
)
from labkit.logs.exports import ACTIVE, PENDING, RUNNING, TASKS, ExportTask
from labkit.logs.records import DELIVERY
from labkit.logs.store import LogStore


def create_export_task(
    call: Call,
    /,
    *,
    taskName: str | None = None,
    logGroupName: str,
    logStreamNamePrefix: str | None = None,
    to: int,
    destination: str,
    destinationPrefix: str | None = None,
    **rest: int,
) -> dict[str, Any]:
    """Copy a group's events of a range into a bucket, in the background.

    ``from`` comes with the rest: it is a word of Python.
    """
    from_ = rest["from"]
    store: LogStore = call.store
    group = group_of(call, logGroupName)
    if group.log_class == DELIVERY:
        raise invalid("Log groups of class DELIVERY cannot be exported.")
    if from_ > to:
        raise invalid("The start of the time range must not be later than its end.")
    if to < group.created_us // 1000:
        raise invalid("The end of the time range must not be earlier than the log group.")
    tasks = store.of(TASKS)
    if any(task.status in ACTIVE for task in tasks.values()):
        raise too_many()
    exports = service_of(call).exports
    prefix = (destinationPrefix or "exportedlogs").rstrip("/")
    problem = exports.problem(call.account, call.region, destination, prefix)
    if problem:
        raise invalid(problem)
    task = ExportTask(
        call.ids.uuid(), taskName or "", logGroupName, logStreamNamePrefix or "", from_, to,
        destination, prefix, call.now_us,
    )  # fmt: skip
    exports.begin(call.account, call.region, task)
    return {"taskId": task.id}


def told(task: ExportTask) -> dict[str, Any]:
    """A row of DescribeExportTasks."""
    info = {"creationTime": task.created_us // 1000}
    if task.completed_us:
        info["completionTime"] = task.completed_us // 1000
    status = {"code": task.status}
    if task.message:
        status["message"] = task.message
    return shown(
        {
            "taskId": task.id,
            "taskName": task.name or None,
            "logGroupName": task.group,
            "from": task.from_ms,
            "to": task.to_ms,
            "destination": task.bucket,
            "destinationPrefix": task.prefix,
            "status": status,
            "executionInfo": info,
        }
    )


def describe_export_tasks(
    call: Call,
    /,
    *,
    taskId: str | None = None,
    statusCode: str | None = None,
    nextToken: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """The tasks, the newest first."""
    store: LogStore = call.store
    found = [
        task
        for task in reversed(store.of(TASKS).values())
        if taskId in (None, task.id) and statusCode in (None, task.status)
    ]
    rows, more = page(found, limit, nextToken)
    return {"exportTasks": [told(task) for task in rows], **more}


def cancel_export_task(call: Call, /, *, taskId: str) -> dict[str, Any]:
    """Stop a task that has not ended."""
    store: LogStore = call.store
    task = store.of(TASKS).get(taskId)
    if task is None:
        raise not_found("The specified export task does not exist.")
    if task.status not in (PENDING, RUNNING):
        raise invalid_state("The specified export task has already finished.")
    service_of(call).exports.cancel(call.account, call.region, task)
    return {}


OPERATIONS = {
    "CreateExportTask": create_export_task,
    "DescribeExportTasks": describe_export_tasks,
    "CancelExportTask": cancel_export_task,
}
