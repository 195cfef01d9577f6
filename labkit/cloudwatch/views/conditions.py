"""When an alarm rings, and since when it is in its state, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.core.clock import SECOND, iso
from labkit.views.chart import Threshold
from labkit.views.timeaxis import clock_text, day_text, instant
from labkit.views.wording import stretch

_BANDS = {
    "LessThanLowerOrGreaterThanUpperThreshold": "outside of its band",
    "LessThanLowerThreshold": "below its band",
    "GreaterThanUpperThreshold": "above its band",
}


def condition(
    statistic: str, comparison: str, threshold: float, m: int, n: int, period_us: int
) -> str:
    """``Average above 70 for 3 of 5 periods of 1 minute``."""
    often = f"{m} of {n} periods" if n > 1 else "1 period"
    limit = _BANDS.get(comparison) or Threshold(threshold, comparison)
    return f"{statistic} {limit} for {often} of {stretch(period_us)}"


def condition_of(entry: Mapping[str, Any]) -> str:
    """The condition of an entry of DescribeAlarms; a composite alarm's is its rule."""
    if "Threshold" not in entry or "Period" not in entry:
        return str(entry.get("AlarmRule") or entry.get("ComparisonOperator") or "")
    n = int(entry.get("EvaluationPeriods", 1))
    return condition(
        str(entry.get("Statistic") or entry.get("ExtendedStatistic") or "value"),
        str(entry["ComparisonOperator"]),
        float(entry["Threshold"]),
        int(entry.get("DatapointsToAlarm", n)),
        n,
        int(entry["Period"]) * SECOND,
    )


def since(entry: Mapping[str, Any]) -> str:
    """Since when an entry of DescribeAlarms is in its state, in ISO 8601; '' when it says not."""
    at = entry.get("StateTransitionedTimestamp") or entry.get("StateUpdatedTimestamp")
    return "" if at is None else iso(instant(at))


def moment(text_iso: str) -> str:
    """Day and time of an instant in ISO 8601, as people read them; '' for none."""
    if not text_iso:
        return ""
    us = instant(text_iso)
    return f"{day_text(us)} {clock_text(us // SECOND * SECOND)}"
