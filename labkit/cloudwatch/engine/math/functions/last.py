"""LAST(array): its last series.

Of a band that is the upper bound. (The user guide of 2023 called it the lower one; today's says
upper, and so do the values that AWS answers.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Array, TimeSeries, empty

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: Array) -> TimeSeries:
    return value.members[-1] if value.members else TimeSeries(empty(*frame.shape))


FUNCTION = Function("LAST", ("TS[]",), _apply)
