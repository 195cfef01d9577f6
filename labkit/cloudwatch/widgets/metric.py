"""Metric widgets: their entries as queries, the answers as lines of a graph, numbers or bars.

An entry becomes a MetricDataQuery and is answered by the code that answers GetMetricData
(:func:`labkit.cloudwatch.queries.lines`), so that a number on a dashboard is the number that a
script reads. Entries of several Regions are several requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import queries
from labkit.cloudwatch.engine.dashboard.metrics import Entry, entries
from labkit.cloudwatch.engine.dashboard.times import instant_us
from labkit.cloudwatch.engine.labels import found_labels, zone_minutes
from labkit.cloudwatch.widgets.frame import Frame
from labkit.core.clock import SECOND
from labkit.core.errors import AwsError
from labkit.core.sources import Series
from labkit.views.board import values as board

if TYPE_CHECKING:
    from labkit.cloudwatch.queries import Line

_BAND = "ANOMALY_DETECTION_BAND"


@dataclass(frozen=True, slots=True)
class Asked:
    """An entry as a query."""

    entry: Entry
    region: str
    query: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The query's Id."""
        return str(self.query["Id"])


@dataclass(frozen=True, slots=True)
class Answered:
    """A widget's lines, its bands, and what a reader should know."""

    lines: tuple[board.Line, ...]
    bands: tuple[tuple[board.Line, board.Line], ...] = ()
    warnings: tuple[str, ...] = ()


def asked_of(frame: Frame, properties: Mapping[str, Any]) -> list[Asked]:
    """The queries of a widget, in the order of its entries."""
    found = entries(properties.get("metrics", ()))
    labels = _labels(found)
    taken = {str(one.rendering["id"]) for one in found if "id" in one.rendering}
    free = (f"auto{number}" for number in range(1, 10 * len(found) + 10))
    asked = []
    for entry, label in zip(found, labels, strict=True):
        rendering = entry.rendering
        id_ = rendering.get("id") or next(one for one in free if one not in taken)
        region = str(rendering.get("region") or properties.get("region") or frame.region)
        query: dict[str, Any] = {"Id": id_, "ReturnData": rendering.get("visible") is not False}
        period = _period(frame, rendering, properties)
        if entry.expression:
            query["Expression"] = entry.expression
            if "period" in rendering or "period" in properties:
                query["Period"] = period
        else:
            query["MetricStat"] = {
                "Metric": {
                    "Namespace": entry.namespace,
                    "MetricName": entry.name,
                    "Dimensions": [{"Name": n, "Value": v} for n, v in entry.dimensions],
                },
                "Period": period,
                "Stat": rendering.get("stat") or properties.get("stat") or "Average",
            }
        if label or rendering.get("label"):
            query["Label"] = rendering.get("label") or label
        account = rendering.get("accountId") or properties.get("accountId")
        if account and account != "LOCAL":
            query["AccountId"] = account
        asked.append(Asked(entry, region, query))
    return asked


