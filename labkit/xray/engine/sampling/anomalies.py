"""What a program tells of anomalies, so that X-Ray may boost a rule.

Only programs with AWS's distribution of OpenTelemetry report them. Without a configuration of its
own, a program counts every answer 5xx. With one (``AWS_XRAY_ADAPTIVE_SAMPLING_CONFIG``), what its
conditions say instead: one of them is enough; within one, all that it names must hold.

Source: X-Ray developer guide, "Configuring adaptive sampling", local SDK configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: What conditions can be used for.
BOTH, BOOST, CAPTURE = "both", "sampling-boost", "anomaly-span-capture"


@dataclass(frozen=True, slots=True)
class Condition:
    """When an answer is an anomaly.

    Parameters
    ----------
    error_code:
        A regular expression of the status; empty for any.
    high_latency_ms:
        Answers that take at least so long; None for any.
    operations:
        Those that it is about; None for all, and none for an empty list.
    usage:
        ``both``, ``sampling-boost`` or ``anomaly-span-capture``.
    """

    error_code: str = ""
    high_latency_ms: float | None = None
    operations: tuple[str, ...] | None = None
    usage: str = BOTH

    def holds(self, operation: str, status: int, latency_ms: float) -> bool:
        """Whether an answer is one; a condition that names no criterion never holds."""
        if not self.error_code and self.high_latency_ms is None:
            return False
        if self.operations is not None and operation not in self.operations:
            return False
        if self.error_code and re.search(self.error_code, str(status)) is None:
            return False
        return self.high_latency_ms is None or latency_ms >= self.high_latency_ms


#: What is an anomaly where nothing is configured.
USUAL = (Condition(r"^5\d\d$", usage=BOOST),)


def conditions(configuration: Mapping[str, Any] | None) -> tuple[Condition, ...]:
    """The conditions of a configuration, read from YAML or JSON.

    Parameters
    ----------
    configuration:
        ``{"version": 1.0, "anomalyConditions": [...]}``; None where there is none.

    Raises
    ------
    ValueError
        When an expression or a usage is none.
    """
    told = (configuration or {}).get("anomalyConditions")
    if told is None:
        return USUAL
    found = []
    for one in told:
        usage = one.get("usage", BOTH)
        if usage not in (BOTH, BOOST, CAPTURE):
            raise ValueError(f"usage {usage}: {BOTH}, {BOOST} or {CAPTURE}")
        code = one.get("errorCodeRegex") or ""
        try:
            re.compile(code)
        except re.error as problem:
            raise ValueError(f"errorCodeRegex {code}: {problem}") from None
        operations = one.get("operations")
        found.append(
            Condition(
                code, one.get("highLatencyMs"),
                None if operations is None else tuple(operations), usage,
            )
        )  # fmt: skip
    return tuple(found)


@dataclass(slots=True)
class _Count:
    total: int = 0
    anomalies: int = 0
    caught: int = 0


@dataclass(slots=True)
class Anomalies:
    """What a service has counted since its last report.

    Parameters
    ----------
    service:
        Its name.
    conditions:
        When an answer is an anomaly.
    """

    service: str
    conditions: tuple[Condition, ...] = USUAL
    _counts: dict[str, _Count] = field(default_factory=dict)

    def answered(
        self, rule: str, sampled: bool, status: int, latency_ms: float = 0.0, operation: str = ""
    ) -> bool:
        """Count an answer; whether it was an anomaly.

        Parameters
        ----------
        rule:
            That decided, where the trace began: its name travels with the request.
        sampled:
            What it decided.
        status, latency_ms, operation:
            Of the answer.
        """
        count = self._counts.setdefault(rule, _Count())
        count.total += 1
        odd = any(
            one.usage != CAPTURE and one.holds(operation, status, latency_ms)
            for one in self.conditions
        )
        count.anomalies += odd
        count.caught += odd and sampled
        return odd

    def statistics(self, now_s: int, boosted: Iterable[str]) -> list[dict[str, Any]]:
        """``SamplingBoostStatisticsDocuments`` of rules that have a boost; counting begins anew."""
        wanted = set(boosted)
        told = [
            {
                "RuleName": rule,
                "ServiceName": self.service,
                "Timestamp": now_s,
                "AnomalyCount": one.anomalies,
                "TotalCount": one.total,
                "SampledAnomalyCount": one.caught,
            }
            for rule, one in sorted(self._counts.items())
            if rule in wanted
        ]
        self._counts.clear()
        return told
