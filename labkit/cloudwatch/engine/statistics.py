"""Statistics over windows of time, in every spelling that CloudWatch documents.

===================  ==========================================================================
``Average`` ...      SampleCount, Average, Sum, Minimum, Maximum
``p99``, ``p99.9``   percentile: the smallest value with at least that share of values not above it
``tm99``             trimmed mean of what lies below a percentile; ``TM(2%:98%)``, ``TM(150:1000)``
``wm98``             winsorized mean: values outside are taken for the boundary value
``tc``, ``ts``       how many values lie inside, and their sum
``IQM``              ``TM(25%:75%)``
``PR(:300)``         percentile rank: what percentage of values lies inside
===================  ==========================================================================

Theory of operation
-------------------
1. **Windows become rows.** Samples are sorted by time, so a window ``[start, end)`` is a range of
   rows ``[first, last)``, found by bisection. What has not arrived yet is cut off at the end.
2. **The basic five** are sums, minima and maxima over such ranges, all windows in one ``reduceat``.
   Never as a difference of two running sums: over a constant 0.1 those differ in the last bits, and
   an alarm on ``> 0.1`` rang at 8,184 of 19,990 ticks.
3. **A mean lies between its minimum and its maximum.** In floating point it need not: three times
   0.1 is 0.30000000000000004, a third of that is above 0.1, and an alarm with a period of three
   minutes rang on the same constant. Means are therefore held to the range of their values.
4. **The percentile family** needs the values themselves. A window that holds a statistic set whose
   values can't be known, or any negative value, has none (NaN here, no datapoint at the API). AWS
   says this of the *metric*; here it is said of the window, since an answer must not depend on how
   much else was loaded.

Approximations: how CloudWatch interpolates percentiles is not published. ``p`` is the nearest rank
over all values, deterministic and exact on small data. Percent bounds of the trimmed kinds cut by
rank, and the value that a cut goes through counts with the part that lies inside: of three values
``tm90`` keeps 2.7 (so ``tc90`` says 2.7), and a lone value has an IQM. Bounds in values are
exclusive below and inclusive above, as documented.

Source: CloudWatch user guide, "CloudWatch statistics definitions"; aws-semantics 1.2, 1.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labkit.cloudwatch.engine.samples import Floats, Ints, Samples

BASIC = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
# [0-9], because \d takes the digits of every script; fullmatch below, because $ lets a line end by.
_NUMBER = r"(?:[0-9]+(?:\.[0-9]{1,10})?)"
_LOWER = re.compile(rf"(p|tm|wm|tc|ts)({_NUMBER})")
_UPPER = re.compile(rf"(TM|WM|TC|TS|PR)\(({_NUMBER})?(%)?:({_NUMBER})?(%)?\)")


class StatisticError(ValueError):
    """A text that is no statistic; the message says which form is wanted."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A parsed statistic.

    Parameters
    ----------
    text:
        As it was written.
    kind:
        One of :data:`BASIC`, ``p``, ``TM``, ``WM``, ``TC``, ``TS``, ``PR``.
    low, high:
        The bounds; None for an open end. For ``p`` the percentile stands in ``high``.
    percent:
        Whether the bounds are percentiles rather than values.
    """

    text: str
    kind: str
    low: float | None = None
    high: float | None = None
    percent: bool = False

    @property
    def needs_values(self) -> bool:
        """Whether statistic sets can't answer it."""
        return self.kind not in BASIC

    def columns(
        self, samples: Samples, starts: Ints, ends: Ints, visible_at: Ints | None = None
    ) -> Floats:
        """The statistic over each window ``[start, end)``.

        Parameters
        ----------
        starts, ends:
            int64[k], microseconds; windows may overlap.
        visible_at:
            int64[k]: window j sees only rows that have arrived by ``visible_at[j]``.

        Returns
        -------
        float64[k]
            NaN where a window is empty or the statistic is not available.
        """
        first, last = bounds(samples, starts, ends, visible_at)
        filled = last > first
        result = np.full(len(first), np.nan)
        if not filled.any():
            return result
        first, last = first[filled], last[filled]
        result[filled] = (
            _values_of(self, samples, first, last)
            if self.needs_values
            else _basic(self.kind, samples, first, last)
        )
        return result


