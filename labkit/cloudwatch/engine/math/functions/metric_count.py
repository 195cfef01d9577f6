"""METRIC_COUNT(array): how many series it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Array, Scalar

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: Array) -> Scalar:
    return Scalar(np.full((frame.shape[0], 1), float(len(value.members))))


FUNCTION = Function("METRIC_COUNT", ("TS[]",), _apply)
