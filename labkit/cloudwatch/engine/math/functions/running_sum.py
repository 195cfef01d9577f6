"""RUNNING_SUM(m1): the sum of all points up to each point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, each
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, values: Floats) -> Floats:
    lacks = np.isnan(values)
    total: Floats = np.cumsum(np.where(lacks, 0.0, values), axis=-1)
    total[lacks] = np.nan
    return total


FUNCTION = Function("RUNNING_SUM", ("TS", "TS[]"), each(_apply))
