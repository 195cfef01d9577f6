"""The points of an EC2 machine: pure functions of what is kept of it, over whole columns.

Values are computed by the minute, as whole numbers of a small unit (ten-thousandths of a percent,
bytes, millionths of a credit) held in float64. Sums of whole numbers are exact in any order, so a
five-minute point is the same to the last bit wherever the stretch asked for is cut.

Columns always begin and end at full five minutes of the clock; only when all is said, the points
whose timestamps lie outside of the stretch are cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from labkit.core.clock import DAY, MINUTE
from labkit.core.sources import Points
from labkit.workloads.cpu_credits import BURSTABLE, Purse, at_start, spend
from labkit.workloads.ec2_metrics import BASIC_MINUTES, BASIC_US, CREDITS, METRICS, Grain, Metric
from labkit.workloads.intervals import Span, minutes_of
from labkit.workloads.machine import Machine
from labkit.workloads.noise import uniform

#: Figures have four decimals; CPU is computed in ten-thousandths of a percent.
_TENTHOUSANDTHS = 1e4
_DAY_MINUTES = DAY // MINUTE

#: How far noise takes the CPU, in percent: this much, less near the ends of the scale so that it
#: never leaves 0 to 100. At 20 % it is 1 percent, at 98 % 0.8.
_SWING, _SWING_LOW, _SWING_HIGH = 1.0, 0.05, 0.4
#: How far noise takes amounts (bytes, packets), as a share of them.
_AMOUNT_SWING = 0.05

#: Grids up to this long are kept for the next machine that is asked for the same stretch.
_KEPT_MINUTES = 8 * 1440

Columns = tuple[np.ndarray, np.ndarray, np.ndarray]


def points(machine: Machine, name: str, start_us: int, end_us: int) -> Points:
    """The points of one metric with ``start_us <= timestamp < end_us``.

    Parameters
    ----------
    machine:
        What is kept of the machine.
    name:
        A name of :data:`~labkit.workloads.ec2_metrics.METRICS`.
    start_us, end_us:
        Microseconds. The stretch may reach into the future: what is said about it holds as long
        as nothing changes.
    """
    metric = METRICS[name]
    first, last = _reach(machine, start_us, end_us)
    if first >= last:
        return nothing(metric.unit)
    if name == "CPUCreditBalance":
        columns = _balances(machine, first, last)
    elif name == "CPUCreditUsage":
        columns = _usage(machine, first, last)
    elif metric.checks:
        ran = _mask(machine.runs, first, last)
        columns = _by_minute(first, last, ran, _checks(machine, metric, first, last))
    else:
        columns = _figures(machine, metric, first, last)
    return Points(*_cut(columns, start_us, end_us), metric.unit)


def nothing(unit: str = "None") -> Points:
    """No points."""
    none = np.empty(0, dtype=np.int64)
    return Points(none, np.empty(0, dtype=np.float64), none, unit)


def first_arrivals(machine: Machine) -> dict[str, int]:
    """When the first point of each metric arrives; metrics that will have none are left out."""
    first: dict[Grain | str, int] = {}
    found = {}
    for name in machine.names():
        # Metrics of one grain have their first point together; credits may wait for a t type.
        grain: Grain | str = "credits" if name in CREDITS else METRICS[name].grain
        if grain not in first:
            first[grain] = _first_arrival(machine, name)
        if first[grain] >= 0:
            found[name] = first[grain]
    return found


def _first_arrival(machine: Machine, name: str) -> int:
    for run in machine.runs:
        if run.start_us // MINUTE < run.end_us // MINUTE:
            begin_us = run.start_us - run.start_us % BASIC_US
            arrivals = points(machine, name, begin_us, begin_us + BASIC_US).arrivals
            if len(arrivals):
                return int(arrivals[0])
    return -1


# -- which minutes
def _reach(machine: Machine, start_us: int, end_us: int) -> tuple[int, int]:
    """The full five minutes, as minutes ``[first, last)``, that matter for a stretch of time."""
    if not machine.runs:
        return 0, 0
    start_us = max(start_us, machine.runs[0].start_us)
    end_us = min(end_us, machine.runs[-1].end_us)
    return start_us // BASIC_US * BASIC_MINUTES, -(-end_us // BASIC_US) * BASIC_MINUTES


def _mask(spans: Sequence[Span], first: int, last: int) -> np.ndarray | None:
    """Which minutes the spans count for; None when they count for all."""
    mask = None
    for _, a, b in minutes_of(spans, first, last):
        if a == first and b == last:
            return None
        if mask is None:
            mask = np.zeros(last - first, dtype=bool)
        mask[a - first : b - first] = True
    return np.zeros(last - first, dtype=bool) if mask is None else mask


# -- what each minute saw
def _level(machine: Machine, first: int, last: int) -> np.ndarray | float:
    """What was set for the CPU, as the mean over each minute; one number if it is the same in all.

    Percent.
    """
    begin, end = machine.levels.between(first * MINUTE, last * MINUTE)
    times, figures = (column[begin:end] for column in machine.level_columns)
    if end - begin == 1:
        return float(figures[0])
    # Every minute has the level that holds at its start ...
    full = np.clip(-(-times // MINUTE), first, last)
    means = np.repeat(figures, np.diff(full, append=last))
    # ... and of a jump within the minute, that share of it which is still to come.
    jumps = times[1:]
    shares = (-jumps % MINUTE) / MINUTE
    if shares.any():
        np.add.at(means, jumps // MINUTE - first, np.diff(figures) * shares)
    return means


def _cpu(machine: Machine, first: int, last: int) -> np.ndarray:
    """CPU of each minute, whole ten-thousandths of a percent."""
    level = _level(machine, first, last)
    swing = np.minimum(np.minimum(level * _SWING_LOW, (100.0 - level) * _SWING_HIGH), _SWING)
    cpu = uniform(machine.key("CPUUtilization"), first, last)
    cpu *= swing
    cpu += level
    cpu *= _TENTHOUSANDTHS
    return np.rint(cpu, out=cpu)


def _amounts(machine: Machine, metric: Metric, first: int, last: int) -> np.ndarray:
    """Bytes or counts of each minute, whole numbers."""
    amounts = _cpu(machine, first, last)
    amounts *= metric.per_percent / _TENTHOUSANDTHS
    amounts += metric.at_rest
    noise = uniform(machine.key(metric.channel), first, last)
    noise *= _AMOUNT_SWING
    noise += 1.0
    amounts *= noise
    np.rint(amounts, out=amounts)
    amounts *= metric.times
    return amounts


def _checks(machine: Machine, metric: Metric, first: int, last: int) -> np.ndarray:
    failed = np.zeros(last - first)
    for check in metric.checks:
        for _, a, b in minutes_of(machine.failing.get(check, ()), first, last):
            failed[a - first : b - first] = 1.0
    return failed


# -- how minutes become points
def _grid(first: int, last: int, step_us: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the periods of ``[first, last)`` minutes begin and end, microseconds; read-only.

    A thousand alarms ask their machines for the same day one after the other.
    """
    make = _kept_grid if last - first <= _KEPT_MINUTES else _kept_grid.__wrapped__
    return make(first, last, step_us)


