"""SEARCH('{AWS/EC2,InstanceId} MetricName="CPUUtilization"', 'Average'[, 300]): series that match.

The text is read by :mod:`labkit.cloudwatch.engine.search`. Without a period the query's Period
counts, else 300 seconds. No alarm can use it: it makes an array whose members come and go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Array, Scalar, Strings

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, text: Strings, stat: Strings, period: Scalar | None = None) -> Array:
    return frame.search(text.texts[0], stat.texts[0])


FUNCTION = Function(
    "SEARCH", ("String, String", "String, String, S"), _apply, by_row=False, alarms=False
)
