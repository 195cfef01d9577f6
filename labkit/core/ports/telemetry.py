"""Questions about metrics, alarms, canaries, log groups, traces and trails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.core.delivery import Delivery
from labkit.core.ports.asking import Asking
from labkit.core.sources import Source
from labkit.core.traces import Arrivals, TraceSource

if TYPE_CHECKING:
    import numpy as np

    from labkit.core.facts import Fact


class Telemetry(Asking):
    """Questions about metrics, alarms, canaries, log groups, traces and trails."""

    def metric_sources(self, account: str, region: str) -> Sequence[Source]:
        """The pulled sources that have metrics in this account and region."""
        answer: Sequence[Source] = self._ask("metric_sources")(account, region)
        return answer

    def put_metric(
        self,
        account: str,
        region: str,
        namespace: str,
        metric_name: str,
        dimensions: Sequence[tuple[str, str]],
        at_us: int,
        value: float,
        unit: str,
    ) -> None:
        """Store a point of a custom metric that a service derives, at an instant of its own.

        ``dimensions``: pairs of name and value, sorted; ``unit``: CloudWatch's word (``None``).
        """
        self._ask("put_metric")(
            account, region, namespace, metric_name, dimensions, at_us, value, unit
        )

    def put_alarm(self, account: str, region: str, parameters: Mapping[str, Any]) -> str:
        """Make or change an alarm for a service, by PutMetricAlarm's parameters; its ARN."""
        answer: str = self._ask("put_alarm")(account, region, parameters)
        return answer

    def delete_alarms(self, account: str, region: str, names: Sequence[str]) -> None:
        """Delete alarms of a service; names that are not there are passed over."""
        self._ask("delete_alarms")(account, region, names)

    def run_canary(self, request: Any, role_arn: str = "") -> Any:
        """Run a canary (``synthetics.engine.run``: a RunRequest, a RunResult)."""
        return self._ask("run_canary")(request, role_arn)

    def canary_fingerprint(self, request: Any) -> str:
        """What a run of a canary would depend on now."""
        return str(self._ask("canary_fingerprint")(request))

    def put_log_lines(
        self,
        account: str,
        region: str,
        group: str,
        stream: str,
        lines: Sequence[tuple[int, str]],
    ) -> Delivery:
        """Write lines of (microseconds, text) into a log group, whose stream is made if needed."""
        answer: Delivery = self._ask("put_log_lines")(account, region, group, stream, lines)
        return answer

    def ensure_log_group(
        self, account: str, region: str, name: str, retention_days: int | None = None
    ) -> None:
        """Make a log group that is not there, and let it keep events so many days (None: as is)."""
        self._ask("ensure_log_group")(account, region, name, retention_days)

    def delete_log_group(self, account: str, region: str, name: str) -> None:
        """Delete a log group, unless it is protected or not there."""
        self._ask("delete_log_group")(account, region, name)

    def log_group_exists(self, account: str, region: str, name: str) -> bool:
        """Whether there is a log group of this name."""
        answer: bool = self._ask("log_group_exists")(account, region, name)
        return answer

    def log_table(
        self, account: str, region: str, query: str, start_us: int, end_us: int,
        language: str = "CWLI",
    ) -> tuple[Sequence[str], Sequence[Sequence[str]]]:  # fmt: skip
        """Head and rows of a Logs Insights query (with its ``SOURCE``) over a range."""
        answer: tuple[Sequence[str], Sequence[Sequence[str]]] = self._ask("log_table")(
            account, region, query, start_us, end_us, language
        )
        return answer

    def log_events(
        self,
        account: str,
        region: str,
        groups: Sequence[str],
        start_us: int,
        end_us: int,
        transformed: bool = False,
    ) -> Sequence[tuple[int, str]]:
        """Events (microseconds, text) of log groups, whose names may end in ``*``, over a range.

        ``transformed``: as a group's transformer made them; those that failed are left out.
        """
        answer: Sequence[tuple[int, str]] = self._ask("log_events")(
            account, region, groups, start_us, end_us, transformed
        )
        return answer

    def trace_sources(self, account: str, region: str) -> Sequence[TraceSource]:
        """The pulled sources that have traces in this account and region."""
        answer: Sequence[TraceSource] = self._ask("trace_sources")(account, region)
        return answer

    def accept_segments(
        self,
        account: str,
        region: str,
        documents: Sequence[Mapping[str, Any]],
        service: str = "",
        source_arn: str = "",
    ) -> None:
        """Let X-Ray take segment documents; what it can't take it drops, as a daemon's.

        ``service`` and ``source_arn``: on whose behalf, when X-Ray's own policies decide about it.
        """
        self._ask("accept_segments")(account, region, documents, service, source_arn)

    def traced(self, account: str, region: str, arrivals: Arrivals) -> np.ndarray:
        """bool[n]: what the sampling rules of an account and Region say of some requests."""
        answer: np.ndarray = self._ask("traced")(account, region, arrivals)
        return answer

    def tracing_setup(self, account: str, region: str, what: str) -> Mapping[str, Any]:
        """What of tracing is set up on an instance, task, environment or function.

        ``kind`` says which of these it is, '' when it is not there.
        """
        answer: Mapping[str, Any] = self._ask("tracing_setup")(account, region, what)
        return answer

    def traces_arrive(self, account: str, region: str, what: str) -> bool:
        """Whether a program's set-up of tracing lets its segments through; False for a resource
        that is not there."""
        answer: bool = self._ask("traces_arrive")(account, region, what)
        return answer

    def trail_logs(self, fact: Fact) -> str:
        """In which Region a trail logs a fact ``call.finished`` or ``sign_in``; '' when none does.

        Calls of a global service are logged in its own Region, wherever they were made.
        """
        answer: str = self._ask("trail_logs")(fact)
        return answer

    def call_record(self, fact: Fact) -> dict[str, Any]:
        """CloudTrail's record of a fact ``call.finished`` or ``sign_in``."""
        answer: dict[str, Any] = self._ask("call_record")(fact)
        return answer

    def lake_events(self, arn: str, start_us: int, end_us: int) -> Sequence[tuple[int, str]] | None:
        """Records (microseconds, JSON text) of an event data store, both ends included.

        None when there is no such store, or it is not enabled.
        """
        answer: Sequence[tuple[int, str]] | None = self._ask("lake_events")(arn, start_us, end_us)
        return answer

    def events_watched(self, bus_arn: str) -> bool:
        """Whether a discoverer of the schema registry looks at the events of a bus."""
        answer: bool = self._ask("events_watched")(bus_arn)
        return answer
