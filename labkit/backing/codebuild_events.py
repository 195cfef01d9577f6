"""The two events of CodeBuild, in the shape of its user guide.

"Build notifications input format reference": times are written ``Sep 1, 2017 4:12:29 PM``, the id
of a build is its ARN, and contexts of phases are lists of texts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

Logs = tuple[str, str] | None


def when(moment: datetime) -> str:
    """``Jan 5, 2026 9:00:00 AM``."""
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment:%b} {moment.day}, {moment.year} {hour}:{moment:%M:%S} {half}"


def state_detail(shown: dict[str, Any], logs: Logs) -> dict[str, Any]:
    """The detail of "CodeBuild Build State Change"."""
    return {
        "build-status": shown["buildStatus"],
        "project-name": shown["projectName"],
        "build-id": shown["arn"],
        "additional-information": _information(shown, logs),
        "current-phase": shown["currentPhase"],
        "current-phase-context": "[]",
        "version": "1",
    }


def phase_detail(shown: dict[str, Any], logs: Logs) -> dict[str, Any]:
    """The detail of "CodeBuild Build Phase Change" for the phase that was completed last."""
    phase = shown["phases"][-1]
    return {
        "completed-phase": phase["phaseType"],
        "project-name": shown["projectName"],
        "build-id": shown["arn"],
        "completed-phase-context": "[" + ", ".join(_contexts(phase)) + "]",
        "additional-information": _information(shown, logs),
        "completed-phase-status": phase["phaseStatus"],
        "completed-phase-duration-seconds": phase["durationInSeconds"],
        "version": "1",
        "completed-phase-start": when(phase["startTime"]),
        "completed-phase-end": when(phase["endTime"]),
    }


def _contexts(phase: dict[str, Any]) -> list[str]:
    return [f"{c['statusCode']}: {c['message']}" for c in phase.get("contexts", ())]


def _phase(phase: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "phase-type": phase["phaseType"],
        "start-time": when(phase["startTime"]),
    }
    if "endTime" in phase:
        told |= {
            "phase-context": _contexts(phase),
            "end-time": when(phase["endTime"]),
            "duration-in-seconds": phase["durationInSeconds"],
            "phase-status": phase["phaseStatus"],
        }
    return told


def _information(shown: dict[str, Any], logs: Logs) -> dict[str, Any]:
    environment = shown["environment"]
    source = shown["source"]
    told: dict[str, Any] = {
        "artifact": {"location": shown["artifacts"]["location"]},
        "environment": {
            "image": environment["image"],
            "privileged-mode": environment.get("privilegedMode", False),
            "compute-type": environment["computeType"],
            "type": environment["type"],
            "environment-variables": [
                {"name": v["name"], "type": v.get("type", "PLAINTEXT"), "value": v["value"]}
                for v in environment.get("environmentVariables") or ()
            ],
        },
        "timeout-in-minutes": shown["timeoutInMinutes"],
        "build-complete": shown["buildComplete"],
        "initiator": shown["initiator"],
        "build-start-time": when(shown["startTime"]),
        "source": {k: source[k] for k in ("location", "type") if k in source},
        "phases": [_phase(phase) for phase in shown["phases"]],
    }
    if "sourceVersion" in shown:
        told["source-version"] = shown["sourceVersion"]
    if logs is not None:
        told["logs"] = {
            "group-name": logs[0],
            "stream-name": logs[1],
            "deep-link": shown["logs"]["deepLink"],
        }
    return told
