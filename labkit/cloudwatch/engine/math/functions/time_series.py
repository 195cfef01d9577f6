"""TIME_SERIES(number): a series that has this number in every period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Scalar, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: Scalar) -> TimeSeries:
    return TimeSeries(np.where(frame.span, np.broadcast_to(value.values, frame.shape), np.nan))


FUNCTION = Function("TIME_SERIES", ("S",), _apply)
