"""EPOCH(m1): the start of every period in seconds since 1970-01-01T00:00:00Z."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Floats, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: TimeSeries) -> TimeSeries:
    at = frame.starts
    result: Floats = at // 1_000_000
    return TimeSeries(np.where(frame.span, result, np.nan))


FUNCTION = Function("EPOCH", ("TS",), _apply)
