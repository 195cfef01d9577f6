"""Rows in columns that grow at the end: what the service graph is counted from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]


class Columns:
    """A table that is appended to, as numpy arrays.

    Parameters
    ----------
    types:
        numpy's type of each column by its name.
    """

    def __init__(self, **types: str) -> None:
        self.size = 0
        self._arrays: dict[str, Column] = {n: np.empty(1024, dtype=t) for n, t in types.items()}

    def __getitem__(self, name: str) -> Column:
        return self._arrays[name][: self.size]

    def append(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows, each in the order of the columns."""
        if not rows:
            return
        size = self.size + len(rows)
        for name, values in zip(self._arrays, zip(*rows, strict=True), strict=True):
            array = self._arrays[name]
            if size > len(array):
                grown = np.empty(max(size, 2 * len(array)), dtype=array.dtype)
                grown[: self.size] = array[: self.size]
                self._arrays[name] = array = grown
            array[self.size : size] = values
        self.size = size

    def keep(self, wanted: Column) -> Column:
        """Drop every row that is not wanted (booleans); the new place of each row that was kept."""
        places = np.cumsum(wanted) - 1
        for name in self._arrays:
            self._arrays[name] = self[name][wanted].copy()
        self.size = int(np.count_nonzero(wanted))
        return places


def counts(keys: Column, states: Column, groups: int, kinds: int) -> Column:
    """How many rows there are of each group (a row) and state (a column)."""
    flat = np.bincount(keys * kinds + states, minlength=groups * kinds)
    return flat[: groups * kinds].reshape(groups, kinds)


def sums(keys: Column, values: Column, groups: int) -> Column:
    """The sum of whole numbers for each group: exact, in whatever order the rows are."""
    return np.bincount(keys, weights=values, minlength=groups)[:groups]


def bounds(keys: Column, first: Column, last: Column, groups: int) -> tuple[Column, Column]:
    """The smallest ``first`` and the largest ``last`` of each group."""
    low = np.full(groups, np.iinfo(np.int64).max, dtype=np.int64)
    high = np.full(groups, np.iinfo(np.int64).min, dtype=np.int64)
    np.minimum.at(low, keys, first)
    np.maximum.at(high, keys, last)
    return low, high


#: Steps of a histogram, in milliseconds up to a second, then of three figures.
_DECADES = ((1_000, 1, 0), (10_000, 10, 1_000), (100_000, 100, 1_900), (1_000_000, 1_000, 2_800))
BINS = 3_702


def bins(took_us: Column) -> Column:
    """The histogram's step in which a time falls, as a number below :data:`BINS`."""
    ms = (took_us + 500) // 1_000
    found = ms.copy()
    low = 1_000
    for limit, step, base in _DECADES[1:]:
        beyond = ms >= low
        if not beyond.any():
            return found
        found[beyond] = base + (np.minimum(ms[beyond], limit) - low + step // 2) // step
        low = limit
    return found


def _value(number: int) -> float:
    """Seconds in the middle of a step."""
    if number < 1_000:
        return number / 1_000
    low = 1_000
    for limit, step, base in _DECADES[1:]:
        if number < base + (limit - low) // step or limit == 1_000_000:
            return (low + (number - base) * step) / 1_000
        low = limit
    raise AssertionError(number)


VALUES = tuple(_value(number) for number in range(BINS))


def histograms(
    keys: Column, took_us: Column, groups: int
) -> Mapping[int, tuple[tuple[float, int], ...]]:
    """For each group that has rows: (seconds, how many), ascending."""
    if not len(keys):
        return {}
    codes = keys.astype(np.int64) * BINS + bins(took_us)
    if groups * BINS <= 4 * len(codes) + 2_000_000:
        many = np.bincount(codes)
        found = np.flatnonzero(many)
        many = many[found]
    else:
        found, many = np.unique(codes, return_counts=True)
    owners = found // BINS
    cuts = np.flatnonzero(np.diff(owners)) + 1
    starts = [0, *cuts.tolist(), len(found)]
    steps, amounts, names = (found % BINS).tolist(), many.tolist(), owners.tolist()
    return {
        names[a]: tuple((VALUES[s], n) for s, n in zip(steps[a:b], amounts[a:b], strict=True))
        for a, b in itertools.pairwise(starts)
    }


__all__ = ["BINS", "VALUES", "Columns", "bins", "bounds", "counts", "histograms", "sums"]
