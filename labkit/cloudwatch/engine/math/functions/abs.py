"""ABS(m1): each point without its sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, each
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, values: Floats) -> Floats:
    with np.errstate(all="ignore"):
        result: Floats = np.abs(values)
    return result


FUNCTION = Function("ABS", ("TS", "TS[]"), each(_apply))
