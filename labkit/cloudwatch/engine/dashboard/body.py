"""A dashboard's body: checked as AWS checks it, and read.

Theory of operation
-------------------
1. What is no JSON object with ``widgets`` is refused as a whole.
2. Each widget is checked by the table of its type. What breaks a table is an *error*: PutDashboard
   fails and changes nothing. All errors are told at once, each with the path to its place.
3. What a widget's table does not know is a *warning*: the dashboard is stored, and a part of it may
   not be drawn.
4. A widget without ``x`` and ``y`` stands in the next free place (:mod:`.layout`).

Sources: API reference, "Dashboard Body Structure and Syntax"; PutDashboard; aws-semantics 1.13.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.cloudwatch.engine.dashboard import metrics, schema
from labkit.cloudwatch.engine.dashboard.schema import (
    Check,
    Problem,
    boolean,
    fields,
    items,
    number,
    one_of,
    text,
    whole,
)
from labkit.cloudwatch.engine.dashboard.times import instant_us
from labkit.core.jsontext import parse

MOST_WIDGETS, MOST_DASHBOARD_METRICS = 500, 2500

VIEWS = ("timeSeries", "singleValue", "gauge", "bar", "pie", "table")
NO_SOURCE = (
    "The metric widget should have specified a region and a data source or an alarm annotation"
)


def _time(value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str):
        yield "", "Should be string"
    elif instant_us(value, 0) is None:
        yield "", "Should be a relative time (-PT3H) or an ISO 8601 time (2026-01-05T09:00:00Z)"


_AXIS = fields({"min": number, "max": number, "label": text, "showUnits": boolean})
_LINE: Mapping[str, Check] = {
    "value": number,
    "label": text,
    "color": metrics.COLOUR,
    "fill": one_of("above", "below", "none"),
    "visible": boolean,
    "yAxis": one_of("left", "right"),
}
_MOMENT: Mapping[str, Check] = {
    "value": _time,
    "label": text,
    "color": metrics.COLOUR,
    "fill": one_of("before", "after", "none"),
    "visible": boolean,
}
_ANNOTATIONS = fields(
    {
        "alarms": items(text, least=1, most=1),
        "horizontal": items(
            schema.either(
                items(fields(_LINE, required=["value"]), least=2, most=2),
                fields(_LINE, required=["value"]),
            )
        ),
        "vertical": items(
            schema.either(
                items(fields(_MOMENT, required=["value"]), least=2, most=2),
                fields(_MOMENT, required=["value"]),
            )
        ),
    }
)

#: Type of widget -> the members of its properties; ``metrics`` has a check of its own.
PROPERTIES: dict[str, Mapping[str, Check]] = {
    "metric": {
        "accountId": metrics.ACCOUNT,
        "annotations": _ANNOTATIONS,
        "end": _time,
        "labels": fields({"visible": boolean}),
        "legend": fields({"position": one_of("right", "bottom", "hidden")}),
        "liveData": boolean,
        "metrics": lambda value: iter(()),
        "period": metrics.PERIOD,
        "region": text,
        "setPeriodToTimeRange": boolean,
        "singleValueFullPrecision": boolean,
        "sparkline": boolean,
        "stacked": boolean,
        "start": _time,
        "stat": text,
        "table": fields({}),
        "timezone": schema.pattern("[+-][0-9]{4}"),
        "title": text,
        "trend": boolean,
        "view": one_of(*VIEWS),
        "yAxis": fields({"left": _AXIS, "right": _AXIS}),
    },
    "text": {"markdown": text, "background": one_of("solid", "transparent")},
    "alarm": {
        "alarms": items(text, least=1, most=100),
        "sortBy": one_of("default", "stateUpdatedTimestamp", "timestamp"),
        "states": items(one_of("ALARM", "INSUFFICIENT_DATA", "OK"), least=1),
        "title": text,
    },
    "log": {
        "accountId": metrics.ACCOUNT,
        "query": text,
        "queryLanguage": one_of("CWLI", "SQL", "PPL"),
        "region": text,
        "stacked": boolean,
        "title": text,
        "view": one_of("table", "timeSeries", "bar", "pie", "logs"),
    },
    "explorer": {
        "aggregateBy": fields({"key": text, "func": text}),
        "labels": items(fields({"key": text, "value": text}), least=1),
        "metrics": items(fields({}), least=1),
        "period": metrics.PERIOD,
        "region": text,
        "splitBy": text,
        "title": text,
        "widgetOptions": fields({}),
    },
    "custom": {
        "endpoint": text,
        "params": lambda value: iter(()),
        "region": text,
        "title": text,
        "updateOn": fields({"refresh": boolean, "resize": boolean, "timeRange": boolean}),
    },
}
_REQUIRED = {
    "text": ("markdown",),
    "alarm": ("alarms",),
    "log": ("query", "region"),
    "explorer": ("metrics", "labels", "period"),
    "custom": ("endpoint",),
}
_WIDGET: Mapping[str, Check] = {
    "type": one_of(*PROPERTIES),
    "x": whole(0, 23),
    "y": whole(0),
    "width": whole(1, 24),
    "height": whole(1, 1000),
    "properties": lambda value: iter(()),
}
_VARIABLE: Mapping[str, Check] = {
    "type": one_of("property", "pattern"),
    "id": text,
    "inputType": one_of("input", "radio", "select"),
    "label": text,
    "visible": boolean,
    "defaultValue": text,
    "property": text,
    "pattern": text,
    "search": text,
    "populateFrom": text,
    "values": items(fields({"value": text, "label": text}, required=["value"])),
}
_BODY: Mapping[str, Check] = {
    "start": _time,
    "end": _time,
    "periodOverride": one_of("auto", "inherit"),
    "variables": items(fields(_VARIABLE, required=["type", "id", "inputType"]), most=25),
    "widgets": lambda value: iter(()),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A body and what is wrong with it.

    Parameters
    ----------
    body:
        The object, None when the text holds none.
    errors, warnings:
        What refuses it, and what only might not be drawn.
    """

    body: dict[str, Any] | None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = field(default=())


