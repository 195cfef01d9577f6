"""The figures of a shop: pure functions of seed, minute and incidents."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import labkit
from labkit.core.clock import MINUTE, Clock, to_us
from labkit.core.errors import LabError
from labkit.core.facts import Facts
from labkit.core.sources import Series
from labkit.workloads.incidents import Incident
from labkit.workloads.latencies import CAUGHT_MS
from labkit.workloads.shop_figures import SERVICES, ShopFigures

ACCOUNT, REGION = "123456789012", "us-east-1"
TUESDAY = datetime(2026, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTES = timedelta(minutes=1)


def series(metric, service):
    return Series("Shop", metric, (("service", service),))


@pytest.fixture
def shop():
    made = ShopFigures(7, Facts(Clock(to_us(TUESDAY))))
    made.open(ACCOUNT, REGION)
    return made


def read(shop, metric, service, start=TUESDAY, end=TUESDAY + DAY):
    return shop.points(ACCOUNT, REGION, series(metric, service), to_us(start), to_us(end))


@pytest.mark.parametrize("metric", ["Requests", "Errors", "Latency"])
def test_a_minute_says_the_same_wherever_the_stretch_is_cut(shop, metric):
    whole = read(shop, metric, "payment")
    start = TUESDAY + timedelta(hours=11, minutes=3)
    part = read(shop, metric, "payment", start, start + timedelta(minutes=8))
    here = (whole.timestamps >= to_us(start)) & (whole.timestamps < to_us(start) + 8 * MINUTE)
    assert part.timestamps.tolist() == whole.timestamps[here].tolist()
    assert part.values.tolist() == whole.values[here].tolist()
    assert (part.arrivals - part.timestamps == MINUTE).all()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("day", [0, 5])  # a Tuesday, a Sunday
def test_a_quiet_day_keeps_its_share_of_errors_in_every_five_minutes(shop, service, day):
    start = TUESDAY + day * DAY
    requests, errors = (
        read(shop, metric, service, start, start + DAY).values.reshape(-1, 5).sum(axis=1)
        for metric in ("Requests", "Errors")
    )
    share = 100 * errors / requests
    assert share.max() < 6.5
    assert abs(share.mean() - SERVICES[service][2]) < 0.3


def test_no_number_of_errors_parts_a_good_noon_from_a_night_in_which_nobody_can_pay(shop):
    noon = TUESDAY + timedelta(hours=12)
    night = TUESDAY + timedelta(hours=3)
    shop.apply(Incident("failing", "payment", night, night + timedelta(minutes=30), 100))
    half = timedelta(minutes=30)
    good = read(shop, "Errors", "payment", noon, noon + half).values.reshape(-1, 5).sum(axis=1)
    bad = read(shop, "Errors", "payment", night, night + half).values.reshape(-1, 5).sum(axis=1)
    assert bad.max() < good.max()
    requests = read(shop, "Requests", "payment", night, night + half).values
    assert read(shop, "Errors", "payment", night, night + half).values.tolist() == requests.tolist()


def test_two_in_a_hundred_wait_four_seconds_and_the_others_as_ever(shop):
    noon = TUESDAY + timedelta(hours=12)
    before = read(shop, "Latency", "checkout", noon, noon + timedelta(minutes=5))
    shop.apply(Incident("slow_share", "checkout", noon, noon + timedelta(minutes=5), 2.0))
    after = read(shop, "Latency", "checkout", noon, noon + timedelta(minutes=5))
    assert before.counts.sum() == after.counts.sum()
    share = after.counts[after.values == CAUGHT_MS].sum() / after.counts.sum()
    assert 0.02 <= share < 0.025


def test_slow_is_slow_for_all_and_ends(shop):
    noon = TUESDAY + timedelta(hours=12)
    calm = read(shop, "Latency", "cart")
    shop.apply(Incident("slow", "cart", noon, noon + timedelta(minutes=5), 6.0))
    slow = read(shop, "Latency", "cart")
    factor = slow.values / calm.values
    inside = (slow.timestamps >= to_us(noon)) & (slow.timestamps < to_us(noon) + 5 * MINUTE)
    ordinary = calm.values < CAUGHT_MS
    assert np.allclose(factor[inside & ordinary], 6) and (factor[~inside] == 1).all()


@pytest.mark.parametrize(
    ("kind", "service", "size", "share"),
    [
        ("throttled_table", "cart", 30, 0.30),
        ("bad_zone", "checkout", 60, 0.30),  # one of its two machines
        ("bad_zone", "front", 100, 0.50),
        ("bad_release", "payment", 80, 0.08),  # one customer in ten
        ("retry_storm", "cart", 90, 0.0),
    ],
)
def test_errors_of_a_kind(shop, kind, service, size, share):
    before = read(shop, "Errors", service).values
    noon = TUESDAY + DAY / 2
    shop.apply(Incident(kind, service, noon, noon + timedelta(hours=1), size))
    more = (read(shop, "Errors", service).values - before).reshape(24, 60).sum(axis=1)
    requests = read(shop, "Requests", service).values.reshape(24, 60).sum(axis=1)
    assert more[12] / requests[12] == pytest.approx(share, rel=0.35)
    assert not np.delete(more, 12).any()


def test_a_slow_table_slows_its_service_by_its_share(shop):
    noon = TUESDAY + DAY / 2
    before = read(shop, "Latency", "catalogue", noon, noon + 10 * MINUTES)
    shop.apply(Incident("slow_table", "catalogue", noon, None, 11))
    after = read(shop, "Latency", "catalogue", noon, noon + 10 * MINUTES)
    usual = before.values < CAUGHT_MS
    assert after.values[usual] == pytest.approx(before.values[usual] * 4)  # 0.7 + 0.3 x 11
    other = read(shop, "Latency", "cart", noon, noon + 10 * MINUTES)
    assert other.values[other.values < CAUGHT_MS].max() < 400


def test_orders_fall_when_payments_fail(shop):
    noon = TUESDAY + timedelta(hours=12)
    hour = timedelta(hours=1)

    def orders():
        berlin = Series("Shop", "Orders", (("shop", "berlin"),))
        points = shop.points(ACCOUNT, REGION, berlin, to_us(noon), to_us(noon + hour))
        return points.values.sum()

    before = orders()
    shop.apply(Incident("failing", "payment", noon, noon + hour, 50))
    assert 0.4 < orders() / before < 0.55


def test_a_service_can_report_in_an_account_of_its_own(shop):
    shop.open("222222222222", REGION, "Payments", services=["payment"])
    found = [str(one) for one in shop.series("222222222222", REGION, 0)]
    assert found == [f"Payments {name}{{service=payment}}" for name in
                     ("Requests", "Errors", "Latency")]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda shop: shop.open(ACCOUNT, REGION, services=["pay"]), "not pay"),
        (lambda shop: shop.open(ACCOUNT, REGION, shops=[]), "one to three names"),
        (lambda shop: shop.apply(Incident("failing", "pay", TUESDAY, None, 5)), "services front"),
    ],
)
def test_what_there_is_not_is_said(shop, call, said):
    with pytest.raises(LabError, match=said):
        call(shop)


def test_a_lab_journals_its_shop_and_an_alarm_hears_of_the_incident():
    with labkit.Lab(active=False) as lab:
        lab.shop.open()
        lab.client("cloudwatch").put_metric_alarm(
            AlarmName="failing", Namespace="Shop", MetricName="Errors", Statistic="Sum",
            Dimensions=[{"Name": "service", "Value": "cart"}], Period=60, EvaluationPeriods=1,
            Threshold=100, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        lab.advance(minutes=5)  # it has looked ahead to midnight
        lab.shop.incident("failing", "cart", 50, minutes=3)
        told = lab.advance(minutes=10)
        assert [change.data["state"] for change in told.changes] == ["ALARM", "OK"]
        with pytest.raises(LabError, match="in the past"):
            lab.shop.incident("failing", "cart", 50, start=lab.start)
        again = lab.replay()
        assert again.digest() == lab.digest()
        again.close()
