"""Sampling rules, and the targets that clients ask for.

That the errors are InvalidRequestException is the model's; of their texts only that of a forbidden
change of Default is known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import MINUTE, SECOND, to_datetime, to_us
from labkit.core.errors import AwsError
from labkit.xray.api.requests import invalid, page
from labkit.xray.engine.sampling import DEFAULT, Boost, Rule, in_order
from labkit.xray.engine.sampling.targets import ahead
from labkit.xray.figures import NAMESPACE
from labkit.xray.sampling import (
    KeptRule,
    by_name,
    changed,
    ordered,
    rules,
    seconds,
    state,
    summaries,
)
from labkit.xray.store import XRayStore

#: Records of one page; attributes of a rule (botocore's AttributeMap).
_PAGE, _ATTRIBUTES = 100, 5

#: Member of a rule in the API -> in ours.
_MEMBERS = {
    "ResourceARN": "resource_arn",
    "Priority": "priority",
    "FixedRate": "rate",
    "ReservoirSize": "reservoir",
    "ServiceName": "service_name",
    "ServiceType": "service_type",
    "Host": "host",
    "HTTPMethod": "method",
    "URLPath": "path",
}
#: What may be changed of Default.
_OF_DEFAULT = {"FixedRate", "ReservoirSize"}


def create_sampling_rule(
    call: Call,
    /,
    *,
    SamplingRule: Mapping[str, Any],
    Tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Make a rule: up to 25 beside Default.

    Raises
    ------
    AwsError
        InvalidRequestException, RuleLimitExceededException.
    """
    store: XRayStore = call.store
    name = SamplingRule.get("RuleName")
    if SamplingRule.get("RuleARN"):
        raise invalid("A new sampling rule has a name; its ARN is given by X-Ray")
    if not name:
        raise invalid("RuleName is required")
    if SamplingRule["Version"] != 1:
        raise invalid(f"Unsupported sampling rule version {SamplingRule['Version']}, only 1 is")
    held = rules(store)
    if name in held:
        raise invalid(f"Sampling rule {name} already exists")
    most = call.quota("rules.per_account")
    if len(held) > most:
        raise AwsError(
            "RuleLimitExceededException", f"You have reached the limit of {most} sampling rules"
        )
    tags = _tags(call, Tags)
    rule = _changed(Rule(name, 1, 0.0, 0), SamplingRule)
    before = tuple(ordered(store))
    kept = KeptRule(rule, store.arn(f"sampling-rule/{name}"), call.now_us, call.now_us, tags)
    held[name] = kept
    changed(store, before, call.now_us)
    return {"SamplingRuleRecord": kept.told()}


def update_sampling_rule(call: Call, /, *, SamplingRuleUpdate: Mapping[str, Any]) -> dict[str, Any]:
    """Change a rule; what is not said stays. Of Default only rate and reservoir can be changed.

    Raises
    ------
    AwsError
        InvalidRequestException.
    """
    store: XRayStore = call.store
    update = SamplingRuleUpdate
    kept = _named(store, update.get("RuleName"), update.get("RuleARN"))
    said = {name for name, value in update.items() if value is not None}
    if kept.rule.name == DEFAULT and said - _OF_DEFAULT - {"RuleName", "RuleARN"}:
        raise invalid("Invalid update request for default sampling rule")
    before = tuple(ordered(store))
    kept.rule = _changed(kept.rule, update)
    kept.modified_us = call.now_us
    changed(store, before, call.now_us)
    return {"SamplingRuleRecord": kept.told()}


def delete_sampling_rule(
    call: Call, /, *, RuleName: str | None = None, RuleARN: str | None = None
) -> dict[str, Any]:
    """Delete a rule; Default stays.

    Raises
    ------
    AwsError
        InvalidRequestException.
    """
    store: XRayStore = call.store
    kept = _named(store, RuleName, RuleARN)
    if kept.rule.name == DEFAULT:
        raise invalid("The default sampling rule cannot be deleted")
    before = tuple(ordered(store))
    del rules(store)[kept.rule.name]
    state(store).ledger.drop(kept.rule.name)
    changed(store, before, call.now_us)
    return {"SamplingRuleRecord": kept.told()}


def get_sampling_rules(call: Call, /, *, NextToken: str | None = None) -> dict[str, Any]:
    """All rules, in the order in which they are asked: Default is the last."""
    store: XRayStore = call.store
    held = rules(store)
    names = [one.name for one in in_order(kept.rule for kept in held.values())]
    rows, more = page(names, NextToken, _PAGE)
    return {"SamplingRuleRecords": [held[name].told() for name in rows], **more}


