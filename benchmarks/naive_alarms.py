"""The peer of the alarm benchmark: a literal loop, every alarm, every minute, point by point.

This is what an emulator would write first, and what the column engine must beat: points are
ingested as they come, and each minute each alarm gathers its window and decides.
"""

from __future__ import annotations

from bisect import bisect_left
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


def run(
    series: Sequence[Sequence[float]], threshold: float, m: int, n: int, period: int = 60
) -> tuple[int, int]:
    """Evaluate one alarm per series over all minutes.

    Like the engine it takes points at any time and windows of any length that slide with the tick,
    so a window is found in the points by their times. (A loop for one-minute points on the minute
    alone could do with a dictionary; it would be about twice as fast, and good for nothing else.)

    Parameters
    ----------
    series:
        One-minute values, one sequence per alarm, all of the same length.
    threshold, m, n:
        The rule, M of N above the threshold.
    period:
        Of the alarm, seconds.

    Returns
    -------
    tuple
        Evaluations made, transitions found.
    """
    minutes = len(series[0])
    times: list[list[int]] = [[] for _ in series]
    points: list[list[float]] = [[] for _ in series]
    states = ["INSUFFICIENT_DATA"] * len(series)
    evaluations = transitions = 0
    for minute in range(minutes):
        tick = 60 * (minute + 1)
        for i, values in enumerate(series):
            times[i].append(60 * minute)
            points[i].append(values[minute])
            window: list[float | None] = []
            for k in range(n + 2, 0, -1):
                first = bisect_left(times[i], tick - k * period)
                last = bisect_left(times[i], tick - (k - 1) * period)
                got = points[i][first:last]
                window.append(sum(got) / len(got) if got else None)
            state = decide(window, threshold, m, n, states[i])
            evaluations += 1
            if state != states[i]:
                states[i] = state
                transitions += 1
    return evaluations, transitions
