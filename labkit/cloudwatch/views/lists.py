"""Alarms and their history as tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.cloudwatch.views.conditions import condition_of, moment, since
from labkit.core.clock import SECOND, iso
from labkit.views import html, text
from labkit.views.drawing import Drawing
from labkit.views.happenings import history_line, oldest_first
from labkit.views.timeaxis import instant, when
from labkit.views.wording import count


def alarms(response: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Drawing:
    """The alarms of a DescribeAlarms response, each with its state, condition and since when.

    Takes the response, or a list of its alarms; composite alarms show their rule.
    """
    if isinstance(response, Mapping):
        entries = [*response.get("MetricAlarms", ()), *response.get("CompositeAlarms", ())]
    else:
        entries = list(response)
    by_state = dict.fromkeys(("ALARM", "INSUFFICIENT_DATA", "OK"), 0)
    rows = [_alarm_row(entry) for entry in entries]
    for row in rows:
        by_state[row["state"]] = by_state.get(row["state"], 0) + 1
    told = ", ".join(f"{n} {state}" for state, n in by_state.items() if n)
    head = f"{count(len(rows), 'alarm')}: {told}" if rows else "No alarms"
    data = {"alarms": rows, "by_state": by_state}
    if not rows:
        return Drawing(head, head, data, body=html.card(head))
    columns = ["state", "alarm", "rings when", "since (UTC)", "on ALARM"]
    plain: list[list[str]] = []
    shown: list[list[object]] = []
    for row in rows:
        since, acts = moment(row["since"]), _acts(row)
        plain.append([row["state"], row["name"], _rings(row), since, acts])
        below = html.element("div", html.muted(row["watches"]))
        rings = html.together([row["condition"], below if row["watches"] else ""])
        name = html.element("b", row["name"])
        shown.append([html.chip(row["state"]), name, rings, html.whole(since), acts])
    body = html.card(head, html.table(columns, shown), alt=head)
    told = text.table(columns, plain, longest=100)
    return Drawing(head, f"{head}\n{told}", data, body=body)


def _alarm_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "state": str(entry["StateValue"]),
        "name": str(entry["AlarmName"]),
        "watches": _watches(entry),
        "condition": condition_of(entry),
        "since": since(entry),
        "actions": [str(arn).rsplit(":", 1)[-1] for arn in entry.get("AlarmActions", ())],
        "actions_enabled": entry.get("ActionsEnabled", True),
    }


def _rings(row: Mapping[str, Any]) -> str:
    return f"{row['condition']}, {row['watches']}" if row["watches"] else str(row["condition"])


def _acts(row: Mapping[str, Any]) -> str:
    acts = ", ".join(row["actions"]) or "nothing"
    return acts if row["actions_enabled"] else f"switched off ({acts})"


def _watches(entry: Mapping[str, Any]) -> str:
    if "MetricName" not in entry:
        return "" if "AlarmRule" in entry else "an expression"
    inside = ", ".join(f"{d['Name']}={d['Value']}" for d in entry.get("Dimensions", ()))
    return f"{entry['MetricName']} {{{inside}}}" if inside else str(entry["MetricName"])


def history(response: Mapping[str, Any] | Sequence[Any]) -> Drawing:
    """An alarm's history as a timeline, oldest first, with the reason of each change.

    Takes a DescribeAlarmHistory response, or a list of its items.
    """
    items = response["AlarmHistoryItems"] if isinstance(response, Mapping) else list(response)
    rows_of = [history_line(item) for item in items]
    answered = isinstance(response, Mapping)
    lines = oldest_first(rows_of, lambda line: line["at_us"], newest_first=answered)
    several = len({line["alarm"] for line in lines}) > 1
    rows = [_history_row(line) for line in lines]
    head = _history_title(rows)
    data = {"items": rows}
    if not rows:
        return Drawing(head, head, data, body=html.card(head))
    columns = ["when (UTC)", *(["alarm"] if several else []), "what", "why"]
    plain: list[list[str]] = []
    shown: list[list[object]] = []
    for row in rows:
        at, whose = moment(row["at"]), [row["alarm"]] if several else []
        what, chips = row["kind"], html.markup(row["kind"])
        if row["to"]:
            what = f"{row['from']} -> {row['to']}"
            chips = html.change(row["from"], row["to"])
        plain.append([at, *whose, what, row["text"]])
        shown.append([html.whole(at), *whose, chips, row["text"]])
    body = html.card(head, html.table(columns, shown), alt=head)
    return Drawing(head, f"{head}\n{text.table(columns, plain, longest=200)}", data, body=body)


def _history_row(line: Mapping[str, Any]) -> dict[str, str]:
    old, new, why = _change(line)
    return {
        "at": iso(line["at_us"], millis=True),
        "alarm": line["alarm"],
        "kind": line["kind"],
        "from": old,
        "to": new,
        "text": why or _without_arn(line["summary"]),
    }


def _change(line: Mapping[str, Any]) -> tuple[str, str, str]:
    if line["kind"] != "StateUpdate" or not line["data"]:
        return "", "", ""
    data = json.loads(line["data"])
    old, new = data["oldState"], data["newState"]
    return old["stateValue"], new["stateValue"], new.get("stateReason", "")


def _without_arn(summary: str) -> str:
    """``Successfully executed action arn:aws:sns:...:oncall`` with the ARN's last part only."""
    head, found, arn = summary.partition("arn:")
    return f"{head}{arn.rsplit(':', 1)[-1]}" if found else summary


def _history_title(rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return "No history"
    first, last = instant(rows[0]["at"]), instant(rows[-1]["at"]) + 1
    names = list(dict.fromkeys(row["alarm"] for row in rows))
    whose = f"{len(names)} alarms" if len(names) > 1 else names[0] or "the alarm"
    moves = [row for row in rows if row["to"]]
    if not moves:
        return f"{whose}: no change of state"
    told = [
        f"{row['alarm'] + ' ' if len(names) > 1 else ''}{row['to']} at "
        f"{when(instant(row['at']) // SECOND * SECOND, first, last)}"
        for row in moves[:3]
    ]
    more = f" and {len(moves) - 3} more" if len(moves) > 3 else ""
    return f"{whose}: {count(len(moves), 'change')} of state, {', '.join(told)}{more}"
