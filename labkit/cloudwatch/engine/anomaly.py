"""The band of normal values: a seasonal model of our own.

AWS does not publish its algorithm. It says what the model knows: hourly, daily and weekly patterns
and a trend, from up to two weeks of data, fewer if there are no more. This one knows the same, is
the same in every run, and takes about two milliseconds:

1. **Trend.** The slope through the medians of whole days (the median of the slopes of all pairs of
   days: one bad day does not bend it). With fewer than four days there is none.
2. **Season.** The median of each hour of the day; then, for each hour of the week, how far the
   median of that hour lies from it. An hour of the week that was seen once counts half: the
   outage of last Tuesday is not what Tuesdays look like.
3. **Spikes.** With ``PeriodicSpikes`` the same once more for every twelfth of an hour.
4. **Spread.** 1.4826 times the median of the absolute residuals of an hour of the day (the
   standard deviation, if they were normal), at least half of that of all of them, at least one per
   cent of the level: a flat metric has a band that one can see.
5. **Outliers** further than a multiple of the spread are left out, and 2-4 are done again.

Medians all the way, so an incident in the training data hardly moves the band; the ranges that
``ExcludedTimeRanges`` names do not move it at all. Metrics that were never negative have no
negative band, percentages none above 100.

``AdaptationSpeed`` FAST looks back one week, the others two; SLOW follows no trend.

Source: CloudWatch user guide, "Using CloudWatch anomaly detection"; aws-semantics 1.9.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

Floats = np.ndarray
Ints = np.ndarray

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
#: How often a model is trained anew, at multiples of this since 1970.
RETRAINED_US = 3 * HOUR
#: With less than this a model is not trained.
LEAST_US = 3 * HOUR
#: With less than this a model says TRAINED_INSUFFICIENT_DATA.
ENOUGH_US = 3 * DAY

_ROBUST = 1.4826
_OUTLIERS = {"MINIMAL": 12.0, "MODERATE": 6.0, "STRICT": 3.5}


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a model is trained.

    Parameters
    ----------
    excluded:
        Ranges that are not looked at, [(start, end)] in microseconds, ends exclusive.
    timezone:
        Whose hours of the day and of the week count (``Europe/Rome``).
    periodic_spikes:
        Whether the metric has spikes within the hour that come again.
    speed, filtering:
        AdaptationSpeed and OutlierFilteringStrength.
    """

    excluded: tuple[tuple[int, int], ...] = ()
    timezone: str = "UTC"
    periodic_spikes: bool = False
    speed: str = "NORMAL"
    filtering: str = "MODERATE"

    @property
    def window_us(self) -> int:
        """How far back the training looks."""
        return 7 * DAY if self.speed == "FAST" else 14 * DAY


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model.

    Parameters
    ----------
    configuration:
        How it was trained.
    centre_us, slope:
        The trend: ``slope`` per day, 0 at ``centre_us``.
    week:
        float64[168]: what is normal in each hour of the week, Monday 00:00 first.
    twelfths:
        float64[12]: what is added in each twelfth of an hour.
    spread:
        float64[24]: one standard deviation, for each hour of the day.
    low, high:
        What the band never leaves.
    """

    configuration: Configuration
    centre_us: int
    slope: float
    week: Floats
    spread: Floats
    twelfths: Floats = field(default_factory=lambda: np.zeros(12))
    low: float = -np.inf
    high: float = np.inf

    def expected(self, times: Ints) -> Floats:
        """What is normal at these times."""
        local = _local(times, self.configuration.timezone)
        level: Floats = self.week[_hour_of_week(local)] + self.twelfths[_twelfth(local)]
        return level + self.slope * (times - self.centre_us) / DAY

    def band(self, times: Ints, width: float) -> tuple[Floats, Floats]:
        """Lower and upper bound at these times, ``width`` standard deviations away."""
        expected = self.expected(times)
        local = _local(times, self.configuration.timezone)
        half = width * self.spread[_hour_of_week(local) % 24]
        lower = np.clip(expected - half, self.low, self.high)
        upper = np.clip(expected + half, self.low, self.high)
        return lower, upper


def train(
    times: Ints, values: Floats, configuration: Configuration, *, percent: bool = False
) -> Model | None:
    """A model of these points, or None when there are too few.

    Parameters
    ----------
    times:
        int64[n], microseconds, ascending.
    values:
        float64[n], NaN where a point is missing.
    configuration:
        How to train.
    percent:
        Whether the values are percentages.
    """
    keep = ~np.isnan(values)
    for start, end in configuration.excluded:
        keep &= (times < start) | (times >= end)
    times, values = times[keep], values[keep]
    if len(times) < 3 or times[-1] - times[0] < LEAST_US - HOUR:
        return None
    local = _local(times, configuration.timezone)
    centre = int(times[-1])
    slope = 0.0 if configuration.speed == "SLOW" else _slope(local, values)
    flat = values - slope * (times - centre) / DAY
    model = _seasonal(configuration, centre, slope, local, flat)
    residuals = np.abs(values - model.expected(times))
    limit = _OUTLIERS[configuration.filtering] * model.spread[_hour_of_week(local) % 24]
    usual = residuals <= limit
    if not usual.all() and usual.sum() >= 3:
        model = _seasonal(configuration, centre, slope, local[usual], flat[usual])
    low = 0.0 if values.min() >= 0 else -np.inf
    high = 100.0 if percent else np.inf
    return Model(configuration, centre, slope, model.week, model.spread, model.twelfths, low, high)


def _seasonal(
    configuration: Configuration, centre: int, slope: float, local: Ints, flat: Floats
) -> Model:
    hours = _hour_of_week(local)
    of_day = hours % 24
    overall = float(np.median(flat))
    daily = _medians(of_day, flat, 24, np.full(24, overall))
    weeks = _weeks_seen(hours, local)
    apart = _medians(hours, flat - daily[of_day], 168, np.zeros(168))
    week = np.tile(daily, 7) + apart * np.where(weeks > 1, 1.0, 0.5)
    residuals = flat - week[hours]
    twelfths = np.zeros(12)
    if configuration.periodic_spikes:
        place = _twelfth(local)
        twelfths = _medians(place, residuals, 12, twelfths)
        residuals = residuals - twelfths[place]
    size = np.abs(residuals)
    general = _ROBUST * float(np.median(size))
    spread = _ROBUST * _medians(of_day, size, 24, np.full(24, general / _ROBUST))
    spread = np.maximum(spread, max(general / 2, abs(overall) / 100))
    return Model(configuration, centre, slope, week, spread, twelfths)


def _medians(places: Ints, values: Floats, size: int, otherwise: Floats) -> Floats:
    """The median of the values of each place; ``otherwise`` where a place has none."""
    order = np.lexsort((values, places))
    sorted_places, sorted_values = places[order], values[order]
    firsts = np.searchsorted(sorted_places, np.arange(size))
    lasts = np.searchsorted(sorted_places, np.arange(size), side="right")
    counts = lasts - firsts
    made = otherwise.astype(np.float64).copy()
    has = counts > 0
    below = firsts[has] + (counts[has] - 1) // 2
    above = firsts[has] + counts[has] // 2
    made[has] = (sorted_values[below] + sorted_values[above]) / 2
    return made


def _weeks_seen(hours: Ints, local: Ints) -> Ints:
    """In how many weeks each hour of the week has a point: int64[168]."""
    pairs = np.unique(hours + 168 * (local // HOUR // 168))
    seen: Ints = np.bincount(pairs % 168, minlength=168)
    return seen


def _slope(local: Ints, values: Floats) -> float:
    """Change per day: the median of the slopes between the medians of whole days."""
    days = local // DAY
    first, last = int(days[0]), int(days[-1])
    if last - first < 4:
        return 0.0
    whole = (days > first) & (days < last)
    if not whole.any():
        return 0.0
    number = np.arange(last - first - 1)
    medians = _medians(
        days[whole] - first - 1, values[whole], len(number), np.full(len(number), np.nan)
    )
    left, right = np.triu_indices(len(number), 1)
    slopes = (medians[right] - medians[left]) / (number[right] - number[left])
    slopes = slopes[~np.isnan(slopes)]
    return float(np.median(slopes)) if len(slopes) else 0.0


def _local(times: Ints, timezone: str) -> Ints:
    """The times as the clocks of a time zone show them."""
    if timezone in ("UTC", "", "Z"):
        return times
    zone = ZoneInfo(timezone)
    hours, back = np.unique(times // HOUR, return_inverse=True)
    shifts = [
        datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone).utcoffset()
        for hour in hours.tolist()
    ]
    shift = np.array([0 if s is None else int(s.total_seconds()) * SECOND for s in shifts])
    shown: Ints = times + shift[back]
    return shown


def _hour_of_week(local: Ints) -> Ints:
    # 1970-01-01 was a Thursday: three days after a Monday.
    place: Ints = (local // HOUR + 72) % 168
    return place


def _twelfth(local: Ints) -> Ints:
    place: Ints = local % HOUR // (HOUR // 12)
    return place


def state_of(first_us: int | None, moment_us: int) -> str:
    """The StateValue of a model: by how long a stretch of data it knows at ``moment_us``.

    Parameters
    ----------
    first_us:
        The oldest point it may train on; None without any.
    moment_us:
        When it was trained last; the models of AWS take a while too.
    """
    if first_us is None or moment_us - first_us < LEAST_US:
        return "PENDING_TRAINING"
    return "TRAINED" if moment_us - first_us >= ENOUGH_US else "TRAINED_INSUFFICIENT_DATA"
