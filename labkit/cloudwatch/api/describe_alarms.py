"""The operations that show alarms: what there is, what watches a metric, what happened.

Source: botocore cloudwatch 2010-08-01 (aws-semantics 2.5, 11.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.api.requests import parts, validation
from labkit.cloudwatch.composites import parents_of
from labkit.cloudwatch.contributors import contributors
from labkit.cloudwatch.records import STATES, AnyAlarm
from labkit.cloudwatch.store import Store, dimensions_of
from labkit.core.call import Call
from labkit.core.clock import to_us
from labkit.core.errors import AwsError
from labkit.core.sources import Series

#: What is shown of children, and of parents: no more than this.
_OF_CHILDREN = ("AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp")
_OF_PARENTS = ("AlarmName", "AlarmArn")


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
    """Alarms by name, prefix, type, state or action, in the order of their names.

    Without ``AlarmTypes`` only metric alarms, as on AWS. The family of an alarm
    (``ChildrenOfAlarmName``, ``ParentsOfAlarmName``) is asked for by itself, and shown in few
    words.

    Raises
    ------
    AwsError
        InvalidParameterCombination, ValidationError, InvalidNextToken.
    """
    store: Store = call.store
    if AlarmNames is not None and AlarmNamePrefix is not None:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameters AlarmNames and AlarmNamePrefix are mutually exclusive and you have "
            "specified both.",
        )
    filters = (AlarmNames, AlarmNamePrefix, AlarmTypes, StateValue, ActionPrefix)
    size = MaxRecords or call.quota("alarms.describe_page")
    shows: Sequence[str] | None = None
    if ChildrenOfAlarmName is not None or ParentsOfAlarmName is not None:
        both = ChildrenOfAlarmName is not None and ParentsOfAlarmName is not None
        if both or any(one is not None for one in filters):
            raise validation(  # ours
                "ChildrenOfAlarmName and ParentsOfAlarmName go with no other parameter but "
                "MaxRecords and NextToken."
            )
        shows = _OF_CHILDREN if ChildrenOfAlarmName is not None else _OF_PARENTS
        found = _family(store, ChildrenOfAlarmName, ParentsOfAlarmName)
    else:
        found = _chosen(store, *filters)
    request = (*filters, ChildrenOfAlarmName, ParentsOfAlarmName)
    shown, token = page(found, size, NextToken, request)
    answer: dict[str, Any] = {"CompositeAlarms": [], "MetricAlarms": []}
    for alarm in shown:
        told = alarm.describe()
        if shows is not None:
            told = {key: told[key] for key in shows}
        answer[f"{alarm.type}s"].append(told)
    if token:
        answer["NextToken"] = token
    return answer


def _family(store: Store, parent: str | None, child: str | None) -> list[AnyAlarm]:
    """The children of one alarm, or the parents of one."""
    if child is not None:
        return sorted(parents_of(store, child), key=lambda alarm: alarm.name)
    composite = store.composites.get(parent or "")
    names = sorted(composite.watches) if composite is not None else []
    return [one for name in names if (one := store.any_alarm(name)) is not None]


def _chosen(
    store: Store,
    names: Sequence[str] | None,
    prefix: str | None,
    types: Sequence[str] | None,
    state: str | None,
    action_prefix: str | None,
) -> list[AnyAlarm]:
    every: list[AnyAlarm] = [*store.alarms.values(), *store.composites.values()]
    wanted = None if names is None else set(names)
    kinds = ("MetricAlarm",) if types is None else types
    return sorted(
        (
            alarm
            for alarm in every
            if alarm.type in kinds
            and (wanted is None or alarm.name in wanted)
            and (prefix is None or alarm.name.startswith(prefix))
            and (state is None or alarm.state == state)
            and (
                action_prefix is None
                or any(a.startswith(action_prefix) for s in STATES for a in alarm.actions(s))
            )
        ),
        key=lambda alarm: alarm.name,
    )


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

    Without ``AlarmTypes`` those of metric alarms only, as on AWS.

    Raises
    ------
    AwsError
        ValidationError, InvalidNextToken.
    """
    store: Store = call.store
    size = MaxRecords or call.quota("alarms.describe_page")
    kinds = None if HistoryItemType is None else (HistoryItemType,)
    items = list(store.history_of(call.now_us, AlarmName, kinds))
    kinds_of_alarms = ("MetricAlarm",) if AlarmTypes is None else AlarmTypes
    items = [item for item in items if item.alarm_type in kinds_of_alarms]
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


def describe_alarm_contributors(
    call: Call, /, *, AlarmName: str, NextToken: str | None = None
) -> dict[str, Any]:
    """The series of an alarm on a Metrics Insights query that are in ALARM at its last tick.

    Raises
    ------
    AwsError
        ResourceNotFoundException (404), InvalidNextToken.
    """
    store, service = parts(call)
    alarm = store.alarms.get(AlarmName)
    if alarm is None:
        raise AwsError(
            "ResourceNotFoundException", f"The alarm {AlarmName} does not exist.", status=404
        )
    size = call.quota("alarms.describe_page")
    found = contributors(service, store, alarm) if alarm.watch is not None else []
    shown, token = page(found, size, NextToken, AlarmName)
    answer: dict[str, Any] = {"AlarmContributors": list(shown)}
    if token:
        answer["NextToken"] = token
    return answer
