"""Lake's dashboards: widgets that are queries, refreshed on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.cloudtrail.api.lake_queries import made
from labkit.cloudtrail.api.lake_requests import lake_of, page, tags_of
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError

_SHOWN = (
    "DashboardArn", "Type", "Status", "Widgets", "RefreshSchedule", "CreatedTimestamp",
    "UpdatedTimestamp", "LastRefreshId", "TerminationProtectionEnabled",
)  # fmt: skip


def _board(call: Call, name: str) -> dict[str, Any]:
    found = lake_of(call).dashboards.get(name.rpartition("/")[2])
    if found is None:
        raise AwsError("ResourceNotFoundException", f"The dashboard {name} was not found.")
    return found


def _widgets(call: Call, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    widgets = []
    for one in given:
        made(call, one["QueryStatement"], one.get("QueryParameters", ()))
        widgets.append({**one, "QueryAlias": f"widget-{call.ids.uuid()}"})
    return widgets


def create_dashboard(
    call: Call,
    /,
    *,
    Name: str,
    RefreshSchedule: Mapping[str, Any] | None = None,
    TagsList: Sequence[Mapping[str, str]] = (),
    TerminationProtectionEnabled: bool = False,
    Widgets: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A dashboard of one's own."""
    kept = lake_of(call)
    if Name in kept.dashboards:
        raise AwsError("ConflictException", f"A dashboard named {Name} already exists.")
    now = to_datetime(call.now_us)
    board: dict[str, Any] = {
        "DashboardArn": f"arn:aws:cloudtrail:{call.region}:{call.account}:dashboard/{Name}",
        "Name": Name,
        "Type": "CUSTOM",
        "Status": "CREATED",
        "Widgets": _widgets(call, Widgets),
        "TerminationProtectionEnabled": TerminationProtectionEnabled,
        "CreatedTimestamp": now,
        "UpdatedTimestamp": now,
        "Tags": tags_of(TagsList),
    }
    if RefreshSchedule:
        board["RefreshSchedule"] = dict(RefreshSchedule)
    kept.dashboards[Name] = board
    wanted = ("DashboardArn", "Name", "Type", "Widgets", "TerminationProtectionEnabled")
    told = {name: board[name] for name in wanted}
    if RefreshSchedule:
        told["RefreshSchedule"] = board["RefreshSchedule"]
    return {**told, "TagsList": [dict(one) for one in TagsList]}


def get_dashboard(call: Call, /, *, DashboardId: str) -> dict[str, Any]:
    """A dashboard."""
    board = _board(call, DashboardId)
    return {name: board[name] for name in _SHOWN if name in board}


def list_dashboards(
    call: Call,
    /,
    *,
    NamePrefix: str = "",
    Type: str = "",
    NextToken: str | None = None,
    MaxResults: int | None = None,
) -> dict[str, Any]:
    """The dashboards."""
    own = [
        {"DashboardArn": board["DashboardArn"], "Type": board["Type"]}
        for name, board in sorted(lake_of(call).dashboards.items())
        if name.startswith(NamePrefix) and Type in ("", board["Type"])
    ]
    found, more = page(own, MaxResults, NextToken)
    return {"Dashboards": list(found), **more}


def update_dashboard(
    call: Call,
    /,
    *,
    DashboardId: str,
    Widgets: Sequence[Mapping[str, Any]] | None = None,
    RefreshSchedule: Mapping[str, Any] | None = None,
    TerminationProtectionEnabled: bool | None = None,
) -> dict[str, Any]:
    """Change a dashboard."""
    board = _board(call, DashboardId)
    if Widgets is not None:
        board["Widgets"] = _widgets(call, Widgets)
    if RefreshSchedule is not None:
        board["RefreshSchedule"] = dict(RefreshSchedule)
    if TerminationProtectionEnabled is not None:
        board["TerminationProtectionEnabled"] = TerminationProtectionEnabled
    board["Status"], board["UpdatedTimestamp"] = "UPDATED", to_datetime(call.now_us)
    told = {name: board[name] for name in _SHOWN if name in board}
    told.pop("Status")
    told.pop("LastRefreshId", None)
    return {"Name": board["Name"], **told}


def delete_dashboard(call: Call, /, *, DashboardId: str) -> dict[str, Any]:
    """Delete a dashboard that is not protected."""
    board = _board(call, DashboardId)
    if board["TerminationProtectionEnabled"]:
        raise AwsError("ConflictException", "The dashboard has termination protection.")
    del lake_of(call).dashboards[board["Name"]]
    return {}


def start_dashboard_refresh(
    call: Call, /, *, DashboardId: str, QueryParameterValues: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run every widget's query; each is found by its alias."""
    board = _board(call, DashboardId)
    kept = lake_of(call)
    values = QueryParameterValues or {}
    refresh = call.ids.uuid().replace("-", "")[:20]
    for widget in board["Widgets"]:
        given = [values.get(one, one) for one in widget.get("QueryParameters", ())]
        query = made(call, widget["QueryStatement"], given)
        query.alias, query.refresh = widget["QueryAlias"], refresh
        call.store.service.lake.start(kept, query)
    board["LastRefreshId"] = refresh
    return {"RefreshId": refresh}
