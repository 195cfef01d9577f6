"""What the detector of Insights is measured against: a rolling computation, minute by minute.

The same three rules and the same baseline of 28 days, written down the direct way: pandas counts
the windows of every minute, and each day's limit looks at all the minutes of the days before.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.insight_scenarios import DAY
from labkit.cloudtrail.engine.insights import USUAL


def unusual(minutes: np.ndarray, counts: np.ndarray, length: int, judged: int) -> list[int]:
    """Minutes whose window exceeds the limit of their day, of one series."""
    series = pd.Series(counts, index=minutes).reindex(range(length), fill_value=0)
    windows = series.rolling(USUAL.window, min_periods=1).sum()
    found = []
    for minute in range(judged, length):
        day = minute // DAY * DAY
        start = max(0, day - USUAL.days * DAY)
        peak = windows.iloc[start:day].max() if day else 0
        mean = series.iloc[start:day].sum() / max(1, day - start) * USUAL.window if day else 0
        limit = max(
            USUAL.floor,
            USUAL.factor * peak + USUAL.spread * np.sqrt(peak),
            mean + USUAL.sigmas * np.sqrt(mean),
        )
        if windows.iloc[minute] > limit:
            found.append(minute)
    return found
