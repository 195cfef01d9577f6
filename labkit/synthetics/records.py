"""What Synthetics remembers: canaries, their runs, groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.synthetics.engine.run import Baseline, RunResult

#: States of a canary.
CREATING, READY, STARTING, RUNNING = "CREATING", "READY", "STARTING", "RUNNING"
UPDATING, STOPPING, STOPPED = "UPDATING", "STOPPING", "STOPPED"
ERROR, DELETING = "ERROR", "DELETING"
#: Types of runs.
CANARY_RUN, DRY_RUN = "CANARY_RUN", "DRY_RUN"


@dataclass(slots=True)
class Settings:
    """What a run of a canary goes by: what UpdateCanary and a dry run may change.

    Parameters
    ----------
    code, handler:
        The zip archive, and what in it is called.
    code_origin:
        ``S3Bucket``, ``S3Key`` and ``S3Version`` of the archive, where it came from S3.
    blueprints, dependencies:
        ``BlueprintTypes`` and ``Dependencies``.
    runtime, role:
        RuntimeVersion and ExecutionRoleArn.
    timeout_s, memory_mb, tracing, environment, storage_mb:
        ``RunConfig``; a timeout of None is as long as the frequency allows.
    success_days, failure_days:
        How long GetCanaryRuns shows runs.
    artifacts, encryption:
        ``bucket/prefix`` and ``ArtifactConfig``.
    vpc, browsers, kms_key:
        ``VpcConfig``, ``BrowserConfigs``, ``KmsKeyArn``.
    visual:
        ``VisualReferences`` as they were given.
    """

    code: bytes
    handler: str
    runtime: str
    role: str
    artifacts: str
    code_origin: Mapping[str, str] = field(default_factory=dict)
    blueprints: tuple[str, ...] = ()
    dependencies: tuple[Mapping[str, str], ...] = ()
    timeout_s: int | None = None
    memory_mb: int = 1000
    tracing: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    storage_mb: int = 1024
    success_days: int = 31
    failure_days: int = 31
    encryption: Mapping[str, str] = field(default_factory=dict)
    vpc: Mapping[str, Any] = field(default_factory=dict)
    browsers: tuple[str, ...] = ("CHROME",)
    kms_key: str = ""
    visual: tuple[Mapping[str, Any], ...] = ()


@dataclass(slots=True)
class Run:
    """One run, as the API and the views show it.

    Parameters
    ----------
    id, scheduled_id, attempt:
        Its id; that of the first try, and which retry it is (0: none).
    started_us, completed_us:
        By the lab's clock; ``completed_us`` is None while it runs.
    state, reason, reason_code, test_result:
        As CanaryRunStatus has them.
    artifacts:
        ``bucket/prefix`` of its folder; of a replayed run the folder of the real one.
    location:
        Region in which it ran.
    dry_run_id:
        Of the dry run it belongs to; empty for none.
    result:
        What the runner found.
    replayed:
        Id of the real run whose result this one repeats; empty for a real run.
    why:
        Why it was run for real, or why it could be replayed.
    measured_ms:
        How long the real run took by the machine's clock.
    """

    id: str
    scheduled_id: str
    attempt: int
    started_us: int
    completed_us: int | None
    state: str
    reason: str
    reason_code: str
    test_result: str
    artifacts: str
    location: str
    result: RunResult
    dry_run_id: str = ""
    replayed: str = ""
    why: str = ""
    duration_ms: float = 0.0
    measured_ms: float = 0.0
    metric_us: int = 0


@dataclass(slots=True)
class DryRun:
    """Settings that are tried before they are taken over."""

    id: str
    settings: Settings
    status: str = RUNNING


@dataclass(slots=True)
class Replica:
    """A further Region in which a canary runs."""

    region: str
    ready_us: int
    vpc: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Canary:
    """A canary.

    Parameters
    ----------
    account, region, name, id:
        Whose, where, and what it is called.
    settings:
        What its runs go by.
    expression, duration_s, retries:
        ``Schedule``: a duration of 0 is without end.
    cleanup:
        ``AUTOMATIC`` or ``OFF``: whether its function goes with it.
    tags, replicate_tags:
        Of the canary, and whether its function has them too.
    state, state_reason, state_code:
        ``Status``.
    created_us, modified_us, started_us, stopped_us:
        ``Timeline``; None for what has not been.
    generation:
        Tells planned work of an older life apart: each start, stop and update begins a new one.
    version:
        Of its function and its layer: each update publishes the next.
    runs:
        Finished and running ones, oldest first.
    """

    account: str
    region: str
    name: str
    id: str
    settings: Settings
    expression: str
    created_us: int
    modified_us: int
    duration_s: int = 0
    retries: int = 0
    cleanup: str = "AUTOMATIC"
    tags: dict[str, str] = field(default_factory=dict)
    replicate_tags: bool = False
    state: str = CREATING
    state_reason: str = ""
    state_code: str = ""
    started_us: int | None = None
    stopped_us: int | None = None
    generation: int = 0
    version: int = 1
    runs: list[Run] = field(default_factory=list)
    dry_runs: dict[str, DryRun] = field(default_factory=dict)
    replicas: list[Replica] = field(default_factory=list)
    #: Browser -> screenshots that runs are compared with.
    baselines: dict[str, Baseline] = field(default_factory=dict)
    #: References whose screenshots the next run gives.
    awaited: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """Of the canary."""
        return f"arn:aws:synthetics:{self.region}:{self.account}:canary:{self.name}"

    @property
    def function(self) -> str:
        """The name of the Lambda function that belongs to it, and of its log group's end."""
        return f"cwsyn-{self.name[:21]}-{self.id}"

    def function_arn(self, version: int) -> str:
        """Of a version of its function."""
        where = f"{self.region}:{self.account}"
        return f"arn:aws:lambda:{where}:function:{self.function}:{version}"

    def layer_arn(self, version: int) -> str:
        """Of a version of the layer that holds its script."""
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{self.function}:{version}"

    @property
    def log_group(self) -> str:
        """Where its runs write."""
        return f"/aws/lambda/{self.function}"


@dataclass(slots=True)
class Group:
    """Canaries that are looked at together; there is one set of groups for all Regions."""

    id: str
    name: str
    arn: str
    created_us: int
    modified_us: int
    tags: dict[str, str] = field(default_factory=dict)
    #: ARNs of canaries, in the order in which they came.
    members: dict[str, None] = field(default_factory=dict)
