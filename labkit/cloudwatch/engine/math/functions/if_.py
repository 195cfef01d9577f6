"""IF(condition, a[, b]): a where the condition is not 0, b where it is.

Decided point by point where the condition is a series. A period in which the condition has no point
has no result. What stands in for a missing point follows AWS's tables:

===================  ============================  ======================================
condition            the wanted point of a is      the wanted point of b is missing
                     missing
===================  ============================  ======================================
a series             0                             0 beside a series a, dropped beside a
                                                   number a
a number             dropped                       dropped
===================  ============================  ======================================

Without b, a period whose condition is 0 has no result. (The tables of 2023 dropped the point in the
upper right corner too; today's have 0 there.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Scalar, TimeSeries

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame

Operand = Scalar | TimeSeries


def _apply(frame: Frame, condition: Operand, a: Operand, b: Operand | None = None) -> TimeSeries:
    shape = frame.shape
    wanted = np.broadcast_to(condition.values, shape)
    yes = np.broadcast_to(a.values, shape)
    no = np.full(shape, np.nan) if b is None else np.broadcast_to(b.values, shape)
    if isinstance(condition, TimeSeries) and isinstance(a, TimeSeries):
        yes = np.nan_to_num(yes)
        if isinstance(b, TimeSeries):
            no = np.nan_to_num(no)
    result = np.where(wanted != 0, yes, no)
    result[np.isnan(wanted)] = np.nan
    label = a.label if isinstance(a, TimeSeries) else ""
    return TimeSeries(result, label)


FUNCTION = Function(
    "IF", ("TS, TS|S", "TS, TS|S, TS|S", "S, TS", "S, TS, TS|S", "S, S, TS"), _apply
)
