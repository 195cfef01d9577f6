"""What an alarm says when it changes: the message for machines, the letter for people.

CloudWatch publishes to a topic with one text per protocol: e-mail gets a letter, SMS a line, and
everybody else (queues, functions, HTTP) a JSON document. The document's odd corners are AWS's and
scripts depend on them: ``Region`` is a display name, dimensions have lower-case ``name`` and
``value``, the statistic is in capitals, and times end in ``+0000``.

Sources: aws-semantics 2.8 and 11.1 (recorded messages of 2025-09 and 2026-02, real e-mails).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.records import Alarm, AnyAlarm
from labkit.core.clock import SECOND, to_datetime

if TYPE_CHECKING:
    from labkit.cloudwatch.composite_alarm import CompositeAlarm

#: So many children are named in a letter.
_CHILDREN = 10

REGION_NAMES = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "af-south-1": "Africa (Cape Town)",
    "ap-east-1": "Asia Pacific (Hong Kong)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-northeast-3": "Asia Pacific (Osaka)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ca-central-1": "Canada (Central)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-north-1": "EU (Stockholm)",
    "eu-south-1": "EU (Milan)",
    "me-south-1": "Middle East (Bahrain)",
    "sa-east-1": "South America (Sao Paulo)",
}

_STATISTICS = {
    "Average": "AVERAGE",
    "Sum": "SUM",
    "Minimum": "MINIMUM",
    "Maximum": "MAXIMUM",
    "SampleCount": "SAMPLE_COUNT",
}


def offset_time(us: int) -> str:
    """``2021-06-23T08:41:06.622+0000``: AWS's form of time in alarm messages and reason data."""
    moment = to_datetime(us).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "+0000"


def subject(alarm: AnyAlarm) -> str:
    """The subject line: ``ALARM: "cpu-high" in US East (N. Virginia)``, at most 100 characters."""
    region = REGION_NAMES.get(alarm.region, alarm.region)
    name = alarm.name
    line = f'{alarm.state}: "{name}" in {region}'
    if len(line) > 100:
        name = name[: len(name) - (len(line) - 97)] + "..."
        line = f'{alarm.state}: "{name}" in {region}'
    return line


def message(
    alarm: AnyAlarm, old_state: str, changed_us: int, *, after_mute: bool = False
) -> dict[str, Any]:
    """The JSON document for queues, functions and HTTP endpoints.

    Parameters
    ----------
    alarm:
        In its new state.
    old_state, changed_us:
        The state before, and when it was left.
    after_mute:
        Whether a mute rule held the action back until now.
    """
    config = alarm.config
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": config.get("AlarmDescription"),
        "AWSAccountId": alarm.account,
        "AlarmConfigurationUpdatedTimestamp": offset_time(alarm.configured_us),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": offset_time(changed_us),
        "Region": REGION_NAMES.get(alarm.region, alarm.region),
        "AlarmArn": alarm.arn,
        "OldStateValue": old_state,
        "OKActions": list(config.get("OKActions", ())),
        "AlarmActions": list(config.get("AlarmActions", ())),
        "InsufficientDataActions": list(config.get("InsufficientDataActions", ())),
    }
    tags = propagated_tags(alarm)
    if tags:
        told["AlarmTags"] = tags
    if isinstance(alarm, Alarm):
        return told | {"ActionExecutedAfterMuteWindow": after_mute, "Trigger": _trigger(alarm)}
    del told["AlarmConfigurationUpdatedTimestamp"]
    if after_mute:
        told["ActionExecutedAfterMuteWindow"] = True
    told["AlarmRule"] = config["AlarmRule"]
    children = [
        {
            "Arn": one["arn"],
            "State": {"Value": one["state"]["value"], "Timestamp": one["state"]["timestamp"]},
        }
        for one in alarm.triggering
    ]
    for key in ("", "WaitPeriod", "ExtensionPeriod"):
        if config.get(f"ActionsSuppressor{key}") is not None:
            told[f"ActionsSuppressor{key}"] = config[f"ActionsSuppressor{key}"]
    return told | {"TriggeringChildren": children}


