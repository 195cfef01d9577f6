"""LOG(m1): natural logarithms; a point that has none (0, below 0) is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, each
from labkit.cloudwatch.engine.math.values import Floats, finite

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, values: Floats) -> Floats:
    with np.errstate(all="ignore"):
        result: Floats = finite(np.log(values))
    return result


FUNCTION = Function("LOG", ("TS", "TS[]"), each(_apply))
