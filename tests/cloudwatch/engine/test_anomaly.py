"""The seasonal model: what it learns, what it is not moved by, how it is clamped."""

import numpy as np
import pytest

from labkit.cloudwatch.engine.anomaly import (
    DAY,
    HOUR,
    Configuration,
    state_of,
    train,
)

MONDAY = 1_767_571_200_000_000  # 2026-01-05T00:00:00Z
STEP = 300_000_000
WEEKS = 14 * DAY


def times(days=14):
    return np.arange(MONDAY, MONDAY + days * DAY, STEP, dtype=np.int64)


def noise(count, size=1.0):
    return np.random.default_rng(7).normal(0, size, count)


def hour(at):
    return at % DAY // HOUR


def test_daily_and_weekly_seasons():
    at = times()
    weekend = (at // DAY + 3) % 7 >= 5
    values = np.where(weekend, 20.0, 100.0 + 10 * hour(at)) + noise(len(at))
    model = train(at, values, Configuration())
    friday, saturday = MONDAY + 18 * DAY + 12 * HOUR, MONDAY + 19 * DAY + 12 * HOUR
    assert model.expected(np.array([friday, saturday])) == pytest.approx([220, 20], abs=2)


def test_a_trend_goes_on():
    at = times()
    model = train(at, 100 + 5 * (at - MONDAY) / DAY + noise(len(at)), Configuration())
    later = np.array([MONDAY + 15 * DAY + 6 * HOUR])
    assert model.expected(later) == pytest.approx(100 + 5 * 15.25, abs=4)
    slow = train(at, 100 + 5 * (at - MONDAY) / DAY, Configuration(speed="SLOW"))
    assert slow.slope == 0


def test_the_width_is_about_so_many_standard_deviations():
    at = times()
    lower, upper = train(at, 100 + noise(len(at), 3), Configuration()).band(at[-50:], 2)
    assert (upper - lower).mean() == pytest.approx(12, rel=0.15)


@pytest.mark.parametrize("filtering", ["MINIMAL", "MODERATE", "STRICT"])
def test_an_incident_hardly_moves_the_band(filtering):
    at = times()
    values = 100 + noise(len(at))
    hit = values.copy()
    hit[1000:1036] = 900
    quiet, after = (
        train(at, one, Configuration(filtering=filtering)).expected(at[1000:1036])
        for one in (values, hit)
    )
    assert np.abs(after - quiet).max() < 3


def test_excluded_ranges_do_not_count_at_all():
    at = times()
    values = 100 + noise(len(at))
    start, end = int(at[500]), int(at[1500])
    hit = values.copy()
    hit[500:1500] = 900
    configuration = Configuration(excluded=((start, end),))
    one, other = (train(at, v, configuration).expected(at) for v in (values, hit))
    assert (one == other).all()


def test_spikes_within_the_hour():
    at = times()
    values = 10 + 40.0 * (at % HOUR // STEP == 3) + noise(len(at), 0.1)
    moment = np.array([MONDAY + 15 * DAY + 15 * 60_000_000])
    assert train(at, values, Configuration(periodic_spikes=True)).expected(moment) == pytest.approx(
        [50], abs=1
    )
    assert train(at, values, Configuration()).expected(moment) == pytest.approx([10], abs=1)


def test_the_hours_are_those_of_the_time_zone():
    at = times()
    local = at + HOUR  # Rome in January
    values = np.where(hour(local) == 9, 80.0, 5.0)
    model = train(at, values, Configuration(timezone="Europe/Rome"))
    # In July the same clock time is an hour earlier in UTC.
    july = 1_783_324_800_000_000  # 2026-07-06T08:00:00Z is 10:00 in Rome
    assert model.expected(np.array([july - HOUR, july])) == pytest.approx([80, 5], abs=1)


def test_bounds_that_the_metric_can_not_leave():
    at = times()
    lower, upper = train(at, np.abs(noise(len(at))), Configuration()).band(at, 5)
    assert lower.min() == 0
    _, upper = train(at, 99.5 + 0.1 * noise(len(at)), Configuration(), percent=True).band(at, 9)
    assert upper.max() == 100
    lower, _ = train(at, noise(len(at)), Configuration()).band(at, 2)
    assert lower.min() < -1


def test_a_flat_metric_has_a_band():
    at = times()
    lower, upper = train(at, np.full(len(at), 50.0), Configuration()).band(at[:1], 2)
    assert (lower[0], upper[0]) == pytest.approx((49, 51))


def test_too_little_to_learn_from():
    at = times()
    assert train(at[:10], np.ones(10), Configuration()) is None
    assert train(at[:36], np.ones(36), Configuration()) is not None
    assert train(at, np.full(len(at), np.nan), Configuration()) is None


def test_states():
    assert state_of(None, MONDAY) == "PENDING_TRAINING"
    assert state_of(MONDAY - HOUR, MONDAY) == "PENDING_TRAINING"
    assert state_of(MONDAY - DAY, MONDAY) == "TRAINED_INSUFFICIENT_DATA"
    assert state_of(MONDAY - 3 * DAY, MONDAY) == "TRAINED"


def test_the_same_every_time():
    at = times()
    values = 100 + noise(len(at))
    first, second = (train(at, values, Configuration()).band(at, 2) for _ in range(2))
    assert (first[0] == second[0]).all() and (first[1] == second[1]).all()
