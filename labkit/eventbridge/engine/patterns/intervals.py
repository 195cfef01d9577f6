"""Which of many intervals hold a number: asked often, changed seldom.

The intervals lie sorted by their lower bound in an array that is read as a balanced tree: the root
is in the middle. Every node also knows the highest upper bound below it, so a whole side is left
out when it ends too early. Asking costs what is found plus a logarithm.

Between two neighbouring bounds the answer is the same for all numbers, so it is kept: the second
number that falls there costs a bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Intervals(Generic[T]):
    """Closed intervals with something attached.

    Parameters
    ----------
    entries:
        (low, high, what) each.
    """

    def __init__(self, entries: Sequence[tuple[float, float, T]]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry[:2])
        self._highest = [entry[1] for entry in self._entries]
        self._measure(0, len(self._entries))
        self._bounds = sorted({bound for entry in self._entries for bound in entry[:2]})
        self._kept: dict[int, list[T]] = {}

    def _measure(self, start: int, end: int) -> float:
        if start >= end:
            return float("-inf")
        middle = (start + end) // 2
        highest = max(
            self._entries[middle][1],
            self._measure(start, middle),
            self._measure(middle + 1, end),
        )
        self._highest[middle] = highest
        return highest

    def at(self, number: float) -> list[T]:
        """What is attached to the intervals that hold ``number``, bounds included."""
        bounds = self._bounds
        right = bisect_right(bounds, number)
        # Even: between two bounds; odd: on one.
        gap = 2 * right - (right > 0 and bounds[right - 1] == number)
        found = self._kept.get(gap)
        if found is None:
            found = self._kept[gap] = self._search(number)
        return found

    def _search(self, number: float) -> list[T]:
        found: list[T] = []
        todo = [(0, len(self._entries))]
        while todo:
            start, end = todo.pop()
            if start >= end:
                continue
            middle = (start + end) // 2
            if self._highest[middle] < number:
                continue
            low, high, what = self._entries[middle]
            todo.append((start, middle))
            if low <= number:
                if number <= high:
                    found.append(what)
                todo.append((middle + 1, end))
        return found
