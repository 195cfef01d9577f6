"""What a function of metric math is, and the shapes that most of them have.

A function says which types it takes, in AWS's own letters (``TS``, ``TS[]``, ``S``, ``String``,
words such as ``REPEAT``), and computes on values whose types have been checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.cloudwatch.engine.math.tree import Call, MathError
from labkit.cloudwatch.engine.math.values import (
    Array,
    Floats,
    Scalar,
    TimeSeries,
    Value,
    empty,
    kind,
)

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.math.frame import Frame

Apply = Callable[..., Value]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of metric math.

    Parameters
    ----------
    name:
        As it is called.
    takes:
        The combinations of arguments: ``("TS", "TS, S")``. Alternatives for one argument are
        separated by ``|``.
    apply:
        ``apply(frame, *values)``; with ``sees_tree`` ``apply(frame, call)``, arguments unevaluated.
    by_row:
        False for a function whose *types* or order depend on the data of a row (SORT,
        REMOVE_EMPTY): an alarm computes it tick by tick.
    sees_tree:
        Whether it wants its arguments as they stand in the text.
    alarms:
        Whether an alarm may use it.
    """

    name: str
    takes: tuple[str, ...]
    apply: Apply
    by_row: bool = True
    sees_tree: bool = False
    alarms: bool = True

    def call(self, frame: Frame, call: Call) -> Value:
        """The function's value for these arguments.

        Raises
        ------
        MathError
            When the arguments are none that it takes.
        """
        if self.sees_tree:
            return self.apply(frame, call)
        arguments = [frame.evaluate(one) for one in call.arguments]
        self.check(arguments, call)
        try:
            return self.apply(frame, *arguments)
        except MathError as problem:
            if problem.at is None:
                raise MathError(str(problem), call.at) from None
            raise

    def check(self, arguments: Sequence[Value], call: Call) -> None:
        """Refuse arguments of types that it does not take."""
        kinds = [kind(one) for one in arguments]
        for form in self.takes:
            wanted = [part.strip() for part in form.split(",")] if form else []
            if len(wanted) == len(kinds) and all(
                got in one.split("|") for got, one in zip(kinds, wanted, strict=True)
            ):
                return
        forms = " or ".join(f"{self.name}({form.replace('|', ' | ')})" for form in self.takes)
        raise MathError(
            f"Unsupported arguments for {self.name}: '[{', '.join(kinds)}]'; it is {forms}", call.at
        )


def each(compute: Callable[[Frame, Floats], Floats]) -> Apply:
    """A function of one series that goes over an array member by member."""

    def apply(frame: Frame, value: Any) -> Value:
        if isinstance(value, Array):
            return Array(tuple(one.computed(compute(frame, one.values)) for one in value.members))
        made: TimeSeries = value.computed(compute(frame, value.values))
        return made

    return apply


def reduced(
    along_time: Callable[[Frame, Floats], Floats], across: Callable[[Floats], Floats]
) -> Apply:
    """A function that makes one number of a series, and one series of an array.

    Parameters
    ----------
    along_time:
        float64[b, n] -> float64[b, 1].
    across:
        float64[members, b, n] -> float64[b, n]; asked where at least one member has a point.
    """

    def apply(frame: Frame, value: Any) -> Value:
        if isinstance(value, TimeSeries):
            with np.errstate(all="ignore"):
                return Scalar(along_time(frame, value.values))
        if not value.members:
            return TimeSeries(empty(*frame.shape))
        stacked = value.stacked()
        with np.errstate(all="ignore"):
            result = across(stacked)
        result[np.isnan(stacked).all(axis=0)] = np.nan
        return TimeSeries(result)

    return apply


def points(values: Floats) -> Floats:
    """How many points each row has: float64[b, 1]."""
    counted: Floats = np.sum(~np.isnan(values), axis=-1, keepdims=True).astype(np.float64)
    return counted


def held(values: Floats, result: Floats) -> Floats:
    """``result`` for rows that have a point, missing for those that have none."""
    kept: Floats = np.where(points(values) > 0, result, np.nan)
    return kept


def before(values: Floats) -> Floats:
    """The place of the newest point before each period, -1 where there is none: int64[b, n]."""
    places = np.where(np.isnan(values), -1, np.arange(values.shape[-1]))
    newest = np.maximum.accumulate(places, axis=-1)
    shifted: Floats = np.full(values.shape, -1, dtype=np.int64)
    shifted[..., 1:] = newest[..., :-1]
    return shifted
