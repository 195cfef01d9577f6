"""Insights: GetInsight, GetInsightEvents, GetInsightImpactGraph, GetInsightSummaries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from labkit.core.call import Call
from labkit.core.clock import MINUTE, to_datetime
from labkit.xray.api.requests import group_of, invalid, page, readable, service_of, shown, span_of
from labkit.xray.engine.service_graph import ServiceGraph
from labkit.xray.engine.trace import Service
from labkit.xray.insights import KEPT, Found, impact
from labkit.xray.records import DEFAULT_GROUP, GROUPS
from labkit.xray.store import XRayStore

_EVENTS, _SUMMARIES, _SERVICES = 50, 100, 100


def _insight(call: Call, id_: str) -> Found:
    for one in service_of(call).insights.kept(call.store):
        if one.id == id_.lower():
            return one
    raise invalid(f"Insight {id_} not found")


def _told(call: Call, one: Found) -> dict[str, Any]:
    top = one.insight.anomalous[:5]
    return shown(
        {
            "InsightId": one.id,
            "GroupARN": one.arn,
            "GroupName": one.group,
            "RootCauseServiceId": one.service(one.insight.cause, call.account),
            "Categories": ["FAULT"],
            "State": one.insight.state,
            "StartTime": to_datetime(one.start_us),
            "EndTime": None if one.end_us is None else to_datetime(one.end_us),
            "Summary": one.summary,
            "ClientRequestImpactStatistics": impact(*one.client),
            "RootCauseServiceRequestImpactStatistics": impact(*one.cause),
            "TopAnomalousServices": [
                {"ServiceId": one.service(each, call.account)} for each in top
            ],
        }
    )


def get_insight(call: Call, /, *, InsightId: str) -> dict[str, Any]:
    """One insight.

    Raises
    ------
    AwsError
        InvalidRequestException when there is none, or it is older than 30 days.
    """
    readable(call)
    return {"Insight": _told(call, _insight(call, InsightId))}


def get_insight_events(
    call: Call,
    /,
    *,
    InsightId: str,
    MaxResults: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """How an insight developed, the latest first."""
    readable(call)
    events = [
        {**event, "EventTime": to_datetime(event["EventTime"])}
        for event in reversed(_insight(call, InsightId).events)
    ]
    rows, more = page(events, NextToken, _EVENTS, MaxResults)
    return {"InsightEvents": list(rows), **more}


def get_insight_summaries(
    call: Call,
    /,
    *,
    StartTime: datetime,
    EndTime: datetime,
    States: Sequence[str] = (),
    GroupARN: str | None = None,
    GroupName: str | None = None,
    MaxResults: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """The insights of a group that were there within a time, the latest first.

    Raises
    ------
    AwsError
        InvalidRequestException without a group, or for a start more than 30 days ago.
    """
    start_us, end_us = span_of(StartTime, EndTime, KEPT)
    if start_us < call.now_us - KEPT - MINUTE:
        raise invalid("StartTime cannot be more than 30 days old")
    name = _group_name(call, GroupName, GroupARN)
    readable(call)
    found = [
        {**_told(call, one), "LastUpdateTime": to_datetime(one.updated_us)}
        for one in service_of(call).insights.kept(call.store)
        if one.group == name
        and one.start_us <= end_us
        and (one.end_us is None or one.end_us > start_us)
        and (not States or one.insight.state in States)
    ]
    rows, more = page(found, NextToken, _SUMMARIES, MaxResults)
    return {"InsightSummaries": list(rows), **more}


def _group_name(call: Call, name: str | None, arn: str | None) -> str:
    if not name and not arn:
        raise invalid("One of GroupName and GroupARN is needed")
    store: XRayStore = call.store
    if arn == store.arn(f"group/{DEFAULT_GROUP}"):
        return DEFAULT_GROUP
    group = group_of(call, name, arn)
    return DEFAULT_GROUP if group is None else group.name


def get_insight_impact_graph(
    call: Call,
    /,
    *,
    InsightId: str,
    StartTime: datetime,
    EndTime: datetime,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """Who is involved in an insight: the services that are anomalous, and all that call them.

    Raises
    ------
    AwsError
        InvalidRequestException when there is no such insight, or the time is too long or too old.
    """
    start_us, end_us = span_of(StartTime, EndTime)
    if start_us < call.now_us - KEPT - MINUTE:
        raise invalid("StartTime cannot be more than 30 days old")
    one = _insight(call, InsightId)
    readable(call)
    store: XRayStore = call.store
    group = store.of(GROUPS).get(one.group)
    graph = service_of(call).graphs.services(store, start_us, end_us, group)
    places = _involved(graph, one.insight.anomalous)
    numbers = {place: number for number, place in enumerate(places)}
    services = []
    for place in places:
        node = graph.nodes[place]
        services.append(
            {
                "ReferenceId": numbers[place],
                **({"Type": node.type} if node.type else {}),
                "Name": node.name,
                "Names": [node.name],
                **({} if node.inferred or node.client else {"AccountId": call.account}),
                "Edges": [
                    {"ReferenceId": numbers[edge.target]}
                    for edge in graph.out(place)
                    if edge.target in numbers
                ],
            }
        )
    rows, more = page(services, NextToken, _SERVICES)
    return {
        "InsightId": one.id,
        "StartTime": StartTime,
        "EndTime": EndTime,
        "ServiceGraphStartTime": StartTime,
        "ServiceGraphEndTime": EndTime,
        "Services": list(rows),
        **more,
    }


def _involved(graph: ServiceGraph, anomalous: Sequence[Service]) -> list[int]:
    """Places of anomalous services and of all from which a way leads to one."""
    todo = [
        place
        for place, node in enumerate(graph.nodes)
        if Service(node.name, node.type) in anomalous
    ]
    found = set(todo)
    while todo:
        for edge in graph.into(todo.pop()):
            if edge.source not in found:
                found.add(edge.source)
                todo.append(edge.source)
    return sorted(found)


OPERATIONS = {
    "GetInsight": get_insight,
    "GetInsightEvents": get_insight_events,
    "GetInsightImpactGraph": get_insight_impact_graph,
    "GetInsightSummaries": get_insight_summaries,
}
