"""FIRST(array): its first series. Of a band that is the lower bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Array, TimeSeries, empty

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: Array) -> TimeSeries:
    return value.members[0] if value.members else TimeSeries(empty(*frame.shape))


FUNCTION = Function("FIRST", ("TS[]",), _apply)