@lru_cache(maxsize=16)
def _kept_grid(first: int, last: int, step_us: int) -> tuple[np.ndarray, np.ndarray]:
    starts = np.arange(first * MINUTE, last * MINUTE, step_us, dtype=np.int64)
    ends = starts + step_us
    starts.flags.writeable = ends.flags.writeable = False
    return starts, ends


def _figures(machine: Machine, metric: Metric, first: int, last: int) -> Columns:
    """CPU and amounts: by the minute or by five, as the metric and the monitoring want it."""
    is_cpu = metric.name == "CPUUtilization"
    values = _cpu(machine, first, last) if is_cpu else _amounts(machine, metric, first, last)
    scale = _TENTHOUSANDTHS if is_cpu else 1.0
    ran = _mask(machine.runs, first, last)
    detailed = None
    if metric.grain is Grain.MONITORING:
        detailed = _mask(machine.detailed, first, last)
        if detailed is None:
            values /= scale
            return _by_minute(first, last, ran, values)
        detailed = _to_full_five(detailed)
    if detailed is None or not detailed.any():
        starts, sums, counts, ends = _by_five(first, last, ran, values)
        return starts, _together(sums, counts, scale, is_cpu), ends
    return _mixed(first, last, ran, values, detailed, scale, is_cpu)


def _to_full_five(detailed: np.ndarray) -> np.ndarray:
    """Five minutes that have begun in detail end in detail.

    So the basic minutes of five are always their first ones, and what was told by the minute does
    not become part of a five-minute point afterwards.
    """
    fives = np.logical_or.accumulate(detailed.reshape(-1, BASIC_MINUTES), axis=1)
    return fives.reshape(-1)


def _by_minute(first: int, last: int, ran: np.ndarray | None, values: np.ndarray) -> Columns:
    starts, ends = _grid(first, last, MINUTE)
    return (starts, values, ends) if ran is None else (starts[ran], values[ran], ends[ran])


