"""Sampling rules and targets through boto3."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

RULE = {
    "RuleName": "pay", "Priority": 10, "FixedRate": 1.0, "ReservoirSize": 5, "URLPath": "/pay*",
    "HTTPMethod": "*", "Host": "*", "ServiceName": "*", "ServiceType": "*", "ResourceARN": "*",
    "Version": 1,
}  # fmt: skip


@pytest.fixture
def xray(lab):
    return lab.client("xray")


def rules(xray):
    return {
        one["SamplingRule"]["RuleName"]: one
        for one in xray.get_sampling_rules()["SamplingRuleRecords"]
    }


def refused(call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def told(lab, rule="pay", client="a" * 24, requests=110, sampled=20, borrowed=10):
    return {"RuleName": rule, "ClientID": client, "Timestamp": lab.now, "RequestCount": requests,
            "SampledCount": sampled, "BorrowCount": borrowed}  # fmt: skip


def test_default_is_there_from_the_beginning(xray):
    (record,) = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert record["CreatedAt"] == record["ModifiedAt"] == datetime(1970, 1, 1, tzinfo=UTC)
    assert record["SamplingRule"] == {
        "RuleName": "Default",
        "RuleARN": "arn:aws:xray:us-east-1:123456789012:sampling-rule/Default",
        "ResourceARN": "*",
        "Priority": 10000,
        "FixedRate": 0.05,
        "ReservoirSize": 1,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
        "Attributes": {},
    }


def test_a_rule_is_made_changed_and_deleted(lab, xray):
    made = xray.create_sampling_rule(SamplingRule={**RULE, "Attributes": {"a": "b*"}})
    record = made["SamplingRuleRecord"]
    arn = record["SamplingRule"]["RuleARN"]
    assert arn.endswith(":sampling-rule/pay")
    assert record["SamplingRule"]["Attributes"] == {"a": "b*"}
    lab.advance(minutes=5)
    changed = xray.update_sampling_rule(
        SamplingRuleUpdate={"RuleARN": arn, "FixedRate": 0.5, "Priority": 20}
    )["SamplingRuleRecord"]
    assert changed["ModifiedAt"] > changed["CreatedAt"] == record["CreatedAt"]
    assert changed["SamplingRule"] == {**record["SamplingRule"], "FixedRate": 0.5, "Priority": 20}
    assert list(rules(xray)) == ["pay", "Default"]
    gone = xray.delete_sampling_rule(RuleName="pay")["SamplingRuleRecord"]
    assert gone["SamplingRule"]["Priority"] == 20
    assert list(rules(xray)) == ["Default"]


def test_rules_are_told_in_the_order_in_which_they_are_asked(xray):
    for name, priority in (("b", 5), ("a", 5), ("z", 1)):
        xray.create_sampling_rule(SamplingRule={**RULE, "RuleName": name, "Priority": priority})
    assert list(rules(xray)) == ["z", "a", "b", "Default"]


def test_of_default_only_rate_and_reservoir_change(xray):
    update = xray.update_sampling_rule
    update(SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 0.01, "ReservoirSize": 0})
    assert rules(xray)["Default"]["SamplingRule"]["FixedRate"] == 0.01
    for wrong in ({"Priority": 5}, {"Host": "a"}, {"Attributes": {"a": "b"}},
                  {"SamplingRateBoost": {"MaxRate": 0.5, "CooldownWindowMinutes": 1}}):  # fmt: skip
        assert refused(update, SamplingRuleUpdate={"RuleName": "Default", **wrong}) == (
            "InvalidRequestException", "Invalid update request for default sampling rule"
        )  # fmt: skip
    code, message = refused(xray.delete_sampling_rule, RuleName="Default")
    assert code == "InvalidRequestException" and "cannot be deleted" in message


def test_what_is_refused(xray):
    xray.create_sampling_rule(SamplingRule=RULE)
    create, invalid = xray.create_sampling_rule, "InvalidRequestException"

    def code(**changes):
        return refused(create, SamplingRule={**RULE, "RuleName": "new", **changes})[0]

    assert code(RuleName="pay") == code(RuleName="Default") == invalid
    assert code(RuleName="n" * 33) == invalid
    assert code(Priority=10_000) == invalid
    assert code(FixedRate=1.5) == invalid
    assert code(Version=2) == invalid
    assert code(HTTPMethod="M" * 11) == invalid
    assert code(Attributes={str(n): "x" for n in range(6)}) == invalid
    assert code(SamplingRateBoost={"MaxRate": 0.5, "CooldownWindowMinutes": 0}) == invalid
    assert refused(create, SamplingRule={k: v for k, v in RULE.items() if k != "RuleName"})[0] == (
        invalid
    )
    assert refused(xray.delete_sampling_rule)[0] == invalid
    assert refused(xray.delete_sampling_rule, RuleName="pay", RuleARN="arn:x")[0] == invalid
    assert refused(xray.delete_sampling_rule, RuleName="none")[0] == invalid
    assert refused(xray.update_sampling_rule, SamplingRuleUpdate={"FixedRate": 1})[0] == invalid


def test_twenty_five_rules_beside_default(xray):
    for n in range(25):
        xray.create_sampling_rule(SamplingRule={**RULE, "RuleName": f"r{n}"})
    code, _ = refused(xray.create_sampling_rule, SamplingRule={**RULE, "RuleName": "more"})
    assert code == "RuleLimitExceededException"


def test_targets_and_summaries(lab, xray):
    xray.create_sampling_rule(SamplingRule=RULE)
    other = {**told(lab, client="b" * 24), "RuleName": "Default"}
    answer = xray.get_sampling_targets(
        SamplingStatisticsDocuments=[told(lab), told(lab, client="b" * 24), other,
                                     told(lab, rule="gone")]
    )  # fmt: skip
    quotas = [(one["RuleName"], one["ReservoirQuota"]) for one in answer["SamplingTargetDocuments"]]
    assert quotas == [("pay", 3), ("pay", 2), ("Default", 1)]
    first = answer["SamplingTargetDocuments"][0]
    assert first["FixedRate"] == 1.0 and first["Interval"] == 10
    left = first["ReservoirQuotaTTL"] - lab.now
    assert timedelta(seconds=299) <= left <= timedelta(seconds=300)
    assert [one["RuleName"] for one in answer["UnprocessedStatistics"]] == ["gone"]
    made = rules(xray)["pay"]["CreatedAt"]
    assert answer["LastRuleModification"] == made.replace(microsecond=0)
    summaries = xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
    assert [(one["RuleName"], one["RequestCount"]) for one in summaries] == [
        ("Default", 110), ("pay", 220)
    ]  # fmt: skip


def test_a_boost_shows_in_the_targets_and_as_a_metric(lab, xray):
    boost = {"MaxRate": 0.5, "CooldownWindowMinutes": 10}
    xray.create_sampling_rule(SamplingRule={**RULE, "FixedRate": 0.05, "SamplingRateBoost": boost})
    assert rules(xray)["pay"]["SamplingRule"]["SamplingRateBoost"] == boost
    anomaly = {"RuleName": "pay", "ServiceName": "shop", "Timestamp": lab.now, "AnomalyCount": 20,
               "TotalCount": 900, "SampledAnomalyCount": 1}  # fmt: skip
    answer = xray.get_sampling_targets(
        SamplingStatisticsDocuments=[told(lab)], SamplingBoostStatisticsDocuments=[anomaly]
    )
    assert answer["SamplingTargetDocuments"][0]["SamplingBoost"]["BoostRate"] == 0.25
    points = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/X-Ray", MetricName="SamplingRate", Statistics=["Maximum"], Period=60,
        Dimensions=[{"Name": "RuleName", "Value": "pay"}],
        StartTime=lab.now - timedelta(minutes=5), EndTime=lab.now + timedelta(minutes=1),
    )["Datapoints"]  # fmt: skip
    assert [one["Maximum"] for one in points] == [0.25]


def test_tags_of_a_rule(xray):
    made = xray.create_sampling_rule(SamplingRule=RULE, Tags=[{"Key": "team", "Value": "pay"}])
    arn = made["SamplingRuleRecord"]["SamplingRule"]["RuleARN"]
    assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "pay"}]


def test_a_saved_world_has_its_rules_and_what_was_reported(lab, xray, tmp_path):
    import labkit

    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 0.2})
    xray.create_sampling_rule(SamplingRule=RULE)
    lab.advance(minutes=3)
    xray.delete_sampling_rule(RuleName="pay")
    kept = lab.parts.xray.digest()
    lab.save(tmp_path / "world")
    with labkit.Lab.open(tmp_path / "world") as again:
        assert again.parts.xray.digest() == kept


def test_the_guides_command_in_the_cli(lab, xray):
    from labkit.gateway import aws_cli

    base = {"RuleName": "base-scorekeep", "ClientID": "ABCDEF1234567890ABCDEF10",
            "Timestamp": lab.now.isoformat(), "RequestCount": 110, "SampledCount": 20,
            "BorrowCount": 10}  # fmt: skip
    xray.create_sampling_rule(
        SamplingRule={**RULE, "RuleName": "base-scorekeep", "Priority": 9000, "FixedRate": 0.1,
                      "ReservoirSize": 2, "URLPath": "*"}
    )  # fmt: skip
    ran = aws_cli.run(
        f"aws xray get-sampling-targets --sampling-statistics-documents '{json.dumps([base])}'"
    )
    assert ran.status == 0, ran.text
    (target,) = json.loads(ran.text)["SamplingTargetDocuments"]
    assert (target["FixedRate"], target["ReservoirQuota"], target["Interval"]) == (0.1, 2, 10)
    late = json.dumps([{**base, "Timestamp": "2018-07-07T00:20:06"}])
    ran = aws_cli.run(f"aws xray get-sampling-targets --sampling-statistics-documents '{late}'")
    assert "too old" in ran.text


def test_rules_are_of_one_region(lab, xray):
    xray.create_sampling_rule(SamplingRule=RULE)
    assert list(rules(lab.client("xray", region_name="eu-west-1"))) == ["Default"]


def test_a_real_sdk_learns_rules_and_quotas(lab, xray):
    sampler = pytest.importorskip("aws_xray_sdk.core.sampling.connector")
    from aws_xray_sdk.core.sampling.rule_cache import RuleCache

    xray.create_sampling_rule(SamplingRule=RULE)
    connector, cache = sampler.ServiceConnector(), RuleCache()
    connector._xray_client = xray
    cache.load_rules(connector.fetch_sampling_rules())
    assert [one.name for one in cache.rules] == ["pay", "Default"]
    rule = cache.rules[0]
    rule.increment_request_count()
    targets, modified = connector.fetch_sampling_target([rule])
    cache.load_targets(targets)
    assert rule.reservoir.quota == 5
    # Its clock is the machine's, whatever the lab's says: the quota holds by that.
    from aws_xray_sdk.core.sampling.reservoir import ReservoirDecision

    from labkit.core.clock import machine_now_us

    now = machine_now_us() // 1_000_000
    assert rule.reservoir.borrow_or_take(now, True) is ReservoirDecision.TAKE
    assert modified > 0
