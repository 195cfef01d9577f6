"""Schedules: CreateSchedule and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import to_us
from labkit.scheduler.api.requests import (
    conflict,
    group_of,
    invalid,
    missing,
    moment,
    page,
    schedule_of,
    too_many,
)
from labkit.scheduler.engine import targets
from labkit.scheduler.records import Schedule
from labkit.scheduler.service import PRINCIPAL, expression
from labkit.scheduler.store import Store
from labkit.schedules import InvalidSchedule


def create_schedule(
    call: Call,
    /,
    *,
    Name: str,
    ScheduleExpression: str,
    Target: Mapping[str, Any],
    FlexibleTimeWindow: Mapping[str, Any],
    GroupName: str | None = None,
    StartDate: datetime | None = None,
    EndDate: datetime | None = None,
    Description: str | None = None,
    ScheduleExpressionTimezone: str | None = None,
    State: str | None = None,
    KmsKeyArn: str | None = None,
    ClientToken: str | None = None,
    ActionAfterCompletion: str | None = None,
) -> dict[str, Any]:
    """A schedule. A rate's first firing is one interval later, or at its StartDate."""
    store, group = group_of(call, GroupName)
    there = store.schedules.get((group.name, Name))
    if there is not None:
        if ClientToken and there.token == ClientToken:
            return {"ScheduleArn": there.arn}
        raise conflict(f"Schedule {Name} already exists.")
    if len(store.schedules) >= call.quota("schedules.per_account"):
        raise too_many("The number of schedules exceeds the maximum allowed.")
    settings = _settings(
        ScheduleExpression=ScheduleExpression,
        Target=Target,
        FlexibleTimeWindow=FlexibleTimeWindow,
        Description=Description,
        ScheduleExpressionTimezone=ScheduleExpressionTimezone,
        State=State,
        KmsKeyArn=KmsKeyArn,
        ActionAfterCompletion=ActionAfterCompletion,
    )
    _check(call, settings, StartDate, EndDate)
    schedule = Schedule(
        Name,
        group.name,
        store.arn(f"schedule/{group.name}/{Name}"),
        call.now_us,
        call.now_us,
        settings,
        _us(StartDate),
        _us(EndDate),
        token=ClientToken or "",
    )
    store.schedules[(group.name, Name)] = schedule
    store.service.changed(store, schedule)
    return {"ScheduleArn": schedule.arn}


def update_schedule(
    call: Call,
    /,
    *,
    Name: str,
    ScheduleExpression: str,
    Target: Mapping[str, Any],
    FlexibleTimeWindow: Mapping[str, Any],
    GroupName: str | None = None,
    StartDate: datetime | None = None,
    EndDate: datetime | None = None,
    Description: str | None = None,
    ScheduleExpressionTimezone: str | None = None,
    State: str | None = None,
    KmsKeyArn: str | None = None,
    ClientToken: str | None = None,
    ActionAfterCompletion: str | None = None,
) -> dict[str, Any]:
    """Replace a schedule whole: what is left out has its default afterwards."""
    store, schedule = schedule_of(call, Name, GroupName)
    settings = _settings(
        ScheduleExpression=ScheduleExpression,
        Target=Target,
        FlexibleTimeWindow=FlexibleTimeWindow,
        Description=Description,
        ScheduleExpressionTimezone=ScheduleExpressionTimezone,
        State=State,
        KmsKeyArn=KmsKeyArn,
        ActionAfterCompletion=ActionAfterCompletion,
    )
    _check(call, settings, StartDate, EndDate)
    schedule.settings = settings
    schedule.start_us, schedule.end_us = _us(StartDate), _us(EndDate)
    schedule.modified_us = call.now_us
    store.service.changed(store, schedule)
    return {"ScheduleArn": schedule.arn}


def _us(moment_: datetime | None) -> int | None:
    return None if moment_ is None else to_us(moment_)


def _settings(**given: Any) -> dict[str, Any]:
    usual = {
        "ScheduleExpressionTimezone": "UTC",
        "State": "ENABLED",
        "ActionAfterCompletion": "NONE",
    }
    return usual | {name: value for name, value in given.items() if value is not None}


def _check(
    call: Call, settings: Mapping[str, Any], start: datetime | None, end: datetime | None
) -> None:
    try:
        expression(settings["ScheduleExpression"], settings["ScheduleExpressionTimezone"])
    except InvalidSchedule as why:
        raise invalid(why.message) from None
    window = settings["FlexibleTimeWindow"]
    minutes = window.get("MaximumWindowInMinutes")
    if (window["Mode"] == "FLEXIBLE") != (minutes is not None):
        raise invalid(
            "FlexibleTimeWindow: MaximumWindowInMinutes goes with the mode FLEXIBLE, and that mode "
            "with it."
        )
    if start is not None and end is not None and to_us(end) <= to_us(start):
        raise invalid("The EndDate you specify must come after the StartDate.")
    if end is not None and to_us(end) <= call.now_us:
        raise invalid("The EndDate you specify cannot be in the past.")
    target = settings["Target"]
    why_not = targets.problem(target)
    if why_not:
        raise invalid(why_not)
    if not call.ports.allowed(PRINCIPAL, "sts:AssumeRole", target["RoleArn"]):
        raise invalid(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
            "role."
        )


def get_schedule(call: Call, /, *, Name: str, GroupName: str | None = None) -> dict[str, Any]:
    """A schedule."""
    _, schedule = schedule_of(call, Name, GroupName)
    told = {
        "Arn": schedule.arn,
        "GroupName": schedule.group,
        "Name": schedule.name,
        "CreationDate": moment(schedule.created_us),
        "LastModificationDate": moment(schedule.modified_us),
        **schedule.settings,
    }
    target = dict(schedule.settings["Target"])
    target.setdefault("RetryPolicy", {})
    target["RetryPolicy"] = {
        "MaximumEventAgeInSeconds": 86400,
        "MaximumRetryAttempts": 185,
        **target["RetryPolicy"],
    }
    told["Target"] = target
    if schedule.start_us is not None:
        told["StartDate"] = moment(schedule.start_us)
    if schedule.end_us is not None:
        told["EndDate"] = moment(schedule.end_us)
    return told


def list_schedules(
    call: Call,
    /,
    *,
    GroupName: str | None = None,
    NamePrefix: str = "",
    State: str | None = None,
    NextToken: str | None = None,
    MaxResults: int | None = None,
) -> dict[str, Any]:
    """The schedules of an account, by group and name."""
    store: Store = call.store
    if GroupName is not None and GroupName not in store.groups:
        raise missing(f"Schedule group {GroupName} does not exist.")
    chosen = [
        one
        for (group, name), one in sorted(store.schedules.items())
        if name.startswith(NamePrefix)
        and GroupName in (None, group)
        and State in (None, one.settings["State"])
    ]
    found, more = page(chosen, MaxResults, NextToken)
    return {
        "Schedules": [
            {
                "Arn": one.arn,
                "Name": one.name,
                "GroupName": one.group,
                "State": one.settings["State"],
                "CreationDate": moment(one.created_us),
                "LastModificationDate": moment(one.modified_us),
                "Target": {"Arn": one.settings["Target"]["Arn"]},
            }
            for one in found
        ],
        **more,
    }


def delete_schedule(
    call: Call, /, *, Name: str, GroupName: str | None = None, ClientToken: str | None = None
) -> dict[str, Any]:
    """Delete a schedule; what it has fired goes on being delivered."""
    store, schedule = schedule_of(call, Name, GroupName)
    del store.schedules[(schedule.group, schedule.name)]
    return {}
