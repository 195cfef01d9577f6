"""Contributor Insights: PutInsightRule and its kin, managed rules, GetInsightRuleReport.

Rules are checked and kept here. A report reads log events through the port ``log_events``.

Source: botocore cloudwatch 2010-08-01; user guide, "Use Contributor Insights".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.api.requests import invalid
from labkit.cloudwatch.insight_rules import DISABLED, ENABLED, TEMPLATES, InsightRule
from labkit.cloudwatch.store import Store
from labkit.core.call import Call
from labkit.core.clock import SECOND, to_datetime, to_us
from labkit.core.errors import AwsError, NotImplementedYet

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.contributors import Report

_MANAGED = '{"Name": "ServiceLogRule", "Version": 1}'
_MOST_CONTRIBUTORS = 100


def put_insight_rule(
    call: Call,
    /,
    *,
    RuleName: str,
    RuleDefinition: str,
    RuleState: str = ENABLED,
    Tags: Sequence[dict[str, str]] = (),
    ApplyOnTransformedLogs: bool = False,
) -> dict[str, Any]:
    """Make a rule, or change one; tags count only when it is made.

    Raises
    ------
    AwsError
        InvalidParameterValue for a definition that is no rule, LimitExceededException.
    """
    from labkit.cloudwatch.engine.contributors import RuleError, read

    store: Store = call.store
    if RuleState not in (ENABLED, DISABLED):
        raise invalid(f"The value {RuleState} for parameter RuleState must be ENABLED or DISABLED.")
    try:
        read(RuleDefinition)
    except RuleError as problem:
        raise invalid(f"The parameter RuleDefinition is invalid: {problem}.") from problem
    rule = store.insight_rules.get(RuleName)
    if rule is None:
        if len(store.insight_rules) >= call.quota("insight_rules.per_region"):
            raise AwsError("LimitExceededException", "The limit of rules in a Region is reached.")
        tags = {one["Key"]: one["Value"] for one in Tags}
        rule = store.insight_rules[RuleName] = InsightRule(RuleName, RuleDefinition, tags=tags)
    elif rule.template:
        raise invalid(f"{RuleName} is a managed rule, which PutInsightRule cannot change.")
    rule.definition, rule.transformed = RuleDefinition, ApplyOnTransformedLogs
    if RuleState == ENABLED:
        rule.enable(call.now_us)
    else:
        rule.disable(call.now_us)
    return {}


def describe_insight_rules(
    call: Call, /, *, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    """The rules of this account and Region.

    Raises
    ------
    AwsError
        InvalidNextToken.
    """
    store: Store = call.store
    found = [one for _, one in sorted(store.insight_rules.items())]
    size = MaxResults or call.quota("insight_rules.describe_page")
    shown, token = page(found, size, NextToken, "insight rules")
    answer: dict[str, Any] = {"InsightRules": [_described(one) for one in shown]}
    if token:
        answer["NextToken"] = token
    return answer


def delete_insight_rules(call: Call, /, *, RuleNames: Sequence[str]) -> dict[str, Any]:
    """Delete rules; those that are not there are told as failures."""
    store: Store = call.store
    return _each(call, RuleNames, lambda rule: store.insight_rules.pop(rule.name))


def enable_insight_rules(call: Call, /, *, RuleNames: Sequence[str]) -> dict[str, Any]:
    """Let rules count from now on; those that are not there are told as failures."""
    return _each(call, RuleNames, lambda rule: rule.enable(call.now_us))


def disable_insight_rules(call: Call, /, *, RuleNames: Sequence[str]) -> dict[str, Any]:
    """Let rules count no more; those that are not there are told as failures."""
    return _each(call, RuleNames, lambda rule: rule.disable(call.now_us))


def put_managed_insight_rules(
    call: Call, /, *, ManagedRules: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Make rules from AWS's templates; a template that a resource does not have is a failure."""
    store: Store = call.store
    failures = []
    for one in ManagedRules:
        template, resource = one["TemplateName"], one["ResourceARN"]
        if template not in _templates(resource):
            failures.append(_failure(resource, f"The resource has no template {template}."))
            continue
        name = f"{template}-{resource.rpartition('/')[2]}"
        rule = store.insight_rules.get(name)
        if rule is None:
            tags = {tag["Key"]: tag["Value"] for tag in one.get("Tags", ())}
            definition = json.dumps({"Schema": json.loads(_MANAGED), "Template": template})
            rule = store.insight_rules[name] = InsightRule(
                name, definition, tags=tags, template=template, resource=resource
            )
        rule.enable(call.now_us)
    return {"Failures": failures}


