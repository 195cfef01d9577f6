"""The nearest metric to one that is not there: what an alarm without data should have watched.

A metric is its namespace, name and set of dimensions. Of those that there are, the nearest one
differs in the least: first the name, then the namespace, then the dimensions (a name of a dimension
that is missing or too many weighs more than another value).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from labkit.core.sources import Series

#: Below this likeness two names have nothing to do with one another.
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest metric and what it differs in.

    Parameters
    ----------
    series:
        The metric.
    differs:
        In words: ``it has host=ip-10-0-0-1, and not InstanceId``.
    """

    series: Series
    differs: str

    def __str__(self) -> str:
        return f"the nearest metric is {self.series}: {self.differs}"


def nearest(wanted: Series, known: Iterable[Series]) -> Nearest | None:
    """The metric of ``known`` that is nearest to ``wanted``; None when none is alike.

    >>> found = nearest(
    ...     Series("CWAgent", "mem_used_percent", (("InstanceId", "i-1"),)),
    ...     [Series("CWAgent", "mem_used_percent", (("host", "ip-10-0-0-1"),))],
    ... )
    >>> found.differs
    'it has host=ip-10-0-0-1 and no InstanceId'
    """
    best: tuple[tuple[float, ...], Series] | None = None
    for one in known:
        rank = _rank(wanted, one)
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, one)
    if best is None:
        return None
    return Nearest(best[1], _differs(wanted, best[1]))


def _rank(wanted: Series, one: Series) -> tuple[float, ...] | None:
    name = _unlike(wanted.name, one.name)
    space = _unlike(wanted.namespace, one.namespace)
    if name > 1 - _ALIKE or ((space and name) and space > 1 - _ALIKE):
        return None
    left, right = dict(wanted.dimensions), dict(one.dimensions)
    odd = len(left.keys() ^ right.keys())
    values = [_unlike(left[key], right[key]) for key in left.keys() & right.keys()]
    return name, space, sum(value > 0 for value in values) + odd * 1.5, sum(values), odd


def _unlike(left: str, right: str) -> float:
    """0 for the same, 1 for nothing in common."""
    if left == right:
        return 0.0
    return 1.0 - SequenceMatcher(None, left.lower(), right.lower()).ratio() + 1e-6


def _differs(wanted: Series, one: Series) -> str:
    parts = []
    if one.namespace != wanted.namespace:
        parts.append(f"its namespace is {one.namespace}, not {wanted.namespace}")
    if one.name != wanted.name:
        parts.append(f"it is called {one.name}, not {wanted.name}")
    left, right = dict(wanted.dimensions), dict(one.dimensions)
    for key in left.keys() & right.keys():
        if left[key] != right[key]:
            parts.append(f"its {key} is {right[key]}, not {left[key]}")
    more = [f"{key}={value}" for key, value in one.dimensions if key not in left]
    less = [key for key, _ in wanted.dimensions if key not in right]
    if more or less:
        has = f"it has {', '.join(more)}" if more else "it has"
        no = f"no {' and no '.join(less)}" if less else ""
        parts.append(f"{has} and {no}" if more and less else f"{has} {no}".rstrip())
    return "; ".join(parts) or "there is no difference"
