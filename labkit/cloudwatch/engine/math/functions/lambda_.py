"""LAMBDA(function[, argument ...]): series from a function of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cloudwatch.engine.math.function import Function
from labkit.cloudwatch.engine.math.tree import Call, MathUnavailable
from labkit.cloudwatch.engine.math.values import Value

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame


def _apply(frame: Frame, call: Call) -> Value:
    raise MathUnavailable(
        "LAMBDA asks a data source behind a function of one's own; that connection is not there.",
        call.at,
    )


FUNCTION = Function("LAMBDA", (), _apply, sees_tree=True)
