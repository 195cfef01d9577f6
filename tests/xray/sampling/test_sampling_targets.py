"""The service's side: quotas, statistics, boosts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.xray.engine.sampling import Asked, Boost, Client, Ledger, Rule, default_rule
from labkit.xray.engine.sampling.columns import decided

NOW = 1_767_603_600
A, B, C = ("a" * 24, "b" * 24, "c" * 24)


def told(rule, client=A, requests=100, sampled=20, borrowed=10, at=NOW):
    return {
        "RuleName": rule, "ClientID": client, "Timestamp": at, "RequestCount": requests,
        "SampledCount": sampled, "BorrowCount": borrowed,
    }  # fmt: skip


RULES = {"r": Rule("r", 1, 0.1, 5), "Default": default_rule()}


def test_the_guides_example_of_targets():
    rules = {
        "base-scorekeep": Rule("base-scorekeep", 9000, 0.1, 2),
        "polling-scorekeep": Rule("polling-scorekeep", 5000, 0.003, 0),
    }
    statistics = [
        told("base-scorekeep", requests=110),
        told("polling-scorekeep", requests=10_500, sampled=31, borrowed=0),
    ]
    targets, unprocessed = Ledger().report(rules, statistics, NOW)
    assert unprocessed == []
    assert targets == [
        {"RuleName": "base-scorekeep", "FixedRate": 0.1, "ReservoirQuota": 2,
         "ReservoirQuotaTTL": NOW + 300, "Interval": 10},
        {"RuleName": "polling-scorekeep", "FixedRate": 0.003, "ReservoirQuota": 0,
         "ReservoirQuotaTTL": NOW + 300, "Interval": 10},
    ]  # fmt: skip


def test_the_reservoir_is_spread_over_the_clients_that_were_seen_lately():
    ledger = Ledger()

    def quota(client, at):
        return ledger.report(RULES, [told("r", client, at=at)], at)[0][0]["ReservoirQuota"]

    assert quota(A, NOW) == 5
    assert quota(B, NOW + 1) == 2
    assert quota(A, NOW + 10) == 3
    assert quota(C, NOW + 11) == 1
    assert quota(A, NOW + 20) == quota(B, NOW + 21) == 2
    assert quota(A, NOW + 52) == 5  # the others have been silent for more than 30 s


@given(st.integers(0, 50), st.sets(st.integers(0, 10**6), min_size=1, max_size=12))
@settings(max_examples=50)
def test_quotas_of_all_clients_are_the_reservoir(reservoir, ids):
    ledger, rule = Ledger(), Rule("r", 1, 0.5, reservoir)
    clients = [f"{one:024x}" for one in ids]
    statistics = [told("r", one) for one in clients]
    targets, _ = ledger.report({"r": rule}, statistics, NOW)
    quotas = [one["ReservoirQuota"] for one in targets]
    assert sum(quotas) == reservoir
    assert max(quotas) - min(quotas) <= 1


def test_what_can_not_be_processed():
    statistics = [told("gone"), told("r", at=NOW - 601), told("r", requests=1), told("r")]
    targets, unprocessed = Ledger().report(RULES, statistics, NOW)
    assert len(targets) == 1
    assert [(one["RuleName"], one["Message"]) for one in unprocessed] == [
        ("gone", "Sampling rule not found"),
        ("r", "Sampling statistics are too old"),
        ("r", "More requests were sampled than were counted"),
    ]


def test_a_client_that_lives_by_another_clock_gets_a_quota_that_it_can_use():
    ahead = NOW + 200 * 86_400
    (target,), _ = Ledger().report(RULES, [told("r", at=ahead)], NOW)
    assert target["ReservoirQuotaTTL"] == ahead + 300


def test_statistics_are_summed_in_windows_of_ten_seconds_for_ten_minutes():
    ledger = Ledger()
    ledger.report(RULES, [told("r", A), told("r", B, 7, 1, 0)], NOW + 3)
    ledger.report(RULES, [told("r", A, 5, 5, 0, NOW)], NOW + 12)
    assert ledger.summaries(NOW + 12) == [
        {"RuleName": "r", "Timestamp": NOW, "RequestCount": 107, "BorrowCount": 10,
         "SampledCount": 21},
        {"RuleName": "r", "Timestamp": NOW + 10, "RequestCount": 5, "BorrowCount": 0,
         "SampledCount": 5},
    ]  # fmt: skip
    ledger.report(RULES, [told("r", A, at=NOW + 609)], NOW + 609)
    assert [one["Timestamp"] for one in ledger.summaries(NOW + 609)] == [NOW + 10, NOW + 600]


def test_clients_and_service_together_keep_the_reservoir():
    """Three programs of 50 requests a second: after the first report 6 a second in all."""
    rule, ledger = Rule("r", 1, 0.0, 6), Ledger()
    clients = [Client(f"{n:024x}", seed=n) for n in range(3)]
    for one in clients:
        one.load_rules([rule], NOW)
    sampled = []
    for second in range(40):
        now = NOW + second
        sampled.append(sum(bool(one.decide(Asked(), now)) for one in clients for _ in range(50)))
        for one in clients:
            statistics = one.statistics(now + 1)
            targets, _ = ledger.report({"r": rule}, statistics, now + 1)
            one.load_targets(targets)
    assert sampled[:10] == [3] * 10  # one each, borrowed
    assert sampled[20:] == [6] * 20


BOOSTED = Rule("r", 1, 0.05, 1, boost=Boost(0.25, 10))


def anomalies(count, caught=0, service="shop"):
    return {"RuleName": "r", "ServiceName": service, "Timestamp": NOW, "AnomalyCount": count,
            "TotalCount": 1_000, "SampledAnomalyCount": caught}  # fmt: skip


def test_a_boost_lasts_a_minute_and_comes_once_in_each_cooldown():
    ledger, rules = Ledger(), {"r": BOOSTED}

    def rate(at, count=40, caught=0):
        assert ledger.report_anomalies(rules, [anomalies(count, caught)], NOW + at) == []
        return ledger.rate(BOOSTED, NOW + at)

    assert rate(0, count=0) == 0.05
    assert rate(10) == 0.125  # 5 of 40
    assert ledger.report(rules, [told("r")], NOW + 10)[0][0]["SamplingBoost"] == {
        "BoostRate": 0.125, "BoostRateTTL": NOW + 70}  # fmt: skip
    assert rate(70) == 0.125
    assert rate(71) == 0.05
    assert rate(609) == 0.05
    assert rate(610, count=2) == 0.25  # never more than the maximum


@pytest.mark.parametrize(("count", "caught"), [(40, 5), (200, 0), (100, 0)])
def test_no_boost_when_the_base_rate_captures_enough(count, caught):
    ledger = Ledger()
    ledger.report_anomalies({"r": BOOSTED}, [anomalies(count, caught)], NOW)
    assert ledger.boosts == {}


def test_a_boost_needs_a_rule_that_has_one():
    ledger = Ledger()
    unprocessed = ledger.report_anomalies(RULES, [anomalies(40)], NOW)
    assert [one["Message"] for one in unprocessed] == ["The rule has no boost"]
    assert ledger.rate(RULES["r"], NOW) == 0.1


def test_a_boosted_client_samples_more_while_it_lasts():
    client = Client(draw=lambda: 0.2)
    client.load_rules([Rule("r", 1, 0.05, 0, boost=Boost(0.25, 10))], NOW)
    client.load_targets([{"RuleName": "r", "FixedRate": 0.05, "SamplingBoost": {
        "BoostRate": 0.25, "BoostRateTTL": NOW + 60}}])  # fmt: skip
    assert client.decide(Asked(), NOW + 60).sampled
    assert "boosted" in str(client.decide(Asked(), NOW + 60))
    assert not client.decide(Asked(), NOW + 61).sampled


def test_many_requests_at_once_are_decided_as_one_by_one():
    rng = np.random.default_rng(3)
    kinds = [Asked("web", path="/pay", method="POST"), Asked("web", path="/", method="GET")]
    rules = [Rule("pay", 1, 0.5, 2, path="/pay"), Rule("none", 2, 0.0, 0, method="PUT"),
             default_rule()]  # fmt: skip
    at_us = np.sort(rng.integers(0, 5_000_000, 400))
    kind, luck = rng.integers(0, 2, 400), rng.random(400)
    traced, rule_of = decided(rules, kinds, kind, at_us, luck)
    assert (rule_of == np.where(kind == 0, 0, 2)).all()
    taken: dict[tuple[int, int], int] = {}
    for n in range(400):
        rule = rules[0] if kind[n] == 0 else rules[2]
        key = (int(at_us[n]) // 1_000_000, int(kind[n]))
        taken[key] = taken.get(key, 0) + 1
        assert traced[n] == (taken[key] <= rule.reservoir or luck[n] < rule.rate)
    traced, rule_of = decided(rules[:2], kinds[1:], np.zeros(3, int), at_us[:3], luck[:3])
    assert not traced.any() and (rule_of == -1).all()
