"""The service's views bound to what it remembers: a metric, expressions, an alarm over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import queries
from labkit.core.clock import SECOND, to_datetime, to_us
from labkit.core.errors import LabError

if TYPE_CHECKING:
    from labkit.cloudwatch.records import Alarm
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.store import Store
    from labkit.views.drawing import Drawing


def metric(
    service: CloudWatch,
    store: Store,
    name: str,
    namespace: str,
    dimensions: Mapping[str, str],
    stat: str,
    period: int,
    start: datetime | None,
    end: datetime | None,
    **more: Any,
) -> Drawing:
    """One metric over time."""
    asked = {
        "Namespace": namespace, "MetricName": name,
        "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
    }  # fmt: skip
    query = {"Id": "m", "MetricStat": {"Metric": asked, "Period": period, "Stat": stat}}
    return expressions(service, store, [query], period, start, end, **more)


def expressions(
    service: CloudWatch,
    store: Store,
    raw: Sequence[Mapping[str, Any]],
    period: int | None,
    start: datetime | None,
    end: datetime | None,
    **more: Any,
) -> Drawing:
    """The lines of queries over time; a band is drawn as an area behind them.

    Parameters
    ----------
    raw:
        MetricDataQuery structures.
    period:
        Seconds; None for the longest of the queries.
    start, end:
        The stretch; the lab's whole life when left out.
    """
    from labkit.cloudwatch import views

    clock = service.clock
    program = queries.program_of(raw, "GetMetricData")
    returned = [one["Id"] for one in raw if one.get("ReturnData") is not False]
    if not returned:
        raise LabError("none of the queries returns data, so there is nothing to show")
    period = period or max(program.period(id_) for id_ in returned)
    start_us = clock.start_us if start is None else to_us(start)
    end_us = clock.now_us if end is None else to_us(end)
    step_us = period * SECOND
    start_us -= start_us % step_us
    if end is None and end_us - start_us > step_us:
        end_us -= end_us % step_us  # a period that is not over yet is no gap
    asked = queries.Asked(
        service, store, clock.now_us, lambda _: (start_us, max(end_us, start_us + 1)), end_us
    )
    lines = queries.lines(asked, raw, "GetMetricData")
    bands = {id_ for id_ in returned if any(program.queries[id_].calls("ANOMALY_DETECTION_BAND"))}
    band = [line for line in lines if line.id in bands]
    drawn = [line for line in lines if line.id not in bands]
    first = raw[0].get("MetricStat", {}).get("Unit") if len(raw) == 1 else None
    unit = first or _unit(service, store, program, returned)
    return views.metric(
        *({line.label: _points(line)} for line in drawn),
        period=period, unit=unit, start=to_datetime(start_us), end=to_datetime(end_us),
        band=[_points(one) for one in band] if len(band) == 2 else None, **more,
    )  # fmt: skip


def _points(line: queries.Line) -> tuple[list[datetime], list[float]]:
    return [to_datetime(us) for us in line.times.tolist()], line.values.tolist()


def _unit(service: CloudWatch, store: Store, program: Any, returned: Sequence[str]) -> str | None:
    """The unit of what is shown, where all of it is one metric's."""
    units = set()
    for id_ in returned:
        spec = program.queries[id_].metric
        if spec is None:
            if not any(program.queries[id_].calls("ANOMALY_DETECTION_BAND")):
                return None
            continue
        series = queries.Series(spec.namespace, spec.name, spec.dimensions)
        units.update(service.units(store, series))
    return units.pop() if len(units) == 1 else None


def alarm(
    service: CloudWatch,
    found: Alarm,
    mails: Iterable[Any] | None,
    start: datetime | None,
    end: datetime | None,
    **more: Any,
) -> Drawing:
    """What an alarm watches, its threshold or band, and its states over time."""
    store = service.store(found.account, found.region)
    changes = [i for i in store.history if i.alarm_name == found.name and i.kind == "StateUpdate"]
    rule = found.rule
    if "ThresholdMetricId" not in found.config:
        more = {"threshold": rule.threshold, "comparison": rule.comparison} | more
    more["states"] = [item.describe() for item in changes]
    letters = None if mails is None else [m for m in mails if f'"{found.name}"' in m.subject]
    more["mails"] = letters
    period = rule.period_us // SECOND
    if found.series is not None:
        one = found.series
        return metric(
            service, store, one.name, one.namespace, dict(one.dimensions), rule.statistic, period,
            start, end, **more,
        )  # fmt: skip
    return expressions(service, store, found.config["Metrics"], period, start, end, **more)


def parts(values: Mapping[str, Sequence[float | None]]) -> list[tuple[str, str]]:
    """The sub-metrics of an evaluation as rows: (Id, values oldest first)."""
    from labkit.views.wording import quantity

    return [
        (name, "  ".join("-" if one is None else quantity(one, "") for one in row))
        for name, row in values.items()
    ]


def missing(service: CloudWatch, found: Alarm) -> list[tuple[str, str]]:
    """Of an alarm whose metric nobody has ever published: so much, and the nearest that there is.

    An alarm on a metric that does not exist is no error in CloudWatch, and stays
    INSUFFICIENT_DATA for ever. As rows: (which metric, text).
    """
    from labkit.cloudwatch.nearest import nearest
    from labkit.core.sources import Series

    watched: list[tuple[str, Series]] = []
    if found.series is not None:
        watched.append(("no such metric", found.series))
    elif found.watch is not None:
        for query in found.watch.program.queries.values():
            if query.metric is not None:
                spec = query.metric
                one = Series(spec.namespace, spec.name, spec.dimensions)
                watched.append((f"no metric {query.id}", one))
    store = service.store(found.account, found.region)
    known = service.series(store, service.clock.now_us, 0)
    there = set(known)
    rows = []
    for label, series in watched:
        if series not in there and not service.units(store, series):
            near = nearest(series, known)
            told = f"nobody has published {series}"
            rows.append((label, f"{told}; {near}" if near else f"{told}, nor anything like it"))
    return rows
