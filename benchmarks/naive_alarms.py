"""The peer of the alarm benchmark: a literal loop, every alarm, every minute, point by point.

This is what an emulator would write first, and what the column engine must beat: points are
ingested as they come, and each minute each alarm gathers its window and decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


def decide(values: Sequence[float | None], threshold: float, m: int, n: int, state: str) -> str:
    """The state after one evaluation with missing data treated as missing (semantics 2.3)."""
    real = [value for value in values if value is not None]
    breaching = sum(value > threshold for value in real)
    if len(real) >= n:
        return "ALARM" if sum(value > threshold for value in real[-n:]) >= m else "OK"
    if breaching >= m:
        return "ALARM"
    if not real:
        return "INSUFFICIENT_DATA"
    if breaching < len(real):
        return "OK"
    oldest = next(len(values) - i for i, value in enumerate(values) if value is not None)
    return "ALARM" if oldest >= m else state


def run(series: Sequence[Sequence[float]], threshold: float, m: int, n: int) -> tuple[int, int]:
    """Evaluate one alarm per series over all minutes.

    Parameters
    ----------
    series:
        One-minute values, one sequence per alarm, all of the same length.
    threshold, m, n:
        The rule, M of N above the threshold.

    Returns
    -------
    tuple
        Evaluations made, transitions found.
    """
    minutes = len(series[0])
    points: list[defaultdict[int, list[float]]] = [defaultdict(list) for _ in series]
    states = ["INSUFFICIENT_DATA"] * len(series)
    evaluations = transitions = 0
    for minute in range(minutes):
        for i, values in enumerate(series):
            points[i][minute].append(values[minute])
            window: list[float | None] = []
            for at in range(minute - n - 1, minute + 1):
                got = points[i].get(at)
                window.append(sum(got) / len(got) if got else None)
            state = decide(window, threshold, m, n, states[i])
            evaluations += 1
            if state != states[i]:
                states[i] = state
                transitions += 1
    return evaluations, transitions
