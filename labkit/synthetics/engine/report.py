"""``SyntheticsReport-PASSED.json`` and ``-FAILED.json``: what a run leaves for machines to read.

AWS documents what the report records (start, end, status, failures; status, failures and
screenshots of each step) and no schema; field names seen in the wild are ``customerScript.steps``
and ``destinationUrl``, the others follow them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from labkit.core.clock import iso
from labkit.synthetics.engine.run import FAILED, PASSED, Comparison, HttpCounts, StepResult


def report(
    *,
    canary: str,
    run_id: str,
    runtime: str,
    browser: str,
    began_us: int,
    duration_ms: float,
    passed: bool,
    test_result: str,
    reason: str,
    steps: Sequence[StepResult],
    http: HttpCounts,
    comparisons: Sequence[Comparison] = (),
    picture: str = "",
) -> tuple[str, bytes]:
    """Name and bytes of the report.

    Parameters
    ----------
    canary, run_id, runtime, browser:
        Whose; ``browser`` is its version, '' for none.
    began_us, duration_ms, passed, test_result, reason, steps, http, comparisons:
        Of the run.
    picture:
        Why there is no screenshot; '' when there is one.
    """
    state = PASSED if passed else FAILED

    def at(ms: float) -> str:
        return iso(began_us + round(ms * 1000), millis=True)

    told: dict[str, Any] = {
        "canaryName": canary,
        "canaryRunId": run_id,
        "runtimeVersion": runtime,
        "browserInformation": {"browserType": "CHROME", "browserVersion": browser}
        if browser
        else None,
        "startTime": at(0),
        "endTime": at(duration_ms),
        "timeElapsedInSeconds": round(duration_ms / 1000, 3),
        "executionStatus": state,
        "executionStatusReason": reason or None,
        "customerScript": {
            "startTime": at(0),
            "endTime": at(duration_ms),
            "status": test_result,
            "failureReason": reason if test_result == FAILED else None,
            "steps": [_step(step, at) for step in steps],
        },
        "requests": _requests(http),
    }
    if comparisons:
        told["visualMonitoring"] = [_comparison(one) for one in comparisons]
    if picture:
        told["noScreenshots"] = picture
    return f"SyntheticsReport-{state}.json", json.dumps(told, indent=1).encode()


def _step(step: StepResult, at: Callable[[float], str]) -> dict[str, Any]:
    return {
        "stepName": step.name,
        "startTime": at(step.start_ms),
        "endTime": at(step.start_ms + step.duration_ms),
        "status": step.status,
        "destinationUrl": step.url or None,
        "failureReason": step.error or None,
        "screenshots": [{"fileName": name} for name in step.screenshots],
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "screenshot": one.name,
        "differingPercent": round(one.differing_percent, 4),
        "passed": one.passed,
        "difference": one.difference or None,
    }


def _requests(http: HttpCounts) -> dict[str, int]:
    return {
        "2xx": http.ok_2xx,
        "4xx": http.client_4xx,
        "5xx": http.server_5xx,
        "failedRequests": http.failed,
    }
