"""MINUTE(m1): the minute (0-59, UTC) of every period, whether it has a point or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Floats, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: TimeSeries) -> TimeSeries:
    at = frame.starts
    result: Floats = at // 60_000_000 % 60
    return TimeSeries(np.where(frame.span, result, np.nan))


FUNCTION = Function("MINUTE", ("TS",), _apply)
