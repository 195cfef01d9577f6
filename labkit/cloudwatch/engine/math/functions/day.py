"""DAY(m1): the day of the week of every period, 1 Monday to 7 Sunday, UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Floats, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: TimeSeries) -> TimeSeries:
    at = frame.starts
    result: Floats = (at // 86_400_000_000 + 3) % 7 + 1  # 1970-01-01 was a Thursday
    return TimeSeries(np.where(frame.span, result, np.nan))


FUNCTION = Function("DAY", ("TS",), _apply)
