"""FLOOR(m1): the largest integer that is not above each point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, each
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, values: Floats) -> Floats:
    with np.errstate(all="ignore"):
        result: Floats = np.floor(values)
    return result


FUNCTION = Function("FLOOR", ("TS", "TS[]"), each(_apply))
