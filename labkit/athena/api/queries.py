"""Statements: start, watch, stop, read what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.athena.api.requests import bad, group_of, page
from labkit.athena.records import ENGINE, PRIMARY, Execution
from labkit.athena.running import kind_of
from labkit.athena.service import result_file
from labkit.athena.store import Store
from labkit.core.call import Call
from labkit.core.clock import to_datetime

_NO_OUTPUT = (
    "No output location provided. An output location is required either through the Workgroup "
    "result configuration setting or as an API input."
)
_PRECISION = {
    "varchar": 2147483647, "bigint": 19, "integer": 10, "double": 17, "boolean": 0, "date": 0,
    "timestamp": 3, "timestamp with time zone": 3, "string": 0,
}  # fmt: skip


def start_query_execution(
    call: Call,
    /,
    *,
    QueryString: str,
    ClientRequestToken: str = "",
    QueryExecutionContext: Mapping[str, str] | None = None,
    ResultConfiguration: Mapping[str, Any] | None = None,
    WorkGroup: str = PRIMARY,
    ExecutionParameters: Sequence[str] = (),
    ResultReuseConfiguration: Mapping[str, Any] | None = None,
    EngineConfiguration: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Queue a statement. It runs, and fails, later: nothing of it is looked at here."""
    store: Store = call.store
    if not QueryString.strip():
        raise bad("Query string is empty.")
    if len(QueryString.encode()) > call.quota("query.characters"):
        raise bad("Query string exceeds the maximum length of 262144 bytes.")
    if ClientRequestToken:
        for before in store.executions.values():
            if before.token == ClientRequestToken:
                if before.text != QueryString:
                    raise bad("Idempotent parameters do not match")
                return {"QueryExecutionId": before.id}
    group = group_of(call, WorkGroup)
    if group.state != "ENABLED":
        raise bad(f"WorkGroup {WorkGroup} is disabled.")
    own = (ResultConfiguration or {}).get("OutputLocation", "")
    enforced = group.configuration.get("EnforceWorkGroupConfiguration", False)
    output = (group.output or own) if enforced else (own or group.output)
    if not output:
        raise bad(_NO_OUTPUT)
    if not output.startswith("s3://"):
        raise bad("outputLocation is not a valid S3 path.")
    context = QueryExecutionContext or {}
    kind, substatement = kind_of(QueryString)
    execution = Execution(
        call.ids.uuid(),
        QueryString,
        kind,
        substatement,
        WorkGroup,
        context.get("Database", "default"),
        context.get("Catalog", ""),
        output,
        call.principal,
        call.source_ip,
        call.now_us,
        list(ExecutionParameters),
        token=ClientRequestToken,
    )
    store.service.start(store, execution)
    return {"QueryExecutionId": execution.id}


def _execution(call: Call, execution_id: str) -> Execution:
    store: Store = call.store
    found = store.executions.get(execution_id)
    if found is None:
        raise bad(f"QueryExecution {execution_id} was not found")
    return found


def _told(one: Execution) -> dict[str, Any]:
    status: dict[str, Any] = {
        "State": one.state,
        "SubmissionDateTime": to_datetime(one.submitted_us),
    }
    if one.reason and one.completed_us is not None:
        status["StateChangeReason"] = one.reason
    if one.completed_us is not None:
        status["CompletionDateTime"] = to_datetime(one.completed_us)
    if one.state == "FAILED" and one.error is not None:
        status["AthenaError"] = {
            "ErrorCategory": one.error[0],
            "ErrorType": one.error[1],
            "Retryable": False,
            "ErrorMessage": one.reason,
        }
    scanned = one.answer.scanned_bytes if one.answer is not None else 0
    done = one.completed_us is not None
    statistics = {
        "EngineExecutionTimeInMillis": one.engine_ms if done else 0,
        "DataScannedInBytes": scanned if done else 0,
        "TotalExecutionTimeInMillis": one.queue_ms + one.engine_ms if done else 0,
        "QueryQueueTimeInMillis": one.queue_ms,
        "ServiceProcessingTimeInMillis": 0,
        "ResultReuseInformation": {"ReusedPreviousResult": False},
    }
    context = {"Database": one.database}
    if one.catalog:
        context["Catalog"] = one.catalog
    told: dict[str, Any] = {
        "QueryExecutionId": one.id,
        "Query": one.text,
        "StatementType": one.kind,
        "SubstatementType": one.substatement,
        "ResultConfiguration": {"OutputLocation": result_file(one)},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "QueryExecutionContext": context,
        "Status": status,
        "Statistics": statistics,
        "WorkGroup": one.workgroup,
        "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE},
    }
    if one.parameters:
        told["ExecutionParameters"] = list(one.parameters)
    return told


