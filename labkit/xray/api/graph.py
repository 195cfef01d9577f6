"""The service graph: GetServiceGraph, GetTraceGraph, GetTimeSeriesServiceStatistics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.core.call import Call
from labkit.core.clock import SECOND, to_datetime
from labkit.xray.api.requests import group_of, invalid, page, readable, service_of, span_of
from labkit.xray.store import XRayStore

if TYPE_CHECKING:
    from labkit.xray.engine.graph import Graph
    from labkit.xray.engine.service_graph import Histogram, Statistics
    from labkit.xray.engine.trace import Service
    from labkit.xray.records import Group

#: Services, and periods, on a page (approximations).
PAGE, PERIODS = 100, 500
_PERIODS = (60, 300)


def get_service_graph(
    call: Call,
    /,
    *,
    StartTime: datetime,
    EndTime: datetime,
    GroupName: str | None = None,
    GroupARN: str | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """Who called whom within at most six hours; of a group's traces when one is named.

    ``ContainsOldGroupVersions`` is false always: traces from before a group's present expression
    are left out.

    Raises
    ------
    AwsError
        InvalidRequestException.
    """
    start_us, end_us = span_of(StartTime, EndTime)
    group = group_of(call, GroupName, GroupARN)
    readable(call)
    found = service_of(call).graphs.services(call.store, start_us, end_us + 1, group)
    services, more = page(found.response(call.account), NextToken, PAGE)
    return {
        "StartTime": StartTime,
        "EndTime": EndTime,
        "Services": list(services),
        "ContainsOldGroupVersions": False,
        **more,
    }


def get_trace_graph(
    call: Call, /, *, TraceIds: Sequence[str], NextToken: str | None = None
) -> dict[str, Any]:
    """The service graph of some traces; ids of which there is no trace are passed over."""
    from labkit.xray.engine.graph import graph_of

    readable(call)
    store: XRayStore = call.store
    traces = []
    for trace_id in dict.fromkeys(TraceIds):
        trace, held = store.trace(trace_id), store.held(trace_id)
        if trace is not None and held is not None and held.indexed:
            traces.append(trace)
    services, more = page(graph_of(traces).response(call.account), NextToken, PAGE)
    return {"Services": list(services), **more}


def get_time_series_service_statistics(
    call: Call,
    /,
    *,
    StartTime: datetime,
    EndTime: datetime,
    GroupName: str | None = None,
    GroupARN: str | None = None,
    EntitySelectorExpression: str | None = None,
    Period: int = 60,
    ForecastStatistics: bool = False,
    NextToken: str | None = None,
) -> dict[str, Any]:
    """Figures by minute or five minutes, of a service, of a call, or of what clients see.

    Parameters
    ----------
    EntitySelectorExpression:
        ``service(...)`` or ``id(...)``: statistics of these services; ``edge(...)`` of these
        calls. Left out: of the edges that come from clients.
    ForecastStatistics:
        How many faults are to be expected: the noise band of insights, which has to be enabled for
        the group.

    Raises
    ------
    AwsError
        InvalidRequestException.
    """
    start_us, end_us = span_of(StartTime, EndTime)
    if Period not in _PERIODS:
        raise invalid("Period can be 60 or 300 seconds")
    group = group_of(call, GroupName, GroupARN)
    if ForecastStatistics and not EntitySelectorExpression:
        raise invalid("ForecastStatistics needs an EntitySelectorExpression")
    readable(call)
    service, period_us = service_of(call), Period * SECOND
    first = start_us // period_us * period_us
    graph = service.graphs.of(call.store, first, end_us + 1)
    among = service.graphs.among(call.store, graph, first, end_us + 1, group)
    services, pairs = _selected(graph, EntitySelectorExpression, call.account)
    rows = graph.series(first, end_us + 1, period_us, services=services, pairs=pairs, among=among)
    told = [
        _told(call, group, row, services, pairs is not None, ForecastStatistics) for row in rows
    ]
    shown, more = page(told, NextToken, PERIODS)
    return {
        "TimeSeriesServiceStatistics": list(shown),
        "ContainsOldGroupVersions": False,
        **more,
    }


def _selected(
    graph: Graph, expression: str | None, account: str
) -> tuple[list[Service], list[tuple[Service, Service]] | None]:
    """The services, or the calls, that a selector means."""
    from labkit.xray.engine.filters import FilterError, parse_selector, tree
    from labkit.xray.engine.service_graph import CLIENT

    every = graph.services
    if not expression:
        callers = [one for one in every if one.type == CLIENT]
        return [], [(one, other) for one in callers for other in every if other.type != CLIENT]
    try:
        meant = parse_selector(expression)
    except FilterError as problem:
        raise invalid(f"Invalid input symbol: {problem}") from None
    if isinstance(meant, tree.OfService):
        who = meant.who
        return [o for o in every if o.type != CLIENT and who.fits(o.name, o.type, account)], None
    sources = [one for one in every if meant.source.fits(one.name, one.type, account)]
    targets = [one for one in every if meant.destination.fits(one.name, one.type, account)]
    return [], [(one, other) for one in sources for other in targets]


def _told(
    call: Call,
    group: Group | None,
    row: tuple[int, Statistics, Histogram],
    services: Sequence[Service],
    edges: bool,
    forecast: bool,
) -> dict[str, Any]:
    at_us, statistics, times = row
    name = "EdgeSummaryStatistics" if edges else "ServiceSummaryStatistics"
    told: dict[str, Any] = {
        "Timestamp": to_datetime(at_us),
        name: statistics.response(),
        "ResponseTimeHistogram": [{"Value": value, "Count": count} for value, count in times],
    }
    if forecast and not edges:
        band = service_of(call).insights.expected(call.store, group, services, statistics.total)
        if band is not None:
            told["ServiceForecastStatistics"] = {
                "FaultCountHigh": band.high,
                "FaultCountLow": band.low,
            }
    return told


OPERATIONS = {
    "GetServiceGraph": get_service_graph,
    "GetTraceGraph": get_trace_graph,
    "GetTimeSeriesServiceStatistics": get_time_series_service_statistics,
}
