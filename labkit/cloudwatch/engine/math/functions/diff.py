"""DIFF(m1): each point minus the point before it, however long ago; the first has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, before, each
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, values: Floats) -> Floats:
    place = before(values)
    earlier = np.take_along_axis(values, np.maximum(place, 0), axis=-1)
    result: Floats = np.where(place < 0, np.nan, values - earlier)
    return result


FUNCTION = Function("DIFF", ("TS", "TS[]"), each(_apply))