def propagated_tags(alarm: AnyAlarm) -> dict[str, str]:
    """The tags that an alarm's messages carry, by its ActionConfiguration; mostly none."""
    asked = alarm.config.get("ActionConfiguration", {}).get("AlarmTagsPropagation", {})
    if not asked.get("Enabled"):
        return {}
    included, excluded = asked.get("IncludedTagKeys"), asked.get("ExcludedTagKeys", ())
    return {
        key: value
        for key, value in sorted(alarm.tags.items())
        if key not in excluded and (included is None or key in included)
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    """What a metric alarm looks at."""
    config = alarm.config
    trigger = _metric(alarm) if alarm.series is not None else {}
    trigger |= {
        "Period": alarm.rule.period_us // SECOND,
        "EvaluationPeriods": config["EvaluationPeriods"],
    }
    if "DatapointsToAlarm" in config:
        trigger["DatapointsToAlarm"] = config["DatapointsToAlarm"]
    trigger |= {
        "ComparisonOperator": config["ComparisonOperator"],
        **_threshold(config),
        "TreatMissingData": config.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": config.get("EvaluateLowSampleCountPercentile", ""),
    }
    if alarm.series is None:
        trigger["Metrics"] = [_query(one) for one in config["Metrics"]]
    return trigger


def _metric(alarm: Alarm) -> dict[str, Any]:
    """The part of a trigger that names one metric."""
    config, series = alarm.config, alarm.series
    assert series is not None
    part: dict[str, Any] = {"MetricName": series.name, "Namespace": series.namespace}
    if "ExtendedStatistic" in config:
        part["StatisticType"] = "ExtendedStatistic"
        part["ExtendedStatistic"] = config["ExtendedStatistic"]
    else:
        part["StatisticType"] = "Statistic"
        part["Statistic"] = _STATISTICS[config["Statistic"]]
    part["Unit"] = config.get("Unit")
    part["Dimensions"] = [{"value": v, "name": n} for n, v in series.dimensions]
    return part


def _threshold(config: Mapping[str, Any]) -> dict[str, Any]:
    if "ThresholdMetricId" in config:
        return {"ThresholdMetricId": config["ThresholdMetricId"]}
    return {"Threshold": config["Threshold"]}


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    """A member of Metrics as messages write it: dimensions in lower case."""
    shown = {key: value for key, value in given.items() if key != "MetricStat"}
    shown["ReturnData"] = given.get("ReturnData", True)
    asked = given.get("MetricStat")
    if asked is not None:
        metric = asked["Metric"]
        dimensions = [
            {"value": one["Value"], "name": one["Name"]} for one in metric.get("Dimensions", ())
        ]
        shown["MetricStat"] = {**asked, "Metric": {**metric, "Dimensions": dimensions}}
    return shown


def invocation(alarm: AnyAlarm, old_state: str, changed_us: int) -> dict[str, Any]:
    """What a function is invoked with: another document than everybody else's."""
    from labkit.cloudwatch import events

    state = events.state_of(alarm).told()
    before: dict[str, Any] = {"value": old_state}
    if alarm.previous is not None:
        was = alarm.previous
        before = events.State(was.state, was.why, was.at_us).told()
    watched = events.watched(alarm, alarm.config, alarm.configured_us)
    description = alarm.config.get("AlarmDescription")
    if description is not None:
        watched = {"description": description, **watched}
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.arn,
        "accountId": alarm.account,
        "time": offset_time(changed_us),
        "region": alarm.region,
        "alarmData": {
            "alarmName": alarm.name,
            "state": state,
            "previousState": before,
            "configuration": watched,
        },
    }


