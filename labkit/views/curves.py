"""Curves: series of points, read from whatever holds them.

A stored point of CloudWatch sits at the START of its period and speaks for all of it. So a curve
keeps starts and one period, and is drawn as steps; where the next point is not due at the end of
the period before it, there is a gap, and nothing is drawn over a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from math import isfinite
from typing import Any

from labkit.core.clock import MINUTE, SECOND
from labkit.core.errors import LabError
from labkit.views.drawing import printable
from labkit.views.timeaxis import instant

STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")

TAKEN = (
    "a GetMetricData or GetMetricStatistics response, one of its results, its Datapoints, "
    "(timestamps, values), (label, timestamps, values), {label: (timestamps, values)}, "
    "a pandas Series with times as index, or a Curve"
)


@dataclass(frozen=True, slots=True)
class Curve:
    """One series, in order of time, one value for each start.

    Parameters
    ----------
    label:
        Its name, as it will be written.
    starts:
        Microseconds, ascending: where each point's period begins.
    values:
        As many numbers, all finite.
    period_us:
        How long each point speaks.
    unit:
        CloudWatch's word (``Percent``), empty when not known.
    """

    label: str
    starts: tuple[int, ...]
    values: tuple[float, ...]
    period_us: int = MINUTE
    unit: str = ""

    def runs(self) -> list[tuple[int, int]]:
        """Stretches without a gap, as (first index, index behind the last).

        Points that come up to half a period late are late, not missing.
        """
        if not self.starts:
            return []
        most = self.period_us + self.period_us // 2
        starts = self.starts
        breaks = [i for i in range(1, len(starts)) if starts[i] - starts[i - 1] >= most]
        return list(zip([0, *breaks], [*breaks, len(starts)], strict=True))

    def end(self, index: int) -> int:
        """Where the step of a point ends: at the next point of its run, or with its period."""
        end = self.starts[index] + self.period_us
        if index + 1 < len(self.starts):
            following = self.starts[index + 1]
            if following - self.starts[index] < self.period_us + self.period_us // 2:
                return following
        return end

    def within(self, start_us: int, end_us: int) -> Curve:
        """The curve's points whose periods touch the stretch from start to end."""
        kept = [
            (at, value)
            for at, value in zip(self.starts, self.values, strict=True)
            if at < end_us and at + self.period_us > start_us
        ]
        starts, values = tuple(at for at, _ in kept), tuple(value for _, value in kept)
        return replace(self, starts=starts, values=values)

    def covered(self) -> list[tuple[int, int]]:
        """The stretches of time that have points."""
        return [(self.starts[a], self.end(b - 1)) for a, b in self.runs()]


def missing(curves: Sequence[Curve], start_us: int, end_us: int) -> list[tuple[int, int]]:
    """The stretches between start and end in which no curve has a point.

    At either end less than a period is no gap: that point lies outside, or is not due yet.
    """
    gaps: list[tuple[int, int]] = []
    reached = start_us
    for begin, end in sorted(part for curve in curves for part in curve.covered()):
        if begin > reached:
            gaps.append((reached, min(begin, end_us)))
        reached = max(reached, end)
    if reached < end_us:
        gaps.append((reached, end_us))
    least = min((curve.period_us for curve in curves if curve.starts), default=0)
    return [
        (begin, end)
        for begin, end in gaps
        if begin < end and (end - begin >= least or (begin > start_us and end < end_us))
    ]


def read(
    given: Iterable[Any], *, period_us: int | timedelta | None = None, unit: str | None = None
) -> list[Curve]:
    """The curves in ``given``; see :data:`TAKEN` for what is understood.

    Parameters
    ----------
    given:
        Any number of things that hold series.
    period_us:
        The period of all of them; left out, each one's smallest distance between two points.
    unit:
        Their unit; left out, what the data say.

    Raises
    ------
    LabError
        When something in ``given`` holds no series.
    """
    found = [curve for one in given for curve in _curves(one, period_us)]
    if unit is not None:
        found = [replace(curve, unit=unit) for curve in found]
    return found


