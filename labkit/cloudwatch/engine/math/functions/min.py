"""MIN(m1), a number; MIN([m1, m2]), a series: the lowest of the points there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, held, reduced
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _along_time(frame: Frame, values: Floats) -> Floats:
    return held(
        values, np.nanmin(np.where(np.isnan(values), np.inf, values), axis=-1, keepdims=True)
    )


def _across(members: Floats) -> Floats:
    lowest: Floats = np.fmin.reduce(members, axis=0)
    return lowest


FUNCTION = Function("MIN", ("TS", "TS[]"), reduced(_along_time, _across))