# -- for people
def letter(alarm: AnyAlarm, old_state: str, changed_us: int) -> str:
    """The body of the e-mail that a person reads."""
    region = REGION_NAMES.get(alarm.region, alarm.region)
    when = to_datetime(changed_us).strftime("%A %d %B, %Y %H:%M:%S UTC")
    link = (
        f"https://{alarm.region}.console.aws.amazon.com/cloudwatch/deeplink.js"
        f"?region={alarm.region}#alarmsV2:alarm/{alarm.name}"
    )
    verb = "entered the" if isinstance(alarm, Alarm) else "transitioned to"
    state = f"{alarm.state} state"
    if isinstance(alarm, Alarm):
        head = f'{verb} {state}, because "{alarm.reason}" at "{when}".'
    else:
        head = f'{verb} {state} on {when}, because "{alarm.reason}".'
    rows = [
        f'You are receiving this email because your Amazon CloudWatch Alarm "{alarm.name}" in the '
        f"{region} region has {head}",
        "",
        "View this alarm in the AWS Management Console:",
        link,
        "",
        "Alarm Details:",
        f"- Name:                       {alarm.name}",
        f"- Description:                {alarm.config.get('AlarmDescription', '')}",
        f"- State Change:               {old_state} -> {alarm.state}",
        *([] if isinstance(alarm, Alarm) else [
            f"- Alarm Rule:                 {alarm.config['AlarmRule']}"
        ]),
        f"- Reason for State Change:    {alarm.reason}",
        f"- Timestamp:                  {when}",
        f"- AWS Account:                {alarm.account}",
        f"- Alarm Arn:                  {alarm.arn}",
        "",
        *(_threshold_rows(alarm) if isinstance(alarm, Alarm) else _children_rows(alarm)),
        "",
        "State Change Actions:",
        f"- OK: {_listed(alarm, 'OKActions')}".rstrip(),
        f"- ALARM: {_listed(alarm, 'AlarmActions')}".rstrip(),
        f"- INSUFFICIENT_DATA: {_listed(alarm, 'InsufficientDataActions')}".rstrip(),
        "",
    ]  # fmt: skip
    return "\n".join(rows)


def _listed(alarm: AnyAlarm, kind: str) -> str:
    return "".join(f"[{arn}] " for arn in alarm.config.get(kind, ())).strip()


def _threshold_rows(alarm: Alarm) -> list[str]:
    """The lines of a letter that say what was compared with what."""
    config = alarm.config
    periods = config["EvaluationPeriods"]
    needed = config.get("DatapointsToAlarm", periods)
    return [
        "Threshold:",
        f"- The alarm is in the ALARM state when the metric is {config['ComparisonOperator']} "
        f"{config.get('Threshold', 'the anomaly detection band')} for at least {needed} of the "
        f"last {periods} period(s) of {alarm.rule.period_us // SECOND} seconds.",
        "",
        *_monitored(alarm),
        f"- TreatMissingData:                    {config.get('TreatMissingData', 'missing')}",
    ]


def _monitored(alarm: Alarm) -> list[str]:
    """The lines of a letter that name what was looked at."""
    config, series = alarm.config, alarm.series
    if series is None:
        lines = ["Monitored Metrics:"]
        for one in config["Metrics"]:
            asked = one.get("MetricStat")
            if asked is None:
                lines.append(f"- {one['Id']}: {one['Expression']}")
                continue
            metric = asked["Metric"]
            lines.append(
                f"- {one['Id']}: {metric['Namespace']} {metric['MetricName']}, {asked['Stat']} of "
                f"{asked['Period']} seconds"
            )
        return lines
    dimensions = ", ".join(f"[{n} = {v}]" for n, v in series.dimensions)
    return [
        "Monitored Metric:",
        f"- MetricNamespace:                     {series.namespace}",
        f"- MetricName:                          {series.name}",
        f"- Dimensions:                          {dimensions}",
        f"- Period:                              {config['Period']} seconds",
        "- Statistic:                           "
        f"{config.get('Statistic') or config.get('ExtendedStatistic')}",
        f"- Unit:                                {config.get('Unit', 'not specified')}",
    ]


def _children_rows(alarm: CompositeAlarm) -> list[str]:
    """Which children led to a composite alarm's state."""
    told = [
        f"- {one['arn']} in {one['state']['value']} since {one['state']['timestamp']}"
        for one in alarm.triggering[:_CHILDREN]
    ]
    return [f"Triggering children (max. {_CHILDREN}):", *told]
