"""PERIOD(m1): the period in seconds.

It takes a metric, no result of another expression. Where metrics of several periods meet, all are
computed with the largest, and that is the one it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.tree import MathError
from labkit.cloudwatch.engine.math.values import Scalar, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: TimeSeries) -> Scalar:
    if not value.direct:
        raise MathError("PERIOD takes a metric, not the result of another expression")
    return Scalar(np.full((frame.shape[0], 1), frame.step_us / 1e6))


FUNCTION = Function("PERIOD", ("TS",), _apply)
