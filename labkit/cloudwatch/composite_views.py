"""What a composite alarm shows: its rule question by question, and the same over time.

The values drawn are those that decided: the rule's own judgement of its children, and the states
that the history holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from labkit.cloudwatch.records import ALARM, AnyAlarm
from labkit.core.clock import SECOND, to_us
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.strips import Span, Strip, strips
from labkit.views.timeaxis import when
from labkit.views.wording import count, joined, stretch

if TYPE_CHECKING:
    from labkit.cloudwatch.composite_alarm import CompositeAlarm
    from labkit.cloudwatch.engine.alarm_rule import Judgement, Leaf
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.store import Store


def explain(store: Store, alarm: CompositeAlarm, judgement: Judgement, now_us: int) -> Drawing:
    """Why a composite alarm is in its state: each question of its rule, and whether it holds.

    Parameters
    ----------
    store, alarm:
        Which alarm.
    judgement:
        What its rule comes to now.
    now_us:
        The instant.
    """
    holds = "holds" if judgement.value else "does not hold"
    title = f"{alarm.name} is {alarm.state}: its rule {holds}"
    if alarm.state not in (judgement.state, "INSUFFICIENT_DATA"):
        title = f"{alarm.name} is {alarm.state} by hand: its rule {holds}"
    rows, chips = [], []
    for leaf, held in zip(judgement.rule.leaves, judgement.held, strict=True):
        child = store.any_alarm(alarm.children[leaf.reference])
        state = child.state if child is not None else "gone"
        since = "" if child is None else when(child.transitioned_us, child.transitioned_us, now_us)
        rows.append([str(leaf), state, since, "yes" if held else "no"])
        chips.append([html.mono(leaf), html.chip(state), since, rows[-1][3]])
    head = ["the rule asks", "the alarm is", "since", "is it so"]
    notes = [f"rule: {alarm.rule.text}", f"reason: {alarm.reason}"]
    if alarm.suppressor:
        held_by = alarm.suppression.reason or "actions are not suppressed"
        notes.append(f"suppressor: {alarm.suppressor} ({held_by})")
    plain = "\n".join([title, text.table(head, rows, longest=200), *notes])
    data = {
        "alarm": alarm.name,
        "state": alarm.state,
        "holds": judgement.value,
        "rule": alarm.rule.text,
        "leaves": rows,
        "suppressed_by": alarm.suppression.by,
    }
    body = html.card(title, html.table(head, chips), *(html.note(line) for line in notes))
    return Drawing(title, plain, data, body=body)


def over_time(
    service: CloudWatch,
    store: Store,
    alarm: CompositeAlarm,
    start: datetime | None,
    end: datetime | None,
) -> Drawing:
    """The children's states, when each question of the rule was true, and the alarm they make.

    Parameters
    ----------
    start, end:
        The stretch; the lab's whole life when left out.
    """
    clock = service.clock
    start_us = clock.start_us if start is None else to_us(start)
    end_us = clock.now_us if end is None else to_us(end)
    rows = []
    for leaf in alarm.rule.leaves:
        child = store.any_alarm(alarm.children[leaf.reference])
        spans = [] if child is None else spans_of(store, child, start_us, end_us)
        rows.append(Strip(str(leaf), tuple(spans), tuple(_true(leaf, spans))))
    mine = spans_of(store, alarm, start_us, end_us)
    rows.append(Strip(alarm.name, tuple(mine), result=True))
    title = _finding(store, alarm, mine, start_us, end_us)
    return strips(title, rows, start_us, end_us, f"rule: {alarm.rule.text}")


def bands(
    service: CloudWatch,
    store: Store,
    alarms: Sequence[AnyAlarm],
    start: datetime | None,
    end: datetime | None,
) -> Drawing:
    """Several alarms as bands above each other on one axis."""
    clock = service.clock
    start_us = clock.start_us if start is None else to_us(start)
    end_us = clock.now_us if end is None else to_us(end)
    rows = [
        Strip(one.name, tuple(spans_of(store, one, start_us, end_us)), result=one.type[0] == "C")
        for one in alarms
    ]
    rang = [one.label for one in rows if any(state == ALARM for _, _, state in one.spans)]
    title = f"in ALARM: {joined(rang)}" if rang else "no ALARM"
    return strips(f"{count(len(rows), 'alarm')}, {title}", rows, start_us, end_us)


def spans_of(store: Store, alarm: AnyAlarm, start_us: int, end_us: int) -> list[Span]:
    """The states of an alarm in a stretch of time, from its history."""
    moves = [
        (item.at_us, item.summary.split()[3], item.summary.split()[-1])
        for item in store.history
        if item.alarm_name == alarm.name and item.kind == "StateUpdate"
    ]
    made = [
        item.at_us
        for item in store.history
        if item.alarm_name == alarm.name
        and item.kind == "ConfigurationUpdate"
        and item.summary.endswith("created")
    ]
    born = max(start_us, made[-1] if made else start_us)
    moves = [move for move in moves if move[0] >= (made[-1] if made else 0)]
    state = moves[0][1] if moves else alarm.state
    spans: list[Span] = []
    since = born
    for at_us, _, new in moves:
        if since < min(at_us, end_us):
            spans.append((since, min(at_us, end_us), state))
        since, state = max(at_us, born), new
    if since < end_us:
        spans.append((since, end_us, state))
    return spans


def _true(leaf: Leaf, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """When the question of a leaf was true; stretches that meet are one."""
    found: list[tuple[int, int]] = []
    for start, end, state in spans:
        if (state == leaf.state) == leaf.negated:
            continue
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _finding(
    store: Store, alarm: CompositeAlarm, spans: Sequence[Span], start_us: int, end_us: int
) -> str:
    rang = [(start, end) for start, end, state in spans if state == ALARM]
    if not rang:
        return f"{alarm.name} was never in ALARM"
    tipped: dict[str, None] = {}
    for item in store.history:
        mine = item.alarm_name == alarm.name and item.kind == "StateUpdate"
        if mine and item.summary.endswith("to ALARM") and start_us <= item.at_us < end_us:
            state = json.loads(item.data)["newState"].get("stateReasonData") or {}
            told = state.get("triggeringAlarms", ()) if isinstance(state, dict) else ()
            tipped |= dict.fromkeys(one["arn"].split(":", 6)[6] for one in told)
    whole = sum(end - start for start, end in rang) // SECOND * SECOND
    title = f"{alarm.name} was in ALARM {count(len(rang), 'time')}, {stretch(whole)} in all"
    return f"{title}; tipped by {joined(list(tipped))}" if tipped else title
