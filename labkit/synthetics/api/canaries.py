"""Canaries: made, changed, shown, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.synthetics.api.requests import (
    canary_of,
    conflict,
    invalid,
    not_found,
    on,
    page,
    runtimes,
    service_of,
    shown,
    told_canary,
    told_run,
)
from labkit.synthetics.api.settings import changed, check_retries, schedule
from labkit.synthetics.engine.timing import usual_timeout_s
from labkit.synthetics.records import (
    CREATING,
    ERROR,
    READY,
    RUNNING,
    STOPPED,
    UPDATING,
    Canary,
    DryRun,
    Replica,
    Settings,
)
from labkit.synthetics.running import awaited_baseline
from labkit.synthetics.service import CREATING_US, UPDATING_US, find
from labkit.synthetics.store import SyntheticsStore

_SERVICE = "synthetics.amazonaws.com"
_PAGE, _RUNS_PAGE = 20, 100
_LAST, _NEXT = "lastrun", "nextrun"


def create_canary(
    call: Call,
    /,
    *,
    Name: str,
    Schedule: Mapping[str, Any],
    Tags: Mapping[str, str] | None = None,
    ResourcesToReplicateTags: Sequence[str] = (),
    ProvisionedResourceCleanup: str = "AUTOMATIC",
    AddReplicaLocations: Sequence[Mapping[str, Any]] = (),
    **given: Any,
) -> dict[str, Any]:
    """Make a canary, which is READY after a while, and the Lambda function that is its own.

    Raises
    ------
    AwsError
        ValidationException, RequestEntityTooLargeException; what Lambda answers to a caller who
        may not make functions.
    """
    store: SyntheticsStore = call.store
    if Name in store.canaries:
        raise invalid(f"Canary with name {Name} already exists")
    if len(store.canaries) >= call.quota("canaries.per_region"):
        raise invalid("Canary limit exceeded")
    if ResourcesToReplicateTags and not Tags:
        raise invalid("ResourcesToReplicateTags needs Tags that could be replicated")
    expression, duration_s, retries = schedule(Schedule)
    if (
        given.get("KmsKeyArn")
        and not call.ports.key_usable(given["KmsKeyArn"], call.account, call.region).value
    ):
        raise invalid(f"KMS key {given['KmsKeyArn']} cannot be used")
    nothing = Settings(b"", "", "", "", "")
    settings = changed(call, nothing, expression, given)
    if given.get("VisualReference"):
        raise invalid("A canary has no run that could be a visual reference yet")
    check_retries(retries, settings.timeout_s or usual_timeout_s(expression), settings.runtime)
    canary = Canary(
        call.account, call.region, Name, call.ids.uuid(), settings, expression, call.now_us,
        call.now_us, duration_s, retries, ProvisionedResourceCleanup, dict(Tags or {}),
        "lambda-function" in ResourcesToReplicateTags,
    )  # fmt: skip
    _make_function(call, canary)
    store.canaries[Name] = canary
    _add_replicas(call, canary, AddReplicaLocations)
    service_of(call).enter(canary, CREATING, CREATING_US)
    return {"Canary": _told(call, canary)}


def _as_service(call: Call, operation: str, params: Mapping[str, Any]) -> None:
    who = replace(call.principal, invoked_by=_SERVICE)
    call.ports.call_as(who, "lambda", operation, params, call.region)


def _make_function(call: Call, canary: Canary) -> None:
    """The Lambda function that a canary owns: made by whoever makes the canary."""
    settings = canary.settings
    node = "nodejs" in settings.runtime
    tags = {"Tags": canary.tags} if canary.replicate_tags and canary.tags else {}
    try:
        _as_service(
            call,
            "CreateFunction",
            {
                "FunctionName": canary.function,
                "Runtime": "nodejs22.x" if node else "python3.12",
                "Role": settings.role,
                "Handler": settings.handler or "index.handler",
                "Code": {"ZipFile": settings.code},
                "Timeout": settings.timeout_s or usual_timeout_s(canary.expression),
                "MemorySize": settings.memory_mb,
                "TracingConfig": {"Mode": "Active" if settings.tracing else "PassThrough"},
                **tags,
            },
        )
    except AwsError as problem:
        if problem.code.startswith("AccessDenied"):
            raise invalid(problem.message) from None
        # What else Lambda refuses (a role that does not trust it) shows when the canary is made.


def _add_replicas(call: Call, canary: Canary, wanted: Sequence[Mapping[str, Any]]) -> None:
    for one in wanted:
        region = one["Location"]
        if region == canary.region or any(r.region == region for r in canary.replicas):
            raise invalid(f"The canary is in {region} already")
        ready_us = call.now_us + CREATING_US
        canary.replicas.append(Replica(region, ready_us, one.get("VpcConfig") or {}))


def _told(call: Call, canary: Canary, settings: Settings | None = None) -> dict[str, Any]:
    told = told_canary(canary, settings)
    if canary.replicas:
        states = [
            "InSync" if one.ready_us <= call.now_us else "InProgress" for one in canary.replicas
        ]
        told["MultiLocationConfig"] = {
            "LocationType": "Primary",
            "PrimaryLocation": canary.region,
            "Replicas": [
                {
                    "Location": one.region,
                    "ReplicationStatus": {"State": state},
                    "CanaryState": canary.state if state == "InSync" else CREATING,
                }
                for one, state in zip(canary.replicas, states, strict=True)
            ],
            "ReplicationState": "InProgress" if "InProgress" in states else "InSync",
        }
    return told


def update_canary(
    call: Call,
    /,
    *,
    Name: str,
    Schedule: Mapping[str, Any] | None = None,
    ProvisionedResourceCleanup: str | None = None,
    DryRunId: str | None = None,
    AddReplicaLocations: Sequence[Mapping[str, Any]] = (),
    RemoveReplicaLocations: Sequence[str] = (),
    **given: Any,
) -> dict[str, Any]:
    """Change a canary; it is UPDATING for a while. With ``DryRunId``: take over what was tried.

    Raises
    ------
    AwsError
        ResourceNotFoundException, ConflictException while another change is under way,
        ValidationException.
    """
    canary = canary_of(call, Name)
    if canary.state not in (READY, RUNNING, STOPPED, ERROR):
        raise conflict(f"Canary in a state that can't be modified: {Name} is {canary.state}")
    expression, duration_s, retries = canary.expression, canary.duration_s, canary.retries
    if Schedule:
        expression, duration_s, retries = schedule(Schedule)
        if "RetryConfig" not in Schedule:
            retries = canary.retries
    before = canary.settings
    if DryRunId:
        if given or ProvisionedResourceCleanup or AddReplicaLocations or RemoveReplicaLocations:
            raise invalid("Beside DryRunId only Schedule can be given")
        before = _tried(canary, DryRunId).settings
    settings = changed(call, before, expression, given)
    check_retries(retries, settings.timeout_s or usual_timeout_s(expression), settings.runtime)
    if given.get("VisualReference") or given.get("VisualReferences"):
        _refer(canary, settings)
    gone = set(RemoveReplicaLocations)
    canary.replicas = [one for one in canary.replicas if one.region not in gone]
    _add_replicas(call, canary, AddReplicaLocations)
    canary.settings, canary.expression = settings, expression
    canary.duration_s, canary.retries = duration_s, retries
    canary.cleanup = ProvisionedResourceCleanup or canary.cleanup
    canary.modified_us = call.now_us
    canary.version += 1
    if canary.state == ERROR:
        service_of(call).enter(canary, CREATING, CREATING_US)
    else:
        service_of(call).enter(canary, UPDATING, UPDATING_US)
    return {}


def _tried(canary: Canary, dry_run_id: str) -> DryRun:
    """A dry run whose settings may be taken over.

    Raises
    ------
    AwsError
        ResourceNotFoundException, ValidationException for one that did not pass.
    """
    dry = canary.dry_runs.get(dry_run_id)
    if dry is None:
        raise not_found(f"Dry run not found: {dry_run_id}")
    if dry.status != "PASSED":
        raise invalid(f"Dry run {dry_run_id} is {dry.status}; only one that passed is taken over")
    return dry


def _refer(canary: Canary, settings: Settings) -> None:
    """Screenshots of which run the next ones are compared with."""
    canary.awaited = []
    for reference in settings.visual:
        browser = reference.get("BrowserType", "CHROME")
        canary.baselines.pop(browser, None)
        wanted = reference["BaseCanaryRunId"]
        if wanted == _NEXT:
            canary.awaited.append(reference)
            continue
        over = [one for one in canary.runs if one.state == "PASSED"]
        run = (over[-1] if over else None) if wanted == _LAST else find(canary, wanted)
        if run is None or run.state != "PASSED":
            raise invalid(f"There is no passed run {wanted} to compare with")
        canary.baselines[browser] = awaited_baseline(run, reference)


def get_canary(call: Call, /, *, Name: str, DryRunId: str | None = None) -> dict[str, Any]:
    """One canary; with ``DryRunId`` as it would be with what is tried."""
    canary = canary_of(call, Name)
    if DryRunId is None:
        return {"Canary": _told(call, canary)}
    dry = canary.dry_runs.get(DryRunId)
    if dry is None:
        raise not_found(f"Dry run not found: {DryRunId}")
    told = _told(call, canary, dry.settings)
    told["DryRunConfig"] = {"DryRunId": dry.id, "LastDryRunExecutionStatus": dry.status}
    return {"Canary": told}


def _named(call: Call, names: Sequence[str]) -> list[Canary]:
    store: SyntheticsStore = call.store
    every = [store.canaries[name] for name in sorted(store.canaries)]
    return [one for one in every if one.name in names] if names else every


def describe_canaries(
    call: Call,
    /,
    *,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    Names: Sequence[str] = (),
) -> dict[str, Any]:
    """The canaries by name, twenty on a page."""
    rows, more = page(_named(call, Names), NextToken, MaxResults, _PAGE)
    return {"Canaries": [_told(call, one) for one in rows], **more}


def describe_canaries_last_run(
    call: Call,
    /,
    *,
    NextToken: str | None = None,
    MaxResults: int | None = None,
    Names: Sequence[str] = (),
    BrowserType: str = "CHROME",
) -> dict[str, Any]:
    """The last run of each canary that has run."""
    service = service_of(call)
    rows = []
    for canary in _named(call, Names):
        over = [r for r in canary.runs if service.shown(canary, r) and not r.dry_run_id]
        if over and BrowserType in canary.settings.browsers:
            rows.append({"CanaryName": canary.name, "LastRun": told_run(canary, over[-1])})
    some, more = page(rows, NextToken, MaxResults, _RUNS_PAGE)
    return {"CanariesLastRun": list(some), **more}


def delete_canary(call: Call, /, *, Name: str, DeleteLambda: bool | None = None) -> dict[str, Any]:
    """Delete a canary that does not run. Its artifacts, log group, alarms and role stay.

    Raises
    ------
    AwsError
        ConflictException while it runs, ResourceNotFoundException.
    """
    canary = canary_of(call, Name)
    if canary.state not in (READY, STOPPED, ERROR):
        raise conflict(f"Canary {Name} is in state {canary.state} and cannot be deleted")
    automatic = canary.cleanup == "AUTOMATIC" if DeleteLambda is None else DeleteLambda
    if automatic:
        with suppress(AwsError):
            _as_service(call, "DeleteFunction", {"FunctionName": canary.function})
    store: SyntheticsStore = call.store
    service_of(call).enter(canary, "DELETING")
    del store.canaries[Name]
    for group in service_of(call).groups.get(call.account, {}).values():
        group.members.pop(canary.arn, None)
    return {}


def describe_runtime_versions(
    call: Call, /, *, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    """The runtime versions, those that are deprecated among them."""
    every = [
        shown(
            {
                "VersionName": one["name"],
                "Description": one["description"],
                "ReleaseDate": on(one["released"]),
                "DeprecationDate": on(one["deprecated"]) if "deprecated" in one else None,
            }
        )
        for one in runtimes().values()
    ]
    rows, more = page(every, NextToken, MaxResults, _RUNS_PAGE)
    return {"RuntimeVersions": list(rows), **more}


OPERATIONS = {
    "CreateCanary": create_canary,
    "UpdateCanary": update_canary,
    "GetCanary": get_canary,
    "DescribeCanaries": describe_canaries,
    "DescribeCanariesLastRun": describe_canaries_last_run,
    "DeleteCanary": delete_canary,
    "DescribeRuntimeVersions": describe_runtime_versions,
}
