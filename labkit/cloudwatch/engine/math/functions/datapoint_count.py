"""DATAPOINT_COUNT(m1), a number; DATAPOINT_COUNT([m1, m2]), a series: how many points there are.

Of a series without any it is 0. Of an array, a period in which no member has a point has no result
(not documented; 0 would be a point that nobody sent).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, points, reduced
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _along_time(frame: Frame, values: Floats) -> Floats:
    return points(values)


def _across(members: Floats) -> Floats:
    counted: Floats = np.sum(~np.isnan(members), axis=0).astype(np.float64)
    return counted


FUNCTION = Function("DATAPOINT_COUNT", ("TS", "TS[]"), reduced(_along_time, _across))
