"""The lab's own workloads are sampled by the rules of their time."""

import numpy as np
import pytest

from labkit.core.clock import MINUTE, to_us
from labkit.core.traces import Arrivals

RULE = {
    "Priority": 10, "FixedRate": 1.0, "ReservoirSize": 0, "HTTPMethod": "*", "Host": "*",
    "ServiceName": "*", "ServiceType": "*", "ResourceARN": "*", "Version": 1,
}  # fmt: skip


def arrivals(start_us, minutes, each=10):
    """Ten requests a second, every fifth of which pays."""
    many = minutes * 60 * each
    at_us = start_us + np.arange(many) * 1_000_000 // each
    kind = (np.arange(many) % 5 == 0).astype(np.int64)
    luck = (np.arange(many) * 7919 % 1000) / 1000
    return Arrivals("front", "AWS::EC2::Instance", "shop.example", "", ["GET", "POST"],
                    ["/browse", "/pay"], kind, at_us, luck)  # fmt: skip


@pytest.fixture
def sampled(lab):
    def ask(start_us, minutes):
        some = arrivals(start_us, minutes)
        return some, lab.parts.xray.sampled(lab.account, lab.region, some)

    return ask


def test_default_takes_one_a_second_and_five_percent(lab, sampled):
    some, traced = sampled(to_us(lab.now), 10)
    first = np.arange(len(traced)) % 10 == 0
    assert traced[first].all()
    assert (traced[~first] == (some.luck[~first] < 0.05)).all()


def test_a_rule_holds_from_its_own_instant_on_and_not_before(lab, sampled):
    xray = lab.client("xray")
    start = to_us(lab.now) // MINUTE * MINUTE
    lab.advance(minutes=10)
    xray.create_sampling_rule(SamplingRule={**RULE, "RuleName": "pay", "URLPath": "/pay*"})
    made = to_us(lab.now)
    lab.advance(minutes=10)
    xray.delete_sampling_rule(RuleName="pay")
    gone = to_us(lab.now)
    some, traced = sampled(start, 30)
    pays = some.kind == 1
    during = (some.at_us >= made) & (some.at_us < gone)
    assert traced[pays & during].all()
    before = pays & (some.at_us < made) & (np.arange(len(traced)) % 10 != 0)
    assert traced[before].mean() < 0.2
    # Asked minute by minute it is the same: nothing hangs on what was asked before.
    parts = [sampled(start + n * MINUTE, 1)[1] for n in range(30)]
    again = [sampled(start + n * MINUTE, 1)[1] for n in range(30)]
    assert all((a == b).all() for a, b in zip(parts, again, strict=True))
    late = sampled(gone + MINUTE, 1)
    assert not late[1][late[0].kind == 1].all()


def test_nobody_is_no_one(lab):
    none = arrivals(0, 0)
    assert len(lab.parts.xray.sampled(lab.account, lab.region, none)) == 0


def test_the_shops_requests_are_in_the_statistics(lab):
    xray = lab.client("xray")
    lab.shop.open()
    lab.shop.traces()
    xray.create_sampling_rule(
        SamplingRule={**RULE, "RuleName": "search", "URLPath": "/search*", "FixedRate": 0.5}
    )
    lab.advance(minutes=4)

    def everything():
        pages = xray.get_paginator("get_sampling_statistic_summaries").paginate()
        return [one for page in pages for one in page["SamplingStatisticSummaries"]]

    told = everything()
    assert told == everything()
    assert {one["RuleName"] for one in told} == {"search", "Default"}
    assert all(one["Timestamp"].second % 10 == 0 for one in told)
    assert all(0 <= one["SampledCount"] <= one["RequestCount"] for one in told)
    search = [one for one in told if one["RuleName"] == "search"]
    asked = sum(one["RequestCount"] for one in search)
    assert sum(one["SampledCount"] for one in search) / asked == pytest.approx(0.5, abs=0.15)
    # What they say was sampled are the traces that are there.
    begun, ended = told[0]["Timestamp"], told[-1]["Timestamp"]
    pages = xray.get_paginator("get_trace_summaries").paginate(
        StartTime=begun, EndTime=ended, TimeRangeType="TraceId",
        FilterExpression='http.url CONTAINS "/search" AND service("front") { root }',
    )  # fmt: skip
    traces = sum(len(page["TraceSummaries"]) for page in pages)
    sampled = sum(one["SampledCount"] for one in search if one["Timestamp"] < ended)
    assert abs(traces - sampled) <= 2  # the trace id's second is the root's, rounded down
    assert "search" in str(lab.xray.view_sampling())
