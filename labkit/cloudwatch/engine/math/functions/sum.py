"""SUM(m1), a number; SUM([m1, m2]), a series: what the points add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, held, reduced
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _along_time(frame: Frame, values: Floats) -> Floats:
    return held(values, np.nansum(values, axis=-1, keepdims=True))


def _across(members: Floats) -> Floats:
    total: Floats = np.nansum(members, axis=0)
    return total


FUNCTION = Function("SUM", ("TS", "TS[]"), reduced(_along_time, _across))