def _by_five(
    first: int, last: int, ran: np.ndarray | None, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of the five minutes in which any minute counts: starts, sums, how many minutes, ends."""
    starts, ends = _grid(first, last, BASIC_US)
    if ran is None:
        sums = values.reshape(-1, BASIC_MINUTES).sum(axis=1)
        return starts, sums, np.full(len(starts), BASIC_MINUTES), ends
    counts = ran.reshape(-1, BASIC_MINUTES).sum(axis=1)
    sums = np.where(ran, values, 0.0).reshape(-1, BASIC_MINUTES).sum(axis=1)
    some = counts > 0
    return starts[some], sums[some], counts[some], ends[some]


def _together(sums: np.ndarray, counts: np.ndarray, scale: float, mean: bool) -> np.ndarray:
    """Figures of five minutes out of whole numbers: a mean rounded to four decimals, or a sum."""
    figures: np.ndarray = np.rint(sums / counts) / scale if mean else sums / scale
    return figures


def _mixed(
    first: int,
    last: int,
    ran: np.ndarray | None,
    values: np.ndarray,
    detailed: np.ndarray,
    scale: float,
    mean: bool,
) -> Columns:
    """Five-minute points, then minutes, where detailed monitoring goes on or off on the way."""
    basic = ~detailed if ran is None else ran & ~detailed
    starts, sums, counts, _ = _by_five(first, last, basic, values)
    # The basic point of five minutes that go over to detail covers the minutes before, and comes
    # with the first detailed one: waiting for the end of the five, it would come after them.
    before = BASIC_MINUTES - detailed.reshape(-1, BASIC_MINUTES).sum(axis=1)
    wait = np.minimum(before + 1, BASIC_MINUTES)[(starts // MINUTE - first) // BASIC_MINUTES]
    shown = detailed if ran is None else ran & detailed
    stamps, by_minute, arrivals = _by_minute(first, last, shown, values / scale)
    stamps = np.concatenate([starts, stamps])
    order = np.argsort(stamps, kind="stable")
    figures = np.concatenate([_together(sums, counts, scale, mean), by_minute])
    arrivals = np.concatenate([starts + wait * MINUTE, arrivals])
    return stamps[order], figures[order], arrivals[order]


def _cut(columns: Columns, start_us: int, end_us: int) -> Columns:
    stamps, values, arrivals = columns
    if not len(stamps) or (stamps[0] >= start_us and stamps[-1] < end_us):
        return columns
    low, high = np.searchsorted(stamps, (start_us, end_us))
    return stamps[low:high], values[low:high], arrivals[low:high]


# -- CPU credits
def _usage(machine: Machine, first: int, last: int) -> Columns:
    used, spends = _used(machine, first, last)
    starts, sums, _, ends = _by_five(first, last, spends, used)
    return starts, np.rint(sums / 100) / _TENTHOUSANDTHS, ends


def _used(machine: Machine, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Millionths of a credit that each minute used, and in which minutes a t type ran."""
    vcpus = np.zeros(last - first)
    for run, a, b in minutes_of(machine.runs, first, last):
        if run.what in BURSTABLE:
            vcpus[a - first : b - first] = BURSTABLE[run.what].vcpus
    # A ten-thousandth of a percent of one vCPU for a minute is a millionth of a credit.
    return _cpu(machine, first, last) * vcpus, vcpus > 0


def _balances(machine: Machine, first: int, last: int) -> Columns:
    """A balance follows from all that went before: day by day, from the last known midnight."""
    begin = machine.runs[0].start_us // DAY
    if not machine.midnights:
        machine.midnights.append(Purse())
    day = min(first // _DAY_MINUTES, begin + len(machine.midnights) - 1)
    shown: dict[int, int] = {}
    while day * _DAY_MINUTES < last:
        place = day - begin
        balances, purse = _day_of_balances(machine, day, machine.midnights[place])
        if place + 1 == len(machine.midnights):
            machine.midnights.append(purse)
        shown.update(balances)
        day += 1
    starts = np.fromiter(shown, dtype=np.int64, count=len(shown))
    starts *= BASIC_US
    values = np.fromiter(shown.values(), dtype=np.float64, count=len(shown))
    return starts, np.rint(values / 100) / _TENTHOUSANDTHS, starts + BASIC_US


def _day_of_balances(machine: Machine, day: int, purse: Purse) -> tuple[dict[int, int], Purse]:
    """Number of five minutes -> balance at their end, and the purse at the day's end."""
    first, last = day * _DAY_MINUTES, (day + 1) * _DAY_MINUTES
    used, _ = _used(machine, first, last)
    balances: dict[int, int] = {}
    for run, a, b in minutes_of(machine.runs, first, last):
        kind = BURSTABLE.get(run.what)
        if kind is None:
            continue
        if a == run.start_us // MINUTE:
            purse = at_start(kind, purse, _stopped_us(machine, run))
        begin, end = a // BASIC_MINUTES, -(-b // BASIC_MINUTES)
        counts = np.zeros((end - begin) * BASIC_MINUTES)
        offset = begin * BASIC_MINUTES
        counts[a - offset : b - offset] = 1.0
        uses = counts * used[offset - first : end * BASIC_MINUTES - first]
        minutes, sums = (
            column.reshape(-1, BASIC_MINUTES).sum(axis=1).astype(np.int64).tolist()
            for column in (counts, uses)
        )
        purse, after = spend(kind, purse, minutes, sums)
        balances.update(zip(range(begin, end), after, strict=True))
    return balances, purse


def _stopped_us(machine: Machine, run: Span) -> int | None:
    """How long the machine had been stopped when ``run`` began; None at its launch."""
    place = machine.runs.index(run)
    return run.start_us - machine.runs[place - 1].end_us if place else None
