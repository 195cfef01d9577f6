"""SLICE(array, start[, end]): the series from number start up to, not including, number end.

Counted from 0. Without an end: all from start on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.tree import MathError
from labkit.cloudwatch.engine.math.values import Array, Scalar

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: Array, start: Scalar, end: Scalar | None = None) -> Array:
    first = _number(start)
    last = len(value.members) if end is None else _number(end)
    return Array(value.members[first:last])


def _number(value: Scalar) -> int:
    number = float(value.values[0, 0])
    if number < 0 or number != int(number):
        raise MathError(f"SLICE counts in whole numbers from 0, not {number:g}")
    return int(number)


FUNCTION = Function("SLICE", ("TS[], S", "TS[], S, S"), _apply, by_row=False)
