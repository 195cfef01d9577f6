"""AVG(m1), a number; AVG([m1, m2]), a series. Missing points count as 0.

AWS says so of this function alone, and tells users of sparse metrics to write
``SUM(m1) / DATAPOINT_COUNT(m1)`` instead. Of one series the divisor is the number of periods that
have begun; of several it is their number, wherever at least one has a point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, held, points, reduced
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _along_time(frame: Frame, values: Floats) -> Floats:
    divisor = np.maximum(frame.begun, points(values))
    return held(values, np.nansum(values, axis=-1, keepdims=True) / divisor)


def _across(members: Floats) -> Floats:
    average: Floats = np.nansum(members, axis=0) / len(members)
    return average


FUNCTION = Function("AVG", ("TS", "TS[]"), reduced(_along_time, _across))
