"""What happened beside a curve: states of alarms, e-mails, incidents, read from what holds them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from labkit.core.errors import LabError
from labkit.views.chart import Band, Span
from labkit.views.drawing import printable
from labkit.views.timeaxis import instant


def incident(one: Any) -> tuple[int, int | None, str]:
    """(start, end or None, name) of a tuple, a mapping, or an object with these as attributes."""
    if isinstance(one, Mapping):
        start, end, name = one["start"], one.get("end"), one.get("name", "incident")
    elif isinstance(one, Sequence) and not isinstance(one, str):
        start, end, *rest = one
        name = rest[0] if rest else "incident"
    else:
        start = getattr(one, "start_us", None) or one.start
        end = getattr(one, "end_us", None) or getattr(one, "end", None)
        name = getattr(one, "name", "") or getattr(one, "kind", "incident")
    return instant(start), None if end is None else instant(end), printable(name)


def mail(one: Any) -> tuple[int, str]:
    """(instant, subject) of a mail, of a mapping with ``at``, or of an instant alone."""
    if isinstance(one, Mapping):
        return instant(one["at"]), str(one.get("subject", ""))
    if hasattr(one, "at"):
        return instant(one.at), str(getattr(one, "subject", ""))
    return instant(one), ""


T = TypeVar("T")

#: An alarm's changes: what it was before the first one (None: not known), and (instant, state).
Changes = tuple[str | None, list[tuple[int, str]]]


def changes_of(states: Any) -> dict[str, Changes]:
    """The changes of each alarm, by its label; the label is empty where there is only one.

    Taken are ``[(instant, state), ...]``, a DescribeAlarmHistory response or its items, and
    ``{label: any of these}``.
    """
    if states is None:
        return {}
    if isinstance(states, Mapping) and "AlarmHistoryItems" not in states:
        out: dict[str, Changes] = {}
        for label, one in states.items():
            inner = changes_of(one)
            for name, changes in inner.items():
                out[printable(label if len(inner) == 1 else f"{label} {name}")] = changes
        return out
    items = states["AlarmHistoryItems"] if isinstance(states, Mapping) else list(states)
    if all(isinstance(item, tuple | list) and len(item) == 2 for item in items):
        return {"": (None, sorted((instant(at), str(state)) for at, state in items))}
    return _from_history(items)


def _from_history(items: Sequence[Any]) -> dict[str, Changes]:
    found: dict[str, list[tuple[int, str, str]]] = {}
    for item in items:
        line = history_line(item)
        if line["kind"] == "StateUpdate":
            data = json.loads(line["data"])
            old, new = data["oldState"]["stateValue"], data["newState"]["stateValue"]
            found.setdefault(line["alarm"], []).append((line["at_us"], old, new))
    out: dict[str, Changes] = {}
    for name, rows in found.items():
        rows.sort()
        out[name if len(found) > 1 else ""] = (rows[0][1], [(at, new) for at, _, new in rows])
    return out


def history_line(item: Any) -> dict[str, Any]:
    """One line of an alarm's history: ``at_us``, ``alarm``, ``kind``, ``summary``, ``data``."""
    if isinstance(item, Mapping):
        return {
            "at_us": instant(item["Timestamp"]),
            "alarm": item.get("AlarmName", ""),
            "kind": item.get("HistoryItemType", ""),
            "summary": item.get("HistorySummary", ""),
            "data": item.get("HistoryData", ""),
        }
    if hasattr(item, "describe"):
        return history_line(item.describe())
    raise LabError(
        f"a {type(item).__name__} is no line of an alarm's history; states are "
        "[(instant, state), ...] or a DescribeAlarmHistory response"
    )


def oldest_first(
    rows: Sequence[T], at: Callable[[T], Any], *, newest_first: bool = True
) -> list[T]:
    """The rows in order of time; rows of one instant in the order in which they happened.

    AWS lists the newest first, several of one second too; ``newest_first`` says whether to take
    that for granted where all rows are of one instant.
    """
    first, last = (at(rows[0]), at(rows[-1])) if rows else (0, 0)
    if first > last or (first == last and newest_first):
        rows = rows[::-1]
    return sorted(rows, key=at)


def band(label: str, changes: Changes, start_us: int, end_us: int) -> Band:
    """The states of an alarm between two instants; nothing where its state isn't known."""
    before, moves = changes
    spans: list[Span] = []
    state, since = before, start_us
    for at, new in [*moves, (end_us, "")]:
        until = min(max(at, start_us), end_us)
        if state is not None and until > since:
            if spans and spans[-1][2] == state:
                spans[-1] = (spans[-1][0], until, state)
            else:
                spans.append((since, until, state))
        state, since = new, max(since, until)
    return Band(label or "alarm", tuple(spans))
