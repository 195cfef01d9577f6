"""A metric that grows old in a lab: memory is bounded, and nobody can tell by what is read."""

from datetime import timedelta

import pytest

import labkit
from labkit.core.clock import DAY, MINUTE, to_us
from labkit.core.sources import Series

LOAD = Series("Teapot", "Load", ())


def fill(lab, days):
    """A value each minute of the day before, for some days: minute n of a day has the value n % 97.

    Past the API, which a test of its own asks: a quarter through it takes seconds.
    """
    kept = lab.cloudwatch.store(lab.account, lab.region).column(LOAD, to_us(lab.now))
    for _ in range(days):
        now_us = to_us(lab.now)
        kept.last_put_us = now_us
        day_us = now_us - now_us % MINUTE - DAY
        for n in range(1440):
            kept.age(now_us)
            kept.add_value(day_us + n * MINUTE, float(n % 97), 0)
        lab.advance(days=1)


def column(lab, name="Load"):
    (store,) = lab.world.stores("cloudwatch").values()
    return next(c for series, c in store.columns.items() if series.name == name)


def read(lab, start, end, period, stat="Sum"):
    answer = lab.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {
                "Id": "m",
                "MetricStat": {
                    "Metric": {"Namespace": "Teapot", "MetricName": "Load"},
                    "Period": period,
                    "Stat": stat,
                },
            }
        ],
        StartTime=start,
        EndTime=end,
        ScanBy="TimestampAscending",
    )
    return answer["MetricDataResults"][0]["Values"]


@pytest.fixture(scope="module")
def quarter():
    """A lab with a metric of ninety days."""
    with labkit.Lab(active=False) as lab:
        start = lab.now
        fill(lab, 90)
        yield lab, start


def test_memory_is_bounded(quarter):
    lab, _ = quarter
    kept = column(lab)
    sixteen_days = 16 * 1440
    assert len(kept.timestamps) < 1.3 * sixteen_days  # looked at when a quarter more has come
    assert len(kept.old) < 48 * 288 + 40 * 24


@pytest.mark.parametrize(
    ("age", "period", "found"),
    [(10, 60, 60), (20, 60, 0), (20, 300, 12), (70, 300, 0), (70, 3600, 1)],
)
def test_what_can_be_read_is_what_it_was(quarter, age, period, found):
    lab, start = quarter
    hour = (lab.now - timedelta(days=age)).replace(minute=0, second=0, microsecond=0)
    values = read(lab, hour, hour + timedelta(hours=1), period)
    assert len(values) == found
    if found:
        first = (hour - start).total_seconds() // 60 % 1440
        assert sum(values) == sum((first + n) % 1440 % 97 for n in range(60))


def test_extremes_survive_and_percentiles_are_near(quarter):
    lab, start = quarter
    hour = (lab.now - timedelta(days=70)).replace(minute=0, second=0, microsecond=0)
    first = int((hour - start).total_seconds() // 60 % 1440)
    values = [(first + n) % 1440 % 97 for n in range(60)]
    end = hour + timedelta(hours=1)
    assert read(lab, hour, end, 3600, "Minimum") == [min(values)]
    assert read(lab, hour, end, 3600, "Maximum") == [max(values)]
    assert read(lab, hour, end, 3600, "p100") == [max(values)]
    assert min(values) < read(lab, hour, end, 3600, "p50")[0] < max(values)


def test_a_list_of_metrics_still_knows_an_old_one(quarter):
    lab, _ = quarter
    assert lab.client("cloudwatch").list_metrics(Namespace="Teapot")["Metrics"]


def test_seconds_stay_for_a_day(lab, cloudwatch):
    def put(first, last):
        stamps = [lab.start - timedelta(seconds=back) for back in range(first, last)]
        cloudwatch.put_metric_data(
            Namespace="Teapot",
            MetricData=[
                {"MetricName": "Fast", "Value": 1, "StorageResolution": 1, "Timestamp": stamp}
                for stamp in stamps
            ],
        )

    for first in range(0, 6000, 1000):
        put(first, first + 1000)
    assert column(lab, "Fast").old is None
    lab.advance(days=2)
    put(6000, 6500)
    fast = column(lab, "Fast")
    on_the_minute = 100
    assert len(fast.timestamps) == on_the_minute + 500  # what came after the look of this hour
    assert fast.old.sums.sum() == 6000 - on_the_minute
    assert len(fast.old) == on_the_minute


def test_two_ways_through_the_same_days_remember_the_same():
    def world(steps):
        with labkit.Lab(active=False) as lab:
            fill(lab, 4)
            for _ in range(steps):
                lab.advance(days=20 // steps)
            fill(lab, 1)
            return lab.digest()

    assert world(1) == world(4)