def parse_statistic(text: str) -> Statistic:
    """The statistic that ``text`` names.

    Raises
    ------
    StatisticError
        With the form that is wanted.
    """
    if text in BASIC:
        return Statistic(text, text)
    if text == "IQM":
        return Statistic(text, "TM", 25.0, 75.0, True)
    lower = _LOWER.fullmatch(text)
    if lower:
        kind, high = lower.group(1), float(lower.group(2))
        _percentile(text, high)
        return Statistic(text, kind if kind == "p" else kind.upper(), None, high, True)
    upper = _UPPER.fullmatch(text)
    if upper:
        return _ranged(text, upper)
    raise StatisticError(_advice(text))


def _ranged(text: str, found: re.Match[str]) -> Statistic:
    kind, low_text, low_mark, high_text, high_mark = found.groups()
    low = None if low_text is None else float(low_text)
    high = None if high_text is None else float(high_text)
    if low is None and high is None:
        raise StatisticError(f"{text} has no bounds; write {kind}(10%:90%) or {kind}(:300)")
    marks = {
        bool(mark) for number, mark in ((low, low_mark), (high, high_mark)) if number is not None
    }
    loose = (low is None and low_mark) or (high is None and high_mark)
    if len(marks) > 1 or loose:
        raise StatisticError(f"{text} mixes percent and absolute bounds")
    percent = marks == {True}
    if kind == "PR" and percent:
        raise StatisticError(f"{text}: PR takes values as bounds, not percentages: PR(:300)")
    if percent:
        for bound in (low, high):
            if bound is not None:
                _percentile(text, bound)
    if low is not None and high is not None and low >= high:
        raise StatisticError(f"{text}: the lower bound must be below the upper one")
    return Statistic(text, kind, low, high, percent)


def _percentile(text: str, value: float) -> None:
    if not 0 <= value <= 100:
        raise StatisticError(f"{text}: a percentile lies between 0 and 100")


def _advice(text: str) -> str:
    head = re.match(r"^(pr|p|tm|wm|tc|ts|iqm)", text, re.IGNORECASE)
    if head is None:
        return f"{text!r} is no statistic; there are {', '.join(BASIC)}, p99, tm90, TM(10%:90%) ..."
    kind = head.group(1)
    if kind.upper() == "IQM":
        return f"{text!r}: it is IQM, in capitals and without a number"
    if kind.upper() == "PR":
        return f"{text!r}: a percentile rank has its bounds in parentheses: PR(low:high)"
    if "(" in text:
        return f"{text!r}: with parentheses it is {kind.upper()}(low:high), in capitals"
    return (
        f"{text!r}: without parentheses it is {kind.lower()} and one number, as in {kind.lower()}99"
    )


def bounds(
    samples: Samples, starts: Ints, ends: Ints, visible_at: Ints | None = None
) -> tuple[Ints, Ints]:
    """For each window the first row and the row behind its last."""
    first = np.searchsorted(samples.timestamps, starts)
    last = np.searchsorted(samples.timestamps, ends)
    if visible_at is not None and samples.arrivals is not None:
        arrived = np.searchsorted(samples.arrivals, visible_at, side="right")
        last = np.maximum(np.minimum(last, arrived), first)
    return first, last


def sample_counts(
    samples: Samples, starts: Ints, ends: Ints, visible_at: Ints | None = None
) -> Floats:
    """How many values each window holds; 0 for an empty one."""
    first, last = bounds(samples, starts, ends, visible_at)
    if samples.counts is None:
        rows: Floats = (last - first).astype(np.float64)
        return rows
    result = np.zeros(len(first))
    filled = last > first
    if filled.any():
        result[filled] = _reduce(np.add, samples.counts, first[filled], last[filled])
    return result


def _reduce(ufunc: np.ufunc, values: Floats, first: Ints, last: Ints) -> Floats:
    """``ufunc`` over each of the non-empty row ranges ``[first, last)``, which may overlap."""
    if bool(np.all(last - first == 1)):
        ones: Floats = values[first]
        return ones
    pairs = np.empty(2 * len(first), dtype=np.intp)
    pairs[0::2], pairs[1::2] = first, last
    if int(last.max()) == len(values):
        # reduceat takes no index beyond the last row, and a range that ends there needs one.
        values = np.append(values, values[-1])
    reduced: Floats = ufunc.reduceat(values, pairs)[0::2]
    return reduced


