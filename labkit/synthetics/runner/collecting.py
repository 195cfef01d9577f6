"""What a run has left, made into its result."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field, replace
from typing import Any

from labkit.core.clock import iso
from labkit.synthetics.engine import outcome as outcomes
from labkit.synthetics.engine import traffic
from labkit.synthetics.engine.outcome import Ended, Limits
from labkit.synthetics.engine.report import report
from labkit.synthetics.engine.run import (
    FAILED,
    UNKNOWN,
    Artifact,
    Comparison,
    RunRequest,
    RunResult,
    Site,
    StepResult,
    fingerprint,
)
from labkit.synthetics.engine.traffic import Exchange
from labkit.synthetics.runner import browsers as shelf
from labkit.synthetics.runner.visiting import Visit
from labkit.synthetics.runner.workspace import Workspace


@dataclass
class Collected:
    """What the script's process has told so far."""

    ended: Ended = field(default_factory=lambda: Ended("refused", "not begun"))
    lines: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    steps: list[StepResult] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    trace: str = ""
    depends: list[str] = field(default_factory=list)
    #: Addresses that the script itself has asked for, and not been answered by yet.
    asking: list[str] = field(default_factory=list)

    @property
    def under_way(self) -> str:
        """The name of the step under way; ''."""
        return next((one.name for one in self.steps[::-1] if one.status == UNKNOWN), "")

    def take(self, message: dict[str, Any], began: float) -> None:
        """One thing that the process tells; what is not known is passed over."""
        kind = message["t"]
        if kind == "log":
            self.log.append(f"{message['level']}: {message['text']}")
        elif kind == "step_begins":
            at = (float(message["at"]) - began) * 1000
            shots = tuple(map(str, message.get("shots") or []))
            self.steps.append(StepResult(str(message["name"]), UNKNOWN, at, screenshots=shots))
        elif kind == "step_ends":
            self._end_step(message)
        elif kind == "http":
            from labkit.synthetics.runner.running import exchange

            self.exchanges.append(exchange(message, began))
            self.asking = [one for one in self.asking if one != message["url"]]
        elif kind == "asks":
            self.asking.append(str(message["url"]))
        elif kind == "depends":
            self.depends.append(str(message["on"]))

    def _end_step(self, message: dict[str, Any]) -> None:
        for place in range(len(self.steps) - 1, -1, -1):
            one = self.steps[place]
            if one.name == message["name"] and one.status == UNKNOWN:
                self.steps[place] = replace(
                    one, status=str(message["status"]), duration_ms=float(message["ms"]),
                    url=str(message.get("url", "")), error=str(message.get("error", "")),
                    screenshots=tuple(map(str, message.get("shots") or [])),
                )  # fmt: skip
                return


def collect(
    request: RunRequest,
    site: Site,
    found: Collected,
    visit: Visit,
    space: Workspace | None,
    duration_ms: float,
) -> RunResult:
    """The result of a run whose processes have ended."""
    files = dict(space.left()) if space is not None else {}
    pictures = {name: body for name, body in files.items() if name.endswith(".png")}
    comparisons, differences = _compare(request, found, pictures)
    limits = Limits(
        request.timeout_s, request.patience_s, request.memory_mb, (*visit.pending, *found.asking)
    )
    strict = bool(found.options.get("fail_canary_run_on_visual_variance", True))
    judged = outcomes.judge(found.ended, limits, comparisons, strict=strict)
    steps = tuple(_finished(found, duration_ms))
    exchanges = [*visit.exchanges, *found.exchanges]
    http = traffic.counts(exchanges)
    no_picture = "" if pictures else _no_picture(visit, found)
    name, body = report(
        canary=request.canary, run_id=request.run_id, runtime=request.runtime,
        browser=visit.version if visit.used else "", began_us=request.now_us,
        duration_ms=duration_ms, passed=judged.passed, test_result=judged.test_result,
        reason=judged.reason, steps=steps, http=http, comparisons=comparisons, picture=no_picture,
    )  # fmt: skip
    files |= differences
    files |= _traffic(request, visit, exchanges)
    files[name] = body
    files[f"{_stamp(request.now_us)}-log.txt"] = _log(request, found, judged, no_picture)
    known = shelf.find()
    return RunResult(
        judged.passed, judged.reason, judged.code, judged.test_result, request.now_us, duration_ms,
        steps, http,
        artifacts=tuple(Artifact(n, b, _kind(n)) for n, b in sorted(files.items())),
        log_lines=tuple(found.lines),
        took_picture=bool(pictures), no_picture=no_picture,
        metrics=outcomes.metrics(
            request.canary, judged, duration_ms, steps, http, comparisons, found.options
        ),
        comparisons=comparisons, new_baseline=pictures,
        fingerprint=fingerprint(request, site, "" if known is None else known.version),
        repeatable=not found.depends and _stays_on_site(site, exchanges), warm=visit.warm,
    )  # fmt: skip


