"""Rules: PutRule and its kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.call import Call
from labkit.eventbridge import matching
from labkit.eventbridge.api.requests import (
    bus_of,
    invalid,
    not_managed,
    page,
    parts,
    rule_of,
    tags_of,
    too_many,
)
from labkit.eventbridge.engine import firing
from labkit.eventbridge.records import DEFAULT_BUS, DISABLED, ENABLED, Rule


def put_rule(
    call: Call,
    /,
    *,
    Name: str,
    ScheduleExpression: str | None = None,
    EventPattern: str | None = None,
    State: str | None = None,
    Description: str | None = None,
    RoleArn: str | None = None,
    Tags: Sequence[Mapping[str, str]] = (),
    EventBusName: str | None = None,
) -> dict[str, Any]:
    """Make a rule, or change one: what is left out is gone afterwards; targets and tags stay."""
    store, bus = bus_of(call, EventBusName)
    if not ScheduleExpression and not EventPattern:
        raise invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if ScheduleExpression:
        if bus.name != DEFAULT_BUS:
            raise invalid("ScheduleExpression is supported only on the default event bus.")
        why = firing.problem(ScheduleExpression)
        if why:
            raise invalid(why)
    if EventPattern:
        if len(EventPattern) > call.quota("rules.pattern_characters"):
            raise invalid(
                "Parameter EventPattern is not valid: it is longer than "
                f"{call.quota('rules.pattern_characters')} characters."
            )
        matching.compiled(EventPattern)
    rule = bus.rules.get(Name)
    if rule is None:
        if len(bus.rules) >= call.quota("rules.per_bus"):
            raise too_many()
        arn = store.rule_arn(bus.name, Name)
        rule = Rule(Name, arn, bus.name, call.account, tags=tags_of(Tags))
    else:
        not_managed(rule)
    rule.pattern, rule.schedule = EventPattern or "", ScheduleExpression or ""
    rule.state, rule.description = State or ENABLED, Description or ""
    rule.role_arn = RoleArn or ""
    store.put_rule(rule)
    store.service.schedules.changed(store, rule)
    return {"RuleArn": rule.arn}


def describe_rule(call: Call, /, *, Name: str, EventBusName: str | None = None) -> dict[str, Any]:
    """A rule, without its targets."""
    _, rule = rule_of(call, Name, EventBusName)
    return {**rule.shown(), "CreatedBy": rule.created_by}


def list_rules(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    EventBusName: str | None = None,
    NextToken: str | None = None,
    Limit: int | None = None,
) -> dict[str, Any]:
    """The rules of a bus, by name."""
    _, bus = bus_of(call, EventBusName)
    names = sorted(name for name in bus.rules if name.startswith(NamePrefix))
    found, more = page(names, Limit, NextToken)
    return {"Rules": [bus.rules[name].shown() for name in found], **more}


def list_rule_names_by_target(
    call: Call,
    /,
    *,
    TargetArn: str,
    EventBusName: str | None = None,
    NextToken: str | None = None,
    Limit: int | None = None,
) -> dict[str, Any]:
    """The names of the rules that have a target."""
    _, bus = bus_of(call, EventBusName)
    names = sorted(
        rule.name
        for rule in bus.rules.values()
        if any(target["Arn"] == TargetArn for target in rule.targets.values())
    )
    found, more = page(names, Limit, NextToken)
    return {"RuleNames": list(found), **more}


def enable_rule(call: Call, /, *, Name: str, EventBusName: str | None = None) -> dict[str, Any]:
    """Let a rule match; a schedule counts from now."""
    return _set_state(call, Name, EventBusName, ENABLED)


def disable_rule(call: Call, /, *, Name: str, EventBusName: str | None = None) -> dict[str, Any]:
    """Let a rule match nothing, nor fire."""
    return _set_state(call, Name, EventBusName, DISABLED)


def _set_state(call: Call, name: str, bus_name: str | None, state: str) -> dict[str, Any]:
    store, rule = rule_of(call, name, bus_name)
    not_managed(rule)
    if rule.enabled != (state == ENABLED):
        rule.state = state
        store.index(rule)
        store.service.schedules.changed(store, rule)
    return {}


def delete_rule(
    call: Call, /, *, Name: str, EventBusName: str | None = None, Force: bool = False
) -> dict[str, Any]:
    """Delete a rule that has no targets any more; nothing happens when there is none."""
    store, bus = bus_of(call, EventBusName)
    rule = bus.rules.get(Name)
    if rule is None:
        return {}
    not_managed(rule, Force)
    if rule.targets:
        raise invalid("Rule can't be deleted since it has targets.")
    store.service.schedules.changed(store, rule, gone=True)
    store.drop_rule(rule)
    return {}


def test_event_pattern(call: Call, /, *, EventPattern: str, Event: str) -> dict[str, Any]:
    """Whether an event would match a pattern.

    The event must have the members that every event has; ``resources`` may be left out, as AWS
    accepts it although its page says otherwise.
    """
    _, service = parts(call)
    matching.compiled(EventPattern)
    event = service.read_event(Event)
    if event is None:
        raise invalid("Parameter Event is not valid.")
    return {"Result": matching.matches(EventPattern, event)}


# Neither pytest nor a reader shall take it for a test.
test_event_pattern.__test__ = False  # type: ignore[attr-defined]
