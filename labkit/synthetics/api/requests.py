"""What the requests of Synthetics share: errors, pages, canaries by name, what is shown of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError
from labkit.core.pages import page_of
from labkit.synthetics.engine.timing import usual_timeout_s
from labkit.synthetics.records import Canary, Run, Settings
from labkit.synthetics.service import Synthetics
from labkit.synthetics.store import SyntheticsStore

T = TypeVar("T")


def invalid(message: str) -> AwsError:
    """ValidationException."""
    return AwsError("ValidationException", message, status=400)


def conflict(message: str) -> AwsError:
    """ConflictException."""
    return AwsError("ConflictException", message, status=409)


def not_found(message: str) -> AwsError:
    """ResourceNotFoundException."""
    return AwsError("ResourceNotFoundException", message, status=404)


def service_of(call: Call) -> Synthetics:
    """The Synthetics of the call's lab."""
    store: SyntheticsStore = call.store
    return store.service


def canary_of(call: Call, name: str) -> Canary:
    """A canary by its name.

    Raises
    ------
    AwsError
        ResourceNotFoundException.
    """
    store: SyntheticsStore = call.store
    found = store.canaries.get(name)
    if found is None:
        raise not_found(f"Canary not found: {name}")
    return found


def page(
    items: Sequence[T], token: str | None, size: int | None, most: int
) -> tuple[Sequence[T], dict[str, str]]:
    """One page of a list, and ``{"NextToken": ...}`` when there are more.

    Raises
    ------
    AwsError
        ValidationException for a token that is none.
    """
    return page_of(items, min(size or most, most), token, invalid("Invalid NextToken"))


def shown(members: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without what is not there."""
    return {name: value for name, value in members.items() if value not in (None, [], {}, "")}


def moment(us: int | None) -> datetime | None:
    """An instant as the API has it."""
    return None if us is None else to_datetime(us)


@cache
def runtimes() -> Mapping[str, Mapping[str, Any]]:
    """The runtime versions by name."""
    text = (files("labkit") / "synthetics" / "runtimes.toml").read_text(encoding="utf-8")
    return {one["name"]: one for one in tomllib.loads(text)["runtime"]}


def on(day: date) -> datetime:
    """The beginning of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def told_canary(canary: Canary, settings: Settings | None = None) -> dict[str, Any]:
    """A canary as the API shows it; with other settings as a dry run has them."""
    using = settings or canary.settings
    function = canary.function_arn(canary.version)
    code = {
        "SourceLocationArn": canary.layer_arn(canary.version),
        "Handler": using.handler or None,
        "BlueprintTypes": list(using.blueprints),
        "Dependencies": [dict(one) for one in using.dependencies],
    }
    return shown(
        {
            "Id": canary.id,
            "Name": canary.name,
            "Code": shown(code),
            "ExecutionRoleArn": using.role,
            "Schedule": {
                "Expression": canary.expression,
                "DurationInSeconds": canary.duration_s,
                "RetryConfig": {"MaxRetries": canary.retries},
            },
            "RunConfig": {
                "TimeoutInSeconds": using.timeout_s or usual_timeout_s(canary.expression),
                "MemoryInMB": using.memory_mb,
                "ActiveTracing": using.tracing,
                "EphemeralStorage": using.storage_mb,
            },
            "SuccessRetentionPeriodInDays": using.success_days,
            "FailureRetentionPeriodInDays": using.failure_days,
            "Status": shown(
                {
                    "State": canary.state,
                    "StateReason": canary.state_reason,
                    "StateReasonCode": canary.state_code,
                }
            ),
            "Timeline": shown(
                {
                    "Created": moment(canary.created_us),
                    "LastModified": moment(canary.modified_us),
                    "LastStarted": moment(canary.started_us),
                    "LastStopped": moment(canary.stopped_us),
                }
            ),
            "ArtifactS3Location": using.artifacts,
            "EngineArn": function,
            "RuntimeVersion": using.runtime,
            "VpcConfig": {k: v for k, v in using.vpc.items() if k != "trouble"},
            "VisualReference": dict(using.visual[0]) if len(using.visual) == 1 else None,
            "VisualReferences": [dict(one) for one in using.visual],
            "ProvisionedResourceCleanup": canary.cleanup,
            "BrowserConfigs": [{"BrowserType": one} for one in using.browsers],
            "EngineConfigs": [{"EngineArn": function, "BrowserType": b} for b in using.browsers],
            "Tags": dict(canary.tags),
            "ArtifactConfig": {"S3Encryption": dict(using.encryption)} if using.encryption else {},
            "KmsKeyArn": using.kms_key,
        }
    )


def told_run(canary: Canary, run: Run) -> dict[str, Any]:
    """A run as the API shows it."""
    over = run.completed_us is not None
    return shown(
        {
            "Id": run.id,
            "ScheduledRunId": run.scheduled_id,
            "RetryAttempt": run.attempt or None,
            "Name": canary.name,
            "Status": {
                "State": run.state,
                "StateReason": run.reason,
                "StateReasonCode": run.reason_code,
                **({"TestResult": run.test_result} if over else {}),
            },
            "Timeline": shown(
                {
                    "Started": moment(run.started_us),
                    "Completed": moment(run.completed_us),
                    "MetricTimestampForRunAndRetries": moment(run.metric_us),
                }
            ),
            "ArtifactS3Location": run.artifacts,
            "DryRunConfig": {"DryRunId": run.dry_run_id} if run.dry_run_id else None,
            "BrowserType": "CHROME",
            "Location": run.location if canary.replicas else None,
        }
    )
