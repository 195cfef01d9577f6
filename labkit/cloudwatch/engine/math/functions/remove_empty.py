"""REMOVE_EMPTY(array): the series that have at least one point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Array

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: Array) -> Array:
    return Array(tuple(one for one in value.members if not np.isnan(one.values).all()))


FUNCTION = Function("REMOVE_EMPTY", ("TS[]",), _apply, by_row=False)
