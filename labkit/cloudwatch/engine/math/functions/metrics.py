"""METRICS(), METRICS("errors"): the metrics of the request, those whose Id holds the string.

Results of expressions are not among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.values import Array, Strings

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, part: Strings | None = None) -> Array:
    return frame.metrics(part.texts[0] if part else "")


FUNCTION = Function("METRICS", ("", "String"), _apply)
