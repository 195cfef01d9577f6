"""The evaluation of many ticks at once: the same table as :mod:`evaluation`, on arrays.

The tick at t looks at R windows ``[t - kP, t - (k-1)P)``, k = 1 the newest. Windows slide with the
tick and are not aligned to the clock: a five-minute alarm evaluated at minute 6 looks at minutes
1-6. Only points that have arrived by t are seen.

A decision depends on the data alone, never on the alarm's state (RETAIN leaves it to whoever folds
the states through), so decisions can be computed ahead and kept.

**Speed.** Most alarms watch a metric that has one point in each period, on the grid of ticks, and
nothing is missing. Then the statistic *is* the points, placed by an integer division, and "M of the
last N breach" is a difference of running counts (of integers, which are exact). That path is tried
first (``_on_the_grid``).

Otherwise, with a period that is a multiple of the step between ticks, the window k of tick t is the
window 1 of an earlier tick: the statistic is computed once on the grid of ticks and shifted. Only
window 1 can hold points that have not arrived (as long as nothing arrives later than a period after
it was due to); where points can be later than that, or ticks are not evenly spaced, every k is
computed by itself.

Sources: CloudWatch user guide, "Alarm evaluation"; aws-semantics 2.2, 2.3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from labkit.cloudwatch.engine.evaluation import (
    ALARM as ALARM_STATE,
)
from labkit.cloudwatch.engine.evaluation import BANDS, AlarmRule, Period
from labkit.cloudwatch.engine.evaluation import (
    INSUFFICIENT_DATA as INSUFFICIENT_STATE,
)
from labkit.cloudwatch.engine.evaluation import (
    OK as OK_STATE,
)
from labkit.cloudwatch.engine.samples import Floats, Ints, Samples
from labkit.cloudwatch.engine.statistics import bounds, sample_counts

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

OK, ALARM, INSUFFICIENT_DATA, RETAIN = 0, 1, 2, 3

#: State -> code in a column of decisions.
CODES = {OK_STATE: OK, ALARM_STATE: ALARM, INSUFFICIENT_STATE: INSUFFICIENT_DATA}
STATES = {code: state for state, code in CODES.items()}


def tick_step_us(rule: AlarmRule) -> int:
    """How often an alarm is evaluated: each minute; each 10 s or each hour at the extremes.

    Periods under a minute are evaluated every ten seconds, windows of more than a day once an hour.
    """
    if rule.period_us < MINUTE:
        return 10 * SECOND
    if rule.period_us * rule.evaluation_periods > DAY:
        return HOUR
    return MINUTE


def lookback_us(rule: AlarmRule) -> int:
    """How much data before a tick its evaluation needs."""
    return rule.period_us * rule.evaluation_range


def _grain(rule: AlarmRule) -> int:
    return min(rule.period_us, MINUTE)


def _due(rule: AlarmRule, samples: Samples, rows: Ints) -> Ints:
    """When rows were due: their arrival, and not before the end of their grain.

    Stored rows have no arrival of their own. Merged with pulled ones they carry their timestamp for
    one, a minute before they were due, and a lone point would be two periods old at once.
    """
    grain = _grain(rule)
    stamps = samples.timestamps[rows]
    due: Ints = stamps - stamps % grain + grain
    return due if samples.arrivals is None else np.maximum(due, samples.arrivals[rows])


def decisions(rule: AlarmRule, samples: Samples, ticks: Ints) -> np.ndarray:
    """The decision at each tick.

    Parameters
    ----------
    rule:
        The alarm's rule.
    samples:
        The points from ``lookback_us(rule)`` before the first tick on.
    ticks:
        int64[T], microseconds, ascending. Quick when they are ``tick_step_us(rule)`` apart.

    Returns
    -------
    int8[T]
        OK, ALARM, INSUFFICIENT_DATA or RETAIN.
    """
    size = rule.evaluation_range
    if not len(samples) or not len(ticks):
        return np.full(len(ticks), without_data(rule), dtype=np.int8)
    even = not (ticks[1:] - ticks[:-1] != tick_step_us(rule)).any()
    quick = _on_the_grid(rule, samples, ticks) if even else None
    if quick is not None:
        return quick
    breach = np.zeros((size, len(ticks)), dtype=bool)
    real = np.zeros((size, len(ticks)), dtype=bool)
    counts = np.zeros((size, len(ticks))) if rule.samples_needed else None
    for k, values, held in _windows(rule, samples, ticks, even):
        real[k] = values == values
        breach[k] = compare(rule, values)
        if counts is not None and held is not None:
            counts[k] = held
    return decide(rule, samples, ticks, real, breach, counts)


#: Statistics that are the point itself where a period holds one.
_ONE_POINT = frozenset({"Average", "Sum", "Minimum", "Maximum"})


def _on_the_grid(rule: AlarmRule, samples: Samples, ticks: Ints) -> np.ndarray | None:
    """The decisions where every period of every tick holds exactly one arrived point, else None.

    The ticks must be evenly spaced.
    """
    step = rule.period_us
    if step != tick_step_us(rule) or rule.parsed.kind not in _ONE_POINT:
        return None
    if samples.counts is not None or rule.samples_needed:
        return None
    stamps = samples.timestamps
    n = rule.evaluation_periods
    wanted = len(ticks) + n - 1  # the newest N periods of every tick decide, nothing else
    first_us = int(ticks[0]) - n * step
    first = int(np.searchsorted(stamps, first_us))
    if len(stamps) - first < wanted:
        return None
    if len(stamps) - first > wanted and stamps[first + wanted] < ticks[-1]:
        return None  # the last period holds a second point, which no gap between places shows
    stamps = stamps[first : first + wanted]
    places = (stamps - first_us) // step
    if places[0] != 0 or places[-1] != wanted - 1 or (places[1:] - places[:-1] != 1).any():
        return None
    if samples.arrivals is not None:
        late = samples.arrivals[first : first + wanted] > (places + 1) * step + first_us
        if late.any():
            return None
    breach = compare(rule, samples.sums[first : first + wanted])
    if not breach.any():
        return np.full(len(ticks), OK, dtype=np.int8)
    total = np.zeros(wanted + 1, dtype=np.int32)
    np.cumsum(breach, out=total[1:])
    return np.where(total[n:] - total[:-n] >= rule.needed, ALARM, OK).astype(np.int8)


def without_data(rule: AlarmRule) -> int:
    """The decision where there is no datapoint in the whole range."""
    return {"missing": INSUFFICIENT_DATA, "ignore": RETAIN, "breaching": ALARM}.get(
        rule.treat_missing_data, OK
    )


def compare(
    rule: AlarmRule, values: Floats, lower: Floats | None = None, upper: Floats | None = None
) -> np.ndarray:
    """Which values breach the threshold, or the band; a missing one (NaN) does not."""
    if rule.comparison in BANDS:
        assert lower is not None and upper is not None
        outside = np.zeros(values.shape, dtype=bool)
        if rule.comparison != "GreaterThanUpperThreshold":
            outside |= values < lower
        if rule.comparison != "LessThanLowerThreshold":
            outside |= values > upper
        return outside
    relation = {
        "GreaterThanThreshold": np.greater,
        "GreaterThanOrEqualToThreshold": np.greater_equal,
        "LessThanThreshold": np.less,
        "LessThanOrEqualToThreshold": np.less_equal,
    }[rule.comparison]
    found: np.ndarray = relation(values, rule.threshold)
    return found


def _windows(
    rule: AlarmRule, samples: Samples, ticks: Ints, even: bool
) -> Iterator[tuple[int, Floats, Floats | None]]:
    """(k - 1, the statistic, the sample counts) for the windows k = 1, 2, ... of all ticks."""
    period, size = rule.period_us, rule.evaluation_range
    step = tick_step_us(rule)
    statistic = rule.parsed
    weigh = bool(rule.samples_needed)
    late = samples.arrivals is not None and bool(
        np.any(samples.arrivals - samples.timestamps > period)
    )
    if period % step or late or not even or len(ticks) < 3:
        for k in range(size):
            ends = ticks - k * period
            held = sample_counts(samples, ends - period, ends, ticks) if weigh else None
            yield k, statistic.columns(samples, ends - period, ends, ticks), held
        return
    shift = period // step
    before = np.arange(-shift * (size - 1), 0, dtype=np.int64) * step + ticks[0]
    grid = np.concatenate([before, ticks])
    values = statistic.columns(samples, grid - period, grid)
    held = sample_counts(samples, grid - period, grid) if weigh else None
    newest = values[len(before) :]
    newest_held = None if held is None else held[len(before) :]
    if samples.arrivals is not None:
        newest = statistic.columns(samples, ticks - period, ticks, ticks)
        if weigh:
            newest_held = sample_counts(samples, ticks - period, ticks, ticks)
    yield 0, newest, newest_held
    for k in range(1, size):
        at = len(before) - k * shift
        yield (
            k, values[at : at + len(ticks)],
            None if held is None else held[at : at + len(ticks)],
        )  # fmt: skip


def decide(
    rule: AlarmRule,
    samples: Samples,
    ticks: Ints,
    real: np.ndarray,
    breach: np.ndarray,
    counts: Floats | None = None,
) -> np.ndarray:
    """The decisions, from which periods have a datapoint and which breach.

    Parameters
    ----------
    real, breach:
        bool[R, T], the newest period first.
    counts:
        float64[R, T]: how many values each period holds, where that matters.
    """
    n, m = rule.evaluation_periods, rule.needed
    total = real.sum(axis=0)
    # Only the newest N real periods count: a period counts while fewer than N real ones are newer.
    newer = np.cumsum(real, axis=0) - real
    counted = real & (newer < n)
    breaching = (breach & counted).sum(axis=0)
    fill = np.maximum(n - total, 0)
    result = np.where(breaching >= m, ALARM, OK).astype(np.int8)
    short = fill > 0
    if short.any():
        _fill(rule, samples, ticks, short, total, breaching, fill, real, result)
    if counts is not None:
        few = (counts * counted).sum(axis=0) < rule.samples_needed
        result[few & (total > 0)] = RETAIN
    return result


def _fill(
    rule: AlarmRule,
    samples: Samples,
    ticks: Ints,
    short: np.ndarray,
    total: np.ndarray,
    breaching: np.ndarray,
    fill: np.ndarray,
    real: np.ndarray,
    result: np.ndarray,
) -> None:
    """Decide the ticks at which fewer than N periods have a datapoint."""
    m = rule.needed
    treatment = rule.treat_missing_data
    if treatment == "breaching":
        result[short & (breaching + fill >= m)] = ALARM
        return
    if treatment == "notBreaching":
        return
    undecided = short & (breaching < m) & (breaching == total)
    if treatment == "ignore":
        result[undecided] = RETAIN
        return
    result[undecided & (total == 0)] = INSUFFICIENT_DATA
    young = np.flatnonzero(undecided & (total > 0))
    if len(young):
        oldest = _oldest_age(rule, samples, ticks[young], real[:, young])
        result[young] = np.where(oldest >= m, ALARM, RETAIN)


def _oldest_age(rule: AlarmRule, samples: Samples, ticks: Ints, real: np.ndarray) -> Ints:
    """The age of the oldest real period at each tick (every tick has one)."""
    size = rule.evaluation_range
    oldest = size - 1 - np.argmax(real[::-1], axis=0)
    ends = ticks - oldest * rule.period_us
    return ages(rule, samples, ticks, ends)


def ages(rule: AlarmRule, samples: Samples, ticks: Ints, ends: Ints) -> Ints:
    """Periods since the newest visible point of the windows ending at ``ends`` was due.

    A period whose datapoint no point made (FILL did) is as old as its place.
    """
    place: Ints = (ticks - ends) // rule.period_us + 1
    if not len(samples):
        return place
    first, last = bounds(samples, ends - rule.period_us, ends, ticks)
    due = _due(rule, samples, np.maximum(last - 1, 0))
    since = np.maximum((ticks - due) // rule.period_us, 0) + 1
    made: Ints = np.where(last > first, since, place)
    return made


def together(decided: np.ndarray) -> np.ndarray:
    """The decisions of an alarm on several series: int8[series, T] -> int8[T].

    ALARM when one is in ALARM, else OK when one is OK; else the state stays if one says so.
    """
    result = np.full(decided.shape[1], INSUFFICIENT_DATA, dtype=np.int8)
    for code in (RETAIN, OK, ALARM):
        result[(decided == code).any(axis=0)] = code
    return result


def window_at(rule: AlarmRule, samples: Samples, tick_us: int) -> list[Period]:
    """The evaluation range of one tick, oldest first: the scalar engine's input."""
    period, size = rule.period_us, rule.evaluation_range
    edges = tick_us - np.arange(size, -1, -1, dtype=np.int64) * period
    rows = np.searchsorted(samples.timestamps, edges)
    if samples.arrivals is not None:
        rows = np.minimum(rows, np.searchsorted(samples.arrivals, tick_us, side="right"))
    firsts = rows.tolist()
    starts = edges.tolist()
    single = rule.parsed.kind in _ONE_POINT and samples.counts is None
    filled = np.flatnonzero(rows[1:] > rows[:-1])
    values = samples.sums[rows[1:][filled] - 1]
    counts = np.ones(len(filled))
    dues = _due(rule, samples, rows[1:][filled] - 1)
    if len(filled) and not (single and (rows[1:] - rows[:-1] <= 1).all()):
        # All windows at once: each is worth what it would be by itself.
        ticks = np.full(len(filled), tick_us, dtype=np.int64)
        windows = (edges[:-1][filled], edges[1:][filled], ticks)
        values = rule.parsed.columns(samples, *windows)
        counts = sample_counts(samples, *windows)
    found = iter(zip(values.tolist(), counts.tolist(), dues.tolist(), strict=True))
    periods = []
    for k in range(size):
        if firsts[k + 1] <= firsts[k]:
            periods.append(Period(starts[k], None, 0.0, size - k))
            continue
        value, count, due = next(found)
        age = max((tick_us - due) // period, 0) + 1
        periods.append(Period(starts[k], None if math.isnan(value) else value, count, age))
    return periods


def transitions(ticks: Ints, decided: np.ndarray, state: str) -> list[tuple[int, str]]:
    """The ticks at which the state changes, and the new states, folding ``state`` through."""
    after = states(decided, state)
    before = np.concatenate([[CODES[state]], after[:-1]])
    changed = np.flatnonzero(after != before)
    return [
        (tick, STATES[code])
        for tick, code in zip(ticks[changed].tolist(), after[changed].tolist(), strict=True)
    ]


def states(decided: np.ndarray, state: str) -> np.ndarray:
    """The state's code after each tick, RETAIN resolved."""
    known = np.where(decided != RETAIN, np.arange(len(decided)), -1)
    last = np.maximum.accumulate(known)
    resolved: np.ndarray = np.where(last < 0, CODES[state], decided[np.maximum(last, 0)])
    return resolved
