"""What expressions compute with.

A series is a row of numbers on the periods of its frame; a missing point is NaN, and NaN is nothing
else: a result that is not a number (the logarithm of 0) is a point that is not there.

Everything has one axis more than one would think: ``(b, n)``, b rows of n periods. GetMetricData
computes one row. An alarm computes one row for *every tick of a day*, each with the few periods
that the alarm looks at then: ``m1 - AVG(m1)`` in an alarm means the average of those periods, not
of the day, and a tree that is walked once for a day costs what it costs for one tick.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Floats = np.ndarray
Ints = np.ndarray
Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """The metric behind a series, as labels speak of it.

    Parameters
    ----------
    namespace, name, dimensions:
        Its identity.
    stat, period:
        Statistic and period (seconds) that were asked for.
    account, region:
        Where it lives.
    account_label:
        What the monitoring account calls that account; empty for its own.
    """

    namespace: str
    name: str
    dimensions: Dimensions = ()
    stat: str = "Average"
    period: int = 60
    account: str = ""
    region: str = ""
    account_label: str = ""


@dataclass(frozen=True, slots=True)
class Scalar:
    """``S``: one number for each row, float64[b, 1]; NaN where it comes from no point at all."""

    values: Floats


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """``TS``: float64[b, n], NaN where a point is missing.

    Parameters
    ----------
    values:
        The numbers.
    label:
        Its name in results.
    metric:
        The metric that it comes from, if it comes from one.
    direct:
        Whether it *is* that metric, not something computed from it: PERIOD and SERVICE_QUOTA take
        nothing else.
    """

    values: Floats
    label: str = ""
    metric: Metric | None = None
    direct: bool = False

    def computed(self, values: Floats) -> TimeSeries:
        """The same series with other numbers: no metric itself any more."""
        return replace(self, values=values, direct=False)


@dataclass(frozen=True, slots=True)
class Array:
    """``TS[]``: series on the same periods."""

    members: tuple[TimeSeries, ...]

    def stacked(self) -> Floats:
        """float64[members, b, n]."""
        return np.stack([one.values for one in self.members])


@dataclass(frozen=True, slots=True)
class Strings:
    """``String`` (one) or ``String[]``."""

    texts: tuple[str, ...]
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word such as REPEAT or DESC."""

    word: str


Value = Scalar | TimeSeries | Array | Strings | Keyword


def kind(value: Value) -> str:
    """What AWS calls the type: ``S``, ``TS``, ``TS[]``, ``String``, ``String[]``, or the word."""
    if isinstance(value, Scalar):
        return "S"
    if isinstance(value, TimeSeries):
        return "TS"
    if isinstance(value, Array):
        return "TS[]"
    if isinstance(value, Strings):
        return "String[]" if value.listed else "String"
    return value.word


def finite(values: Any) -> Floats:
    """Numbers as they are, everything else (infinities too) as missing."""
    cleaned: Floats = np.where(np.isfinite(values), values, np.nan)
    return cleaned


def empty(rows: int, periods: int) -> Floats:
    """Nothing but missing points."""
    return np.full((rows, periods), np.nan)
