"""Anomalies that programs report, and what a boost makes of them."""

import pytest

from labkit.xray.engine.sampling import Asked, Boost, Client, Ledger, Rule
from labkit.xray.engine.sampling.anomalies import Anomalies, Condition, conditions

NOW = 1_767_603_600

#: The guide's configuration.
GUIDE = {
    "version": 1.0,
    "anomalyConditions": [
        {"errorCodeRegex": r"^5\d\d$", "usage": "both"},
        {
            "operations": ["/api"], "errorCodeRegex": r"^429|5\d\d$", "highLatencyMs": 300,
            "usage": "sampling-boost",
        },
        {"highLatencyMs": 1000, "usage": "anomaly-span-capture"},
    ],
}  # fmt: skip

#: (operation, status, milliseconds, an anomaly for the boost)
ANSWERS = [
    ("/", 500, 1, True),
    ("/", 200, 1, False),
    ("/", 200, 5_000, False),  # captured as a span alone
    ("/api", 429, 300, True),
    ("/api", 429, 299, False),
    ("/other", 429, 500, False),
]


@pytest.mark.parametrize(("operation", "status", "ms", "odd"), ANSWERS)
def test_the_guides_conditions(operation, status, ms, odd):
    one = Anomalies("web", conditions(GUIDE))
    assert one.answered("r", False, status, ms, operation) is odd


def test_without_a_configuration_5xx_counts():
    one = Anomalies("web", conditions(None))
    assert [one.answered("r", n == 500, n) for n in (500, 503, 404, 200)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert one.statistics(NOW, ["r"]) == [
        {"RuleName": "r", "ServiceName": "web", "Timestamp": NOW, "AnomalyCount": 2,
         "TotalCount": 4, "SampledAnomalyCount": 1}
    ]  # fmt: skip
    assert one.statistics(NOW, ["r"]) == []
    one.answered("plain", False, 500)
    assert one.statistics(NOW, ["r"]) == []


def test_conditions_that_never_hold():
    assert not Condition().holds("/", 500, 9_999)
    assert not Condition("5..", operations=()).holds("/", 500, 1)
    with pytest.raises(ValueError, match="errorCodeRegex"):
        conditions({"anomalyConditions": [{"errorCodeRegex": "("}]})
    with pytest.raises(ValueError, match="usage"):
        conditions({"anomalyConditions": [{"usage": "x"}]})


def test_an_incident_is_boosted_for_a_minute_within_ten_seconds():
    """A hundred requests a second, one in fifty fails in an incident of three minutes."""
    rule = Rule("r", 1, 0.01, 0, boost=Boost(0.5, 10))
    rules, ledger, client, web = {"r": rule}, Ledger(), Client(seed=1), Anomalies("web")
    client.load_rules([rule], NOW)
    taken, caught = [], []
    for second in range(240):
        now, hits, found = NOW + second, 0, 0
        for n in range(100):
            decision = client.decide(Asked(), now)
            failed = 30 <= second < 210 and n % 50 == 0
            web.answered("r", decision.sampled, 500 if failed else 200)
            hits += decision.sampled
            found += failed and decision.sampled
        taken.append(hits)
        caught.append(found)
        if second % 10 == 9:
            ledger.report_anomalies(rules, web.statistics(now + 1, ["r"]), now + 1)
            client.load_targets(ledger.report(rules, client.statistics(now + 1), now + 1)[0])
    assert sum(taken[:40]) < 80  # about one a second
    assert ledger.boosts["r"].began_s == NOW + 40
    assert sum(taken[40:101]) / 61 == pytest.approx(25, rel=0.1)  # 5 of 20 anomalies: a quarter
    assert sum(taken[101:]) / 139 == pytest.approx(1, abs=0.4)
    assert sum(caught[40:101]) > 5 * sum(caught[101:])
