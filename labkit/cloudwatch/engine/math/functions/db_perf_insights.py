"""DB_PERF_INSIGHTS(engine, resource, counter): Performance Insights; a lab has no databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.tree import Call, MathUnavailable
from labkit.cloudwatch.engine.math.values import Value

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, call: Call) -> Value:
    raise MathUnavailable(
        "DB_PERF_INSIGHTS reads Performance Insights of a database, and a lab has no databases.",
        call.at,
    )


FUNCTION = Function(
    "DB_PERF_INSIGHTS",
    ("String, String, String", "String, String, String[]"),
    _apply,
    sees_tree=True,
)