def get_query_execution(call: Call, /, *, QueryExecutionId: str) -> dict[str, Any]:
    """An execution: its state, its statistics, why it failed."""
    return {"QueryExecution": _told(_execution(call, QueryExecutionId))}


def batch_get_query_execution(call: Call, /, *, QueryExecutionIds: Sequence[str]) -> dict[str, Any]:
    """Several executions."""
    store: Store = call.store
    known = [one for one in QueryExecutionIds if one in store.executions]
    return {
        "QueryExecutions": [_told(store.executions[one]) for one in known],
        "UnprocessedQueryExecutionIds": [
            {
                "QueryExecutionId": one,
                "ErrorCode": "INVALID_INPUT",
                "ErrorMessage": f"QueryExecution {one} was not found",
            }
            for one in QueryExecutionIds
            if one not in store.executions
        ],
    }


def list_query_executions(
    call: Call,
    /,
    *,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    WorkGroup: str = PRIMARY,
) -> dict[str, Any]:
    """The executions of a work group, the newest first."""
    store: Store = call.store
    group_of(call, WorkGroup)
    ids = [one.id for one in store.executions.values() if one.workgroup == WorkGroup][::-1]
    found, more = page(ids, MaxResults, NextToken, call.quota("page.executions"))
    return {"QueryExecutionIds": list(found), **more}


def stop_query_execution(call: Call, /, *, QueryExecutionId: str) -> dict[str, Any]:
    """Cancel an execution; one that is done stays as it is."""
    store: Store = call.store
    store.service.stop(store, _execution(call, QueryExecutionId))
    return {}


def get_query_results(
    call: Call,
    /,
    *,
    QueryExecutionId: str,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    QueryResultType: str = "DATA_ROWS",
) -> dict[str, Any]:
    """Rows of a query that succeeded; the first row of the first page is the names."""
    one = _execution(call, QueryExecutionId)
    if one.state in ("QUEUED", "RUNNING"):
        raise bad(f"Query has not yet finished. Current state: {one.state}")
    if one.state != "SUCCEEDED" or one.answer is None:
        raise bad(f"Query did not finish successfully. Final query state: {one.state}")
    answer = one.answer
    rows: list[list[str | None]] = list(answer.rows)
    if answer.columns and not answer.plain:
        rows.insert(0, [name for name, _ in answer.columns])
    found, more = page(rows, MaxResults, NextToken, call.quota("page.results"))
    info = [
        {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": name,
            "Label": name,
            "Type": kind,
            "Precision": _PRECISION.get(kind, 0),
            "Scale": 0,
            "Nullable": "UNKNOWN",
            "CaseSensitive": kind == "varchar",
        }
        for name, kind in answer.columns
    ]
    shown = [
        {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
        for row in found
    ]
    return {
        "UpdateCount": answer.update_count,
        "ResultSet": {"Rows": shown, "ResultSetMetadata": {"ColumnInfo": info}},
        **more,
    }


def get_query_runtime_statistics(call: Call, /, *, QueryExecutionId: str) -> dict[str, Any]:
    """Where an execution's time went, and how many rows and bytes it had."""
    one = _execution(call, QueryExecutionId)
    told: dict[str, Any] = {
        "Timeline": {
            "QueryQueueTimeInMillis": one.queue_ms,
            "EngineExecutionTimeInMillis": one.engine_ms,
            "TotalExecutionTimeInMillis": one.queue_ms + one.engine_ms,
        }
    }
    if one.answer is not None and one.completed_us is not None:
        told["Rows"] = {
            "InputBytes": one.answer.scanned_bytes,
            "OutputRows": len(one.answer.rows),
        }
    return {"QueryRuntimeStatistics": told}
