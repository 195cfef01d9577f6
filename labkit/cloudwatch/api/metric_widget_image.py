"""GetMetricWidgetImage: one metric widget as a PNG.

The widget is read and painted by what reads and paints dashboards; only the canvas is another.
``theme`` is taken and light is drawn.

Source: botocore cloudwatch 2010-08-01; API reference, "GetMetricWidgetImage: Metric Widget
Structure and Syntax".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cloudwatch.api.requests import invalid, parts, validation
from labkit.core.call import Call
from labkit.core.jsontext import parse

_WIDTH, _HEIGHT = 600, 400


def get_metric_widget_image(
    call: Call, /, *, MetricWidget: str, OutputFormat: str = "png"
) -> dict[str, Any]:
    """The picture of a widget, as bytes of a PNG.

    Raises
    ------
    AwsError
        ValidationError for a widget that is none, InvalidParameterValue for its limits; what
        GetMetricData would answer to its queries.
    """
    if OutputFormat not in ("png", "image/png"):
        raise invalid(f"The value {OutputFormat} for parameter OutputFormat is not supported.")
    if len(MetricWidget.encode()) > call.quota("widget_image.bytes"):
        raise invalid("The parameter MetricWidget must not be larger than 100 KB.")
    try:
        widget = parse(MetricWidget)
    except ValueError:
        widget = None
    if not isinstance(widget, dict):
        raise validation("The parameter MetricWidget must be a valid JSON object.")
    width, height = _checked(call, widget)
    return {"MetricWidgetImage": _picture(call, widget, width, height)}


def _checked(call: Call, widget: Mapping[str, Any]) -> tuple[int, int]:
    """The size of the picture, of a widget without faults."""
    from labkit.cloudwatch.engine.dashboard import body, schema

    most = call.quota("widget_image.pixels")
    size = schema.whole(1, most)
    known = {
        **body.PROPERTIES["metric"],
        "width": size,
        "height": size,
        "theme": schema.one_of("light", "dark"),
    }
    found = [schema.Problem(path, told) for path, told in schema.fields(known)(widget)]
    found += body.check_metric_widget({"region": call.region, **widget}, "")
    if found:
        told = "; ".join(f"{one.path or '/'} {one.message}" for one in found)
        raise validation(f"The parameter MetricWidget is invalid: {told}")
    metrics = len(widget.get("metrics", ()))
    if metrics > call.quota("widget_image.metrics"):
        raise invalid(
            f"A widget image can have at most {call.quota('widget_image.metrics')} metrics; this "
            f"one has {metrics}."
        )
    return int(widget.get("width", _WIDTH)), int(widget.get("height", _HEIGHT))


def _picture(call: Call, widget: Mapping[str, Any], width: int, height: int) -> bytes:
    from labkit.cloudwatch.engine.dashboard.times import DEFAULT_US, instant_us
    from labkit.cloudwatch.widgets.frame import Frame
    from labkit.cloudwatch.widgets.reader import metric_widget
    from labkit.views.board.board import paint_tile
    from labkit.views.board.values import Box, Tile
    from labkit.views.sheet import Sheet, png

    _, service = parts(call)
    end_us = instant_us(str(widget.get("end", "-PT0H")), call.now_us) or call.now_us
    start = widget.get("start")
    start_us = end_us - DEFAULT_US if start is None else instant_us(str(start), call.now_us) or 0
    if start_us >= end_us:
        raise validation("The parameter MetricWidget is invalid: start must be before end.")
    frame = Frame(
        service, call.ports, call.account, call.region, call.now_us, start_us, end_us,
        automatic=False,
    )  # fmt: skip
    without = {key: value for key, value in widget.items() if key not in ("start", "end")}
    title, content, warnings = metric_widget(frame, without)
    tile = Tile(0, 0, 24, 1, title, content, warnings)

    def paint(sheet: Sheet) -> None:
        paint_tile(sheet, Box(0, 0, width, height), tile)

    return png(width, height, paint)
