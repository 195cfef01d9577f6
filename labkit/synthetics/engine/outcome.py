"""What a run came to: state, reason and metrics, from how its process ended.

A run fails for one of two reasons (``CanaryRunStatus.StateReasonCode`` of the API model): the
script failed, or could not be run to its end (CANARY_FAILURE); or something beside it failed, an
artifact that could not be saved, an error that the script set aside with ``add_execution_error``
(EXECUTION_FAILURE). With both, the first one counts. Every reason names what happened and where: it
is what the e-mail at night says. AWS publishes few of its own wordings; these are labkit's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.synthetics.engine.run import (
    CANARY_FAILURE,
    EXECUTION_FAILURE,
    FAILED,
    LONGEST_REASON,
    PASSED,
    UNKNOWN,
    Comparison,
    HttpCounts,
    RunMetric,
    StepResult,
)

#: The options of the metrics, each on until the script switches it off.
_DEFAULTS: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Parameters
    ----------
    kind:
        ``returned``, ``failed`` (the script raised), ``not_loaded``, ``exited``, ``died``,
        ``timeout``, ``impatient``, ``memory``, ``output``, ``too_large``, ``refused`` (not begun).
    text:
        The error, or what there is to say.
    step:
        The step that was under way, or that failed.
    failed_steps:
        (name, error) of steps that failed and were passed over.
    execution_errors:
        Of ``add_execution_error``.
    """

    kind: str
    text: str = ""
    step: str = ""
    failed_steps: Sequence[tuple[str, str]] = ()
    execution_errors: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """State and reason: ``passed``, ``test_result``, ``code``, ``reason``."""

    passed: bool
    test_result: str
    code: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Limits:
    """What the run was held to, for the reasons."""

    timeout_s: float = 60
    patience_s: float = 60
    memory_mb: int = 1000
    pending: Sequence[str] = field(default_factory=tuple)


def judge(
    ended: Ended, limits: Limits, comparisons: Sequence[Comparison], *, strict: bool
) -> Outcome:
    """What a run came to.

    Parameters
    ----------
    ended:
        How it ended.
    limits:
        What it was held to, and which addresses had not answered.
    comparisons:
        Of visual monitoring.
    strict:
        Whether a picture that differs fails the run.
    """
    reason = _reason(ended, limits)
    if reason:
        unclear = ended.kind not in ("returned", "failed", "exited", "too_large")
        return Outcome(False, UNKNOWN if unclear else FAILED, CANARY_FAILURE, _cut(reason))
    differing = [one for one in comparisons if not one.passed]
    if differing and strict:
        told = ", ".join(f"{one.name} ({one.differing_percent:.2f} %)" for one in differing)
        reason = f"Visual variance: {len(differing)} of {len(comparisons)} screenshots differ from "
        return Outcome(False, FAILED, CANARY_FAILURE, _cut(f"{reason}the baseline: {told}"))
    if ended.execution_errors:
        told = "; ".join(ended.execution_errors)
        return Outcome(False, PASSED, EXECUTION_FAILURE, _cut(f"Execution error: {told}"))
    return Outcome(True, PASSED)


def _reason(ended: Ended, limits: Limits) -> str:
    at = f" at step '{ended.step}'" if ended.step else ""
    waited = f", waiting for {limits.pending[-1]}" if limits.pending else ""
    if ended.kind == "returned":
        if not ended.failed_steps:
            return ""
        told = "; ".join(f"'{name}': {error}" for name, error in ended.failed_steps)
        several = len(ended.failed_steps)
        return f"{several} step{'s' if several > 1 else ''} failed: {told}"
    if ended.kind == "failed":
        return f"Step '{ended.step}' failed: {ended.text}" if ended.step else ended.text
    if ended.kind == "not_loaded":
        return f"The script could not be loaded: {ended.text}"
    if ended.kind == "exited":
        return f"The script ended the run itself{at} with {ended.text}; a canary's handler returns"
    if ended.kind == "died":
        return f"The process of the canary ended{at} before the handler returned: {ended.text}"
    if ended.kind == "timeout":
        return f"Canary timed out after {limits.timeout_s:g} seconds{at}{waited}"
    if ended.kind == "impatient":
        return (
            f"Canary timed out{at}{waited}: no end after {limits.patience_s:g} seconds of the "
            f"machine's time, which counts as its {limits.timeout_s:g} seconds"
        )
    if ended.kind == "memory":
        return f"Canary ran out of memory{at}: it took more than its {limits.memory_mb} MB"
    if ended.kind == "output":
        return f"Canary wrote more than 1 MB of output{at}, and was ended"
    if ended.kind == "too_large":
        return f"{ended.text} sent more than 20 MB{at}, which is as much as a canary takes"
    return ended.text


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 3] + "..."


def metrics(
    canary: str,
    outcome: Outcome,
    duration_ms: float,
    steps: Sequence[StepResult],
    http: HttpCounts,
    comparisons: Sequence[Comparison],
    options: Mapping[str, Any] | None = None,
) -> tuple[RunMetric, ...]:
    """What a run publishes in ``CloudWatchSynthetics``.

    Parameters
    ----------
    canary:
        Its name: the dimension ``CanaryName``.
    outcome, duration_ms, steps, http, comparisons:
        Of the run.
    options:
        The script's configuration; what it does not name is published.

    Notes
    -----
    ``Failed`` is told of a run that could not be run to its end, 0 of any other. Duration and
    SuccessPercent can't be switched off (the guide names no option for them).
    """
    chosen = options or _DEFAULTS
    own = (("CanaryName", canary),)
    found = [
        RunMetric(
            "SuccessPercent", 100.0 if outcome.test_result == PASSED else 0.0, "Percent", own
        ),
        RunMetric("Duration", round(duration_ms, 3), "Milliseconds", own),
    ]
    counted = {
        "2xx": ("2xx_metric", http.ok_2xx),
        "4xx": ("4xx_metric", http.client_4xx),
        "5xx": ("5xx_metric", http.server_5xx),
        "Failed": ("failed_canary_metric", int(outcome.test_result == UNKNOWN)),
        "Failed requests": ("failed_requests_metric", http.failed),
    }
    for name, (option, number) in counted.items():
        if chosen.get(option, True):
            found.append(RunMetric(name, float(number), "Count", own))
        if chosen.get(f"aggregated_{option}", True):
            found.append(RunMetric(name, float(number), "Count", ()))
    for step in steps:
        if step.status == UNKNOWN:
            continue
        of = (*own, ("StepName", step.name))
        if chosen.get("step_success_metric", True):
            value = 100.0 if step.status == PASSED else 0.0
            found.append(RunMetric("SuccessPercent", value, "Percent", of))
        if chosen.get("step_duration_metric", True):
            found.append(RunMetric("Duration", round(step.duration_ms, 3), "Milliseconds", of))
    if comparisons:
        good = 100.0 * sum(one.passed for one in comparisons) / len(comparisons)
        found.append(RunMetric("VisualMonitoringSuccessPercent", good, "Percent", own))
        total = float(len(comparisons))
        found.append(RunMetric("VisualMonitoringTotalComparisons", total, "Count", own))
    return tuple(found)
