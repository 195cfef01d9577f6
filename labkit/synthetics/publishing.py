"""What the end of a run leaves: artifacts, log lines, metrics, an event, a line on the bill.

Source: CloudWatch user guide, "CloudWatch metrics published by canaries", "Monitoring canary
events with EventBridge", "View canary statistics and details".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.core.clock import SECOND, to_datetime
from labkit.core.world import World
from labkit.synthetics.engine.run import EXECUTION_FAILURE, RunResult
from labkit.synthetics.records import UPDATING, Canary, Run, Settings

NAMESPACE, SOURCE = "CloudWatchSynthetics", "aws.synthetics"
#: What the execution role needs.
PUT_OBJECT, PUT_METRIC, PUT_LOG = "s3:PutObject", "cloudwatch:PutMetricData", "logs:PutLogEvents"
#: S3's headers for encryption on the server's side.
ENCRYPTION = "x-amz-server-side-encryption"
ENCRYPTION_KEY = "x-amz-server-side-encryption-aws-kms-key-id"


def folder(prefix: str, at_us: int) -> str:
    """The folder of a run below the canary's artifact location.

    >>> folder("bucket/shop", 1_767_603_600_250_000)
    'bucket/shop/2026/01/05/09/00-00-250'
    """
    at = to_datetime(at_us)
    return f"{prefix}/{at:%Y/%m/%d/%H/%M-%S}-{at.microsecond // 1000:03d}"


class Publishing:
    """Tells of runs to S3, Logs, CloudWatch and EventBridge."""

    def __init__(self, world: World) -> None:
        self._world = world

    def store(self, settings: Settings, run: Run) -> str:
        """Put a real run's artifacts into its folder; why that failed, '' when it did not."""
        bucket, _, prefix = run.artifacts.partition("/")
        ports = self._world.ports
        arn = f"arn:aws:s3:::{bucket}/{prefix}"
        if not ports.allowed(settings.role, PUT_OBJECT, f"{arn}/*"):
            return (
                f"Failed to upload artifacts to S3: {settings.role} is not authorized to perform: "
                f"{PUT_OBJECT} on resource: {arn}"
            )
        encrypted = _encrypted(settings)
        for artifact in run.result.artifacts:
            headers = {"Content-Type": artifact.content_type, **encrypted}
            code = ports.put_object(
                bucket, f"{prefix}/{artifact.name}", artifact.body, headers=headers
            )
            if code:
                return f"Failed to upload artifacts to S3: {code} ({bucket})"
        return ""

    def log(self, canary: Canary, settings: Settings, run: Run) -> None:
        """Write what a run said, spread over its time, into the log group of its function."""
        lines = run.result.log_lines
        if not lines or not self._world.facts.heard("log.emitted"):
            return
        group = f"arn:aws:logs:{run.location}:{canary.account}:log-group:{canary.log_group}:*"
        if not self._world.ports.allowed(settings.role, PUT_LOG, group):
            return
        day = f"{to_datetime(run.started_us):%Y/%m/%d}"
        digits = self._world.ids.digest(
            "environment", canary.arn, run.started_us // (3600 * SECOND)
        )
        step = int(run.duration_ms * 1000) // (len(lines) + 1)
        events = [[run.started_us + step * (n + 1), line] for n, line in enumerate(lines)]
        told = {
            "source": "synthetics",
            "log_group": canary.log_group,
            "log_stream": f"{day}/[$LATEST]{digits.hex()[:32]}",
            "events": events,
        }
        self._world.facts.publish("log.emitted", canary.account, run.location, told)

    def measure(self, canary: Canary, settings: Settings, run: Run) -> None:
        """Publish a run's metrics, at the instant at which it began."""
        ports = self._world.ports
        if not ports.allowed(settings.role, PUT_METRIC, "*"):
            return
        shown = (("CanaryName", canary.name),)
        for metric in run.result.metrics:
            value = metric.value
            if metric.name == "Duration" and metric.dimensions == shown:
                value = run.duration_ms
            ports.put_metric(
                canary.account, run.location, NAMESPACE, metric.name,
                tuple(sorted(metric.dimensions)), run.metric_us, value, metric.unit,
            )  # fmt: skip
        if canary.retries:
            # SuccessPercent is the last attempt's here, and this one says so by its name.
            told = [("SuccessPercentWithRetries", _success(run), "Percent")]
            if run.attempt:
                told.append(("RetryCount", float(run.attempt), "Count"))
            self._put(canary, run, told)

    def measure_dry(self, canary: Canary, settings: Settings, run: Run) -> None:
        """Publish the two metrics of a dry run, which has no others."""
        if self._world.ports.allowed(settings.role, PUT_METRIC, "*"):
            self._put(
                canary, run,
                [("SuccessPercentDryRun", _success(run), "Percent"),
                 ("DurationDryRun", run.duration_ms, "Milliseconds")],
            )  # fmt: skip

    def _put(self, canary: Canary, run: Run, told: list[tuple[str, float, str]]) -> None:
        for name, value, unit in told:
            self._world.ports.put_metric(
                canary.account, run.location, NAMESPACE, name,
                (("CanaryName", canary.name),), run.metric_us, value, unit,
            )  # fmt: skip

    def tell_run(self, canary: Canary, run: Run) -> None:
        """The event of a finished run."""
        good = run.state == "PASSED"
        detail = {
            "account-id": canary.account,
            "canary-id": canary.id,
            "canary-name": canary.name,
            "canary-run-id": run.id,
            "artifact-location": run.artifacts,
            "test-run-status": run.state,
            "state-reason": f'"{run.reason}"' if run.reason else "null",
            "canary-run-timeline": {
                "started": run.started_us / SECOND,
                "completed": (run.completed_us or run.started_us) / SECOND,
            },
            "message": "Test run result is generated successfully",
        }
        kind = "Successful" if good else "Failure"
        self._event(canary, run.location, f"Synthetics Canary TestRun {kind}", detail)

    def tell_state(self, canary: Canary, before: str) -> None:
        """The event of a canary in another state; after an update with what it has changed."""
        changed = _changed(canary) if before == UPDATING else {}
        detail = {
            "account-id": canary.account,
            "canary-id": canary.id,
            "canary-name": canary.name,
            "current-state": canary.state,
            "previous-state": before,
            "source-location": "NULL",
            "updated-on": self._world.clock.now_us / SECOND,
            "changed-config": changed,
            "message": "Canary status has changed",
        }
        self._event(canary, canary.region, "Synthetics Canary Status Change", detail)

    def _event(self, canary: Canary, region: str, kind: str, detail: dict[str, Any]) -> None:
        if self._world.facts.heard("event.emitted"):
            told = {"source": SOURCE, "detail_type": kind, "resources": [], "detail": detail}
            self._world.facts.publish("event.emitted", canary.account, region, told)