def _curves(one: Any, period_us: int | timedelta | None) -> list[Curve]:
    if isinstance(one, Curve):
        return [one if period_us is None else replace(one, period_us=_microseconds(period_us))]
    if isinstance(one, Mapping):
        if "MetricDataResults" in one:
            results = one["MetricDataResults"]
            labels = [result.get("Label") or result.get("Id", "") for result in results]
            return [
                _result(
                    result,
                    label if labels.count(label) == 1 else f"{label} ({result.get('Id')})",
                    period_us,
                )
                for result, label in zip(results, labels, strict=True)
            ]
        if "Timestamps" in one:
            return [_result(one, one.get("Label") or one.get("Id", ""), period_us)]
        if "Datapoints" in one:
            return _datapoints(one["Datapoints"], one.get("Label", ""), period_us)
        return [
            curve for name, value in one.items() for curve in _named(str(name), value, period_us)
        ]
    if hasattr(one, "timestamps") and hasattr(one, "values"):
        return [
            make(getattr(one, "label", ""), one.timestamps, one.values, period_us,
                 _known_unit(getattr(one, "unit", "")))
        ]  # fmt: skip
    if hasattr(one, "index") and hasattr(one, "to_numpy"):
        return [make(str(getattr(one, "name", None) or ""), list(one.index), list(one), period_us)]
    if isinstance(one, Sequence) and not isinstance(one, str | bytes):
        if all(isinstance(part, Mapping) for part in one):
            if one and "Timestamps" in one[0]:
                return _curves({"MetricDataResults": one}, period_us)
            return _datapoints(one, "", period_us)
        if len(one) == 2:
            return _named("", one, period_us)
        if len(one) == 3 and isinstance(one[0], str):
            return _named(one[0], one[1:], period_us)
    raise LabError(f"a {type(one).__name__} is no series; views take {TAKEN}")


def _named(label: str, value: Any, period_us: int | timedelta | None) -> list[Curve]:
    pair = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2
    if pair and not all(isinstance(part, Mapping) for part in value):
        timestamps, values = value
        if hasattr(timestamps, "__len__") and hasattr(values, "__len__"):
            return [make(label, timestamps, values, period_us)]
        raise LabError(
            f"{label or 'a series'}: timestamps and values are two lists; views take {TAKEN}"
        )
    inner = _curves(value, period_us)
    if len(inner) == 1:
        return [replace(inner[0], label=label)]
    return [replace(curve, label=f"{label} {curve.label}".strip()) for curve in inner]


def _result(result: Mapping[str, Any], label: str, period_us: int | timedelta | None) -> Curve:
    return make(label, result["Timestamps"], result.get("Values", ()), period_us)


def _datapoints(
    points: Sequence[Mapping[str, Any]], label: str, period_us: int | timedelta | None
) -> list[Curve]:
    names = [name for name in STATISTICS if any(name in point for point in points)]
    extended = {name for point in points for name in point.get("ExtendedStatistics", ())}
    rows = [{**point, **point.get("ExtendedStatistics", {})} for point in points]
    names += sorted(extended)
    curves = []
    for name in names:
        rows_with = [row for row in rows if name in row]
        own = label if label and len(names) == 1 else f"{label} {name}".strip()
        unit = _known_unit(str(rows_with[0].get("Unit", "")))
        curves.append(
            make(
                own,
                [row["Timestamp"] for row in rows_with],
                [row[name] for row in rows_with],
                period_us,
                "" if name == "SampleCount" else unit,
            )
        )
    return curves or [make(label, (), (), period_us)]


def _known_unit(unit: str) -> str:
    return "" if unit == "None" else unit


def _microseconds(period: int | timedelta) -> int:
    if isinstance(period, timedelta):
        return period // timedelta(microseconds=1)
    if period < SECOND:
        raise LabError(
            f"a period of {period} microseconds is under a second; did you mean seconds?"
        )
    return period


def make(
    label: str,
    timestamps: Any,
    values: Any,
    period_us: int | timedelta | None = None,
    unit: str = "",
) -> Curve:
    """A curve of points in any order; of several with one timestamp the last one counts.

    Values that are no numbers (NaN, None) are missing points.

    Raises
    ------
    LabError
        When there are not as many values as timestamps.
    """
    stamps = timestamps.tolist() if _is_integers(timestamps) else list(timestamps)
    numbers = list(values)
    if len(stamps) != len(numbers):
        raise LabError(
            f"{label or 'a series'}: {len(stamps)} timestamps, but {len(numbers)} values"
        )
    at: dict[int, float] = {}
    for stamp, value in zip(stamps, numbers, strict=True):
        if value is not None and isfinite(value):
            at[instant(stamp)] = float(value)
    starts = tuple(sorted(at))
    if period_us is None:
        period = min((b - a for a, b in pairwise(starts)), default=MINUTE)
        period = max(period, SECOND)
    else:
        period = _microseconds(period_us)
    return Curve(printable(label), starts, tuple(at[start] for start in starts), period, unit)


def _is_integers(timestamps: Any) -> bool:
    return getattr(getattr(timestamps, "dtype", None), "kind", "") in ("i", "u")
