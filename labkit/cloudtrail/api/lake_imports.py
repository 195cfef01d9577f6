"""Imports of trail files into event data stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from labkit.cloudtrail.api.lake_requests import bad, given, lake_of, page, store_of
from labkit.cloudtrail.lake import Import
from labkit.core.call import Call
from labkit.core.clock import to_datetime, to_us
from labkit.core.errors import AwsError

_GOING = ("INITIALIZING", "IN_PROGRESS")


def _told(call: Call, one: Import) -> dict[str, Any]:
    store = lake_of(call).stores.get(one.destination)
    return given(
        {
            "ImportId": one.id,
            "Destinations": [store.arn if store is not None else one.destination],
            "ImportSource": {"S3": one.source},
            "StartEventTime": None if one.start_us is None else to_datetime(one.start_us),
            "EndEventTime": None if one.end_us is None else to_datetime(one.end_us),
            "ImportStatus": one.status,
            "CreatedTimestamp": to_datetime(one.created_us),
            "UpdatedTimestamp": to_datetime(one.updated_us),
        }
    )


def _statistics(one: Import) -> dict[str, Any]:
    return {
        "ImportStatistics": {
            "PrefixesFound": 1,
            "PrefixesCompleted": int(one.status == "COMPLETED"),
            "FilesCompleted": one.files,
            "EventsCompleted": one.events,
            "FailedEntries": len(one.failures),
        }
    }


def start_import(
    call: Call,
    /,
    *,
    Destinations: Sequence[str] = (),
    ImportSource: Mapping[str, Any] | None = None,
    StartEventTime: datetime | None = None,
    EndEventTime: datetime | None = None,
    ImportId: str = "",
) -> dict[str, Any]:
    """Begin an import, or with an ImportId begin a stopped or failed one again."""
    kept = lake_of(call)
    if ImportId:
        one = _import(call, ImportId)
        if one.status in _GOING:
            raise AwsError("AccountHasOngoingImportException", "The import is going on.")
        one.status, one.failures = "INITIALIZING", []
        call.store.service.lake.begin_import(kept, one)
        return _told(call, one)
    if len(Destinations) != 1 or not ImportSource:
        raise bad("An import needs one destination and an ImportSource.")
    if any(one.status in _GOING for one in kept.imports.values()):
        raise AwsError("AccountHasOngoingImportException", "Another import is going on.")
    source = dict(ImportSource["S3"])
    if not source["S3LocationUri"].startswith("s3://"):
        raise AwsError("InvalidImportSourceException", "S3LocationUri begins with s3://.")
    store = store_of(call, Destinations[0])
    start_us = None if StartEventTime is None else to_us(StartEventTime)
    end_us = None if EndEventTime is None else to_us(EndEventTime)
    if start_us is not None and end_us is not None and start_us > end_us:
        raise bad("StartEventTime is after EndEventTime.")
    one = Import(
        call.ids.uuid(),
        store.id,
        source,
        start_us,
        end_us,
        call.now_us,
        call.now_us,
        call.principal,
    )
    call.store.service.lake.begin_import(kept, one)
    return _told(call, one)


def _import(call: Call, import_id: str) -> Import:
    found = lake_of(call).imports.get(import_id)
    if found is None:
        raise AwsError("ImportNotFoundException", f"The import {import_id} was not found.")
    return found


def get_import(call: Call, /, *, ImportId: str) -> dict[str, Any]:
    """An import and its counts."""
    one = _import(call, ImportId)
    return {**_told(call, one), **_statistics(one)}


def stop_import(call: Call, /, *, ImportId: str) -> dict[str, Any]:
    """Stop an import; what has been read stays."""
    one = _import(call, ImportId)
    if one.status in _GOING:
        one.status, one.updated_us = "STOPPED", call.now_us
    return {**_told(call, one), **_statistics(one)}


def list_imports(
    call: Call,
    /,
    *,
    MaxResults: int | None = None,
    Destination: str = "",
    ImportStatus: str = "",
    NextToken: str | None = None,
) -> dict[str, Any]:
    """The imports."""
    own = [
        one
        for one in lake_of(call).imports.values()
        if Destination.rpartition("/")[2] in ("", one.destination)
        and ImportStatus in ("", one.status)
    ]
    found, more = page(own, MaxResults, NextToken)
    wanted = ("ImportId", "ImportStatus", "Destinations", "CreatedTimestamp", "UpdatedTimestamp")
    told = [{name: _told(call, one)[name] for name in wanted} for one in found]
    return {"Imports": told, **more}


def list_import_failures(
    call: Call, /, *, ImportId: str, MaxResults: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    """The files that an import could not read."""
    found, more = page(_import(call, ImportId).failures, MaxResults, NextToken)
    return {"Failures": list(found), **more}
