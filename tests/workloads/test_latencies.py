"""Response times of a service: pure, weighted, and as an alarm sees them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from labkit import Lab
from labkit.core.clock import DAY, HOUR, MINUTE, to_us
from labkit.core.errors import LabError
from labkit.core.sources import Series
from labkit.workloads.incidents import Incident
from labkit.workloads.latencies import CAUGHT_MS, SHAPE, Latencies, Service

HERE = ("123456789012", "us-east-1", Series("Shop", "Latency"))
MONDAY = to_us(datetime(2026, 1, 5, tzinfo=UTC))


def made(seed=1, *incidents):
    source = Latencies(seed)
    source.add(Service(*HERE, usual_ms=200, busiest=640))
    for kind, minute, minutes, size in incidents:
        start = datetime(2026, 1, 5, 12, tzinfo=UTC) + timedelta(minutes=minute)
        end = start + timedelta(minutes=minutes)
        source.apply(Incident(kind, "Shop Latency", start, end, size))
    return source


def noon(source, minutes=10):
    start = MONDAY + 12 * HOUR
    return source.points(*HERE, start, start + minutes * MINUTE)


def test_the_shares_of_a_minute_make_one():
    assert sum(share for _, share in SHAPE) == pytest.approx(1)


def test_a_stretch_says_the_same_however_it_is_cut():
    source = made()
    whole = source.points(*HERE, MONDAY, MONDAY + DAY)
    cuts = [MONDAY + hours * HOUR for hours in (0, 3, 4, 11, 24)]
    parts = [source.points(*HERE, a, b) for a, b in pairwise(cuts)]
    for column in ("timestamps", "values", "counts", "arrivals"):
        joined = np.concatenate([getattr(part, column) for part in parts])
        assert (getattr(whole, column) == joined).all()


def test_points_arrive_at_the_end_of_their_minute():
    points = noon(made())
    assert (points.arrivals - points.timestamps == MINUTE).all()
    assert (points.timestamps % MINUTE == 0).all()


def test_nights_are_quieter_than_days():
    source = made()

    def requests(hour):
        return source.points(*HERE, MONDAY + hour * HOUR, MONDAY + (hour + 1) * HOUR).counts.sum()

    assert 25 * 60 < requests(4) < 40 * 60
    assert requests(12) > 550 * 60


def test_another_seed_says_something_else():
    assert not np.array_equal(noon(made(1)).values, noon(made(2)).values)


def test_slow_makes_every_request_slow():
    calm, slow = noon(made()), noon(made(1, ("slow", 0, 10, 6.0)))
    regular = slow.values < 9_000
    assert slow.values[regular] == pytest.approx(calm.values[calm.values < 9_000] * 6)


def test_a_slow_share_catches_so_many_and_serves_the_others_as_ever():
    calm, some = noon(made()), noon(made(1, ("slow_share", 0, 10, 3.0)))
    caught = some.counts[some.values == CAUGHT_MS].sum()
    assert 0.03 <= caught / some.counts.sum() < 0.033
    assert some.counts.sum() == calm.counts.sum()


def test_silence_says_nothing_at_all():
    points = noon(made(1, ("silence", 2, 3, 0.0)))
    minutes = sorted({(at - MONDAY - 12 * HOUR) // MINUTE for at in points.timestamps.tolist()})
    assert minutes == [0, 1, 5, 6, 7, 8, 9]


def test_hitches_keep_apart_and_the_restart_comes_every_night():
    first = MONDAY // MINUTE
    found = made(5).hitches(*HERE, first, first + 70 * 1440)
    begins = [hitch.minute for hitch in found]
    assert begins == sorted(begins)
    assert min(np.diff(begins)) >= 20
    restarts = [hitch for hitch in found if hitch.kind == "restart"]
    assert len(restarts) == 70
    assert {hitch.minute % 1440 for hitch in restarts} == {3 * 60}
    assert {hitch.kind for hitch in found} == {
        "restart", "slow minute", "two slow minutes", "gap"
    }  # fmt: skip


def test_an_incident_of_another_metric_is_refused():
    with pytest.raises(LabError, match="no metric is called 'Shop Errors'"):
        made().apply(Incident("silence", "Shop Errors", datetime(2026, 1, 5, tzinfo=UTC)))


@pytest.mark.parametrize(("kind", "size"), [("slow", 0), ("slow_share", 0), ("slow_share", 101)])
def test_sizes_that_a_kind_can_not_have(kind, size):
    with pytest.raises(LabError):
        Incident(kind, "Shop Latency", datetime(2026, 1, 5, tzinfo=UTC), None, size)


def test_statistics_and_percentiles_are_those_of_the_single_requests():
    with Lab(active=False) as lab:
        lab.parts.latencies.add(Service(lab.account, lab.region, HERE[2], 200, 640))
        at = lab.start - timedelta(hours=1)
        points = lab.parts.latencies.points(*HERE, to_us(at), to_us(at) + MINUTE)
        single = np.repeat(points.values, points.counts.astype(int))
        answer = lab.client("cloudwatch").get_metric_statistics(
            Namespace="Shop", MetricName="Latency", Period=60, StartTime=at,
            EndTime=at + timedelta(minutes=1),
            Statistics=["Average", "SampleCount", "Maximum", "Minimum", "Sum"],
        )["Datapoints"][0]  # fmt: skip
        tail = lab.client("cloudwatch").get_metric_statistics(
            Namespace="Shop", MetricName="Latency", Period=60, StartTime=at,
            EndTime=at + timedelta(minutes=1), ExtendedStatistics=["p99"],
        )["Datapoints"][0]  # fmt: skip
    assert answer["SampleCount"] == len(single)
    assert answer["Average"] == pytest.approx(single.mean())
    assert (answer["Minimum"], answer["Maximum"]) == (single.min(), single.max())
    assert (
        tail["ExtendedStatistics"]["p99"] == np.sort(single)[int(np.ceil(0.99 * len(single))) - 1]
    )


def test_a_replay_brings_the_incident_and_the_alarm_hears_it_after_three_minutes():
    with Lab(active=False) as lab:
        service = Service(lab.account, lab.region, HERE[2], 200, 640)
        lab.parts.latencies.add(service)
        lab.client("cloudwatch").put_metric_alarm(
            AlarmName="slow", Namespace="Shop", MetricName="Latency", ExtendedStatistic="p99",
            Period=60, EvaluationPeriods=3, Threshold=1500,
            ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        start = datetime(2026, 1, 5, 12, 4, tzinfo=UTC)
        lab.parts.befall(Incident("slow", "Shop Latency", start, start + timedelta(minutes=9), 6))
        lab.run_until("12:30")
        moves = [(f.at_us, f.data["state"]) for f in lab.parts.post.changes]
    assert [(at, state) for at, state in moves if at > to_us(start)] == [
        (to_us(start) + 3 * MINUTE, "ALARM"),
        (to_us(start) + 10 * MINUTE, "OK"),
    ]
