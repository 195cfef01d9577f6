"""The detector of CloudTrail Insights, judged on scenarios, and its speed beside a naive one.

``python -m benchmarks.insights design|final [days]`` prints precision, recall and delay.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.insight_scenarios import (
    DESIGN_SEEDS,
    FINAL_SEEDS,
    JUDGED,
    KEYS,
    MINUTES,
    Scenario,
    scenario,
)
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
    delays: list[int] = []
    kinds: dict[str, list[int]] = {}
    innocent: dict[str, int] = {}
    for seed in seeds:
        one = scenario(seed)
        found = detect(one, settings)
        for row, insights in found.items():
            for insight in insights:
                if any(
                    KEYS[row] in incident.keys
                    and insight.start <= incident.end + SLACK
                    and insight.over >= incident.start - SLACK
                    for incident in one.incidents
                ):
                    right += 1
                else:
                    wrong += 1
                    innocent[KEYS[row][1]] = innocent.get(KEYS[row][1], 0) + 1
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
        "precision": right / (right + wrong),
        "recall": hit / (hit + missed),
        "incidents": hit + missed,
        "median delay": float(np.median(delays)),
        "longest delay": max(delays),
        "by kind": {kind: f"{found} of {of}" for kind, (found, of) in sorted(kinds.items())},
        "innocent": innocent,
    }


if __name__ == "__main__":
    which = FINAL_SEEDS if sys.argv[1] == "final" else DESIGN_SEEDS
    days = int(sys.argv[2]) if len(sys.argv) > 2 else USUAL.days
    print(json.dumps(judge(which, replace(USUAL, days=days)), indent=1))