def check(text_: str) -> Checked:
    """A dashboard's body, checked."""
    try:
        body = parse(text_)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Checked(None, (Problem("", "The field DashboardBody must be a valid JSON object"),))
    errors = [Problem(path, told) for path, told in fields(_BODY)(body)]
    warnings = [
        Problem("", f"Should NOT have additional properties: {name}")
        for name in schema.unknown(body, _BODY)
    ]
    widgets = body.get("widgets")
    if widgets is None:
        errors.append(Problem("", "Should have required property 'widgets'"))
    elif not isinstance(widgets, list):
        errors.append(Problem("/widgets", "Should be array"))
    else:
        if len(widgets) > MOST_WIDGETS:
            errors.append(Problem("/widgets", f"Should NOT have more than {MOST_WIDGETS} items"))
        for place, widget in enumerate(widgets):
            errors += _check_widget(widget, f"/widgets/{place}", warnings)
        errors += _check_count(widgets)
    return Checked(body, tuple(errors), tuple(warnings))


def _check_widget(widget: Any, path: str, warnings: list[Problem]) -> Iterator[Problem]:
    check_fields = fields(_WIDGET, required=["type", "properties"])
    problems = [Problem(path + below, told) for below, told in check_fields(widget)]
    yield from problems
    if problems:
        return
    if ("x" in widget) != ("y" in widget):
        yield Problem(path, "If you specify x, you must also specify y, and the other way round")
    if widget.get("x", 0) + widget.get("width", 6) > 24:
        yield Problem(path, "The widget goes beyond the 24 columns of a dashboard")
    kind, properties = widget["type"], widget["properties"]
    known, here = PROPERTIES[kind], f"{path}/properties"
    for below, told in fields(known, required=_REQUIRED.get(kind, ()))(properties):
        yield Problem(here + below, told)
    if not isinstance(properties, dict):
        return
    if kind == "metric":
        yield from check_metric_widget(properties, here)
    for name in schema.unknown(properties, known):
        warnings.append(Problem(here, f"Should NOT have additional properties: {name}"))


def check_metric_widget(properties: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """What belongs together in a metric widget: metrics, region, axes."""
    annotations = properties.get("annotations")
    alarms = annotations.get("alarms") if isinstance(annotations, dict) else None
    if "metrics" in properties:
        yield from metrics.check(properties["metrics"], f"{path}/metrics")
        if "region" not in properties:
            yield Problem(path, "Should have required property 'region'")
    elif not alarms:
        yield Problem(path, "Should have required property 'metrics'")
        yield Problem(path, NO_SOURCE)
        if annotations is None:
            yield Problem(path, "Should have required property 'annotations'")
    if properties.get("view") == "gauge":
        axis = properties.get("yAxis")
        left = axis.get("left") if isinstance(axis, dict) else None
        left = left if isinstance(left, dict) else {}
        for name in ("min", "max"):
            if name not in left:
                yield Problem(f"{path}/yAxis/left", f"Should have required property '{name}'")


def _check_count(widgets: list[Any]) -> Iterator[Problem]:
    count = 0
    for widget in widgets:
        properties = widget.get("properties") if isinstance(widget, dict) else None
        held = properties.get("metrics") if isinstance(properties, dict) else None
        if isinstance(held, list) and widget.get("type") == "metric":
            count += len(held)
    if count > MOST_DASHBOARD_METRICS:
        yield Problem(
            "/widgets",
            f"A dashboard can have at most {MOST_DASHBOARD_METRICS} metrics; this one has {count}",
        )
