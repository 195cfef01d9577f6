"""The detector of CloudTrail Insights, judged on scenarios, and its speed beside a naive one.

``python -m benchmarks.insights design|final [days]`` prints precision, recall and delay;
``python -m benchmarks.insights speed`` prints seconds for 30 days of 50 callers.

Precision is counted twice: over insights, and over stretches of trouble, where all insights within
half an hour of each other are one alert.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.insight_scenarios import (
    DAY,
    DESIGN_SEEDS,
    FINAL_SEEDS,
    JUDGED,
    KEYS,
    MINUTES,
    Scenario,
    scenario,
)
from benchmarks.measure import best
from labkit.cloudtrail.engine.insights import USUAL, Insight, Settings, Watch

#: An insight this many minutes off an incident still belongs to it.
SLACK = 5
#: A start told later than this is no help.
MOST_DELAY = 10


def detect(one: Scenario, settings: Settings = USUAL) -> dict[int, list[Insight]]:
    """Insights of the judged week, by series."""
    found = {}
    for row in range(len(KEYS)):
        mine = one.keys == row
        watch = Watch(settings, judged_from=JUDGED)
        watch.extend(one.minutes[mine], one.counts[mine])
        watch.advance(MINUTES)
        found[row] = watch.insights
    return found


def judge(seeds: Iterable[int], settings: Settings = USUAL) -> dict[str, Any]:
    """Precision over insights, recall over incidents, and delays in minutes."""
    right = wrong = hit = missed = 0
    alerts = [0, 0]
    delays: list[int] = []
    kinds: dict[str, list[int]] = {}
    innocent: dict[str, int] = {}
    for seed in seeds:
        one = scenario(seed)
        found = detect(one, settings)
        judged = []
        for row, insights in found.items():
            for insight in insights:
                true = any(
                    KEYS[row] in incident.keys
                    and insight.start <= incident.end + SLACK
                    and insight.over >= incident.start - SLACK
                    for incident in one.incidents
                )
                judged.append((insight.start, true))
                if true:
                    right += 1
                else:
                    wrong += 1
                    innocent[KEYS[row][1]] = innocent.get(KEYS[row][1], 0) + 1
        for alert in _alerts(judged):
            alerts[not any(alert)] += 1
        for incident in one.incidents:
            told = [
                insight.told - incident.start
                for row, insights in found.items()
                if KEYS[row] in incident.keys
                for insight in insights
                if incident.start - SLACK <= insight.start <= incident.end + SLACK
            ]
            tally = kinds.setdefault(incident.kind, [0, 0])
            tally[1] += 1
            if told and min(told) <= MOST_DELAY:
                hit += 1
                tally[0] += 1
                delays.append(max(0, min(told)))
            else:
                missed += 1
    return {
        "precision": right / max(1, right + wrong),
        "precision of alerts": alerts[0] / max(1, sum(alerts)),
        "alerts": sum(alerts),
        "recall": hit / (hit + missed),
        "incidents": hit + missed,
        "median delay": float(np.median(delays or [0])),
        "longest delay": max(delays, default=0),
        "by kind": {kind: f"{found} of {of}" for kind, (found, of) in sorted(kinds.items())},
        "innocent": innocent,
    }


def _alerts(judged: list[tuple[int, bool]]) -> list[list[bool]]:
    """Insights of all series that begin within half an hour of the one before, together."""
    found: list[list[bool]] = []
    last = -1_000
    for start, true in sorted(judged):
        if start - last > 30:
            found.append([])
        found[-1].append(true)
        last = start
    return found


def speed() -> dict[str, float]:
    """Seconds for 30 days of 50 callers: ours, and the naive one.

    The naive one is timed on a quarter of a day of two series, and scaled.
    """
    from benchmarks.naive_insights import unusual

    one = scenario(1)
    length = 30 * DAY
    early = one.minutes < length
    series = [
        (one.minutes[early & (one.keys == row)], one.counts[early & (one.keys == row)])
        for row in range(len(KEYS))
    ]

    def ours() -> None:
        for minutes, counts in series:
            watch = Watch(USUAL)
            watch.extend(minutes, counts)
            watch.advance(length)

    def naive() -> None:
        for minutes, counts in series[:2]:
            unusual(minutes, counts, length, length - DAY // 4)

    scale = len(KEYS) / 2 * 30 * 4
    return {"ours": best(ours, rounds=3, calls=1), "naive": best(naive, rounds=1, calls=1) * scale}


if __name__ == "__main__":
    if sys.argv[1] == "speed":
        print(json.dumps(speed()))
    else:
        which = FINAL_SEEDS if sys.argv[1] == "final" else DESIGN_SEEDS
        days = int(sys.argv[2]) if len(sys.argv) > 2 else USUAL.days
        print(json.dumps(judge(which, replace(USUAL, days=days)), indent=1))
