"""What PutMetricAlarm and PutCompositeAlarm refuse, before anything is stored.

Texts marked "ours" are not known from AWS.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 2.1, 11.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from labkit.cloudwatch import reading
from labkit.cloudwatch.api.alarm_expressions import BANDS
from labkit.cloudwatch.api.requests import validation
from labkit.core.call import Call
from labkit.core.errors import AwsError

_TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def check_there(config: dict[str, Any], *names: str) -> None:
    """Refuse a configuration that lacks a parameter."""
    for needed in names:
        if needed not in config:
            raise AwsError("MissingParameter", f"The parameter {needed} is required.")


def check_metric(config: dict[str, Any]) -> None:
    """Refuse a metric, its dimensions or its statistic."""
    check_there(
        config, "MetricName", "Namespace", "Period", "EvaluationPeriods", "ComparisonOperator"
    )
    if not config["MetricName"].strip() or len(config["MetricName"]) > 255:
        raise validation(f"The value {config['MetricName']} for parameter MetricName is invalid.")
    namespace = config["Namespace"]
    if not namespace.strip() or len(namespace) > 255 or namespace.startswith(":"):
        raise validation(f"The value {namespace} for parameter Namespace is invalid.")
    dimensions = config.get("Dimensions", ())
    if len({one["Name"] for one in dimensions}) < len(dimensions):
        raise validation("The parameter Dimensions names the same dimension twice.")
    if ("Statistic" in config) == ("ExtendedStatistic" in config):
        if "Statistic" in config:
            raise AwsError(
                "InvalidParameterCombination",
                "The parameters Statistic and ExtendedStatistic are mutually exclusive and you "
                "have specified both.",
            )
        raise AwsError(
            "MissingParameter", "Either Statistic or ExtendedStatistic must be specified."
        )
    if "ExtendedStatistic" in config:
        if config["ExtendedStatistic"] in _STATISTICS:
            raise validation(
                f"{config['ExtendedStatistic']} belongs into Statistic, not ExtendedStatistic."
            )
        reading.statistic(config["ExtendedStatistic"], "ExtendedStatistic")


def check_window(call: Call, config: dict[str, Any], period: int) -> None:
    """Refuse a period, N, M, or a window that is too long."""
    periods = config["EvaluationPeriods"]
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        raise validation(
            f"Metric period must be 10, 20, 30 or a multiple of 60; the given value is {period}."
        )
    if periods < 1:
        raise validation(f"EvaluationPeriods must be at least 1; the given value is {periods}.")
    hourly = period >= 3600
    most = call.quota("alarms.window_seconds_hourly" if hourly else "alarms.window_seconds")
    if period * periods > most:
        span = "seven days" if hourly else "one day"
        raise validation(
            f"Metrics cannot be checked across more than {span} "
            f"(EvaluationPeriods * Period must be <= {most})."
        )
    needed = config.get("DatapointsToAlarm")
    if needed is not None and not 1 <= needed <= periods:
        raise validation(
            f"DatapointsToAlarm must be between 1 and EvaluationPeriods ({periods}); the given "
            f"value is {needed}."
        )


def check_threshold(config: dict[str, Any]) -> None:
    """Refuse what is compared with, and how missing data is treated."""
    comparison = config["ComparisonOperator"]
    band = config.get("ThresholdMetricId")
    if (comparison in BANDS) != (band is not None):
        raise AwsError(
            "InvalidParameterCombination",
            f"ComparisonOperator {comparison} compares with an anomaly-detection band and needs "
            "ThresholdMetricId."
            if band is None
            else f"ThresholdMetricId goes with {', '.join(BANDS)}, not with {comparison}.",
        )
    threshold = config.get("Threshold")
    if band is not None:
        if threshold is not None:
            raise AwsError(
                "InvalidParameterCombination",
                "The parameters Threshold and ThresholdMetricId are mutually exclusive and you "
                "have specified both.",
            )
        if "Metrics" not in config:
            raise AwsError("MissingParameter", "ThresholdMetricId needs the parameter Metrics.")
        threshold = 0.0
    if threshold is None:
        raise AwsError("MissingParameter", "The parameter Threshold is required.")
    if threshold != threshold or threshold in (float("inf"), float("-inf")):
        raise validation(f"The value {threshold} for parameter Threshold is invalid.")
    treatment = config.get("TreatMissingData", "missing")
    if treatment not in _TREATMENTS:
        raise validation(f"The value {treatment} for parameter TreatMissingData is invalid.")
    low = config.get("EvaluateLowSampleCountPercentile")
    if low is not None:
        if low not in ("evaluate", "ignore"):
            raise validation(
                f"The value {low} for parameter EvaluateLowSampleCountPercentile is invalid."
            )
        if "ExtendedStatistic" not in config:
            raise AwsError(
                "InvalidParameterCombination",
                "EvaluateLowSampleCountPercentile goes with ExtendedStatistic only.",
            )


def check_name(name: str) -> None:
    """Refuse a name that is blank or has control characters."""
    if not name.strip() or not name.isprintable():
        raise validation(f"The value {name} for parameter AlarmName is invalid.")


def check_actions(call: Call, config: Mapping[str, Any]) -> None:
    """Refuse actions that are no ARNs, are elsewhere, or do not fit what the alarm looks at.

    An EC2 action needs the dimension InstanceId, so neither an alarm on an expression nor a
    composite alarm has one; recovering is for failures of the host, not of what runs on it.
    Whether a target is there is not asked.
    """
    for kind in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        for arn in config.get(kind, ()):
            parts = arn.split(":")
            if len(parts) < 6 or parts[0] != "arn" or not 1 <= len(arn) <= 1024:
                raise validation(f"Invalid arn syntax: {arn}")
            if parts[3] and parts[3] != call.region:
                raise validation(
                    f"Invalid region {parts[3]} specified. Only {call.region} is supported."
                )
            if _acts_on_instance(arn):
                _check_ec2_action(config, arn)
            elif parts[2] == "autoscaling":
                _check_scaling_action(config)
            elif parts[2] in ("ssm", "ssm-incidents") and kind != "AlarmActions":
                raise validation(f"Invalid action {arn}: it runs in the ALARM state only.")  # ours


def _acts_on_instance(arn: str) -> bool:
    return arn.startswith("arn:aws:automate:") or ":action/actions/AWS_EC2." in arn


def _check_ec2_action(config: Mapping[str, Any], arn: str) -> None:
    if "Metrics" in config:
        raise validation(f"{arn} acts on an instance, and an alarm on an expression has none.")
    if "InstanceId" not in {one["Name"] for one in config.get("Dimensions", ())}:
        raise validation(
            "Invalid use of EC2 action. An EC2 action can only be used if the alarm is monitoring "
            "an EC2 instance."
        )
    recovers = arn.endswith(":recover") or ".Recover/" in arn
    if recovers and (
        config.get("Namespace") != "AWS/EC2"
        or config.get("MetricName") == "StatusCheckFailed_Instance"
    ):
        raise validation(  # ours
            "Invalid use of EC2 'Recover' action. It can only be used with a per-instance metric "
            "of AWS/EC2 other than StatusCheckFailed_Instance."
        )


def _check_scaling_action(config: Mapping[str, Any]) -> None:
    if "ThresholdMetricId" in config:
        raise validation("An alarm on an anomaly model has no Auto Scaling actions.")
    if "AlarmRule" in config:
        raise validation("Auto Scaling actions are not supported for composite alarms.")  # ours


def check_action_configuration(config: Mapping[str, Any]) -> None:
    """Refuse tags that are both included and excluded."""
    tags = config.get("ActionConfiguration", {}).get("AlarmTagsPropagation", {})
    if "IncludedTagKeys" in tags and "ExcludedTagKeys" in tags:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameters IncludedTagKeys and ExcludedTagKeys are mutually exclusive and you "
            "have specified both.",
        )


def wall_clock_of(config: Mapping[str, Any], period: int) -> tzinfo | None:
    """The time zone of a wall-clock window, None for a window that slides.

    Raises
    ------
    AwsError
        ValidationError for a period that no clock has, or what is no time zone.
    """
    window = config.get("EvaluationWindow", {}).get("WallClockWindow")
    if window is None:
        return None
    from labkit.cloudwatch.engine.watched_later import WALL_CLOCK_PERIODS, zone_of

    if period not in WALL_CLOCK_PERIODS:
        allowed = ", ".join(map(str, WALL_CLOCK_PERIODS))
        raise validation(f"The period of a wall clock window is one of {allowed}, not {period}.")
    try:
        return zone_of(window.get("Timezone"))
    except ValueError as problem:
        raise validation(f"The value for parameter Timezone is invalid: {problem}.") from problem