def get_sampling_targets(
    call: Call,
    /,
    *,
    SamplingStatisticsDocuments: Sequence[Mapping[str, Any]],
    SamplingBoostStatisticsDocuments: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Take what a client has counted, and give it its part of each rule's reservoir."""
    store: XRayStore = call.store
    one, known, now_s = state(store), by_name(store), seconds(call.now_us)
    unprocessed_boosts = one.ledger.report_anomalies(known, SamplingBoostStatisticsDocuments, now_s)
    statistics = [
        {**told, "Timestamp": _second(told["Timestamp"])} for told in SamplingStatisticsDocuments
    ]
    targets, unprocessed = one.ledger.report(known, statistics, now_s)
    for rule in {told["RuleName"]: known[told["RuleName"]] for told in targets}.values():
        if rule.boost is not None:
            call.ports.put_metric(
                call.account, call.region, NAMESPACE, "SamplingRate", (("RuleName", rule.name),),
                call.now_us // MINUTE * MINUTE, one.ledger.rate(rule, now_s), "None",
            )  # fmt: skip
    ahead_s = max((ahead(told["Timestamp"], now_s) for told in statistics), default=0)
    modified_s = seconds(one.modified_us) + (ahead_s if one.modified_us else 0)
    return {
        "SamplingTargetDocuments": [_timed(told) for told in targets],
        "LastRuleModification": to_datetime(modified_s * SECOND),
        "UnprocessedStatistics": unprocessed,
        "UnprocessedBoostStatistics": unprocessed_boosts,
    }


def get_sampling_statistic_summaries(
    call: Call, /, *, NextToken: str | None = None
) -> dict[str, Any]:
    """What programs have counted in the last ten minutes, in windows of ten seconds."""
    rows, more = page(summaries(call.store), NextToken, _PAGE)
    timed = [{**row, "Timestamp": to_datetime(row["Timestamp"] * SECOND)} for row in rows]
    return {"SamplingStatisticSummaries": timed, **more}


def _named(store: XRayStore, name: str | None, arn: str | None) -> KeptRule:
    if bool(name) is bool(arn):
        raise invalid("Specify a sampling rule by either RuleName or RuleARN")
    for kept in rules(store).values():
        if kept.rule.name == name or kept.arn == arn:
            return kept
    raise invalid(f"Sampling rule {name or arn} does not exist")


def _changed(rule: Rule, told: Mapping[str, Any]) -> Rule:
    """A rule with what a request says of it.

    Raises
    ------
    AwsError
        InvalidRequestException.
    """
    new: dict[str, Any] = {
        ours: told[theirs] for theirs, ours in _MEMBERS.items() if told.get(theirs) is not None
    }
    if told.get("Attributes") is not None:
        new["attributes"] = dict(told["Attributes"])
        if len(new["attributes"]) > _ATTRIBUTES:
            raise invalid(f"A sampling rule can have no more than {_ATTRIBUTES} attributes")
    boost = told.get("SamplingRateBoost")
    if boost is not None:
        if boost["CooldownWindowMinutes"] < 1:
            raise invalid("CooldownWindowMinutes must be greater than 0")
        new["boost"] = Boost(float(boost["MaxRate"]), boost["CooldownWindowMinutes"])
    found = dataclasses.replace(rule, **new)
    for name, value in (("FixedRate", found.rate), ("ReservoirSize", found.reservoir)):
        if value < 0 or (name == "FixedRate" and not value <= 1):
            raise invalid(f"{name} {value} is out of range")
    if found.name != DEFAULT and not 1 <= found.priority <= 9999:
        raise invalid(f"Priority {found.priority} is not between 1 and 9999")
    return found


def _tags(call: Call, given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    tags = {one["Key"]: one["Value"] for one in given}
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid("Tag keys cannot begin with aws:")
    if len(tags) > call.quota("tags.per_resource"):
        raise invalid("A resource can have no more than 50 tags")
    return tags


def _second(moment: datetime) -> int:
    return seconds(to_us(moment))


def _timed(target: Mapping[str, Any]) -> dict[str, Any]:
    """A target with its epoch seconds as instants."""
    told = {
        **target, "ReservoirQuotaTTL": to_datetime(target["ReservoirQuotaTTL"] * SECOND)
    }  # fmt: skip
    boost = told.get("SamplingBoost")
    if boost:
        until = to_datetime(boost["BoostRateTTL"] * SECOND)
        told["SamplingBoost"] = {**boost, "BoostRateTTL": until}
    return told


OPERATIONS = {
    "CreateSamplingRule": create_sampling_rule,
    "UpdateSamplingRule": update_sampling_rule,
    "DeleteSamplingRule": delete_sampling_rule,
    "GetSamplingRules": get_sampling_rules,
    "GetSamplingTargets": get_sampling_targets,
    "GetSamplingStatisticSummaries": get_sampling_statistic_summaries,
}