def list_managed_insight_rules(
    call: Call, /, *, ResourceARN: str, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    """The templates of a resource, and the states of those that are in use.

    Raises
    ------
    AwsError
        InvalidNextToken.
    """
    store: Store = call.store
    used = {
        one.template: one for one in store.insight_rules.values() if one.resource == ResourceARN
    }
    found = []
    for template in _templates(ResourceARN):
        entry: dict[str, Any] = {"TemplateName": template, "ResourceARN": ResourceARN}
        if template in used:
            rule = used[template]
            entry["RuleState"] = {"RuleName": rule.name, "State": rule.state}
        found.append(entry)
    size = MaxResults or call.quota("insight_rules.describe_page")
    shown, token = page(found, size, NextToken, ResourceARN)
    answer: dict[str, Any] = {"ManagedRules": list(shown)}
    if token:
        answer["NextToken"] = token
    return answer


def get_insight_rule_report(
    call: Call,
    /,
    *,
    RuleName: str,
    StartTime: datetime,
    EndTime: datetime,
    Period: int,
    MaxContributorCount: int = 10,
    Metrics: Sequence[str] = (),
    OrderBy: str = "Sum",
) -> dict[str, Any]:
    """Who contributed most over a range, period by period.

    Raises
    ------
    AwsError
        ResourceNotFoundException, InvalidParameterValue; 501 while nobody has log events.
    """
    from labkit.cloudwatch.engine.contributors import METRICS, read, report

    store: Store = call.store
    rule = store.insight_rules.get(RuleName)
    if rule is None:
        raise AwsError(
            "ResourceNotFoundException", f"The rule {RuleName} does not exist.", status=404
        )
    start_us, end_us = to_us(StartTime), to_us(EndTime)
    if start_us >= end_us:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    if Period % 60:
        raise invalid("The parameter Period must be a multiple of 60.")
    if not 1 <= MaxContributorCount <= _MOST_CONTRIBUTORS:
        raise invalid(f"MaxContributorCount must be 1 to {_MOST_CONTRIBUTORS}.")
    if OrderBy not in ("Sum", "Maximum"):
        raise invalid("The parameter OrderBy must be Sum or Maximum.")
    if wrong := [name for name in Metrics if name not in METRICS]:
        raise invalid(f"The metric {wrong[0]} is none of {', '.join(METRICS)}.")
    if rule.template:
        raise NotImplementedYet(
            "cloudwatch", "GetInsightRuleReport", "A lab has no traffic at endpoint services."
        )
    parsed = read(rule.definition)
    events = call.ports.log_events(
        call.account, call.region, parsed.groups, start_us, end_us, rule.transformed
    )
    counted = [(at, text) for at, text in events if rule.counted(at)]
    found = report(parsed, counted, start_us, Period * SECOND, OrderBy)
    labels = [parsed.aliases.get(key, key) if not parsed.json else key for key in parsed.keys]
    return {
        "KeyLabels": labels,
        "AggregationStatistic": parsed.statistic,
        **_told(found, MaxContributorCount, Metrics),
    }


def _told(found: Report, most: int, metrics: Sequence[str]) -> dict[str, Any]:
    contributors = [
        {
            "Keys": list(one.keys),
            "ApproximateAggregateValue": one.total,
            "Datapoints": [
                {"Timestamp": to_datetime(at), "ApproximateValue": value}
                for at, value in one.points
            ],
        }
        for one in found.contributors[:most]
    ]
    points: dict[int, dict[str, Any]] = {}
    for name in metrics:
        for at, value in found.metric(name):
            points.setdefault(at, {"Timestamp": to_datetime(at)})[name] = value
    return {
        "AggregateValue": found.total,
        "ApproximateUniqueCount": len(found.contributors),
        "Contributors": contributors,
        "MetricDatapoints": [points[at] for at in sorted(points)],
    }


def _templates(resource: str) -> tuple[str, ...]:
    return TEMPLATES if ":vpc-endpoint-service/" in resource else ()


def _each(call: Call, names: Sequence[str], act: Callable[[InsightRule], object]) -> dict[str, Any]:
    store: Store = call.store
    failures = []
    for name in names:
        rule = store.insight_rules.get(name)
        if rule is None:
            failures.append(_failure(name, f"The rule {name} does not exist."))
        else:
            act(rule)
    return {"Failures": failures}


def _failure(resource: str, told: str) -> dict[str, Any]:
    return {
        "FailureResource": resource,
        "ExceptionType": "ResourceNotFoundException",
        "FailureCode": "ResourceNotFound",
        "FailureDescription": told,
    }


def _described(rule: InsightRule) -> dict[str, Any]:
    schema = _MANAGED if rule.template else '{"Name": "CloudWatchLogRule", "Version": 1}'
    return {
        "Name": rule.name,
        "State": rule.state,
        "Schema": schema,
        "Definition": rule.definition,
        "ManagedRule": bool(rule.template),
        "ApplyOnTransformedLogs": rule.transformed,
    }
