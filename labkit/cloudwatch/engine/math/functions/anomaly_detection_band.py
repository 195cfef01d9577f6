"""ANOMALY_DETECTION_BAND(m1[, 2]): the range of normal values, as [lower, upper].

The second argument is how many standard deviations wide each half is, 2 when left out. The model is
that of :mod:`labkit.cloudwatch.engine.anomaly`, trained anew every three hours on what came before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.tree import Call, MathError
from labkit.cloudwatch.engine.math.values import Array, Scalar

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, call: Call) -> Array:
    values = [frame.evaluate(one) for one in call.arguments]
    FUNCTION.check(values, call)
    width = 2.0
    if len(values) > 1:
        assert isinstance(values[1], Scalar)
        width = float(values[1].values[0, 0])
        if not width > 0:
            raise MathError("the width of a band is more than 0 standard deviations", call.at)
    return frame.band(call.arguments[0], width, call.at)


FUNCTION = Function("ANOMALY_DETECTION_BAND", ("TS", "TS, S"), _apply, sees_tree=True)
