"""What EventBridge hears of alarms: pure functions from an alarm's values to an event's detail.

Two kinds of events, for metric, metric-math and composite alarms: ``CloudWatch Alarm State Change``
and ``CloudWatch Alarm Configuration Change``. A metric alarm without Metrics is told as one query
whose id CloudWatch makes up; here it is a hash of the alarm and the instant of its configuration.

Source: CloudWatch user guide, "Alarm events and EventBridge" (aws-semantics 2.9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from labkit.cloudwatch.composite_alarm import CompositeAlarm
from labkit.cloudwatch.notification import offset_time, propagated_tags
from labkit.cloudwatch.records import AnyAlarm, Why
from labkit.core.ids import shape_uuid

SOURCE = "aws.cloudwatch"
STATE_CHANGE = "CloudWatch Alarm State Change"
CONFIGURATION_CHANGE = "CloudWatch Alarm Configuration Change"

_OPERATIONS = {"created": "create", "updated": "update", "deleted": "delete"}


@dataclass(frozen=True, slots=True)
class State:
    """An alarm's state at a moment.

    Parameters
    ----------
    value, why, at_us:
        OK, ALARM or INSUFFICIENT_DATA; what explains it; since when.
    suppressed_by:
        Who holds a composite alarm's actions back.
    """

    value: str
    why: Why
    at_us: int
    suppressed_by: str = ""

    def told(self) -> dict[str, Any]:
        """As an event's detail has it."""
        shown: dict[str, Any] = {}
        if self.suppressed_by:
            shown["actionsSuppressedBy"] = self.suppressed_by
            shown["actionsSuppressedReason"] = f"Actions suppressed by {self.suppressed_by}"
        shown |= {"value": self.value, "reason": self.why.text}
        if self.why.data:
            shown["reasonData"] = self.why.data
        return shown | {"timestamp": offset_time(self.at_us)}


@dataclass(frozen=True, slots=True)
class Before:
    """An alarm's configuration before it was changed."""

    config: Mapping[str, Any]
    enabled: bool
    configured_us: int


@dataclass(frozen=True, slots=True)
class Muting:
    """The mute rule that keeps an alarm from acting, and its window."""

    arn: str
    start_us: int
    end_us: int

    def told(self) -> dict[str, str]:
        """``muteDetail``."""
        return {
            "mutedByArn": self.arn,
            "muteWindowStart": offset_time(self.start_us),
            "muteWindowEnd": offset_time(self.end_us),
        }


def state_of(alarm: AnyAlarm) -> State:
    """The state that an alarm is in."""
    held = alarm.suppression.by if isinstance(alarm, CompositeAlarm) else ""
    return State(alarm.state, alarm.why, alarm.updated_us, held)


def before_of(alarm: AnyAlarm) -> Before:
    """An alarm's configuration, to be told as the previous one."""
    return Before(dict(alarm.config), alarm.actions_enabled, alarm.configured_us)


def state_change(
    alarm: AnyAlarm,
    config: Mapping[str, Any],
    before: State,
    after: State,
    muting: Muting | None = None,
) -> dict[str, Any]:
    """The detail of a state change.

    Parameters
    ----------
    alarm:
        Whose; only what never changes of it is told (name, ARN).
    config:
        Its configuration then.
    before, after:
        The states.
    muting:
        The mute rule that is active, if one is.
    """
    configuration = watched(alarm, config, alarm.configured_us)
    if config.get("AlarmDescription") is not None:
        configuration = {"description": config["AlarmDescription"], **configuration}
    detail: dict[str, Any] = {
        "alarmName": alarm.name,
        "state": after.told(),
        "previousState": before.told(),
        "configuration": configuration,
    }
    tags = propagated_tags(alarm)
    if tags:
        detail["alarmTags"] = tags
    if muting is not None:
        detail["muteDetail"] = muting.told()
    return detail


def configuration_change(
    alarm: AnyAlarm, change: str, before: Before | None = None
) -> dict[str, Any]:
    """The detail of a configuration change.

    Parameters
    ----------
    alarm:
        As it is now, or was when it was deleted.
    change:
        created, updated or deleted.
    before:
        The configuration before an update.
    """
    state: dict[str, Any] = {}
    if isinstance(alarm, CompositeAlarm) and alarm.suppression.by:
        state["actionsSuppressedBy"] = alarm.suppression.by
    state |= {"value": alarm.state, "timestamp": offset_time(alarm.updated_us)}
    detail: dict[str, Any] = {
        "alarmName": alarm.name,
        "operation": _OPERATIONS[change],
        "state": state,
        "configuration": _configuration(alarm, before_of(alarm)),
    }
    if change == "updated" and before is not None:
        detail["previousConfiguration"] = _configuration(alarm, before)
    return detail


def _configuration(alarm: AnyAlarm, before: Before) -> dict[str, Any]:
    config = before.config
    shown: dict[str, Any] = {}
    for key in (
        "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator",
        "TreatMissingData", "ThresholdMetricId", "EvaluateLowSampleCountPercentile",
    ):  # fmt: skip
        if config.get(key) is not None:
            shown[key[0].lower() + key[1:]] = config[key]
    shown |= watched(alarm, config, before.configured_us)
    shown["alarmName"] = alarm.name
    if config.get("AlarmDescription") is not None:
        shown["description"] = config["AlarmDescription"]
    return shown | {
        "actionsEnabled": before.enabled,
        "timestamp": offset_time(before.configured_us),
        "okActions": list(config.get("OKActions", ())),
        "alarmActions": list(config.get("AlarmActions", ())),
        "insufficientDataActions": list(config.get("InsufficientDataActions", ())),
    }


def watched(alarm: AnyAlarm, config: Mapping[str, Any], configured_us: int) -> dict[str, Any]:
    """What an alarm looks at: ``metrics``, or the rule and suppressor of a composite one."""
    if "AlarmRule" in config:
        shown = {"alarmRule": config["AlarmRule"]}
        for key in (
            "ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod",
        ):  # fmt: skip
            if config.get(key) is not None:
                shown[key[0].lower() + key[1:]] = config[key]
        return shown
    if config.get("Metrics"):
        return {"metrics": [_query(one) for one in config["Metrics"]]}
    key = blake2b(f"{alarm.arn}/{configured_us}".encode(), digest_size=16).hexdigest()
    stat = {
        "metric": _metric(config),
        "period": config["Period"],
        "stat": config.get("Statistic") or config.get("ExtendedStatistic"),
    }
    if config.get("Unit") is not None:
        stat["unit"] = config["Unit"]
    return {"metrics": [{"id": shape_uuid(key), "metricStat": stat, "returnData": True}]}


def _metric(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "namespace": given.get("Namespace", ""),
        "name": given.get("MetricName", ""),
        "dimensions": {one["Name"]: one["Value"] for one in given.get("Dimensions", ())},
    }


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": given["Id"]}
    asked = given.get("MetricStat")
    if asked is not None:
        stat = {
            "metric": _metric(asked["Metric"]),
            "period": asked["Period"],
            "stat": asked["Stat"],
        }
        if asked.get("Unit") is not None:
            stat["unit"] = asked["Unit"]
        shown["metricStat"] = stat
    else:
        shown["expression"] = given["Expression"]
    for key, name in (("Label", "label"), ("Period", "period"), ("AccountId", "accountId")):
        if given.get(key) is not None:
            shown[name] = given[key]
    return shown | {"returnData": given.get("ReturnData") is not False}
