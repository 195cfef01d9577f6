"""INSIGHT_RULE_METRIC(rule, metric): a statistic of a Contributor Insights rule, by period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.contributors import METRICS
from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.tree import MathError
from labkit.cloudwatch.engine.math.values import Strings, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, rule: Strings, metric: Strings) -> TimeSeries:
    if metric.texts[0] not in METRICS:
        raise MathError(f"the metric of a rule is one of {', '.join(METRICS)}")
    return frame.rule(rule.texts[0], metric.texts[0])


FUNCTION = Function("INSIGHT_RULE_METRIC", ("String, String",), _apply)
