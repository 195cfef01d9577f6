"""PutAlarmMuteRule, GetAlarmMuteRule, ListAlarmMuteRules, DeleteAlarmMuteRule.

Source: botocore cloudwatch 2010-08-01. The wording of what is refused is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.api.requests import parts, validation
from labkit.cloudwatch.engine.mute_schedule import ScheduleError, parse
from labkit.cloudwatch.mutes import MuteRule
from labkit.core.call import Call
from labkit.core.clock import to_us
from labkit.core.errors import AwsError

_LISTED = ("AlarmMuteRuleArn", "ExpireDate", "Status", "MuteType", "LastUpdatedTimestamp")


def put_alarm_mute_rule(
    call: Call,
    /,
    *,
    Name: str,
    Rule: dict[str, Any],
    Description: str | None = None,
    MuteTargets: dict[str, Any] | None = None,
    Tags: Sequence[dict[str, str]] = (),
    StartDate: datetime | None = None,
    ExpireDate: datetime | None = None,
) -> dict[str, Any]:
    """Create a mute rule, or replace one; alarms that it mutes no more act at once.

    Raises
    ------
    AwsError
        ValidationError for a schedule that can't be read or never happens, for alarms that do not
        exist, and for a rule that expires before it starts.
    """
    store, service = parts(call)
    given = Rule["Schedule"]
    try:
        schedule = parse(given["Expression"], given["Duration"], given.get("Timezone"))
    except ScheduleError as problem:
        raise validation(f"Invalid schedule: {problem}") from problem
    targets = tuple(dict.fromkeys((MuteTargets or {}).get("AlarmNames", ())))
    missing = [name for name in targets if store.any_alarm(name) is None]
    if missing:
        raise validation(f"The alarms [{', '.join(missing)}] in MuteTargets do not exist.")
    start_us = None if StartDate is None else to_us(StartDate)
    expire_us = None if ExpireDate is None else to_us(ExpireDate)
    if start_us is not None and expire_us is not None and start_us >= expire_us:
        raise validation("StartDate must be before ExpireDate.")
    known = store.mute_rules.get(Name)
    rule = MuteRule(
        name=Name,
        arn=f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm-mute-rule:{Name}",
        description=Description,
        given=Rule,
        schedule=schedule,
        targets=targets,
        start_us=start_us,
        expire_us=expire_us,
        updated_us=call.now_us,
        created_us=known.created_us if known else call.now_us,
        tags=known.tags if known else {tag["Key"]: tag["Value"] for tag in Tags},
    )
    service.mutes.put(store, rule)
    return {}


def get_alarm_mute_rule(call: Call, /, *, AlarmMuteRuleName: str) -> dict[str, Any]:
    """One mute rule, with its status at this instant.

    Raises
    ------
    AwsError
        ResourceNotFoundException (404).
    """
    store, _ = parts(call)
    rule = store.mute_rules.get(AlarmMuteRuleName)
    if rule is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"The alarm mute rule {AlarmMuteRuleName} does not exist.",
            status=404,
        )
    return rule.describe(call.now_us)


def list_alarm_mute_rules(
    call: Call,
    /,
    *,
    AlarmName: str | None = None,
    Statuses: Sequence[str] | None = None,
    MaxRecords: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """The mute rules, in the order of their names; of one alarm, or with some statuses.

    Raises
    ------
    AwsError
        InvalidNextToken.
    """
    store, _ = parts(call)
    found = [
        rule
        for _, rule in sorted(store.mute_rules.items())
        if (AlarmName is None or AlarmName in rule.targets)
        and (Statuses is None or rule.status(call.now_us) in Statuses)
    ]
    size = MaxRecords or call.quota("mutes.list_page")
    shown, token = page(found, size, NextToken, (AlarmName, Statuses))
    told = [rule.describe(call.now_us) for rule in shown]
    answer: dict[str, Any] = {
        "AlarmMuteRuleSummaries": [{k: one[k] for k in _LISTED if k in one} for one in told]
    }
    if token:
        answer["NextToken"] = token
    return answer


def delete_alarm_mute_rule(call: Call, /, *, AlarmMuteRuleName: str) -> dict[str, Any]:
    """Forget a mute rule; alarms that it muted act at once. One that is not there is no error."""
    store, service = parts(call)
    service.mutes.drop(store, AlarmMuteRuleName)
    return {}
