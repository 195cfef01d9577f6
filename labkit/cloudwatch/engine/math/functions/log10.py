"""LOG10(m1): logarithms to base 10; a point that has none is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, each
from labkit.cloudwatch.engine.math.values import Floats, finite

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, values: Floats) -> Floats:
    with np.errstate(all="ignore"):
        result: Floats = finite(np.log10(values))
    return result


FUNCTION = Function("LOG10", ("TS", "TS[]"), each(_apply))