def _finished(found: Collected, duration_ms: float) -> list[StepResult]:
    """The steps; one that was under way when the run was ended has lasted until then."""
    return [
        replace(one, duration_ms=max(duration_ms - one.start_ms, 0.0), error="ended with the run")
        if one.status == UNKNOWN
        else one
        for one in found.steps
    ]


def _compare(
    request: RunRequest, found: Collected, pictures: dict[str, bytes]
) -> tuple[tuple[Comparison, ...], dict[str, bytes]]:
    asked = found.options.get("visual_compare_with_base_run")
    if request.baseline is None or not asked or found.ended.kind != "returned":
        return (), {}
    from labkit.synthetics.engine.pixels import compare

    base = request.baseline
    allowed = float(found.options.get("visual_variance_threshold_percentage") or 0.0)
    comparisons, files = [], {}
    for name, before in sorted(base.screenshots.items()):
        one, picture = compare(
            name, before, pictures.get(name), base.ignore.get(name, ()),
            max(allowed, base.threshold_percent),
        )  # fmt: skip
        comparisons.append(one)
        if picture:
            files[one.difference] = picture
    return tuple(comparisons), files


def _no_picture(visit: Visit, found: Collected) -> str:
    if shelf.find() is None:
        return shelf.missing()
    if not visit.used:
        return "the canary uses no browser"
    if visit.problem:
        return visit.problem
    if found.ended.kind == "returned":
        return "the script took no screenshot"
    return "the run ended before a screenshot was taken"


def _traffic(request: RunRequest, visit: Visit, exchanges: list[Exchange]) -> dict[str, bytes]:
    if visit.used and visit.version:
        title = f"{request.canary} {iso(request.now_us)}"
        return {
            "results.har": traffic.har(exchanges, request.now_us, visit.version),
            "results.har.html": traffic.har_page(exchanges, title),
        }
    if exchanges:
        return {"HttpRequestsReport.json": traffic.http_report(exchanges, request.now_us)}
    return {}


def _log(request: RunRequest, found: Collected, judged: outcomes.Outcome, no_picture: str) -> bytes:
    lines = [
        "INFO: Start canary",
        f"INFO: Canary {request.canary}, run {request.run_id}, {request.runtime}",
        f"INFO: Artifacts go to {request.artifact_prefix or 'nowhere'}",
        "INFO: Start executing customer steps",
        *found.log,
    ]
    if no_picture:
        lines.append(f"INFO: No screenshots: {no_picture}")
    if found.trace and judged.test_result == FAILED:
        lines.append(f"ERROR: Canary execution exception. {found.trace.strip()}")
    if judged.reason:
        lines.append(f"ERROR: {judged.reason}")
    lines.append("INFO: Finished executing customer steps")
    return ("\n".join(lines) + "\n").encode()


def _stays_on_site(site: Site, exchanges: list[Exchange]) -> bool:
    from urllib.parse import urlsplit

    return all((urlsplit(one.url).hostname or "") in site.ports for one in exchanges)


def _stamp(us: int) -> str:
    return iso(us, millis=True).replace(":", "-").replace(".", "-")


def _kind(name: str) -> str:
    if name.endswith(".har"):
        return "application/json"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
