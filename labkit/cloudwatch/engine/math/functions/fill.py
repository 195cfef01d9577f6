"""FILL(m1, 0 | m2 | REPEAT | LINEAR): something in place of missing points.

``REPEAT`` takes the point before the gap, ``LINEAR`` draws a line from the point before it to the
point behind it; before the first point there is nothing to repeat, and behind the last no line. A
number fills every period that has begun, the newest too: an alarm on a metric that is published a
little late always sees the filler there, as AWS warns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.cloudwatch.engine.math.function import Function, before
from labkit.cloudwatch.engine.math.values import Array, Floats, Keyword, Scalar, Value

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, value: Any, filler: Value) -> Value:
    if isinstance(value, Array):
        return Array(
            tuple(one.computed(_filled(frame, one.values, filler)) for one in value.members)
        )
    made: Value = value.computed(_filled(frame, value.values, filler))
    return made


def _filled(frame: Frame, values: Floats, filler: Value) -> Floats:
    lacks = np.isnan(values) & frame.span
    if isinstance(filler, Keyword):
        drawn = _repeated(values) if filler.word == "REPEAT" else _line(values)
    else:
        assert not isinstance(filler, Array)
        drawn = filler.values  # type: ignore[union-attr]
        if isinstance(filler, Scalar):
            drawn = np.broadcast_to(drawn, values.shape)
    result: Floats = np.where(lacks, drawn, values)
    return result


def _repeated(values: Floats) -> Floats:
    place = before(values)
    earlier = np.take_along_axis(values, np.maximum(place, 0), axis=-1)
    repeated: Floats = np.where(place < 0, np.nan, earlier)
    return repeated


def _line(values: Floats) -> Floats:
    count = values.shape[-1]
    place = np.arange(count)
    left = before(values)
    right = count - 1 - before(values[..., ::-1])[..., ::-1]
    inside = (left >= 0) & (right < count)
    from_ = np.take_along_axis(values, np.maximum(left, 0), axis=-1)
    to = np.take_along_axis(values, np.minimum(right, count - 1), axis=-1)
    share = (place - left) / np.maximum(right - left, 1)
    line: Floats = np.where(inside, from_ + (to - from_) * share, np.nan)
    return line


FUNCTION = Function("FILL", ("TS, S|TS|REPEAT|LINEAR", "TS[], S|TS|REPEAT|LINEAR"), _apply)
