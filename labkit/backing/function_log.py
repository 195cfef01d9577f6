"""The lines that Lambda itself writes into a function's log, as text or as JSON.

Text (Lambda developer guide, "Viewing CloudWatch logs"; a REPORT line ends with a tab)::

    INIT_START Runtime Version: python:3.12.v40\\tRuntime Version ARN: arn:aws:lambda:...
    START RequestId: 5f... Version: $LATEST
    2026-01-05T09:00:03.000Z 5f... Task timed out after 3.00 seconds
    END RequestId: 5f...
    REPORT RequestId: 5f...\\tDuration: 3000.00 ms\\tBilled Duration: 3093 ms\\t
      Memory Size: 128 MB\\tMax Memory Used: 33 MB\\tInit Duration: 92.54 ms\\tStatus: timeout\\t

With ``LogFormat=JSON`` the same facts are records ``platform.start``, ``platform.report`` and so on
(developer guide, "Lambda Telemetry API: Event schema").
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from labkit.backing.function_figures import Figures
from labkit.core.clock import iso

#: Lambda indents traces in the log with no-break spaces, since ordinary ones were cut off.
_BLANK = "\u00a0"


def stream_name(now_us: int, version: str, digits: str) -> str:
    """``2026/01/05/[$LATEST]0123456789abcdef0123456789abcdef``."""
    return f"{iso(now_us)[:10].replace('-', '/')}/[{version}]{digits[:32]}"


def trace(error: dict[str, Any]) -> str:
    """An error as Lambda's runtime for Python writes it."""
    kind, message = error["errorType"], error["errorMessage"]
    lines = [f"[ERROR] {kind}: {message}" if message else f"[ERROR] {kind}", _TRACEBACK]
    for part in error["stackTrace"]:
        lines += map(_indented, part.splitlines())
    return "\n".join(lines) + "\n"


_TRACEBACK = "Traceback (most recent call last):"


def _indented(line: str) -> str:
    plain = line.lstrip(" ")
    return _BLANK * (len(line) - len(plain)) + plain


class LogWriter:
    """Writes Lambda's own lines for one function version.

    Parameters
    ----------
    log_format:
        ``Text`` or ``JSON``.
    version:
        ``$LATEST`` or a number.
    runtime, runtime_arn:
        ``python3.12`` and the ARN of its version.
    """

    def __init__(self, log_format: str, version: str, runtime: str, runtime_arn: str) -> None:
        self._json = log_format == "JSON"
        self._version = version
        self._runtime = runtime
        self._runtime_arn = runtime_arn

    def init_start(self, now_us: int) -> str:
        """An environment is being made."""
        version = f"{self._runtime.replace('python', 'python:')}.v40"
        if self._json:
            return self._record(
                now_us,
                "platform.initStart",
                initializationType="on-demand",
                phase="init",
                runtimeVersion=version,
                runtimeVersionArn=self._runtime_arn,
                functionVersion=self._version,
            )
        return f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {self._runtime_arn}\n"

    def init_report(self, now_us: int, init_ms: float, status: str, error_type: str) -> str:
        """The initialisation failed."""
        if self._json:
            return self._record(
                now_us,
                "platform.initReport",
                initializationType="on-demand",
                phase="init",
                status=status,
                metrics={"durationMs": init_ms},
                **({"errorType": error_type} if error_type else {}),
            )
        return (
            f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\t"
            f"{_status(status, error_type)}\n"
        )

    def start(self, now_us: int, request_id: str) -> str:
        """An invocation begins."""
        if self._json:
            return self._record(
                now_us, "platform.start", requestId=request_id, version=self._version
            )
        return f"START RequestId: {request_id} Version: {self._version}\n"

    def ends(
        self,
        now_us: int,
        request_id: str,
        got: Figures,
        status: str = "",
        error_type: str = "",
        traced: tuple[str, str] | None = None,
    ) -> Iterable[str]:
        """An invocation is over: END and REPORT.

        ``status`` is ``timeout`` or ``error`` and empty for one that came back, be it with an
        exception of the function's own. ``traced``: the ids of trace and segment, if there is one.
        """
        if self._json:
            metrics: dict[str, Any] = {
                "durationMs": got.duration_ms,
                "billedDurationMs": got.billed_ms,
                "memorySizeMB": got.memory_mb,
                "maxMemoryUsedMB": got.used_mb,
            }
            if got.init_ms:
                metrics["initDurationMs"] = got.init_ms
            more: dict[str, Any] = {"errorType": error_type} if error_type else {}
            if traced:
                value = f"root={traced[0]};parent={traced[1]};sampled=1"
                more["tracing"] = {"type": "X-Amzn-Trace-Id", "value": value}
            yield self._record(
                now_us,
                "platform.report",
                requestId=request_id,
                metrics=metrics,
                status=status or "success",
                **more,
            )
            return
        yield f"END RequestId: {request_id}\n"
        init = f"\tInit Duration: {got.init_ms:.2f} ms" if got.init_ms else ""
        xray = ""
        if traced:
            xray = f"XRAY TraceId: {traced[0]}\tSegmentId: {traced[1]}\tSampled: true\t\n"
        yield (
            f"REPORT RequestId: {request_id}\tDuration: {got.duration_ms:.2f} ms\t"
            f"Billed Duration: {got.billed_ms} ms\tMemory Size: {got.memory_mb} MB\t"
            f"Max Memory Used: {got.used_mb} MB{init}\t{_status(status, error_type)}\n{xray}"
        )

    def timed_out(self, now_us: int, request_id: str, seconds: int) -> list[str]:
        """The function ran into its limit; a record of its own only in the text format."""
        if self._json:
            return []
        at = iso(now_us, millis=True)
        return [f"{at} {request_id} Task timed out after {seconds}.00 seconds\n\n"]

    def exited(self, request_id: str, message: str) -> list[str]:
        """The runtime's process ended."""
        return [f"RequestId: {request_id} Error: {message}\nRuntime.ExitError\n"]

    @staticmethod
    def _record(now_us: int, kind: str, **record: Any) -> str:
        told = {"time": iso(now_us, millis=True), "type": kind, "record": record}
        return json.dumps(told, separators=(",", ":")) + "\n"


def _status(status: str, error_type: str) -> str:
    text = f"Status: {status}\t" if status else ""
    return text + (f"Error Type: {error_type}\t" if error_type else "")
