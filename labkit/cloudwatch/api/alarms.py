"""PutMetricAlarm and the operations that read, force, silence and delete alarms.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 2.1, 2.5, 11.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.api.alarm_checks import (
    check_actions,
    check_metric,
    check_there,
    check_threshold,
    check_window,
)
from labkit.cloudwatch.api.alarm_expressions import watch_of
from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.api.requests import validation
from labkit.cloudwatch.records import STATES, Alarm, HistoryItem, Why
from labkit.cloudwatch.store import Store, dimensions_of
from labkit.core.call import Call
from labkit.core.clock import to_us
from labkit.core.errors import AwsError, NotImplementedYet
from labkit.core.jsontext import dumps, parse
from labkit.core.sources import Series

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.evaluation import AlarmRule
    from labkit.cloudwatch.engine.watched import Watch


def put_metric_alarm(call: Call, /, **given: Any) -> dict[str, Any]:
    """Create an alarm, or replace the whole configuration of one; its state stays as it is.

    A new alarm begins in INSUFFICIENT_DATA and is evaluated at the next full minute. Targets of
    actions need not exist, nor need the metric. ``Tags`` count at creation only.

    Parameters
    ----------
    given:
        The members of botocore's ``PutMetricAlarmInput``. PromQL (``EvaluationCriteria``) comes
        later.

    Raises
    ------
    AwsError
        ValidationError, InvalidParameterValue, InvalidParameterCombination, MissingParameter.
    """
    store: Store = call.store
    config = {key: value for key, value in given.items() if value is not None}
    name = config.pop("AlarmName")
    tags = {tag["Key"]: tag["Value"] for tag in config.pop("Tags", ())}
    enabled = config.pop("ActionsEnabled", True)
    for later, what in (
        ("EvaluationCriteria", "PromQL alarms"),
        ("EvaluationInterval", "PromQL alarms"),
        ("WarmUpConfiguration", "Warm-up"),
        ("ActionConfiguration", "Action configurations"),
    ):
        if config.get(later):
            raise NotImplementedYet(
                "cloudwatch", "PutMetricAlarm", f"{what} come with a later part."
            )
    if "WallClockWindow" in config.get("EvaluationWindow", {}):
        raise NotImplementedYet(
            "cloudwatch", "PutMetricAlarm", "Windows aligned to the clock come with a later part."
        )
    if not name.strip() or not name.isprintable():
        raise validation(f"The value {name} for parameter AlarmName is invalid.")
    watch = None
    if "Metrics" in config:
        check_there(config, "EvaluationPeriods", "ComparisonOperator")
        watch = watch_of(call, config, name)
        period = watch.program.period(watch.id)
    else:
        check_metric(config)
        period = config["Period"]
    check_window(call, config, period)
    check_threshold(config)
    check_actions(call, config)
    arn = f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{name}"
    known = store.alarms.get(name)
    service = store.service
    alarm = Alarm(
        name=name,
        arn=arn,
        account=call.account,
        region=call.region,
        config=config,
        series=None if watch else _series(config),
        unit=config.get("Unit"),
        rule=rule_of(config, watch),
        watch=watch,
        serial=known.serial if known else service.next_serial(),
        configured_us=call.now_us,
        updated_us=call.now_us,
        transitioned_us=call.now_us,
        actions_enabled=enabled,
        tags=tags,
    )
    if known is not None:
        alarm.state, alarm.why = known.state, known.why
        alarm.updated_us, alarm.transitioned_us = known.updated_us, known.transitioned_us
        alarm.tags = known.tags
    store.alarms[name] = alarm
    _note_configuration(call, alarm, "updated" if known else "created")
    service.evaluator.watch(store, alarm)
    return {}


def _series(config: dict[str, Any]) -> Series:
    dimensions = tuple(sorted(dimensions_of(config.get("Dimensions", ()))))
    return Series(config["Namespace"], config["MetricName"], dimensions)


def rule_of(config: dict[str, Any], watch: Watch | None = None) -> AlarmRule:
    """The rule that a configuration means, for the engine."""
    from labkit.cloudwatch.engine.evaluation import AlarmRule

    treatment = config.get("TreatMissingData")
    if treatment is None and _namespace(config, watch) == "AWS/DynamoDB":
        treatment = "ignore"  # documented default of this one namespace
    period = config["Period"] if watch is None else watch.program.period(watch.id)
    return AlarmRule(
        comparison=config["ComparisonOperator"],
        threshold=config.get("Threshold", float("nan")),
        period_us=period * 1_000_000,
        evaluation_periods=config["EvaluationPeriods"],
        datapoints_to_alarm=config.get("DatapointsToAlarm"),
        treat_missing_data=treatment or "missing",
        statistic=config.get("Statistic") or config.get("ExtendedStatistic") or "Average",
        low_samples=config.get("EvaluateLowSampleCountPercentile", "evaluate"),
        expression="" if watch is None else watch.label,
    )


def _namespace(config: dict[str, Any], watch: Watch | None) -> str:
    """The namespace of what is watched, '' for several."""
    if watch is None:
        return str(config["Namespace"])
    specs = [one.metric for one in watch.program.queries.values()]
    spaces = {spec.namespace if spec is not None else "" for spec in specs}
    return spaces.pop() if len(spaces) == 1 else ""


def _note_configuration(call: Call, alarm: Alarm, change: str) -> None:
    shown = {
        key: value
        for key, value in alarm.describe().items()
        if not key.endswith("Timestamp") and not key.startswith("State")
    }
    data = {"type": change.title().removesuffix("d"), "version": "1.0", "alarm": shown}
    alarm_store: Store = call.store
    alarm_store.note(
        HistoryItem(
            call.now_us,
            alarm.name,
            "ConfigurationUpdate",
            f'Alarm "{alarm.name}" {change}',
            dumps(data),
        )
    )
    call.publish(
        "alarm.configured",
        {
            "alarm_name": alarm.name,
            "alarm_arn": alarm.arn,
            "alarm_type": "MetricAlarm",
            "change": change,
        },
    )


# -- reading
def describe_alarms(
    call: Call,
    /,
    *,
    AlarmNames: Sequence[str] | None = None,
    AlarmNamePrefix: str | None = None,
    AlarmTypes: Sequence[str] | None = None,
    ChildrenOfAlarmName: str | None = None,
    ParentsOfAlarmName: str | None = None,
    StateValue: str | None = None,
    ActionPrefix: str | None = None,
    MaxRecords: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """The alarms of this account and region, by name, a page at a time.

    Without ``AlarmTypes`` only metric alarms are answered, as on AWS.

    Raises
    ------
    AwsError
        ValidationError, InvalidParameterCombination, InvalidNextToken.
    """
    store: Store = call.store
    if AlarmNames is not None and AlarmNamePrefix is not None:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameters AlarmNames and AlarmNamePrefix are mutually exclusive and you have "
            "specified both.",
        )
    if ChildrenOfAlarmName is not None or ParentsOfAlarmName is not None:
        raise NotImplementedYet(
            "cloudwatch", "DescribeAlarms", "Composite alarms come with a later part."
        )
    size = MaxRecords or call.quota("alarms.describe_page")
    found = [store.alarms[name] for name in sorted(store.alarms)]
    if AlarmTypes is not None and "MetricAlarm" not in AlarmTypes:
        found = []
    if AlarmNames is not None:
        wanted = set(AlarmNames)
        found = [alarm for alarm in found if alarm.name in wanted]
    if AlarmNamePrefix is not None:
        found = [alarm for alarm in found if alarm.name.startswith(AlarmNamePrefix)]
    if StateValue is not None:
        found = [alarm for alarm in found if alarm.state == StateValue]
    if ActionPrefix is not None:
        found = [
            alarm
            for alarm in found
            if any(a.startswith(ActionPrefix) for s in STATES for a in alarm.actions(s))
        ]
    request = (
        AlarmNames,
        AlarmNamePrefix,
        AlarmTypes,
        StateValue,
        ActionPrefix,
    )
    shown, token = page(found, size, NextToken, request)
    answer: dict[str, Any] = {
        "CompositeAlarms": [],
        "MetricAlarms": [alarm.describe() for alarm in shown],
    }
    if token:
        answer["NextToken"] = token
    return answer


def describe_alarms_for_metric(
    call: Call,
    /,
    *,
    MetricName: str,
    Namespace: str,
    Statistic: str | None = None,
    ExtendedStatistic: str | None = None,
    Dimensions: Sequence[dict[str, str]] = (),
    Period: int | None = None,
    Unit: str | None = None,
) -> dict[str, Any]:
    """The alarms on exactly this metric; further parameters narrow the choice."""
    store: Store = call.store
    series = Series(Namespace, MetricName, tuple(sorted(dimensions_of(Dimensions))))
    wanted = {
        "Statistic": Statistic,
        "ExtendedStatistic": ExtendedStatistic,
        "Period": Period,
        "Unit": Unit,
    }
    found = [
        alarm.describe()
        for _, alarm in sorted(store.alarms.items())
        if alarm.series == series
        and all(v is None or alarm.config.get(k) == v for k, v in wanted.items())
    ]
    return {"MetricAlarms": found}


def describe_alarm_history(
    call: Call,
    /,
    *,
    AlarmName: str | None = None,
    AlarmContributorId: str | None = None,
    AlarmTypes: Sequence[str] | None = None,
    HistoryItemType: str | None = None,
    StartDate: datetime | None = None,
    EndDate: datetime | None = None,
    MaxRecords: int | None = None,
    NextToken: str | None = None,
    ScanBy: str = "TimestampDescending",
) -> dict[str, Any]:
    """Lines of the alarms' history, newest first; 30 days, also of alarms that are gone.

    Raises
    ------
    AwsError
        ValidationError, InvalidNextToken.
    """
    store: Store = call.store
    size = MaxRecords or call.quota("alarms.describe_page")
    kinds = None if HistoryItemType is None else (HistoryItemType,)
    items = list(store.history_of(call.now_us, AlarmName, kinds))
    if AlarmTypes is not None and "MetricAlarm" not in AlarmTypes:
        items = []
    if StartDate is not None:
        start_us = to_us(StartDate)
        items = [item for item in items if item.at_us >= start_us]
    if EndDate is not None:
        end_us = to_us(EndDate)
        items = [item for item in items if item.at_us <= end_us]
    if ScanBy == "TimestampDescending":
        items.reverse()
    request = (AlarmName, AlarmTypes, HistoryItemType, StartDate, EndDate, ScanBy)
    shown, token = page(items, size, NextToken, request)
    answer: dict[str, Any] = {"AlarmHistoryItems": [item.describe() for item in shown]}
    if token:
        answer["NextToken"] = token
    return answer


# -- changing
def set_alarm_state(
    call: Call,
    /,
    *,
    AlarmName: str,
    StateValue: str,
    StateReason: str,
    StateReasonData: str | None = None,
) -> dict[str, Any]:
    """Force an alarm's state, until its next evaluation finds the true one.

    Actions run when the value differs from the present one; forcing the state that already is
    changes nothing but the reason.

    Raises
    ------
    AwsError
        ResourceNotFound (404, empty message, as AWS answers), InvalidFormat, ValidationError.
    """
    store: Store = call.store
    if StateReasonData is not None:
        try:
            parse(StateReasonData)
        except ValueError as problem:
            raise AwsError("InvalidFormat", f"StateReasonData is no JSON: {problem}") from problem
    alarm = store.alarms.get(AlarmName)
    if alarm is None:
        raise AwsError("ResourceNotFound", "", status=404)
    store.service.change_state(
        store, alarm, StateValue, Why(StateReason, StateReasonData or ""), by_hand=True
    )
    store.service.evaluator.touch_alarm(alarm)
    return {}


def enable_alarm_actions(call: Call, /, *, AlarmNames: Sequence[str]) -> dict[str, Any]:
    """Let the named alarms act again on later changes; unknown names are passed over."""
    _switch_actions(call, AlarmNames, True)
    return {}


def disable_alarm_actions(call: Call, /, *, AlarmNames: Sequence[str]) -> dict[str, Any]:
    """Silence the named alarms: their states go on changing, nothing is done about it."""
    _switch_actions(call, AlarmNames, False)
    return {}


def _switch_actions(call: Call, names: Sequence[str], enabled: bool) -> None:
    store: Store = call.store
    for name in names:
        alarm = store.alarms.get(name)
        if alarm is not None and alarm.actions_enabled != enabled:
            alarm.actions_enabled = enabled
            alarm.configured_us = call.now_us
            _note_configuration(call, alarm, "updated")


def delete_alarms(call: Call, /, *, AlarmNames: Sequence[str]) -> dict[str, Any]:
    """Delete up to 100 alarms; names that are unknown do not stop the others.

    Raises
    ------
    AwsError
        ValidationError for more than 100 names (the model's limit).
    """
    store: Store = call.store
    for name in AlarmNames:
        alarm = store.alarms.pop(name, None)
        if alarm is not None:
            store.service.evaluator.forget(alarm)
            _note_configuration(call, alarm, "deleted")
    return {}
