"""INSIGHT_RULE_METRIC(rule, metric): a statistic of a Contributor Insights rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.tree import Call, MathUnavailable
from labkit.cloudwatch.engine.math.values import Value

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, call: Call) -> Value:
    raise MathUnavailable(
        "INSIGHT_RULE_METRIC reads the log events of a rule, which come with CloudWatch Logs.",
        call.at,
    )


FUNCTION = Function("INSIGHT_RULE_METRIC", ("String, String",), _apply, sees_tree=True)
