"""Orders when a page keeps customers from buying: they alone show it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import labkit
from labkit.workloads.incidents import Incident
from labkit.workloads.shop_faults import BLOCKING, HARMLESS, SiteSnapshot, stops_orders
from labkit.workloads.shop_pages import Asked, Till, serve

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def orders(lab, metric="Orders", dimension=("shop", "berlin")):
    cloudwatch = lab.client("cloudwatch")
    told = cloudwatch.get_metric_statistics(
        Namespace="Shop", MetricName=metric, Statistics=["Sum"], Period=60,
        Dimensions=[dict(zip(("Name", "Value"), dimension, strict=True))],
        StartTime=START - timedelta(minutes=10), EndTime=START + timedelta(minutes=20),
    )  # fmt: skip
    return {
        round((one["Timestamp"] - START).total_seconds() / 60): one["Sum"]
        for one in told["Datapoints"]
    }


@pytest.mark.parametrize("opened_first", [True, False])
def test_a_covered_button_takes_the_orders_and_nothing_else(opened_first):
    with labkit.Lab() as lab:
        if opened_first:
            lab.shop.open()
        lab.shop.incident("page_covered", "checkout", minutes=10)
        if not opened_first:
            lab.shop.open()
        lab.advance(minutes=20)
        found = orders(lab)
        assert all((found[minute] == 0) == (0 <= minute < 10) for minute in range(-10, 20))
        with labkit.Lab() as calm:
            calm.shop.open()
            calm.advance(minutes=20)
            for metric in ("Requests", "Errors", "Latency"):
                service = ("service", "checkout")
                assert orders(lab, metric, service) == orders(calm, metric, service)


def test_an_alarm_that_looked_ahead_hears_of_it():
    with labkit.Lab() as lab:
        lab.shop.open()
        lab.client("cloudwatch").put_metric_alarm(
            AlarmName="orders", Namespace="Shop", MetricName="Orders", Statistic="Sum", Period=60,
            Dimensions=[{"Name": "shop", "Value": "berlin"}], EvaluationPeriods=2, Threshold=1,
            ComparisonOperator="LessThanThreshold",
        )  # fmt: skip
        lab.advance(minutes=3)
        lab.shop.incident("page_hidden", "cart", minutes=30)
        lab.advance(minutes=5)
        [alarm] = lab.client("cloudwatch").describe_alarms()["MetricAlarms"]
        assert alarm["StateValue"] == "ALARM"


def test_only_what_blocks_the_way_to_an_order_counts():
    def one(kind, target, size=1.0):
        return Incident(kind, target, START, START + timedelta(minutes=5), size)

    assert all(stops_orders(one(kind, "checkout", 500)) for kind in BLOCKING)
    assert not any(stops_orders(one(kind, "checkout")) for kind in HARMLESS)
    assert not stops_orders(one("page_covered", "login"))
    assert not stops_orders(one("page_slow", "checkout", 3))


def test_a_page_without_its_style_sheet_says_every_word():
    def words(*faults):
        body = serve(Asked("GET", "/", {}), SiteSnapshot(0, faults, 90.0), Till()).body
        assert (b"<style>" in body) == (not faults)
        return body.partition(b"</head>")[2]

    assert words() == words(("home", "page_unstyled", 0.0))


def test_orders_fall_to_nothing_for_the_minutes_only():
    with labkit.Lab() as lab:
        lab.shop.open()
        lab.shop.incident("page_error", "site", 503, minutes=2)
        lab.advance(minutes=20)
        values = np.array([value for _, value in sorted(orders(lab).items())])
        assert (values == 0).sum() == 2
