"""CloudTrail's event history as a table: who did what to which resource, and what was refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.clock import SECOND, iso
from labkit.views import html, theme
from labkit.views.drawing import Drawing
from labkit.views.happenings import oldest_first
from labkit.views.text import table
from labkit.views.timeaxis import clock_text, day_text, instant, when
from labkit.views.wording import count, joined

#: Of a longer history the newest events are shown.
MOST_SHOWN = 60


def events(response: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Drawing:
    """Recorded calls, oldest first.

    Takes a LookupEvents response, a list of its ``Events``, or a list of CloudTrail records (the
    ``Records`` of a log file).
    """
    if isinstance(response, Mapping):
        found = response.get("Events", response.get("Records", ()))
    else:
        found = response
    rows = [_row(event) for event in found]
    looked_up = not any("eventName" in event for event in found)
    rows = oldest_first(rows, lambda row: str(row["time"]), newest_first=looked_up)
    head = _title(rows)
    if not rows:
        return Drawing(head, head, {"events": []}, body=html.card(head))
    shown = rows[-MOST_SHOWN:]
    failed = any(row["error"] for row in shown)
    columns = ["when (UTC)", "who", "what", "on", *(["error"] if failed else [])]
    plain: list[list[str]] = []
    fancy: list[list[object]] = []
    for row in shown:
        at, error, on = _moment(row["time"]), row["error"], _some(row["resources"])
        plain.append([at, row["who"], row["what"], ", ".join(on), error][: len(columns)])
        what = html.together([html.element("b", row["name"]), html.muted(row["service"])], " ")
        where = html.together([html.mono(name) for name in on], "<br>")
        red = html.element("span", error, f"color:{theme.ERRORS};font-weight:600") if error else ""
        fancy.append([html.whole(at), row["who"], what, where, red][: len(columns)])
    more = len(rows) - len(shown)
    note = f"{count(more, 'older event')} not shown" if more else ""
    body = html.card(
        head, html.table(columns, fancy), *([html.note(note)] if note else []), alt=head
    )
    told = "\n".join([head, table(columns, plain, longest=90), *([note] if note else [])])
    return Drawing(head, told, {"events": rows}, body=body)


def _some(resources: Sequence[str], most: int = 3) -> list[str]:
    """The first resources of a call; RunInstances alone names six."""
    more = len(resources) - most
    return [*resources[:most], *([f"and {more} more"] if more > 0 else [])]


def _moment(time: str) -> str:
    us = instant(time)
    return f"{day_text(us)} {clock_text(us // SECOND * SECOND)}"


def _row(event: Mapping[str, Any]) -> dict[str, Any]:
    if "eventName" in event:
        record: Mapping[str, Any] = event
        resources = [str(one.get("ARN", "")) for one in event.get("resources") or ()]
        who = _who(event.get("userIdentity") or {})
    else:
        record = json.loads(event.get("CloudTrailEvent") or "{}")
        resources = [str(one.get("ResourceName", "")) for one in event.get("Resources") or ()]
        who = str(event.get("Username") or _who(record.get("userIdentity") or {}))
    name = str(event.get("EventName") or record.get("eventName") or "")
    source = str(event.get("EventSource") or record.get("eventSource") or "")
    service = source.removesuffix(".amazonaws.com")
    time = event.get("EventTime") or record.get("eventTime")
    return {
        "time": "" if time is None else iso(instant(time)),
        "who": who,
        "what": f"{service}:{name}" if service else name,
        "service": service,
        "name": name,
        "resources": [one for one in dict.fromkeys(resources) if one],
        "error": str(record.get("errorCode") or ""),
        "read_only": str(event.get("ReadOnly", record.get("readOnly", ""))).lower() == "true",
    }


def _who(identity: Mapping[str, Any]) -> str:
    if identity.get("userName"):
        return str(identity["userName"])
    if identity.get("type") == "Root":
        return "root"
    if identity.get("invokedBy"):
        return str(identity["invokedBy"])
    return str(identity.get("arn", "")).rsplit("/", 1)[-1] or str(identity.get("type", ""))


def _title(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "No events"
    people = list(dict.fromkeys(row["who"] for row in rows if row["who"]))
    whose = joined(people) if len(people) <= 3 else f"{len(people)} identities"
    failed = sum(bool(row["error"]) for row in rows)
    first, last = instant(rows[0]["time"]), instant(rows[-1]["time"])
    span = f"{when(first, first, last + 1)} to {when(last, first, last + 1)}"
    wrong = f", {failed} refused or failed" if failed else ""
    return f"{count(len(rows), 'call')} by {whose}{wrong}, {span}"
