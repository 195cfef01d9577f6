"""The peer of the alarm benchmark: a literal loop, every alarm, every minute, point by point.

This is what an emulator would write first, and what the column engine must beat: points are
ingested as they come, and each minute each alarm gathers its window and decides.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def decide(
    values: Sequence[float | None],
    threshold: float,
    m: int,
    n: int,
    state: str,
    treatment: str = "missing",
) -> str:
    """The state after one evaluation (semantics 2.3)."""
    real = [value for value in values if value is not None]
    breaching = sum(value > threshold for value in real)
    if len(real) >= n:
        return "ALARM" if sum(value > threshold for value in real[-n:]) >= m else "OK"
    if treatment == "breaching":
        return "ALARM" if breaching + n - len(real) >= m else "OK"
    if breaching >= m:
        return "ALARM"
    if treatment == "notBreaching":
        return "OK"
    if not real:
        return "INSUFFICIENT_DATA" if treatment == "missing" else state
    if breaching < len(real):
        return "OK"
    if treatment == "ignore":
        return state
    oldest = next(len(values) - i for i, value in enumerate(values) if value is not None)
    return "ALARM" if oldest >= m else state


def run(
    series: Sequence[Sequence[float | None]],
    threshold: float,
    m: int,
    n: int,
    period: int = 60,
    treatments: Sequence[str] = ("missing",),
) -> tuple[int, int]:
    """Evaluate one alarm per series over all minutes.

    Like the engine it takes points at any time and windows of any length that slide with the tick,
    so a window is found in the points by their times. (A loop for one-minute points on the minute
    alone could do with a dictionary; it would be about twice as fast, and good for nothing else.)

    Parameters
    ----------
    series:
        One-minute values, one sequence per alarm, all of the same length; None is missing.
    threshold, m, n:
        The rule, M of N above the threshold.
    period:
        Of the alarm, seconds.
    treatments:
        How the alarms treat missing data, given out in turn.

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
            value = values[minute]
            if value is not None:
                times[i].append(60 * minute)
                points[i].append(value)
            window: list[float | None] = []
            for k in range(n + 2, 0, -1):
                first = bisect_left(times[i], tick - k * period)
                last = bisect_left(times[i], tick - (k - 1) * period)
                got = points[i][first:last]
                window.append(sum(got) / len(got) if got else None)
            state = decide(window, threshold, m, n, states[i], treatments[i % len(treatments)])
            evaluations += 1
            if state != states[i]:
                states[i] = state
                transitions += 1
    return evaluations, transitions