def _basic(kind: str, samples: Samples, first: Ints, last: Ints) -> Floats:
    if kind == "Minimum":
        column = samples.sums if samples.minima is None else samples.minima
        return _reduce(np.minimum, column, first, last)
    if kind == "Maximum":
        column = samples.sums if samples.maxima is None else samples.maxima
        return _reduce(np.maximum, column, first, last)
    counts: Floats
    if samples.counts is None:
        counts = (last - first).astype(np.float64)
    else:
        counts = _reduce(np.add, samples.counts, first, last)
    if kind == "SampleCount":
        return counts
    sums = _reduce(np.add, samples.sums, first, last)
    if kind == "Sum":
        return sums
    # Counts of 0 make no mean; the API refuses them, a source of one's own may not.
    means: Floats = np.full(len(sums), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return _held_between(samples, means, first, last)


#: How far rounding can carry a mean out of the range of its values, as a share of the mean.
_ROUNDING = 1e-12
#: A mean can only leave the range where the range is hardly wider than rounding, so that the mean
#: is next to the window's first value. The other windows need no minimum and no maximum.
_NEAR_FIRST = 1e-6


def _held_between(samples: Samples, means: Floats, first: Ints, last: Ints) -> Floats:
    """Means that rounding carried below the minimum or above the maximum, put back there.

    Only rounding is undone. A statistic set says its own sum and extremes, and nothing makes a
    client's agree; a mean that is far outside is what was sent.
    """
    if samples.counts is None and bool(np.all(last - first == 1)):
        return means
    beginning = samples.sums[first] if samples.minima is None else samples.minima[first]
    at = np.flatnonzero(np.abs(means - beginning) <= _NEAR_FIRST * np.abs(means))
    if not len(at):
        return means
    lowest = _basic("Minimum", samples, first[at], last[at])
    highest = _basic("Maximum", samples, first[at], last[at])
    held = np.minimum(np.maximum(means[at], lowest), highest)
    near = np.abs(means[at] - held) <= _ROUNDING * np.abs(held)
    means[at] = np.where(near, held, means[at])
    return means


# -- the percentile family
_NONE = float("nan")


def _values_of(statistic: Statistic, samples: Samples, first: Ints, last: Ints) -> Floats:
    values, counts = _single_values(samples)
    usable = _usable(samples, values, first, last)
    result = np.full(len(first), np.nan)
    if counts is None and statistic.kind == "p":
        for at in np.flatnonzero(usable):
            part = values[first[at] : last[at]]
            rank = _rank(statistic.high or 0.0, len(part))
            result[at] = part[0] if len(part) == 1 else np.partition(part, rank)[rank]
        return result
    if counts is not None and statistic.kind == "p":
        _weighted_percentiles(statistic.high or 0.0, values, counts, first, last, usable, result)
        return result
    take = _WEIGHTED[statistic.kind]
    for at in np.flatnonzero(usable):
        rows = slice(first[at], last[at])
        part = values[rows]
        if counts is None:
            result[at] = take(statistic, np.sort(part), np.ones(len(part)))
            continue
        order = np.argsort(part, kind="stable")
        result[at] = take(statistic, part[order], counts[rows][order])
    return result


#: Windows are sorted side by side, so many cells at a time.
_CELLS = 1 << 20
#: ... as long as the widest is not wider than this many times the average one.
_UNEVEN = 8


def _weighted_percentiles(
    percent: float,
    values: Floats,
    counts: Floats,
    first: Ints,
    last: Ints,
    usable: np.ndarray,
    result: Floats,
) -> None:
    """The percentile of each usable window, put into ``result``.

    A day of minutes holds 1,440 small windows. As rows of a table they are sorted and added up all
    at once, in the order in which each would be by itself, so the numbers are the same.
    """
    places = np.flatnonzero(usable)
    if not len(places):
        return
    widths = (last - first)[places]
    widest = int(widths.max())
    if len(places) == 1 or widest * len(places) > _UNEVEN * int(widths.sum()):
        for at in places:
            rows = slice(first[at], last[at])
            order = np.argsort(values[rows], kind="stable")
            result[at] = _at_percent(values[rows][order], counts[rows][order], percent)
        return
    columns = np.arange(widest)
    step = max(_CELLS // widest, 1)
    for begin in range(0, len(places), step):
        some, wide = places[begin : begin + step], widths[begin : begin + step]
        held = columns < wide[:, None]
        rows_of = np.where(held, first[some][:, None] + columns, 0)
        table = np.where(held, values[rows_of], np.inf)
        order = np.argsort(table, axis=1, kind="stable")
        weights = np.where(held, counts[rows_of], 0.0)
        totals = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
        target = percent / 100 * totals[:, -1:] - 1e-9
        at_column = np.minimum((totals < target).sum(axis=1), wide - 1)
        picked = np.take_along_axis(order, at_column[:, None], axis=1)
        result[some] = np.take_along_axis(table, picked, axis=1)[:, 0]


def _single_values(samples: Samples) -> tuple[Floats, Floats | None]:
    if samples.counts is None:
        return samples.sums, None
    # A row whose values are known holds one value, several times: its minimum. The sum divided by
    # the count would be that value but for rounding.
    minima = samples.sums if samples.minima is None else samples.minima
    return minima, samples.counts


def _usable(samples: Samples, values: Floats, first: Ints, last: Ints) -> np.ndarray:
    low = _reduce(np.minimum, values, first, last)
    usable: np.ndarray = low >= 0
    if samples.raw is not None:
        usable &= _reduce(np.logical_and, samples.raw, first, last).astype(bool)
    return usable


def _rank(percent: float, count: int) -> int:
    """The nearest rank, 0-based."""
    return max(int(np.ceil(percent / 100 * count - 1e-9)) - 1, 0)


def _at_percent(values: Floats, weights: Floats, percent: float) -> float:
    totals = np.cumsum(weights)
    target = percent / 100 * totals[-1] - 1e-9
    return float(values[min(int(np.searchsorted(totals, target)), len(values) - 1)])


def _inside(statistic: Statistic, values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The values inside the bounds and how much each still counts.

    Percent bounds cut by rank: a value that straddles the cut keeps the part that lies inside.
    """
    if statistic.percent:
        totals = np.cumsum(weights)
        low = (statistic.low or 0.0) / 100 * totals[-1]
        high = (100.0 if statistic.high is None else statistic.high) / 100 * totals[-1]
        kept = np.minimum(totals, high) - np.maximum(totals - weights, low)
        inside = kept > 1e-9
        return values[inside], kept[inside]
    inside = np.ones(len(values), dtype=bool)
    if statistic.low is not None:
        inside &= values > statistic.low
    if statistic.high is not None:
        inside &= values <= statistic.high
    return values[inside], weights[inside]


def _percentile_of(statistic: Statistic, values: Floats, weights: Floats) -> float:
    return _at_percent(values, weights, statistic.high or 0.0)


def _trimmed_mean(statistic: Statistic, values: Floats, weights: Floats) -> float:
    return _mean(*_inside(statistic, values, weights))


def _mean(values: Floats, weights: Floats) -> float:
    """The weighted mean of sorted values, held between the first and the last; NaN of none."""
    total = float(weights.sum())
    if not len(values) or not total:
        return _NONE
    mean = float((values * weights).sum()) / total
    return min(max(mean, float(values[0])), float(values[-1]))


def _trimmed_count(statistic: Statistic, values: Floats, weights: Floats) -> float:
    return float(_inside(statistic, values, weights)[1].sum())


def _trimmed_sum(statistic: Statistic, values: Floats, weights: Floats) -> float:
    kept, counts = _inside(statistic, values, weights)
    return float((kept * counts).sum())


def _winsorized_mean(statistic: Statistic, values: Floats, weights: Floats) -> float:
    low, high = statistic.low, statistic.high
    if statistic.percent:
        low = None if low is None else _at_percent(values, weights, low)
        high = None if high is None else _at_percent(values, weights, high)
    return _mean(np.clip(values, low, high), weights)


def _percentile_rank(statistic: Statistic, values: Floats, weights: Floats) -> float:
    total = float(weights.sum())
    return 100 * float(_inside(statistic, values, weights)[1].sum()) / total if total else _NONE


_WEIGHTED: dict[str, Callable[[Statistic, Floats, Floats], float]] = {
    "p": _percentile_of,
    "TM": _trimmed_mean,
    "TC": _trimmed_count,
    "TS": _trimmed_sum,
    "WM": _winsorized_mean,
    "PR": _percentile_rank,
}
