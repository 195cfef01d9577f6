"""DIFF_TIME(m1): seconds from the point before to each point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, before, each
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, values: Floats) -> Floats:
    place = before(values)
    seconds = (np.arange(values.shape[-1]) - place) * frame.step_us / 1e6
    result: Floats = np.where((place < 0) | np.isnan(values), np.nan, seconds)
    return result


FUNCTION = Function("DIFF_TIME", ("TS", "TS[]"), each(_apply))