def _changed(canary: Canary) -> dict[str, Any]:
    """``changed-config`` of the guide's example: an update publishes new versions."""

    def versions(arn: Callable[[int], str]) -> dict[str, str]:
        return {"previous-value": arn(canary.version - 1), "current-value": arn(canary.version)}

    return {
        "executionArn": versions(canary.function_arn),
        "vpcId": {"current-value": canary.settings.vpc.get("VpcId", "NULL")},
        "testCodeLayerVersionArn": versions(canary.layer_arn),
    }


def _success(run: Run) -> float:
    return 100.0 if run.test_result == "PASSED" else 0.0


def _encrypted(settings: Settings) -> dict[str, str]:
    """How S3 encrypts artifacts: with a key that AWS manages, unless ``ArtifactConfig`` says."""
    chosen = settings.encryption
    if chosen.get("EncryptionMode") == "SSE_S3":
        return {ENCRYPTION: "AES256"}
    if chosen.get("KmsKeyArn"):
        return {ENCRYPTION: "aws:kms", ENCRYPTION_KEY: chosen["KmsKeyArn"]}
    return {ENCRYPTION: "aws:kms"}


def not_stored(result: RunResult, why: str) -> dict[str, Any]:
    """What a run's record has when its artifacts could not be put: the run has failed."""
    return {"state": "FAILED", "reason": why[:1024], "reason_code": EXECUTION_FAILURE,
            "test_result": result.test_result}  # fmt: skip
