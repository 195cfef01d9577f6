"""RATE(m1): change per second, from the point before to each point."""

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
    seconds = (np.arange(values.shape[-1]) - place) * frame.step_us / 1e6
    result: Floats = np.where(place < 0, np.nan, (values - earlier) / seconds)
    return result


FUNCTION = Function("RATE", ("TS", "TS[]"), each(_apply))
