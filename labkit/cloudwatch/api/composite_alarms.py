"""PutCompositeAlarm.

Source: botocore cloudwatch 2010-08-01; CloudWatch user guide, "Combining alarms" (aws-semantics
2.7). Texts marked "ours" are not known from AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labkit.cloudwatch.api.alarm_checks import check_action_configuration, check_actions, check_name
from labkit.cloudwatch.api.requests import parts, validation
from labkit.cloudwatch.composite_alarm import CompositeAlarm
from labkit.cloudwatch.composites import parents_of
from labkit.cloudwatch.engine.alarm_rule import Rule, RuleError, parse
from labkit.cloudwatch.events import before_of
from labkit.cloudwatch.store import Store
from labkit.core.call import Call
from labkit.core.errors import AwsError


def put_composite_alarm(
    call: Call,
    /,
    *,
    AlarmName: str,
    AlarmRule: str,
    AlarmDescription: str | None = None,
    ActionsEnabled: bool = True,
    OKActions: Sequence[str] | None = None,
    AlarmActions: Sequence[str] | None = None,
    InsufficientDataActions: Sequence[str] | None = None,
    ActionsSuppressor: str | None = None,
    ActionsSuppressorWaitPeriod: int | None = None,
    ActionsSuppressorExtensionPeriod: int | None = None,
    ActionConfiguration: dict[str, Any] | None = None,
    Tags: Sequence[dict[str, str]] = (),
) -> dict[str, Any]:
    """Create an alarm on alarms, or replace the whole configuration of one.

    A new one begins in INSUFFICIENT_DATA and is judged at once. Its children and its suppressor
    must be there already, except itself: an alarm may depend on itself, and is then never judged.
    ``Tags`` count at creation only.

    Raises
    ------
    AwsError
        ValidationError for a rule that can't be read, with the place; for children that do not
        exist, too many elements, children or parents; for actions that only a metric has.
    """
    store, service = parts(call)
    given = {
        "AlarmDescription": AlarmDescription, "AlarmRule": AlarmRule,
        "OKActions": OKActions, "AlarmActions": AlarmActions,
        "InsufficientDataActions": InsufficientDataActions,
        "ActionsSuppressor": ActionsSuppressor,
        "ActionsSuppressorWaitPeriod": ActionsSuppressorWaitPeriod,
        "ActionsSuppressorExtensionPeriod": ActionsSuppressorExtensionPeriod,
        "ActionConfiguration": ActionConfiguration,
    }  # fmt: skip
    config = {key: value for key, value in given.items() if value is not None}
    check_name(AlarmName)
    if AlarmName in store.alarms:
        raise validation(f"{AlarmName} is the name of a metric alarm already.")  # ours
    check_actions(call, config)
    check_action_configuration(config)
    rule = _rule(call, AlarmRule)
    children = _children(call, store, AlarmName, rule)
    suppressor = _suppressor(call, store, AlarmName, config)
    known = store.composites.get(AlarmName)
    alarm = CompositeAlarm(
        name=AlarmName,
        arn=f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{AlarmName}",
        account=call.account,
        region=call.region,
        config=config,
        rule=rule,
        children=children,
        suppressor=suppressor,
        serial=known.serial if known else service.next_serial(),
        configured_us=call.now_us,
        updated_us=call.now_us,
        transitioned_us=call.now_us,
        actions_enabled=ActionsEnabled,
        tags={tag["Key"]: tag["Value"] for tag in Tags},
    )
    if known is not None:
        for kept in (
            "state", "why", "updated_us", "transitioned_us", "tags", "muted", "previous",
            "suppression", "acted_from", "generation",
        ):  # fmt: skip
            setattr(alarm, kept, getattr(known, kept))
    store.composites[AlarmName] = alarm
    store.dependents = None
    before = None if known is None else before_of(known)
    service.telling.configured(store, alarm, "updated" if known else "created", before)
    if (known.suppressor if known else "") != suppressor:
        service.composites.suppressor_set(store, alarm)
    service.composites.configured(store, alarm, known is None)
    return {}


def _rule(call: Call, text: str) -> Rule:
    try:
        rule = parse(text)
    except RuleError as problem:
        raise validation(str(problem)) from problem
    elements, children = call.quota("composites.elements"), call.quota("composites.children")
    if rule.elements > elements:
        raise validation(  # ours
            f"AlarmRule has {rule.elements} elements, more than the {elements} that it may have."
        )
    if len(rule.references) > children:
        raise validation(  # ours
            f"AlarmRule has {len(rule.references)} children, more than the {children} that it may "
            "have."
        )
    return rule


def name_of(call: Call, reference: str) -> str:
    """The name behind a name or an ARN; a foreign ARN stays what it is, and names nobody here."""
    prefix = f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:"
    return reference.removeprefix(prefix)


def _children(call: Call, store: Store, name: str, rule: Rule) -> dict[str, str]:
    children = {reference: name_of(call, reference) for reference in rule.references}
    missing = [
        reference
        for reference, child in children.items()
        if child != name and store.any_alarm(child) is None
    ]
    if missing:
        raise validation(
            f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm "
            "rule do not exist"
        )
    most = call.quota("composites.parents")
    for child in set(children.values()):
        others = sum(one.name != name for one in parents_of(store, child))
        if others >= most:
            raise validation(  # ours
                f"The alarm {child} is a child of {most} composite alarms already."
            )
    return children


def _suppressor(call: Call, store: Store, name: str, config: dict[str, Any]) -> str:
    reference = config.get("ActionsSuppressor")
    periods = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
    for period in periods:
        if (period in config) != (reference is not None):
            if reference is None:
                raise AwsError(
                    "InvalidParameterCombination", f"{period} goes with ActionsSuppressor only."
                )
            raise AwsError("MissingParameter", f"The parameter {period} is required.")
        if config.get(period, 0) < 0:
            raise validation(f"The value {config[period]} for parameter {period} is invalid.")
    if reference is None:
        return ""
    found = name_of(call, reference)
    if found == name or store.any_alarm(found) is None:
        raise validation(  # ours
            f"Could not save the composite alarm as the actions suppressor {reference} does not "
            "exist"
        )
    return found
