"""DATE(m1): the day of the month (1-31, UTC) of every period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Floats, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: TimeSeries) -> TimeSeries:
    at = frame.starts
    result: Floats = (
        at.astype("M8[us]").astype("M8[D]") - at.astype("M8[us]").astype("M8[M]")
    ).astype(int) + 1
    return TimeSeries(np.where(frame.span, result, np.nan))


FUNCTION = Function("DATE", ("TS",), _apply)
