"""Dashboards read: a body and a range of time become the tiles of a board.

What can't be read stands in its own tile, with the sentence that AWS would say: one bad expression
does not take the other widgets with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cloudwatch.engine.dashboard.layout import Place, places
from labkit.cloudwatch.widgets import alarm, metric
from labkit.cloudwatch.widgets.frame import Frame
from labkit.core.errors import AwsError
from labkit.views.board import values as board

_EMPTY = board.Notice("empty", "Nothing to show yet", "This widget names no metric.")
_LATER = {
    "explorer": (
        "Explorer widgets are not drawn",
        "They find metrics by the tags of resources. A SEARCH expression finds them by names and "
        "dimensions.",
    ),
    "custom": (
        "Custom widgets are not drawn",
        "They show HTML that a Lambda function returns. A picture has no place for it.",
    ),
}


def board_of(frame: Frame, name: str, body: Mapping[str, Any]) -> board.Board:
    """The whole dashboard."""
    widgets = list(body.get("widgets", ()))
    tiles = tuple(
        tile(frame, widget, place) for widget, place in zip(widgets, places(widgets), strict=True)
    )
    return board.Board(name, tiles, frame.start_us, frame.end_us)


def tile(frame: Frame, widget: Mapping[str, Any], place: Place) -> board.Tile:
    """One widget in its place."""
    properties = widget["properties"]
    title = str(properties.get("title", ""))
    content: board.Content
    warnings: tuple[str, ...] = ()
    try:
        if widget["type"] == "metric":
            title, content, warnings = metric_widget(frame, properties)
        else:
            content = _READERS[widget["type"]](frame, properties)
    except AwsError as problem:
        content = board.Notice("error", problem.code, problem.message)
    return board.Tile(place.x, place.y, place.width, place.height, title, content, warnings)


def metric_widget(
    frame: Frame, properties: Mapping[str, Any]
) -> tuple[str, board.Content, tuple[str, ...]]:
    """A metric widget: (title, content, warnings).

    Raises
    ------
    AwsError
        What GetMetricData would answer to its queries.
    """
    frame = frame.narrowed(properties)
    title = str(properties.get("title", ""))
    alarms = properties.get("annotations", {}).get("alarms")
    if alarms and not properties.get("metrics"):
        title, content = alarm.annotated(frame, properties, str(alarms[0]))
        return title, content, ()
    if not properties.get("metrics"):
        return title, _EMPTY, ()
    found = metric.answer(frame, properties)
    more: dict[str, Any] = {}
    if alarms:
        held = alarm.find(frame, str(alarms[0]))
        if held is not None:
            threshold = held[1].config.get("Threshold")
            more["states"] = alarm.spans(
                held[0], held[1], frame.start_us, min(frame.end_us, frame.now_us)
            )
            if threshold is not None:
                more["levels"] = (board.Level(float(threshold), label=held[1].name),)
    if not title and len(found.lines) == 1:
        title = found.lines[0].label
    return title, metric.graph(frame, properties, found, **more), found.warnings


def _words(frame: Frame, properties: Mapping[str, Any]) -> board.Content:
    return board.Words(str(properties["markdown"]), properties.get("background") == "transparent")


def _log(frame: Frame, properties: Mapping[str, Any]) -> board.Content:
    """The table of a Logs Insights query."""
    head, rows = frame.ports.log_table(
        properties.get("accountId") or frame.account,
        str(properties.get("region") or frame.region),
        str(properties["query"]),
        frame.start_us,
        frame.end_us,
        str(properties.get("queryLanguage") or "CWLI"),
    )
    return board.Grid(tuple(head), tuple(tuple(map(str, row)) for row in rows))


def _later(kind: str) -> Any:
    said, detail = _LATER[kind]
    return lambda frame, properties: board.Notice("missing", said, detail)


#: Type of widget -> who reads it.
_READERS: Mapping[str, Any] = {
    "text": _words,
    "alarm": alarm.statuses,
    "log": _log,
    "explorer": _later("explorer"),
    "custom": _later("custom"),
}