def _period(frame: Frame, rendering: Mapping[str, Any], properties: Mapping[str, Any]) -> int:
    wanted = rendering.get("period") or properties.get("period")
    if properties.get("setPeriodToTimeRange"):
        whole = max((frame.end_us - frame.start_us) // SECOND, 60)
        return int(whole - whole % 60)
    return frame.period(None if wanted is None else int(wanted))


def _labels(found: Sequence[Entry]) -> list[str]:
    """Labels of metrics that were given none: what tells them apart, as the console does."""
    plain = [one for one in found if not one.expression]
    made = iter(found_labels([(one.namespace, one.name, one.dimensions) for one in plain]))
    labels = ["" if one.expression else next(made) for one in found]
    return [
        # p50 and p99 of one metric
        f"{label} {one.rendering['stat']}"
        if label and "stat" in one.rendering and labels.count(label) > 1
        else label
        for label, one in zip(labels, found, strict=True)
    ]


def answer(frame: Frame, properties: Mapping[str, Any]) -> Answered:
    """The lines of a metric widget.

    Raises
    ------
    AwsError
        What GetMetricData would answer to its queries.
    """
    asked = asked_of(frame, properties)
    live = properties.get("liveData") is True
    minutes = zone_minutes(str(properties.get("timezone", "+0000")))
    by_id = {one.id: (place, one) for place, one in enumerate(asked)}
    lines: list[tuple[int, board.Line]] = []
    banded: list[board.Line] = []
    warnings: list[str] = []
    for region in dict.fromkeys(one.region for one in asked):
        raw = [one.query for one in asked if one.region == region]
        if not any(query["ReturnData"] for query in raw):
            continue
        check_queries(raw)
        request = frame.asked(region, live=live, minutes=minutes)
        for found in queries.lines(request, raw, "GetMetricData"):
            place, one = by_id[found.id]
            warnings += _warnings(found)
            line = _line(frame, one, found)
            if _BAND in one.entry.expression:
                banded.append(line)
            else:
                lines.append((place, line))
    lines.sort(key=lambda pair: pair[0])
    return Answered(
        tuple(line for _, line in lines),
        tuple(zip(banded[::2], banded[1::2], strict=False)),
        tuple(dict.fromkeys(warnings)),
    )


def check_queries(raw: Sequence[Mapping[str, Any]]) -> None:
    """Refuse periods and labels that GetMetricData refuses."""
    from labkit.cloudwatch.api.requests import check_period
    from labkit.cloudwatch.engine.labels import LabelError, check

    for query in raw:
        period = query.get("Period") or query.get("MetricStat", {}).get("Period")
        if period is not None:
            check_period(period, f"period of {query['Id']}")
        if "${" in query.get("Label", ""):
            try:
                check(query["Label"])
            except LabelError as problem:
                raise AwsError("ValidationError", f"label of {query['Id']}: {problem}") from problem


def _warnings(found: Line) -> list[str]:
    told = [message["Value"] for message in found.messages]
    if found.status == "Forbidden":
        told.append(f"{found.label}: the account that owns it is not linked to this one")
    return told


def _line(frame: Frame, one: Asked, found: Line) -> board.Line:
    stat = one.query.get("MetricStat")
    period = int(stat["Period"]) if stat else _step(found, int(one.query.get("Period", 60)))
    rendering = one.entry.rendering
    return board.Line(
        found.label,
        tuple(found.times.tolist()),
        tuple(found.values.tolist()),
        period * SECOND,
        str(rendering.get("color", "")),
        rendering.get("yAxis") == "right",
        _unit(frame, one, found),
    )


def _step(found: Line, otherwise: int) -> int:
    """The distance between neighbours in seconds: the period that an expression came to."""
    times = found.times
    return int((times[1:] - times[:-1]).min() // SECOND) if len(times) > 1 else otherwise


def _unit(frame: Frame, one: Asked, found: Line) -> str:
    if one.entry.expression:
        return ""
    account = one.query.get("AccountId", frame.account)
    store = frame.seen(account, one.region)
    if store is None or one.query["MetricStat"]["Stat"] == "SampleCount":
        return ""
    entry = one.entry
    units = frame.service.units(store, Series(entry.namespace, entry.name, entry.dimensions))
    return units[0] if len(units) == 1 and units[0] != "None" else ""


# -- what is drawn
def graph(
    frame: Frame, properties: Mapping[str, Any], found: Answered, **more: Any
) -> board.Content:
    """The content of a metric widget, by its ``view``."""
    view = properties.get("view", "timeSeries")
    levels = tuple(_levels(properties)) + more.pop("levels", ())
    left, right = (_axis(properties, side) for side in ("left", "right"))
    if view == "singleValue":
        return board.Numbers(
            found.lines,
            bool(properties.get("sparkline")),
            bool(properties.get("singleValueFullPrecision")),
        )
    if view == "gauge":
        low, high = left.low if left.low is not None else 0.0, left.high
        return board.Gauge(found.lines, low, 100.0 if high is None else high, levels)
    if view == "bar":
        return board.Bars(found.lines, left)
    if view == "pie":
        return board.Pie(found.lines, bool(properties.get("labels", {}).get("visible")))
    if view == "table":
        return _table(found.lines)
    return board.Graph(
        found.lines,
        frame.start_us,
        frame.end_us,
        left,
        right,
        levels,
        tuple(_moments(frame, properties)),
        found.bands,
        bool(properties.get("stacked")),
        str(properties.get("legend", {}).get("position", "bottom")),
        **more,
    )


def _axis(properties: Mapping[str, Any], side: str) -> board.Axis:
    said = properties.get("yAxis", {}).get(side, {})
    low, high = said.get("min"), said.get("max")
    label = said.get("label", "")
    return board.Axis(
        None if low is None else float(low),
        None if high is None else float(high),
        label if label or said.get("showUnits") is not False else " ",
    )


def _levels(properties: Mapping[str, Any]) -> Iterator[board.Level]:
    for one in properties.get("annotations", {}).get("horizontal", ()):
        pair = one if isinstance(one, list) else [one]
        first = pair[0]
        if first.get("visible") is False:
            continue
        colour = first.get("color") or pair[-1].get("color", "")
        label = first.get("label") or pair[-1].get("label", "")
        yield board.Level(
            float(first["value"]),
            float(pair[1]["value"]) if len(pair) == 2 else None,
            label,
            colour,
            str(first.get("fill", "")),
            first.get("yAxis") == "right",
        )


def _moments(frame: Frame, properties: Mapping[str, Any]) -> Iterator[board.Moment]:
    for one in properties.get("annotations", {}).get("vertical", ()):
        pair = one if isinstance(one, list) else [one]
        first = pair[0]
        instants = [instant_us(str(each["value"]), frame.now_us) for each in pair]
        if first.get("visible") is False or instants[0] is None:
            continue
        yield board.Moment(
            instants[0],
            instants[1] if len(pair) == 2 else None,
            str(first.get("label") or pair[-1].get("label", "")),
            str(first.get("color") or pair[-1].get("color", "")),
            str(first.get("fill", "")),
        )


def _table(lines: Sequence[board.Line]) -> board.Content:
    from labkit.views.wording import quantity

    rows = []
    for line in lines:
        values, cells = line.values, ["--"] * 5
        if values:
            total = sum(values)
            figures = (values[-1], min(values), max(values), total / len(values), total)
            cells = [quantity(one, line.unit) for one in figures]
        rows.append((line.label, *cells))
    return board.Grid(("metric", "last", "min", "max", "average", "sum"), tuple(rows))
