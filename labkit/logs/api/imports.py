"""Import tasks: make, show, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import invalid, invalid_state, not_found, page, service_of, shown
from labkit.logs.imports import CANCELLED, IMPORTS, IN_PROGRESS, MOST_ACTIVE, ImportTask
from labkit.logs.store import LogStore


def create_import_task(
    call: Call,
    /,
    *,
    importSourceArn: str,
    importRoleArn: str,
    importFilter: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Bring what an event data store holds into a log group of its own."""
    told = importFilter or {}
    start_us = told.get("startEventTime", 0) * 1000
    end_us = told.get("endEventTime", call.now_us // 1000) * 1000 + 999
    if start_us > end_us:
        raise invalid("startEventTime must be less than or equal to endEventTime.")
    parts = importSourceArn.split(":", 5)
    if len(parts) != 6 or parts[2] != "cloudtrail" or not parts[5].startswith("eventdatastore/"):
        raise invalid("The source must be the ARN of a CloudTrail Lake event data store.")
    if call.ports.lake_events(importSourceArn, start_us, start_us) is None:
        raise not_found("The event data store does not exist, or is not enabled.")
    _check_role(call, importRoleArn, importSourceArn)
    store: LogStore = call.store
    active = [one for one in store.of(IMPORTS).values() if one.status == IN_PROGRESS]
    if len(active) >= MOST_ACTIVE:
        raise invalid_state(f"There can be no more than {MOST_ACTIVE} active imports.")
    task = ImportTask(
        call.ids.uuid(), importSourceArn, f"aws/cloudtrail/{parts[5].partition('/')[2]}",
        start_us, end_us, call.now_us, call.now_us,
    )  # fmt: skip
    service_of(call).imports.begin(call.account, call.region, task)
    return {
        "importId": task.id,
        "importDestinationArn": store.arn(f"log-group:{task.group}"),
        "creationTime": task.created_us // 1000,
    }


def _check_role(call: Call, role: str, source: str) -> None:
    asked = (
        ("cloudtrail.amazonaws.com", "sts:AssumeRole", role),
        (role, "cloudtrail:GetEventDataStoreData", source),
        (role, "logs:CreateLogGroup", f"arn:aws:logs:{call.region}:{call.account}:log-group:*"),
    )
    for who, action, resource in asked:
        if not role.startswith("arn:aws:iam:") or not call.ports.allowed(who, action, resource):
            raise AwsError(
                "AccessDeniedException",
                f"{who} is not authorized to perform: {action} on resource: {resource}",
            )


def _find(call: Call, import_id: str) -> ImportTask:
    store: LogStore = call.store
    found: ImportTask | None = store.of(IMPORTS).get(import_id)
    if found is None:
        raise not_found("The specified import task does not exist.")
    return found


def describe_import_tasks(
    call: Call,
    /,
    *,
    importId: str | None = None,
    importStatus: str | None = None,
    importSourceArn: str | None = None,
    limit: int | None = None,
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The tasks, the newest first."""
    store: LogStore = call.store
    found = [
        shown(
            {
                "importId": one.id,
                "importSourceArn": one.source_arn,
                "importStatus": one.status,
                "importDestinationArn": store.arn(f"log-group:{one.group}"),
                "importStatistics": {"bytesImported": one.bytes},
                "importFilter": {
                    "startEventTime": one.start_us // 1000,
                    "endEventTime": one.end_us // 1000,
                },
                "creationTime": one.created_us // 1000,
                "lastUpdatedTime": one.updated_us // 1000,
                "errorMessage": one.error or None,
            }
        )
        for one in reversed(store.of(IMPORTS).values())
        if importId in (None, one.id)
        and importStatus in (None, one.status)
        and importSourceArn in (None, one.source_arn)
    ]
    rows, more = page(found, limit, nextToken)
    return {"imports": list(rows), **more}


def describe_import_task_batches(
    call: Call,
    /,
    *,
    importId: str,
    batchImportStatus: Sequence[str] = (),
    limit: int | None = None,
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The days of a task, and how far each is."""
    task = _find(call, importId)
    found = [
        shown({"batchId": one.id, "status": one.status, "errorMessage": one.error or None})
        for one in task.batches
        if not batchImportStatus or one.status in batchImportStatus
    ]
    rows, more = page(found, limit or 10, nextToken)
    return {
        "importSourceArn": task.source_arn,
        "importId": task.id,
        "importBatches": list(rows),
        **more,
    }


def cancel_import_task(call: Call, /, *, importId: str) -> dict[str, Any]:
    """Stop a task; the batches that have come stay."""
    task = _find(call, importId)
    if task.status != IN_PROGRESS:
        raise invalid_state("The specified import task is not in progress.")
    task.status, task.updated_us = CANCELLED, call.now_us
    for one in task.batches:
        if one.status == IN_PROGRESS:
            one.status = CANCELLED
    return {
        "importId": task.id,
        "importStatistics": {"bytesImported": task.bytes},
        "importStatus": task.status,
        "creationTime": task.created_us // 1000,
        "lastUpdatedTime": task.updated_us // 1000,
    }


OPERATIONS = {
    "CreateImportTask": create_import_task,
    "DescribeImportTasks": describe_import_tasks,
    "DescribeImportTaskBatches": describe_import_task_batches,
    "CancelImportTask": cancel_import_task,
}
