"""What clients decide: the documented example, and side by side with AWS's own SDK."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.xray.engine.sampling import Asked, Client, Rule, default_rule
from labkit.xray.engine.sampling.figures import chance_to_catch, dollars_a_month, traced, yielded

NOW = 1_767_603_600


def ten_percent():
    """Random numbers of which every tenth is below 0.1."""
    count = iter(range(10**9))
    return lambda: 0.05 if next(count) % 10 == 0 else 0.5


def test_the_guides_example_110_requests_20_sampled():
    client = Client(draw=ten_percent())
    client.load_rules([Rule("base-scorekeep", 9000, 0.1, 2), default_rule()], NOW)
    for second in range(10):
        for _ in range(11):
            client.decide(Asked("Scorekeep"), NOW + second)
    (told,) = client.statistics(NOW + 10)
    assert (told["RequestCount"], told["SampledCount"], told["BorrowCount"]) == (110, 20, 10)
    assert client.statistics(NOW + 20) == []  # counting has begun anew
    assert traced(110, 10, rate=0.1) == 20


def test_a_quota_takes_the_place_of_borrowing_until_it_runs_out():
    client = Client(draw=lambda: 0.99)
    client.load_rules([Rule("r", 1, 0.1, 7)], NOW)

    def hows(second, many=4):
        return [client.decide(Asked(), NOW + second).how for _ in range(many)]

    assert hows(0) == ["borrowed", "rate", "rate", "rate"]
    told = {"RuleName": "r", "FixedRate": 0.2, "ReservoirQuota": 3, "ReservoirQuotaTTL": NOW + 300}
    client.load_targets([told])
    assert hows(1) == ["reservoir"] * 3 + ["rate"]
    assert hows(300) == ["reservoir"] * 3 + ["rate"]
    assert hows(301) == ["borrowed", "rate", "rate", "rate"]
    client.load_targets([{**told, "ReservoirQuota": 0, "ReservoirQuotaTTL": NOW + 900}])
    assert hows(302) == ["rate"] * 4


def test_without_rules_and_with_old_ones_the_sdk_has_its_own():
    client = Client(draw=lambda: 0.049)
    assert [client.decide(Asked(), NOW).how for _ in range(2)] == ["reservoir", "rate"]
    client.load_rules([Rule("all", 1, 1.0, 0)], NOW)
    assert client.decide(Asked(), NOW + 3600).rule == "all"
    assert client.decide(Asked(), NOW + 3601).rule == ""


def test_rules_that_sdks_pass_over():
    rules = [Rule("head", 1, 1.0, 0, attributes={"a": "*"}), Rule("arn", 2, 1.0, 0,
             resource_arn="arn:*"), default_rule()]  # fmt: skip
    asked = Asked(attributes={"a": "b"}, resource_arn="arn:x")
    sdk, gateway = Client(), Client(reads_everything=True)
    for one in (sdk, gateway):
        one.load_rules(rules, NOW)
    assert sdk.decide(asked, NOW).rule == "Default"
    assert gateway.decide(asked, NOW).rule == "head"


def test_new_rules_keep_what_is_known_of_old_ones():
    client = Client(draw=lambda: 0.99)
    client.load_rules([Rule("r", 1, 0.1, 1)], NOW)
    assert client.decide(Asked(), NOW)
    client.load_rules([Rule("r", 1, 0.5, 1), Rule("new", 2, 0, 0)], NOW)
    assert not client.decide(Asked(), NOW)  # this second's is borrowed already
    assert client.statistics(NOW, every=True)[0]["RequestCount"] == 2


def test_a_decision_says_why():
    client = Client(draw=lambda: 0.3)
    pay = Rule("pay", 10, 1.0, 0, path="/pay*")
    client.load_rules([pay, default_rule(reservoir=1)], NOW)
    first, second = (client.decide(Asked(path="/browse"), NOW) for _ in range(2))
    assert "rule pay: URLPath /pay* does not fit /browse" in str(first)
    assert "borrowed" in str(first)
    assert first.sampled and not second.sampled
    assert "drawn 0.3000, above the rate 0.05" in str(second)
    assert "the one of this second has been borrowed already" in str(second)
    paid = client.decide(Asked(path="/pay"), NOW)
    assert (paid.rule, paid.how, paid.drawn) == ("pay", "rate", 0.3)
    assert "the rule has none" in str(paid)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),  # seconds that pass
            st.sampled_from(["/pay", "/browse", None]),
            st.sampled_from([None, (0, 5), (2, 1), (1, 400), (3, -1)]),  # a quota and its seconds
        ),
        max_size=60,
    ),
    st.integers(0, 2),
    st.sampled_from([0.0, 0.05, 0.5, 1.0]),
)
@settings(max_examples=40)
def test_decisions_are_those_of_the_real_sdk(steps, reservoir, rate):
    sampling = pytest.importorskip("aws_xray_sdk.core.sampling.sampler")
    from aws_xray_sdk.core.sampling.sampling_rule import SamplingRule

    names = {"pay": "/pay*", "Default": "*"}
    # Without its __init__, which makes botocore clients for its pollers.
    theirs = object.__new__(sampling.DefaultSampler)
    theirs._random, theirs._cache = random.Random(7), sampling.RuleCache()
    theirs._cache.last_updated = NOW
    theirs._cache.load_rules(
        [
            SamplingRule(name, n + 1, rate, reservoir, "*", "*", path, "*", "*")
            for n, (name, path) in enumerate(names.items())
        ]
    )
    ours = Client(seed=7)
    ours.load_rules(
        [Rule(name, n + 1, rate, reservoir, path=path) for n, (name, path) in
         enumerate(names.items())], NOW,
    )  # fmt: skip
    now = NOW
    for passed, path, quota in steps:
        now += passed
        if quota is not None:
            many, lasts = quota
            theirs._cache.load_targets(
                {"pay": {"quota": many, "TTL": now + lasts, "interval": 10, "rate": rate}}
            )
            ours.load_targets(
                [{"RuleName": "pay", "FixedRate": rate, "ReservoirQuota": many,
                  "ReservoirQuotaTTL": now + lasts, "Interval": 10}]
            )  # fmt: skip
        rule = theirs._cache.get_matched_rule({"path": path}, now)
        expected = theirs._process_matched_rule(rule, now)
        got = ours.decide(Asked(path=path or ""), now)
        assert got.rule == rule.name
        assert got.sampled is bool(expected)
    told = {one["RuleName"]: one for one in ours.statistics(now, every=True)}
    for rule in theirs._cache.rules:
        if rule.request_count:
            mine = told[rule.name]
            assert mine["RequestCount"] == rule.request_count
            assert mine["BorrowCount"] == rule.borrow_count
            # The SDK for Python leaves what it borrowed out of the sampled ones.
            assert mine["SampledCount"] == rule.sampled_count + rule.borrow_count


def test_what_sampling_comes_to():
    default = yielded(100)
    assert default.per_second == 5.95
    assert default.per_minute == pytest.approx(357)
    assert traced(1_000, 10) == pytest.approx(59.5)  # 10 + 5 % of 990
    assert traced(1_000, 1_000) == 1_000
    assert 0.99 < default.chance < 1
    assert chance_to_catch(500, 0, 1) == 0
    assert chance_to_catch(1, 5, 1) == 1
    # The exercise of chapter 12: all of 200 requests a second, Default alone, the payments.
    assert dollars_a_month(200, free=0) == 2_592
    assert yielded(200).per_second == pytest.approx(10.95)
    assert dollars_a_month(10.95, free=0) == pytest.approx(141.9, abs=0.1)
    assert dollars_a_month(2, free=0) == pytest.approx(25.92)
    assert dollars_a_month(0.001) == 0


def test_the_figures_price_is_the_bills():
    from labkit.billing.prices import table
    from labkit.xray.engine.sampling import figures

    row = table().rows["xray.recorded"]
    assert float(row.tiers[0].price) == figures.DOLLARS_A_MILLION
    assert (row.per, row.free) == (1_000_000, figures.FREE_TRACES)
