"""CEIL(m1): the smallest integer that is not below each point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, each
from labkit.cloudwatch.engine.math.values import Floats

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, values: Floats) -> Floats:
    with np.errstate(all="ignore"):
        result: Floats = np.ceil(values)
    return result


FUNCTION = Function("CEIL", ("TS", "TS[]"), each(_apply))
