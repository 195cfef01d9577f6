"""SORT(array, AVG | MIN | MAX | SUM, ASC | DESC[, limit]): the series in the order of a statistic.

Series without a point come last, in either order; equal ones keep their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.tree import MathError
from labkit.cloudwatch.engine.math.values import Array, Keyword, Scalar

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(
    frame: Frame, value: Array, by: Keyword, order: Keyword, limit: Scalar | None = None
) -> Array:
    number = len(value.members)
    if limit is not None:
        wanted = float(limit.values[0, 0])
        if wanted < 1 or wanted != int(wanted):
            raise MathError(f"the limit of SORT is a whole number from 1 on, not {wanted:g}")
        number = int(wanted)
    if not value.members:
        return value
    totals = frame.call_function(by.word, value)
    keys = np.array([float(one.values[0, 0]) for one in totals])
    places = np.argsort(-keys if order.word == "DESC" else keys, kind="stable")
    return Array(tuple(value.members[i] for i in places[:number]))


FUNCTION = Function(
    "SORT",
    ("TS[], AVG|MIN|MAX|SUM, ASC|DESC", "TS[], AVG|MIN|MAX|SUM, ASC|DESC, S"),
    _apply,
    by_row=False,
)
