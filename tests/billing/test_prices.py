"""The price table: dated, sourced, and every call found its row."""

import re
from decimal import Decimal

import pytest

from labkit.billing.prices import table

TABLE = table()


@pytest.mark.parametrize("item", TABLE.rows)
def test_a_row_is_dated_sourced_and_climbs(item):
    row = TABLE.rows[item]
    assert re.match(r"20\d\d", row.as_of), item
    assert re.match(r"[PUAT]|price list", row.source), item
    bounds = [tier.upto for tier in row.tiers]
    assert bounds[-1] is None
    assert sorted(bounds[:-1]) == bounds[:-1]
    assert all(isinstance(tier.price, Decimal) for tier in row.tiers)


@pytest.mark.parametrize(
    ("metered", "item"),
    [
        ("cloudwatch:PutMetricData", "cloudwatch.requests"),
        ("cloudwatch:GetMetricData", "cloudwatch.metrics_requested"),
        ("cloudwatch:DescribeAlarms", None),
        ("sns:Publish", "sns.requests"),
        ("sqs:ReceiveMessage", "sqs.requests"),
        ("s3:PutObject", "s3.requests"),
        ("s3:GetObject", "s3.reads"),
        ("s3:DeleteObject", "s3.deletes"),
        ("ec2:RunInstances", None),
        ("iam:CreateUser", None),
        ("kinesis:PutRecord", "kinesis:"),
        ("lambda.requests", "lambda.requests"),
    ],
)
def test_what_a_call_is_charged_as(metered, item):
    assert TABLE.item_of(metered) == item


def test_what_has_no_price_has_a_row_all_the_same():
    assert TABLE.row("ec2.instance.m1.small").name == "m1.small instances"
    assert TABLE.row("kinesis:").service == "kinesis"
    assert not TABLE.row("kinesis:").tiers
    assert TABLE.row("something.new").tiers == ()
