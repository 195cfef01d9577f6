"""PutMetricAlarm and the operations that force, silence and delete alarms of every kind.

Source: botocore cloudwatch 2010-08-01 and the CloudWatch user guide (aws-semantics 2.1, 2.5, 11.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.api.alarm_checks import (
    check_action_configuration,
    check_actions,
    check_metric,
    check_name,
    check_there,
    check_threshold,
    check_window,
    wall_clock_of,
)
from labkit.cloudwatch.api.alarm_expressions import watch_of
from labkit.cloudwatch.api.requests import validation
from labkit.cloudwatch.composites import depending_on
from labkit.cloudwatch.events import before_of
from labkit.cloudwatch.records import Alarm, Why
from labkit.cloudwatch.store import Store, dimensions_of
from labkit.core.call import Call
from labkit.core.clock import MINUTE
from labkit.core.errors import AwsError, NotImplementedYet
from labkit.core.jsontext import parse
from labkit.core.sources import Series

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.evaluation import AlarmRule
    from labkit.cloudwatch.engine.watched import Watch


def put_metric_alarm(call: Call, /, **given: Any) -> dict[str, Any]:
    """Create an alarm, or replace the whole configuration of one; its state stays as it is.

    A new alarm begins in INSUFFICIENT_DATA and is evaluated at the next full minute. Targets of
    actions need not exist, nor need the metric. ``Tags`` count at creation only, and so does the
    warm-up, whose length may be changed while it lasts.

    Parameters
    ----------
    given:
        The members of botocore's ``PutMetricAlarmInput``, PromQL (``EvaluationCriteria``) apart.

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
    if config.get("EvaluationCriteria") or config.get("EvaluationInterval"):
        raise NotImplementedYet(
            "cloudwatch",
            "PutMetricAlarm",
            "PromQL alarms look at OpenTelemetry metrics, which labkit does not store.",
        )
    check_name(name)
    if name in store.composites:
        raise validation(f"{name} is the name of a composite alarm already.")  # ours
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
    check_action_configuration(config)
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
        created_us=known.created_us if known else call.now_us,
        wall_clock=wall_clock_of(config, period),
    )
    if "WarmUpConfiguration" in config and (known is None or known.warm_until_us):
        minutes = config["WarmUpConfiguration"]["WarmUpPeriodDurationInMinutes"]
        alarm.warm_until_us = alarm.created_us + minutes * MINUTE
    if known is not None:
        alarm.state, alarm.why = known.state, known.why
        alarm.updated_us, alarm.transitioned_us = known.updated_us, known.transitioned_us
        alarm.tags, alarm.muted, alarm.previous = known.tags, known.muted, known.previous
    store.alarms[name] = alarm
    before = None if known is None else before_of(known)
    service.telling.configured(store, alarm, "updated" if known else "created", before)
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
        # A window aligned to the clock looks at no more periods than its own.
        evaluation_range=config["EvaluationPeriods"] if _aligned(config) else 0,
    )


def _aligned(config: dict[str, Any]) -> bool:
    return "WallClockWindow" in config.get("EvaluationWindow", {})


def _namespace(config: dict[str, Any], watch: Watch | None) -> str:
    """The namespace of what is watched, '' for several."""
    if watch is None:
        return str(config["Namespace"])
    specs = [one.metric for one in watch.program.queries.values()]
    spaces = {spec.namespace if spec is not None else "" for spec in specs}
    return spaces.pop() if len(spaces) == 1 else ""


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

    That is the next minute for a metric alarm; a composite alarm stays until a child changes or
    its configuration does.

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
    alarm = store.any_alarm(AlarmName)
    if alarm is None:
        raise AwsError("ResourceNotFound", "", status=404)
    store.service.change_state(
        store, alarm, StateValue, Why(StateReason, StateReasonData or ""), by_hand=True
    )
    if isinstance(alarm, Alarm):
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
        alarm = store.any_alarm(name)
        if alarm is not None and alarm.actions_enabled != enabled:
            before = before_of(alarm)
            alarm.actions_enabled = enabled
            alarm.configured_us = call.now_us
            store.service.telling.configured(store, alarm, "updated", before)


def delete_alarms(call: Call, /, *, AlarmNames: Sequence[str]) -> dict[str, Any]:
    """Delete up to 100 alarms, one of them composite; unknown names do not stop the others.

    Raises
    ------
    AwsError
        ValidationError for more than 100 names (the model's limit), for a second composite alarm,
        and for alarms that a composite alarm needs, which no alarm of a cycle is without.
    """
    store: Store = call.store
    wanted = list(dict.fromkeys(AlarmNames))
    composite = [name for name in wanted if name in store.composites]
    if len(composite) > 1:
        raise validation("DeleteAlarms can delete at most one composite alarm in a call.")  # ours
    needed = [
        name
        for name in wanted
        if store.any_alarm(name) is not None
        and any(one.name not in composite or one.name == name for one in depending_on(store, name))
    ]
    if needed:
        them = "it" if len(needed) == 1 else "them"
        raise validation(
            f"Cannot delete {','.join(needed)} as there are composite alarm(s) depending on {them}."
        )
    for name in wanted:
        alarm = store.any_alarm(name)
        if alarm is None:
            continue
        if isinstance(alarm, Alarm):
            del store.alarms[name]
            store.service.evaluator.forget(alarm)
        else:
            del store.composites[name]
            store.dependents = None
        store.service.telling.configured(store, alarm, "deleted", None)
    return {}
