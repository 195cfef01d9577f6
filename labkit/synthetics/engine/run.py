"""One run of a canary as values: what is asked for, and what came of it.

The service (operations, schedules, artifacts in S3, metrics, events) and the runner (processes, a
browser) meet here and nowhere else::

    from labkit.synthetics.runner import run

    result = run(request, site)

A request holds everything that a run may depend on; a result holds everything that AWS publishes of
it. Between the two stands a separate process. Nothing here reads a clock, a file or a socket.

What becomes of a result on AWS (the service does it):

==========================  =======================================================================
field                       becomes
==========================  =======================================================================
``state``                   ``CanaryRun.Status.State`` and the detail type of the event
``state_reason``            ``Status.StateReason``; 1,024 characters at most
``reason_code``             ``Status.StateReasonCode``, ``CANARY_FAILURE`` or ``EXECUTION_FAILURE``
``test_result``             ``Status.TestResult``; ``SuccessPercent`` is 100 when it is ``PASSED``
``metrics``                 what to publish in the namespace ``CloudWatchSynthetics``
``artifacts``               objects below ``<ArtifactS3Location>/<yyyy>/<mm>/<dd>/<hh>/<mm-ss-mmm>``
``log_lines``               events of the log group ``/aws/lambda/cwsyn-<name>-<id>``
==========================  =======================================================================

Sources: shape ``CanaryRunStatus`` of the API model (the two reason codes), the user guide's pages
"Library functions available for Python canary scripts using Selenium" and "CloudWatch metrics
published by canaries".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

PASSED, FAILED, UNKNOWN = "PASSED", "FAILED", "UNKNOWN"

#: ``StateReasonCode``: the script failed or could not be run; something beside it failed.
CANARY_FAILURE, EXECUTION_FAILURE = "CANARY_FAILURE", "EXECUTION_FAILURE"

#: The longest ``StateReason`` (API model).
LONGEST_REASON = 1024

#: What a run may write to its output, what one response may be, bytes.
OUTPUT_CAP, RESPONSE_CAP = 1_000_000, 20_000_000

#: How long a run may take in the machine's time, seconds, whatever its time limit: who waits at a
#: notebook does not wait 14 minutes for a site that never answers (design note 7).
PATIENCE_SECONDS = 60.0

#: How long nothing may be heard of a run that waits for a site that never answers, seconds of the
#: machine's time; longer than what scripts usually wait for an element.
SILENCE_SECONDS = 15.0

Rectangle = tuple[int, int, int, int]


@dataclass(frozen=True)
class Baseline:
    """The screenshots that a run's own are compared with.

    Parameters
    ----------
    screenshots:
        File name (``01-home-loaded.png``) -> PNG.
    ignore:
        File name -> rectangles (left, top, right, bottom) in pixels that may differ.
    threshold_percent:
        How many percent of the pixels may differ.
    """

    screenshots: Mapping[str, bytes]
    ignore: Mapping[str, tuple[Rectangle, ...]] = field(default_factory=dict)
    threshold_percent: float = 0.0


@dataclass(frozen=True)
class Site:
    """Where names lead during a run. A canary reaches these and other servers of this machine.

    Parameters
    ----------
    ports:
        Host name -> (port of HTTP, port of HTTPS) on 127.0.0.1; 0 for none. The script says
        ``https://shop.teapot.example``, and no handler is changed.
    fingerprint:
        What the site would answer, as a short text: two runs of one canary against sites of the
        same fingerprint go the same way.
    authority:
        The certificate authority that the canary trusts, PEM.
    records:
        Further DNS records for DNS checks: (name, type) -> values.
    key_hash:
        SHA-256 of the public key of the site's certificate (base64), for browsers that can't be
        told of an authority.
    silent:
        Whether some of its pages never answer: who waits for one of them for
        :data:`SILENCE_SECONDS` and does nothing else will wait until his time limit, and that need
        not be waited for in earnest.
    """

    ports: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    fingerprint: str = ""
    authority: str = ""
    records: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    silent: bool = False
    key_hash: str = ""


#: A run that visits no site of the lab's.
NO_SITE = Site()


@dataclass(frozen=True)
class RunRequest:
    """Everything that a run may depend on.

    Parameters
    ----------
    canary, run_id:
        The canary's name; the run's id.
    code:
        The zip archive, bytes; empty for multi checks without one.
    handler:
        ``pageLoad.handler``, ``folder/file.function``; empty for multi checks.
    runtime:
        ``syn-python-selenium-12.0`` and so on.
    environment:
        Variables of the script.
    timeout_s, memory_mb:
        The limits of ``RunConfig``.
    now_us:
        The virtual instant at which the run begins, microseconds.
    artifact_prefix:
        ``bucket/prefix`` of this run's folder, without ``s3://``: for the log and the report.
    checks:
        The configuration of multi checks, parsed JSON; None for a script, or for a configuration
        that lies in the archive (``blueprint-config.json``).
    baseline:
        For visual monitoring; None when there is none.
    account, region:
        For the environment of the script (``AWS_REGION``) and the report.
    access_key:
        The access key id with which the script's boto3 calls come back (of the execution role).
    seed:
        Of what is drawn.
    patience_s:
        How long the run may take in the machine's time; see :data:`PATIENCE_SECONDS`.
    silence_s:
        How long it may wait for a site that never answers; :data:`SILENCE_SECONDS` when 0.
    """

    canary: str
    run_id: str
    code: bytes
    handler: str
    runtime: str = "syn-python-selenium-12.0"
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 60
    memory_mb: int = 1000
    now_us: int = 0
    artifact_prefix: str = ""
    checks: Mapping[str, Any] | None = None
    baseline: Baseline | None = None
    account: str = "123456789012"
    region: str = "us-east-1"
    access_key: str = ""
    seed: int = 0
    patience_s: float = PATIENCE_SECONDS
    silence_s: float = 0.0


@dataclass(frozen=True)
class StepResult:
    """One step.

    Parameters
    ----------
    name:
        As the script gives it.
    status:
        ``PASSED`` or ``FAILED``; ``UNKNOWN`` of one that was under way when the run was ended.
    start_ms, duration_ms:
        Since the run's begin; how long.
    url:
        Where the browser stood at the end of the step, or what was asked for.
    error:
        Why it failed; ''.
    screenshots:
        File names.
    """

    name: str
    status: str
    start_ms: float = 0.0
    duration_ms: float = 0.0
    url: str = ""
    error: str = ""
    screenshots: tuple[str, ...] = ()


@dataclass(frozen=True)
class HttpCounts:
    """Requests of a run by what came of them; redirects (3xx) count in none, as on AWS."""

    ok_2xx: int = 0
    client_4xx: int = 0
    server_5xx: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Artifact:
    """A file that a run leaves: its name within the run's folder, bytes, content type."""

    name: str
    body: bytes
    content_type: str


