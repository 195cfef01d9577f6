"""HOUR(m1): the hour (0-23, UTC) of every period, whether it has a point or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Floats, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: TimeSeries) -> TimeSeries:
    at = frame.starts
    result: Floats = at // 3_600_000_000 % 24
    return TimeSeries(np.where(frame.span, result, np.nan))


FUNCTION = Function("HOUR", ("TS",), _apply)
