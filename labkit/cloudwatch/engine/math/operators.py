"""Operators, with missing points as AWS documents them.

Between two series a point that only one side has counts as 0 on the other; where neither side has
one there is no result. A number beside a series is no series: where the series has no point there
is no result. A division by 0 drops its point. Comparisons and AND, OR give 1 and 0.

An array of series goes with a number or one series, member by member; two arrays do not go
together (AWS lists no such combination).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labkit.cloudwatch.engine.math.tree import MathError
from labkit.cloudwatch.engine.math.values import (
    Array,
    Floats,
    Scalar,
    TimeSeries,
    Value,
    finite,
    kind,
)

Binary = Callable[[Floats, Floats], Floats]


def _true(values: Floats) -> Floats:
    found: Floats = values != 0
    return found


OPERATORS: dict[str, Binary] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "&&": lambda left, right: _true(left) & _true(right),
    "||": lambda left, right: _true(left) | _true(right),
}


def operate(operator: str, left: Value, right: Value, at: int) -> Value:
    """``left operator right``.

    Raises
    ------
    MathError
        For operands that do not go together.
    """
    if isinstance(left, Array) and not isinstance(right, Array):
        return Array(tuple(_series(operator, one, right, at) for one in left.members))
    if isinstance(right, Array) and not isinstance(left, Array):
        return Array(tuple(_series(operator, left, one, at) for one in right.members))
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        return Scalar(_numbers(operator, left.values, right.values))
    return _series(operator, left, right, at)


def _series(operator: str, left: Value, right: Value, at: int) -> TimeSeries:
    if isinstance(left, TimeSeries) and isinstance(right, TimeSeries):
        lacks_left, lacks_right = np.isnan(left.values), np.isnan(right.values)
        result = _numbers(
            operator,
            np.where(lacks_left, 0.0, left.values),
            np.where(lacks_right, 0.0, right.values),
        )
        result[lacks_left & lacks_right] = np.nan
        return TimeSeries(result, left.label if left.label == right.label else "")
    if isinstance(left, TimeSeries) and isinstance(right, Scalar):
        return left.computed(_numbers(operator, left.values, right.values))
    if isinstance(left, Scalar) and isinstance(right, TimeSeries):
        return right.computed(_numbers(operator, left.values, right.values))
    raise MathError(
        f"Unsupported operand type(s) for {operator}: '[{kind(left)}, {kind(right)}]'", at
    )


def _numbers(operator: str, left: Floats, right: Floats) -> Floats:
    """The operator where both sides are numbers, missing elsewhere."""
    with np.errstate(all="ignore"):
        result = np.array(OPERATORS[operator](left, right), dtype=np.float64)
    result[np.broadcast_to(np.isnan(left) | np.isnan(right), result.shape)] = np.nan
    return finite(result)


def negate(value: Value, at: int) -> Value:
    """``-value``."""
    if isinstance(value, Scalar):
        return Scalar(-value.values)
    if isinstance(value, TimeSeries):
        return value.computed(-value.values)
    if isinstance(value, Array):
        return Array(tuple(one.computed(-one.values) for one in value.members))
    raise MathError(f"Unsupported operand type for unary -: '{kind(value)}'", at)