@dataclass(frozen=True)
class Comparison:
    """One screenshot against its baseline.

    Parameters
    ----------
    name:
        Of the screenshot.
    differing_percent:
        Of the pixels outside of what is ignored; 100 when the sizes differ.
    passed:
        Whether that is within the threshold.
    difference:
        File name of the picture that marks the difference; ''.
    """

    name: str
    differing_percent: float
    passed: bool
    difference: str = ""


@dataclass(frozen=True)
class RunMetric:
    """One datum for ``CloudWatchSynthetics``: ``dimensions`` are (name, value), maybe none."""

    name: str
    value: float
    unit: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RunResult:
    """What came of a run.

    Parameters
    ----------
    passed:
        Whether the run counts as passed.
    state_reason, reason_code:
        Why not, and ``CANARY_FAILURE`` or ``EXECUTION_FAILURE``; both '' when it passed.
    test_result:
        What the script itself says: an execution error fails the run and not the test.
    started_us, duration_ms:
        When by the lab's clock, and how long it really took; for a run that ran into its time limit
        that limit.
    steps, http:
        What was done, and the requests.
    artifacts:
        Screenshots, HAR, log, report and whatever the script left in ``/tmp``.
    log_lines:
        What the run wrote, a text for each line.
    took_picture:
        Whether there is a screenshot; if not, ``no_picture`` says why.
    metrics:
        What is to be published; the script's configuration can turn each of them off.
    comparisons:
        Of visual monitoring.
    new_baseline:
        Screenshots that may serve as a baseline from now on.
    fingerprint:
        :func:`fingerprint` of the request and the site.
    repeatable:
        Whether a run with the same fingerprint would have gone the same way; not if the script
        called the lab, or something on this machine that is no site of the lab's.
    warm:
        Whether a browser was reused.
    """

    passed: bool
    state_reason: str
    reason_code: str
    test_result: str
    started_us: int
    duration_ms: float
    steps: tuple[StepResult, ...] = ()
    http: HttpCounts = HttpCounts()
    artifacts: tuple[Artifact, ...] = ()
    log_lines: tuple[str, ...] = ()
    took_picture: bool = False
    no_picture: str = ""
    metrics: tuple[RunMetric, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    new_baseline: Mapping[str, bytes] = field(default_factory=dict)
    fingerprint: str = ""
    repeatable: bool = True
    warm: bool = False

    @property
    def state(self) -> str:
        """``PASSED`` or ``FAILED``."""
        return PASSED if self.passed else FAILED

    def artifact(self, name: str) -> bytes:
        """The bytes of an artifact.

        Raises
        ------
        KeyError
            When the run left no such file.
        """
        for one in self.artifacts:
            if one.name == name:
                return one.body
        raise KeyError(f"no {name} among {', '.join(one.name for one in self.artifacts)}")


def fingerprint(request: RunRequest, site: Site = NO_SITE, browser: str = "") -> str:
    """What a run depends on, as 32 hexadecimal digits: the same means that it can be replayed.

    Not among it: the run's id and instant, where artifacts go, and the noise.

    Parameters
    ----------
    request, site:
        Of the run.
    browser:
        Which one there is: its version; '' for none.
    """
    baseline = request.baseline
    parts = {
        "canary": request.canary,
        "code": blake2b(request.code, digest_size=16).hexdigest(),
        "handler": request.handler,
        "runtime": request.runtime,
        "environment": dict(request.environment),
        "limits": [request.timeout_s, request.memory_mb],
        "checks": request.checks,
        "baseline": None
        if baseline is None
        else [
            {
                name: blake2b(body, digest_size=16).hexdigest()
                for name, body in baseline.screenshots.items()
            },
            {name: [list(one) for one in several] for name, several in baseline.ignore.items()},
            baseline.threshold_percent,
        ],
        "site": [site.fingerprint, sorted(site.ports)],
        "records": sorted([list(key), list(values)] for key, values in site.records.items()),
        "browser": browser,
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return blake2b(text.encode(), digest_size=16).hexdigest()
