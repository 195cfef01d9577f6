"""YEAR(m1): the year (UTC) of every period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Floats, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: TimeSeries) -> TimeSeries:
    at = frame.starts
    result: Floats = at.astype("M8[us]").astype("M8[Y]").astype(int) + 1970
    return TimeSeries(np.where(frame.span, result, np.nan))


FUNCTION = Function("YEAR", ("TS",), _apply)
