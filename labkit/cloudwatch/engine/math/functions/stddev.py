"""STDDEV(m1), a number; STDDEV([m1, m2]), a series: the standard deviation of the points there are.

AWS does not say whether it divides by n or by n - 1; n here (of one point it is 0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, held, points, reduced
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _along_time(frame: Frame, values: Floats) -> Floats:
    count = np.maximum(points(values), 1)
    mean = np.nansum(values, axis=-1, keepdims=True) / count
    spread = np.nansum((values - mean) ** 2, axis=-1, keepdims=True) / count
    return held(values, np.sqrt(spread))


def _across(members: Floats) -> Floats:
    count = np.maximum(np.sum(~np.isnan(members), axis=0), 1)
    mean = np.nansum(members, axis=0) / count
    deviation: Floats = np.sqrt(np.nansum((members - mean) ** 2, axis=0) / count)
    return deviation


FUNCTION = Function("STDDEV", ("TS", "TS[]"), reduced(_along_time, _across))
