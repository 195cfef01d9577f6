"""Runs: started, stopped, tried, listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.call import Call
from labkit.synthetics.api.requests import (
    canary_of,
    conflict,
    invalid,
    page,
    service_of,
    told_run,
)
from labkit.synthetics.api.settings import changed
from labkit.synthetics.engine.runtimes import lacks
from labkit.synthetics.records import CANARY_RUN, DRY_RUN, READY, RUNNING, STOPPED, DryRun

_PAGE = 100


def start_canary(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Let a canary run by its schedule.

    Raises
    ------
    AwsError
        ConflictException unless it is READY or STOPPED, ResourceNotFoundException.
    """
    canary = canary_of(call, Name)
    if canary.state not in (READY, STOPPED):
        raise conflict(f"Canary is not in a startable state: {Name} is {canary.state}")
    service_of(call).start(canary)
    return {}


def stop_canary(call: Call, /, *, Name: str) -> dict[str, Any]:
    """Let a canary run no more; a run under way finishes.

    Raises
    ------
    AwsError
        ConflictException unless it is RUNNING, ResourceNotFoundException.
    """
    canary = canary_of(call, Name)
    if canary.state != RUNNING:
        raise conflict(f"Canary is not in a stoppable state: {Name} is {canary.state}")
    service_of(call).stop(canary)
    return {}


def start_canary_dry_run(call: Call, /, *, Name: str, **given: Any) -> dict[str, Any]:
    """Run a canary once with other settings, beside its schedule: no metric, no event.

    Raises
    ------
    AwsError
        ConflictException while it is changed, ResourceNotFoundException, ValidationException.
    """
    canary = canary_of(call, Name)
    if canary.state not in (READY, RUNNING, STOPPED):
        raise conflict(f"Canary {Name} is in state {canary.state} and cannot be tried")
    if any(one.status == RUNNING for one in canary.dry_runs.values()):
        raise conflict(f"A dry run of canary {Name} is under way; there can be one at a time")
    settings = changed(call, canary.settings, canary.expression, given)
    why = lacks(settings.runtime, "Dry runs")
    if why:
        raise invalid(why)
    dry = DryRun(call.ids.uuid(), settings)
    service_of(call).dry_run(canary, dry)
    told: Mapping[str, str] = {"DryRunId": dry.id, "LastDryRunExecutionStatus": dry.status}
    return {"DryRunConfig": told}


def get_canary_runs(
    call: Call,
    /,
    *,
    Name: str,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    DryRunId: str | None = None,
    RunType: str | None = None,
) -> dict[str, Any]:
    """The runs of a canary, newest first, as long as its retention periods show them.

    Raises
    ------
    AwsError
        ResourceNotFoundException, ValidationException for a dry run among RunType CANARY_RUN.
    """
    if DryRunId and RunType == CANARY_RUN:
        raise invalid("A DryRunId goes with RunType DRY_RUN, not with CANARY_RUN")
    canary, service = canary_of(call, Name), service_of(call)
    dry = bool(DryRunId) or RunType == DRY_RUN
    found = [
        run
        for run in reversed(canary.runs)
        if service.shown(canary, run)
        and bool(run.dry_run_id) == dry
        and DryRunId in (None, run.dry_run_id)
    ]
    rows, more = page(found, NextToken, MaxResults, _PAGE)
    return {"CanaryRuns": [told_run(canary, one) for one in rows], **more}


OPERATIONS = {
    "StartCanary": start_canary,
    "StopCanary": stop_canary,
    "StartCanaryDryRun": start_canary_dry_run,
    "GetCanaryRuns": get_canary_runs,
}
